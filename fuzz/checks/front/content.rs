//! What is pushed: a few blobs, and manifests that name them and one another, some of which must be refused.

use pierhead::digest::{Algorithm, Digest};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const FOREIGN: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";

pub(crate) const BLOBS: [&[u8]; 5] = [
    b"{}",
    b"hello, pier",
    b"",
    b"a blob that comes in many chunks, or in one",
    b"l",
];

/// A manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    /// The digests that it names, its subject not among them.
    pub(crate) named: Vec<String>,
    /// Those without which it is refused, where an index need not be complete those of images alone.
    pub(crate) required: Vec<String>,
    pub(crate) is_index: bool,
    pub(crate) subject: Option<String>,
    /// Whether it is one at all.
    pub(crate) is_valid: bool,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

pub(crate) fn sha512(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha512, bytes).to_string()
}

/// A descriptor, and the digest it has.
fn descriptor(media_type: &str, bytes: &[u8], more: &str) -> (String, String) {
    let digest = sha256(bytes);
    let size = bytes.len();
    let text = format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}{more}}}"#);
    (text, digest)
}

fn image(layers: &[&[u8]], more: &str) -> Manifest {
    let (config, digest) = descriptor(CONFIG, BLOBS[0], "");
    let mut named = vec![digest];
    let mut texts = Vec::new();
    for layer in layers {
        let (text, digest) = descriptor(LAYER, layer, "");
        texts.push(text);
        named.push(digest);
    }
    let layers = texts.join(",");
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{config},"layers":[{layers}]{more}}}"#
    );
    Manifest {
        bytes: text.into_bytes(),
        media_type: IMAGE,
        required: named.clone(),
        named,
        is_index: false,
        subject: None,
        is_valid: true,
    }
}

fn index(of: &[&[u8]], more: &str) -> Manifest {
    let parts: Vec<_> = of
        .iter()
        .map(|bytes| descriptor(IMAGE, bytes, ""))
        .collect();
    let texts: Vec<_> = parts.iter().map(|(text, _)| text.as_str()).collect();
    let manifests = texts.join(",");
    let text =
        format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{manifests}]{more}}}"#);
    let named: Vec<String> = parts.into_iter().map(|(_, digest)| digest).collect();
    Manifest {
        bytes: text.into_bytes(),
        media_type: INDEX,
        required: named.clone(),
        named,
        is_index: true,
        subject: None,
        is_valid: true,
    }
}

fn about(mut manifest: Manifest, subject: &[u8]) -> Manifest {
    let (text, digest) = descriptor(IMAGE, subject, "");
    manifest.bytes.pop();
    manifest
        .bytes
        .extend(format!(r#","subject":{text}}}"#).into_bytes());
    manifest.subject = Some(digest);
    manifest
}

fn refused(text: String) -> Manifest {
    Manifest {
        bytes: text.into_bytes(),
        media_type: IMAGE,
        named: Vec::new(),
        required: Vec::new(),
        is_index: false,
        subject: None,
        is_valid: false,
    }
}

/// The manifests, the same each time.
pub(crate) fn manifests() -> Vec<Manifest> {
    let base = image(&[BLOBS[1]], "");
    let large = image(&[BLOBS[3], BLOBS[2], BLOBS[3]], "");
    let signature = about(
        image(&[BLOBS[4]], r#","artifactType":"application/x.signature""#),
        &base.bytes,
    );
    let list = index(&[&base.bytes, &large.bytes], "");
    let about_list = about(index(&[], ""), &list.bytes);
    // One that names a manifest, and has it for its subject.
    let ring = about(
        index(&[&signature.bytes], r#","annotations":{"a":"b"}"#),
        &signature.bytes,
    );
    let (foreign, gone) = descriptor(FOREIGN, b"never pushed", "");
    let mut partial = image(&[BLOBS[1]], "");
    let text = String::from_utf8_lossy(&partial.bytes)
        .replace(r#""layers":["#, &format!(r#""layers":[{foreign},"#));
    partial.bytes = text.into_bytes();
    partial.named.push(gone);
    // An index may list what is no manifest.
    let cache = index(&[BLOBS[3]], "");
    let base_text = String::from_utf8_lossy(&base.bytes).into_owned();
    vec![
        refused(base_text.replace(r#""layers":["#, r#""manifests":[],"layers":["#)),
        refused(base_text.replace("config", "Config")),
        refused(base_text.replace(IMAGE, INDEX)),
        refused("\u{feff}{}".to_owned()),
        base,
        large,
        signature,
        list,
        about_list,
        ring,
        partial,
        cache,
    ]
}
