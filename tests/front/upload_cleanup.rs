//! What is left of an upload is deleted behind the answer of whoever ended it.

use pierhead::front::Cleanup;

use crate::ask::{ask, ask_first, clean_up, registry, request};
use crate::collecting::{DAY, collect, options};
use crate::content::{get, push_blob, sha256, status};
use crate::costs::counted;
use crate::pushing::{begin, close, close_first, patch};
use crate::schedule::block_on;
use crate::store::MemoryStore;

/// An upload of so many chunks of five bytes; gives where it goes on, and what it has.
fn begun(store: &MemoryStore, chunks: usize) -> (String, Vec<u8>) {
    let mut location = begin(store, "");
    for number in 0..chunks {
        let sent = patch(store, &location, 5 * number, b"chunk");
        assert_eq!(sent.status, 202, "{}", sent.text());
        location = sent.header("location").to_owned();
    }
    (location, b"chunk".repeat(chunks))
}

#[test]
fn the_end_of_an_upload_asks_the_store_for_as_much_after_many_chunks_as_after_few() {
    let costs = |chunks: usize, last: Option<&[u8]>| {
        let store = MemoryStore::new();
        let (location, mut blob) = begun(&store, chunks);
        blob.extend(last.unwrap_or_default());
        store.advance(5000);
        store.operations();
        let (answer, cleanup) = close_first(&store, &location, &blob, last);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let before = counted(&store);
        clean_up(&store, &cleanup);
        (before, counted(&store))
    };
    let few = costs(2, None);
    assert_eq!(few, costs(256, None));
    assert_eq!(few.0, "1 head, 3 get, 3 put");
    assert_eq!(few.1, "2 delete, 1 list");
    assert_eq!(costs(2, Some(b"last")).0, costs(256, Some(b"last")).0);
    // What is left of more chunks than a page lists takes more, behind the answer.
    let many = costs(600, None);
    assert_eq!(many.0, few.0);
    assert_eq!(many.1, "3 delete, 2 list");
}

#[test]
fn what_is_left_of_an_upload_that_became_a_blob_is_deleted_behind_the_answer() {
    // Where the blob was not there, and where it was, so that the bytes that came are nobody's.
    for known in [false, true] {
        let store = MemoryStore::new();
        let (location, blob) = begun(&store, 3);
        if known {
            push_blob(&store, "b", &blob);
        }
        let others = store.keys("segments/").len() - 3;
        let (answer, cleanup) = close_first(&store, &location, &blob, None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert!(!cleanup.is_empty());
        assert_eq!(store.keys("segments/").len(), 3 + others);
        let path = answer.header("location");
        assert_eq!(get(&store, path).bytes, blob, "before it is deleted");
        clean_up(&store, &cleanup);
        assert_eq!(store.keys("uploads/"), [""; 0]);
        let left = if known { others } else { 3 };
        assert_eq!(store.keys("segments/").len(), left);
        assert_eq!(get(&store, path).bytes, blob);
    }
}

#[test]
fn a_cancelled_upload_is_deleted_behind_the_answer() {
    let store = MemoryStore::new();
    let (location, blob) = begun(&store, 3);
    let (answer, cleanup) = ask_first(&store, "DELETE", &location, None);
    assert_eq!((answer.status, cleanup.is_empty()), (204, false));
    assert_eq!(store.keys("segments/").len(), 3);
    for method in ["GET", "PATCH", "DELETE"] {
        let late = ask(&store, method, &location, &[], Some(b"late"));
        assert_eq!(late.status, 404, "{method}");
    }
    assert_eq!(close(&store, &location, &sha256(&blob), None).status, 404);
    clean_up(&store, &cleanup);
    assert_eq!(store.keys(""), [""; 0]);
}

#[test]
fn an_upload_that_is_closed_is_over_before_what_is_left_of_it_is_deleted() {
    let store = MemoryStore::new();
    let (location, blob) = begun(&store, 3);
    let digest = sha256(&blob);
    let (first, cleanup) = close_first(&store, &location, &blob, None);
    assert_eq!(first.status, 201, "{}", first.text());
    for method in ["GET", "PATCH", "DELETE"] {
        let late = ask(&store, method, &location, &[], Some(b"late"));
        assert_eq!(late.status, 404, "{method}");
    }
    assert_eq!(close(&store, &location, &sha256(b"x"), None).status, 404);
    store.advance(5000);
    // Whoever has not heard the answer asks once more, now and afterwards.
    let (again, other) = close_first(&store, &location, &blob, None);
    assert_eq!(again.status, 201, "{}", again.text());
    clean_up(&store, &cleanup);
    assert_eq!(close(&store, &location, &digest, None).status, 201);
    clean_up(&store, &other);
    assert_eq!(close(&store, &location, &digest, None).status, 201);
    assert_eq!(get(&store, again.header("location")).bytes, blob);
    assert_eq!(store.keys("uploads/"), [""; 0]);
}

#[test]
fn what_nobody_deletes_behind_the_answer_is_collected() {
    for cancelled in [false, true] {
        let store = MemoryStore::new();
        let (location, blob) = begun(&store, 3);
        let path = format!("/v2/a/blobs/{}", sha256(&blob));
        if cancelled {
            assert_eq!(ask_first(&store, "DELETE", &location, None).0.status, 204);
        } else {
            assert_eq!(close_first(&store, &location, &blob, None).0.status, 201);
        }
        assert_eq!(store.keys("uploads/").len(), 8);
        // The blob is in use for as long as somebody is told that it is there.
        for _ in 0..2 {
            store.advance(DAY / 2 + 1000);
            let there = ask(&store, "HEAD", &path, &[], None).status == 200;
            assert_eq!(there, !cancelled);
            assert!(collect(&store, &options()).done);
        }
        assert_eq!(store.keys("uploads/"), [""; 0]);
        let segments = if cancelled { 0 } else { 3 };
        assert_eq!(store.keys("segments/").len(), segments);
        assert_eq!(status(&store, &path) == 200, !cancelled);
    }
}

#[test]
fn whoever_leaves_nothing_behind_has_nothing_to_delete() {
    let store = MemoryStore::new();
    let (location, blob) = begun(&store, 2);
    for (method, body) in [("GET", None), ("PATCH", Some(&b"more"[..]))] {
        let (answer, cleanup) = ask_first(&store, method, &location, body);
        assert!(answer.status < 300, "{}", answer.text());
        assert!(cleanup.is_empty(), "{method}");
    }
    let (refused, cleanup) = close_first(&store, &location, &blob, None);
    assert_eq!((refused.status, cleanup.is_empty()), (400, true));
}

#[test]
fn one_list_may_be_of_several_requests() {
    let store = MemoryStore::new();
    let cleanup = Cleanup::new();
    let front = registry(&store);
    for chunks in 1..4 {
        let (location, _) = begun(&store, chunks);
        let request = request("DELETE", &location, &[], None).with_cleanup(cleanup.clone());
        assert_eq!(block_on(front.handle(request)).status, 204);
    }
    assert_eq!(store.keys("segments/").len(), 6);
    clean_up(&store, &cleanup);
    assert_eq!(store.keys(""), [""; 0]);
}
