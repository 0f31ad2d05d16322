//! Uploads that nobody goes on with.

use pierhead::Kind;

use crate::ask::{ask, registry};
use crate::content::{get, sha256, status};
use crate::pushing::{begin, close, patch, sound};
use crate::schedule::block_on;
use crate::store::{Fault, MemoryStore};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Expires an upload; whether it goes on.
fn expire(store: &MemoryStore, location: &str) -> bool {
    let id = location.rsplit_once('/').unwrap().1;
    let id = id.split('?').next().unwrap();
    let front = registry(store);
    block_on(front.backend().expire_upload(id)).unwrap()
}

/// An upload of five bytes.
fn begun(store: &MemoryStore) -> String {
    let location = begin(store, "");
    patch(store, &location, 0, b"hello")
        .header("location")
        .to_owned()
}

#[test]
fn an_upload_that_nobody_goes_on_with_is_given_up() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    store.advance(DAY - 1000);
    assert!(expire(&store, &location));
    let location = patch(&store, &location, 0, b"hello")
        .header("location")
        .to_owned();
    store.advance(DAY - 1000);
    assert!(expire(&store, &location));
    assert_eq!(status(&store, &location), 204);
    store.advance(1000);
    assert!(!expire(&store, &location));
    assert_eq!(store.keys(""), [""; 0]);
    assert_eq!(status(&store, &location), 404);
    assert!(!expire(&store, &location), "again");
}

#[test]
fn an_upload_that_was_closed_and_no_blob_yet_is_closed_again_for_a_while_and_then_given_up() {
    for (wait, there) in [(DAY / 2, true), (DAY, false)] {
        let store = MemoryStore::new();
        let location = begun(&store);
        let digest = sha256(b"hello");
        store.fail(|_, operation| {
            let fault = Fault::Before(Kind::StoreUnavailable);
            operation.key.starts_with("blobs/").then_some(fault)
        });
        assert_eq!(close(&store, &location, &digest, None).status, 503);
        store.heal();
        assert_eq!(status(&store, &location), 404, "nothing more comes of it");
        store.advance(wait);
        let again = close(&store, &location, &digest, None);
        assert_eq!(again.status, if there { 201 } else { 404 });
        if !there {
            assert!(!expire(&store, &location));
            assert_eq!(store.keys(""), [""; 0]);
        }
        sound(&store);
    }
}

#[test]
fn what_is_left_of_an_upload_that_became_a_blob_is_deleted_and_the_blob_is_not() {
    // The store fails at any of what is deleted.
    for failing in 0..3 {
        let store = MemoryStore::new();
        let location = begun(&store);
        let digest = sha256(b"hello");
        let mut deletions = 0;
        store.fail(move |_, operation| {
            deletions += usize::from(operation.name == "delete" || operation.name == "list");
            (deletions > failing).then_some(Fault::Before(Kind::StoreUnavailable))
        });
        let put = close(&store, &location, &digest, None);
        assert_eq!(put.status, 201);
        store.heal();
        store.advance(DAY);
        assert!(!expire(&store, &location));
        assert_eq!(store.keys("uploads/"), [""; 0]);
        assert_eq!(get(&store, put.header("location")).bytes, b"hello");
    }
}

#[test]
fn what_came_too_late_for_an_upload_says_nothing_of_its_bytes() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let copy = store.copied();
    let given_up = {
        // The end of an upload that was cancelled, as somebody would write it who comes too late.
        copy.fail(|_, operation| {
            let fault = Fault::Before(Kind::StoreUnavailable);
            (operation.name == "delete").then_some(fault)
        });
        assert_eq!(ask(&copy, "DELETE", &location, &[], None).status, 204);
        copy.keys("uploads/").pop().map(|_| ())
    };
    assert!(given_up.is_some());
    let put = close(&store, &location, &sha256(b"hello"), None);
    for key in copy
        .keys("uploads/")
        .iter()
        .filter(|key| key.contains("/at/"))
    {
        store.set(key, &copy.bytes(key).unwrap());
    }
    store.advance(2 * DAY);
    assert_eq!(status(&store, &location), 404);
    assert!(!expire(&store, &location));
    assert_eq!(store.keys("uploads/"), [""; 0]);
    assert_eq!(get(&store, put.header("location")).bytes, b"hello");
}
