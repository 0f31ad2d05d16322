//! Media types, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::HashSet;

use pierhead::Kind;
use pierhead::media_type::{MANIFEST_ACCEPT, MediaType, MediaTypeClass, known};

fn media_type(text: &str) -> MediaType {
    text.parse().unwrap()
}

#[test]
fn the_grammar_of_rfc_6838_is_kept() {
    let longest = format!("{0}/{0}", "a".repeat(127));
    for text in [
        "a/b",
        "application/vnd.oci.empty.v1+json",
        "x-A1/0!#$&^_.+-",
        &longest,
    ] {
        assert_eq!(media_type(text).as_str(), text);
    }
    let too_long = format!("a/{}", "a".repeat(128));
    for text in [
        "", "/", "a", "a/", "/b", "a/b/c", "a b/c", "a/b ", " a/b", "a/b;c=d", "a/b\n", "*/*",
        "a/*", ".a/b", "a/+b", "a/b,c/d", "\u{e4}/b", &too_long,
    ] {
        let error = text.parse::<MediaType>().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidMediaType, "{text:?}");
    }
}

#[test]
fn a_header_loses_its_parameters() {
    for header in [
        "a/b",
        " a/b\t",
        "a/b;charset=utf-8",
        "a/b ; x=\"y;z/w\"",
        "a/b;",
    ] {
        assert_eq!(
            MediaType::parse_header(header).unwrap().as_str(),
            "a/b",
            "{header:?}"
        );
    }
    for header in ["", ";", "; charset=utf-8", "a/b, c/d", "a/b c/d"] {
        let error = MediaType::parse_header(header).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidMediaType, "{header:?}");
    }
}

#[test]
fn case_is_kept_but_does_not_count() {
    let upper = media_type("APPLICATION/VND.OCI.IMAGE.INDEX.V1+JSON");
    assert_eq!(upper, media_type(known::OCI_IMAGE_INDEX));
    assert!(upper.is(known::OCI_IMAGE_INDEX));
    assert!(upper.is_index());
    assert_eq!(upper.to_string(), "APPLICATION/VND.OCI.IMAGE.INDEX.V1+JSON");
    let set: HashSet<_> = [upper, media_type(known::OCI_IMAGE_INDEX), media_type("a/b")].into();
    assert_eq!(set.len(), 2);
}

#[test]
fn each_known_type_has_its_class() {
    use MediaTypeClass::*;
    for (text, class) in [
        (known::OCI_IMAGE_MANIFEST, ImageManifest),
        (known::DOCKER_MANIFEST, ImageManifest),
        (known::OCI_IMAGE_INDEX, Index),
        (known::DOCKER_MANIFEST_LIST, Index),
        (known::OCI_IMAGE_CONFIG, Config),
        (known::DOCKER_CONFIG, Config),
        (known::DOCKER_PLUGIN_CONFIG, Config),
        (known::OCI_LAYER_TAR, Layer),
        (known::OCI_LAYER_TAR_GZIP, Layer),
        (known::OCI_LAYER_TAR_ZSTD, Layer),
        (known::DOCKER_LAYER_TAR, Layer),
        (known::DOCKER_LAYER_TAR_GZIP, Layer),
        (known::DOCKER_LAYER_TAR_ZSTD, Layer),
        (known::OCI_NONDISTRIBUTABLE_TAR, NondistributableLayer),
        (known::OCI_NONDISTRIBUTABLE_TAR_GZIP, NondistributableLayer),
        (known::OCI_NONDISTRIBUTABLE_TAR_ZSTD, NondistributableLayer),
        (known::DOCKER_FOREIGN_TAR, NondistributableLayer),
        (known::DOCKER_FOREIGN_TAR_GZIP, NondistributableLayer),
        (known::OCI_EMPTY, Empty),
        (known::OCI_DESCRIPTOR, Unknown),
        (known::OCI_LAYOUT_HEADER, Unknown),
        // Encrypted layers must never be taken for what they look like, nor the withdrawn artifact manifest for a manifest.
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            Unknown,
        ),
        ("application/vnd.oci.artifact.manifest.v1+json", Unknown),
        ("application/vnd.cncf.helm.config.v1+json", Unknown),
    ] {
        let parsed = media_type(text);
        assert_eq!(parsed.class(), class, "{text}");
        assert_eq!(parsed.is_image_manifest(), class == ImageManifest);
        assert_eq!(parsed.is_index(), class == Index);
        assert_eq!(parsed.is_config(), class == Config);
        assert_eq!(
            parsed.is_layer(),
            class == Layer || class == NondistributableLayer
        );
        assert_eq!(parsed.is_nondistributable(), class == NondistributableLayer);
    }
}

#[test]
fn a_client_asks_for_every_kind_of_manifest_and_nothing_else() {
    let classes: Vec<_> = MANIFEST_ACCEPT
        .iter()
        .map(|text| media_type(text).class())
        .collect();
    assert_eq!(
        classes
            .iter()
            .filter(|class| **class == MediaTypeClass::ImageManifest)
            .count(),
        2
    );
    assert_eq!(
        classes
            .iter()
            .filter(|class| **class == MediaTypeClass::Index)
            .count(),
        2
    );
    assert_eq!(classes.len(), 4);
}
