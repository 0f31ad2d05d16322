import type { Command } from "commander";
import { Registry, type RegistryWarning, type Repository } from "../entry/client.js";
import { parseReference } from "../entry/index.js";
import type { Context } from "./context.js";

/** How registries are to be reached: the options of every command that does. */
export interface ReachFlags {
  plainHttp?: true;
  anonymous?: true;
}

/** An image in a registry, by name. */
export interface Image {
  /** `registry/repository`, completed. */
  readonly name: string;
  readonly repository: Repository;
  /** Its digest or its tag. */
  readonly identifier: string;
}

/** Hosts that are this machine itself. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Adds the options by which a command is told how to reach registries. */
export function addReachOptions(command: Command): Command {
  return command
    .option("--plain-http", "reach registries without TLS (this machine itself is, always)")
    .option("--anonymous", "show no credentials to registries, even where there are some");
}

/** Registries as whoever runs the command may reach them. What they warn of is said once. */
export class Registries {
  readonly #flags: ReachFlags;
  readonly #context: Pick<Context, "keychain" | "output">;
  readonly #repositories = new Map<string, Repository>();

  constructor(flags: ReachFlags, context: Pick<Context, "keychain" | "output">) {
    this.#flags = flags;
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

  #open(registry: string, repository: string): Registry {
    const { keychain, output } = this.#context;
    const { plainHttp, anonymous } = this.#flags;
    const options = {
      plainHttp: isPlain(registry, plainHttp),
      onWarning: ({ text }: RegistryWarning) => output.warn(`${registry} says: ${text}`),
      ...(!anonymous && { credentials: (asked: string) => keychain.find(asked, repository) }),
    };
    return new Registry(registry, options);
  }
}

/** Whether a registry is reached without TLS: where that is asked for, and on this machine itself, as everyone does. */
export function isPlain(registry: string, asked = false): boolean {
  return asked || LOOPBACK.test(registry);
}
