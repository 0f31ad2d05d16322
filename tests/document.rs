//! Documents: what they are taken for, what they point at, and what is refused.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::fs;
use std::path::Path;

use pierhead::Kind as ErrorKind;
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::{Document, Kind};
use pierhead::rules::{Options, validate};
use proptest::prelude::*;
use serde_json::json;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

#[test]
fn a_document_is_what_it_is_declared_to_be_else_what_it_says_else_what_it_looks_like() {
    for (text, declared, kind, media_type) in [
        (
            json!({"schemaVersion": 2}),
            Some(MANIFEST),
            Kind::ImageManifest,
            Some(MANIFEST),
        ),
        (
            json!({"schemaVersion": 2}),
            Some("application/vnd.oci.image.index.v1+json ; charset=utf-8"),
            Kind::ImageIndex,
            Some(INDEX),
        ),
        (
            json!({"mediaType": MANIFEST}),
            Some("Application/VND.oci.image.manifest.v1+JSON"),
            Kind::ImageManifest,
            Some(MANIFEST),
        ),
        (
            json!({"rootfs": {}}),
            Some("a/b"),
            Kind::Unknown,
            Some("a/b"),
        ),
        (
            json!({"mediaType": DOCKER_MANIFEST}),
            None,
            Kind::DockerManifest,
            Some(DOCKER_MANIFEST),
        ),
        (
            json!({"mediaType": INDEX, "manifests": []}),
            None,
            Kind::ImageIndex,
            Some(INDEX),
        ),
        (
            json!({"mediaType": "a/b"}),
            None,
            Kind::Unknown,
            Some("a/b"),
        ),
        (
            json!({"mediaType": "", "manifests": []}),
            None,
            Kind::ImageIndex,
            Some(INDEX),
        ),
        (
            json!({"manifests": []}),
            None,
            Kind::ImageIndex,
            Some(INDEX),
        ),
        (
            json!({"manifests": [], "layers": null, "config": null}),
            None,
            Kind::ImageIndex,
            Some(INDEX),
        ),
        (
            json!({"config": {}, "layers": []}),
            None,
            Kind::ImageManifest,
            Some(MANIFEST),
        ),
        (
            json!({"config": {}, "rootfs": {}, "architecture": "amd64"}),
            None,
            Kind::ImageConfig,
            Some(CONFIG),
        ),
        (
            json!({"imageLayoutVersion": "1.0.0"}),
            None,
            Kind::ImageLayout,
            Some("application/vnd.oci.layout.header.v1+json"),
        ),
        (
            json!({"mediaType": MANIFEST, "digest": DIGEST, "size": 2}),
            None,
            Kind::Descriptor,
            Some("application/vnd.oci.descriptor.v1+json"),
        ),
        (
            json!({"schemaVersion": 1, "fsLayers": []}),
            Some("application/vnd.docker.distribution.manifest.v1+prettyjws"),
            Kind::DockerSchema1,
            Some("application/vnd.docker.distribution.manifest.v1+prettyjws"),
        ),
        (
            json!({"schemaVersion": 1, "fsLayers": [], "history": []}),
            None,
            Kind::DockerSchema1,
            Some("application/vnd.docker.distribution.manifest.v1+json"),
        ),
        (
            json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []}),
            None,
            Kind::ArtifactManifest,
            Some("application/vnd.oci.artifact.manifest.v1+json"),
        ),
        (json!({}), None, Kind::Unknown, None),
        (json!([MANIFEST]), None, Kind::Unknown, None),
        (json!("manifests"), None, Kind::Unknown, None),
    ] {
        let document = Document::parse(text.to_string().into(), declared).unwrap();
        assert_eq!(
            (document.kind(), document.media_type()),
            (kind, media_type),
            "{text} as {declared:?}"
        );
        assert_eq!(kind.media_type().map_or(Kind::Unknown, Kind::of), kind);
    }
}

#[test]
fn a_media_type_of_its_own_has_the_case_that_readers_compare_it_in() {
    for media_type in [MANIFEST, DOCKER_MANIFEST, INDEX] {
        let text = json!({"schemaVersion": 2, "mediaType": media_type.to_uppercase()}).to_string();
        for declared in [None, Some(media_type)] {
            let error = Document::parse(text.clone().into(), declared).unwrap_err();
            assert_eq!(error.code(), "MEDIA_TYPE_MISMATCH", "{text}");
        }
    }
}

#[test]
fn kinds_have_names() {
    for (kind, name) in [
        (Kind::ImageManifest, "image-manifest"),
        (Kind::ImageIndex, "image-index"),
        (Kind::ImageConfig, "image-config"),
        (Kind::Descriptor, "descriptor"),
        (Kind::ImageLayout, "image-layout"),
        (Kind::DockerManifest, "docker-manifest"),
        (Kind::DockerManifestList, "docker-manifest-list"),
        (Kind::DockerConfig, "docker-config"),
        (Kind::DockerSchema1, "docker-schema1"),
        (Kind::ArtifactManifest, "artifact-manifest"),
        (Kind::Unknown, "unknown"),
    ] {
        assert_eq!(kind.as_str(), name);
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
    }
}

#[test]
fn bytes_are_kept_exactly() {
    let bytes = b"\n{ \"schemaVersion\":2,\t\"manifests\" : [ ], \"unknown\": 1.50, \"\\u0061\": \"\\u00e9\" }\r\n".to_vec();
    let document = Document::parse(bytes.clone(), None).unwrap();
    assert_eq!(document.bytes(), bytes);
    assert_eq!(
        document.digest(Algorithm::Sha256).as_str(),
        "sha256:c87ac232d2ebf4b46f0f7a7f7ab653ff85f5c662da521b8f4a104645a23486d6"
    );
    assert_eq!(document.into_bytes(), bytes);
}

#[test]
fn a_manifest_points_at_its_config_layers_and_subject() {
    let manifest = Document::parse(valid("image-manifest"), None).unwrap();
    assert_eq!(manifest.config().unwrap().unwrap().media_type, CONFIG);
    assert_eq!(
        manifest
            .layers()
            .unwrap()
            .iter()
            .map(|layer| layer.size)
            .collect::<Vec<_>>(),
        [3_642_247, 0]
    );
    assert_eq!(
        (manifest.manifests().unwrap(), manifest.subject().unwrap()),
        (Vec::new(), None)
    );

    let artifact = Document::parse(valid("artifact"), Some(MANIFEST)).unwrap();
    assert_eq!(artifact.subject().unwrap().unwrap().size, 16_724);
    let layer = artifact.layers().unwrap().remove(0);
    assert_eq!(
        layer.annotations.get("org.opencontainers.image.title"),
        Some("sbom.spdx.json")
    );

    let docker = Document::parse(valid("docker-manifest"), None).unwrap();
    assert_eq!(docker.kind(), Kind::DockerManifest);
    assert_eq!(docker.layers().unwrap()[1].urls.len(), 1);
    assert_eq!(docker.config().unwrap().unwrap().size, 1457);
}

#[test]
fn an_index_points_at_its_manifests() {
    let index = Document::parse(valid("image-index"), Some(INDEX)).unwrap();
    let manifests = index.manifests().unwrap();
    assert_eq!(manifests.len(), 5);
    assert_eq!(
        (index.config().unwrap(), index.layers().unwrap()),
        (None, Vec::new())
    );
    assert_eq!(
        serde_json::to_value(&manifests[3]).unwrap(),
        json!({
            "mediaType": MANIFEST,
            "digest": "sha256:3be0e2b5ee35b8a5e1a4b8a3f1c2b0f2a6b8c0d4e6f8091a2b3c4d5e6f708192",
            "size": 1604,
            "platform": {"architecture": "amd64", "os": "windows", "os.version": "10.0.17763.1817", "os.features": ["win32k"]},
            "annotations": {},
            "urls": [],
        })
    );
    assert!(manifests[4].platform.is_none());
    let list = Document::parse(valid("docker-manifest-list"), None).unwrap();
    assert_eq!(
        (list.kind(), list.manifests().unwrap().len()),
        (Kind::DockerManifestList, 1)
    );
}

#[test]
fn a_broken_descriptor_is_named_by_its_pointer() {
    let good = json!({"mediaType": "a/b", "digest": DIGEST, "size": 2});
    for (patch, part) in [
        (json!({"digest": null}), "/layers/0/digest is missing"),
        (json!({"mediaType": null}), "/layers/0/mediaType is missing"),
        (json!({"size": null}), "/layers/0/size is missing"),
        (
            json!({"digest": "sha256:0"}),
            "not a digest: /layers/0/digest",
        ),
        (json!({"digest": 1}), "not a string: /layers/0/digest"),
        (
            json!({"mediaType": []}),
            "not a string: /layers/0/mediaType",
        ),
        (
            json!({"size": -1}),
            "not an integer from 0 to 2^53 - 1: /layers/0/size",
        ),
        (
            json!({"size": 2.0}),
            "not an integer from 0 to 2^53 - 1: /layers/0/size",
        ),
        (
            json!({"size": 9_007_199_254_740_992_u64}),
            "not an integer from 0 to 2^53 - 1: /layers/0/size",
        ),
        (
            json!({"size": "2"}),
            "not an integer from 0 to 2^53 - 1: /layers/0/size",
        ),
        (json!({"urls": "u"}), "not an array: /layers/0/urls"),
        (json!({"urls": ["u", 1]}), "not a string: /layers/0/urls/1"),
        (
            json!({"annotations": []}),
            "not an object: /layers/0/annotations",
        ),
        (
            json!({"annotations": {"a/b": 1}}),
            "not a string: /layers/0/annotations/a~1b",
        ),
        (
            json!({"artifactType": {}}),
            "not a string: /layers/0/artifactType",
        ),
        (
            json!({"platform": "linux"}),
            "not an object: /layers/0/platform",
        ),
        (
            json!({"platform": {"os": "linux"}}),
            "/layers/0/platform/architecture is missing",
        ),
        (
            json!({"platform": {"os": "linux", "architecture": "arm", "variant": 7}}),
            "not a string: /layers/0/platform/variant",
        ),
        (
            json!({"platform": {"os": "linux", "architecture": "arm", "Variant": "v7"}}),
            "/layers/0/platform/Variant",
        ),
        (json!({"Digest": DIGEST}), "/layers/0/Digest"),
        (json!({"\u{17f}ize": 3}), "/layers/0/\u{17f}ize"),
    ] {
        let mut layer = good.clone();
        layer
            .as_object_mut()
            .unwrap()
            .extend(patch.as_object().unwrap().clone());
        let text = json!({"mediaType": MANIFEST, "layers": [layer]});
        let document = Document::parse(text.to_string().into(), None).unwrap();
        let error = document.layers().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidManifest, "{patch}");
        assert!(error.message().contains(part), "{patch}: {error}");
        assert!(error.position().is_some(), "{patch}");
    }
    let text = json!({"mediaType": MANIFEST, "layers": [good, 1], "subject": []});
    let document = Document::parse(text.to_string().into(), None).unwrap();
    assert!(
        document
            .layers()
            .unwrap_err()
            .message()
            .contains("not an object: /layers/1")
    );
    assert!(
        document
            .config()
            .unwrap_err()
            .message()
            .contains("/config is missing")
    );
    assert!(
        document
            .subject()
            .unwrap_err()
            .message()
            .contains("not an object: /subject")
    );
    let text = json!({"mediaType": INDEX, "manifests": {}});
    let document = Document::parse(text.to_string().into(), None).unwrap();
    assert!(
        document
            .manifests()
            .unwrap_err()
            .message()
            .contains("not an array: /manifests")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_valid_can_be_used(
        root in btree_of(&["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "fsLayers", "Layers", "rootfs"]),
        declared in prop::option::of(prop::sample::select(vec![MANIFEST, INDEX, CONFIG, DOCKER_MANIFEST, "a/b", ""])),
    ) {
        let text = root.to_string();
        let mut options = Options::default();
        options.media_type = declared.map(str::to_owned);
        let report = validate(text.as_bytes(), &options);
        let parsed = Document::parse(text.clone().into(), declared);
        if let Ok(document) = &parsed {
            prop_assert_eq!((document.kind(), document.media_type()), (report.kind, report.media_type.as_deref()));
            prop_assert_eq!(document.digest(Algorithm::Sha256).to_string(), report.digest);
            let both = root["manifests"].is_array() && root["layers"].is_array();
            let kind = document.kind();
            prop_assert!(!both || !(kind.is_manifest() || kind.is_index()), "{}", text);
        }
        let used = parsed.and_then(|document| {
            document.config()?;
            document.layers()?;
            document.manifests()?;
            document.subject()
        });
        prop_assert!(!report.valid || used.is_ok(), "{:?} in {}", used, text);
    }
}

/// Objects with some of these properties, of any value that matters.
fn btree_of(names: &'static [&'static str]) -> impl Strategy<Value = serde_json::Value> {
    let descriptor = json!({"mediaType": "a/b", "digest": DIGEST, "size": 2});
    let values = vec![
        json!(null),
        json!(1),
        json!(2),
        json!(MANIFEST),
        json!(INDEX),
        json!([]),
        json!({}),
        json!([descriptor]),
        descriptor,
        json!([1]),
    ];
    prop::collection::btree_map(
        prop::sample::select(names),
        prop::sample::select(values),
        0..6,
    )
    .prop_map(|map| json!(map))
}

fn valid(name: &str) -> Vec<u8> {
    fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/rules/valid")
            .join(name)
            .with_extension("json"),
    )
    .unwrap()
}

#[test]
fn a_configuration_names_its_image_and_its_layers() {
    let [a, b, c] = [
        ("sha256", "a", 64),
        ("sha256", "b", 64),
        ("sha512", "c", 128),
    ]
    .map(|(algorithm, digit, length)| format!("{algorithm}:{}", digit.repeat(length)));
    let text = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{a}","{b}","{c}"]}}}}"#
    );
    let config = Document::parse(text.into_bytes(), None).unwrap();
    // By sha256sum, of the text above and of `CHAIN DIFF` without a line feed.
    let [image, second, third] = [
        "f1bb93412ece5b1201646465445656e2e9fc48360e976a24e55afaab18a254fa",
        "ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
        "a26fecbbfe341424e98248e6a7d8465cefbb885aa7c6f72ea53e5b31fe72270e",
    ]
    .map(|encoded| format!("sha256:{encoded}"));
    assert_eq!(config.image_id().unwrap().as_str(), image);
    let chain: Vec<String> = config
        .chain_ids()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(chain, [a, second, third]);

    let index = Document::parse(br#"{"schemaVersion":2,"manifests":[]}"#.to_vec(), None).unwrap();
    assert_eq!(
        (index.image_id(), index.chain_ids().unwrap()),
        (None, Vec::new())
    );
    for (diff_ids, message) in [
        ("1", "not an array: /rootfs/diff_ids"),
        ("null", "/rootfs/diff_ids is missing"),
        ("[1]", "not a string: /rootfs/diff_ids/0"),
        (r#"["sha256:a"]"#, "not a digest: /rootfs/diff_ids/0"),
    ] {
        let text = format!(r#"{{"rootfs":{{"diff_ids":{diff_ids}}}}}"#);
        let config = Document::parse(text.into_bytes(), None).unwrap();
        assert_eq!(config.chain_ids().unwrap_err().message(), message);
    }
}

#[test]
fn embedded_content_is_given_only_where_it_is_what_its_descriptor_says() {
    let digest: Digest = DIGEST_OF_EMPTY.parse().unwrap();
    let embedded = |property: &str, changes: serde_json::Value| {
        let mut descriptor = json!({
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": DIGEST_OF_EMPTY, "size": 2, "data": "e30=",
        });
        for (name, value) in changes.as_object().unwrap() {
            descriptor[name] = value.clone();
        }
        let is_single = ["config", "subject"].contains(&property);
        let mut manifest = json!({"schemaVersion": 2});
        manifest[property] = if is_single {
            descriptor
        } else {
            json!([descriptor])
        };
        let media_type = "application/vnd.oci.descriptor.v1+json";
        let bytes = manifest.to_string().into_bytes();
        Document::parse(bytes, Some(media_type))
            .unwrap()
            .embedded(&digest)
    };
    for property in ["config", "layers", "manifests", "subject", "blobs"] {
        let found = embedded(property, json!({}));
        assert_eq!(found.as_deref(), Some(&b"{}"[..]), "{property}");
    }
    for wrong in [
        json!({"data": "e31="}),
        json!({"data": "W10="}),
        json!({"data": "e30K"}),
        json!({"data": null}),
        json!({"data": 5}),
        json!({"size": 3}),
        json!({"size": "2"}),
        json!({"digest": format!("sha256:{}", "0".repeat(64))}),
        json!({"digest": null}),
    ] {
        assert_eq!(embedded("config", wrong.clone()), None, "{wrong}");
    }
}

const DIGEST_OF_EMPTY: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
