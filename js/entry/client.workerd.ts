import "./provide-core.workerd.js";

export * from "../client.js";
