//! Copies between places in memory, which refuse what a registry refuses.

use std::sync::Mutex;

use pierhead::client::copy::{CopyOptions, Observer, Outcome, Platforms, copy};
use pierhead::document::Descriptor;
use pierhead::{Kind, Result};
use serde_json::{Value, json};

use crate::memory::block_on;
use crate::shelf::{CONFIG, INDEX, LAYER, MANIFEST, Shelf, digest};

fn for_platform(mut descriptor: Value, os: &str, architecture: &str) -> Value {
    descriptor["platform"] = json!({"os": os, "architecture": architecture});
    descriptor
}

fn run(source: &Shelf, target: &Shelf, options: &CopyOptions) -> Result<(usize, usize)> {
    block_on(copy(source, "a", target, Some("b"), options, &()))
        .map(|copied| (copied.manifests, copied.blobs))
}

/// An index of two images that share a layer.
fn two_images(shelf: &Shelf) -> [Value; 3] {
    let amd64 = for_platform(
        shelf.image(&[b"shared", b"amd64"], &json!(1)),
        "linux",
        "amd64",
    );
    let arm64 = for_platform(
        shelf.image(&[b"shared", b"arm64."], &json!(2)),
        "linux",
        "arm64",
    );
    let index = shelf.index(&[amd64.clone(), arm64.clone()]);
    shelf.name("a", &index);
    [index, amd64, arm64]
}

#[test]
fn an_index_arrives_whole_and_its_name_last() {
    let (source, target) = (Shelf::default(), Shelf::default());
    two_images(&source);
    assert_eq!(
        run(&source, &target, &CopyOptions::default()).unwrap(),
        (3, 5)
    );
    assert_eq!(
        *source.content.lock().unwrap(),
        *target.content.lock().unwrap()
    );
    let log = target.take_log();
    assert_eq!(
        log.iter().filter(|entry| entry.starts_with("blob")).count(),
        5
    );
    assert_eq!(log[5..], ["manifest", "manifest", "name b"]);
}

#[test]
fn what_is_there_already_is_left_alone() {
    let (source, target) = (Shelf::default(), Shelf::default());
    two_images(&source);
    run(&source, &target, &CopyOptions::default()).unwrap();
    target.take_log();
    run(&source, &target, &CopyOptions::default()).unwrap();
    assert_eq!(target.take_log(), ["name b"]);
}

#[test]
fn a_copy_that_broke_off_goes_on_where_it_was() {
    let (source, target) = (Shelf::default(), Shelf::default());
    two_images(&source);
    source.broken.lock().unwrap().insert(digest(b"arm64."), 9);
    let options = CopyOptions::default().with_concurrency(1);
    let error = run(&source, &target, &options).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionLost);
    let before = target.take_log().len();
    source.broken.lock().unwrap().clear();
    run(&source, &target, &options).unwrap();
    let blobs = target.take_log();
    let blobs = blobs
        .iter()
        .filter(|entry| entry.starts_with("blob"))
        .count();
    assert_eq!(before + blobs, 5);
}

#[test]
fn a_blob_whose_source_breaks_off_is_begun_anew() {
    let (source, target) = (Shelf::default(), Shelf::default());
    two_images(&source);
    source.broken.lock().unwrap().insert(digest(b"shared"), 2);
    run(&source, &target, &CopyOptions::default()).unwrap();
    assert!(target.has(&digest(b"shared")));
}

#[test]
fn a_blob_that_is_another_ends_the_copy_and_nothing_gets_the_name() {
    let (source, target) = (Shelf::default(), Shelf::default());
    two_images(&source);
    let wrong = b"SHARED".to_vec();
    source
        .content
        .lock()
        .unwrap()
        .insert(digest(b"shared"), wrong);
    let error = run(&source, &target, &CopyOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::DigestMismatch);
    assert!(target.names.lock().unwrap().is_empty());
    assert!(!target.has(&digest(b"shared")));
}

#[test]
fn no_more_transfers_run_at_once_than_are_asked_for() {
    for limit in [1, 2, 5] {
        let (source, target) = (Shelf::default(), Shelf::default());
        let layers: Vec<Vec<u8>> = (0..12).map(|layer| vec![layer; 8]).collect();
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        source.name("a", &source.image(&layers, &json!(null)));
        let options = CopyOptions::default().with_concurrency(limit);
        assert_eq!(run(&source, &target, &options).unwrap(), (1, 13));
        assert_eq!(target.open.lock().unwrap().1, limit);
    }
}

#[test]
fn one_platform_is_its_image_in_place_of_the_index() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let [_, _, arm64] = two_images(&source);
    let platforms = Platforms::Image("linux/arm64".parse().unwrap());
    let options = CopyOptions::default().with_platforms(platforms);
    assert_eq!(run(&source, &target, &options).unwrap(), (1, 3));
    assert_eq!(target.names.lock().unwrap()["b"]["digest"], arm64["digest"]);

    let platforms = Platforms::Image("linux/s390x".parse().unwrap());
    let options = CopyOptions::default().with_platforms(platforms);
    let error = run(&source, &target, &options).unwrap_err();
    assert_eq!(error.kind(), Kind::PlatformNotFound);
}

#[test]
fn some_platforms_are_the_index_as_it_is_with_their_images_and_attestations() {
    let source = Shelf::default();
    let target = Shelf {
        sparse: true,
        ..Shelf::default()
    };
    let [_, amd64, arm64] = two_images(&source);
    let attestation = |of: &Value| {
        let about = json!({"attests": of});
        let mut made = for_platform(source.image(&[], &about), "unknown", "unknown");
        made["annotations"] = json!({"vnd.docker.reference.digest": of["digest"]});
        made
    };
    let (first, second) = (attestation(&amd64), attestation(&arm64));
    let index = source.index(&[amd64.clone(), arm64.clone(), first.clone(), second.clone()]);
    source.name("a", &index);
    let platforms = Platforms::Some(vec!["linux/amd64".parse().unwrap()]);
    let options = CopyOptions::default().with_platforms(platforms);
    assert_eq!(run(&source, &target, &options).unwrap().0, 3);
    let there = [&index, &amd64, &first, &arm64, &second]
        .map(|descriptor| target.has(descriptor["digest"].as_str().unwrap()));
    assert_eq!(there, [true, true, true, false, false]);
}

#[test]
fn referrers_come_along_with_what_refers_to_them() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let [index, amd64, _] = two_images(&source);
    let signature = source.image(&[b"signature"], &json!({"subject": amd64}));
    let note = source.image(&[b"note"], &json!({"subject": signature}));
    let sbom = source.image(&[b"sbom"], &json!({"subject": index}));
    let bundle = source.document(
        &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [sbom], "subject": index}),
    );

    let options = CopyOptions::default();
    assert_eq!(run(&source, &target, &options).unwrap().0, 3);
    let options = options.with_referrers(true);
    assert_eq!(run(&source, &target, &options).unwrap().0, 7);
    for referrer in [signature, note, sbom, bundle] {
        assert!(target.has(referrer["digest"].as_str().unwrap()));
    }
    let log = target.take_log();
    assert_eq!(log.iter().filter(|entry| *entry == "referrer").count(), 4);
    assert_eq!(log.last().unwrap(), "name b");
}

#[test]
fn referrers_that_lead_back_to_the_image_are_copied_once() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let [index, ..] = two_images(&source);
    // What no digest allows, a registry's list can say.
    let referrer = source.image(&[], &json!({"subject": index}));
    let mut referrers = source.referrers.lock().unwrap();
    let digest = referrer["digest"].as_str().unwrap().to_owned();
    referrers.insert(digest, vec![index, referrer]);
    drop(referrers);
    let options = CopyOptions::default().with_referrers(true);
    assert_eq!(run(&source, &target, &options).unwrap().0, 4);
}

#[test]
fn referrers_without_end_are_refused_before_anything_is_copied() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let mut subject = source.image(&[b"layer"], &json!(null));
    source.name("a", &subject);
    for _ in 0..12 {
        subject = source.image(&[], &json!({"subject": subject}));
    }
    let options = CopyOptions::default().with_referrers(true);
    let error = run(&source, &target, &options).unwrap_err();
    assert_eq!(error.kind(), Kind::TooDeep);
    assert!(target.content.lock().unwrap().is_empty());
}

#[test]
fn layers_that_must_not_be_passed_on_are_not() {
    let source = Shelf::default();
    let target = Shelf {
        sparse: true,
        ..Shelf::default()
    };
    let foreign = json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 4, "digest": digest(b"away")});
    let config = source.add(CONFIG, b"{}");
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [foreign]});
    source.name("a", &source.document(&manifest));
    assert_eq!(
        run(&source, &target, &CopyOptions::default()).unwrap(),
        (1, 1)
    );
}

#[test]
fn what_is_no_image_is_refused_before_anything_is_copied() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let artifact = "application/vnd.oci.artifact.manifest.v1+json";
    source.name(
        "a",
        &source.document(&json!({"mediaType": artifact, "blobs": []})),
    );
    let error = run(&source, &target, &CopyOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidManifest);

    let layers: Vec<Vec<u8>> = (0..10_001u32)
        .map(|layer| layer.to_be_bytes().to_vec())
        .collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    source.name("a", &source.image(&layers, &json!(null)));
    let error = run(&source, &target, &CopyOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(target.content.lock().unwrap().is_empty());
}

/// Writes down what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<(String, Outcome)>>);

impl Observer for Notes {
    fn done(&self, content: &Descriptor, outcome: Outcome) {
        let mut done = self.0.lock().unwrap();
        done.push((content.digest.to_string(), outcome));
    }
}

#[test]
fn an_observer_is_told_of_every_blob_and_manifest() {
    let (source, target) = (Shelf::default(), Shelf::default());
    let [index, ..] = two_images(&source);
    target.add(LAYER, b"shared");
    let notes = Notes::default();
    block_on(copy(
        &source,
        "a",
        &target,
        None,
        &CopyOptions::default(),
        &notes,
    ))
    .unwrap();
    let done = notes.0.into_inner().unwrap();
    assert_eq!(done.len(), 8);
    assert!(done.contains(&(digest(b"shared"), Outcome::Existed)));
    assert!(done.contains(&(digest(b"amd64"), Outcome::Copied)));
    assert_eq!(done.last().unwrap().0, index["digest"].as_str().unwrap());
    assert_eq!(target.take_log().last().unwrap(), "root");
}
