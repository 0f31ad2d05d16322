//! Copies of what is embedded in its descriptor (image specification, `descriptor.md`, "Embedded Content").

use std::sync::Arc;

use pierhead::client::copy::{CopyOptions, Platforms, RepositoryPlace, copy};
use pierhead::client::{Client, ClientOptions};
use pierhead::{Kind, Result};
use serde_json::{Value, json};

use crate::memory::block_on;
use crate::registry::{Answer, Fault, Settings, What, World, sha256};

const SOURCE: &str = "https://registry.example";
const TARGET: &str = "https://other.example";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(*group.get(at).unwrap_or(&0))
        });
        for at in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at <= group.len() { digit } else { '=' });
        }
    }
    text
}

fn embedded(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len(), "data": base64(bytes)})
}

fn image(config: &Value, layers: &[Value]) -> Vec<u8> {
    let image =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    image.to_string().into_bytes()
}

/// A registry that has a manifest or index under `v1`, and these blobs; and an empty one beside it.
fn world(media_type: &str, root: &[u8], blobs: &[&[u8]]) -> World {
    let world = World::of(Settings::default());
    world.add(Settings {
        origin: TARGET.to_owned(),
        ..Settings::default()
    });
    world.registry(|registry| {
        let repository = registry.store.of("a/b");
        for blob in blobs {
            repository.put_blob(blob);
        }
        repository.put_manifest(media_type, root, Some("v1"));
    });
    world
}

fn place(world: &World, registry: &str) -> RepositoryPlace<World> {
    let options = ClientOptions::default().with_retries(0);
    let client = Client::with_options(world.clone(), registry.parse().unwrap(), options).unwrap();
    RepositoryPlace::new(Arc::new(client), "a/b".parse().unwrap())
}

fn run(world: &World, options: &CopyOptions) -> Result<()> {
    let (from, to) = (place(world, SOURCE), place(world, TARGET));
    block_on(copy(&from, "v1", &to, Some("v1"), options, &())).map(|_| ())
}

/// What the source was asked for.
fn reads(world: &World) -> usize {
    world.count("GET /v2/")
}

fn has(world: &World, bytes: &[u8]) -> bool {
    world.at(TARGET, |registry| {
        registry.store.of("a/b").blobs.get(&sha256(bytes)) == Some(&bytes.to_vec())
    })
}

#[test]
fn blobs_that_are_embedded_are_pushed_without_a_look_at_the_source() {
    // Beyond what goes with the request that opens an upload, and nothing at all.
    let large = vec![7; 300_000];
    for layer in [b"a layer".as_slice(), &large, b""] {
        let layers = [embedded(LAYER, layer)];
        let root = image(
            &embedded("application/vnd.oci.empty.v1+json", b"{}"),
            &layers,
        );
        let world = world(MANIFEST, &root, &[]);
        run(&world, &CopyOptions::default()).unwrap();
        assert_eq!(reads(&world), 1, "{:?}", world.lines());
        assert!(has(&world, layer) && has(&world, b"{}"));
        world.assert_no_stray();

        run(&world, &CopyOptions::default()).unwrap();
        assert_eq!(world.count(&format!("POST {TARGET}/")), 2);
    }
}

#[test]
fn manifests_that_are_embedded_in_an_index_are_not_read() {
    let manifest = image(
        &embedded("application/vnd.oci.empty.v1+json", b"{}"),
        &[embedded(LAYER, b"a layer")],
    );
    let mut entry = embedded(MANIFEST, &manifest);
    entry["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).to_string();
    let image = Platforms::Image("linux/amd64".parse().unwrap());
    for platforms in [Platforms::All, image] {
        let world = world(INDEX, index.as_bytes(), &[]);
        run(&world, &CopyOptions::default().with_platforms(platforms)).unwrap();
        assert_eq!(reads(&world), 1, "{:?}", world.lines());
        world.at(TARGET, |registry| {
            let repository = registry.store.of("a/b");
            assert!(repository.manifests.contains_key(&sha256(&manifest)));
        });
    }
}

#[test]
fn what_is_embedded_and_something_else_is_read_and_verified() {
    let right = b"a layer".as_slice();
    let wrong = [
        ("other bytes", base64(b"a liar!")),
        ("fewer bytes", base64(b"a laye")),
        ("more bytes", base64(b"a layer, and more")),
        ("no Base 64", "a layer!".to_owned()),
        (
            "Base 64 that Go alone takes",
            format!("{}\n", base64(right)),
        ),
        ("nothing", String::new()),
    ];
    for (what, data) in wrong {
        let mut layer = embedded(LAYER, right);
        layer["data"] = json!(data);
        let root = image(
            &embedded("application/vnd.oci.empty.v1+json", b"{}"),
            &[layer],
        );
        let there = world(MANIFEST, &root, &[right]);
        run(&there, &CopyOptions::default()).unwrap();
        assert_eq!(reads(&there), 2, "{what}: {:?}", there.lines());
        assert!(has(&there, right), "{what}");

        let missing = world(MANIFEST, &root, &[]);
        let error = run(&missing, &CopyOptions::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Registry, "{what}");
        assert!(!has(&missing, right), "{what}");
    }
}

#[test]
fn data_that_is_no_text_is_passed_over_as_what_is_no_base_64_is() {
    let mut layer = embedded(LAYER, b"a layer");
    layer["data"] = json!({"a": "layer"});
    let root = image(
        &embedded("application/vnd.oci.empty.v1+json", b"{}"),
        &[layer],
    );
    let world = world(MANIFEST, &root, &[b"a layer"]);
    run(&world, &CopyOptions::default()).unwrap();
    assert_eq!(reads(&world), 2, "{:?}", world.lines());
}

#[test]
fn what_a_list_of_referrers_embeds_is_used_as_well() {
    let root = image(&embedded("application/vnd.oci.empty.v1+json", b"{}"), &[]);
    let signature = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": embedded("application/vnd.oci.empty.v1+json", b"{}"),
        "subject": {"mediaType": MANIFEST, "digest": sha256(&root), "size": root.len()}});
    let signature = signature.to_string().into_bytes();
    let world = world(MANIFEST, &root, &[]);
    for (subject, found) in [
        (&root, vec![embedded(MANIFEST, &signature)]),
        (&signature, vec![]),
    ] {
        let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).to_string();
        world.fail(Fault::new(
            "GET",
            &format!("registry.example/*/referrers/{}", sha256(subject)),
            What::Instead(Answer::new(200).with_body(INDEX, list.as_bytes())),
        ));
    }
    run(&world, &CopyOptions::default().with_referrers(true)).unwrap();
    // The image, and twice what refers to something.
    assert_eq!(reads(&world), 3, "{:?}", world.lines());
    world.at(TARGET, |registry| {
        let repository = registry.store.of("a/b");
        assert!(repository.manifests.contains_key(&sha256(&signature)));
    });
}
