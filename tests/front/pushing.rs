//! What clients do to push a blob.

use pierhead::digest::Digest;
use pierhead::front::Cleanup;

use crate::ask::{Answer, ask, ask_first};
use crate::content::{get, sha256};
use crate::store::MemoryStore;

/// Begins an upload; gives its location.
pub fn begin(store: &MemoryStore, query: &str) -> String {
    let answer = ask(
        store,
        "POST",
        &format!("/v2/a/blobs/uploads/{query}"),
        &[],
        None,
    );
    assert_eq!(answer.status, 202, "{}", answer.text());
    let location = answer.header("location").to_owned();
    let id = answer.header("docker-upload-uuid").to_owned();
    assert!(location.ends_with(&id));
    assert_eq!(id.len(), 36);
    assert_eq!((&id[14..15], answer.header("range")), ("4", "0-0"));
    location
}

/// A URL with one more parameter.
pub fn with(location: &str, parameter: &str) -> String {
    let mark = if location.contains('?') { '&' } else { '?' };
    format!("{location}{mark}{parameter}")
}

/// Sends a chunk that begins at an offset.
pub fn patch(store: &MemoryStore, location: &str, start: usize, bytes: &[u8]) -> Answer {
    let range = format!("{start}-{}", start + bytes.len() - 1);
    ask(
        store,
        "PATCH",
        location,
        &[("content-range", &range)],
        Some(bytes),
    )
}

/// Closes an upload, perhaps with its last bytes.
pub fn close(store: &MemoryStore, location: &str, digest: &str, bytes: Option<&[u8]>) -> Answer {
    let location = with(location, &format!("digest={digest}"));
    ask(store, "PUT", &location, &[], bytes)
}

/// Closes an upload as this blob, perhaps with its last bytes, and leaves what is to be deleted behind the answer.
pub fn close_first(
    store: &MemoryStore,
    location: &str,
    blob: &[u8],
    last: Option<&[u8]>,
) -> (Answer, Cleanup) {
    let target = with(location, &format!("digest={}", sha256(blob)));
    ask_first(store, "PUT", &target, last)
}

/// Whatever is in a repository can be read, and is what it should be; no bytes are named that are not there.
pub fn sound(store: &MemoryStore) {
    for key in store.keys("repositories/") {
        let Some((name, path)) = key.split_once(":blobs/") else {
            continue;
        };
        if store.bytes(&key).unwrap().is_empty() {
            continue;
        }
        let digest: Digest = path.replacen('/', ":", 1).parse().unwrap();
        let name = name.replace("repositories/", "");
        let answer = get(store, &format!("/v2/{name}/blobs/{digest}"));
        assert_eq!(answer.status, 200, "{key} dangles");
        let read = Digest::of(digest.algorithm().unwrap(), &answer.bytes);
        assert_eq!(read, digest);
    }
}
