import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { isMissing } from "../files.js";
import { CliError } from "../output.js";
import { type Credential, credentialOf } from "./credential.js";

/** Milliseconds; a person may have to unlock the store meanwhile. */
const DEADLINE = 60_000;

/** Bytes of an answer; the longest tokens take a few thousand. */
const ANSWER_LIMIT = 64 * 1024;

/** A name, not a path: it comes from a file, and what is run must be on the PATH. */
const NAME = /^[A-Za-z0-9_.-]+$/;

/** What a helper says, on stdout, of a registry that it does not know. */
const NOT_FOUND = "credentials not found in native keychain";

/** The environment of a process. */
export type Environment = Readonly<Partial<Record<string, string>>>;

type Action = "get" | "store" | "erase";

type Program = ChildProcessByStdio<Writable, Readable, null>;

/** What a program answered. */
interface Answer {
  readonly code: number | null;
  readonly stdout: string;
}

/**
 * A program that keeps credentials: `docker-credential-<name>`, which takes its input on stdin and answers on stdout
 * (https://github.com/docker/docker-credential-helpers). No error repeats what it answers, since that may be a secret.
 */
export class CredentialHelper {
  readonly name: string;
  readonly #environment: Environment;
  readonly #deadline: number;

  /**
   * @param environment has the PATH on which it is, and what it may need
   * @param deadline how long it may take, in milliseconds
   * @throws CliError if that is no name of a helper
   */
  constructor(name: string, environment: Environment, deadline = DEADLINE) {
    if (!NAME.test(name)) throw new CliError(`${JSON.stringify(name)} is not the name of a credential helper`);
    this.name = name;
    this.#environment = environment;
    this.#deadline = deadline;
  }

  /** The credential that it keeps for a server; undefined if it has none. */
  async get(server: string, signal: AbortSignal): Promise<Credential | undefined> {
    const answer = await this.#run("get", server, signal);
    if (answer.code !== 0) {
      if (answer.stdout.trim() === NOT_FOUND) return undefined;
      throw this.#failed("get", answer, `run echo ${server} | ${this.#program} get to see what it says`);
    }
    const { Username, Secret } = parsed(answer.stdout);
    if (typeof Username !== "string" || typeof Secret !== "string") {
      throw this.#error("answered get with something else than a user name and a secret in JSON");
    }
    return Secret === "" ? undefined : credentialOf(Username, Secret);
  }

  /** Keeps a credential. */
  async store(server: string, username: string, secret: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#run(
      "store",
      JSON.stringify({ ServerURL: server, Username: username, Secret: secret }),
      signal,
    );
    if (answer.code !== 0) throw this.#failed("store", answer, "is its store there, and unlocked?");
  }

  /** Forgets what it keeps for a server; false if it has nothing. */
  async erase(server: string, signal: AbortSignal): Promise<boolean> {
    // Some say nothing of what they do not have.
    if ((await this.get(server, signal)) === undefined) return false;
    const answer = await this.#run("erase", server, signal);
    if (answer.code !== 0) throw this.#failed("erase", answer, "is its store there, and unlocked?");
    return true;
  }

  get #program(): string {
    return `docker-credential-${this.name}`;
  }

  async #run(action: Action, input: string, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const given = AbortSignal.any([signal, AbortSignal.timeout(this.#deadline)]);
    // Loaded where it is needed: few have such a program.
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(this.#program, [action], { env: this.#environment, stdio: ["pipe", "pipe", "ignore"] });
    try {
      return await answerOf(child, input, given);
    } catch (error) {
      signal.throwIfAborted();
      if (given.aborted) throw this.#error(`did not answer ${action} within ${this.#deadline / 1000} seconds`);
      if (isMissing(error)) throw this.#error(`there is no program ${this.#program} on the PATH`);
      throw this.#error(error instanceof CliError ? `${error.message} to ${action}` : "could not be run", error);
    } finally {
      child.kill("SIGKILL");
      // What it has started may live on, and must not keep this process.
      child.stdin.destroy();
      child.stdout.destroy();
    }
  }

  #failed(action: Action, { code }: Answer, advice: string): CliError {
    return this.#error(`failed to ${action}, with ${code === null ? "a signal" : `status ${code}`}: ${advice}`);
  }

  #error(problem: string, cause?: unknown): CliError {
    return new CliError(`credential helper ${this.name}: ${problem}`, { cause });
  }
}

/** Rejects when the signal aborts, even if something that the program has started keeps its output open. */
function answerOf(child: Program, input: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: Buffer.concat(chunks).toString("utf8") }));
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= ANSWER_LIMIT) chunks.push(chunk);
      else reject(new CliError(`answered more than ${ANSWER_LIMIT} bytes`));
    });
    // One that does not care for its input may close it.
    child.stdin.on("error", () => {}).end(input);
  });
}

function parsed(text: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Partial<Record<string, unknown>>) : {};
  } catch {
    // The parser's own message quotes the text.
    return {};
  }
}
