import { readFile } from "node:fs/promises";
import { digest, init } from "pierhead/slim";

const bytes = await readFile(new URL(import.meta.resolve("pierhead/core.wasm")));
init(new WebAssembly.Module(bytes));
console.log(digest("abc"));
