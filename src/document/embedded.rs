//! Content that is embedded in its descriptor (image specification, `descriptor.md`, "Embedded Content").

use crate::base64::decode;
use crate::digest::Digest;
use crate::json::Value;

use super::descriptor::{array, optional, required};
use super::{Descriptor, Document};
use crate::Result;

impl Document {
    /// The content of this digest, where one of this document's descriptors holds it as `data`: so nobody need be asked for it.
    ///
    /// It is verified here. `None` as well where it is not what its descriptor says, by digest or size, or no Base 64: then it can
    /// be had from where the descriptor points, if at all.
    ///
    /// ```
    /// use pierhead::document::Document;
    ///
    /// let manifest = br#"{"schemaVersion": 2, "layers": [], "config": {
    ///     "mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "data": "e30=",
    ///     "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    /// }}"#;
    /// let manifest = Document::parse(manifest.to_vec(), None)?;
    /// let config = manifest.config()?.map(|config| config.digest);
    /// assert_eq!(config.and_then(|digest| manifest.embedded(&digest)), Some(b"{}".to_vec()));
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn embedded(&self, digest: &Digest) -> Option<Vec<u8>> {
        let root = self.root();
        let single = ["config", "subject"];
        let several = ["layers", "manifests", "blobs"];
        let single = single.iter().filter_map(|name| optional(root, name));
        let several = several.iter().filter_map(|name| optional(root, name));
        single
            .chain(several.flat_map(Value::elements))
            .find_map(|descriptor| content(descriptor, digest))
    }

    /// What a manifest or an index is made of, in its order and without its subject: each with its content, where that is embedded and is
    /// what its descriptor says. Errors are those of [`Document::config`].
    pub(crate) fn parts(&self) -> Result<Vec<(Descriptor, Option<Vec<u8>>)>> {
        let root = self.root();
        let (config, list) = if self.kind.is_manifest() {
            (Some(required(root, "config")?), "layers")
        } else if self.kind.is_index() {
            (None, "manifests")
        } else {
            return Ok(Vec::new());
        };
        let mut parts = Vec::new();
        if let Some(config) = config {
            parts.push(part(config)?);
        }
        for value in array(root, list)?.elements() {
            parts.push(part(value)?);
        }
        Ok(parts)
    }
}

fn part(value: Value<'_>) -> Result<(Descriptor, Option<Vec<u8>>)> {
    let descriptor = Descriptor::read(value)?;
    let content = content(value, &descriptor.digest);
    Ok((descriptor, content))
}

fn content(descriptor: Value<'_>, digest: &Digest) -> Option<Vec<u8>> {
    let data = optional(descriptor, "data")?.as_str()?;
    if descriptor.get("digest")?.as_str()? != digest.as_str() {
        return None;
    }
    let bytes = decode(data.as_bytes()).ok()?;
    let is_right = descriptor.get("size")?.as_u64() == Some(bytes.len() as u64)
        && Digest::of(digest.algorithm()?, &bytes) == *digest;
    is_right.then_some(bytes)
}
