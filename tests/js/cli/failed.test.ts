/** Which of its two places a transfer that fails is said to have failed at. */
import { LayoutError, OciError, RegistryError } from "pierhead";
import { expect, test } from "vitest";
import { failedPlace } from "../../../dist/cli/places/failed.js";
import { parsePlace } from "../../../dist/cli/places/place.js";
import { fixtureLayout, startRegistry } from "../../support/registry.mjs";
import { pierhead, problem, serve, TIMEOUT } from "./run.ts";

const [A, B, OTHER, HUB, LAYOUT] = ["r.example/a:1", "r.example/b:1", "s.example/a:1", "alpine:3", "oci:/layouts/one"];

function refused(url: string): RegistryError {
  return new RegistryError("no", { status: 403, url });
}

test.each<[string, string, string, unknown, string]>([
  ["another registry's URL", A, OTHER, refused("https://s.example/v2/a/manifests/1"), OTHER],
  ["a source's URL", A, OTHER, refused("https://r.example/v2/a/blobs/x"), A],
  ["a URL of the same registry's other repository", A, B, refused("https://r.example/v2/b/blobs/uploads/"), B],
  ["a URL of Docker Hub", A, HUB, refused("https://registry-1.docker.io/v2/library/alpine/blobs/x"), HUB],
  ["a URL of neither registry", A, OTHER, refused("https://tokens.example/token"), `${A} to ${OTHER}`],
  ["a URL of neither, and one registry", LAYOUT, A, refused("https://storage.example/x"), A],
  ["a layout's error", A, LAYOUT, new LayoutError("INVALID_LAYOUT", "no"), LAYOUT],
  ["a file's path", "oci:/layouts", LAYOUT, { path: "/layouts/one/index.json", code: "EACCES" }, LAYOUT],
  ["a path that but begins as the target's", A, LAYOUT, { path: "/layouts/one.tar", code: "EACCES" }, LAYOUT],
  ["content that is something else", A, OTHER, new OciError("DIGEST_MISMATCH", "no"), A],
  ["what was thrown and is no error", A, OTHER, "no", A],
])("%s", (_, source, target, error, expected) => {
  // The longer path is the nearer one.
  const found = failedPlace(error, parsePlace(source), parsePlace(target));
  expect(found).toBe(expected);
});

test("the command says which side it was", TIMEOUT, async () => {
  const registry = await startRegistry();
  const host = await serve((_, response) => {
    response.writeHead(403, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ errors: [{ code: "DENIED", message: "no" }] }));
  });
  const [good, bad] = [`${registry.host}/hello:1.0`, `${host}/hello:1.0`];
  const to = await pierhead(["copy", "-q", good, bad]);
  expect(to).toMatchObject({ code: 2, stdout: "" });
  expect(problem(to)).toContain(`${bad}: `);
  expect(problem(to)).not.toContain(good);
  expect(problem(await pierhead(["copy", "-q", bad, good]))).toContain(`${bad}: `);
  // It was named by its target, whichever it was.
  const source = `oci:${fixtureLayout}:nothing`;
  expect(problem(await pierhead(["push", "-q", source, good]))).toContain(`${source}: INVALID_REFERENCE`);
  await registry.close();
});
