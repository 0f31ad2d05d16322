//! Content that is embedded in its descriptor (image specification, `descriptor.md`, "Embedded Content").

use crate::base64::decode;
use crate::digest::Digest;
use crate::json::Value;

use super::descriptor::optional;
use super::{Descriptor, Document};

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
}

impl Descriptor {
    /// The content that is embedded in it, verified: `None` if there is none, or it is not what the descriptor says, by digest or size, or
    /// no Base 64. Then it can be had from where the descriptor points, if at all.
    #[must_use]
    pub fn embedded(&self) -> Option<Vec<u8>> {
        verified(self.data.as_deref()?, self.size, &self.digest)
    }
}

fn content(descriptor: Value<'_>, digest: &Digest) -> Option<Vec<u8>> {
    let data = optional(descriptor, "data")?.as_str()?;
    if descriptor.get("digest")?.as_str()? != digest.as_str() {
        return None;
    }
    verified(&data, descriptor.get("size")?.as_u64()?, digest)
}

fn verified(data: &str, size: u64, digest: &Digest) -> Option<Vec<u8>> {
    let bytes = decode(data.as_bytes()).ok()?;
    let is_right = size == bytes.len() as u64 && Digest::of(digest.algorithm()?, &bytes) == *digest;
    is_right.then_some(bytes)
}
