//! The annotations that the image specification predefines (`annotations.md`), and the base image that two of them name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Result;
use crate::digest::Digest;
use crate::document::Document;
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
    /// Its licences: an SPDX licence expression.
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

/// The key of each predefined annotation, and the name it has in [`KnownAnnotations`] as JavaScript gets them.
const NAMES: [(&str, &str); 14] = [
    (known::CREATED, "created"),
    (known::AUTHORS, "authors"),
    (known::URL, "url"),
    (known::DOCUMENTATION, "documentation"),
    (known::SOURCE, "source"),
    (known::VERSION, "version"),
    (known::REVISION, "revision"),
    (known::VENDOR, "vendor"),
    (known::LICENSES, "licenses"),
    (known::REF_NAME, "refName"),
    (known::TITLE, "title"),
    (known::DESCRIPTION, "description"),
    (known::BASE_DIGEST, "baseDigest"),
    (known::BASE_NAME, "baseName"),
];

/// What [`KnownAnnotations`] serialise to, in a tenth of the WebAssembly.
#[cfg(any(all(feature = "wasm", target_arch = "wasm32"), test))]
pub(crate) fn named(annotations: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, value) in annotations {
        if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == key) {
            found.insert((*name).to_owned(), value);
        }
    }
    found
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
    /// Its licences: an SPDX licence expression.
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
    pub fn of(annotations: &BTreeMap<String, String>) -> Self {
        let mut found = Self::default();
        let slots = [
            &mut found.created,
            &mut found.authors,
            &mut found.url,
            &mut found.documentation,
            &mut found.source,
            &mut found.version,
            &mut found.revision,
            &mut found.vendor,
            &mut found.licenses,
            &mut found.ref_name,
            &mut found.title,
            &mut found.description,
            &mut found.base_digest,
            &mut found.base_name,
        ];
        for ((key, _), slot) in NAMES.iter().zip(slots) {
            *slot = annotations.get(*key).cloned();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_annotations_are_what_the_typed_ones_serialise_to() {
        let mut annotations: BTreeMap<_, _> = NAMES
            .iter()
            .map(|(key, name)| ((*key).to_owned(), format!("the {name}")))
            .collect();
        annotations.insert("com.example".to_owned(), "other".to_owned());
        let typed = serde_json::to_value(KnownAnnotations::of(&annotations)).unwrap();
        let named = named(annotations);
        assert_eq!(serde_json::to_value(&named).unwrap(), typed);
        assert_eq!(named.len(), NAMES.len());
        assert!(
            named
                .iter()
                .all(|(name, value)| *value == format!("the {name}"))
        );
    }

    #[test]
    fn javascript_has_the_same_keys() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/js/annotations.ts");
        let script = std::fs::read_to_string(path).unwrap();
        for (key, name) in NAMES {
            assert!(script.contains(&format!("  {name}: \"{key}\",")), "{key}");
        }
        assert_eq!(
            script.matches("\"org.opencontainers.image.").count(),
            NAMES.len()
        );
    }
}
