//! How a list of referrers has a manifest.

use crate::digest::Digest;
use crate::document::{Document, Kind};
use crate::json::{Value, decimal};

/// The artifact type that a manifest is listed by: its own, or else, of an image manifest, its config's media type.
pub(crate) fn artifact_type(document: &Document) -> Option<Value<'_>> {
    let root = document.root();
    let text = |value: &Value<'_>| value.as_str().is_some_and(|text| !text.is_empty());
    root.get("artifactType").filter(text).or_else(|| {
        let config = root.get("config")?.get("mediaType").filter(text);
        config.filter(|_| document.kind() == Kind::ImageManifest)
    })
}

/// The descriptor that lists a manifest, as JSON: with its artifact type and its annotations, in the very bytes that they have there.
pub(crate) fn entry(document: &Document, media_type: &str, digest: &Digest) -> String {
    let annotations = document.root().get("annotations");
    let annotations = annotations.filter(|value| value.is_object());
    let size = decimal(document.bytes().len() as u64);
    // Neither a media type nor a digest has a character that JSON escapes.
    let mut entry = String::from("{\"mediaType\":\"");
    for part in [
        media_type,
        "\",\"digest\":\"",
        digest.as_str(),
        "\",\"size\":",
        &size,
    ] {
        entry.push_str(part);
    }
    for (key, value) in [
        (",\"artifactType\":", artifact_type(document)),
        (",\"annotations\":", annotations),
    ] {
        if let Some(value) = value {
            entry.push_str(key);
            entry.push_str(value.raw());
        }
    }
    entry.push('}');
    entry
}
