//! Copies from registry to registry.

use std::sync::Arc;

use pierhead::Kind;
use pierhead::client::copy::{CopyOptions, RepositoryPlace, copy};
use pierhead::client::{Client, ClientOptions};
use serde_json::{Value, json};

use crate::memory::block_on;
use crate::registry::{Fault, Settings, What, When, World, sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OTHER: &str = "https://other.example";

fn place(world: &World, registry: &str, name: &str) -> RepositoryPlace<World> {
    let options = ClientOptions::default().with_retries(0);
    let client = Client::with_options(world.clone(), registry.parse().unwrap(), options).unwrap();
    RepositoryPlace::new(Arc::new(client), name.parse().unwrap())
}

fn described(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()})
}

/// Two registries; the first has an index of two images under `v1`, and a signature of the index.
fn worlds(source: Settings, target: Settings) -> (World, String) {
    let world = World::of(source);
    world.add(target);
    let index = world.registry(|registry| {
        let repository = registry.store.of("a/b");
        let mut manifests = Vec::new();
        for layer in [b"first layer".as_slice(), b"second"] {
            let config = json!({"layer": layer.len()}).to_string();
            for blob in [config.as_bytes(), layer] {
                repository.put_blob(blob);
            }
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": described("application/vnd.example+json", config.as_bytes()),
                "layers": [described("application/vnd.oci.image.layer.v1.tar", layer)]});
            let bytes = manifest.to_string();
            repository.put_manifest(MANIFEST, bytes.as_bytes(), None);
            manifests.push(described(MANIFEST, bytes.as_bytes()));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string();
        let digest = repository.put_manifest(INDEX, index.as_bytes(), Some("v1"));
        repository.put_blob(b"{}");
        let signature = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.signature",
            "config": described("application/vnd.oci.empty.v1+json", b"{}"), "layers": [], "subject": described(INDEX, index.as_bytes())});
        repository.put_manifest(MANIFEST, signature.to_string().as_bytes(), None);
        digest
    });
    (world, index)
}

fn other() -> Settings {
    Settings {
        origin: OTHER.to_owned(),
        ..Settings::default()
    }
}

fn run(world: &World, to: &RepositoryPlace<World>, options: &CopyOptions) -> pierhead::Result<()> {
    let from = place(world, "https://registry.example/", "a/b");
    block_on(copy(&from, "v1", to, Some("v2"), options, &())).map(|_| ())
}

#[test]
fn an_index_goes_to_another_registry_with_what_refers_to_it() {
    let (world, index) = worlds(Settings::default(), other());
    let to = place(&world, OTHER, "c/d");
    run(&world, &to, &CopyOptions::default().with_referrers(true)).unwrap();
    world.at(OTHER, |registry| {
        let repository = registry.store.of("c/d");
        assert_eq!(repository.resolve("v2"), Some(&index));
        assert_eq!(repository.blobs.len(), 5);
        assert_eq!(repository.referrers(&index, true).len(), 1);
    });
    world.assert_no_stray();
}

#[test]
fn within_a_registry_blobs_are_mounted() {
    let (world, _) = worlds(Settings::default(), other());
    let to = place(&world, "https://registry.example/", "c/d");
    run(&world, &to, &CopyOptions::default()).unwrap();
    assert_eq!(world.count("?mount="), 4, "{:?}", world.lines());
    assert_eq!(world.count("GET /v2/a/b/blobs/"), 0);
    assert_eq!(world.count("PATCH"), 0);
}

#[test]
fn what_refers_to_an_image_goes_to_a_registry_without_their_api() {
    let mut target = other();
    (target.referrers.api, target.referrers.subject) = (false, false);
    let (world, index) = worlds(Settings::default(), target);
    let to = place(&world, OTHER, "c/d");
    run(&world, &to, &CopyOptions::default().with_referrers(true)).unwrap();
    let tag = index.replace(':', "-");
    world.at(OTHER, |registry| {
        assert!(registry.store.of("c/d").resolve(&tag).is_some());
    });
}

#[test]
fn a_copy_that_is_cut_anywhere_is_finished_by_the_next_one() {
    let (world, _) = worlds(Settings::default(), other());
    let to = place(&world, OTHER, "whole");
    run(&world, &to, &CopyOptions::default().with_concurrency(1)).unwrap();
    let requests = world.lines().len() as u64;
    for cut in 1..=requests {
        let (world, index) = worlds(Settings::default(), other());
        let to = place(&world, OTHER, "c/d");
        world.fail(Fault::new("*", "*", What::Refuse).when(When::From(cut)));
        let options = CopyOptions::default().with_concurrency(1);
        let error = run(&world, &to, &options).unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectionFailed, "{cut}");
        world.at(OTHER, |registry| {
            assert_eq!(registry.store.of("c/d").resolve("v2"), None, "{cut}");
        });
        world.heal();
        run(&world, &to, &options).unwrap();
        world.at(OTHER, |registry| {
            assert_eq!(
                registry.store.of("c/d").resolve("v2"),
                Some(&index),
                "{cut}"
            );
        });
    }
}
