import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blake3 } from "hash-wasm";
import { describe, expect, test } from "vitest";
import { patterned } from "../../runtimes/cases/sources.ts";
import { pierhead, problem, scratch, start, TIMEOUT } from "./run.ts";

const MIB = 1024 * 1024;
const ABC = {
  sha256: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha512:
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  blake3: "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
};
const large = patterned(16 * MIB + 1);
const LARGE = {
  sha256: sha("sha256", large),
  sha512: sha("sha512", large),
  blake3: `blake3:${await blake3(large)}`,
};
const EMPTY = sha("sha256", new Uint8Array());

const cwd = await scratch();
await Promise.all([
  writeFile(join(cwd, "abc"), "abc"),
  writeFile(join(cwd, "empty"), ""),
  writeFile(join(cwd, "large"), large),
  mkdir(join(cwd, "folder")),
]);

function sha(algorithm: "sha256" | "sha512", bytes: Uint8Array): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

describe.concurrent("pierhead digest", TIMEOUT, () => {
  test("prints the SHA-256 and the name, with two spaces between", async () => {
    const result = await pierhead(["digest", "abc"], { cwd });
    expect(result).toEqual({ code: 0, stdout: `${ABC.sha256}  abc\n`, stderr: "" });
  });

  test.each(Object.entries(ABC))("knows %s", async (algorithm, digest) => {
    const { code, stdout } = await pierhead(["digest", "--algorithm", algorithm, "abc"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(`${digest}  abc\n`);
  });

  test.each(Object.entries(LARGE))(
    "agrees with another implementation on the %s of 16 MiB and a byte",
    async (algorithm, digest) => {
      const { stdout } = await pierhead(["digest", "--algorithm", algorithm, "large"], { cwd });
      expect(stdout).toBe(`${digest}  large\n`);
    },
  );

  test("prints one line for each file, in the order of the arguments", async () => {
    const { code, stdout } = await pierhead(["digest", "empty", "abc", "large", "abc"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toBe(`${EMPTY}  empty\n${ABC.sha256}  abc\n${LARGE.sha256}  large\n${ABC.sha256}  abc\n`);
  });

  test("reads standard input among the files", async () => {
    const { code, stdout } = await pierhead(["digest", "empty", "-"], { cwd, stdin: large });
    expect(code).toBe(0);
    expect(stdout).toBe(`${EMPTY}  empty\n${LARGE.sha256}  -\n`);
  });

  test("waits for standard input that comes in pieces", async () => {
    const { process, ended } = start(["digest", "-"]);
    process.stdin.write("a");
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.stdin.end("bc");
    expect((await ended).stdout).toBe(`${ABC.sha256}  -\n`);
  });

  test("reads a named pipe", async () => {
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const { ended } = start(["digest", pipe]);
    const writer = await open(pipe, "w");
    await writer.write("abc");
    await writer.close();
    expect((await ended).stdout).toBe(`${ABC.sha256}  ${pipe}\n`);
  });

  test("reads in constant memory", async () => {
    const sparse = join(cwd, "sparse");
    await writeFile(sparse, "");
    await truncate(sparse, 256 * MIB);
    const peak = `process.on("exit", () => console.error(process.resourceUsage().maxRSS));`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(peak)}` };
    const [one, other] = await Promise.all(["empty", "sparse"].map((file) => pierhead(["digest", file], { cwd, env })));
    const grown = (Number(other?.stderr) - Number(one?.stderr)) * 1024;
    // Buffers that are let go stay for a while, until the collector comes.
    expect(grown).toBeLessThan(128 * MIB);
  });

  test("refuses standard input twice, before it reads anything", async () => {
    const result = await pierhead(["digest", "abc", "-", "-"], { cwd, stdin: "abc" });
    expect(result.code).toBe(2);
    expect(result.stdout).toBe("");
    expect(problem(result)).toBe("standard input (-) can be given once only");
  });

  test("goes on after a file that is missing, and ends with 2", async () => {
    const result = await pierhead(["digest", "abc", "missing", "empty"], { cwd });
    expect(result.code).toBe(2);
    expect(result.stdout).toBe(`${ABC.sha256}  abc\n${EMPTY}  empty\n`);
    expect(problem(result)).toBe("missing: no such file or directory");
  });

  test("says of a folder that it is one", async () => {
    const result = await pierhead(["digest", "folder", "abc"], { cwd });
    expect(result.code).toBe(2);
    expect(result.stdout).toBe(`${ABC.sha256}  abc\n`);
    expect(problem(result)).toBe("folder: is a directory");
  });

  test("says one line for each file that cannot be read", async () => {
    const { code, stdout, stderr } = await pierhead(["digest", "gone", "folder"], { cwd });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toBe("pierhead: gone: no such file or directory\npierhead: folder: is a directory\n");
  });
});
