//! What refers to a manifest: by the registry's API, and by the tag that clients keep where there is none.

use pierhead::Kind;
use pierhead::client::Client;
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::Descriptor;
use serde_json::{Value, json};

use crate::manifests::{MANIFEST, put, to};
use crate::memory::block_on;
use crate::pages::client;
use crate::registry::{Answer, Fault, Filter, Settings, Unknown, What, When, World};

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const SIGNATURE: &str = "application/vnd.example.signature";

pub fn subject() -> Digest {
    Digest::of(Algorithm::Sha256, b"subject")
}

/// The tag of the subject's referrers.
pub fn tag() -> String {
    subject().as_str().replace(':', "-")
}

/// A manifest that refers to the subject.
pub fn artifact(artifact_type: Option<&str>, number: usize) -> Vec<u8> {
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(Algorithm::Sha256, b"{}").as_str(), "size": 2 },
        "layers": [],
        "subject": { "mediaType": MANIFEST, "digest": subject().as_str(), "size": 7 },
        "annotations": { "number": number.to_string(), "é\n\"": "\u{1}" },
    });
    if let Some(artifact_type) = artifact_type {
        manifest["artifactType"] = artifact_type.into();
    }
    manifest.to_string().into_bytes()
}

pub fn of(settings: Settings) -> World {
    let world = World::of(settings);
    world.registry(|registry| registry.store.of("a/b").put_blob(b"{}"));
    world
}

/// A registry without the API.
pub fn without_api(change: impl FnOnce(&mut Settings)) -> World {
    let mut settings = Settings::default();
    (settings.referrers.api, settings.referrers.subject) = (false, false);
    change(&mut settings);
    of(settings)
}

pub fn list_with(
    client: &Client<World>,
    artifact_type: Option<&str>,
) -> pierhead::Result<Vec<Descriptor>> {
    let mut pages = client.referrers(&"a/b".parse().unwrap(), &subject(), artifact_type)?;
    block_on(async {
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            assert!(!page.is_empty());
            all.extend(page);
        }
        Ok(all)
    })
}

pub fn list(world: &World, artifact_type: Option<&str>) -> Vec<Descriptor> {
    list_with(&client(world), artifact_type).unwrap()
}

/// The entries of the index under the fallback tag.
pub fn fallback(world: &World) -> Option<Vec<Value>> {
    world.registry(|registry| {
        let repository = registry.store.of("a/b");
        let digest = repository.tags.get(&tag())?;
        let index: Value = serde_json::from_slice(&repository.manifests[digest].bytes).unwrap();
        assert_eq!(repository.manifests[digest].media_type, OCI_INDEX);
        Some(index["manifests"].as_array().unwrap().clone())
    })
}

pub fn put_under_tag(world: &World, media_type: &str, bytes: &[u8]) {
    world.registry(|registry| {
        registry
            .store
            .of("a/b")
            .put_manifest(media_type, bytes, Some(&tag()))
    });
}

#[test]
fn referrers_come_with_their_types_and_annotations_in_pages() {
    let mut settings = Settings::default();
    settings.pages.max = 3;
    let world = of(settings);
    for number in 0..7 {
        put(&world, &artifact(Some(SIGNATURE), number), to("", &[])).unwrap();
    }
    put(&world, &artifact(None, 7), to("", &[])).unwrap();
    let before = world.log().len();
    let all = list(&world, None);
    assert_eq!(all.len(), 8);
    assert_eq!(world.log().len() - before, 3);
    assert!(
        all.iter()
            .all(|descriptor| descriptor.annotations.get("number").is_some())
    );
    let typed = list(&world, Some(SIGNATURE));
    assert_eq!(typed.len(), 7);
    assert_eq!(fallback(&world), None, "the registry keeps the list");
}

#[test]
fn a_list_is_filtered_here_where_the_registry_does_not() {
    for filter in [Filter::Applied, Filter::AppliedByValue, Filter::Ignored] {
        let mut settings = Settings::default();
        settings.referrers.filter = filter;
        settings.pages.max = 2;
        let world = of(settings);
        for number in 0..6 {
            let artifact_type = if number % 3 == 0 { SIGNATURE } else { "x/y" };
            put(&world, &artifact(Some(artifact_type), number), to("", &[])).unwrap();
        }
        let typed = list(&world, Some(SIGNATURE));
        assert_eq!(typed.len(), 2, "{filter:?}");
        assert!(
            typed
                .iter()
                .all(|one| one.artifact_type.as_deref() == Some(SIGNATURE))
        );
        assert!(
            world
                .log()
                .last()
                .unwrap()
                .asked
                .url
                .contains("artifactType=")
        );
        assert!(list(&world, Some("z/z")).is_empty());
    }
}

#[test]
fn what_nobody_knows_of_has_no_referrers() {
    for unknown in [
        Unknown::EmptyIndex,
        Unknown::EmptyObject,
        Unknown::BadRequest,
    ] {
        let mut settings = Settings::default();
        settings.referrers.unknown = unknown;
        assert!(list(&of(settings), None).is_empty(), "{unknown:?}");
    }
    assert!(
        list(&World::of(Settings::default()), None).is_empty(),
        "no such repository"
    );
}

#[test]
fn where_there_is_no_api_the_tag_is_read_however_that_is_said() {
    let html = What::html(200);
    let json = |status: u16| What::Instead(Answer::new(status).json(&json!({})));
    for (what, remembered) in [
        (json(404), true),
        (json(405), true),
        (json(501), true),
        (json(400), false),
        (json(200), false),
        (html, false),
        (What::html(404), true),
    ] {
        let world = without_api(|_| {});
        put(&world, &artifact(Some(SIGNATURE), 0), to("", &[])).unwrap();
        put(&world, &artifact(Some("x/y"), 1), to("", &[])).unwrap();
        let told = format!("{what:?}");
        world.fail(Fault::new("GET", "/referrers/", what));
        let client = client(&world);
        assert_eq!(list_with(&client, None).unwrap().len(), 2, "{told}");
        let typed = list_with(&client, Some(SIGNATURE)).unwrap();
        assert_eq!(typed.len(), 1);
        assert_eq!(typed[0].annotations.get("number"), Some("0"));
        let asked = world.count("/referrers/");
        assert_eq!(asked, if remembered { 1 } else { 2 }, "{told}");
        world.advance(5 * 60_000);
        list_with(&client, None).unwrap();
        assert_eq!(
            world.count("/referrers/"),
            asked + 1,
            "it is asked again in time"
        );
    }
}

#[test]
fn a_failure_is_not_taken_for_no_api() {
    for (what, kind) in [
        (What::status(500), Kind::Registry),
        (What::status(403), Kind::Auth),
        (What::Refuse, Kind::ConnectionFailed),
        (
            What::Instead(Answer::new(200).with_body(OCI_INDEX, b"{")),
            Kind::InvalidJson,
        ),
        (
            What::Instead(Answer::new(200).with_body(
                OCI_INDEX,
                br#"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#,
            )),
            Kind::InvalidManifest,
        ),
    ] {
        let world = of(Settings::default());
        world.fail(Fault::new("GET", "/referrers/", what));
        let error = list_with(&client(&world), None).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(world.count("/manifests/"), 0);
    }
    // On a later page even what else would mean that is none.
    let mut settings = Settings::default();
    settings.pages.max = 1;
    let world = of(settings);
    for number in 0..2 {
        put(&world, &artifact(None, number), to("", &[])).unwrap();
    }
    world.fail(Fault::new("GET", "/referrers/", What::html(200)).when(When::From(2)));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidJson);
}

#[test]
fn a_circle_of_pages_of_referrers_ends() {
    let world = of(Settings::default());
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    world.fail(Fault::new("GET", "/referrers/", What::page_of_itself()));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::UnexpectedResponse);
    world.heal();
    world.fail(Fault::new("GET", "/referrers/", What::pages_for_ever()));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::UnexpectedResponse);
}

#[test]
fn what_is_no_index_under_the_tag_lists_nothing_and_is_left_alone() {
    for (media_type, bytes) in [
        (MANIFEST, artifact(None, 9)),
        ("application/vnd.docker.distribution.manifest.list.v2+json",
            br#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}"#.to_vec()),
    ] {
        let world = without_api(|_| {});
        put_under_tag(&world, media_type, &bytes);
        assert!(list(&world, None).is_empty());
        let pushed = artifact(None, 0);
        let error = put(&world, &pushed, to("", &[])).unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedResponse);
        world.registry(|registry| {
            let repository = registry.store.of("a/b");
            assert_eq!(repository.manifests[&repository.tags[&tag()]].bytes, bytes);
            let digest = Digest::of(Algorithm::Sha256, &pushed).to_string();
            assert!(repository.manifests.contains_key(&digest), "it was pushed");
        });
    }
}

#[test]
fn a_thousand_referrers_take_as_many_requests_as_pages() {
    let mut settings = Settings::default();
    settings.pages.max = 100;
    let world = of(settings);
    world.registry(|registry| {
        for number in 0..1000 {
            registry.store.of("a/b").put_manifest(
                MANIFEST,
                &artifact(Some(SIGNATURE), number),
                None,
            );
        }
    });
    assert_eq!(list(&world, None).len(), 1000);
    assert_eq!(world.log().len(), 10);
}
