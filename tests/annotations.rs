//! Predefined annotations and base images, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::Kind;
use pierhead::annotations::{BaseImage, KnownAnnotations, known};
use pierhead::document::Document;
use serde_json::{Value, json};

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const PREFIX: &str = "org.opencontainers.image.";

fn document(value: &Value) -> Document {
    Document::parse(value.to_string().into(), None).unwrap()
}

fn index(annotations: Value) -> Document {
    document(&json!({"schemaVersion": 2, "manifests": [], "annotations": annotations}))
}

/// Every predefined key, with the name that JavaScript has for it: `ref.name` is `refName`.
fn keys() -> Vec<(&'static str, String)> {
    let keys = [
        known::CREATED,
        known::AUTHORS,
        known::URL,
        known::DOCUMENTATION,
        known::SOURCE,
        known::VERSION,
        known::REVISION,
        known::VENDOR,
        known::LICENSES,
        known::REF_NAME,
        known::TITLE,
        known::DESCRIPTION,
        known::BASE_DIGEST,
        known::BASE_NAME,
    ];
    let name = |key: &str| {
        let mut name = String::new();
        for (count, word) in key.strip_prefix(PREFIX).unwrap().split('.').enumerate() {
            let (first, rest) = word.split_at(1);
            let first = if count == 0 {
                first.to_owned()
            } else {
                first.to_uppercase()
            };
            name.push_str(&first);
            name.push_str(rest);
        }
        name
    };
    keys.map(|key| (key, name(key))).into()
}

#[test]
fn each_predefined_annotation_is_found_under_its_own_name() {
    for (key, name) in keys() {
        let annotations = index(json!({key: "value", "com.example": "other"}))
            .annotations()
            .unwrap();
        let read = serde_json::to_value(KnownAnnotations::of(&annotations)).unwrap();
        assert_eq!(read, json!({name: "value"}), "{key}");
    }
}

#[test]
fn javascript_has_the_same_keys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/js/annotations.ts");
    let script = std::fs::read_to_string(path).unwrap();
    for (key, name) in keys() {
        let last = key.strip_prefix("org.opencontainers.image.").unwrap();
        let entry = format!("  {name}: key(\"{last}\"),");
        assert!(script.contains(&entry), "{key}");
    }
    assert_eq!(script.matches(": key(\"").count(), keys().len());
}

#[test]
fn a_config_has_labels_and_everything_else_annotations() {
    let labels = json!({known::TITLE: "label"});
    let config = json!({"rootfs": {}, "config": {"Labels": labels}, "annotations": {known::TITLE: "annotation"}});
    let title = |document: &Document| KnownAnnotations::of(&document.annotations().unwrap()).title;
    assert_eq!(title(&document(&config)).as_deref(), Some("label"));
    assert_eq!(
        title(&index(json!({known::TITLE: "annotation"}))).as_deref(),
        Some("annotation")
    );
    let descriptor = json!({"mediaType": "a/b", "digest": DIGEST, "size": 1, "annotations": {known::TITLE: "t"}});
    assert_eq!(title(&document(&descriptor)).as_deref(), Some("t"));
    for none in [
        json!({"rootfs": {}}),
        json!({"rootfs": {}, "config": null}),
        json!({"rootfs": {}, "config": {"Labels": null}}),
        json!({"schemaVersion": 2, "manifests": []}),
        json!({}),
    ] {
        assert!(document(&none).annotations().unwrap().is_empty(), "{none}");
    }
}

#[test]
fn malformed_annotations_are_refused() {
    for annotations in [json!([]), json!({"a": 1}), json!("a")] {
        let error = index(annotations).annotations().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidManifest);
    }
}

#[test]
fn the_base_image_has_its_name_and_digest_parsed() {
    let both = json!({known::BASE_NAME: "alpine:3.20", known::BASE_DIGEST: DIGEST});
    let base = BaseImage::of(&index(both)).unwrap().unwrap();
    assert_eq!(
        base.name.as_ref().unwrap().to_string(),
        "docker.io/library/alpine:3.20"
    );
    assert_eq!(base.digest.as_ref().unwrap().as_str(), DIGEST);
    let digest = BaseImage::of(&index(json!({known::BASE_DIGEST: DIGEST})))
        .unwrap()
        .unwrap();
    assert_eq!(
        (digest.name.is_none(), digest.digest.is_some()),
        (true, true)
    );
    for none in [
        json!({}),
        json!({known::BASE_NAME: "", known::BASE_DIGEST: ""}),
    ] {
        assert_eq!(BaseImage::of(&index(none)).unwrap(), None);
    }
}

#[test]
fn a_base_image_that_is_none_is_refused() {
    for (key, value, kind) in [
        (
            known::BASE_NAME,
            "https://a.example/b",
            Kind::InvalidReference,
        ),
        (known::BASE_DIGEST, "sha256:short", Kind::InvalidDigest),
    ] {
        let error = BaseImage::of(&index(json!({key: value}))).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}
