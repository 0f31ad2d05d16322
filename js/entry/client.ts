import "./provide-core.inline.js";

export * from "../client.js";
