import "./provide-core.inline.js";

export * from "../index.js";
