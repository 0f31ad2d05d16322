/** The documents of the test cases in `tests/fixtures/`; `cases.rs` says what a case is, and makes the same ones. */
import { readdirSync, readFileSync } from "node:fs";

const fixtures = new URL("../fixtures/", import.meta.url);

/** What a document is made from. */
export interface Case {
  readonly text?: string;
  readonly hex?: string;
  readonly parts?: readonly (string | readonly [string, number])[];
  readonly base?: string;
  readonly remove?: readonly string[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly raw?: Readonly<Record<string, string>>;
  readonly mediaType?: string;
}

/** A document that could harm its reader, and what has to be said of it. */
export interface Attack extends Case {
  readonly finds: readonly string[];
  readonly valid?: readonly string[];
}

/** The cases of `tests/fixtures/security/`, by name. */
export function attacks(): [string, Attack][] {
  const folder = new URL("security/", fixtures);
  return readdirSync(folder)
    .sort()
    .flatMap((file) =>
      Object.entries(JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, Attack>),
    );
}

/** The bytes of a case's document. */
export function documentOf(from: Case): Uint8Array {
  if (from.hex !== undefined) return Uint8Array.from(Buffer.from(from.hex, "hex"));
  return new TextEncoder().encode(from.text ?? joined(from.parts) ?? changed(from));
}

function joined(parts: Case["parts"]): string | undefined {
  return parts?.map((part) => (typeof part === "string" ? part : part[0].repeat(part[1]))).join("");
}

function changed({ base, remove = [], set = {}, raw = {} }: Case): string {
  const document = JSON.parse(readFileSync(new URL(`rules/valid/${base}.json`, fixtures), "utf8")) as unknown;
  for (const pointer of remove) {
    const [parent, key] = place(document, pointer);
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }
  for (const [pointer, value] of Object.entries(set)) put(document, pointer, value);
  const marks = Object.entries(raw).map(([pointer, text], index) => {
    put(document, pointer, `raw text ${index}`);
    return { mark: JSON.stringify(`raw text ${index}`), text };
  });
  // A function, because a dollar sign means something in a replacement.
  return marks.reduce((json, { mark, text }) => json.replace(mark, () => text), JSON.stringify(document));
}

function put(document: unknown, pointer: string, value: unknown): void {
  const [parent, key] = place(document, pointer);
  parent[key] = value;
}

/** What holds the value at a JSON pointer, and its key there. */
function place(document: unknown, pointer: string): [Record<string, unknown>, string] {
  const tokens = pointer.split("/").slice(1);
  const keys = tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() ?? "";
  return [
    keys.reduce((value, key) => value[key] as Record<string, unknown>, document as Record<string, unknown>),
    last,
  ];
}
