//! What a registry holds.

use std::collections::BTreeMap;

use pierhead::digest::{Algorithm, Digest};
use serde_json::{Value, json};

use super::settings::Filter;

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Repositories by name.
#[derive(Clone, Debug, Default)]
pub struct Store(pub BTreeMap<String, Repository>);

#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// By digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By digest.
    pub manifests: BTreeMap<String, Manifest>,
    /// Tag to digest.
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

pub fn sha256(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// Whether the bytes have this digest; `None` for a digest that nobody here can compute.
pub fn has_digest(bytes: &[u8], digest: &str) -> Option<bool> {
    let digest: Digest = digest.parse().ok()?;
    Some(Digest::of(digest.algorithm()?, bytes) == digest)
}

impl Store {
    pub fn of(&mut self, name: &str) -> &mut Repository {
        self.0.entry(name.to_owned()).or_default()
    }

    /// Some repository that holds this blob.
    pub fn holder(&self, digest: &str) -> Option<&Repository> {
        self.0
            .values()
            .find(|repository| repository.blobs.contains_key(digest))
    }

    /// The bytes of a blob of any repository: what a storage behind the registry holds.
    pub fn blob(&self, digest: &str) -> Option<&Vec<u8>> {
        self.holder(digest)?.blobs.get(digest)
    }
}

impl Repository {
    pub fn put_blob(&mut self, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        self.blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    /// Keeps a manifest by its SHA-256 digest, and gives it a tag.
    pub fn put_manifest(&mut self, media_type: &str, bytes: &[u8], tag: Option<&str>) -> String {
        let digest = sha256(bytes);
        let manifest = Manifest {
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.manifests.insert(digest.clone(), manifest);
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    /// The digest that a tag or digest stands for.
    pub fn resolve(&self, reference: &str) -> Option<&String> {
        if reference.contains(':') {
            self.manifests
                .get_key_value(reference)
                .map(|(digest, _)| digest)
        } else {
            self.tags.get(reference)
        }
    }

    /// What a manifest points at that is not here: its config, layers and entries, but no subject.
    pub fn missing(&self, manifest: &Value) -> Option<String> {
        let config = manifest.get("config");
        let lists = ["layers", "manifests"].map(|key| manifest.get(key).and_then(Value::as_array));
        config
            .into_iter()
            .chain(lists.into_iter().flatten().flatten())
            .filter(|descriptor| !is_foreign(descriptor))
            .filter_map(|descriptor| descriptor.get("digest")?.as_str())
            .find(|digest| {
                !self.blobs.contains_key(*digest) && !self.manifests.contains_key(*digest)
            })
            .map(str::to_owned)
    }

    /// The descriptors of what refers to a digest, in the order of their digests.
    pub fn referrers(&self, subject: &str, exact: bool) -> Vec<Value> {
        self.manifests
            .iter()
            .filter_map(|(digest, manifest)| {
                let document: Value = serde_json::from_slice(&manifest.bytes).ok()?;
                let points_at = document.pointer("/subject/digest")?.as_str()?;
                (points_at == subject).then(|| descriptor(digest, manifest, &document, exact))
            })
            .collect()
    }
}

/// Whether a layer need not be pushed.
fn is_foreign(descriptor: &Value) -> bool {
    descriptor["mediaType"]
        .as_str()
        .is_some_and(|media_type| media_type.contains("nondistributable"))
}

/// A referrer's descriptor (distribution specification, "Listing Referrers").
fn descriptor(digest: &str, manifest: &Manifest, document: &Value, exact: bool) -> Value {
    let config = document.pointer("/config/mediaType");
    let stated = document.get("artifactType");
    let children: u64 = ["layers", "config"]
        .iter()
        .filter_map(|key| document.get(*key))
        .flat_map(|value| match value.as_array() {
            Some(list) => list.clone(),
            None => vec![value.clone()],
        })
        .filter_map(|descriptor| descriptor["size"].as_u64())
        .sum();
    let own = manifest.bytes.len() as u64;
    let mut descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": digest,
        "size": if exact { own } else { own + children },
    });
    let artifact_type = if exact { stated.or(config) } else { config };
    if let Some(artifact_type) = artifact_type {
        descriptor["artifactType"] = artifact_type.clone();
    }
    if let Some(annotations) = document.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    descriptor
}

/// The descriptors of an artifact type, unless the filter is ignored.
pub fn filtered(mut list: Vec<Value>, artifact_type: Option<&str>, filter: Filter) -> Vec<Value> {
    if let Some(artifact_type) = artifact_type
        && filter != Filter::Ignored
    {
        list.retain(|descriptor| descriptor["artifactType"] == artifact_type);
    }
    list
}
