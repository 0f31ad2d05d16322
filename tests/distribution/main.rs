//! The client, and the front, against a registry in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

mod auth;
mod blobs;
mod body;
mod budget;
mod client;
mod copy;
mod copy_registries;
mod embedded;
mod front;
mod hostile;
mod manifests;
mod manners;
mod memory;
mod mirrors;
mod pages;
mod quirks;
mod referrers;
mod referrers_tag;
mod registry;
mod resume;
mod retry;
mod shelf;
mod tokens;
mod trust;
mod upload;
mod upload_quirks;
mod upstream;
