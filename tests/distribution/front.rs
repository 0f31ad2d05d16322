//! The front over an in-memory upstream.

use pierhead::Kind;
use pierhead::front::{Cors, Incoming, Options, Outgoing};
use pierhead::http::{Headers, Response};

use crate::memory::{Memory, MemoryBody, Piece, Reply, block_on};
use crate::upstream::{
    BASE, BLOB, INDEX, INDEX_TYPE, answer, ask, blob_path, blob_url, error_code, front_with,
    serve_blob, sha256, upstream,
};

#[test]
fn the_version_check_answers() {
    for method in ["GET", "HEAD"] {
        let response = ask(&upstream(), method, "/v2/", &[]);
        assert_eq!(
            response.headers.get("docker-distribution-api-version"),
            Some("registry/2.0")
        );
        assert_eq!(response.status, 200);
    }
}

#[test]
fn a_manifest_is_served_byte_for_byte_with_its_headers() {
    let digest = sha256(INDEX).to_string();
    for (reference, cache) in [
        ("latest", "no-cache, no-transform"),
        (
            digest.as_str(),
            "public, max-age=31536000, immutable, no-transform",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let response = ask(
                &upstream(),
                method,
                &format!("/v2/a/b/manifests/{reference}"),
                &[],
            );
            for (name, value) in [
                ("content-type", INDEX_TYPE),
                ("content-length", INDEX.len().to_string().as_str()),
                ("docker-content-digest", digest.as_str()),
                ("etag", format!("\"{digest}\"").as_str()),
                ("cache-control", cache),
                ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'; sandbox"),
            ] {
                assert_eq!(
                    response.headers.get(name),
                    Some(value),
                    "{method} {reference}"
                );
            }
            let expected = if method == "GET" {
                INDEX.to_vec()
            } else {
                Vec::new()
            };
            assert_eq!(answer(response), (200, expected, None));
        }
    }
}

#[test]
fn no_type_leaves_that_a_browser_makes_a_page_of() {
    const PAGE: &[u8] = br#"{"a":"<script>alert(1)</script>"}"#;
    let path = "/v2/a/b/manifests/latest";
    for (stated, served) in [
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/vnd.a, text/html", ""),
        (
            "application/vnd.example+json",
            "application/vnd.example+json",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let memory = Memory::new();
            let reply = Reply::ok(PAGE)
                .header("Content-Type", stated)
                .header("Docker-Content-Digest", sha256(PAGE));
            memory.reply(method, &format!("{BASE}{path}"), reply);
            let response = ask(&memory, method, path, &[]);
            let (status, kind) = (response.status, response.headers.get("content-type"));
            match status {
                200 => assert_eq!(kind, Some(served), "{method} {stated}"),
                // Two types in one header say nothing that could be verified.
                _ => assert!(status == 502 && stated.contains(','), "{method} {stated}"),
            }
        }
    }
}

#[test]
fn a_manifest_that_does_not_verify_is_not_served() {
    let memory = upstream();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        Reply::ok(b"{}")
            .header("Content-Type", INDEX_TYPE)
            .header("Docker-Content-Digest", sha256(INDEX)),
    );
    assert_eq!(
        error_code(ask(&memory, "GET", "/v2/a/b/manifests/latest", &[])),
        (502, "UPSTREAM_INVALID".into())
    );
}

#[test]
fn what_the_client_accepts_reaches_the_upstream() {
    let memory = upstream();
    ask(
        &memory,
        "GET",
        "/v2/a/b/manifests/latest",
        &[("Accept", INDEX_TYPE), ("Accept", "x/y")],
    );
    assert_eq!(
        memory.requests()[0].headers.get("accept"),
        Some(format!("{INDEX_TYPE}, x/y").as_str())
    );
    ask(
        &memory,
        "GET",
        "/v2/a/b/manifests/latest",
        &[("Accept", "*/*")],
    );
    assert!(
        memory.requests()[1]
            .headers
            .get("accept")
            .unwrap()
            .contains("vnd.oci.image.manifest")
    );
}

#[test]
fn a_blob_streams_with_its_exact_length() {
    let response = ask(&upstream(), "GET", &blob_path(), &[]);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "11"),
        ("accept-ranges", "bytes"),
        ("docker-content-digest", sha256(BLOB).as_str()),
    ] {
        assert_eq!(response.headers.get(name), Some(value));
    }
    assert_eq!(answer(response), (200, BLOB.to_vec(), None));
    let head = ask(&upstream(), "HEAD", &blob_path(), &[]);
    assert_eq!(head.headers.get("content-length"), Some("11"));
    assert_eq!(answer(head), (200, Vec::new(), None));
}

#[test]
fn a_blob_whose_length_comes_only_by_head_still_has_an_exact_length() {
    let memory = upstream();
    memory.reply("GET", &blob_url(), Reply::new(200).bytes(BLOB));
    let response = ask(&memory, "GET", &blob_path(), &[]);
    assert_eq!(response.headers.get("content-length"), Some("11"));
    assert_eq!(answer(response), (200, BLOB.to_vec(), None));
    serve_blob(&memory, Reply::new(200).bytes(BLOB));
    assert_eq!(
        error_code(ask(&memory, "GET", &blob_path(), &[])),
        (502, "UPSTREAM_INVALID".into())
    );
}

#[test]
fn a_bad_blob_is_cut_before_its_last_byte() {
    for reply in [
        Reply::ok(b"hello worlD"),
        Reply::ok(b"hello worl").header("Content-Length", 11),
        Reply::ok(b"hello world!").header("Content-Length", 11),
        Reply::ok(b"hello ")
            .header("Content-Length", 11)
            .piece(Piece::Cut),
    ] {
        let memory = upstream();
        serve_blob(&memory, reply);
        let (status, bytes, error) = answer(ask(&memory, "GET", &blob_path(), &[]));
        assert_eq!(status, 200);
        assert!(
            bytes.len() < BLOB.len() && error.is_some(),
            "{bytes:?} {error:?}"
        );
    }
}

#[test]
fn a_range_is_a_part_of_a_verified_whole() {
    for (range, content_range, expected) in [
        ("bytes=0-4", "bytes 0-4/11", b"hello".as_slice()),
        ("bytes=6-", "bytes 6-10/11", b"world"),
        ("bytes=-1", "bytes 10-10/11", b"d"),
        ("bytes=3-99", "bytes 3-10/11", b"lo world"),
    ] {
        for pieces in [vec![BLOB], BLOB.chunks(3).collect()] {
            let memory = upstream();
            serve_blob(
                &memory,
                pieces
                    .into_iter()
                    .fold(Reply::new(200).header("Content-Length", 11), Reply::bytes),
            );
            let response = ask(&memory, "GET", &blob_path(), &[("Range", range)]);
            assert_eq!(response.headers.get("content-range"), Some(content_range));
            assert_eq!(answer(response), (206, expected.to_vec(), None));
        }
    }
    let memory = upstream();
    serve_blob(
        &memory,
        Reply::new(200)
            .header("Content-Length", 11)
            .bytes(b"hello")
            .bytes(b" worlD"),
    );
    let (status, bytes, error) =
        answer(ask(&memory, "GET", &blob_path(), &[("Range", "bytes=0-4")]));
    assert_eq!(
        (status, bytes, error),
        (206, Vec::new(), Some(Kind::DigestMismatch)),
        "bad bytes anywhere cut every part"
    );
}

#[test]
fn a_range_that_cannot_be_is_416_and_one_that_does_not_hold_is_ignored() {
    let memory = upstream();
    let response = ask(&memory, "GET", &blob_path(), &[("Range", "bytes=11-")]);
    assert_eq!(
        memory.cancelled(),
        1,
        "a body that nobody will read is given up"
    );
    assert_eq!(response.headers.get("content-range"), Some("bytes */11"));
    assert_eq!(error_code(response), (416, "SIZE_INVALID".into()));
    for headers in [
        [("Range", "bytes=0-0"), ("If-Range", "\"other\"")],
        [("Range", "bytes=0-0,2-3"), ("Accept", "*/*")],
    ] {
        assert_eq!(
            answer(ask(&upstream(), "GET", &blob_path(), &headers)).0,
            200
        );
    }
    let etag = format!("\"{}\"", sha256(BLOB));
    assert_eq!(
        answer(ask(
            &upstream(),
            "GET",
            &blob_path(),
            &[("Range", "bytes=0-0"), ("If-Range", &etag)]
        ))
        .0,
        206
    );
}

#[test]
fn unchanged_content_is_304() {
    let (index, blob) = (
        format!("W/\"{}\"", sha256(INDEX)),
        format!("\"x\", \"{}\"", sha256(BLOB)),
    );
    for (path, etag) in [
        ("/v2/a/b/manifests/latest".to_owned(), index.as_str()),
        (blob_path(), blob.as_str()),
        (blob_path(), "*"),
    ] {
        for method in ["GET", "HEAD"] {
            let response = ask(&upstream(), method, &path, &[("If-None-Match", etag)]);
            assert!(response.headers.get("etag").is_some());
            assert_eq!(answer(response), (304, Vec::new(), None), "{method} {path}");
        }
    }
    assert_eq!(
        ask(
            &upstream(),
            "GET",
            &blob_path(),
            &[("If-None-Match", "\"other\"")]
        )
        .status,
        200
    );
    let missing = format!("/v2/a/b/blobs/{}", sha256(b"missing"));
    assert_eq!(
        ask(&upstream(), "GET", &missing, &[("If-None-Match", "*")]).status,
        404,
        "what is not there is not unchanged"
    );
}

#[test]
fn failures_of_the_upstream_become_the_specifications_errors() {
    let path = "/v2/a/b/manifests/latest";
    let url = format!("{BASE}{path}");
    for (reply, expected) in [
        (Reply::new(404), (404, "MANIFEST_UNKNOWN")),
        (Reply::new(401), (403, "DENIED")),
        (Reply::new(403), (403, "DENIED")),
        (Reply::new(429), (429, "TOOMANYREQUESTS")),
        (Reply::new(500), (502, "UPSTREAM_UNAVAILABLE")),
        (
            Reply::new(200).piece(Piece::Cut),
            (502, "UPSTREAM_UNAVAILABLE"),
        ),
        (
            Reply::new(200).piece(Piece::Stall),
            (504, "UPSTREAM_TIMEOUT"),
        ),
        (Reply::ok(b"<html>"), (502, "UPSTREAM_INVALID")),
    ] {
        let memory = Memory::new();
        memory.reply("GET", &url, reply);
        assert_eq!(
            error_code(ask(&memory, "GET", path, &[])),
            (expected.0, expected.1.to_owned())
        );
    }
    let memory = Memory::new();
    let challenge = r#"Bearer realm="https://auth.example/token""#;
    let guarded = Reply::new(401).header("WWW-Authenticate", challenge);
    memory.reply("GET", &url, guarded);
    for (token_service, expected) in [
        (404, (502, "UPSTREAM_UNAVAILABLE")),
        (403, (403, "DENIED")),
        (429, (429, "TOOMANYREQUESTS")),
        (500, (502, "UPSTREAM_UNAVAILABLE")),
    ] {
        memory.reply(
            "GET",
            "https://auth.example/token",
            Reply::new(token_service),
        );
        assert_eq!(
            error_code(ask(&memory, "GET", path, &[])),
            (expected.0, expected.1.to_owned()),
            "{token_service} from the token service"
        );
    }
    let memory = Memory::new();
    memory.reply("GET", &url, Reply::new(429).header("Retry-After", "9"));
    assert_eq!(
        ask(&memory, "GET", path, &[]).headers.get("retry-after"),
        Some("9")
    );
    assert_eq!(
        error_code(ask(&Memory::new(), "GET", &blob_path(), &[])),
        (404, "BLOB_UNKNOWN".into())
    );
}

#[test]
fn an_error_to_head_has_no_body() {
    let response = ask(&Memory::new(), "HEAD", "/v2/a/b/manifests/latest", &[]);
    assert_eq!(answer(response), (404, Vec::new(), None));
}

#[test]
fn writing_is_refused() {
    for (method, path) in [
        ("PUT", "/v2/a/b/manifests/latest"),
        ("DELETE", "/v2/a/b/manifests/latest"),
        ("POST", "/v2/a/b/blobs/uploads/"),
        ("GET", "/v2/a/b/blobs/uploads/1"),
        ("BREW", "/v2/"),
    ] {
        let memory = upstream();
        let response = ask(&memory, method, path, &[]);
        assert_eq!(response.headers.get("allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(
            error_code(response),
            (405, "UNSUPPORTED".into()),
            "{method} {path}"
        );
        assert!(memory.asked().is_empty());
    }
}

#[test]
fn a_page_may_read_what_the_operator_allows() {
    let ask_from = |cors: Cors, origin: &str, method: &str| {
        let options = Options::default().with_cors(cors);
        let mut headers = Headers::new();
        headers.append("Origin", origin).unwrap();
        block_on(front_with(&upstream(), options).handle(Incoming::new(
            method,
            blob_path(),
            headers,
        )))
    };
    let allowed = |response: &Response<Outgoing<MemoryBody>>| {
        response
            .headers
            .get("access-control-allow-origin")
            .map(str::to_owned)
    };
    let preflight = ask_from(Cors::Any, "https://page.example", "OPTIONS");
    assert_eq!(
        (preflight.status, allowed(&preflight).as_deref()),
        (204, Some("*"))
    );
    assert!(
        preflight
            .headers
            .get("access-control-allow-headers")
            .unwrap()
            .contains("Range")
    );
    let read = ask_from(Cors::Any, "https://page.example", "GET");
    assert!(
        read.headers
            .get("access-control-expose-headers")
            .unwrap()
            .contains("Docker-Content-Digest")
    );
    let some = || Cors::Origins(vec!["https://page.example".into()]);
    assert_eq!(
        allowed(&ask_from(some(), "https://page.example", "GET")).as_deref(),
        Some("https://page.example")
    );
    let other = ask_from(some(), "https://other.example", "OPTIONS");
    assert_eq!(
        (allowed(&other), other.headers.get("vary")),
        (None, Some("Origin"))
    );
    assert_eq!(
        allowed(&ask_from(Cors::None, "https://page.example", "GET")),
        None
    );
}
