/**
 * The official JSON Schemas of the image specification as ajv makes them code ahead of time, which workerd, forbidding `eval`,
 * demands. They are read from the Go module that publishes them, so this needs Go; no copy of them is kept here.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import standaloneCode from "ajv/dist/standalone/index.js";
import Ajv from "ajv-draft-04";
import addFormats from "ajv-formats";
import { run } from "../../scripts/lib/run.mjs";

const MODULE = "github.com/opencontainers/image-spec@v1.1.1";
const BASE = "https://opencontainers.org/schema/";
const outfile = fileURLToPath(
  new URL("../../node_modules/.cache/pierhead/benches/official-schemas/manifest.mjs", import.meta.url),
);

/** @returns {Promise<string>} The path of a module whose default export says whether a value is an image manifest. */
export async function officialManifestSchema() {
  const folder = join(await moduleFolder(), "schema");
  const ajv = new Ajv.default({ code: { source: true, esm: true }, strict: false, logger: false });
  addFormats.default(ajv, ["uri", "date-time"]);
  const schemas = new Map();
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    schemas.set(name, withoutIds(JSON.parse(readFileSync(join(folder, name), "utf8"))));
  }
  for (const [name, schema] of schemas) ajv.addSchema(schema, BASE + name);
  const validate = ajv.getSchema(`${BASE}image-manifest-schema.json`);
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, standaloneCode.default(ajv, validate));
  return outfile;
}

async function moduleFolder() {
  const answer = await run("go", ["mod", "download", "-json", MODULE]);
  return JSON.parse(answer).Dir;
}

// Their ids say that they lie in several places, where their references to one another lead nowhere.
function withoutIds(value) {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== "id" || typeof inner !== "string");
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutIds(inner)]));
}
