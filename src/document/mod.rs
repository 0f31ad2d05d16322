//! Documents: the exact bytes, what they are, and what they point at.
//!
//! A [`Document`] keeps the bytes it was read from and never writes them anew, so its digest is always that of what was
//! received, and properties that this crate does not know survive.

mod annotations;
mod descriptor;
mod embedded;
mod identity;
mod kind;
mod select;
mod shape;

use std::borrow::Cow;

use crate::digest::{Algorithm, Digest};
use crate::json::{Limits, Tree, Value};
use crate::{Error, Kind as ErrorKind, Result};

pub use annotations::Annotations;
pub use descriptor::Descriptor;
pub use identity::chain_ids;
pub use kind::Kind;
pub use select::{Variants, select_platform};

#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
pub(crate) use select::place_of;

pub(crate) use descriptor::platform as read_platform;
pub(crate) use shape::{Clash, Detected, Shape, folds_to};

use descriptor::{FOLDED_KEY, annotations, array, invalid, optional, required};

/// A JSON document of OCI or Docker, safe to use: it reads the same to every parser, and is one thing only.
///
/// That is all that is promised of it: whether it keeps the rules of its kind, [`crate::rules::validate`] says.
///
/// ```
/// use pierhead::document::{Document, Kind};
///
/// let bytes = br#"{"schemaVersion": 2, "manifests": []}"#.to_vec();
/// let index = Document::parse(bytes, None)?;
/// assert_eq!(index.kind(), Kind::ImageIndex);
/// assert!(index.manifests()?.is_empty());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    /// Text, so that UTF-8 is checked once.
    text: String,
    tree: Tree,
    kind: Kind,
    media_type: Option<String>,
}

impl Document {
    /// Reads a document. `media_type` is what whoever delivered it declared: `Content-Type`, or a descriptor's `mediaType`.
    /// Parameters of it are ignored, as the distribution specification has it ("Pulling manifests").
    ///
    /// What it is: the declared media type says so; without one, the document's own `mediaType`; without that, its properties.
    ///
    /// # Errors
    /// - `INVALID_JSON`, `TOO_LARGE`, `TOO_DEEP`: not strict JSON, see [`Tree::parse`].
    /// - `MEDIA_TYPE_MISMATCH`: its `mediaType` is not the declared one; or is unknown while its properties are a manifest's; or is that
    ///   of a manifest or index but for its case, which most readers do not ignore.
    /// - `INVALID_MANIFEST`: two readers could take it for two things: a manifest with `manifests`, an index with `config` or
    ///   `layers`, either with properties of Docker's schema 1 or with `Layers` for `layers`; or it is no object at all.
    pub fn parse(bytes: Vec<u8>, media_type: Option<&str>) -> Result<Self> {
        Self::parse_with(bytes, media_type, &Limits::default())
    }

    /// [`Document::parse`] under other limits.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_with(bytes: Vec<u8>, media_type: Option<&str>, limits: &Limits) -> Result<Self> {
        let tree = Tree::parse_with(&bytes, limits)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::new(
                ErrorKind::Internal,
                "the JSON reader let through what is not UTF-8",
            )
        })?;
        let root = tree.root_of(&text);
        let shape = Shape::of(root);
        let Detected {
            kind,
            media_type,
            clashes,
        } = shape.detect(media_type.map(essence));
        if let Some((clash, at)) = clashes.first() {
            return Err(clash_error(*clash, *at, media_type.as_deref()));
        }
        if kind.is_self_describing()
            && let Some(key) = shape.folded
        {
            return Err(invalid(key, FOLDED_KEY));
        }
        if kind != Kind::Unknown && !root.is_object() {
            return Err(invalid(root, "not an object"));
        }
        let media_type = media_type.map(Cow::into_owned);
        Ok(Self {
            kind,
            media_type,
            tree,
            text,
        })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its media type, without parameters: the declared one, else its own, else that of its kind; `None` if it has none of these.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The exact bytes that it was read from.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The exact bytes that it was read from, taken out.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// The digest of its bytes.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Digest {
        Digest::of(algorithm, self.bytes())
    }

    /// Its JSON value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        self.tree.root_of(&self.text)
    }

    /// The `config` of an image manifest (OCI or Docker); `None` of any other kind.
    ///
    /// # Errors
    /// `INVALID_MANIFEST`, with the JSON pointer of what is missing or malformed.
    pub fn config(&self) -> Result<Option<Descriptor>> {
        if !self.kind.is_manifest() {
            return Ok(None);
        }
        Descriptor::read(required(self.root(), "config")?).map(Some)
    }

    /// The `layers` of an image manifest (OCI or Docker), base first; none of any other kind.
    ///
    /// # Errors
    /// As [`Document::config`].
    pub fn layers(&self) -> Result<Vec<Descriptor>> {
        if self.kind.is_manifest() {
            self.descriptors("layers")
        } else {
            Ok(Vec::new())
        }
    }

    /// The `manifests` of an image index or Docker manifest list; none of any other kind.
    ///
    /// # Errors
    /// As [`Document::config`].
    pub fn manifests(&self) -> Result<Vec<Descriptor>> {
        if self.kind.is_index() {
            self.descriptors("manifests")
        } else {
            Ok(Vec::new())
        }
    }

    /// The manifest that an OCI image manifest or index refers to; `None` if there is none.
    ///
    /// # Errors
    /// As [`Document::config`].
    pub fn subject(&self) -> Result<Option<Descriptor>> {
        if !matches!(self.kind, Kind::ImageManifest | Kind::ImageIndex) {
            return Ok(None);
        }
        optional(self.root(), "subject")
            .map(Descriptor::read)
            .transpose()
    }

    /// The `annotations` of a manifest, index or descriptor; of an image config, its `config.Labels`, which follow the same rules
    /// (image specification, `config.md`). The two are never mixed. Empty if there are none, or of another kind.
    ///
    /// # Errors
    /// As [`Document::config`].
    pub fn annotations(&self) -> Result<Annotations> {
        let found = match self.kind {
            Kind::ImageConfig | Kind::DockerConfig => {
                optional(self.root(), "config").and_then(|config| optional(config, "Labels"))
            }
            _ => optional(self.root(), "annotations"),
        };
        found.map_or_else(|| Ok(Annotations::default()), annotations)
    }

    fn descriptors(&self, name: &str) -> Result<Vec<Descriptor>> {
        Descriptor::read_all(array(self.root(), name)?)
    }
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type
        .split_once(';')
        .map_or(media_type, |(essence, _)| essence)
        .trim()
}

fn clash_error(clash: Clash, at: Value<'_>, declared: Option<&str>) -> Error {
    match clash {
        Clash::DeclaredMediaType => Error::new(ErrorKind::MediaTypeMismatch, clash.message())
            .with_expected(
                declared.unwrap_or_default(),
                at.as_str().unwrap_or_default(),
            )
            .with_position(at.position()),
        Clash::UnknownMediaType => {
            Error::new(ErrorKind::MediaTypeMismatch, clash.message()).with_position(at.position())
        }
        _ => invalid(at, clash.message()),
    }
}
