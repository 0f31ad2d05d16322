import { storeContract } from "pierhead/stores/contract";
import { fs } from "pierhead/stores/fs";
import { memory } from "pierhead/stores/memory";
import { hasCode, throws } from "../assert.ts";
import type { Case } from "../case.ts";

const held = memory();

/** What hosts with files have. */
interface Files {
  mkdtempSync(prefix: string): string;
  rmSync(path: string, options: { recursive: boolean; force: boolean }): void;
}

function files(): Files | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => Files | undefined } };
  const found = process?.getBuiltinModule?.("node:fs");
  return typeof found?.mkdtempSync === "function" ? found : undefined;
}

/** The contract of stores, for those that need no service. */
export const cases: Case[] = [
  ...storeContract(async () => held).map(({ name, run }) => ({ name: `memory: ${name}`, run })),
  ...storeContract(async () => held).map(({ name }) => ({
    name: `fs: ${name}`,
    run: async ({ runtime }: { runtime: string }) => {
      if (runtime === "workerd" || runtime === "chromium") {
        hasCode(
          throws(() => fs("store")),
          "STORE_UNSUITABLE",
        );
        return;
      }
      const folder = files()?.mkdtempSync("/tmp/pierhead-store-");
      if (folder === undefined) throw new Error("there are no files");
      try {
        await storeContract(async () => fs(folder))
          .find((one) => one.name === name)
          ?.run();
      } finally {
        files()?.rmSync(folder, { recursive: true, force: true });
      }
    },
  })),
];
