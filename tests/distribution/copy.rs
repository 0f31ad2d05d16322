//! Copies between places in memory, which refuse what a registry refuses.

use std::collections::BTreeMap;
use std::sync::Mutex;

use pierhead::client::copy::{
    CopyOptions, Fetched, MountSource, Naming, Observer, Outcome, Place, Platforms, copy,
};
use pierhead::client::{Body as _, Chunks as _, Content, Expected};
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::{Descriptor, Document};
use pierhead::{Error, Kind, Result};
use serde_json::{Value, json};

use crate::memory::{MemoryBody, Piece, block_on};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A place in memory: content by its digest, names, and what is asked of it in order.
#[derive(Default)]
struct Shelf {
    content: Mutex<BTreeMap<String, Vec<u8>>>,
    names: Mutex<BTreeMap<String, Value>>,
    referrers: Mutex<BTreeMap<String, Vec<Value>>>,
    log: Mutex<Vec<String>>,
    /// Blobs whose reading breaks off, each so many times.
    broken: Mutex<BTreeMap<String, usize>>,
    open: Mutex<(usize, usize)>,
    /// Whether manifests are taken whose parts are not there.
    sparse: bool,
}

fn digest(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// A descriptor as the crate reads it, by way of an index of one entry.
fn descriptor(value: &Value) -> Descriptor {
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [value]});
    let document = Document::parse(index.to_string().into_bytes(), None).unwrap();
    document.manifests().unwrap().remove(0)
}

impl Shelf {
    fn add(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        self.content
            .lock()
            .unwrap()
            .insert(digest.clone(), bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn document(&self, document: &Value) -> Value {
        let media_type = document["mediaType"].as_str().unwrap();
        let descriptor = self.add(media_type, document.to_string().as_bytes());
        if let Some(subject) = document["subject"]["digest"].as_str() {
            let mut referrers = self.referrers.lock().unwrap();
            referrers
                .entry(subject.to_owned())
                .or_default()
                .push(descriptor.clone());
        }
        descriptor
    }

    /// An image of these layers, with a config that no other has.
    fn image(&self, layers: &[&[u8]], about: &Value) -> Value {
        let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "author": about});
        let config = self.add(CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> = layers.iter().map(|layer| self.add(LAYER, layer)).collect();
        let mut manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        if let Some(subject) = about.get("subject") {
            manifest["subject"] = subject.clone();
        }
        self.document(&manifest)
    }

    fn index(&self, manifests: &[Value]) -> Value {
        self.document(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
    }

    fn name(&self, name: &str, descriptor: &Value) {
        self.names
            .lock()
            .unwrap()
            .insert(name.to_owned(), descriptor.clone());
    }

    fn opened(&self) {
        let mut open = self.open.lock().unwrap();
        open.0 += 1;
        open.1 = open.1.max(open.0);
    }

    fn has(&self, digest: &str) -> bool {
        self.content.lock().unwrap().contains_key(digest)
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

/// A blob of a shelf.
struct Source {
    blob: Descriptor,
    bytes: Option<Vec<u8>>,
    breaks: bool,
}

impl Content for Source {
    type Body = MemoryBody;

    fn size(&self) -> Option<u64> {
        Some(self.blob.size)
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.blob.digest.clone())
    }

    async fn open(&mut self, offset: u64) -> Result<Option<MemoryBody>> {
        assert_eq!(offset, 0);
        let bytes = self.bytes.as_deref();
        let bytes = bytes.ok_or_else(|| Error::new(Kind::Registry, "no such blob"))?;
        let (start, end) = bytes.split_at(bytes.len() / 2);
        let end = if self.breaks {
            Piece::Cut
        } else {
            Piece::Bytes(end.to_vec())
        };
        Ok(Some(MemoryBody::of(vec![
            Piece::Bytes(start.to_vec()),
            end,
        ])))
    }
}

impl Place for Shelf {
    type Body = MemoryBody;
    type Content = Source;

    async fn resolve(&self, reference: &str) -> Result<Fetched> {
        let found = self.names.lock().unwrap().get(reference).cloned();
        let found = found.ok_or_else(|| Error::new(Kind::Registry, "no such name"))?;
        let found = descriptor(&found);
        let bytes = self.manifest(&found).await?;
        Ok(Fetched::new(found, bytes))
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let content = self.content.lock().unwrap();
        let bytes = content.get(descriptor.digest.as_str()).cloned();
        bytes.ok_or_else(|| Error::new(Kind::Registry, "no such manifest"))
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        let referrers = self.referrers.lock().unwrap();
        let found = referrers.get(subject.as_str());
        Ok(found.into_iter().flatten().map(descriptor).collect())
    }

    fn content(&self, blob: &Descriptor) -> Source {
        let digest = blob.digest.to_string();
        let bytes = self.content.lock().unwrap().get(&digest).cloned();
        let mut broken = self.broken.lock().unwrap();
        let breaks = match broken.get_mut(&digest) {
            Some(times) if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        };
        Source {
            blob: blob.clone(),
            bytes,
            breaks,
        }
    }

    fn mount_source(&self) -> Option<MountSource<'_>> {
        None
    }

    async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        Ok(self.has(descriptor.digest.as_str()))
    }

    async fn put_blob(
        &self,
        blob: &Descriptor,
        _: Option<MountSource<'_>>,
        mut content: impl Content<Body = MemoryBody>,
    ) -> Result<Outcome> {
        if self.has(blob.digest.as_str()) {
            return Ok(Outcome::Existed);
        }
        self.opened();
        let mut bytes = Vec::new();
        let expected = Expected::new(blob.digest.clone(), content.size());
        let mut body = content.open(0).await?.unwrap().verified(expected)?;
        // Others go on meanwhile.
        let mut yielded = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut yielded, true) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        let outcome = loop {
            match body.chunk().await {
                Ok(Some(chunk)) => bytes.extend(chunk),
                Ok(None) => break Ok(Outcome::Copied),
                Err(error) => break Err(error),
            }
        };
        self.open.lock().unwrap().0 -= 1;
        if outcome.is_ok() {
            self.log
                .lock()
                .unwrap()
                .push(format!("blob {}", bytes.len()));
            self.content
                .lock()
                .unwrap()
                .insert(blob.digest.to_string(), bytes);
        }
        outcome
    }

    async fn put_bytes(&self, blob: &Descriptor, bytes: &[u8]) -> Result<Outcome> {
        if self.has(blob.digest.as_str()) {
            return Ok(Outcome::Existed);
        }
        assert_eq!(digest(bytes), blob.digest.as_str());
        self.add("", bytes);
        let mut log = self.log.lock().unwrap();
        log.push(format!("held {}", bytes.len()));
        Ok(Outcome::Copied)
    }

    async fn put_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        naming: Naming<'_>,
    ) -> Result<()> {
        let document = Document::parse(bytes.to_vec(), Some(&descriptor.media_type))?;
        let parts = document.config()?.into_iter().chain(document.layers()?);
        for part in parts.chain(document.manifests()?) {
            let there = self.sparse || self.has(part.digest.as_str());
            assert!(there, "{} comes before {}", descriptor.digest, part.digest);
        }
        let digest = digest(bytes);
        assert_eq!(digest, descriptor.digest.as_str());
        self.log.lock().unwrap().push(match naming {
            Naming::Name(name) => format!("name {name}"),
            Naming::Referrer => "referrer".to_owned(),
            Naming::Root => "root".to_owned(),
            _ => "manifest".to_owned(),
        });
        if let Naming::Name(name) = naming {
            let value = json!({"mediaType": descriptor.media_type, "digest": digest, "size": descriptor.size});
            self.name(name, &value);
        }
        self.content.lock().unwrap().insert(digest, bytes.to_vec());
        Ok(())
    }
}

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
