import { storeContract } from "pierhead/stores/contract";
import { memory } from "pierhead/stores/memory";
import { describe, expect, test } from "vitest";

describe("the contract", () => {
  const store = memory();
  for (const { name, run } of storeContract(async () => store)) test(name, run);
});

test("what would exceed maxBytes is refused, and what is deleted or replaced makes room", async () => {
  const store = memory({ maxBytes: 10 });
  await store.put("a", new Uint8Array(6));
  await expect(store.put("b", new Uint8Array(5))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  const stream = new Blob([new Uint8Array(11)]).stream();
  await expect(store.put("b", stream)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(await store.head("b")).toBeUndefined();
  await store.put("b", new Uint8Array(4));
  await store.put("a", new Uint8Array(1));
  await store.put("c", new Uint8Array(5));
  await store.delete(["b"]);
  await store.put("c", new Uint8Array(9));
});
