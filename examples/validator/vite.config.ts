import { defineConfig, type Plugin } from "vite";

/** While one develops, Vite talks to the page by a socket and styles it inline, which its own policy forbids. */
const withoutPolicy: Plugin = {
  name: "without-policy",
  apply: "serve",
  transformIndexHtml: (html, { server }) =>
    server === undefined ? html : html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [withoutPolicy],
  build: {
    outDir: "../../.pierhead/validator",
    emptyOutDir: true,
    target: "es2022",
    // The polyfill fetches, which the policy forbids.
    modulePreload: { polyfill: false },
    // The core, in base64, is most of it.
    chunkSizeWarningLimit: 1500,
  },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
});
