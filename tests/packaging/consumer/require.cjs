// Node loads ES modules by `require` since 20.19 and 22.12; a top-level await in the package would break it.
const { digest } = require("pierhead");

console.log(digest("abc"));
