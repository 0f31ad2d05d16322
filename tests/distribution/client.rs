//! The client against an in-memory registry.

use crate::memory::{Memory, Piece, Reply, block_on, drain};
use pierhead::client::{Client, MAX_MANIFEST_BYTES, Manifest, ManifestReference};
use pierhead::digest::{Algorithm, Digest};
use pierhead::{Error, Kind, Result};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MANIFEST: &[u8] = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
const BASE: &str = "https://registry.example";

fn client(memory: &Memory) -> Client<Memory> {
    Client::new(memory.clone(), BASE.parse().unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}

fn served(bytes: &[u8]) -> Reply {
    Reply::ok(bytes)
        .header("Content-Type", OCI_MANIFEST)
        .header("Docker-Content-Digest", sha256(bytes))
}

fn read(memory: &Memory, reference: &str) -> Result<Manifest> {
    let reference: ManifestReference = reference.parse().unwrap();
    block_on(client(memory).manifest(&"a/b".parse().unwrap(), &reference, None))
}

fn read_reply(reply: Reply) -> Result<Manifest> {
    let memory = Memory::new();
    memory.reply("GET", &format!("{BASE}/v2/a/b/manifests/latest"), reply);
    read(&memory, "latest")
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> Kind {
    result.unwrap_err().kind()
}

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
    let blob = block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, None));
    assert_eq!(
        blob.map(|_| ()).unwrap_err().kind(),
        Kind::UnsupportedAlgorithm
    );
}

/// A registry that wants a token for `a/b`.
fn guarded(lifetime: u64) -> Memory {
    let memory = Memory::new();
    memory.on(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        |request| {
            let authorised = request.headers.get("authorization") == Some("Bearer secret");
            Ok(if authorised {
                served(MANIFEST)
            } else {
                Reply::new(401).header(
                    "WWW-Authenticate",
                    r#"Bearer realm="https://auth.example/token",service="r",scope="x""#,
                )
            })
        },
    );
    memory.reply(
        "GET",
        "https://auth.example/token",
        Reply::ok(format!(r#"{{"token":"secret","expires_in":{lifetime}}}"#).as_bytes()),
    );
    memory
}

#[test]
fn a_challenge_is_met_with_an_anonymous_token_which_is_kept_while_it_lasts() {
    let memory = guarded(60);
    let client = client(&memory);
    let read = || {
        block_on(client.manifest(&"a/b".parse().unwrap(), &"latest".parse().unwrap(), None))
            .unwrap()
    };
    read();
    let manifest = format!("GET {BASE}/v2/a/b/manifests/latest");
    let token =
        "GET https://auth.example/token?service=r&scope=repository%3Aa%2Fb%3Apull".to_owned();
    assert_eq!(
        memory.asked(),
        [manifest.clone(), token.clone(), manifest.clone()]
    );
    read();
    assert_eq!(memory.asked().len(), 4);
    memory.advance(60_000);
    read();
    assert_eq!(memory.asked().len(), 7);
    assert!(
        memory
            .requests()
            .iter()
            .filter(|request| request.url.to_string().contains("auth.example"))
            .all(|request| request.headers.get("authorization").is_none())
    );
}

#[test]
fn a_registry_that_is_never_satisfied_is_asked_twice() {
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
    );
    memory.reply(
        "GET",
        "https://auth.example/token",
        Reply::ok(br#"{"token":"t"}"#),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 3);
}

#[test]
fn what_goes_wrong_at_the_token_service_is_an_authentication_error() {
    for (reply, expected) in [
        (Reply::new(500), Kind::Auth),
        (Reply::new(403), Kind::Auth),
        (Reply::ok(b"{}"), Kind::Auth),
        (Reply::new(200).piece(Piece::Endless), Kind::TooLarge),
    ] {
        let memory = guarded(60);
        memory.reply("GET", "https://auth.example/token", reply);
        assert_eq!(kind(read(&memory, "latest")), expected);
    }
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="http://auth.example/token""#,
        ),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn a_redirect_is_followed_without_credentials_for_another_origin() {
    let memory = guarded(60);
    let digest = sha256(b"blob");
    memory.on("GET", &format!("{BASE}/v2/a/b/blobs/{digest}"), |request| {
        assert_eq!(request.headers.get("authorization"), Some("Bearer secret"));
        Ok(Reply::new(307).header("Location", "https://cdn.example/x?sig=1"))
    });
    memory.reply("GET", "https://cdn.example/x", Reply::ok(b"blob"));
    let client = client(&memory);
    block_on(client.manifest(&"a/b".parse().unwrap(), &"latest".parse().unwrap(), None)).unwrap();
    let blob = block_on(client.blob(&"a/b".parse().unwrap(), &digest, None)).unwrap();
    assert_eq!(drain(blob.body), (b"blob".to_vec(), None));
    assert_eq!(
        memory
            .requests()
            .last()
            .unwrap()
            .headers
            .get("authorization"),
        None
    );
}

#[test]
fn a_redirect_that_leads_nowhere_good_is_refused() {
    for location in [
        "http://registry.example/x",
        "ftp://registry.example/",
        "https://u:p@registry.example/",
        "/v2/",
    ] {
        let memory = Memory::new();
        memory.reply(
            "GET",
            &format!("{BASE}/v2/"),
            Reply::new(302).header("Location", location),
        );
        assert!(
            matches!(
                kind(block_on(client(&memory).ping())),
                Kind::UnexpectedResponse | Kind::InvalidUrl
            ),
            "{location}"
        );
        assert!(memory.asked().len() <= 6);
    }
    let memory = Memory::new();
    memory.reply("GET", &format!("{BASE}/v2/"), Reply::new(302));
    assert_eq!(
        kind(block_on(client(&memory).ping())),
        Kind::UnexpectedResponse
    );
}

#[test]
fn a_challenge_from_another_origin_gets_no_token() {
    let memory = guarded(60);
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(307).header("Location", "https://evil.example/"),
    );
    memory.reply(
        "GET",
        "https://evil.example/",
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 2);
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
