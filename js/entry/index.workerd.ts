import "./provide-core.workerd.js";

export * from "../index.js";
