//! Collections, as tests run them.

use pierhead::front::{CollectOptions, CollectReport, RetentionPolicy};

use crate::ask::registry;
use crate::content::{get, sha256, status};
use crate::schedule::block_on;
use crate::store::MemoryStore;

pub const DAY: u64 = 24 * 60 * 60 * 1000;

/// Options with small sets, which make no mistakes with so few entries.
pub fn options() -> CollectOptions {
    let mut options = CollectOptions::default();
    options.set_bytes = 512;
    options
}

/// The same, under a policy for all repositories.
pub fn under(policy: impl FnOnce(&mut RetentionPolicy)) -> CollectOptions {
    let mut options = options();
    let mut own = RetentionPolicy::new("**");
    policy(&mut own);
    options.policies.push(own);
    options
}

/// What lets manifests go that no tag leads to.
pub fn untagged() -> CollectOptions {
    under(|policy| policy.untagged = true)
}

/// Collects for one visit.
pub fn collect(store: &MemoryStore, options: &CollectOptions) -> CollectReport {
    let front = registry(store);
    block_on(front.backend().collect(options)).unwrap()
}

/// Lets everything be old, then collects to the end.
pub fn collect_old(store: &MemoryStore, options: &CollectOptions) -> CollectReport {
    store.advance(3 * DAY);
    let report = collect(store, options);
    assert!(report.done && !report.late && !report.busy, "{report:?}");
    report
}

/// Collects so often that all is gone that is garbage.
pub fn collect_all(store: &MemoryStore, options: &CollectOptions) {
    for _ in 0..2 {
        collect_old(store, options);
    }
}

/// What is there of live records and bytes, but for the collector's own.
pub fn live(store: &MemoryStore) -> Vec<String> {
    let mut keys = store.keys("");
    keys.retain(|key| {
        let bytes = store.bytes(key).unwrap_or_default();
        let is_over = bytes.is_empty() || key.contains(":tags/") && bytes.starts_with(b"nonce ");
        !is_over && !key.starts_with("gc/") && !key.starts_with("catalog/")
    });
    keys
}

/// An image reads back byte for byte, by this reference, and so do its blobs.
pub fn intact(store: &MemoryStore, name: &str, reference: &str, manifest: &str, blobs: &[&[u8]]) {
    let answer = get(store, &format!("/v2/{name}/manifests/{reference}"));
    assert_eq!(answer.status, 200, "{reference}");
    assert_eq!(answer.text(), manifest);
    for blob in blobs {
        let answer = get(store, &format!("/v2/{name}/blobs/{}", sha256(blob)));
        assert_eq!((answer.status, answer.bytes.as_slice()), (200, *blob));
    }
}

/// Whether a blob can be read.
pub fn has_blob(store: &MemoryStore, name: &str, bytes: &[u8]) -> bool {
    status(store, &format!("/v2/{name}/blobs/{}", sha256(bytes))) == 200
}
