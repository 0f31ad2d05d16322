//! Which requests mean something: every other one is refused before the store is asked for anything.

use proptest::prelude::*;

use crate::ask::{Answer, ask};
use crate::content::{index, push, push_blob};
use crate::store::MemoryStore;

const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "",
];
const UPLOAD: &str = "00000000-0000-4000-8000-000000000000";

/// What a path means, told by its segments; the methods that it has.
fn methods(path: &str) -> Option<&'static [&'static str]> {
    const READ: &[&str] = &["GET", "HEAD"];
    let segments: Vec<&str> = path.split('/').collect();
    let (name, methods) = match segments.as_slice() {
        ["", "v2"] | ["", "v2", ""] | ["", "v2", "_catalog"] => return Some(READ),
        ["", "v2", name @ .., "blobs", "uploads", ""]
        | ["", "v2", name @ .., "blobs", "uploads"] => (name, &["POST"][..]),
        ["", "v2", name @ .., "blobs", "uploads", _] => {
            (name, &["GET", "PATCH", "PUT", "DELETE"][..])
        }
        ["", "v2", name @ .., "tags", "list"] => (name, READ),
        ["", "v2", name @ .., "referrers", digest] if is_digest(digest) => (name, READ),
        ["", "v2", name @ .., "blobs", digest] if is_digest(digest) => {
            (name, &["GET", "HEAD", "DELETE"][..])
        }
        ["", "v2", name @ .., "manifests", reference]
            if is_digest(reference) || is_tag(reference) =>
        {
            (name, &["GET", "HEAD", "PUT", "DELETE"][..])
        }
        _ => return None,
    };
    let fits = name.join("/").len() <= 255;
    let is_name = fits && !name.is_empty() && name.iter().all(|part| is_component(part));
    is_name.then_some(methods)
}

/// Of those that the paths here are made of.
fn is_component(part: &str) -> bool {
    let first = part.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_tag(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().all(inner)
        && text.len() <= 128
}

fn is_digest(text: &str) -> bool {
    let text = text.replace("%3A", ":");
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    })
}

fn registered() -> (MemoryStore, String, String) {
    let store = MemoryStore::new();
    let blob = push_blob(&store, "a", b"{}");
    let manifest = push(&store, "a", "v1", &index(&[], ""));
    push(&store, "a/manifests", "v1", &index(&[], ""));
    store.operations();
    (store, blob, manifest)
}

/// Asks, and holds what came back against what the path means.
fn check(store: &MemoryStore, method: &str, target: &str) -> Answer {
    let store = store.copied();
    store.advance(5000);
    let answer = ask(&store, method, target, &[], None);
    let shown: String = target.chars().take(200).collect();
    let context = format!("{method} {shown}: {} {}", answer.status, answer.text());
    let path = target.split('?').next().unwrap();
    let code = if answer.status < 400 || method == "HEAD" {
        String::new()
    } else {
        answer.code()
    };
    match methods(path) {
        None => {
            assert!([400, 404].contains(&answer.status), "{context}");
            let known = [
                "",
                "UNSUPPORTED",
                "NAME_INVALID",
                "DIGEST_INVALID",
                "MANIFEST_INVALID",
            ];
            assert!(known.contains(&code.as_str()), "{context}");
            assert!(store.operations().is_empty(), "{context}");
        }
        Some(allowed) if allowed.contains(&method) => {
            assert_ne!(answer.status, 405, "{context}");
            assert!(code != "UNSUPPORTED" || answer.status == 400, "{context}");
        }
        Some(allowed) => {
            let is_upload = path.contains("/blobs/uploads/") && !path.ends_with(UPLOAD);
            assert!(
                answer.status == 405 || is_upload && answer.status == 404,
                "{context}"
            );
            if answer.status == 405 {
                assert_eq!(answer.header("allow"), allowed.join(", "), "{context}");
                assert!(method == "HEAD" || code == "UNSUPPORTED", "{context}");
            }
            assert!(store.operations().is_empty(), "{context}");
        }
    }
    answer
}

#[test]
fn a_path_that_is_no_endpoint_is_refused_before_the_store_is_asked() {
    let (store, blob, manifest) = registered();
    let long = "x".repeat(64 << 10);
    let rights = [
        "/v2/".to_owned(),
        "/v2/_catalog".to_owned(),
        "/v2/a/tags/list".to_owned(),
        "/v2/a/manifests/v1".to_owned(),
        "/v2/a/manifests/manifests/v1".to_owned(),
        format!("/v2/a/manifests/{manifest}"),
        format!("/v2/a/blobs/{blob}"),
        format!("/v2/a/referrers/{manifest}"),
        "/v2/a/blobs/uploads/".to_owned(),
        format!("/v2/a/blobs/uploads/{UPLOAD}"),
    ];
    for right in &rights {
        let mut targets = vec![right.clone(), right.to_uppercase()];
        for odd in [
            "/", "//", "/.", "/..", "%", "%2F", "%00", "\0", "\\", "#x", ";x", " ", "\u{e9}", &long,
        ] {
            targets.push(format!("{right}{odd}"));
            targets.push(right.replacen("/v2", &format!("/v2{odd}"), 1));
            targets.push(right.replacen("/a/", &format!("/a{odd}/"), 1));
            targets.push(right.replacen("/a/", &format!("/{odd}a/"), 1));
        }
        targets.push(right.replacen("/a/", "/%61/", 1));
        targets.push(right.replacen("/a/", "/a/../a/", 1));
        targets.push(right.replacen("/a/", "/a%2Fa/", 1));
        targets.push(right[1..].to_owned());
        targets.push(format!("https://other.example{right}"));
        for target in targets {
            for method in METHODS {
                check(&store, method, &target);
            }
        }
    }
}

#[test]
fn a_parameter_that_comes_twice_is_refused() {
    let (store, blob, _) = registered();
    let twice = |parameter: &str| format!("{parameter}&{parameter}");
    for (method, path, parameter) in [
        ("GET", "/v2/a/tags/list", "n=1".to_owned()),
        ("GET", "/v2/a/tags/list", "last=v".to_owned()),
        ("GET", "/v2/_catalog", "n=1".to_owned()),
        ("POST", "/v2/a/blobs/uploads/", format!("digest={blob}")),
        ("POST", "/v2/a/blobs/uploads/", format!("mount={blob}")),
        (
            "POST",
            "/v2/b/blobs/uploads/",
            format!("mount={blob}&from=a"),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/",
            "digest-algorithm=sha512".to_owned(),
        ),
    ] {
        let answer = ask(
            &store,
            method,
            &format!("{path}?{}", twice(&parameter)),
            &[],
            None,
        );
        assert_eq!(answer.status, 400, "{parameter}: {}", answer.text());
    }
}

/// Paths of which a good part are endpoints.
fn path() -> impl Strategy<Value = String> {
    let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let encoded = digest.replace(':', "%3A");
    let ends = vec![
        "manifests/v1".to_owned(),
        format!("manifests/{digest}"),
        format!("blobs/{digest}"),
        format!("blobs/{encoded}"),
        "blobs/uploads".to_owned(),
        "blobs/uploads/".to_owned(),
        format!("blobs/uploads/{UPLOAD}"),
        "tags/list".to_owned(),
        format!("referrers/{digest}"),
        "manifests/".to_owned(),
        "blobs/sha256:x".to_owned(),
        "tags".to_owned(),
    ];
    let part = prop_oneof![
        8 => prop::sample::select(vec!["a", "b0", "manifests", "blobs", "uploads", "tags", "list", "referrers"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["", ".", "..", "A", "%61", "a%2Fb", "a b", "\0", "_catalog", "v2"]).prop_map(str::to_owned),
    ];
    (
        prop::collection::vec(part, 0..4),
        prop::sample::select(ends),
    )
        .prop_map(|(name, end)| format!("/v2/{}/{end}", name.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_path_means_what_its_segments_say_from_the_right(
        path in path(),
        method in prop::sample::select(METHODS.to_vec()),
        query in prop::sample::select(vec!["", "?", "?n=1", "?x=%2F"]),
    ) {
        let (store, _, _) = registered();
        check(&store, method, &format!("{path}{query}"));
    }
}
