import { createBLAKE3, createSHA256, createSHA512, type IHasher } from "hash-wasm";
import { setPortable } from "../../js/engine/portable.ts";

/** How many hashes were made, and how often one was freed. */
export const portableUse = { made: 0, freed: 0 };

/** Another implementation in the place of our own WebAssembly, so that these tests need no built module. */
export async function useOtherPortable(): Promise<void> {
  const spare: Record<string, IHasher> = {
    sha256: await createSHA256(),
    sha512: await createSHA512(),
    blake3: await createBLAKE3(),
  };
  setPortable((algorithm) => {
    portableUse.made += 1;
    const hasher = spare[algorithm]?.init();
    if (hasher === undefined) {
      throw new Error(`no ${algorithm}`);
    }
    return {
      update: (chunk) => void hasher.update(chunk),
      digest: () => hasher.digest("hex"),
      free: () => {
        portableUse.freed += 1;
      },
    };
  });
}
