/** The examples for Deno, with no more permissions than they say they need, types checked. */
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { capture, npmBin } from "../../scripts/lib/run.mjs";
import { check } from "../start/count.mjs";
import { blobOf, manifestOf, sha256 } from "./registry.mjs";

const folder = join(root, "examples", "deno");
/** A copy of the examples, for which what is built here is the installed package. */
async function installed(scratch) {
  const copy = join(scratch, "deno");
  await cp(folder, copy, { recursive: true });
  // No link: Deno reads a package's declarations only below a node_modules.
  for (const part of ["package.json", "dist", "pkg"]) {
    await cp(join(root, part), join(copy, "node_modules", "pierhead", part), { recursive: true });
  }
  await writeFile(join(copy, "package.json"), JSON.stringify({ private: true, dependencies: { pierhead: "*" } }));
  await writeFile(join(copy, "deno.json"), JSON.stringify({ nodeModulesDir: "manual" }));
  return copy;
}

export async function examples({ host, url, image, scratch }) {
  const copy = await installed(scratch);

  /** Runs an example with the permissions that its first comment gives. */
  async function deno(name, ...args) {
    const path = join(copy, `${name}.ts`);
    const permissions = /deno run ((?:--allow-\S+ )+)/
      .exec(await readFile(path, "utf8"))[1]
      .trim()
      .split(" ");
    const options = ["run", "--quiet", "--no-prompt", "--check", ...permissions];
    return await capture(npmBin("deno"), [...options, path, ...args], { cwd: copy });
  }

  await check("deno: the imports are of the version that the package has", async () => {
    const { imports } = JSON.parse(await readFile(join(folder, "deno.json"), "utf8"));
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const entries = ["", "/client", "/front", "/stores/fs"].map((entry) => `pierhead${entry}`);
    assert.deepEqual(Object.keys(imports), entries);
    for (const [name, target] of Object.entries(imports)) {
      assert.equal(target, name.replace(/^pierhead/, `npm:pierhead@^${version}`));
    }
  });

  await check("deno: inspect shows the image for a platform", async () => {
    const manifests = [...image.manifests.values()].map(({ digest, bytes }) => [digest, JSON.parse(bytes)]);
    const [, index] = manifests.find(([, { manifests }]) => manifests !== undefined);
    for (const { digest, platform } of index.manifests) {
      const wanted = `${platform.os}/${platform.architecture}`;
      const { config, layers } = new Map(manifests).get(digest);
      const expected = [
        `manifest ${digest}`,
        `config ${config.digest} ${wanted}`,
        ...layers.map(({ digest, size, mediaType }) => `layer ${digest} ${size} ${mediaType}`),
      ];
      const { code, output } = await deno("inspect", host, "hello:1.0", wanted, "--plain-http");
      assert.equal(code, 0, output);
      assert.deepEqual(output.trim().split("\n"), expected);
    }
    const { code, output } = await deno("inspect", host, "hello:1.0", "plan9/mips", "--plain-http");
    assert.equal(code, 1);
    assert.match(output, /^inspect: .*plan9\/mips/);
  });

  await check("deno: attach makes what it pushes findable by its subject", async () => {
    const path = join(scratch, "sbom.json");
    await writeFile(path, '{"spdxVersion":"SPDX-2.3"}');
    const { digest: subject } = await manifestOf(url, "hello", "1.0");
    const { code, output } = await deno("attach", host, "hello:1.0", path, "application/spdx+json", "--plain-http");
    assert.equal(code, 0, output);
    const [, attached] = /^attached (\S+) to (\S+)$/m.exec(output);
    assert.match(output, new RegExp(`^attached ${attached} to ${subject}$`, "m"));
    assert.match(output, new RegExp(`^${attached} application/spdx\\+json$`, "m"));
    const { manifest } = await manifestOf(url, "hello", attached);
    assert.equal(manifest.subject.digest, subject);
    const bytes = await blobOf(url, "hello", manifest.layers[0].digest);
    assert.equal(sha256(bytes), sha256(await readFile(path)));
  });

  for (const name of ["inspect", "attach"]) {
    await check(`deno: ${name} says how it is used`, async () => {
      const { code, output } = await deno(name);
      assert.equal(code, 2);
      assert.match(output, new RegExp(`^usage: ${name}\\.ts `));
    });
  }
}
