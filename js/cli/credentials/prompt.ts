import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readAll } from "../../stream.js";
import { openInput, STDIN } from "../input.js";
import { CliError } from "../output.js";

/** Bytes; what is longer is a file that was given by mistake. */
const SECRET_LIMIT = 64 * 1024;

/** How a question is asked. */
export interface Question {
  readonly text: string;
  /** Shows nothing of the answer. */
  readonly hidden: boolean;
  readonly signal: AbortSignal;
}

/** Asks the person at the terminal, on stderr. Throws a {@link CliError} if there is no answer. */
export async function ask({ text, hidden, signal }: Question): Promise<string> {
  signal.throwIfAborted();
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? nowhere() : process.stderr,
    terminal: true,
  });
  if (hidden) process.stderr.write(text);
  else terminal.setPrompt(text);
  try {
    terminal.prompt();
    const answer = await new Promise<string | undefined>((resolve, reject) => {
      terminal.once("line", resolve).once("close", () => resolve(undefined));
      // The terminal sends no signal while its line is edited here.
      terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    if (!answer) throw new CliError(`no answer to ${JSON.stringify(text.trim())}`);
    return answer;
  } finally {
    terminal.close();
    if (hidden) process.stderr.write("\n");
  }
}

/** Reads a secret from standard input, without the newline that ends it. */
export async function readSecret(signal: AbortSignal): Promise<string> {
  const bytes = await readAll(await openInput(STDIN), SECRET_LIMIT, { signal });
  const secret = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
  if (secret === "") throw new CliError("standard input has no password");
  return secret;
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
