//! The client against an in-memory registry.

use crate::memory::{Memory, Piece, Reply, block_on};
use pierhead::client::{Client, MAX_MANIFEST_BYTES, Manifest, ManifestReference};
use pierhead::digest::{Algorithm, Digest};
use pierhead::{Error, Kind, Result};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const MANIFEST: &[u8] = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
pub const BASE: &str = "https://registry.example";

pub fn client(memory: &Memory) -> Client<Memory> {
    Client::new(memory.clone(), BASE.parse().unwrap()).unwrap()
}

pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}

pub fn served(bytes: &[u8]) -> Reply {
    Reply::ok(bytes)
        .header("Content-Type", OCI_MANIFEST)
        .header("Docker-Content-Digest", sha256(bytes))
}

pub fn read(memory: &Memory, reference: &str) -> Result<Manifest> {
    let reference: ManifestReference = reference.parse().unwrap();
    block_on(client(memory).manifest(&"a/b".parse().unwrap(), &reference, None))
}

fn read_reply(reply: Reply) -> Result<Manifest> {
    let memory = Memory::new();
    memory.reply("GET", &format!("{BASE}/v2/a/b/manifests/latest"), reply);
    read(&memory, "latest")
}

pub fn kind<T: std::fmt::Debug>(result: Result<T>) -> Kind {
    result.unwrap_err().kind()
}

#[test]
fn a_manifest_keeps_its_exact_bytes_and_its_verified_digest() {
    let manifest = read_reply(served(MANIFEST)).unwrap();
    assert_eq!(manifest.document.bytes(), MANIFEST);
    assert_eq!(manifest.digest, sha256(MANIFEST));
    assert_eq!(manifest.media_type.as_deref(), Some(OCI_MANIFEST));
}

#[test]
fn a_manifest_is_asked_for_with_every_media_type_that_is_known() {
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        served(MANIFEST),
    );
    read(&memory, "latest").unwrap();
    let accept = memory.requests()[0]
        .headers
        .get("accept")
        .unwrap()
        .to_owned();
    for media_type in [
        OCI_MANIFEST,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ] {
        assert!(accept.contains(media_type), "{accept}");
    }
}

#[test]
fn five_bad_bodies_are_five_errors() {
    let (head, _) = MANIFEST.split_at(40);
    let longer = [MANIFEST, b" "].concat();
    let other = MANIFEST.to_ascii_uppercase();
    assert_eq!(
        kind(read_reply(
            Reply::ok(head).header("Content-Length", MANIFEST.len())
        )),
        Kind::BodyTruncated
    );
    assert_eq!(
        kind(read_reply(
            Reply::ok(&longer).header("Content-Length", MANIFEST.len())
        )),
        Kind::SizeMismatch
    );
    assert_eq!(
        kind(read_reply(
            served(MANIFEST).header("Docker-Content-Digest", sha256(&other))
        )),
        Kind::DigestMismatch
    );
    assert_eq!(
        kind(read_reply(served(MANIFEST).header(
            "Content-Type",
            "application/vnd.oci.image.index.v1+json"
        ))),
        Kind::MediaTypeMismatch
    );
    assert_eq!(
        kind(read_reply(Reply::new(200).bytes(head).piece(Piece::Cut))),
        Kind::ConnectionLost
    );
    assert_eq!(
        kind(read_reply(Reply::new(200).bytes(head).piece(Piece::Stall))),
        Kind::Timeout
    );
}

#[test]
fn a_manifest_asked_by_digest_is_verified_by_it_whatever_the_header_says() {
    let memory = Memory::new();
    let asked = sha256(b"something else");
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/{asked}"),
        served(MANIFEST),
    );
    let error = read(&memory, asked.as_str()).unwrap_err();
    assert_eq!(error.kind(), Kind::DigestMismatch);
    assert_eq!(
        (error.expected(), error.actual()),
        (Some(asked.as_str()), Some(sha256(MANIFEST).as_str()))
    );
}

#[test]
fn the_stated_digest_may_be_of_another_algorithm() {
    let memory = Memory::new();
    let (asked, stated) = (sha256(MANIFEST), Digest::of(Algorithm::Sha512, MANIFEST));
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/{asked}"),
        served(MANIFEST).header("Docker-Content-Digest", stated),
    );
    assert_eq!(read(&memory, asked.as_str()).unwrap().digest, asked);
}

#[test]
fn a_decoded_body_is_not_called_corrupt() {
    let other = [MANIFEST, b"\n"].concat();
    let reply = served(&other)
        .header("Docker-Content-Digest", sha256(MANIFEST))
        .header("Content-Encoding", "gzip")
        .header("Content-Length", 7);
    assert_eq!(kind(read_reply(reply)), Kind::ContentEncoded);
}

#[test]
fn a_manifest_past_the_cap_is_refused_before_it_is_read_or_as_soon_as_it_is_past() {
    assert_eq!(
        kind(read_reply(
            Reply::new(200)
                .header("Content-Length", MAX_MANIFEST_BYTES + 1)
                .piece(Piece::Endless)
        )),
        Kind::TooLarge
    );
    assert_eq!(
        kind(read_reply(Reply::new(200).piece(Piece::Endless))),
        Kind::TooLarge
    );
}

#[test]
fn malformed_headers_are_refused() {
    for (name, value) in [
        ("Content-Length", "x"),
        ("Docker-Content-Digest", "sha256:x"),
        ("Content-Type", "x"),
    ] {
        assert_eq!(
            kind(read_reply(served(MANIFEST).header(name, value))),
            Kind::InvalidHeader,
            "{name}"
        );
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    assert_eq!(
        kind(read_reply(
            Reply::ok(b"<html>").header("Content-Type", "text/html")
        )),
        Kind::InvalidJson
    );
    assert_eq!(
        kind(read_reply(Reply::new(206).bytes(MANIFEST))),
        Kind::UnexpectedResponse
    );
}

#[test]
fn the_bytes_of_what_is_no_manifest_can_be_had_and_are_verified_too() {
    let raw = |reply: Reply| {
        let memory = Memory::new();
        memory.reply("GET", &format!("{BASE}/v2/a/b/manifests/latest"), reply);
        let reference = "latest".parse().unwrap();
        block_on(client(&memory).raw_manifest(&"a/b".parse().unwrap(), &reference, None))
    };
    let read = raw(served(b"<html>")).unwrap();
    assert_eq!(
        (read.bytes.as_slice(), read.verified),
        (&b"<html>"[..], true)
    );
    assert_eq!(read.digest, sha256(b"<html>"));
    assert_eq!(read.media_type.as_deref(), Some(OCI_MANIFEST));
    let error = read.parse().unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidJson);
    assert_eq!(
        error.url(),
        Some("https://registry.example/v2/a/b/manifests/latest")
    );
    let wrong = Reply::ok(b"<html>").header("Docker-Content-Digest", sha256(MANIFEST));
    assert_eq!(kind(raw(wrong)), Kind::DigestMismatch);
}

#[test]
fn a_registry_error_keeps_its_status_and_entries_and_shows_no_query() {
    let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no\u0007 such","detail":{}}]}"#;
    let mut reply = Reply::ok(body).header("Retry-After", "7");
    reply.status = 429;
    let error = read_reply(reply).unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.retry_after()),
        (Kind::Registry, Some(429), Some(7))
    );
    assert_eq!(
        (
            error.entries()[0].code.as_str(),
            error.entries()[0].message.as_str()
        ),
        ("MANIFEST_UNKNOWN", "no such")
    );
    assert_eq!(
        error.url(),
        Some("https://registry.example/v2/a/b/manifests/latest")
    );
}

#[test]
fn an_error_body_of_any_kind_and_length_is_survived() {
    for reply in [
        Reply::new(500).piece(Piece::Endless),
        Reply::new(500).bytes(b"<html>"),
        Reply::new(500).piece(Piece::Cut),
        Reply::new(500).bytes(b"[1]"),
    ] {
        let error = read_reply(reply).unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.entries().len()),
            (Kind::Registry, Some(500), 0)
        );
    }
}

#[test]
fn a_head_says_digest_size_and_media_type() {
    let memory = Memory::new();
    let mut reply = served(MANIFEST);
    reply.pieces.clear();
    memory.reply("HEAD", &format!("{BASE}/v2/a/b/manifests/latest"), reply);
    let head = block_on(client(&memory).manifest_head(
        &"a/b".parse().unwrap(),
        &"latest".parse().unwrap(),
        None,
    ))
    .unwrap();
    assert_eq!(
        (head.digest, head.size, head.media_type.as_deref()),
        (sha256(MANIFEST), MANIFEST.len() as u64, Some(OCI_MANIFEST))
    );
    assert_eq!(
        memory.asked(),
        [format!("HEAD {BASE}/v2/a/b/manifests/latest")]
    );
}

#[test]
fn a_head_that_states_another_digest_than_was_asked_for_is_refused() {
    let asked = sha256(b"something else");
    let url = format!("{BASE}/v2/a/b/manifests/{asked}");
    let head = |reply: Reply| {
        let memory = Memory::new();
        memory.reply("HEAD", &url, reply);
        block_on(client(&memory).manifest_head(
            &"a/b".parse().unwrap(),
            &ManifestReference::Digest(asked.clone()),
            None,
        ))
    };
    assert_eq!(kind(head(served(MANIFEST))), Kind::DigestMismatch);
    let other = Digest::of(Algorithm::Sha512, MANIFEST);
    let stated = head(served(MANIFEST).header("Docker-Content-Digest", other)).unwrap();
    assert_eq!(stated.digest, asked);
}

#[test]
fn a_media_type_in_capitals_is_the_same() {
    let capitals = served(MANIFEST).header("Content-Type", OCI_MANIFEST.to_uppercase());
    let manifest = read_reply(capitals).unwrap();
    assert_eq!(manifest.media_type.as_deref(), Some(OCI_MANIFEST));
    let index = "Application/vnd.oci.image.index.v1+json";
    assert_eq!(
        kind(read_reply(served(MANIFEST).header("Content-Type", index))),
        Kind::MediaTypeMismatch
    );
}

#[test]
fn a_whole_that_trickles_in_for_ever_is_given_up() {
    let trickle = |status, milliseconds: u64| {
        MANIFEST.iter().fold(Reply::new(status), |reply, byte| {
            reply.piece(Piece::After(milliseconds, vec![*byte]))
        })
    };
    assert!(read_reply(trickle(200, 1)).is_ok());
    assert_eq!(kind(read_reply(trickle(200, 10_000))), Kind::Timeout);
    assert_eq!(kind(read_reply(trickle(500, 10_000))), Kind::Registry);
}

#[test]
fn a_head_without_a_digest_reads_the_manifest() {
    let memory = Memory::new();
    memory.reply(
        "HEAD",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        Reply::new(200).header("Content-Length", 1),
    );
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        served(MANIFEST).without("Docker-Content-Digest"),
    );
    let head = block_on(client(&memory).manifest_head(
        &"a/b".parse().unwrap(),
        &"latest".parse().unwrap(),
        None,
    ))
    .unwrap();
    assert_eq!(
        (head.digest, head.size),
        (sha256(MANIFEST), MANIFEST.len() as u64)
    );
}

#[test]
fn a_registry_that_cannot_be_reached_says_so() {
    let memory = Memory::new();
    memory.on("GET", &format!("{BASE}/v2/"), |_| {
        Err(Error::new(Kind::ConnectionFailed, "refused"))
    });
    assert_eq!(
        kind(block_on(client(&memory).ping())),
        Kind::ConnectionFailed
    );
}

#[test]
fn an_endpoint_has_no_path() {
    assert_eq!(
        kind(Client::new(Memory::new(), "https://h/v2/".parse().unwrap()).map(|_| ())),
        Kind::InvalidUrl
    );
}
