//! The client, and the front, against a registry in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

mod client;
mod copy;
mod front;
mod memory;
mod registry;
mod resume;
mod sessions;
mod trust;
mod upload;
mod upload_quirks;
