//! Uploads: their beginning, their chunks and their end (end-4, end-5, end-6, end-11, end-13, end-14).

use std::pin::Pin;

use pierhead::digest::{Algorithm, Digest};
use pierhead::front::ObjectStore as _;

use crate::ask::{answer, ask, registry, request};
use crate::body::MemoryBody;
use crate::content::{delete, get, push_blob, sha256, status};
use crate::pushing::{begin, close, patch, with};
use crate::schedule::block_on;
use crate::store::MemoryStore;

fn segment_reads(store: &MemoryStore) -> usize {
    let operations = store.operations();
    let reads = operations
        .iter()
        .filter(|it| it.name == "get" && it.key.starts_with("segments/"));
    reads.count()
}

#[test]
fn a_blob_comes_in_one_post() {
    let store = MemoryStore::new();
    for bytes in [&b"hello"[..], b""] {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3] {
            let digest = Digest::of(algorithm, bytes).to_string();
            let path = format!("/v2/a/blobs/uploads/?digest={digest}");
            let put = ask(&store, "POST", &path, &[], Some(bytes));
            assert_eq!(put.status, 201, "{}", put.text());
            assert_eq!(put.header("docker-content-digest"), digest);
            assert_eq!(get(&store, put.header("location")).bytes, bytes);
        }
    }
    let path = format!("/v2/a/blobs/uploads/?digest={}", sha256(b"other"));
    let wrong = ask(&store, "POST", &path, &[], Some(b"hello"));
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );
}

#[test]
fn a_blob_comes_in_chunks_of_any_size_and_its_end_reads_none_of_them() {
    let blob: Vec<u8> = (0..=255).cycle().take(700).collect();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let digest = Digest::of(algorithm, &blob).to_string();
        for size in [1, 63, 64, 65, 127, 128, 129, 350, 699, 700] {
            for last_in_put in [false, true] {
                let store = MemoryStore::new();
                let mut location = begin(&store, &format!("?digest-algorithm={algorithm}"));
                let mut chunks: Vec<&[u8]> = blob.chunks(size).collect();
                let last = if last_in_put { chunks.pop() } else { None };
                let mut at = 0;
                for chunk in chunks {
                    let answer = patch(&store, &location, at, chunk);
                    at += chunk.len();
                    assert_eq!(answer.status, 202, "{}", answer.text());
                    assert_eq!(answer.header("range"), format!("0-{}", at - 1));
                    location = answer.header("location").to_owned();
                }
                store.operations();
                let put = close(&store, &location, &digest, last);
                assert_eq!(put.status, 201, "{size} {}", put.text());
                assert_eq!(segment_reads(&store), 0);
                assert_eq!(get(&store, put.header("location")).bytes, blob);
                assert_eq!(store.keys("uploads/"), [""; 0]);
                for start in [0, 1, 62, 63, 64, 65, 128, 350, 698, 699] {
                    for end in [start, start + 1, start + 64, 699] {
                        let range = format!("bytes={start}-{end}");
                        let path = put.header("location");
                        let part = ask(&store, "GET", path, &[("range", &range)], None);
                        assert_eq!(part.status, 206);
                        assert_eq!(part.bytes, blob[start..=end.min(699)]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_client_that_knows_nothing_sends_all_at_once() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let body = MemoryBody::of(b"hello, pier", 3);
    let sent = request("PATCH", &location, &[], Some(body));
    let patched = answer(block_on(registry(&store).handle(sent)));
    assert_eq!((patched.status, patched.header("range")), (202, "0-10"));
    let digest = sha256(b"hello, pier");
    let put = close(&store, patched.header("location"), &digest, None);
    assert_eq!(put.status, 201);
    assert_eq!(get(&store, put.header("location")).bytes, b"hello, pier");
}

#[test]
fn a_client_that_keeps_the_first_location_is_served_all_the_same() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    for (at, byte) in b"hello".iter().enumerate() {
        assert_eq!(patch(&store, &location, at, &[*byte]).status, 202);
    }
    let put = close(&store, &location, &sha256(b"hello"), None);
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(get(&store, put.header("location")).bytes, b"hello");
}

#[test]
fn bytes_out_of_order_are_refused_and_the_upload_goes_on() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    for start in [1, 5] {
        let early = patch(&store, &location, start, b"x");
        assert_eq!((early.status, early.header("range")), (416, "0-0"));
        assert_eq!(early.code(), "BLOB_UPLOAD_INVALID");
    }
    let location = patch(&store, &location, 0, b"hel")
        .header("location")
        .to_owned();
    for start in [0, 1, 2, 4] {
        let wrong = patch(&store, &location, start, b"x");
        assert_eq!((wrong.status, wrong.header("range")), (416, "0-2"));
        assert_eq!(wrong.header("location"), location);
        let put = with(&location, &format!("digest={}", sha256(b"hello")));
        let range = format!("{start}-{}", start + 1);
        let put = ask(
            &store,
            "PUT",
            &put,
            &[("content-range", &range)],
            Some(b"lo"),
        );
        assert_eq!(put.status, 416);
    }
    let now = ask(&store, "GET", &location, &[], None);
    assert_eq!((now.status, now.header("range")), (204, "0-2"));
    let put = with(
        now.header("location"),
        &format!("digest={}", sha256(b"hello")),
    );
    let put = ask(
        &store,
        "PUT",
        &put,
        &[("content-range", "3-4")],
        Some(b"lo"),
    );
    assert_eq!(put.status, 201);
    assert_eq!(get(&store, put.header("location")).bytes, b"hello");
}

#[test]
fn a_wrong_digest_leaves_the_upload_as_it_was() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let location = patch(&store, &location, 0, b"hel")
        .header("location")
        .to_owned();
    let wrong = close(&store, &location, &sha256(b"hello"), None);
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );
    let wrong = close(&store, &location, &sha256(b"hello"), Some(b"p"));
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );
    assert_eq!(store.keys("segments/").len(), 1);
    let put = close(&store, &location, &sha256(b"hello"), Some(b"lo"));
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(get(&store, put.header("location")).bytes, b"hello");
}

#[test]
fn a_blob_is_mounted_where_it_is_in_the_other_repository() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"hello");
    let mount = |from: &str, digest: &str| {
        let path = format!("/v2/b/blobs/uploads/?mount={digest}{from}");
        ask(&store, "POST", &path, &[], None)
    };
    assert_eq!(mount("", &digest).status, 202);
    assert_eq!(mount("&from=c", &digest).status, 202);
    assert_eq!(mount("&from=a", &sha256(b"x")).status, 202);
    assert_eq!(status(&store, &format!("/v2/b/blobs/{digest}")), 404);
    let mounted = mount("&from=a", &digest);
    assert_eq!(mounted.status, 201);
    assert_eq!(mounted.header("docker-content-digest"), digest);
    assert_eq!(get(&store, mounted.header("location")).bytes, b"hello");
    assert_eq!(store.keys("segments/").len(), 1);
}

/// No upload is there.
fn assert_unknown(store: &MemoryStore, location: &str) {
    for method in ["GET", "DELETE", "PATCH"] {
        let body = (method == "PATCH").then_some(&b"x"[..]);
        let gone = ask(store, method, location, &[], body);
        assert_eq!(
            (gone.status, gone.code().as_str()),
            (404, "BLOB_UPLOAD_UNKNOWN")
        );
    }
}

#[test]
fn an_upload_is_cancelled_and_then_unknown() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let location = patch(&store, &location, 0, b"hel")
        .header("location")
        .to_owned();
    assert_eq!(ask(&store, "DELETE", &location, &[], None).status, 204);
    assert_eq!(store.keys(""), [""; 0]);
    assert_unknown(&store, &location);
    assert_eq!(close(&store, &location, &sha256(b"hel"), None).status, 404);
}

#[test]
fn an_upload_is_of_one_repository() {
    let store = MemoryStore::new();
    let location = begin(&store, "").replace("/a/", "/b/");
    assert_unknown(&store, &location);
    assert_eq!(close(&store, &location, &sha256(b""), None).status, 404);
}

#[test]
fn an_upload_that_was_closed_is_closed_again_as_the_same_blob() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let location = patch(&store, &location, 0, b"hello")
        .header("location")
        .to_owned();
    let digest = sha256(b"hello");
    assert_eq!(close(&store, &location, &digest, None).status, 201);
    assert_eq!(close(&store, &location, &digest, None).status, 201);
    assert_eq!(close(&store, &location, &digest, Some(b"lo")).status, 201);
    assert_eq!(close(&store, &location, &sha256(b"x"), None).status, 404);
    // Whatever is in its place is no upload, though the blob is there.
    let path = format!("/v2/a/blobs/{digest}");
    assert_eq!(delete(&store, &path), 202);
    assert_eq!(close(&store, &location, &digest, None).status, 404);
    assert_eq!(status(&store, &path), 404);
}

#[test]
fn the_end_of_what_is_no_upload_is_404_though_the_blob_is_there() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"hello");
    for location in [
        "/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000",
        "/v2/a/blobs/uploads/x",
    ] {
        for body in [None, Some(&b"hello"[..])] {
            let closed = close(&store, location, &digest, body);
            let known = (closed.status, closed.code());
            assert_eq!(known, (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
        }
    }
    // Nor is it known what was closed as a blob that was there already, and to other repositories what was closed at all.
    let location = patch(&store, &begin(&store, ""), 0, b"hello");
    let location = location.header("location");
    assert_eq!(close(&store, location, &digest, None).status, 201);
    assert_eq!(close(&store, location, &digest, None).status, 404);
    let own = begin(&store, "");
    assert_eq!(
        close(&store, &own, &sha256(b"own"), Some(b"own")).status,
        201
    );
    push_blob(&store, "b", b"own");
    for name in ["b", "c"] {
        let other = own.replace("/v2/a/", &format!("/v2/{name}/"));
        assert_eq!(close(&store, &other, &sha256(b"own"), None).status, 404);
    }
    assert_eq!(close(&store, &own, &sha256(b"own"), None).status, 201);
}

#[test]
fn a_body_of_no_bytes_says_nothing_of_an_upload_that_is_over() {
    let store = MemoryStore::new();
    let first = patch(&store, &begin(&store, ""), 0, b"hello");
    let location = first.header("location");
    // What is left of it stays, as the store cannot delete it.
    store.fail(|_, operation| {
        let fault = crate::store::Fault::Before(pierhead::Kind::StoreUnavailable);
        (operation.name == "delete").then_some(fault)
    });
    assert_eq!(close(&store, location, &sha256(b"hello"), None).status, 201);
    for left in [false, true] {
        if left {
            store.heal();
            let id = location.split(['/', '?']).nth(5).unwrap();
            let start = format!("uploads/{id}/start");
            block_on(store.delete(&[start])).unwrap();
        }
        let body = Some(MemoryBody::of(b"", 1));
        let asked = request("PATCH", location, &[], body);
        let empty = answer(block_on(registry(&store).handle(asked)));
        assert_eq!(empty.status, 404, "{}", empty.header("range"));
    }
}

#[test]
fn an_upload_that_was_not_announced_by_its_algorithm_is_read_once() {
    let store = MemoryStore::new();
    let mut location = begin(&store, "");
    for (at, chunk) in [b"hel", b"lo!"].iter().enumerate() {
        location = patch(&store, &location, at * 3, *chunk)
            .header("location")
            .to_owned();
    }
    for algorithm in [Algorithm::Sha512, Algorithm::Blake3] {
        let wrong = Digest::of(algorithm, b"hello").to_string();
        assert_eq!(close(&store, &location, &wrong, None).status, 400);
    }
    let digest = Digest::of(Algorithm::Sha512, b"hello!").to_string();
    let put = close(&store, &location, &digest, None);
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(get(&store, put.header("location")).bytes, b"hello!");
}

/// Goes on with a request until it puts the first bytes that it brings.
fn until_bytes_come<F: Future>(store: &MemoryStore, mut asking: Pin<&mut F>) {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while !store
        .operations()
        .iter()
        .any(|it| it.key.starts_with("segments/"))
    {
        assert!(asking.as_mut().poll(&mut context).is_pending());
    }
}

#[test]
fn whoever_stops_without_a_word_is_waited_for_two_minutes() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    // It has claimed its place, and is gone in the middle of its bytes.
    let body = MemoryBody::of(b"hello", 1);
    let sent = request("PATCH", &location, &[("content-length", "5")], Some(body));
    let front = registry(&store);
    let mut gone = Box::pin(front.handle(sent));
    until_bytes_come(&store, gone.as_mut());
    drop(gone);
    let early = patch(&store, &location, 0, b"hel");
    assert_eq!((early.status, early.header("range")), (416, "0-0"));
    store.advance(2 * 60 * 1000);
    let location = patch(&store, &location, 0, b"hel")
        .header("location")
        .to_owned();
    let put = close(&store, &location, &sha256(b"hello"), Some(b"lo"));
    assert_eq!(put.status, 201, "{}", put.text());
}

#[test]
fn whoever_is_slower_than_the_next_has_lost() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let body = MemoryBody::of(b"helmet", 1);
    let sent = request("PATCH", &location, &[("content-length", "6")], Some(body));
    let front = registry(&store);
    let mut slow = Box::pin(front.handle(sent));
    until_bytes_come(&store, slow.as_mut());
    store.advance(2 * 60 * 1000);
    let other = patch(&store, &location, 0, b"hel");
    let lost = answer(block_on(slow));
    assert_eq!((lost.status, lost.header("range")), (416, "0-2"));
    assert_eq!(store.keys("segments/").len(), 1);
    let put = close(
        &store,
        other.header("location"),
        &sha256(b"hello"),
        Some(b"lo"),
    );
    assert_eq!(get(&store, put.header("location")).bytes, b"hello");
}

#[test]
fn a_range_says_how_long_a_body_is_where_nothing_else_does() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    for (body, status) in [(&b"hell"[..], 400), (b"hello!", 400), (b"hello", 202)] {
        let body = MemoryBody::of(body, 2);
        let sent = request("PATCH", &location, &[("content-range", "0-4")], Some(body));
        assert_eq!(block_on(registry(&store).handle(sent)).status, status);
    }
    assert_eq!(
        close(&store, &location, &sha256(b"hello"), None).status,
        201
    );
}

#[test]
fn an_empty_chunk_changes_nothing() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let streamed = request("PATCH", &location, &[], Some(MemoryBody::of(b"", 1)));
    let streamed = answer(block_on(registry(&store).handle(streamed)));
    assert_eq!((streamed.status, streamed.header("range")), (202, "0-0"));
    let sent = ask(&store, "PATCH", &location, &[], Some(b""));
    assert_eq!(
        (sent.status, sent.header("location")),
        (202, location.as_str())
    );
    assert_eq!(store.keys("segments/"), [""; 0]);
    let put = close(&store, &location, &sha256(b""), None);
    assert_eq!(put.status, 201);
    assert_eq!(get(&store, put.header("location")).bytes, b"");
}
