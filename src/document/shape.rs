//! What a document is, from its declared media type, its own `mediaType` and its properties, and where the three clash.
//!
//! A document that one reader takes for a manifest and another for an index is an attack: CVE-2021-41190,
//! <https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh>.

use std::borrow::Cow;

use crate::json::{Value, ValueKind};

use super::Kind;

/// A way in which two readers could take one document for two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// `mediaType` is not the declared media type.
    DeclaredMediaType,
    /// `mediaType` is unknown, if only to readers that do not ignore case, but the properties are a manifest's or an index's.
    UnknownMediaType,
    /// `manifests` beside `config` or `layers`, and no media type to say which counts.
    BothShapes,
    /// A manifest with `manifests`.
    ManifestWithManifests,
    /// An index with `config` or `layers`.
    IndexWithLayers,
    /// An artifact manifest with the properties of a manifest or an index.
    ArtifactWithLayers,
    /// A manifest or index with properties of Docker's schema 1, or the reverse.
    Schema1,
}

impl Clash {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::DeclaredMediaType => {
                "the document's mediaType is not the media type it is declared to have"
            }
            Self::UnknownMediaType => {
                "the document has the properties of a manifest or index, but an unknown mediaType"
            }
            Self::BothShapes => "the document can be read as a manifest and as an index",
            Self::ManifestWithManifests => "a manifest may not have the property manifests",
            Self::IndexWithLayers => "an index may not have the properties config and layers",
            Self::ArtifactWithLayers => {
                "an artifact manifest may not have the properties config, layers and manifests"
            }
            Self::Schema1 => {
                "a schema 2 document may not have properties of schema 1, nor the reverse"
            }
        }
    }
}

/// The properties that tell documents apart; `None` where absent or `null`, which Go's decoder does not tell apart.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shape<'a> {
    schema_version: Option<Value<'a>>,
    media_type: Option<Value<'a>>,
    config: Option<Value<'a>>,
    layers: Option<Value<'a>>,
    manifests: Option<Value<'a>>,
    fs_layers: Option<Value<'a>>,
    history: Option<Value<'a>>,
    rootfs: Option<Value<'a>>,
    layout_version: Option<Value<'a>>,
    digest: Option<Value<'a>>,
    size: Option<Value<'a>>,
    /// The first key that a case-insensitive reader takes for one that makes a manifest or an index.
    pub(crate) folded: Option<Value<'a>>,
}

/// What a document was found to be.
pub(crate) struct Detected<'a> {
    pub(crate) kind: Kind,
    /// Declared, else its own, else that of its kind.
    pub(crate) media_type: Option<Cow<'a, str>>,
    pub(crate) clashes: Vec<(Clash, Value<'a>)>,
}

impl<'a> Shape<'a> {
    /// The shape of an object; of anything else, that of an empty one.
    pub(crate) fn of(root: Value<'a>) -> Self {
        let mut shape = Self::default();
        for (key, value) in root.entries() {
            let Some(name) = key.as_str() else { continue };
            let slot = match &*name {
                "schemaVersion" => &mut shape.schema_version,
                "mediaType" => &mut shape.media_type,
                "config" => &mut shape.config,
                "layers" => &mut shape.layers,
                "manifests" => &mut shape.manifests,
                "fsLayers" => &mut shape.fs_layers,
                "history" => &mut shape.history,
                "rootfs" => &mut shape.rootfs,
                "imageLayoutVersion" => &mut shape.layout_version,
                "digest" => &mut shape.digest,
                "size" => &mut shape.size,
                _ => {
                    const TELLING: [&str; 7] = [
                        "schemaVersion",
                        "mediaType",
                        "config",
                        "layers",
                        "manifests",
                        "fsLayers",
                        "history",
                    ];
                    if shape.folded.is_none() && TELLING.iter().any(|known| folds_to(&name, known))
                    {
                        shape.folded = Some(key);
                    }
                    continue;
                }
            };
            *slot = (!value.is_null()).then_some(value);
        }
        shape
    }

    /// What the document is, given the media type (without parameters) that whoever delivered it declared.
    pub(crate) fn detect(&self, declared: Option<&'a str>) -> Detected<'a> {
        let mut clashes = Vec::new();
        let (kind, media_type) = match declared {
            Some(declared) => {
                let name = Kind::spelling(declared).unwrap_or(declared);
                (Kind::of(name), Some(name.into()))
            }
            None => self.undeclared(&mut clashes),
        };
        if let (Some(_), Some(declared), Some(own)) = (declared, &media_type, self.own_media_type())
        {
            // A descriptor's mediaType is that of another document, and other documents may mean anything by it.
            let comparable = kind.is_self_describing()
                || kind != Kind::Descriptor
                    && !self.is_descriptor()
                    && own
                        .as_str()
                        .is_some_and(|own| Kind::of(&own).is_self_describing());
            if comparable && !own.is_str(declared) {
                clashes.push((Clash::DeclaredMediaType, own));
            }
        }
        self.structure(kind, &mut clashes);
        Detected {
            kind,
            media_type,
            clashes,
        }
    }

    /// Kind and media type, where nobody declared one.
    fn undeclared(&self, clashes: &mut Vec<(Clash, Value<'a>)>) -> (Kind, Option<Cow<'a, str>>) {
        let by_shape = self.kind();
        let own = self.own_media_type();
        let own_name = own.and_then(Value::as_str);
        let own_kind = own_name.as_deref().map_or(Kind::Unknown, Kind::of);
        if by_shape != Kind::Descriptor && own_kind.is_self_describing() {
            let media_type = own_kind.media_type();
            if let Some(own) = own
                && own_kind != Kind::ArtifactManifest
                && !media_type.is_some_and(|name| own.is_str(name))
            {
                clashes.push((Clash::UnknownMediaType, own));
            }
            return (own_kind, media_type.map(Cow::Borrowed));
        }
        if let (Some(own), true) = (own, by_shape.is_self_describing()) {
            clashes.push((Clash::UnknownMediaType, own));
        }
        if let (Some(manifests), Some(_)) = (self.manifests, self.config.or(self.layers)) {
            clashes.push((Clash::BothShapes, manifests));
        }
        let media_type = by_shape.media_type().map(Cow::Borrowed);
        (by_shape, media_type.or(own_name))
    }

    /// What the properties alone say.
    fn kind(&self) -> Kind {
        match self {
            Self {
                manifests: Some(_),
                config: None,
                layers: None,
                ..
            } => Kind::ImageIndex,
            // Readable as both, so as neither.
            Self {
                manifests: Some(_), ..
            } => Kind::Unknown,
            Self {
                layers: Some(_), ..
            } => Kind::ImageManifest,
            Self {
                config: Some(_),
                schema_version: Some(_),
                ..
            } => Kind::ImageManifest,
            Self {
                fs_layers: Some(_), ..
            } => Kind::DockerSchema1,
            Self {
                rootfs: Some(_), ..
            } => Kind::ImageConfig,
            Self {
                layout_version: Some(_),
                ..
            } => Kind::ImageLayout,
            _ if self.is_descriptor() => Kind::Descriptor,
            _ => Kind::Unknown,
        }
    }

    fn is_descriptor(&self) -> bool {
        let Self {
            media_type,
            digest,
            size,
            schema_version,
            config,
            layers,
            manifests,
            ..
        } = self;
        media_type.is_some()
            && digest.is_some()
            && size.is_some()
            && schema_version
                .or(*config)
                .or(*layers)
                .or(*manifests)
                .is_none()
    }

    fn structure(&self, kind: Kind, clashes: &mut Vec<(Clash, Value<'a>)>) {
        let first_version = self
            .schema_version
            .filter(|version| version.as_u64() == Some(1));
        let schema1 = [first_version, self.fs_layers, self.history];
        let schema2 = [self.config, self.layers, self.manifests];
        let (clash, foreign) = match kind {
            Kind::DockerSchema1 => (Clash::Schema1, schema2),
            Kind::ArtifactManifest => (Clash::ArtifactWithLayers, schema2),
            kind if kind.is_manifest() => {
                (Clash::ManifestWithManifests, [self.manifests, None, None])
            }
            kind if kind.is_index() => (Clash::IndexWithLayers, [self.config, self.layers, None]),
            _ => return,
        };
        clashes.extend(foreign.into_iter().flatten().map(|at| (clash, at)));
        if kind != Kind::DockerSchema1 {
            clashes.extend(schema1.into_iter().flatten().map(|at| (Clash::Schema1, at)));
        }
    }

    /// The document's own `mediaType`. The empty string is Go's way to say that there is none.
    fn own_media_type(&self) -> Option<Value<'a>> {
        self.media_type
            .filter(|value| value.kind() == ValueKind::String && !value.is_str(""))
    }
}

/// Whether a reader that ignores case takes the key `name` for `known`, though it is another. Go's `encoding/json` is one,
/// and by Unicode's simple folding: `ſ` (U+017F) is an `s` to it, and the Kelvin sign (U+212A) a `k`.
pub(crate) fn folds_to(name: &str, known: &str) -> bool {
    let fold = |char: char| match char {
        'ſ' => 's',
        '\u{212A}' => 'k',
        char => char.to_ascii_lowercase(),
    };
    // Nearly all keys are ASCII, of which only those of equal length can be equal.
    (name.len() == known.len() || !name.is_ascii())
        && name != known
        && name.chars().map(fold).eq(known.chars().map(fold))
}
