//! Content descriptors (image specification, `descriptor.md`).

use std::borrow::Cow;

use serde::Serialize;

use crate::digest::Digest;
use crate::json::{MAX_SAFE_INTEGER, Value};
use crate::platform::Platform;
use crate::{Error, Kind, Result};

use super::{Annotations, folds_to};

/// What a document says of another: its media type, digest and size
/// ([image specification, "OCI Content Descriptors"](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: String,
    /// The digest of the content.
    #[cfg_attr(test, ts(type = "string"))]
    pub digest: Digest,
    /// The size of the content in bytes, at most 2^53 - 1: what JavaScript holds exactly.
    #[cfg_attr(test, ts(type = "number"))]
    pub size: u64,
    /// What the content runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The artifact type of the manifest that it describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Its annotations; empty if it has none.
    #[cfg_attr(test, ts(as = "std::collections::BTreeMap<String, String>"))]
    pub annotations: Annotations,
    /// Where else the content can be had; empty if nowhere.
    pub urls: Vec<String>,
    /// The content itself in Base 64, as it is embedded: nothing has verified it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What is wrong with a key such as `Digest`.
pub(super) const FOLDED_KEY: &str =
    "a key that only case distinguishes from one of the specification";

/// The properties read from a descriptor.
const PROPERTIES: [&str; 8] = [
    "mediaType",
    "digest",
    "size",
    "platform",
    "artifactType",
    "annotations",
    "urls",
    "data",
];

impl Descriptor {
    /// A descriptor of so many bytes with this media type and digest, and nothing more said of them.
    #[must_use]
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            platform: None,
            artifact_type: None,
            annotations: Annotations::default(),
            urls: Vec::new(),
            data: None,
        }
    }

    /// Reads the descriptors of an array.
    pub(crate) fn read_all(array: Value<'_>) -> Result<Vec<Self>> {
        array.elements().map(Self::read).collect()
    }

    /// Reads a descriptor. Its errors are `INVALID_MANIFEST`, with the JSON pointer of what is missing or malformed.
    pub(crate) fn read(value: Value<'_>) -> Result<Self> {
        check_keys(value, &PROPERTIES)?;
        let size = required(value, "size")?;
        Ok(Self {
            media_type: string(required(value, "mediaType")?)?.into_owned(),
            digest: digest(required(value, "digest")?)?,
            size: size
                .as_u64()
                .filter(|size| *size <= MAX_SAFE_INTEGER)
                .ok_or_else(|| invalid(size, "not an integer from 0 to 2^53 - 1"))?,
            platform: optional(value, "platform").map(platform).transpose()?,
            artifact_type: optional_string(value, "artifactType")?,
            annotations: optional(value, "annotations")
                .map_or_else(|| Ok(Annotations::default()), annotations)?,
            urls: optional_strings(value, "urls")?,
            // What is no text is no content: that can still be had by the digest.
            data: optional(value, "data")
                .and_then(|data| data.as_str())
                .map(Cow::into_owned),
        })
    }
}

/// The properties read from a platform.
const PLATFORM_PROPERTIES: [&str; 5] =
    ["os", "architecture", "variant", "os.version", "os.features"];

/// Reads a platform. Its errors are those of [`Descriptor::read`].
pub(crate) fn platform(value: Value<'_>) -> Result<Platform> {
    check_keys(value, &PLATFORM_PROPERTIES)?;
    let mut platform = Platform::new(
        string(required(value, "os")?)?,
        string(required(value, "architecture")?)?,
    );
    platform.variant = optional_string(value, "variant")?;
    platform.os_version = optional_string(value, "os.version")?;
    platform.os_features = optional_strings(value, "os.features")?;
    Ok(platform)
}

/// Refuses what is no object, and keys that a reader which ignores case takes for one of `known`: two readers would see two
/// digests.
fn check_keys(value: Value<'_>, known: &[&str]) -> Result<()> {
    if !value.is_object() {
        return Err(invalid(value, "not an object"));
    }
    let folded = |name: &str| known.iter().any(|known| folds_to(name, known));
    match value
        .entries()
        .find(|(key, _)| key.as_str().is_some_and(|name| folded(&name)))
    {
        Some((key, _)) => Err(invalid(key, FOLDED_KEY)),
        None => Ok(()),
    }
}

/// The property of this name; one that is `null` counts as absent.
pub(super) fn optional<'a>(object: Value<'a>, name: &str) -> Option<Value<'a>> {
    object.get(name).filter(|value| !value.is_null())
}

/// The property of this name, which the specification requires.
pub(super) fn required<'a>(object: Value<'a>, name: &str) -> Result<Value<'a>> {
    optional(object, name).ok_or_else(|| {
        Error::new(
            Kind::InvalidManifest,
            [object.pointer().as_str(), "/", name, " is missing"].concat(),
        )
        .with_position(object.position())
    })
}

/// The array of this name, which the specification requires.
pub(super) fn array<'a>(object: Value<'a>, name: &str) -> Result<Value<'a>> {
    let array = required(object, name)?;
    if array.is_array() {
        Ok(array)
    } else {
        Err(invalid(array, "not an array"))
    }
}

/// A digest.
pub(super) fn digest(value: Value<'_>) -> Result<Digest> {
    string(value)?
        .parse()
        .map_err(|error: Error| invalid(value, "not a digest").with_source(error))
}

/// The error of a value that is not what it has to be.
pub(super) fn invalid(value: Value<'_>, what: &str) -> Error {
    let pointer = value.pointer();
    let place = if pointer.is_empty() {
        "the document"
    } else {
        &pointer
    };
    Error::new(Kind::InvalidManifest, [what, ": ", place].concat()).with_position(value.position())
}

fn string(value: Value<'_>) -> Result<Cow<'_, str>> {
    value.as_str().ok_or_else(|| invalid(value, "not a string"))
}

fn optional_string(object: Value<'_>, name: &str) -> Result<Option<String>> {
    optional(object, name)
        .map(|value| string(value).map(Cow::into_owned))
        .transpose()
}

fn optional_strings(object: Value<'_>, name: &str) -> Result<Vec<String>> {
    let Some(array) = optional(object, name) else {
        return Ok(Vec::new());
    };
    if !array.is_array() {
        return Err(invalid(array, "not an array"));
    }
    array
        .elements()
        .map(|value| string(value).map(Cow::into_owned))
        .collect()
}

/// A map from string to string.
pub(super) fn annotations(value: Value<'_>) -> Result<Annotations> {
    if !value.is_object() {
        return Err(invalid(value, "not an object"));
    }
    let mut annotations = Annotations::default();
    for (key, value) in value.entries() {
        annotations.push(string(key)?.into_owned(), string(value)?.into_owned());
    }
    Ok(annotations)
}
