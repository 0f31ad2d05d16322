#![doc = include_str!("lib.md")]

pub mod annotations;
pub mod artifact;
mod base64;
pub mod digest;
pub mod document;
mod error;
pub mod graph;
pub mod http;
mod ip;
pub mod json;
pub mod media_type;
pub mod platform;
pub mod purl;
pub mod reference;
pub mod rules;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "front")]
pub mod front;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
mod wasm;

pub use error::{Error, Kind, Position, RegistryErrorEntry, Result, Source};
