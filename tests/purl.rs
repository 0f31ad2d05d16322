//! Package URLs, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::Kind;
use pierhead::purl::{Purl, PurlType};
use pierhead::reference::Reference;
use proptest::prelude::*;
use serde_json::{Value, json};

const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn reference(text: &str) -> Reference {
    text.replace("DIGEST", &format!("sha256:{HEX}"))
        .parse()
        .unwrap()
}

fn purl(text: &str) -> Purl {
    text.replace("DIGEST", &format!("sha256:{HEX}"))
        .parse()
        .unwrap()
}

fn written(purl_type: PurlType, from: &str) -> String {
    let text = Purl::new(purl_type, &reference(from)).to_string();
    text.replace(&format!("sha256:{HEX}"), "DIGEST")
}

#[test]
fn an_oci_purl_has_the_digest_for_its_version_and_the_rest_in_qualifiers() {
    for (reference, purl) in [
        (
            "alpine",
            "pkg:oci/alpine?repository_url=docker.io%2Flibrary%2Falpine&tag=latest",
        ),
        (
            "ghcr.io/a/b/c:1.0@DIGEST",
            "pkg:oci/c@DIGEST?repository_url=ghcr.io%2Fa%2Fb%2Fc&tag=1.0",
        ),
        (
            "localhost:5000/a@DIGEST",
            "pkg:oci/a@DIGEST?repository_url=localhost:5000%2Fa",
        ),
        (
            "[::1]/a_b",
            "pkg:oci/a_b?repository_url=%5B::1%5D%2Fa_b&tag=latest",
        ),
    ] {
        assert_eq!(written(PurlType::Oci, reference), purl);
    }
    let purl = Purl::new(PurlType::Oci, &reference("ghcr.io/a/b:1")).with_arch("arm64");
    assert_eq!(
        purl.to_string(),
        "pkg:oci/b?arch=arm64&repository_url=ghcr.io%2Fa%2Fb&tag=1"
    );
    assert_eq!(purl.clone().with_arch(""), purl);
}

#[test]
fn a_docker_purl_has_digest_or_tag_for_its_version() {
    for (reference, purl) in [
        ("alpine", "pkg:docker/alpine@latest"),
        ("owner/app:1.0", "pkg:docker/owner/app@1.0"),
        (
            "docker.io/a.b/c:1",
            "pkg:docker/a.b/c@1?repository_url=docker.io",
        ),
        (
            "localhost/localhost/c:1",
            "pkg:docker/localhost/c@1?repository_url=localhost",
        ),
        ("alpine:3@DIGEST", "pkg:docker/alpine@DIGEST"),
        (
            "gcr.io/customer/image@DIGEST",
            "pkg:docker/customer/image@DIGEST?repository_url=gcr.io",
        ),
        ("gcr.io/a/b/c:1", "pkg:docker/a/b/c@1?repository_url=gcr.io"),
        (
            "localhost:5000/a",
            "pkg:docker/a@latest?repository_url=localhost:5000",
        ),
        (
            "ghcr.io/library/a",
            "pkg:docker/library/a@latest?repository_url=ghcr.io",
        ),
    ] {
        assert_eq!(written(PurlType::Docker, reference), purl);
    }
}

#[test]
fn every_spelling_is_read_and_the_canonical_one_written() {
    for (text, canonical) in [
        (
            "pkg:oci/app@sha256%3Aabc?tag=latest&arch=amd64",
            "pkg:oci/app@sha256:abc?arch=amd64&tag=latest",
        ),
        ("PKG://OCI//App", "pkg:oci/app"),
        ("pkg:docker/Upper/Case", "pkg:docker/Upper/Case"),
        ("pkg:docker//a//b///c/@1", "pkg:docker/a/b/c@1"),
        (
            "pkg:docker/a%20b/c%2Fd@e%40f",
            "pkg:docker/a%20b/c%2Fd@e%40f",
        ),
        ("pkg:docker/a%2eb@%31", "pkg:docker/a.b@1"),
        ("pkg:docker/a/", "pkg:docker/a"),
        ("pkg:docker/a@", "pkg:docker/a"),
        ("pkg:docker/a?", "pkg:docker/a"),
        ("pkg:docker/a?b=&c=1&&", "pkg:docker/a?c=1"),
        ("pkg:docker/a?Tag=b%26c=d", "pkg:docker/a?tag=b%26c%3Dd"),
        ("pkg:docker/a#/b//./%2e%2E/c%20/", "pkg:docker/a#b/c%20"),
        ("pkg:docker/a@1?b=c#d", "pkg:docker/a@1?b=c#d"),
        ("pkg:docker/%C3%A9", "pkg:docker/%C3%A9"),
        ("pkg:docker/a~b_c-d.e", "pkg:docker/a~b_c-d.e"),
    ] {
        assert_eq!(purl(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn the_parts_are_decoded() {
    let purl = purl("pkg:docker/a/b%20c/d@sha256%3A12?repository_url=gcr.io%3A443&x.y-z_=1#e/f");
    assert_eq!(purl.namespace.as_deref(), Some("a/b c"));
    assert_eq!(purl.name, "d");
    assert_eq!(purl.version.as_deref(), Some("sha256:12"));
    assert_eq!(purl.qualifiers["repository_url"], "gcr.io:443");
    assert_eq!(purl.qualifiers["x.y-z_"], "1");
    assert_eq!(purl.subpath.as_deref(), Some("e/f"));
}

/// What is true of JavaScript's as well.
fn fixtures() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/purl.json");
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text.replace("DIGEST", &format!("sha256:{HEX}"))).unwrap()
}

#[test]
fn what_is_no_purl_of_these_types_is_refused() {
    for text in fixtures()["refused"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        match text.parse::<Purl>() {
            Ok(purl) => panic!("{text} was read as {purl}"),
            Err(error) => assert_eq!(error.kind(), Kind::InvalidPurl, "{text}"),
        }
    }
}

#[test]
fn references_are_written_as_javascript_writes_them() {
    for case in fixtures()["written"].as_array().unwrap() {
        let reference = case["reference"].as_str().unwrap().parse().unwrap();
        for purl_type in [PurlType::Oci, PurlType::Docker] {
            let written = Purl::new(purl_type, &reference).to_string();
            assert_eq!(written, case[purl_type.as_str()].as_str().unwrap());
        }
    }
}

#[test]
fn purls_are_read_as_javascript_reads_them() {
    for case in fixtures()["read"].as_array().unwrap() {
        let purl: Purl = case["purl"].as_str().unwrap().parse().unwrap();
        let mut parts = json!({"type": purl.purl_type.as_str(), "name": purl.name, "qualifiers": purl.qualifiers});
        for (key, part) in [
            ("namespace", &purl.namespace),
            ("version", &purl.version),
            ("subpath", &purl.subpath),
        ] {
            if let Some(part) = part {
                parts[key] = json!(part);
            }
        }
        assert_eq!(parts, case["parts"], "{}", case["purl"]);
        let reference = purl.reference().map(|reference| reference.to_string());
        assert_eq!(
            reference.as_deref(),
            case["reference"].as_str(),
            "{}",
            case["purl"]
        );
    }
}

#[test]
fn a_purl_leads_back_to_a_reference_if_it_says_where_it_is() {
    for (text, expected) in [
        (
            "pkg:oci/app@DIGEST?repository_url=ghcr.io/owner/app&tag=1",
            "ghcr.io/owner/app:1@DIGEST",
        ),
        (
            "pkg:oci/app?repository_url=https://ghcr.io/owner/app/",
            "ghcr.io/owner/app:latest",
        ),
        ("pkg:docker/cassandra@4", "docker.io/library/cassandra:4"),
        (
            "pkg:docker/customer/image@DIGEST?repository_url=gcr.io",
            "gcr.io/customer/image@DIGEST",
        ),
        (
            "pkg:docker/gcr.io/customer/image@1",
            "gcr.io/customer/image:1",
        ),
        (
            "pkg:docker/a?repository_url=localhost:5000",
            "localhost:5000/a:latest",
        ),
    ] {
        assert_eq!(purl(text).reference(), Some(reference(expected)), "{text}");
    }
    for text in [
        "pkg:oci/app@DIGEST",
        "pkg:oci/app@sha256:244fd47e07d10?repository_url=ghcr.io/app",
        "pkg:oci/app@1.0?repository_url=ghcr.io/app",
        "pkg:oci/app?repository_url=ghcr.io/owner",
        "pkg:oci/app?repository_url=app",
        "pkg:oci/app?repository_url=ghcr.io/app&tag=-",
        "pkg:docker/Upper",
        "pkg:docker/a%20b",
        "pkg:docker/a@sha256:12",
    ] {
        assert_eq!(purl(text).reference(), None, "{text}");
    }
}

fn any_reference() -> impl Strategy<Value = Reference> {
    let registry = "(docker\\.io|[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?|localhost|\\[::1\\]:80)";
    (
        registry,
        "[a-z0-9]{1,6}((\\.|_|__|-{1,3}|/)[a-z0-9]{1,4}){0,4}",
        "(:[A-Za-z0-9_][A-Za-z0-9._-]{0,9})?",
        proptest::bool::ANY,
    )
        .prop_map(|(registry, repository, tag, pinned)| {
            let digest = if pinned { "@DIGEST" } else { "" };
            reference(&format!("{registry}/{repository}{tag}{digest}"))
        })
}

proptest! {
    #[test]
    fn an_oci_purl_of_a_reference_leads_back_to_it(reference in any_reference()) {
        let purl = Purl::new(PurlType::Oci, &reference);
        let again: Purl = purl.to_string().parse().unwrap();
        prop_assert_eq!(&again, &purl);
        prop_assert_eq!(again.reference(), Some(reference));
    }

    #[test]
    fn a_docker_purl_of_a_reference_leads_back_to_it_but_for_a_tag_beside_a_digest(reference in any_reference()) {
        let purl = Purl::new(PurlType::Docker, &reference);
        let again: Purl = purl.to_string().parse().unwrap();
        prop_assert_eq!(&again, &purl);
        let back = again.reference().unwrap();
        prop_assert_eq!(back.registry(), reference.registry());
        prop_assert_eq!(back.repository(), reference.repository());
        prop_assert_eq!(back.identifier(), reference.identifier());
    }

    #[test]
    fn what_is_written_is_read_to_the_same(
        namespace in proptest::option::of("[^/]{1,4}(/[^/]{1,4})?"), name in "\\PC{1,8}", version in proptest::option::of("\\PC{1,8}"),
        qualifiers in proptest::collection::btree_map("[a-z][a-z0-9._-]{0,5}", "\\PC{1,8}", 0..4)
    ) {
        let mut purl: Purl = "pkg:docker/a".parse().unwrap();
        (purl.namespace, purl.name, purl.version, purl.qualifiers) = (namespace, name, version, qualifiers);
        let text = purl.to_string();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~%:/@?=&#".contains(&byte)), "{}", text);
        prop_assert_eq!(text.parse::<Purl>().unwrap(), purl);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(pkg:(oci|docker)/)?[a-z@?#%&=/2f:.]{0,30}|\\PC{0,30}") {
        if let Ok(purl) = text.parse::<Purl>() {
            let _ = purl.reference();
            prop_assert_eq!(purl.to_string().parse::<Purl>().unwrap(), purl);
        }
    }
}
