/**
 * A registry as a process of its own: `node serve.mjs OPTIONS`, JSON with `port`, `store` and what the front takes beside it. It is what `pierhead
 * serve` starts, over stores that the command does not offer: a bucket, and one that heeds no condition of a kind (`heedless`).
 */
import process from "node:process";
import { fs } from "pierhead/stores/fs";
import { s3 } from "pierhead/stores/s3";
import { serve } from "../../../dist/cli/serve/serve.js";

const { port, store, ...front } = JSON.parse(process.argv[2]);
const opened = store.place === undefined ? fs(store.folder) : s3(store.place);
const served = store.heedless === undefined ? opened : heedless(opened, store.heedless);
await serve({ ...front, store: served }, { host: "127.0.0.1", port });

/** The store, but a write is made whether the condition holds or not. */
function heedless(whole, condition) {
  return {
    verifiesSha256: true,
    head: (key, options) => whole.head(key, options),
    get: (key, options) => whole.get(key, options),
    put: (key, content, options) => whole.put(key, content, { ...options, [condition]: undefined }),
    delete: (keys, options) => whole.delete(keys, options),
    list: (prefix, options) => whole.list(prefix, options),
  };
}
