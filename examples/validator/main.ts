/** Puts the page together: a document comes in, its worker checks it, the verdict is shown. */
import type { ValidateOptions } from "pierhead";
import type { Answer } from "./check.js";
import { Checker } from "./checker.js";
import { byId, show } from "./dom.js";
import { DocumentEditor } from "./editor.js";
import { acceptDrops, acceptFiles, acceptPastes, acceptUrls, offerSamples, type Receiver } from "./input.js";
import type { Source } from "./source.js";
import { VerdictPanel } from "./verdict.js";

const MEDIA_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.oci.descriptor.v1+json",
  "application/vnd.oci.layout.header.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.container.image.v1+json",
];

/** How long typing has to rest before the text is checked, in milliseconds: encoding a large one takes the page's own time. */
const rest = (length: number) => (length > 1024 * 1024 ? 500 : 150);

const REPLACED =
  "Not valid UTF-8: what cannot be read is shown as �. The bytes themselves were checked; an edit makes this another document.";

const profile = byId("profile", HTMLSelectElement);
const mediaType = byId("media-type", HTMLInputElement);
const notice = byId("notice", HTMLElement);
const origin = byId("origin", HTMLElement);
const host = byId("editor", HTMLElement);

const EDITED = /, edited$/;

/** What is known of the document beside its text. An edit makes another document of it. */
let source: Omit<Source, "text"> = { name: "" };
let timer: ReturnType<typeof setTimeout> | undefined;

const editor = new DocumentEditor(host, {
  edited() {
    source = { name: source.name === "" || editor.length === 0 ? "" : `${source.name.replace(EDITED, "")}, edited` };
    describe();
    say(undefined);
    changed(rest(editor.length));
  },
  moved({ line, column }) {
    show(byId("cursor", HTMLElement), `${line}:${column}`);
  },
});
const panel = new VerdictPanel((nth) => editor.reveal(nth));
const checker = new Checker(tell);

const receiver: Receiver = {
  receive({ text, ...known }) {
    source = known;
    mediaType.value = known.mediaType ?? "";
    editor.load(text);
    describe();
    say(known.exact === undefined ? undefined : REPLACED);
    changed(0);
  },
  complain: (problem) => say(problem, "bad"),
  wait: (activity) => say(activity),
};
acceptFiles(receiver);
acceptDrops(receiver);
acceptPastes(host, receiver);
acceptUrls(receiver);
offerSamples(receiver);

for (const type of MEDIA_TYPES) byId("media-types", HTMLDataListElement).append(new Option(type));
profile.addEventListener("change", () => changed(0));
mediaType.addEventListener("input", () => changed(rest(0)));

/** Document or options are others than before: they are checked once nothing has changed for `delay` milliseconds. */
function changed(delay: number): void {
  checker.withdraw();
  panel.outdated();
  clearTimeout(timer);
  timer = setTimeout(check, delay);
}

function check(): void {
  const bytes = source.exact?.slice() ?? new TextEncoder().encode(editor.text);
  if (bytes.byteLength === 0) {
    editor.mark([]);
    panel.empty();
    return;
  }
  const options: ValidateOptions = { profile: profile.value as NonNullable<ValidateOptions["profile"]> };
  const declared = mediaType.value.trim();
  if (declared !== "") options.mediaType = declared;
  checker.ask({ bytes, options, expected: source.expected });
}

function tell(answer: Answer): void {
  editor.mark("failure" in answer ? [] : answer.report.issues);
  panel.show(answer);
}

function describe(): void {
  show(
    origin,
    source.name === "" ? (editor.length === 0 ? "Paste, type or drop a document" : "Typed here") : source.name,
  );
  origin.title = source.name;
}

function say(words: string | undefined, tone: "plain" | "bad" = "plain"): void {
  notice.setAttribute("data-tone", tone);
  show(notice, words);
}
