import type { Answer, Failure, Verdict } from "./check.js";
import { byId, counted, show } from "./dom.js";
import { FindingList } from "./findings.js";

/** What was found, beside the document. */
export class VerdictPanel {
  readonly #panel = byId("verdict", HTMLElement);
  readonly #summary = byId("summary", HTMLElement);
  readonly #headline = byId("headline", HTMLElement);
  readonly #counts = byId("counts", HTMLElement);
  readonly #facts = byId("facts", HTMLElement);
  readonly #digest = byId("digest", HTMLElement);
  readonly #match = byId("match", HTMLElement);
  readonly #findings: FindingList;

  /** `reveal` is told which finding the user chose. */
  constructor(reveal: (nth: number) => void) {
    this.#findings = new FindingList(byId("findings", HTMLOListElement), byId("more", HTMLButtonElement), reveal);
    const copy = byId("copy", HTMLButtonElement);
    copy.addEventListener("click", async () => {
      const copied = await copyText(this.#digest);
      copy.textContent = copied ? "Copied" : "Selected";
      setTimeout(() => {
        copy.textContent = "Copy";
      }, 1_500);
    });
  }

  /** What is shown is no longer of the document as it is. */
  outdated(): void {
    this.#panel.ariaBusy = "true";
  }

  empty(): void {
    this.#say("none", "Nothing to check yet", "Manifest, index, config, layout header or descriptor");
    this.#clear();
  }

  show(answer: Answer): void {
    if ("failure" in answer) this.#fail(answer);
    else this.#judge(answer);
  }

  #judge({ report, size, expected }: Verdict): void {
    const { valid, kind, issues } = report;
    const name = kindName(kind);
    const strange = expected?.holds === false;
    const counts = strange ? `Not what was asked for · ${countsOf(issues)}` : countsOf(issues);
    this.#say(valid && !strange ? "good" : "bad", valid ? `Valid ${name}` : `Invalid ${name}`, counts);
    this.#digest.textContent = report.digest;
    byId("size", HTMLElement).textContent = counted(size, "byte");
    byId("found-type", HTMLElement).textContent = report.mediaType ?? "none";
    this.#match.hidden = expected === undefined;
    this.#match.setAttribute("data-state", strange ? "bad" : "good");
    show(byId("expected", HTMLElement), expected && (strange ? `no: ${expected.digest} was asked for` : MATCHES));
    this.#facts.hidden = false;
    this.#findings.show(issues);
  }

  #fail({ failure }: Failure): void {
    this.#say("bad", "Not checked", failure);
    this.#clear();
  }

  #say(state: "none" | "good" | "bad", headline: string, counts: string): void {
    this.#panel.ariaBusy = "false";
    this.#summary.setAttribute("data-state", state);
    show(this.#headline, headline);
    show(this.#counts, counts);
  }

  #clear(): void {
    this.#facts.hidden = true;
    this.#findings.show([]);
  }
}

const MATCHES = "yes: the bytes have the digest they were asked for by";

/** `image-manifest` as people write it. */
function kindName(kind: string): string {
  return kind === "unknown" ? "document of unknown kind" : kind.replaceAll("-", " ");
}

/** How many of each severity, the worst first. */
function countsOf(issues: Verdict["report"]["issues"]): string {
  const counts = new Map<string, number>([["error", 0]]);
  for (const { severity } of issues) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  const words = [...counts].filter(([, count]) => count > 0).map(([severity, count]) => counted(count, severity));
  return words.length === 0 ? "No findings" : words.join(" · ");
}

/** Copies an element's text; where the browser does not let the page, selects it. */
async function copyText(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return false;
  }
}
