import { consume } from "./main.mjs";

export default {
  async fetch() {
    return new Response(await consume());
  },
};
