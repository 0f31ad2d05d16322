//! What the store keeps of an upload of many chunks, each of another size or from a body of unknown size, so that each is an entry of its
//! list of segments.

use std::pin::Pin;

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest};

use crate::ask::{Answer, answer, ask, registry, request};
use crate::body::MemoryBody;
use crate::content::{get, sha256};
use crate::pushing::{begin, close, patch, sound, with};
use crate::schedule::{block_on, every, run, switching};
use crate::store::{Fault, MemoryStore};

/// Sends a chunk that nobody is told the size of.
fn stream(store: &MemoryStore, location: &str, bytes: &[u8]) -> Answer {
    let body = Some(MemoryBody::of(bytes, 1 << 20));
    let request = request("PATCH", location, &[], body);
    answer(block_on(registry(store).handle(request)))
}

/// An upload of so many chunks of so many bytes; gives where it goes on.
fn streamed(store: &MemoryStore, chunks: usize, size: usize) -> String {
    let mut location = begin(store, "");
    for number in 0..chunks {
        let sent = stream(store, &location, &chunk(number, size));
        assert_eq!(sent.status, 202, "{}", sent.text());
        location = sent.header("location").to_owned();
    }
    location
}

fn chunk(number: usize, size: usize) -> Vec<u8> {
    let mut bytes = vec![b'.'; size];
    bytes[0] = u8::try_from(number % 256).unwrap();
    bytes
}

fn whole(chunks: usize, size: usize) -> Vec<u8> {
    (0..chunks).flat_map(|number| chunk(number, size)).collect()
}

/// How many bytes the store has of uploads, other than those of the blobs. All of these objects are written once.
fn state(store: &MemoryStore) -> usize {
    let keys = store.keys("uploads/");
    keys.iter().map(|key| store.bytes(key).unwrap().len()).sum()
}

#[test]
fn what_is_kept_of_an_upload_grows_with_its_chunks_and_not_with_their_square() {
    let kept = |chunks: usize| {
        let store = MemoryStore::new().discarding();
        streamed(&store, chunks, 1024);
        state(&store)
    };
    let (some, more) = (kept(250), kept(1000));
    println!("250 chunks: {some} bytes, 1,000 chunks: {more} bytes");
    assert!(more < 5 * some, "{some}, {more}");
    // As many bytes as they bring themselves, at the most.
    assert!(more < 1000 * 1024, "{more}");
}

#[test]
fn a_blob_of_any_number_of_chunks_is_what_was_sent() {
    for chunks in [1, 2, 31, 32, 33, 63, 64, 65, 66, 96, 97, 127, 128, 129, 200] {
        for last_in_put in [false, true] {
            let store = MemoryStore::new();
            let location = streamed(&store, chunks - usize::from(last_in_put), 3);
            let blob = whole(chunks, 3);
            let last = chunk(chunks - 1, 3);
            let digest = sha256(&blob);
            assert_eq!(close(&store, &location, &sha256(b"x"), None).status, 400);
            store.operations();
            let put = close(&store, &location, &digest, last_in_put.then_some(&last));
            assert_eq!(put.status, 201, "{chunks}: {}", put.text());
            let operations = store.operations();
            let reads = operations.iter().filter(|it| it.name == "get");
            // Those of any upload, and those of pages, each of which is twice as long as the next.
            assert!(reads.count() <= 6 + chunks.ilog2() as usize, "{chunks}");
            let is_segment = |key: &str| key.starts_with("segments/");
            assert!(
                !operations
                    .iter()
                    .any(|it| it.name == "get" && is_segment(&it.key))
            );
            assert_eq!(get(&store, put.header("location")).bytes, blob);
            assert_eq!(store.keys("uploads/"), [""; 0]);
            assert_eq!(store.keys("segments/").len(), chunks);
        }
    }
}

#[test]
fn an_upload_of_many_chunks_is_read_again_for_a_digest_that_nobody_announced() {
    let store = MemoryStore::new();
    let location = streamed(&store, 100, 3);
    let digest = Digest::of(Algorithm::Sha512, &whole(100, 3)).to_string();
    let put = close(&store, &location, &digest, None);
    assert_eq!(put.status, 201, "{}", put.text());
    let range = [("range", "bytes=95-200")];
    let part = ask(&store, "GET", put.header("location"), &range, None);
    assert_eq!(part.bytes, whole(100, 3)[95..=200]);
}

#[test]
fn sizes_and_streams_may_change_from_chunk_to_chunk() {
    let store = MemoryStore::new();
    let mut location = begin(&store, "");
    let mut blob: Vec<u8> = Vec::new();
    for number in 0..150 {
        let bytes = vec![u8::try_from(number).unwrap(); 1 + number % 7];
        let sent = if number % 5 == 0 {
            stream(&store, &location, &bytes)
        } else {
            patch(&store, &location, blob.len(), &bytes)
        };
        assert_eq!(sent.status, 202, "{}", sent.text());
        blob.extend(bytes);
        let end = blob.len() - 1;
        assert_eq!(sent.header("range"), format!("0-{end}"));
        location = sent.header("location").to_owned();
    }
    let put = close(&store, &location, &sha256(&blob), None);
    assert_eq!(get(&store, put.header("location")).bytes, blob);
}

#[test]
fn whatever_fails_no_chunk_of_many_is_lost() {
    for chunks in [31, 32, 63, 64, 127] {
        let beginning = MemoryStore::new();
        let location = streamed(&beginning, chunks, 3);
        let blob = whole(chunks + 1, 3);
        beginning.advance(5000);
        beginning.operations();
        let push = |store: &MemoryStore| {
            let mut location = location.clone();
            for _ in 0..3 {
                let sent = stream(store, &location, &chunk(chunks, 3));
                store.advance(5000);
                if sent.status != 202 {
                    assert!([429, 503].contains(&sent.status), "{}", sent.text());
                }
                let now = (0..3)
                    .map(|_| ask(store, "GET", &location, &[], None))
                    .find(|it| it.status == 204)
                    .unwrap();
                location = now.header("location").to_owned();
                if now.header("range") == format!("0-{}", blob.len() - 1) {
                    break;
                }
            }
            for _ in 0..3 {
                let put = close(store, &location, &sha256(&blob), None);
                store.advance(5000);
                if put.status == 201 {
                    return;
                }
                assert!([429, 503].contains(&put.status), "{}", put.text());
            }
            panic!("it fails all the time");
        };
        let healthy = beginning.copied();
        push(&healthy);
        for at in 0..healthy.operations().len() {
            for fault in [
                Fault::Before(Kind::StoreUnavailable),
                Fault::After(Kind::StoreUnavailable),
                Fault::Before(Kind::StoreBusy),
                Fault::Broken,
            ] {
                let store = beginning.copied();
                store.fail(move |number, _| (number == at).then_some(fault));
                push(&store);
                store.heal();
                let path = format!("/v2/a/blobs/{}", sha256(&blob));
                assert_eq!(get(&store, &path).bytes, blob, "{fault:?} at {at}");
                sound(&store);
            }
        }
    }
}

#[test]
fn two_ends_of_an_upload_of_many_chunks_are_one_blob_whoever_has_it_already() {
    let beginning = MemoryStore::new();
    let blob = whole(70, 3);
    for is_known in [false, true] {
        if is_known {
            crate::content::push_blob(&beginning, "b", &blob);
        }
        let location = streamed(&beginning, 70, 3);
        beginning.advance(5000);
        let target = with(&location, &format!("digest={}", sha256(&blob)));
        let once = |choose: &mut dyn FnMut(usize) -> usize| {
            let store = beginning.copied();
            let front = registry(&store);
            let mut futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
            for _ in 0..2 {
                let response = front.handle(request("PUT", &target, &[], None));
                futures.push(Box::pin(async move { answer(response.await) }));
            }
            let statuses: Vec<u16> = run(futures, choose).iter().map(|it| it.status).collect();
            assert_eq!(statuses, [201, 201]);
            assert_eq!(
                get(&store, &format!("/v2/a/blobs/{}", sha256(&blob))).bytes,
                blob
            );
            sound(&store);
        };
        assert!(switching(2, once) > 100);
        every(100, once);
    }
}
