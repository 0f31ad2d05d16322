/** The ways for a document to come into the page: a file, a drop, a paste, a fetch, an example. */
import { DOCUMENT_LIMIT } from "./check.js";
import { byId, counted } from "./dom.js";
import { fetchDocument } from "./fetch.js";
import { samples } from "./samples.js";
import { digestInUrl, ociMediaType, type Source, sourceOf } from "./source.js";

export interface Receiver {
  receive(source: Source): void;
  /** What went wrong, for the user. */
  complain(problem: string): void;
  /** What is under way, for the user; undefined once it is not. */
  wait(activity: string | undefined): void;
}

/** Only the newest of these may still deliver. */
let current = new AbortController();

function begin(): AbortSignal {
  current.abort();
  current = new AbortController();
  return current.signal;
}

async function receiveFile(file: File, { receive, complain }: Receiver): Promise<void> {
  const signal = begin();
  if (file.size > DOCUMENT_LIMIT) {
    complain(`${file.name} has ${counted(file.size, "byte")}. A document has 8 MiB at most.`);
    return;
  }
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!signal.aborted) receive(sourceOf(bytes, { name: file.name }));
  } catch {
    if (!signal.aborted) complain(`${file.name} cannot be read: is it a folder?`);
  }
}

export function acceptFiles(receiver: Receiver): void {
  const chooser = byId("file", HTMLInputElement);
  byId("open", HTMLButtonElement).addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    const [file] = chooser.files ?? [];
    // The same file again, once it was changed on disk, is a change too.
    chooser.value = "";
    if (file !== undefined) receiveFile(file, receiver);
  });
}

/** Anywhere in the page, and before the editor, which would insert the file's text where it was dropped. */
export function acceptDrops(receiver: Receiver): void {
  const veil = byId("drop", HTMLElement);
  const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  const listen = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) => {
    window.addEventListener(
      type,
      (event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        event.stopPropagation();
        act(event);
      },
      { capture: true },
    );
  };
  const uncover = () => {
    veil.hidden = false;
  };
  listen("dragenter", uncover);
  listen("dragover", uncover);
  listen("dragleave", ({ relatedTarget }) => {
    veil.hidden = relatedTarget === null;
  });
  listen("drop", ({ dataTransfer }) => {
    veil.hidden = true;
    const [file] = dataTransfer?.files ?? [];
    if (file !== undefined) receiveFile(file, receiver);
  });
}

/** A file, wherever it is pasted; a text, where it is not pasted into a field. The editor takes its own, of 8 MiB at most. */
export function acceptPastes(editor: HTMLElement, receiver: Receiver): void {
  const handled = (event: ClipboardEvent): boolean => {
    const [file] = event.clipboardData?.files ?? [];
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const intoField = event.target instanceof HTMLInputElement;
    if (file !== undefined && text === "") receiveFile(file, receiver);
    else if (text.length > DOCUMENT_LIMIT)
      receiver.complain("The pasted text has more than 8 MiB, which no document may have.");
    else if (event.target === editor || intoField || text === "") return false;
    else {
      begin();
      receiver.receive({ name: "Pasted", text });
    }
    return true;
  };
  const listener = (event: ClipboardEvent) => {
    if (!handled(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("paste", listener, { capture: true });
}

/** Connects only when the user says so, and only to what the user says. */
export function acceptUrls(receiver: Receiver): void {
  const [field, button] = [byId("url", HTMLInputElement), byId("fetch-button", HTMLButtonElement)];
  let underWay: AbortSignal | undefined;
  byId("fetch", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (underWay?.aborted === false) {
      current.abort();
      return;
    }
    const signal = begin();
    underWay = signal;
    button.textContent = "Cancel";
    const done = () => {
      if (underWay !== signal) return;
      underWay = undefined;
      button.textContent = "Fetch";
      receiver.wait(undefined);
    };
    signal.addEventListener("abort", done);
    try {
      const { href, protocol, host, username, password } = new URL(field.value);
      if (protocol !== "https:" && protocol !== "http:") throw new Error("Only http and https can be fetched.");
      if (username !== "" || password !== "") throw new Error("An address with credentials is not fetched.");
      receiver.wait(`Fetching from ${host}…`);
      const fetched = await fetchDocument(href, signal);
      done();
      const expected = digestInUrl(href) ?? fetched.digest;
      receiver.receive(
        sourceOf(fetched.bytes, { name: fetched.url, mediaType: ociMediaType(fetched.contentType), expected }),
      );
    } catch (error) {
      done();
      if (!signal.aborted) receiver.complain(error instanceof Error ? error.message : String(error));
    }
  });
}

export function offerSamples(receiver: Receiver): void {
  const choice = byId("sample", HTMLSelectElement);
  for (const { name } of samples) choice.add(new Option(name));
  choice.addEventListener("change", () => {
    const sample = samples.find(({ name }) => name === choice.value);
    choice.value = "";
    if (sample === undefined) return;
    begin();
    receiver.receive(sample);
  });
}
