//! A place in memory to copy from and to, which refuses what a registry refuses.

use std::collections::BTreeMap;
use std::sync::Mutex;

use pierhead::client::copy::{Fetched, MountSource, Naming, Outcome, Place};
use pierhead::client::{Body as _, Chunks as _, Content, Expected};
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::{Descriptor, Document};
use pierhead::{Error, Kind, Result};
use serde_json::{Value, json};

use crate::memory::{MemoryBody, Piece};

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A place: content by its digest, names, and what is asked of it in order.
#[derive(Default)]
pub struct Shelf {
    pub content: Mutex<BTreeMap<String, Vec<u8>>>,
    pub names: Mutex<BTreeMap<String, Value>>,
    pub referrers: Mutex<BTreeMap<String, Vec<Value>>>,
    pub log: Mutex<Vec<String>>,
    /// Blobs whose reading breaks off, each so many times.
    pub broken: Mutex<BTreeMap<String, usize>>,
    pub open: Mutex<(usize, usize)>,
    /// Whether manifests are taken whose parts are not there.
    pub sparse: bool,
}

pub fn digest(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// A descriptor as the crate reads it, by way of an index of one entry.
fn descriptor(value: &Value) -> Descriptor {
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [value]});
    let document = Document::parse(index.to_string().into_bytes(), None).unwrap();
    document.manifests().unwrap().remove(0)
}

impl Shelf {
    pub fn add(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        self.content
            .lock()
            .unwrap()
            .insert(digest.clone(), bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    pub fn document(&self, document: &Value) -> Value {
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
    pub fn image(&self, layers: &[&[u8]], about: &Value) -> Value {
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

    pub fn index(&self, manifests: &[Value]) -> Value {
        self.document(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
    }

    pub fn name(&self, name: &str, descriptor: &Value) {
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

    pub fn has(&self, digest: &str) -> bool {
        self.content.lock().unwrap().contains_key(digest)
    }

    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

/// A blob of a shelf.
pub struct Source {
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
