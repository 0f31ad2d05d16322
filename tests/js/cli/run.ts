/** Runs the command line as a shell does: in a process of its own, as it is published. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";

/** What `bin` of the package names. */
export const MAIN = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** A process that hangs is ended, and then has no exit code; to ask five times for the rest of a blob takes up to half of that. In milliseconds. */
const DEADLINE = 40_000;

/** Longer than {@link DEADLINE}, so that a test says how a command hung; in milliseconds. */
export const TIMEOUT = { timeout: 50_000 };

const { PATH = "" } = process.env;
/** What the tests themselves run under must not show in what they run, nor may they use the credentials of whoever runs them. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH,
  DOCKER_CONFIG: join(tmpdir(), "pierhead-nowhere"),
};

export interface Options {
  readonly cwd?: string;
  /** What there is besides {@link ENVIRONMENT}. */
  readonly env?: Readonly<Record<string, string>>;
  /** The columns of the terminal that the output goes to; it goes to a pipe unless told. */
  readonly terminal?: number;
}

export interface Result {
  /** `null` when a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs, its standard input open. */
export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Result>;
}

/** Starts a command. */
export function start(args: readonly string[], { cwd, env, terminal }: Options = {}): Running {
  const preload = terminal === undefined ? [] : ["--import", pretendTerminal(terminal)];
  const child = spawn(process.execPath, [...preload, MAIN, ...args], {
    ...(cwd && { cwd }),
    env: { ...ENVIRONMENT, ...env },
    timeout: DEADLINE,
    killSignal: "SIGKILL",
  });
  // A command need not read to the end what it is given.
  child.stdin.on("error", () => {});
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  const ended = new Promise<Result>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
  });
  return { process: child, ended };
}

/** Runs a command to its end, with nothing on its standard input unless told. */
export function pierhead(args: readonly string[], options: Options & { stdin?: string | Uint8Array } = {}) {
  const { process, ended } = start(args, options);
  process.stdin.end(options.stdin);
  return ended;
}

/** The values of lines of JSON, which fill the text. */
export function jsonLines(text: string): unknown[] {
  expect(text).toMatch(/^(?:[^\n]+\n)*$/);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** What a failed command says: one line, with nothing of the stack. */
export function problem({ stderr }: Result): string {
  expect(stderr).toMatch(/^pierhead: [^\n]+\n$/);
  expect(stderr).not.toMatch(/\.[jt]s:\d|\bnode:|\bat .*\(/);
  return stderr.slice("pierhead: ".length, -1);
}

/** A folder for the files of a suite, which is gone after it. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pierhead-cli-"));
  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}

/** Answers on this machine as long as anything else goes on; returns the host. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function collected(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Whether there are colours is still for Node to say, from the environment. */
function pretendTerminal(columns: number): string {
  const script = `
    import { WriteStream } from "node:tty";
    const { hasColors, getColorDepth } = WriteStream.prototype;
    Object.assign(process.stdout, { isTTY: true, columns: ${columns}, hasColors, getColorDepth });
  `;
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
