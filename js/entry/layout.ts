import "./provide-core.inline.js";

export * from "../layout.js";
