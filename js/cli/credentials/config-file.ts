import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { hostWithFiles } from "../../files/host.js";
import { withLock } from "../../layout/lock.js";
import { readStart } from "../../stream.js";
import { isMissing, writeWhole } from "../files.js";
import { openFile } from "../input.js";
import { CliError } from "../output.js";
import { type Credential, credentialOfEntry, entryOf } from "./credential.js";
import { canonical, dockerKey } from "./names.js";

/** In bytes; a file of a thousand registries takes a tenth of it. */
const LIMIT = 1024 * 1024;

type Members = Record<string, unknown>;

/**
 * A configuration file of Docker or of podman, as far as it is about credentials: `auths`, which has them, `credHelpers`, which
 * has for a registry the program that keeps its credential, and `credsStore`, the program that keeps those of all others.
 */
export class ConfigFile {
  readonly path: string;
  readonly #members: Members;

  private constructor(path: string, members: Members) {
    this.path = path;
    this.#members = members;
  }

  /** Reads a file; undefined if there is none. */
  static async read(path: string, signal: AbortSignal): Promise<ConfigFile | undefined> {
    try {
      const bytes = await readStart(await openFile(path), LIMIT + 1, { signal });
      if (bytes.byteLength > LIMIT) throw new CliError(`${path}: is larger than ${LIMIT} bytes`);
      return new ConfigFile(path, parsed(path, bytes));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** A file that is not there yet. */
  static empty(path: string): ConfigFile {
    return new ConfigFile(path, {});
  }

  /** The name of the program that keeps the credential of this registry, and of no other unless told. */
  helper(registry: string): string | undefined {
    const helpers = Object.entries(this.#section("credHelpers"));
    const [, name] = helpers.find(([key, value]) => canonical(key) === registry && typeof value === "string") ?? [];
    return name as string | undefined;
  }

  /** The name of the program that keeps the credentials of the registries which have none of their own. */
  get store(): string | undefined {
    const { credsStore } = this.#members;
    return typeof credsStore === "string" && credsStore !== "" ? credsStore : undefined;
  }

  /** The credential in the file under one of these names, of the first that has one. */
  credential(names: readonly string[]): Credential | undefined {
    for (const name of names) {
      for (const [, entry] of this.#entries(name)) {
        const credential = credentialOfEntry(entry);
        if (credential !== undefined) return credential;
      }
    }
    return undefined;
  }

  /** The keys of what the file has for parts of a registry. */
  namespaces(registry: string): string[] {
    return Object.keys(this.#section("auths")).filter((key) => canonical(key).startsWith(`${registry}/`));
  }

  /** The file with this credential. */
  with(registry: string, username: string, secret: string): ConfigFile {
    return this.#changed({ ...this.#without(registry), [dockerKey(registry)]: entryOf(username, secret) });
  }

  /** The file without any credential of a registry. */
  without(registry: string): ConfigFile {
    return this.#changed(this.#without(registry));
  }

  /**
   * Changes the file as it is by then, and writes it in place of what there is, for nobody else to read; under a lock, lest another
   * `pierhead login` that runs meanwhile be lost.
   */
  async change(signal: AbortSignal, change: (file: ConfigFile) => ConfigFile): Promise<void> {
    const { path } = this;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Whoever comes to the file by a link finds the same lock.
    const real = await realpath(path).catch(() => path);
    await withLock(hostWithFiles(), `${real}.lock`, signal, async ({ check }) => {
      const changed = change((await ConfigFile.read(path, signal)) ?? ConfigFile.empty(path));
      const text = `${JSON.stringify(changed.#members, undefined, "\t")}\n`;
      await writeWhole(path, { overwrite: true, mode: 0o600 }, async (file) => {
        await file.writeFile(text);
        await check();
      });
    });
  }

  #section(name: "auths" | "credHelpers"): Members {
    const section = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return isMembers(section) ? section : {};
  }

  /** The entries under a name: the one by the name itself before those that stand for the same. */
  #entries(name: string): [string, unknown][] {
    const entries = Object.entries(this.#section("auths")).filter(([key]) => canonical(key) === name);
    return entries.sort(([a], [b]) => Number(b === name) - Number(a === name));
  }

  #without(registry: string): Members {
    const kept = Object.entries(this.#section("auths")).filter(([key]) => canonical(key) !== registry);
    return Object.fromEntries(kept);
  }

  #changed(auths: Members): ConfigFile {
    return new ConfigFile(this.path, { ...this.#members, auths });
  }
}

function parsed(path: string, bytes: Uint8Array): Members {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the file.
    throw new CliError(`${path}: is not JSON, and cannot be searched for credentials`);
  }
  if (!isMembers(value)) throw new CliError(`${path}: is not an object of JSON`);
  return value;
}

function isMembers(value: unknown): value is Members {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
