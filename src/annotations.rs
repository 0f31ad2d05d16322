//! The annotations that the image specification predefines (`annotations.md`), and the base image that two of them name.

use serde::Serialize;

use crate::Result;
use crate::digest::Digest;
use crate::document::{Annotations, Document};
use crate::reference::Reference;

/// The keys of the predefined annotations (image specification v1.1.1, `annotations.md`, "Pre-Defined Annotation Keys").
pub mod known {
    /// When the image was built: RFC 3339.
    pub const CREATED: &str = "org.opencontainers.image.created";
    /// Who is responsible for it: people or organisations, freeform.
    pub const AUTHORS: &str = "org.opencontainers.image.authors";
    /// A URL to find more about it.
    pub const URL: &str = "org.opencontainers.image.url";
    /// A URL to get its documentation.
    pub const DOCUMENTATION: &str = "org.opencontainers.image.documentation";
    /// A URL to get its source code.
    pub const SOURCE: &str = "org.opencontainers.image.source";
    /// The version of the packaged software.
    pub const VERSION: &str = "org.opencontainers.image.version";
    /// The revision of the source code.
    pub const REVISION: &str = "org.opencontainers.image.revision";
    /// Who distributes it.
    pub const VENDOR: &str = "org.opencontainers.image.vendor";
    /// Its licenses: an SPDX license expression.
    pub const LICENSES: &str = "org.opencontainers.image.licenses";
    /// The name of a reference: of a descriptor in an image layout's `index.json`.
    pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
    /// Its title, for people.
    pub const TITLE: &str = "org.opencontainers.image.title";
    /// Its description, for people.
    pub const DESCRIPTION: &str = "org.opencontainers.image.description";
    /// The digest of the image it is based on.
    pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
    /// The reference of the image it is based on.
    pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
}

/// The predefined annotations, each under its own name. Their values are as they were written: an annotation may hold any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KnownAnnotations {
    /// When the image was built: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who is responsible for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authors: Option<String>,
    /// A URL to find more about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A URL to get its documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// A URL to get its source code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The version of the packaged software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The revision of the source code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Who distributes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its licenses: an SPDX license expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<String>,
    /// The name of a reference: of a descriptor in an image layout's `index.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_name: Option<String>,
    /// Its title, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its description, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The digest of the image it is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_digest: Option<String>,
    /// The reference of the image it is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_name: Option<String>,
}

impl KnownAnnotations {
    /// Those among these annotations. [`Document::annotations`] and [`Descriptor::annotations`](crate::document::Descriptor) have
    /// them; unknown ones are nobody's error, and stay there.
    #[must_use]
    pub fn of(annotations: &Annotations) -> Self {
        use known::*;
        let mut found = Self::default();
        let slots = [
            (CREATED, &mut found.created),
            (AUTHORS, &mut found.authors),
            (URL, &mut found.url),
            (DOCUMENTATION, &mut found.documentation),
            (SOURCE, &mut found.source),
            (VERSION, &mut found.version),
            (REVISION, &mut found.revision),
            (VENDOR, &mut found.vendor),
            (LICENSES, &mut found.licenses),
            (REF_NAME, &mut found.ref_name),
            (TITLE, &mut found.title),
            (DESCRIPTION, &mut found.description),
            (BASE_DIGEST, &mut found.base_digest),
            (BASE_NAME, &mut found.base_name),
        ];
        for (key, slot) in slots {
            *slot = annotations.get(key).map(str::to_owned);
        }
        found
    }
}

/// The image that another is based on: its immediate base, whose layers are the first of its own.
///
/// ```
/// use pierhead::annotations::BaseImage;
/// use pierhead::document::Document;
///
/// let config = br#"{"rootfs": {}, "config": {"Labels": {"org.opencontainers.image.base.name": "alpine:3.20"}}}"#;
/// let config = Document::parse(config.to_vec(), None)?;
/// let base = BaseImage::of(&config)?.and_then(|base| base.name);
/// assert_eq!(base.map(|name| name.to_string()).as_deref(), Some("docker.io/library/alpine:3.20"));
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaseImage {
    /// Its reference, completed as Docker does: it may have moved since.
    pub name: Option<Reference>,
    /// The digest of its manifest or index.
    pub digest: Option<Digest>,
}

impl BaseImage {
    /// The base image that a manifest, index or descriptor states in its annotations, or an image config in its labels; `None` if it
    /// states none. An empty value states none.
    ///
    /// # Errors
    /// As [`Document::annotations`]; `INVALID_REFERENCE` and `INVALID_DIGEST` for what is stated.
    pub fn of(document: &Document) -> Result<Option<Self>> {
        let KnownAnnotations {
            base_name,
            base_digest,
            ..
        } = KnownAnnotations::of(&document.annotations()?);
        let stated = |value: &String| !value.is_empty();
        let name = base_name
            .filter(stated)
            .map(|name| name.parse())
            .transpose()?;
        let digest = base_digest
            .filter(stated)
            .map(|digest| digest.parse())
            .transpose()?;
        Ok((name.is_some() || digest.is_some()).then_some(Self { name, digest }))
    }
}
