import { consume } from "./main.mjs";

console.log(await consume());
