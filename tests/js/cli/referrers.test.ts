/** `pierhead referrers` of images in layouts: in folders, and in archives that `copy` has written. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { fixtureLayout } from "../../support/layout.mjs";
import { addImage, addIndex, arm64, helloNode, MANIFEST, makeLayout } from "./image.ts";
import { pierhead, problem, scratch, TIMEOUT } from "./run.ts";

const cwd = await scratch();
const folder = makeLayout(join(cwd, "layout"));
const platform = { os: "linux", architecture: "arm64" };
const image = addImage(folder, "image");
const signature = addImage(folder, "signature", { subject: image, artifactType: "application/vnd.example.signature" });
const seal = addImage(folder, "seal", { subject: signature, artifactType: "application/vnd.example.seal" });
const named = { annotations: { "org.opencontainers.image.ref.name": "1.0" } };
addIndex(folder, [{ ...image, ...named, platform }, signature, seal]);

describe.concurrent("pierhead referrers of a layout", TIMEOUT, () => {
  beforeAll(async () => {
    const copied = await pierhead(["copy", "--referrers", "oci:layout:1.0", "oci-archive:layout.tar:1.0"], { cwd });
    expect(copied).toMatchObject({ code: 0 });
  }, TIMEOUT.timeout);

  test.each(["oci:layout:1.0", "oci-archive:layout.tar:1.0", `oci:layout@${image.digest}`])(
    "lists those of %s",
    async (name) => {
      const { code, stdout } = await pierhead(["referrers", "--recursive", "--json", name], { cwd });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        name,
        digest: image.digest,
        referrers: [
          {
            digest: signature.digest,
            mediaType: MANIFEST,
            artifactType: "application/vnd.example.signature",
            referrers: [{ digest: seal.digest, referrers: [] }],
          },
        ],
      });
    },
  );

  test("takes the image for a platform out of an index", async () => {
    const args = ["--platform", "linux/arm64", "--json", `oci:${fixtureLayout}:1.0`];
    const { code, stdout } = await pierhead(["referrers", ...args], { cwd });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { digest: arm64.digest, referrers: [] }]);
  });

  test("lists those of one type alone", async () => {
    const of = async (type: string) =>
      (await pierhead(["referrers", "--artifact-type", type, "oci-archive:layout.tar:1.0"], { cwd })).stdout;
    expect(await of("application/vnd.example.signature")).toContain(signature.digest);
    expect(await of("application/vnd.example.other")).toContain("\n0 referrers\n");
  });

  test.each([
    ["oci:layout:2.0", "the layout has nothing of this name"],
    ["oci-archive:missing.tar", "no such file or directory"],
    ["oci:missing", "no such file or directory"],
  ])("says what is wrong with %s", async (name, wrong) => {
    const result = await pierhead(["referrers", name], { cwd });
    expect([result.code, problem(result).includes(wrong), problem(result)]).toEqual([2, true, expect.any(String)]);
  });

  test("pierhead inspect verifies an image in an archive, and says what is not there", async () => {
    await pierhead(["copy", `oci:${fixtureLayout}:1.0`, "oci-archive:hello.tar:1.0"], { cwd });
    for (const [name, code] of [
      ["oci-archive:hello.tar", 0],
      ["oci-archive:hello.tar:1.0", 0],
      [`oci:${fixtureLayout}:1.0`, 0],
      ["oci-archive:hello.tar:2.0", 2],
    ] as const) {
      const inspected = await pierhead(["inspect", "--json", name], { cwd });
      expect([name, inspected.code]).toEqual([name, code]);
      if (code === 0) expect(JSON.parse(inspected.stdout)).toMatchObject({ verified: true, root: helloNode() });
    }
  });
});
