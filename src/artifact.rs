//! What an artifact is: a container image, a Helm chart, a signature, an SBOM, …
//!
//! Registries hold more than images, and what a manifest stands for is told by conventions of the tools that make it. Those that are
//! documented somewhere are a table here; `docs/artifacts.md` is that table with its sources.

mod kind;
mod table;

use std::borrow::Cow;

use serde::Serialize;

use crate::Result;
use crate::document::{Descriptor, Document, Kind};
use crate::json::Value;
use crate::media_type::{MediaTypeClass, known};

pub use kind::ArtifactKind;

use table::{Place, rows};

/// What an artifact is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Artifact {
    /// What it is; `unknown` if nothing that is known here says so.
    pub kind: ArtifactKind,
    /// The name of that kind, for people, in English.
    pub name: &'static str,
    /// Its effective artifact type, as it was written: `artifactType`, else the media type of the manifest's `config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifest that it refers to, such as the image that a signature signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
}

impl Artifact {
    /// What the artifact of a manifest, of an index, or of a descriptor of one is.
    ///
    /// The first that is known says so: `artifactType`; the media type of `config`; the media types of the layers, unless one of them
    /// is an ordinary layer of an image; annotations, also those of layers. A manifest with none of these and the config of an image is
    /// an image. Nothing is fetched, so what only a config or a layer could tell remains unknown.
    ///
    /// Anyone may write any media type into a manifest: what an artifact is called is no proof that it is one.
    ///
    /// ```
    /// use pierhead::artifact::{Artifact, ArtifactKind};
    /// use pierhead::document::Document;
    ///
    /// let manifest = br#"{"schemaVersion": 2, "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}, "layers": []}"#;
    /// let artifact = Artifact::of(&Document::parse(manifest.to_vec(), None)?)?;
    /// assert_eq!((artifact.kind, artifact.name), (ArtifactKind::HelmChart, "Helm chart"));
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    ///
    /// # Errors
    /// `INVALID_MANIFEST` if the `subject` is malformed.
    pub fn of(document: &Document) -> Result<Self> {
        let root = document.root();
        let own = text(root, "artifactType");
        let config = root
            .get("config")
            .and_then(|config| text(config, "mediaType"));
        let (own_type, config_type) = (own.as_deref(), config.as_deref());
        let row = by_type(own_type)
            .or_else(|| by_type(config_type))
            .or_else(|| by_layers(document.kind(), root))
            .or_else(|| by_annotations(root))
            .and_then(|found| rows().nth(found));
        let kind = match row {
            Some(row) => row.kind,
            None => otherwise(document.kind(), root, own_type, config_type),
        };
        Ok(Self {
            kind,
            name: kind.name(),
            artifact_type: own.or(config).map(Cow::into_owned),
            subject: document.subject()?,
        })
    }
}

/// A text, if it is one and not empty.
fn text<'a>(object: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The place in the table of the first row that stands for the media type there.
fn find(media_type: &str, place: Place) -> Option<usize> {
    rows().position(|row| (row.place == place || row.place == Place::Any) && row.fits(media_type))
}

fn by_type(media_type: Option<&str>) -> Option<usize> {
    find(media_type?, Place::Type)
}

/// By the media types of what the document points at as its content; the withdrawn artifact manifest had `blobs`.
fn by_layers(kind: Kind, root: Value<'_>) -> Option<usize> {
    if kind == Kind::Descriptor {
        return find(&text(root, "mediaType")?, Place::Layer);
    }
    let mut best = None;
    for name in ["layers", "blobs", "manifests"] {
        let Some(parts) = root.get(name) else {
            continue;
        };
        for part in parts.elements() {
            let media_type = text(part, "mediaType").unwrap_or_default();
            // Of an index, ordinary layers are the cache of a build.
            if kind.is_manifest()
                && matches!(
                    MediaTypeClass::of(&media_type),
                    MediaTypeClass::Layer | MediaTypeClass::NondistributableLayer
                )
            {
                return None;
            }
            if let Some(found) = find(&media_type, Place::Layer)
                && best.is_none_or(|best| found < best)
            {
                best = Some(found);
            }
        }
    }
    best
}

fn by_annotations(root: Value<'_>) -> Option<usize> {
    if let Some(found) = annotated(root) {
        return Some(found);
    }
    // Those of an index's entries say what the entries are.
    root.get("layers")?.elements().find_map(annotated)
}

fn annotated(holder: Value<'_>) -> Option<usize> {
    let annotations = holder.get("annotations")?;
    rows().position(|row| {
        if row.place != Place::Annotation {
            return false;
        }
        let (key, value) = row.annotation();
        annotations
            .get(key)
            .is_some_and(|found| value.is_none_or(|value| found.is_str(value)))
    })
}

/// What ORAS writes where it is told no type, and what stands where there is no config.
const UNTYPED: &[&str] = &[
    "application/vnd.unknown.artifact.v1",
    "application/vnd.unknown.config.v1+json",
    known::OCI_EMPTY,
];

/// What it is if nothing is known of its types.
fn otherwise(kind: Kind, root: Value<'_>, own: Option<&str>, config: Option<&str>) -> ArtifactKind {
    let Some(artifact_type) = own.or(config) else {
        let described = text(root, "mediaType").unwrap_or_default();
        let is_index =
            kind.is_index() || kind == Kind::Descriptor && Kind::of(&described).is_index();
        return if is_index {
            ArtifactKind::Index
        } else {
            ArtifactKind::Unknown
        };
    };
    let is_any = |types: &[&str]| {
        types
            .iter()
            .any(|media_type| media_type.eq_ignore_ascii_case(artifact_type))
    };
    if is_any(UNTYPED) {
        ArtifactKind::Untyped
    } else if own.is_none() && is_any(&[known::OCI_IMAGE_CONFIG, known::DOCKER_CONFIG]) {
        ArtifactKind::Image
    } else {
        ArtifactKind::Unknown
    }
}
