/**
 * Lists the tags of a repository, each with the digest that it points at:
 *
 *   node examples/node/tags.mjs registry.example:5000 hello [--plain-http]
 */
import { parseArgs } from "node:util";
import { Registry } from "pierhead/client";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "plain-http": { type: "boolean", default: false } },
});
const [host, name] = positionals;
if (name === undefined) {
  console.error("usage: node tags.mjs REGISTRY REPOSITORY [--plain-http]");
  process.exit(2);
}

const repository = new Registry(host, { plainHttp: values["plain-http"] }).repository(name);
try {
  // Page by page, as they are asked for: however many there are, few are held.
  for await (const tag of repository.tags.list()) {
    const { digest } = await repository.manifests.head(tag);
    console.log(`${tag} ${digest}`);
  }
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`tags: ${error.message.replace(/\p{Cc}/gu, " ")}`);
  process.exit(1);
}
