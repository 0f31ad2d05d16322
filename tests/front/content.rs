//! What tests push: blobs, images and indexes.

use pierhead::digest::{Algorithm, Digest};
use pierhead::front::Host as _;

use crate::ask::{Answer, ask};
use crate::store::MemoryStore;

pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The SHA-256 digest of these bytes.
pub fn sha256(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// A descriptor, as JSON.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> String {
    format!(
        r#"{{"mediaType":"{media_type}","digest":"{}","size":{}}}"#,
        sha256(bytes),
        bytes.len()
    )
}

/// Puts a blob into a repository; gives its digest.
pub fn push_blob(store: &MemoryStore, name: &str, bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
    let answer = ask(store, "POST", &path, &[], Some(bytes));
    assert_eq!(answer.status, 201, "{}", answer.text());
    digest
}

/// Has a blob that nobody has be in a repository, as far as manifests are concerned.
pub fn link(store: &MemoryStore, name: &str, digest: &str) {
    let key = format!("repositories/{name}:blobs/{}", digest.replace(':', "/"));
    store.set(&key, format!("leased {}\n", store.unix_time()).as_bytes());
}

/// An image of one layer, with more properties at its end, each with a comma before it. What it names is put into the repository.
pub fn image(store: &MemoryStore, name: &str, layer: &[u8], more: &str) -> String {
    push_blob(store, name, b"{}");
    push_blob(store, name, layer);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{},"layers":[{}]{more}}}"#,
        descriptor(CONFIG, b"{}"),
        descriptor(LAYER, layer),
    )
}

/// An index of these descriptors, with more properties at its end.
pub fn index(descriptors: &[String], more: &str) -> String {
    let manifests = descriptors.join(",");
    format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{manifests}]{more}}}"#)
}

/// The property that makes a manifest refer to another.
pub fn subject(manifest: &str) -> String {
    format!(r#","subject":{}"#, descriptor(IMAGE, manifest.as_bytes()))
}

/// What a manifest says it is.
pub fn media_type(manifest: &str) -> &'static str {
    if manifest.contains("\"manifests\"") {
        INDEX
    } else {
        IMAGE
    }
}

/// Puts a manifest as what it says it is.
pub fn put(store: &MemoryStore, name: &str, reference: &str, manifest: &str) -> Answer {
    put_if(store, name, reference, manifest, &[])
}

/// Puts a manifest on conditions.
pub fn put_if(
    store: &MemoryStore,
    name: &str,
    reference: &str,
    manifest: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut fields = vec![("content-type", media_type(manifest))];
    fields.extend(headers);
    let path = format!("/v2/{name}/manifests/{reference}");
    ask(store, "PUT", &path, &fields, Some(manifest.as_bytes()))
}

/// Puts a manifest, which is taken; gives its digest.
pub fn push(store: &MemoryStore, name: &str, reference: &str, manifest: &str) -> String {
    let answer = put(store, name, reference, manifest);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.header("docker-content-digest").to_owned()
}

/// What is under a path.
pub fn get(store: &MemoryStore, path: &str) -> Answer {
    ask(store, "GET", path, &[], None)
}

/// The status of what is under a path.
pub fn status(store: &MemoryStore, path: &str) -> u16 {
    get(store, path).status
}

/// Deletes what is under a path; gives the status.
pub fn delete(store: &MemoryStore, path: &str) -> u16 {
    ask(store, "DELETE", path, &[], None).status
}

/// A list of names, and where it goes on.
pub fn list(store: &MemoryStore, path: &str, property: &str) -> (Vec<String>, Option<String>) {
    let answer = get(store, path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let list = answer.json()[property].clone();
    (serde_json::from_value(list).unwrap(), answer.next())
}
