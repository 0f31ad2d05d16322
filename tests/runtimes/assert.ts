/** Those that the contract of stores is written with: both run where no test library does. */
export * from "../../js/stores/contract/assert.ts";
