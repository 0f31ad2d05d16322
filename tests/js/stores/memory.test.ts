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

test("streams that are being put share the room, and give back what they had of it when they fail", async () => {
  const store = memory({ maxBytes: 10 });
  const stream = () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    return { body, controller: controller as unknown as ReadableStreamDefaultController<Uint8Array> };
  };
  const [one, two] = [stream(), stream()];
  const first = store.put("one", one.body);
  const second = store.put("two", two.body);
  one.controller.enqueue(new Uint8Array(6));
  await new Promise((resolve) => setTimeout(resolve, 0));
  two.controller.enqueue(new Uint8Array(5));
  await expect(second).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await expect(store.put("three", new Uint8Array(5))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  one.controller.error(new Error("the client has left"));
  await expect(first).rejects.toThrow();
  await store.put("three", new Uint8Array(10));
});

test("a stream for which there is no room is given up before it is read", async () => {
  let read = false;
  let cancelled = false;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    read = true;
    controller.enqueue(new Uint8Array(1));
  };
  const cancel = () => {
    cancelled = true;
  };
  const body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  const put = memory({ maxBytes: 10 }).put("key", body, { size: 11 });
  await expect(put).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect([read, cancelled]).toEqual([false, true]);
});
