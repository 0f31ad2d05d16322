/**
 * Pulls an image into an OCI image layout, with every byte verified:
 *
 *   node examples/node/pull.mjs registry.example:5000 hello:1.0 layout [--plain-http]
 */
import { parseArgs } from "node:util";
import { parseReference } from "pierhead";
import { copy, Registry } from "pierhead/client";
import { openLayout } from "pierhead/layout";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "plain-http": { type: "boolean", default: false } },
});
const [host, image, folder] = positionals;
if (folder === undefined) {
  console.error("usage: node pull.mjs REGISTRY REPOSITORY:TAG FOLDER [--plain-http]");
  process.exit(2);
}

try {
  await pull();
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`pull: ${error.message.replace(/\p{Cc}/gu, " ")}`);
  process.exit(1);
}

async function pull() {
  // Only a complete reference says where the name ends and the tag begins.
  const { repository: name, tag, digest } = parseReference(`registry.invalid/${image}`);
  const repository = new Registry(host, { plainHttp: values["plain-http"] }).repository(name);
  const layout = await openLayout(folder, { create: true });
  try {
    // A file gets its name once all of it has been verified, and the image its name once all of it is there.
    await copy({ repository, reference: digest ?? tag }, { layout, reference: tag }, { onProgress });
  } finally {
    await layout.close();
  }
}

function onProgress({ digest, status }) {
  if (status !== undefined) console.log(digest);
}
