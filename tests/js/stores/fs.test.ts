import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "pierhead/stores/contract";
import { fs } from "pierhead/stores/fs";
import { afterAll, describe, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "pierhead-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the contract", () => {
  for (const { name, run } of storeContract(async () => fs(join(folder, "contract"))))
    test(name, { timeout: 30_000 }, run);
});
