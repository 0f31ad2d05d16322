//! Blobs that the client reads from an in-memory registry.

use pierhead::Kind;
use pierhead::client::{Chunks as _, ManifestReference};
use pierhead::digest::Digest;

use crate::body::drain;
use crate::client::{BASE, MANIFEST, client, kind, sha256};
use crate::memory::{Memory, Piece, Reply, block_on, poll_once};

fn read_blob(reply: Reply, bytes: &[u8], size: Option<u64>) -> (Vec<u8>, Option<Kind>) {
    let memory = Memory::new();
    let digest = sha256(bytes);
    memory.reply("GET", &format!("{BASE}/v2/a/b/blobs/{digest}"), reply);
    match block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, size)) {
        Ok(blob) => drain(blob.body),
        Err(error) => (Vec::new(), Some(error.kind())),
    }
}

#[test]
fn a_blob_is_verified_before_its_end() {
    let bytes = b"hello world".as_slice();
    let (start, end) = bytes.split_at(5);
    let whole = || {
        Reply::new(200)
            .header("Content-Length", bytes.len())
            .bytes(start)
            .bytes(b"")
            .bytes(end)
    };
    assert_eq!(read_blob(whole(), bytes, Some(11)), (bytes.to_vec(), None));
    assert_eq!(
        read_blob(whole().without("Content-Length"), bytes, None),
        (bytes.to_vec(), None)
    );
    assert_eq!(read_blob(Reply::ok(b""), b"", Some(0)), (Vec::new(), None));
}

#[test]
fn a_bad_blob_never_reaches_its_last_byte() {
    let bytes = b"hello world".as_slice();
    let parts = |parts: &[&[u8]]| {
        parts
            .iter()
            .fold(Reply::new(200), |reply, part| reply.bytes(part))
    };
    assert_eq!(
        read_blob(parts(&[b"hello", b" worlD"]), bytes, None),
        (b"hello".to_vec(), Some(Kind::DigestMismatch))
    );
    assert_eq!(
        read_blob(parts(&[b"hello", b" worl"]), bytes, Some(11)),
        (b"hello".to_vec(), Some(Kind::BodyTruncated))
    );
    assert_eq!(
        read_blob(parts(&[b"hello", b" world", b"!"]), bytes, Some(11)),
        (b"hello".to_vec(), Some(Kind::SizeMismatch))
    );
    assert_eq!(
        read_blob(parts(&[b"hello"]).piece(Piece::Cut), bytes, Some(11)).1,
        Some(Kind::ConnectionLost)
    );
    assert_eq!(
        read_blob(parts(&[b"hello"]).piece(Piece::Stall), bytes, Some(11)).1,
        Some(Kind::Timeout)
    );
    assert_eq!(
        read_blob(Reply::new(200).piece(Piece::Endless), bytes, Some(11)),
        (Vec::new(), Some(Kind::SizeMismatch))
    );
    assert_eq!(
        read_blob(
            parts(&[b"other"]).header("Content-Encoding", "br"),
            bytes,
            None
        ),
        (Vec::new(), Some(Kind::ContentEncoded))
    );
}

#[test]
fn a_bad_blob_never_ends_however_often_it_is_asked_again() {
    let memory = Memory::new();
    let digest = sha256(b"blob");
    let url = format!("{BASE}/v2/a/b/blobs/{digest}");
    let open = |reply: Reply| {
        memory.reply("GET", &url, reply);
        block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, None))
            .unwrap()
            .body
    };
    let mut bad = open(Reply::ok(b"blub"));
    let mut cut = open(Reply::new(200).bytes(b"blo").piece(Piece::Cut));
    let mut cancelled = open(Reply::ok(b"blob"));
    cancelled.cancel();
    for _ in 0..3 {
        assert_eq!(kind(block_on(bad.chunk())), Kind::DigestMismatch);
        assert_eq!(kind(block_on(cut.chunk())), Kind::ConnectionLost);
        assert_eq!(kind(block_on(cancelled.chunk())), Kind::Aborted);
    }
}

#[test]
fn a_blob_survives_a_reader_that_stopped_waiting() {
    let (_, bytes) = MANIFEST.split_at(40);
    let memory = Memory::new();
    let digest = sha256(bytes);
    let late = Reply::new(200).piece(Piece::Later).bytes(bytes);
    memory.reply("GET", &format!("{BASE}/v2/a/b/blobs/{digest}"), late);
    let blob = block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, None));
    let mut body = blob.unwrap().body;
    assert!(poll_once(body.chunk()).is_none());
    assert_eq!(drain(body), (bytes.to_vec(), None));
}

#[test]
fn a_registry_that_states_another_size_is_refused_before_it_is_read() {
    assert_eq!(
        read_blob(Reply::ok(b"hello world"), b"hello world", Some(10)),
        (Vec::new(), Some(Kind::SizeMismatch))
    );
    assert_eq!(
        read_blob(Reply::ok(b"hello world"), b"hello world", Some(12)),
        (Vec::new(), Some(Kind::BodyTruncated))
    );
}

#[test]
fn a_blob_by_an_unknown_algorithm_cannot_be_verified() {
    let memory = Memory::new();
    let digest: Digest = "md5:d41d8cd98f00b204e9800998ecf8427e".parse().unwrap();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/blobs/{digest}"),
        Reply::ok(b""),
    );
    let (client, name) = (client(&memory), "a/b".parse().unwrap());
    let reference = ManifestReference::Digest(digest.clone());
    for unsupported in [
        kind(block_on(client.blob(&name, &digest, None)).map(|_| ())),
        kind(block_on(client.blob_head(&name, &digest))),
        kind(block_on(client.manifest(&name, &reference, None))),
        kind(block_on(client.manifest_head(&name, &reference, None))),
    ] {
        assert_eq!(unsupported, Kind::UnsupportedAlgorithm);
    }
    assert!(memory.asked().is_empty());
}
