//! The choice of a platform's image from an index, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::document::{Document, Variants, select_platform};
use pierhead::platform::Platform;
use proptest::prelude::*;
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An entry whose size is its place in the index; `""` states no platform.
fn entry(place: usize, media_type: &str, platform: &str) -> Value {
    let mut entry = json!({
        "mediaType": media_type,
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": place,
    });
    if !platform.is_empty() {
        entry["platform"] = serde_json::to_value(platform.parse::<Platform>().unwrap()).unwrap();
    }
    entry
}

/// The place of what is selected from entries of these media types and platforms.
fn selected(entries: &[(&str, &str)], platform: &str, variants: Variants) -> Option<u64> {
    let manifests: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(place, (media_type, platform))| entry(place, media_type, platform))
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let document = Document::parse(index.to_string().into(), None).unwrap();
    let manifests = document.manifests().unwrap();
    select_platform(&manifests, &platform.parse().unwrap(), variants).map(|entry| entry.size)
}

fn compatible(platforms: &[&str], platform: &str) -> Option<u64> {
    let entries: Vec<_> = platforms.iter().map(|entry| (MANIFEST, *entry)).collect();
    selected(&entries, platform, Variants::Compatible)
}

#[test]
fn the_first_of_equal_entries_is_taken() {
    let platforms = [
        "linux/amd64",
        "linux/arm64",
        "linux/arm64/v8",
        "linux/arm64",
    ];
    assert_eq!(compatible(&platforms, "linux/aarch64"), Some(1));
    assert_eq!(compatible(&platforms, "linux/s390x"), None);
    assert_eq!(compatible(&[], "linux/amd64"), None);
}

#[test]
fn an_entry_for_just_the_platform_goes_before_those_that_will_do_and_of_these_the_highest() {
    let platforms = [
        "linux/arm/v5",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm/v6",
    ];
    assert_eq!(compatible(&platforms, "linux/arm/v7"), Some(2));
    assert_eq!(compatible(&platforms, "linux/arm/v8"), Some(2));
    assert_eq!(compatible(&platforms, "linux/arm/v6"), Some(1));
    assert_eq!(compatible(&platforms[1..], "linux/arm/v5"), None);
    let levels = ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"];
    assert_eq!(compatible(&levels, "linux/amd64/v3"), Some(1));
    assert_eq!(compatible(&levels, "linux/amd64"), Some(0));
    let builds = [
        "windows(10.0.20348.1)/amd64",
        "windows(10.0.25398.1)/amd64",
        "windows(10.0.26100.1)/amd64",
    ];
    assert_eq!(compatible(&builds, "windows(10.0.26100.7)/amd64"), Some(2));
    assert_eq!(
        compatible(&builds[..2], "windows(10.0.26100.7)/amd64"),
        Some(1)
    );
    assert_eq!(compatible(&builds, "windows/amd64"), Some(0));
}

#[test]
fn asked_for_exactly_nothing_lesser_will_do() {
    let entries = [(MANIFEST, "linux/arm/v6"), (MANIFEST, "linux/arm64")];
    assert_eq!(selected(&entries, "linux/arm/v7", Variants::Exact), None);
    assert_eq!(selected(&entries, "linux/arm/v6", Variants::Exact), Some(0));
    assert_eq!(
        selected(&entries, "linux/arm64/v8", Variants::Exact),
        Some(1)
    );
}

#[test]
fn an_index_is_taken_by_its_platform_and_one_without_only_if_nothing_else_will_do() {
    let entries = [
        (MANIFEST, ""),
        (INDEX, ""),
        (INDEX, "linux/arm64"),
        (MANIFEST, "linux/arm64"),
        (INDEX, ""),
    ];
    let select = |platform| selected(&entries, platform, Variants::Compatible);
    assert_eq!(select("linux/arm64"), Some(2));
    assert_eq!(select("linux/amd64"), Some(1));
    assert_eq!(
        selected(&entries[..1], "linux/amd64", Variants::Compatible),
        None
    );
}

#[test]
fn entries_of_unknown_media_types_are_ignored() {
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let entries = [
        ("application/vnd.example+json", "linux/amd64"),
        ("application/vnd.oci.image.config.v1+json", "linux/amd64"),
        (docker, "linux/amd64"),
    ];
    assert_eq!(
        selected(&entries, "linux/amd64", Variants::Compatible),
        Some(2)
    );
}

#[test]
fn attestations_are_for_no_platform_that_anyone_asks_for() {
    let platforms = ["unknown/unknown", "linux/amd64"];
    assert_eq!(compatible(&platforms, "linux/amd64"), Some(1));
    assert_eq!(compatible(&platforms[..1], "linux/amd64"), None);
}

proptest! {
    #[test]
    fn what_is_selected_runs_and_nothing_before_it_is_as_good(
        variants in proptest::collection::vec("v[5-8]", 0..8), host in "v[5-8]"
    ) {
        let platforms: Vec<_> = variants.iter().map(|variant| format!("linux/arm/{variant}")).collect();
        let platforms: Vec<_> = platforms.iter().map(String::as_str).collect();
        let expected = variants
            .iter()
            .filter(|variant| **variant <= host)
            .max()
            .and_then(|best| variants.iter().position(|variant| variant == best));
        prop_assert_eq!(compatible(&platforms, &format!("linux/arm/{host}")), expected.map(|at| at as u64));
    }
}
