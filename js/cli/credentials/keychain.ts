import { homedir } from "node:os";
import { join } from "node:path";
import { CliError } from "../output.js";
import { ConfigFile } from "./config-file.js";
import type { Credential } from "./credential.js";
import { CredentialHelper, type Environment } from "./helper.js";
import { canonical, dockerKey, namesFor } from "./names.js";

/** Where a credential is kept. */
export interface Place {
  /** For a message: a file, or a program. */
  readonly name: string;
  /** Whether it is readable text in a file. */
  readonly plain: boolean;
}

/** What {@link Keychain.forget} has done. */
export interface Forgotten {
  /** Where something was. */
  readonly places: readonly Place[];
  /** Keys that are for parts of the registry, and still there. */
  readonly left: readonly string[];
}

/** The credentials of the person who runs the command, where Docker and podman keep them. */
export class Keychain {
  readonly #environment: Environment;
  readonly #paths: readonly string[];
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, Promise<Credential | undefined>>();

  constructor(environment: Environment, signal: AbortSignal) {
    this.#environment = environment;
    this.#paths = configPaths(environment);
    this.#signal = signal;
  }

  /**
   * The credential for a repository of a registry, or for the registry. It is looked up once; helpers may take a second.
   *
   * @throws CliError if a file or a helper that may have it cannot be read
   */
  find(registry: string, repository?: string): Promise<Credential | undefined> {
    const names = namesFor(canonical(registry), repository);
    const [key = registry] = names;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#find(canonical(registry), names);
    this.#found.set(key, found);
    return found;
  }

  /** Keeps a credential where it is found again, and returns where that is. */
  async keep(registry: string, username: string, secret: string): Promise<Place> {
    const name = canonical(registry);
    const file = await this.#writable(name);
    const program = file.helper(name) ?? file.store;
    if (program === undefined) {
      await file.change(this.#signal, (current) => current.with(name, username, secret));
      return placeOf(file);
    }
    await this.#helper(program).store(dockerKey(name), username, secret, this.#signal);
    // What a file had before would be taken for it, by those who look there.
    if (file.credential([name]) !== undefined) await file.change(this.#signal, (current) => current.without(name));
    return placeOf(program);
  }

  /** Removes the credential of a registry from everywhere it would be found. */
  async forget(registry: string): Promise<Forgotten> {
    const name = canonical(registry);
    const places: Place[] = [];
    const left: string[] = [];
    for await (const file of this.#files()) {
      if (file.credential([name]) !== undefined) {
        await file.change(this.#signal, (current) => current.without(name));
        places.push(placeOf(file));
      }
      const program = file.helper(name) ?? file.store;
      if (program !== undefined && (await this.#helper(program).erase(dockerKey(name), this.#signal))) {
        places.push(placeOf(program));
      }
      left.push(...file.namespaces(name));
    }
    return { places, left };
  }

  async #find(registry: string, names: readonly string[]): Promise<Credential | undefined> {
    for await (const file of this.#files()) {
      const own = file.helper(registry);
      // Where a registry has a program of its own, what a file says of it is out of date.
      const credential = own === undefined ? await this.#shared(file, registry, names) : await this.#ask(own, registry);
      if (credential !== undefined) return credential;
    }
    return undefined;
  }

  /** A program knows registries only; what is for a part of one stands in the file, and comes first. */
  async #shared(file: ConfigFile, registry: string, names: readonly string[]): Promise<Credential | undefined> {
    const parts = file.credential(names.slice(0, -1));
    if (parts !== undefined) return parts;
    const kept = file.store === undefined ? undefined : await this.#ask(file.store, registry);
    return kept ?? file.credential([registry]);
  }

  #ask(program: string, registry: string): Promise<Credential | undefined> {
    return this.#helper(program).get(dockerKey(registry), this.#signal);
  }

  #helper(program: string): CredentialHelper {
    return new CredentialHelper(program, this.#environment);
  }

  async *#files(): AsyncGenerator<ConfigFile> {
    for (const path of this.#paths) {
      const file = await ConfigFile.read(path, this.#signal);
      if (file !== undefined) yield file;
    }
  }

  /** The file that a credential goes to: the one that has had one, lest that be found before it; else Docker's, or the only one. */
  async #writable(registry: string): Promise<ConfigFile> {
    for await (const file of this.#files()) {
      if (file.helper(registry) !== undefined || file.credential([registry]) !== undefined) return file;
    }
    const path = this.#paths.at(-1);
    if (path === undefined) throw new CliError("there is no file to keep a credential in");
    return (await ConfigFile.read(path, this.#signal)) ?? ConfigFile.empty(path);
  }
}

/**
 * The files in which credentials are looked for, in the order of containers-auth.json(5); Docker's is the last. A file that the
 * environment names is the only one.
 */
function configPaths({
  HOME,
  REGISTRY_AUTH_FILE,
  DOCKER_CONFIG,
  XDG_RUNTIME_DIR,
  XDG_CONFIG_HOME,
}: Environment): string[] {
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  if (DOCKER_CONFIG) return [join(DOCKER_CONFIG, "config.json")];
  const home = HOME || homedir();
  const own = process.platform === "linux" ? `/run/containers/${process.getuid?.()}` : undefined;
  const runtime = XDG_RUNTIME_DIR ? join(XDG_RUNTIME_DIR, "containers") : own;
  const folders = [runtime, join(XDG_CONFIG_HOME || join(home, ".config"), "containers")];
  return [
    ...folders.flatMap((folder) => (folder === undefined ? [] : [join(folder, "auth.json")])),
    join(home, ".docker", "config.json"),
  ];
}

function placeOf(place: ConfigFile | string): Place {
  if (typeof place === "string") return { name: `the credential helper ${place}`, plain: false };
  return { name: place.path, plain: true };
}
