import type { Command } from "commander";
import { Registry } from "../entry/client.js";
import { AuthError, parseReference } from "../entry/index.js";
import type { Context } from "./context.js";
import { credentialOf } from "./credentials/credential.js";
import { canonical } from "./credentials/names.js";
import { ask, readSecret } from "./credentials/prompt.js";
import { fetchOfCli } from "./fetch.js";
import { CliError, describe, printable } from "./output.js";
import { addTlsOptions, isPlain, type TlsFlags } from "./registries.js";

/** Where credentials are, for the help of the commands that are about them. */
const PLACES = `
Credentials are where Docker and podman keep them. They are looked for in
$XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json and
~/.docker/config.json, in this order, or only in the file that
$REGISTRY_AUTH_FILE or the folder that $DOCKER_CONFIG names; and with the
credential helper which that file has for the registry (credHelpers) or for all
(credsStore).`;

const LOGIN_EXAMPLES = `${PLACES}

Examples:
  $ pierhead login ghcr.io -u USERNAME
  $ pierhead login registry.example:5000 -u USERNAME --password-stdin < token
  $ pierhead login docker.io

Exit status: 0, or 2 if the registry does not take the credential, or it could
not be kept.`;

const LOGOUT_EXAMPLES = `${PLACES}

Examples:
  $ pierhead logout ghcr.io

Exit status: 0, also if there was no credential, or 2 if it could not be removed.`;

interface Flags extends TlsFlags {
  username?: string;
  passwordStdin?: true;
}

/** Adds `pierhead login` and `pierhead logout`. */
export function addLogin(program: Command, context: Context): void {
  const command = program
    .command("login")
    .summary("keep a credential for a registry")
    .description("Asks for a credential, tries it at the registry, and keeps it if the registry takes it.")
    .argument("<registry>", "a host with an optional port, or docker.io")
    .option("-u, --username <name>", "the user; asked for if left out. With <token>, the password is an identity token")
    .option("--password-stdin", "read the password from standard input");
  addTlsOptions(command)
    .addHelpText("after", LOGIN_EXAMPLES)
    .action(async (registry: string, flags: Flags) => {
      await login(registryName(registry), flags, context);
    });
  program
    .command("logout")
    .summary("remove the credential for a registry")
    .description("Removes the credential for a registry from wherever it would be found.")
    .argument("<registry>", "a host with an optional port, or docker.io")
    .addHelpText("after", LOGOUT_EXAMPLES)
    .action(async (registry: string) => {
      await logout(registryName(registry), context);
    });
}

async function login(registry: string, flags: Flags, { keychain, output, signal }: Context): Promise<void> {
  const { username, secret } = await answers(flags, signal);
  await verify(registry, username, secret, flags, { output, signal });
  const place = await keychain.keep(registry, username, secret);
  if (place.plain) {
    output.warn(`${place.name} holds the password as readable text; a credential helper (credsStore) would not`);
  }
  output.line(`${printable(registry)}: logged in as ${printable(username)}, kept in ${printable(place.name)}`);
}

async function logout(registry: string, { keychain, output }: Context): Promise<void> {
  const { places, left } = await keychain.forget(registry);
  for (const { name } of places) output.line(`${printable(registry)}: removed from ${printable(name)}`);
  if (places.length === 0) output.line(`${printable(registry)}: no credential was kept`);
  for (const key of left) output.warn(`the credential for ${key}, a part of the registry, is still kept`);
}

async function answers(flags: Flags, signal: AbortSignal): Promise<{ username: string; secret: string }> {
  const { username: given, passwordStdin } = flags;
  if (passwordStdin && given === undefined) throw new CliError("--password-stdin needs --username");
  if (!passwordStdin && process.stdin.isTTY !== true) {
    throw new CliError("there is no terminal to ask for the password: give it with --password-stdin");
  }
  const username = given ?? (await ask({ text: "Username: ", hidden: false, signal }));
  // It would be read back as a shorter name, and a longer password (RFC 7617, section 2).
  if (username === "" || username.includes(":")) throw new CliError("a user name is not empty, and has no colon");
  const secret = passwordStdin ? await readSecret(signal) : await ask({ text: "Password: ", hidden: true, signal });
  return { username, secret };
}

/** Tries a credential. Throws a {@link CliError} if the registry does not take it. */
async function verify(
  registry: string,
  username: string,
  secret: string,
  flags: Flags,
  { output, signal }: Pick<Context, "output" | "signal">,
): Promise<void> {
  let asked = false;
  const credentials = () => {
    asked = true;
    return credentialOf(username, secret);
  };
  const options = { fetch: fetchOfCli(flags.caFile), plainHttp: isPlain(registry, flags), credentials };
  try {
    await new Registry(registry, options).ping({ signal });
  } catch (error) {
    signal.throwIfAborted();
    const refused = error instanceof AuthError && asked ? "does not take this credential: " : "";
    throw new CliError(`${registry}: ${refused}${describe(error)}`, { cause: error });
  }
  if (!asked) output.warn(`${registry} asks for no credential here, so this one could not be tried`);
}

/** The name by which references know a registry. */
function registryName(argument: string): string {
  const name = canonical(argument);
  if (name.includes("/")) {
    const registry = name.slice(0, name.indexOf("/"));
    throw new CliError(`${argument} is a part of a registry: log in to ${registry}`);
  }
  // Whatever is no registry would make the reference another one's, or none.
  const { registry } = parseReference(`${name}/repository`);
  if (registry !== name)
    throw new CliError(`${argument}: is not a registry: a host has a dot or a port, or is localhost`);
  return registry;
}
