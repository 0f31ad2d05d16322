/** The memory of the WebAssembly modules, which grows and never shrinks: so it must not grow with what is hashed. */
import { Hasher } from "pierhead";
import { createFront, type Front } from "pierhead/front";
import { memory } from "pierhead/stores/memory";
import { expect, test } from "vitest";

const MIB = 1024 * 1024;

/** A module's memory, once `act` has made its instance. */
async function memoryOf(act: () => unknown): Promise<WebAssembly.Memory> {
  const { Instance } = WebAssembly;
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      memories.push(...Object.values(this.exports).filter((one) => one instanceof WebAssembly.Memory));
    }
  };
  try {
    await act();
  } finally {
    WebAssembly.Instance = Instance;
  }
  const [made, ...others] = memories;
  if (made === undefined || others.length > 0) throw new Error(`${memories.length} memories were made, not one`);
  return made;
}

test("a hasher takes no more memory for many bytes at once than for few", async () => {
  const module = await memoryOf(() => new Hasher());
  const before = module.buffer.byteLength;
  new Hasher().update(new Uint8Array(16 * MIB));
  expect(module.buffer.byteLength - before).toBeLessThan(MIB / 2);
});

test("a front takes no more memory for a body in one piece than for one in many", async () => {
  let front: Front | undefined;
  const module = await memoryOf(() => {
    front = createFront({ store: memory() });
  });
  const ask = async (method: string, path: string, body?: Uint8Array<ArrayBuffer>) => {
    const answer = await front?.(new Request(`http://front.test${path}`, { method, ...(body && { body }) }));
    expect(answer?.status).toBe(202);
    return answer?.headers.get("location") as string;
  };
  const location = await ask("POST", "/v2/a/blobs/uploads/");
  const before = module.buffer.byteLength;
  await ask("PATCH", location, new Uint8Array(16 * MIB));
  expect(module.buffer.byteLength - before).toBeLessThan(MIB / 2);
});
