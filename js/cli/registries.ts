import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { Registry, type RegistryWarning, type Repository } from "../entry/client.js";
import { parseReference } from "../entry/index.js";
import { wholeNumber } from "./arguments.js";
import type { Context } from "./context.js";
import { fetchOfCli } from "./fetch.js";
import { CliError, describe } from "./output.js";

/** How registries are to be reached: the options of every command that does. */
export interface ReachFlags extends TlsFlags {
  anonymous?: true;
  concurrency?: number;
}

/** Whether, and how, registries are reached over TLS. */
export interface TlsFlags {
  plainHttp?: true;
  /** What is in the file: certificates in PEM. */
  caFile?: string;
}

/** An image in a registry, by name. */
export interface Image {
  /** `registry/repository`, completed. */
  readonly name: string;
  readonly repository: Repository;
  /** Its digest or its tag: `latest`, if it is named by neither. */
  readonly identifier: string;
}

/** Requests and transfers at once, at most: what a registry would call an attack is beyond it. */
const MAX_CONCURRENCY = 64;

/** Hosts that are this machine itself. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Adds the options by which a command is told how to reach registries. */
export function addReachOptions(command: Command): Command {
  return addTlsOptions(command).option("--anonymous", "show no credentials to registries, even where there are some");
}

/** Adds the options by which a command is told whether, and how, registries are reached over TLS. */
export function addTlsOptions(command: Command): Command {
  return command
    .option("--plain-http", "reach registries without TLS (this machine itself is, unless --ca-file is given)")
    .option("--ca-file <file>", "trust registries by these certificates too (PEM)", certificates);
}

/** The certificates in a file, each of which can be read: TLS would pass over those that cannot. */
function certificates(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(describe(error));
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  try {
    for (const one of found) new X509Certificate(one);
  } catch {
    throw new InvalidArgumentError("It has a certificate that cannot be read.");
  }
  if (found.length === 0) throw new InvalidArgumentError("It has no certificates in PEM.");
  return found.join("\n");
}

/** Adds the option by which a command is told how much to do at once. */
export function addConcurrency(command: Command): Command {
  return command.option("--concurrency <number>", "transfers at once, 1 to 64 (default: 6)", concurrency);
}

function concurrency(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > MAX_CONCURRENCY) {
    throw new InvalidArgumentError(`It has to be a whole number from 1 to ${MAX_CONCURRENCY}.`);
  }
  return number;
}

/** Registries as whoever runs the command may reach them. What they warn of is said once. */
export class Registries {
  readonly #flags: ReachFlags;
  readonly #context: Pick<Context, "keychain" | "output">;
  readonly #fetch: typeof globalThis.fetch;
  readonly #repositories = new Map<string, Repository>();

  constructor(flags: ReachFlags, context: Pick<Context, "keychain" | "output">) {
    this.#flags = flags;
    this.#fetch = fetchOfCli(flags.caFile);
    this.#context = context;
  }

  /** A repository, with the credential that is for it. */
  repository(registry: string, name: string): Repository {
    const key = `${registry}/${name}`;
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const repository = this.#open(registry, name).repository(name);
    this.#repositories.set(key, repository);
    return repository;
  }

  /**
   * The image that a reference names.
   *
   * @throws InvalidReferenceError
   */
  image(reference: string): Image {
    const { registry, repository, tag, digest } = parseReference(reference);
    return {
      name: `${registry}/${repository}`,
      repository: this.repository(registry, repository),
      identifier: digest ?? tag ?? "latest",
    };
  }

  /**
   * The repository that a name without tag and digest stands for.
   *
   * @throws CliError if it has one; InvalidReferenceError if it is no name
   */
  repositoryNamed(text: string): Omit<Image, "identifier"> {
    const { name, repository } = this.image(text);
    if (isSpecific(text)) throw new CliError("names an image: a repository has neither tag nor digest here");
    return { name, repository };
  }

  #open(registry: string, repository: string): Registry {
    const { keychain, output } = this.#context;
    const { anonymous, concurrency } = this.#flags;
    const options = {
      fetch: this.#fetch,
      plainHttp: isPlain(registry, this.#flags),
      ...(concurrency !== undefined && { concurrency }),
      onWarning: (warning: RegistryWarning) => output.warn(`${warning.registry} says: ${warning.text}`),
      ...(!anonymous && { credentials: (asked: string) => keychain.find(asked, repository) }),
    };
    return new Registry(registry, options);
  }
}

/** Whether a reference that can be read has a tag or a digest, and is not completed to `latest`. */
export function isSpecific(reference: string): boolean {
  return /[:@]/.test(reference.slice(reference.lastIndexOf("/") + 1));
}

/** Whether a registry is reached without TLS: where that is asked for, and on this machine itself, as everyone does, unless certificates are given. */
export function isPlain(registry: string, { plainHttp, caFile }: TlsFlags): boolean {
  return plainHttp ?? (caFile === undefined && LOOPBACK.test(registry));
}
