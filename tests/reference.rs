//! References, by the public API and the cases of `fixtures/references.json`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest};
use pierhead::reference::{Reference, ReferenceParts, Registry, RepositoryName, Tag};
use proptest::prelude::*;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("fixtures/references.json")).unwrap();
    file[kind].as_array().unwrap().clone()
}

#[test]
fn each_valid_case_has_its_parts() {
    for case in cases("valid") {
        let input = case["input"].as_str().unwrap();
        let reference: Reference = input
            .parse()
            .unwrap_or_else(|error| panic!("{input:?}: {error}"));
        let mut expected = case.clone();
        expected.as_object_mut().unwrap().remove("input");
        let parts = ReferenceParts::from(&reference);
        assert_eq!(serde_json::to_value(&parts).unwrap(), expected, "{input:?}");
        assert_eq!(parts.registry, reference.registry().as_str());
        assert_eq!(parts.repository, reference.repository().as_str());
        assert_eq!(parts.tag.as_deref(), reference.tag().map(Tag::as_str));
        assert_eq!(
            parts.digest.as_deref(),
            reference.digest().map(Digest::as_str)
        );
        assert_eq!(
            reference.to_string().parse::<Reference>().unwrap(),
            reference,
            "{input:?}"
        );
    }
}

#[test]
fn each_invalid_case_is_refused_for_its_reason() {
    for case in cases("invalid") {
        let input = case["input"].as_str().unwrap();
        let error = input.parse::<Reference>().expect_err(input);
        assert_eq!(error.code(), case["code"].as_str().unwrap(), "{input:?}");
        let because = case["because"].as_str().unwrap();
        assert!(
            error.message().contains(because),
            "{input:?}: {:?} does not say {because:?}",
            error.message()
        );
    }
}

#[test]
fn no_message_repeats_a_password() {
    for text in [
        "user:hunter2@registry.example/app",
        "https://user:hunter2@registry.example/app",
        "user:hunter2@registry.example",
        "hunter2@app",
        "registry.example/app@hunter2",
    ] {
        let error = text.parse::<Reference>().unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("hunter2"),
            "{error:?}"
        );
    }
    let error = "user:hunter2@registry.example"
        .parse::<Registry>()
        .unwrap_err();
    assert!(
        !format!("{error:?} {error}").contains("hunter2"),
        "{error:?}"
    );
}

#[test]
fn an_invalid_digest_is_the_source_of_the_error() {
    let error = "app@sha256:abc".parse::<Reference>().unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<pierhead::Error>().unwrap();
    assert_eq!(
        (error.kind(), source.kind()),
        (Kind::InvalidReference, Kind::InvalidDigest)
    );
}

#[test]
fn a_manifest_is_asked_for_by_digest_before_tag() {
    let tagged: Reference = "app:v1".parse().unwrap();
    assert_eq!(tagged.identifier(), "v1");
    let digest = Digest::of(Algorithm::Sha256, b"{}");
    let pinned = tagged.clone().with_digest(digest.clone());
    assert_eq!(pinned.identifier(), digest.as_str());
    assert_eq!(
        pinned.to_string(),
        format!("docker.io/library/app:v1@{digest}")
    );
    assert_eq!(pinned.with_tag("v1".parse().unwrap()), tagged);
}

#[test]
fn docker_hub_answers_under_another_name_than_it_has() {
    let hub: Registry = "index.docker.io".parse().unwrap();
    assert_eq!(hub, Registry::docker_hub());
    assert_eq!(
        (hub.as_str(), hub.endpoint_host()),
        ("docker.io", "registry-1.docker.io")
    );
    let other: Registry = "docker.io:443".parse().unwrap();
    assert_eq!(other.endpoint_host(), "docker.io:443");
}

#[test]
fn registries_have_a_host_and_perhaps_a_port() {
    for (text, host, port) in [
        ("registry", "registry", None),
        ("registry:5000", "registry", Some(5000)),
        ("127.0.0.1:80", "127.0.0.1", Some(80)),
        ("[::1]", "[::1]", None),
        ("[0:0::1]:443", "[::1]", Some(443)),
    ] {
        let registry: Registry = text.parse().unwrap();
        assert_eq!((registry.host(), registry.port()), (host, port), "{text}");
    }
}

#[test]
fn a_reference_from_parts_obeys_the_same_rules_as_a_parsed_one() {
    let new = |registry: &str, repository: &str| {
        Reference::new(registry.parse().unwrap(), repository.parse().unwrap())
    };
    assert_eq!(
        new("docker.io", "alpine").unwrap(),
        "alpine".parse().unwrap()
    );
    assert_eq!(
        new("localhost", "a").unwrap(),
        "localhost/a".parse().unwrap()
    );
    assert_eq!(
        new("registry", "a").unwrap_err().kind(),
        Kind::InvalidReference
    );
    assert_eq!(
        new("r.example", &"a".repeat(246)).unwrap_err().kind(),
        Kind::InvalidReference
    );
}

#[test]
fn repositories_and_tags_stand_alone_too() {
    for name in ["a", "a/b", "a-b", "a--b", "a_b", "a__b", "a.b", "0/1"] {
        assert_eq!(name.parse::<RepositoryName>().unwrap().to_string(), name);
    }
    for name in ["", "/", "a/", "A", "a..b", "a___b", "a:b", "a@b", "a.-b"] {
        assert_eq!(
            name.parse::<RepositoryName>().unwrap_err().kind(),
            Kind::InvalidReference,
            "{name}"
        );
    }
    for tag in ["a", "A.b-c_d", "_", "0"] {
        assert_eq!(tag.parse::<Tag>().unwrap().to_string(), tag);
    }
    for tag in ["", ".a", "-a", "a/b", "a:b", "a b", "\u{e9}"] {
        assert_eq!(
            tag.parse::<Tag>().unwrap_err().kind(),
            Kind::InvalidReference,
            "{tag}"
        );
    }
}

fn registry() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9]{0,8}(-[a-z0-9]{1,4})?\\.[a-zA-Z]{2,6}",
        any::<[u8; 4]>().prop_map(|address| std::net::Ipv4Addr::from(address).to_string()),
        any::<[u16; 8]>().prop_map(|address| format!("[{}]", std::net::Ipv6Addr::from(address))),
        Just("localhost".to_owned()),
        Just("docker.io".to_owned()),
        Just("index.docker.io".to_owned()),
    ];
    (host, prop::option::of(1..=u16::MAX)).prop_map(|(host, port)| match port {
        Some(port) => format!("{host}:{port}/"),
        None => format!("{host}/"),
    })
}

proptest! {
    #[test]
    fn whatever_the_grammar_allows_parses_and_comes_back(
        registry in prop_oneof![Just(String::new()), registry()],
        repository in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,4}(\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,3}",
        tag in prop_oneof![Just(String::new()), ":[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}"],
        digest in prop_oneof![Just(String::new()), "@sha256:[0-9a-f]{64}", "@x\\+y:[a-zA-Z0-9=_-]{1,20}"],
    ) {
        let first = repository.split_once('/').map(|(first, _)| first);
        prop_assume!(!registry.is_empty() || !first.is_some_and(|first| first.contains('.') || first == "localhost"));
        let reference: Reference = format!("{registry}{repository}{tag}{digest}").parse().unwrap();
        let shown = reference.to_string();
        prop_assert_eq!(&shown.parse::<Reference>().unwrap(), &reference);
        prop_assert!(reference.repository().as_str().ends_with(&repository));
        prop_assert_eq!(reference.digest().map(|found| format!("@{found}")).unwrap_or_default(), digest.clone());
        let expected_tag = match (tag.strip_prefix(':'), digest.is_empty()) {
            (None, true) => Some("latest"),
            (tag, _) => tag,
        };
        prop_assert_eq!(reference.tag().map(Tag::as_str), expected_tag);
    }

    #[test]
    fn anything_that_parses_comes_back(text in "[aB0./:@_\\[\\]-]{0,16}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        if let Err(error) = text.parse::<Reference>() {
            prop_assert_eq!(error.kind(), Kind::InvalidReference);
        }
    }
}
