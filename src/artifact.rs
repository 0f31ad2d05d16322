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

use table::{Place, ROWS, Row};

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
        let kind = by_type(own.as_deref())
            .or_else(|| by_type(config.as_deref()))
            .or_else(|| by_layers(document.kind(), root))
            .or_else(|| by_annotations(root))
            .unwrap_or_else(|| otherwise(document.kind(), root, own.as_deref(), config.as_deref()));
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

/// The kind of the first row that fits.
fn first(fits: impl Fn(&Row) -> bool) -> Option<ArtifactKind> {
    ROWS.iter().find(|row| fits(row)).map(|row| row.kind)
}

fn by_type(media_type: Option<&str>) -> Option<ArtifactKind> {
    let media_type = media_type?;
    first(|row| matches!(row.place, Place::Type | Place::Any) && row.fits(media_type))
}

/// What a document points at as its content; the withdrawn artifact manifest had `blobs`.
fn parts<'a>(root: Value<'a>) -> impl Iterator<Item = Value<'a>> {
    ["layers", "blobs", "manifests"]
        .into_iter()
        .filter_map(move |name| root.get(name))
        .flat_map(Value::elements)
}

fn by_layers(kind: Kind, root: Value<'_>) -> Option<ArtifactKind> {
    let mut best = None;
    let mut see = |media_type: &str| {
        let rows = ROWS.iter().take(best.unwrap_or(ROWS.len()));
        let found = rows.enumerate().find(|(_, row)| {
            matches!(row.place, Place::Layer | Place::Any) && row.fits(media_type)
        });
        best = found.map(|(index, _)| index).or(best);
    };
    if kind == Kind::Descriptor {
        see(&text(root, "mediaType")?);
    }
    for part in parts(root) {
        let Some(media_type) = text(part, "mediaType") else {
            continue;
        };
        // Of an index, ordinary layers are the cache of a build.
        if kind.is_manifest()
            && matches!(
                MediaTypeClass::of(&media_type),
                MediaTypeClass::Layer | MediaTypeClass::NondistributableLayer
            )
        {
            return None;
        }
        see(&media_type);
    }
    best.and_then(|index| ROWS.get(index)).map(|row| row.kind)
}

fn by_annotations(root: Value<'_>) -> Option<ArtifactKind> {
    // Those of an index's entries say what the entries are.
    let layers = root.get("layers").into_iter().flat_map(Value::elements);
    let holders = [root].into_iter().chain(layers);
    let mut annotations = holders.filter_map(|holder| holder.get("annotations"));
    annotations.find_map(|annotations| {
        first(|row| {
            let (key, value) = row.annotation();
            row.place == Place::Annotation
                && annotations
                    .get(key)
                    .is_some_and(|found| value.is_none_or(|value| found.is_str(value)))
        })
    })
}

/// What it is if nothing is known of its types.
fn otherwise(kind: Kind, root: Value<'_>, own: Option<&str>, config: Option<&str>) -> ArtifactKind {
    let described =
        text(root, "mediaType").map_or(Kind::Unknown, |media_type| Kind::of(&media_type));
    match (own.or(config), own) {
        (None, _) if kind.is_index() || kind == Kind::Descriptor && described.is_index() => {
            ArtifactKind::Index
        }
        // What ORAS writes where it is told no type, and what is written where there is no config.
        (
            Some(
                "application/vnd.unknown.artifact.v1"
                | "application/vnd.unknown.config.v1+json"
                | known::OCI_EMPTY,
            ),
            _,
        ) => ArtifactKind::Untyped,
        (Some(config), None)
            if [known::OCI_IMAGE_CONFIG, known::DOCKER_CONFIG]
                .iter()
                .any(|image| image.eq_ignore_ascii_case(config)) =>
        {
            ArtifactKind::Image
        }
        _ => ArtifactKind::Unknown,
    }
}
