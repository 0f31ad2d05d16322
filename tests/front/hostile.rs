//! Documents that attack their readers (`tests/fixtures/security`), and requests that no one should make.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use crate::ask::{Answer, answer, ask, registry, request};
use crate::body::MemoryBody;
use crate::content::{IMAGE, INDEX, get, image, index, link, push, push_blob, sha256, subject};
use crate::schedule::block_on;
use crate::store::MemoryStore;

#[path = "../support/cases.rs"]
mod cases;
#[path = "../support/hostile.rs"]
mod documents;

/// More operations of the store than any manifest takes of those that are put here.
const MOST: usize = 40;

/// Links every blob that a document names, as far as it can be named.
fn link_all(store: &MemoryStore, document: &[u8]) {
    let text = String::from_utf8_lossy(document);
    for part in text.split('"') {
        if let Ok(digest) = part.parse::<pierhead::digest::Digest>() {
            link(store, "a", digest.as_str());
        }
    }
}

/// Puts a document by tag and by digest; gives whether it was taken, byte for byte, or else refused with nothing left of it.
fn taken(store: &MemoryStore, name: &str, fields: &[(&str, &str)], document: &[u8]) -> bool {
    let digest = sha256(document);
    let mut statuses = Vec::new();
    // What is large is hashed as slowly as tests are compiled.
    let by_digest = Some(digest.as_str()).filter(|_| document.len() < 64 << 10);
    for reference in ["v1"].into_iter().chain(by_digest) {
        let path = format!("/v2/a/manifests/{reference}");
        store.operations();
        let answer = ask(store, "PUT", &path, fields, Some(document));
        let operations = store.operations().len();
        assert!(operations <= MOST, "{name}: {operations} operations");
        statuses.push(answer.status);
        if answer.status == 201 {
            assert_eq!(get(store, &path).bytes, document, "{name}");
            continue;
        }
        let code = answer.code();
        let known = [
            (400, "MANIFEST_INVALID"),
            (404, "MANIFEST_BLOB_UNKNOWN"),
            (413, "SIZE_INVALID"),
        ];
        assert!(
            known.contains(&(answer.status, code.as_str())),
            "{name}: {code}"
        );
        assert!(answer.bytes.len() < 8192, "{name}");
        assert_eq!(get(store, &path).status, 404, "{name}");
    }
    assert!(statuses.iter().all(|it| *it == statuses[0]), "{name}");
    statuses[0] == 201
}

#[test]
fn what_the_reader_refuses_is_no_manifest_here_whatever_it_is_said_to_be() {
    for (name, document, declared, _) in documents::documents() {
        let mut kinds = vec![declared];
        if document.len() <= 4 << 20 {
            kinds.extend([None, Some(IMAGE), Some(INDEX)]);
        }
        for media_type in kinds {
            let store = MemoryStore::new();
            link_all(&store, &document);
            let fields: Vec<_> = media_type.iter().map(|it| ("content-type", *it)).collect();
            let is_taken = taken(&store, name, &fields, &document);
            assert!(!is_taken || media_type != declared, "{name} was taken");
        }
    }
}

#[test]
fn a_hostile_document_is_refused_or_kept_byte_for_byte() {
    let (mut kept, mut refused) = (0, 0);
    for entry in fs::read_dir(cases::fixtures().join("security")).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        let cases: BTreeMap<String, Value> = serde_json::from_slice(&file).unwrap();
        for (name, case) in cases {
            let document = cases::document(&case);
            let own = case["mediaType"].as_str();
            for media_type in [own, Some(IMAGE), Some(INDEX)] {
                // What is too large is so as anything.
                if document.len() > 4 << 20 && media_type != own {
                    continue;
                }
                let store = MemoryStore::new();
                link_all(&store, &document);
                let fields: Vec<_> = media_type
                    .map(|it| ("content-type", it))
                    .into_iter()
                    .collect();
                if taken(&store, &name, &fields, &document) {
                    kept += 1;
                    // As itself it is one thing to all who read it.
                    let finds = case["finds"].as_array().unwrap();
                    let ambiguous = finds
                        .iter()
                        .filter_map(Value::as_str)
                        .any(|rule| rule.starts_with("ambiguity.") && rule != "ambiguity.null");
                    assert!(!ambiguous || media_type != own, "{name} was taken");
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(kept > 10 && refused > 100, "{kept}, {refused}");
}

/// A registry with something in it, and paths that lead there.
fn registered() -> (MemoryStore, Vec<String>) {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"x");
    let base = image(&store, "a", b"base", "");
    let digest = push(&store, "a", "v1", &base);
    push(
        &store,
        "a",
        "v2",
        &image(&store, "a", b"signature", &subject(&base)),
    );
    push(&store, "a/b", "v1", &index(&[], ""));
    let paths = [
        "/v2/".to_owned(),
        "/v2/_catalog".to_owned(),
        "/v2/a/tags/list".to_owned(),
        "/v2/a/manifests/v1".to_owned(),
        format!("/v2/a/manifests/{digest}"),
        format!("/v2/a/referrers/{digest}"),
        "/v2/a/b/manifests/v1".to_owned(),
        "/v2/_oci/ext/discover".to_owned(),
        "/v2/a/_oci/ext/discover".to_owned(),
    ];
    (store, paths.to_vec())
}

/// Whatever was asked, the answer is one that the specification knows.
fn proper(answer: &Answer, context: &str) {
    assert!((200..=503).contains(&answer.status), "{context}");
    if answer.status >= 400 && !answer.bytes.is_empty() {
        let body = answer.json();
        let code = body["errors"][0]["code"].as_str().unwrap().to_owned();
        assert!(
            code.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
            "{context}"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{context}"
        );
    }
    assert!(answer.status < 500, "{context}: {}", answer.status);
    assert!(answer.bytes.len() < 100_000, "{context}");
    for (name, value) in answer.headers.iter() {
        assert!(value.len() < 20_000, "{context}: {name}");
        assert!(
            !value.bytes().any(|byte| byte.is_ascii_control()),
            "{context}: {name}"
        );
    }
}

#[test]
fn a_request_that_is_nearly_right_is_answered_properly() {
    let (store, paths) = registered();
    let long = "x".repeat(64 << 10);
    let mut targets = Vec::new();
    for path in &paths {
        for odd in [
            "?n=1&n=2",
            "?last=%00",
            "?last=%F0%9F%98%80",
            "?n=%31",
            "?artifactType=%22%5C",
            "?tag=a&tag=b",
            "?%zz",
            "??",
            "?n",
            "?last=../../x",
            "?ns=docker.io",
            "#x",
            "/",
            "//",
            "/..",
            "/../..",
            "%2F",
            "%00",
            "%2e%2e",
            "\\",
            " ",
            "\u{e9}",
            "\0",
        ] {
            targets.push(format!("{path}{odd}"));
        }
        targets.push(format!("{path}?last={long}"));
        targets.push(format!("{path}?artifactType={long}&n=1"));
        targets.push(format!("{path}{long}"));
        targets.push(path.replace("/v2/", "/v2//"));
        targets.push(path.replace("/v2/", "/v2/../v2/"));
        targets.push(path.replace("/a/", "/A/"));
        targets.push(path.to_uppercase());
        targets.push(format!("/v2/{long}{path}"));
    }
    for target in &targets {
        for method in [
            "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE", "BREW",
        ] {
            let store = store.copied();
            store.advance(5000);
            let answer = ask(&store, method, target, &[], Some(b"{}"));
            let shown: String = target.chars().take(100).collect();
            proper(&answer, &format!("{method} {shown}"));
            assert!(store.operations().len() < 40, "{method} {shown}");
        }
    }
}

/// A path or query made of parts that mean something, and some that do not.
fn target() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => prop::sample::select(vec![
            "/", "v2", "/v2/", "a", "b", "manifests", "tags", "list", "referrers", "blobs", "uploads", "_catalog", "v1", "sha256:", "sha512:",
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "?", "&", "=", "n", "last", "artifactType", "tag", "1", "0", "%2F", "%",
            "..", ".", ":", "latest",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn field() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "content-type",
        "content-length",
        "accept",
        "if-match",
        "if-none-match",
        "range",
        "content-range",
        "content-encoding",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            IMAGE,
            INDEX,
            "*",
            "0",
            "2",
            "\"x\"",
            "bytes=0-",
            "text/html",
            "",
            "gzip",
            "-1"
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,40}",
    ];
    (name.prop_map(str::to_owned), value)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_answered_properly(
        method in prop::sample::select(vec!["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", ""]),
        prefix in prop::sample::select(vec!["", "/v2/a/", "/v2/a/manifests/", "/v2/a/tags/list?", "/v2/a/referrers/", "/v2/_catalog?"]),
        target in target(),
        fields in prop::collection::vec(field(), 0..4),
        body in prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
    ) {
        let store = MemoryStore::new();
        push_blob(&store, "a", b"{}");
        let target = [prefix, &target].concat();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = body.map(|body| MemoryBody::of(&body, 7));
        let response = block_on(registry(&store).handle(request(method, &target, &fields, body)));
        let context = format!("{method} {target} {fields:?}");
        proper(&answer(response), &context);
        prop_assert!(store.operations().len() < 20, "{context}");
    }

    #[test]
    fn any_manifest_is_refused_or_kept_byte_for_byte(
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            prop::sample::select(vec!["", "null", "{}", "[]", "\"", ",", "0", "\u{0}", "\u{feff}", "layers", "1e999"]).prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ],
        cut in 0_usize..12,
    ) {
        let store = MemoryStore::new();
        let mut manifest = image(&store, "a", b"layer", r#","annotations":{"a":"b"},"subject":null"#).into_bytes();
        let start = at.index(manifest.len());
        let end = (start + cut).min(manifest.len());
        manifest.splice(start..end, with.into_bytes());
        let path = "/v2/a/manifests/v1";
        let answer = ask(&store, "PUT", path, &[("content-type", IMAGE)], Some(&manifest));
        let context = String::from_utf8_lossy(&manifest).into_owned();
        proper(&answer, &context);
        if answer.status == 201 {
            prop_assert_eq!(get(&store, path).bytes, manifest);
        } else {
            prop_assert_eq!(get(&store, path).status, 404, "{}", context);
        }
    }
}
