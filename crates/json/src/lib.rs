//! A strict JSON reader that remembers where everything stands.
//!
//! [`Tree::parse`] accepts only what every parser reads the same way: RFC 8259 without the freedom it leaves, as
//! RFC 7493 (I-JSON) closes it. Refused are duplicate keys (compared decoded), a byte order mark, text that is not UTF-8,
//! lone surrogates, numbers that overflow, and whatever passes the [`Limits`]. Integers that JavaScript would
//! round are marked ([`Value::is_unsafe_integer`]), for those who interpret them to refuse.
//!
//! The tree holds places only, not text, so the exact bytes stay with whoever owns them:
//!
//! ```
//! use pierhead_json::Tree;
//!
//! let source = br#"{"schemaVersion": 2}"#;
//! let tree = Tree::parse(source)?;
//! let version = tree.root(source).get("schemaVersion");
//! assert_eq!(version.and_then(|version| version.as_u64()), Some(2));
//! # Ok::<(), pierhead_json::Error>(())
//! ```
//!
//! This is the reader of [`pierhead`](https://crates.io/crates/pierhead), where it is the module `json`. It is a crate of its own because
//! it is compiled for speed in WebAssembly, where the rest is compiled for size.

mod decimal;
mod fault;
mod node;
mod position;
mod scan;
mod tree;
mod value;

pub use decimal::decimal;
pub use fault::{Cause, Error, Fault};
pub use node::{NodeId, ValueKind};
pub use position::{Lines, Pointers, Position, pointer, position_at};
pub use scan::MAX_SAFE_INTEGER;
pub use tree::{Limits, Tree};
pub use value::Value;
