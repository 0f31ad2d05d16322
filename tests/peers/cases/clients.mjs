/** What clients that others wrote do to Pierhead's own registry, beside pushing and pulling. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { goTool } from "../../../scripts/lib/go-tools.mjs";
import { capture, run } from "../../../scripts/lib/run.mjs";
import { fixtureLayout } from "../../support/layout.mjs";
import { verifiedLayout } from "../lib/layouts.mjs";
import { environment, isThere, oras, pushed, regctl, tools } from "../lib/tools.mjs";
import { hasPodman, podmanCases } from "./podman.mjs";

const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const hasGoTools = ["crane", "oras", "regctl"].every((name) => isThere(goTool(name)));

/** @type {import("../run.mjs").Case[]} */
const skopeoCases = [
  {
    name: "skopeo pushes an image in Docker's format, and finds it as it was",
    run: async ({ registry, scratch, name }) => {
      const image = `docker://${registry.host}/${name}/docker:1`;
      const source = `oci:${fixtureLayout}:1.0`;
      await run("skopeo", ["copy", "--quiet", "--format=v2s2", "--dest-tls-verify=false", source, image]);
      const raw = await run("skopeo", ["inspect", "--raw", "--tls-verify=false", image]);
      assert.equal(JSON.parse(raw).mediaType, DOCKER_MANIFEST);
      const target = join(scratch, "docker");
      await run("skopeo", ["copy", "--quiet", "--src-tls-verify=false", image, `dir:${target}`]);
      assert.equal(readFileSync(join(target, "manifest.json"), "utf8"), raw);
    },
  },
  {
    name: "skopeo copies from one repository to another, lists the tags, and deletes an image",
    run: async ({ registry, scratch, name }) => {
      const [from, to] = ["one", "other"].map((part) => `${registry.host}/${name}/${part}`);
      await pushed(tools.skopeo, fixtureLayout, "1.0", `${from}:1.0`, { home: scratch });
      const verify = ["--src-tls-verify=false", "--dest-tls-verify=false"];
      for (const tag of ["b", "a"])
        await run("skopeo", ["copy", "--all", "--quiet", ...verify, `docker://${from}:1.0`, `docker://${to}:${tag}`]);
      const tags = async () =>
        JSON.parse(await run("skopeo", ["list-tags", "--tls-verify=false", `docker://${to}`])).Tags;
      assert.deepEqual(await tags(), ["a", "b"]);
      await run("skopeo", ["delete", "--tls-verify=false", `docker://${to}:a`]);
      // It deletes by the digest, which both tags have.
      const { code } = await capture("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${to}:b`]);
      assert.notEqual(code, 0);
    },
  },
];

/** @type {import("../run.mjs").Case[]} */
const goCases = [
  {
    name: "crane copies, tags, lists and deletes",
    run: async ({ registry, scratch, name }) => {
      const [from, to] = ["one", "other"].map((part) => `${registry.host}/${name}/${part}`);
      const crane = (...args) => run(goTool("crane"), [...args, "--insecure"], { env: environment({ home: scratch }) });
      await pushed(tools.pierhead, fixtureLayout, "1.0", `${from}:1.0`, { home: scratch });
      const { digest } = verifiedLayout(fixtureLayout);
      await crane("copy", `${from}:1.0`, `${to}:1.0`);
      assert.equal((await crane("digest", `${to}:1.0`)).trim(), digest);
      await crane("tag", `${to}:1.0`, "2.0");
      assert.deepEqual((await crane("ls", to)).trim().split("\n"), ["1.0", "2.0"]);
      await crane("validate", "--remote", `${to}:2.0`);
      assert.match(await crane("catalog", registry.host), new RegExp(`^${name}/other$`, "m"));
      await crane("delete", `${to}@${digest}`);
      await assert.rejects(crane("digest", `${to}:1.0`));
    },
  },
  {
    name: "crane appends a layer to an image, and exports it",
    run: async ({ registry, scratch, name }) => {
      const image = `${registry.host}/${name}/appended`;
      const env = environment({ home: scratch });
      writeFileSync(join(scratch, "file"), "appended\n");
      await run("tar", ["-cf", join(scratch, "layer.tar"), "-C", scratch, "file"]);
      const layer = join(scratch, "layer.tar");
      await run(goTool("crane"), ["append", "--insecure", "-f", layer, "-t", `${image}:1`], { env });
      const exported = join(scratch, "exported.tar");
      await run(goTool("crane"), ["export", "--insecure", `${image}:1`, exported], { env });
      assert.equal(await run("tar", ["-xOf", exported, "file"]), "appended\n");
    },
  },
  {
    name: "oras attaches a file to an image, discovers, pulls and deletes it",
    run: async ({ registry, scratch, name }) => {
      const image = `${registry.host}/${name}/hello:1.0`;
      const as = { home: scratch };
      await pushed(tools.oras, fixtureLayout, "1.0", image, as);
      writeFileSync(join(scratch, "sbom.json"), "{}\n");
      const attach = ["attach", "--disable-path-validation", "--artifact-type=application/vnd.example.sbom"];
      await oras([...attach, image, `${join(scratch, "sbom.json")}:application/json`], as);
      const discovered = async () => {
        const answer = JSON.parse(await oras(["discover", "--format=json", image], as));
        return (answer.referrers ?? answer.manifests ?? []).map(({ digest, artifactType }) => [digest, artifactType]);
      };
      const [[digest, artifactType], ...more] = await discovered();
      assert.deepEqual([artifactType, more], ["application/vnd.example.sbom", []]);
      await oras(["manifest", "delete", "--force", image.replace(/:1\.0$/, `@${digest}`)], as);
      assert.deepEqual(await discovered(), []);
    },
  },
  {
    name: "regctl copies with referrers, lists tags, and deletes a tag alone",
    run: async ({ registry, scratch, name }) => {
      const [from, to] = ["one", "other"].map((part) => `${registry.host}/${name}/${part}`);
      const as = { home: scratch };
      await pushed(tools.regctl, fixtureLayout, "1.0", `${from}:1.0`, as);
      const artifact = ["artifact", "put", "--artifact-type=application/vnd.example.note", "--subject", `${from}:1.0`];
      await run(goTool("regctl"), ["--host", `reg=${registry.host},tls=disabled`, ...artifact], {
        env: environment(as),
        input: "a note",
      });
      await regctl(from, ["image", "copy", "--referrers", `${from}:1.0`, `${to}:1.0`], as);
      const listed = JSON.parse(await regctl(to, ["artifact", "list", "--format={{json .}}", `${to}:1.0`], as));
      assert.deepEqual(
        listed.descriptors.map(({ artifactType }) => artifactType),
        ["application/vnd.example.note"],
      );
      await regctl(to, ["image", "copy", `${to}:1.0`, `${to}:2.0`], as);
      await regctl(to, ["tag", "delete", `${to}:1.0`], as);
      assert.equal((await regctl(to, ["tag", "ls", to], as)).trim(), "2.0");
    },
  },
];

/** What any client may do. @type {import("../run.mjs").Case[]} */
const anyonesCases = [
  {
    name: "an upload whose client leaves in the middle of a chunk goes on from where it was",
    run: async ({ registry: { url }, name }) => {
      const begun = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: "POST" });
      const location = new URL(begun.headers.get("location"), url);
      const socket = connect(Number(location.port), location.hostname);
      await once(socket, "connect");
      const head = ["Host: x", "Content-Length: 1000000", "", ""].join("\r\n");
      socket.write(`PATCH ${location.pathname}${location.search} HTTP/1.1\r\n${head}${"x".repeat(100_000)}`);
      await wait(300);
      socket.destroy();
      // What had claimed the offset has to see that nothing more comes.
      let status;
      for (let attempt = 0; attempt < 20 && status !== 202; attempt += 1) {
        await wait(250);
        const headers = { "content-range": "0-4" };
        ({ status } = await fetch(location, { method: "PATCH", body: "whole", headers }));
      }
      assert.equal(status, 202);
    },
  },
];

/** @type {import("../run.mjs").Case[]} */
export const clientCases = [
  ...anyonesCases,
  ...skopeoCases,
  ...(hasGoTools ? goCases : []),
  ...(hasPodman ? podmanCases : []),
];
