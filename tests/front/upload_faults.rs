//! The store fails at every single thing that it is asked to do while a blob is pushed, and clients do what clients do.

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest};
use pierhead::front::Outgoing;

use crate::ask::{Answer, answer, ask, ask_first, clean_up, registry, request};
use crate::body::MemoryBody;
use crate::collecting::{collect, options};
use crate::content::{get, push_blob, sha256};
use crate::pushing::{close, close_first, patch, sound, with};
use crate::schedule::block_on;
use crate::store::{Fault, MemoryStore};

const FAULTS: [Fault; 4] = [
    Fault::Before(Kind::StoreUnavailable),
    Fault::After(Kind::StoreUnavailable),
    Fault::Before(Kind::StoreBusy),
    Fault::Broken,
];
const BLOB: &[u8] = b"hello, pier";

/// A push, as a sequence of requests that are sent again where they fail.
#[derive(Clone, Copy, Debug)]
enum Push {
    Whole,
    Put,
    Chunks,
    LastInPut,
    Stream,
    Mount,
}

fn sha512(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha512, bytes).to_string()
}

/// What failed is no more than what failed.
fn typed(answer: &Answer) {
    assert!(
        [429, 503].contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text()
    );
    assert_eq!(answer.header("retry-after"), "1");
}

/// Sends a request until it is answered as it should be.
fn until(store: &MemoryStore, status: u16, mut send: impl FnMut() -> Answer) -> Answer {
    for _ in 0..3 {
        let answer = send();
        if answer.status == status {
            return answer;
        }
        typed(&answer);
        store.advance(5000);
    }
    panic!("it fails all the time");
}

/// Sends a chunk; where that fails, goes on from where the registry says that it is.
fn chunk(store: &MemoryStore, location: &str, start: usize, bytes: &[u8]) -> String {
    let mut location = location.to_owned();
    for _ in 0..3 {
        let sent = patch(store, &location, start, bytes);
        if sent.status == 202 {
            return sent.header("location").to_owned();
        }
        typed(&sent);
        store.advance(5000);
        let now = until(store, 204, || ask(store, "GET", &location, &[], None));
        location = now.header("location").to_owned();
        if now.header("range") == format!("0-{}", start + bytes.len() - 1) {
            return location;
        }
        assert_eq!(
            now.header("range"),
            format!("0-{}", start.saturating_sub(1))
        );
    }
    panic!("it fails all the time");
}

fn stream(store: &MemoryStore, location: &str) -> Answer {
    let body = MemoryBody::of(BLOB, 4);
    answer(block_on(registry(store).handle(request(
        "PATCH",
        location,
        &[],
        Some(body),
    ))))
}

fn push(store: &MemoryStore, how: Push) {
    let digest = sha256(BLOB);
    let begin = |query: &str| {
        let path = format!("/v2/a/blobs/uploads/{query}");
        until(store, 202, || ask(store, "POST", &path, &[], None))
            .header("location")
            .to_owned()
    };
    let end = |location: &str, last: Option<&[u8]>| {
        until(store, 201, || close(store, location, &digest, last));
    };
    match how {
        Push::Whole => {
            let path = format!("/v2/a/blobs/uploads/?digest={digest}");
            until(store, 201, || ask(store, "POST", &path, &[], Some(BLOB)));
        }
        Push::Put => end(&begin(""), Some(BLOB)),
        Push::Chunks => {
            let location = chunk(store, &begin(""), 0, &BLOB[..5]);
            end(&chunk(store, &location, 5, &BLOB[5..]), None);
        }
        Push::LastInPut => end(&chunk(store, &begin(""), 0, &BLOB[..5]), Some(&BLOB[5..])),
        Push::Stream => {
            // Docker begins anew.
            let location = (0..3).find_map(|_| {
                let sent = stream(store, &begin(""));
                store.advance(5000);
                (sent.status == 202).then(|| sent.header("location").to_owned())
            });
            end(&location.unwrap(), None);
        }
        Push::Mount => {
            let path = format!("/v2/a/blobs/uploads/?mount={digest}&from=b");
            until(store, 201, || ask(store, "POST", &path, &[], None));
        }
    }
}

/// Does something with a store that fails at each thing it is asked to do, in turn; gives how many there are.
fn failing(beginning: &MemoryStore, act: impl Fn(&MemoryStore)) -> usize {
    let healthy = beginning.copied();
    act(&healthy);
    let operations = healthy.operations();
    for (at, operation) in operations.iter().enumerate() {
        for fault in FAULTS {
            let context = format!("{fault:?} at {at}: {operation:?}");
            let store = beginning.copied();
            store.fail(move |number, _| (number == at).then_some(fault));
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| act(&store)));
            assert!(done.is_ok(), "{context}");
            store.heal();
            store.advance(5000);
            sound(&store);
        }
    }
    operations.len()
}

#[test]
fn whatever_fails_the_blob_is_there_in_the_end() {
    for (how, at_least) in [
        (Push::Whole, 5),
        (Push::Put, 10),
        (Push::Chunks, 15),
        (Push::LastInPut, 15),
        (Push::Stream, 10),
        (Push::Mount, 5),
    ] {
        // Where nobody has it, where it is, and where it is no longer sure to stay.
        for known in [None, Some(0), Some(24 * 60 * 60 * 1000)] {
            let store = MemoryStore::new();
            if known.is_some() || matches!(how, Push::Mount) {
                push_blob(&store, "b", BLOB);
            }
            store.advance(5000 + known.unwrap_or_default());
            store.operations();
            let operations = failing(&store, |store| {
                push(store, how);
                store.heal();
                let path = format!("/v2/a/blobs/{}", sha256(BLOB));
                assert_eq!(get(store, &path).bytes, BLOB);
            });
            assert!(operations >= at_least, "{how:?}: {operations}");
        }
    }
}

#[test]
fn whatever_fails_a_blob_is_read_whole_or_not() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", BLOB);
    store.advance(24 * 60 * 60 * 1000);
    store.operations();
    let path = format!("/v2/a/blobs/{digest}");
    failing(&store, |store| {
        until(store, 200, || ask(store, "HEAD", &path, &[], None));
        let response = block_on(registry(store).handle(request("GET", &path, &[], None)));
        match response.body {
            Outgoing::Stream(body) => {
                assert!(body.read().is_err_and(|_| true) || response.status == 200)
            }
            _ => assert!([429, 503].contains(&response.status)),
        }
        // It was deleted, or is by the second who asks.
        let first = ask(store, "DELETE", &path, &[], None);
        store.advance(5000);
        if first.status != 202 {
            typed(&first);
            let again = ask(store, "DELETE", &path, &[], None).status;
            assert!([202, 404].contains(&again), "{again}");
        }
        store.heal();
        assert_eq!(get(store, &path).status, 404);
    });
}

#[test]
fn whatever_fails_a_cancelled_upload_is_gone() {
    let store = MemoryStore::new();
    let begun = ask(&store, "POST", "/v2/a/blobs/uploads/", &[], None);
    let sent = patch(&store, begun.header("location"), 0, BLOB);
    let location = sent.header("location");
    store.operations();
    failing(&store, |store| {
        let first = ask(store, "DELETE", location, &[], None);
        store.advance(5000);
        if first.status != 204 {
            typed(&first);
            let again = ask(store, "DELETE", location, &[], None).status;
            assert!([204, 404].contains(&again), "{again}");
        }
        store.heal();
        assert_eq!(get(store, location).status, 404);
        assert_eq!(close(store, location, &sha256(BLOB), None).status, 404);
    });
}

#[test]
fn whatever_fails_behind_an_answer_is_collected() {
    let beginning = MemoryStore::new();
    let begun = ask(&beginning, "POST", "/v2/a/blobs/uploads/", &[], None);
    let location = patch(&beginning, begun.header("location"), 0, &BLOB[..5]);
    let location = patch(&beginning, location.header("location"), 5, &BLOB[5..]);
    let location = location.header("location");
    let digest = sha256(BLOB);
    // A blob that was not there, one that was, and an upload that comes to nothing.
    for (known, method) in [(false, "PUT"), (true, "PUT"), (false, "DELETE")] {
        let before = beginning.copied();
        if known {
            push_blob(&before, "b", BLOB);
        }
        before.advance(5000);
        let is_blob = method == "PUT";
        let end = |store: &MemoryStore| {
            let (answer, cleanup) = match method {
                "PUT" => close_first(store, location, BLOB, None),
                _ => ask_first(store, method, location, None),
            };
            assert_eq!(answer.status, if is_blob { 201 } else { 204 });
            cleanup
        };
        let store = before.copied();
        end(&store);
        store.advance(5000);
        let operations = failing(&store, |store| {
            // The same as was left there.
            let cleanup = end(&before.copied());
            clean_up(store, &cleanup);
            store.heal();
            let over = ask(store, "GET", location, &[], None);
            assert_eq!(over.status, 404);
            for _ in 0..2 {
                store.advance(13 * 60 * 60 * 1000);
                if is_blob {
                    let path = format!("/v2/a/blobs/{digest}");
                    assert_eq!(ask(store, "HEAD", &path, &[], None).status, 200);
                }
                assert!(collect(store, &options()).done);
            }
            assert_eq!(store.keys("uploads/"), [""; 0]);
            let segments = usize::from(is_blob) * if known { 1 } else { 2 };
            assert_eq!(store.keys("segments/").len(), segments);
        });
        assert!(operations > 10, "{operations}");
    }
}

#[test]
fn whatever_fails_an_upload_that_nobody_goes_on_with_is_gone() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let beginning = MemoryStore::new();
    let begun = ask(&beginning, "POST", "/v2/a/blobs/uploads/", &[], None);
    let location = patch(&beginning, begun.header("location"), 0, &BLOB[..5]);
    let location = patch(&beginning, location.header("location"), 5, &BLOB[5..]);
    let location = location.header("location");
    let id = location.split(['/', '?']).nth(5).unwrap();
    // One that nobody ended, one that somebody gave up who did not come to its end, and one that is closed and no blob yet.
    for end in [None, Some("DELETE"), Some("PUT")] {
        let store = beginning.copied();
        store.advance(5000);
        store.operations();
        store.fail(|_, operation| {
            let failure = Fault::Before(Kind::StoreUnavailable);
            let is_late = operation.name == "delete" || operation.key.starts_with("blobs/");
            is_late.then_some(failure)
        });
        match end {
            Some("PUT") => assert_eq!(close(&store, location, &sha256(BLOB), None).status, 503),
            Some(method) => drop(ask(&store, method, location, &[], None)),
            None => {}
        }
        store.heal();
        store.advance(3 * DAY);
        store.operations();
        let operations = failing(&store, |store| {
            let expire = || block_on(registry(store).backend().expire_upload(id));
            // Nothing to come back for, at the third time at the latest.
            let gone = (0..3).any(|_| {
                store.advance(DAY);
                expire().is_ok_and(|again| !again)
            });
            assert!(gone);
            store.heal();
            for _ in 0..2 {
                expire().unwrap();
                store.advance(2 * DAY);
            }
            assert_eq!(get(store, location).status, 404);
            assert_eq!(close(store, location, &sha256(BLOB), None).status, 404);
            assert_eq!(store.keys("uploads/"), [""; 0]);
        });
        assert!(operations > 5, "{end:?}: {operations}");
    }
}

#[test]
fn whatever_fails_an_upload_is_where_it_was() {
    let store = MemoryStore::new();
    let begun = ask(&store, "POST", "/v2/a/blobs/uploads/", &[], None);
    let location = patch(&store, begun.header("location"), 0, BLOB);
    let location = location.header("location");
    store.advance(5000);
    store.operations();
    failing(&store, |store| {
        // Without bytes, and by digests that are not its own.
        let empty = || {
            let body = Some(MemoryBody::of(b"", 1));
            answer(block_on(registry(store).handle(request(
                "PATCH",
                location,
                &[],
                body,
            ))))
        };
        let sent = empty();
        if sent.status != 202 {
            typed(&sent);
        }
        for digest in [sha256(b"other"), sha512(b"other")] {
            store.advance(5000);
            let refused = close(store, location, &digest, None);
            if refused.status != 400 {
                typed(&refused);
            }
        }
        let end = format!("0-{}", BLOB.len() - 1);
        let now = until(store, 204, || ask(store, "GET", location, &[], None));
        assert_eq!(now.header("range"), end);
        // What nobody announced is read again.
        let digest = sha512(BLOB);
        until(store, 201, || {
            close(store, now.header("location"), &digest, None)
        });
        store.heal();
        let path = format!("/v2/a/blobs/{digest}");
        assert_eq!(get(store, &path).bytes, BLOB);
    });
}

#[test]
fn a_body_that_breaks_leaves_what_was_acknowledged() {
    for length in [None, Some(4), Some(6)] {
        let store = MemoryStore::new();
        let begun = ask(&store, "POST", "/v2/a/blobs/uploads/", &[], None);
        let sent = patch(&store, begun.header("location"), 0, &BLOB[..5]);
        let location = sent.header("location").to_owned();
        let digest = sha256(BLOB);
        let ends = with(&location, &format!("digest={digest}"));
        for (method, target) in [("PATCH", &location), ("PUT", &ends)] {
            let length = length.map(|length: usize| length.to_string());
            let fields: Vec<_> = length
                .iter()
                .map(|it| ("content-length", it.as_str()))
                .collect();
            // Cut short, silent, too short, and too long for what was said.
            for (body, refused, status) in [
                (MemoryBody::cut(&BLOB[5..8]), true, 400),
                (MemoryBody::cut(b""), true, 400),
                (MemoryBody::silent(&BLOB[5..8]), true, 408),
                (MemoryBody::silent(b""), true, 408),
                (MemoryBody::of(&BLOB[5..8], 2), length.is_some(), 400),
                (
                    MemoryBody::of(&BLOB[5..], 2),
                    length.as_deref() == Some("4"),
                    400,
                ),
            ] {
                if !refused {
                    continue;
                }
                let sent = request(method, target, &fields, Some(body));
                let broken = answer(block_on(registry(&store).handle(sent)));
                assert_eq!(
                    (broken.status, broken.code().as_str()),
                    (status, "SIZE_INVALID")
                );
                assert_eq!(store.keys("segments/").len(), 1);
                let now = ask(&store, "GET", &location, &[], None);
                assert_eq!(now.header("range"), "0-4");
            }
        }
        assert_eq!(
            close(&store, &location, &digest, Some(&BLOB[5..])).status,
            201
        );
        let path = format!("/v2/a/blobs/{digest}");
        assert_eq!(get(&store, &path).bytes, BLOB);
    }
}
