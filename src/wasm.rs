//! The JavaScript boundary: the only part of the crate that knows JavaScript.
//!
//! What is exported here is for the package's own TypeScript, which gives it its public shape. An error leaves as a plain
//! object with a `code`; an operation that waits is a task of the [`executor`].

// The only unsafe code is what `#[wasm_bindgen]` writes.
#![allow(unsafe_code)]
// These are JavaScript's functions: exported from the module, documented by the TypeScript around them.
#![allow(missing_docs, unreachable_pub)]

mod client;
#[cfg(feature = "front")]
mod collect;
mod document;
mod error;
mod executor;
#[cfg(feature = "front")]
mod front;
mod graph;
mod hasher;
mod host;
#[cfg(feature = "front")]
mod store;
mod transport;
mod value;
mod window;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
