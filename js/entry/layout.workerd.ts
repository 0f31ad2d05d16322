import "./provide-core.workerd.js";

export * from "../layout.js";
