//! Manifests as they are pushed, deleted, and read on a condition.

use pierhead::client::{ManifestReference, PushedManifest, PutManifest};
use pierhead::digest::{Algorithm, Digest};
use pierhead::{Kind, Result};
use serde_json::json;

use crate::memory::block_on;
use crate::pages::client;
use crate::registry::{Fault, Settings, What, World};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub fn reference(text: &str) -> ManifestReference {
    text.parse().unwrap()
}

/// What is to be pushed to a reference, if any, and under tags.
pub fn to(reference: &str, tags: &[&str]) -> PutManifest {
    let mut options = PutManifest::default();
    if !reference.is_empty() {
        options.reference = Some(self::reference(reference));
    }
    options.tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    options
}

pub fn put(world: &World, bytes: &[u8], options: PutManifest) -> Result<PushedManifest> {
    let name = "a/b".parse().unwrap();
    block_on(client(world).put_manifest(&name, bytes.to_vec(), options))
}

pub fn delete(world: &World, text: &str) -> Result<()> {
    let name = "a/b".parse().unwrap();
    block_on(client(world).delete_manifest(&name, &reference(text)))
}

fn world() -> World {
    World::of(Settings::default())
}

fn tags(world: &World) -> Vec<String> {
    world.registry(|registry| registry.store.of("a/b").tags.keys().cloned().collect())
}

#[test]
fn a_manifest_is_pushed_in_its_exact_bytes_by_digest_or_tag() {
    let bytes = [b" ", INDEX, b"\n"].concat();
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    for (options, target) in [
        (to("", &[]), digest.as_str()),
        (to(digest.as_str(), &[]), digest.as_str()),
        (to("latest", &[]), "latest"),
        (to("", &["latest"]), "latest"),
        (to("latest", &["latest"]), "latest"),
    ] {
        let world = world();
        let pushed = put(&world, &bytes, options).unwrap();
        assert_eq!(world.lines(), [format!("PUT /v2/a/b/manifests/{target}")]);
        assert_eq!((&pushed.digest, pushed.size), (&digest, bytes.len() as u64));
        assert_eq!(pushed.media_type, OCI_INDEX);
        let logged = &world.log()[0].asked;
        assert_eq!(logged.body, bytes);
        assert_eq!(logged.header("content-type"), Some(OCI_INDEX));
    }
}

#[test]
fn a_manifest_is_known_by_the_algorithm_of_its_digest() {
    let world = world();
    let digest = Digest::of(Algorithm::Sha512, INDEX);
    let pushed = put(&world, INDEX, to(digest.as_str(), &["v1"])).unwrap();
    assert_eq!(pushed.digest, digest);
    assert_eq!(
        world.lines(),
        [format!("PUT /v2/a/b/manifests/{digest}?tag=v1")]
    );
    let other = Digest::of(Algorithm::Sha512, b"");
    let error = put(&world, INDEX, to(other.as_str(), &[])).unwrap_err();
    assert_eq!(error.kind(), Kind::DigestMismatch);
    let error = put(
        &world,
        INDEX,
        to("md5:d41d8cd98f00b204e9800998ecf8427e", &[]),
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::UnsupportedAlgorithm);
    assert_eq!(world.log().len(), 1);
}

#[test]
fn many_tags_go_along_with_the_digest_where_a_registry_takes_them() {
    let names: Vec<String> = (0..12).map(|number| format!("v{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let digest = Digest::of(Algorithm::Sha256, INDEX);
    let world = world();
    let pushed = put(&world, INDEX, to("v00", &names)).unwrap();
    assert_eq!(tags(&world), names);
    let listed: Vec<&str> = pushed.tags.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(listed, names);
    let ten = names[..10].join("&tag=");
    assert_eq!(
        world.lines(),
        [
            format!("PUT /v2/a/b/manifests/{digest}?tag={ten}"),
            format!("PUT /v2/a/b/manifests/{digest}?tag=v10&tag=v11"),
        ]
    );
}

#[test]
fn where_a_registry_takes_no_tags_along_each_is_pushed_to() {
    let settings = Settings {
        tags_at_once: 0,
        ..Settings::default()
    };
    let world = World::of(settings);
    put(&world, INDEX, to("", &["a", "b"])).unwrap();
    assert_eq!(tags(&world), ["a", "b"]);
    let digest = Digest::of(Algorithm::Sha256, INDEX);
    assert_eq!(
        world.lines(),
        [
            format!("PUT /v2/a/b/manifests/{digest}?tag=a&tag=b"),
            format!("PUT /v2/a/b/manifests/{digest}"),
            "PUT /v2/a/b/manifests/a".to_owned(),
            "PUT /v2/a/b/manifests/b".to_owned(),
        ]
    );
    // One that takes some of them, and says so in one field.
    let world = self::world();
    world.fail(Fault::new("PUT", "?tag=", What::header("OCI-Tag", "a , b")));
    put(&world, INDEX, to("", &["a", "b", "c"])).unwrap();
    assert_eq!(world.count("?tag=a&tag=b&tag=c"), 1);
    assert_eq!(world.count("?tag=c"), 1);
    assert_eq!(world.count("manifests/c"), 1);
    assert_eq!(world.log().len(), 3);
}

#[test]
fn what_is_no_manifest_is_refused_before_anything_is_sent() {
    let world = world();
    let own = |media_type: &str| {
        format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[]}}"#)
    };
    for (bytes, given, kind) in [
        ("", None, Kind::InvalidJson),
        ("{", None, Kind::InvalidJson),
        (r#"{"a":1,"a":2}"#, Some("x/y"), Kind::InvalidJson),
        ("{}", None, Kind::InvalidManifest),
        ("{}", Some("x"), Kind::InvalidMediaType),
        (
            r#"{"mediaType":"x/y"}"#,
            Some("x/z"),
            Kind::MediaTypeMismatch,
        ),
        (&own(OCI_INDEX), Some(MANIFEST), Kind::MediaTypeMismatch),
        (&own(MANIFEST), None, Kind::InvalidManifest),
        (
            r#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#,
            None,
            Kind::InvalidManifest,
        ),
        (
            r#"{"schemaVersion":2,"manifests":[],"subject":{}}"#,
            None,
            Kind::InvalidManifest,
        ),
    ] {
        let mut options = to("latest", &[]);
        options.media_type = given.map(str::to_owned);
        let error = put(&world, bytes.as_bytes(), options).unwrap_err();
        assert_eq!(error.kind(), kind, "{bytes} {given:?}");
    }
    let large = [b"{}".as_slice(), &vec![b' '; 8 * 1024 * 1024]].concat();
    assert_eq!(
        put(&world, &large, to("latest", &[])).unwrap_err().kind(),
        Kind::TooLarge
    );
    assert!(world.log().is_empty());
}

#[test]
fn a_media_type_is_sent_without_parameters() {
    let world = world();
    let mut options = to("latest", &[]);
    options.media_type = Some("application/vnd.example.thing+json; charset=utf-8".into());
    let pushed = put(&world, b"{}", options).unwrap();
    assert_eq!(pushed.media_type, "application/vnd.example.thing+json");
    assert_eq!(
        world.log()[0].asked.header("content-type"),
        Some("application/vnd.example.thing+json")
    );
}

#[test]
fn what_the_registry_says_it_got_is_held_against_what_was_sent() {
    for (stated, kind) in [
        (
            Digest::of(Algorithm::Sha256, b"").to_string(),
            Some(Kind::DigestMismatch),
        ),
        ("none".into(), Some(Kind::InvalidHeader)),
        (Digest::of(Algorithm::Sha512, b"").to_string(), None),
    ] {
        let world = world();
        world.fail(Fault::new(
            "PUT",
            "/manifests/",
            What::header("Docker-Content-Digest", stated),
        ));
        let outcome = put(&world, INDEX, to("latest", &[]));
        assert_eq!(outcome.err().map(|error| error.kind()), kind);
    }
    let world = world();
    for status in [304, 413, 500] {
        world.heal();
        world.fail(Fault::new("PUT", "/manifests/", What::status(status)));
        let error = put(&world, INDEX, to("latest", &[])).unwrap_err();
        assert_eq!(error.status(), Some(status));
    }
}

#[test]
fn a_tag_is_deleted_alone_and_a_manifest_with_its_tags() {
    let world = world();
    put(&world, INDEX, to("", &["a", "b", "c"])).unwrap();
    delete(&world, "a").unwrap();
    assert_eq!(tags(&world), ["b", "c"]);
    let digest = Digest::of(Algorithm::Sha256, INDEX);
    delete(&world, digest.as_str()).unwrap();
    assert!(tags(&world).is_empty());
    // Whose referrers the registry keeps, it need not be read.
    assert_eq!(world.count(&format!("GET /v2/a/b/manifests/{digest}")), 0);
    let error = delete(&world, digest.as_str()).unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(404)));
}

#[test]
fn where_deletion_is_off_the_error_says_so() {
    for status in [400, 405] {
        let mut settings = Settings::default();
        (settings.deletes.tags, settings.deletes.manifests) = (Err(status), Err(status));
        let world = World::of(settings);
        put(&world, INDEX, to("a", &[])).unwrap();
        for text in ["a", Digest::of(Algorithm::Sha256, INDEX).as_str()] {
            let error = delete(&world, text).unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (Kind::Unsupported, Some(status))
            );
            assert_eq!(error.entries()[0].code, "UNSUPPORTED");
        }
    }
    // A refusal for another reason is not that.
    let world = world();
    put(&world, INDEX, to("a", &[])).unwrap();
    for (status, code, kind) in [
        (400, "NAME_INVALID", Kind::Registry),
        (403, "DENIED", Kind::Auth),
        (500, "UNKNOWN", Kind::Registry),
    ] {
        world.heal();
        let body = json!({ "errors": [{ "code": code }] });
        let answer = crate::registry::Answer::new(status).json(&body);
        world.fail(Fault::new("DELETE", "/manifests/", What::Instead(answer)));
        assert_eq!(delete(&world, "a").unwrap_err().kind(), kind);
    }
}

#[test]
fn a_manifest_that_is_known_is_not_read_again() {
    let world = world();
    put(&world, INDEX, to("a", &[])).unwrap();
    let client = client(&world);
    let name = "a/b".parse().unwrap();
    let tag = reference("a");
    let first = block_on(client.manifest(&name, &tag, None)).unwrap();
    let etag = first.etag.unwrap();
    let known = block_on(client.raw_manifest_unless(&name, &tag, None, &etag)).unwrap();
    assert!(known.is_none());
    let last = world.log().pop().unwrap();
    assert_eq!(last.asked.header("if-none-match"), Some(etag.as_str()));
    let other = block_on(client.raw_manifest_unless(&name, &tag, None, "\"other\"")).unwrap();
    assert_eq!(other.unwrap().bytes, INDEX);
}

#[test]
fn where_there_is_no_etag_a_manifest_is_known_by_its_digest() {
    let settings = Settings {
        etags: false,
        ..Settings::default()
    };
    let world = World::of(settings);
    put(&world, INDEX, to("a", &[])).unwrap();
    let client = client(&world);
    let (name, tag) = ("a/b".parse().unwrap(), reference("a"));
    let read = block_on(client.raw_manifest(&name, &tag, None)).unwrap();
    assert_eq!(read.etag, None);
    let known = client.raw_manifest_unless(&name, &tag, None, read.digest.as_str());
    assert!(block_on(known).unwrap().is_none());
    let last = world.lines().pop().unwrap();
    assert_eq!(last, "HEAD /v2/a/b/manifests/a");
    let other = Digest::of(Algorithm::Sha256, b"").to_string();
    let read = block_on(client.raw_manifest_unless(&name, &tag, None, &other)).unwrap();
    assert_eq!(read.unwrap().bytes, INDEX);
}

#[test]
fn an_answer_to_a_condition_that_was_not_set_is_an_error() {
    let world = world();
    put(&world, INDEX, to("a", &[])).unwrap();
    world.fail(Fault::new("GET", "/manifests/", What::status(304)));
    let client = client(&world);
    let (name, tag) = ("a/b".parse().unwrap(), reference("a"));
    let read = client.manifest(&name, &tag, None);
    assert_eq!(block_on(read).unwrap_err().kind(), Kind::UnexpectedResponse);
}
