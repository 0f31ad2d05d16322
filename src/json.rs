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
//! use pierhead::json::Tree;
//!
//! let source = br#"{"schemaVersion": 2}"#;
//! let tree = Tree::parse(source)?;
//! let version = tree.root(source).get("schemaVersion");
//! assert_eq!(version.and_then(|version| version.as_u64()), Some(2));
//! # Ok::<(), pierhead::Error>(())
//! ```
//!
//! Its errors become [`crate::Error`]s: `INVALID_JSON`, `TOO_LARGE` and `TOO_DEEP`.

#[cfg(any(
    test,
    all(feature = "wasm", target_arch = "wasm32"),
    all(feature = "native", not(target_arch = "wasm32"))
))]
mod write;

pub use pierhead_json::{
    Cause, Error, Limits, NodeId, Tree, Value, ValueKind, pointer, position_at,
};

pub(crate) use pierhead_json::{Fault, Lines, MAX_SAFE_INTEGER, Pointers, decimal};
#[cfg(any(
    all(feature = "wasm", target_arch = "wasm32"),
    all(feature = "native", not(target_arch = "wasm32"))
))]
pub(crate) use write::to_json;
