//! Media types: their grammar, those that the image specification and Docker define, and what each stands for.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, Kind, Result};

/// The media types of the image specification (`media-types.md`) and of Docker's schema 2.
pub mod known {
    /// A descriptor on its own.
    pub const OCI_DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";
    /// The file `oci-layout`.
    pub const OCI_LAYOUT_HEADER: &str = "application/vnd.oci.layout.header.v1+json";
    /// An image index.
    pub const OCI_IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An image manifest.
    pub const OCI_IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An image config.
    pub const OCI_IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// The two bytes `{}`, where a descriptor is required and there is nothing to describe.
    pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// A layer: a tar archive.
    pub const OCI_LAYER_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
    /// A layer: a tar archive in gzip.
    pub const OCI_LAYER_TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// A layer: a tar archive in zstd.
    pub const OCI_LAYER_TAR_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// A layer that must not be passed on; deprecated.
    pub const OCI_NONDISTRIBUTABLE_TAR: &str =
        "application/vnd.oci.image.layer.nondistributable.v1.tar";
    /// A layer in gzip that must not be passed on; deprecated.
    pub const OCI_NONDISTRIBUTABLE_TAR_GZIP: &str =
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    /// A layer in zstd that must not be passed on; deprecated.
    pub const OCI_NONDISTRIBUTABLE_TAR_ZSTD: &str =
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
    /// OCI's artifact manifest: withdrawn before the release of image specification 1.1.
    pub const OCI_ARTIFACT_MANIFEST: &str = "application/vnd.oci.artifact.manifest.v1+json";
    /// Docker's image index.
    pub const DOCKER_MANIFEST_LIST: &str =
        "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's image manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's image manifest of schema 1: deprecated.
    pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
    /// Docker's image manifest of schema 1, signed: deprecated.
    pub const DOCKER_SCHEMA1_SIGNED: &str =
        "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// Docker's image config.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// The config of a Docker plugin.
    pub const DOCKER_PLUGIN_CONFIG: &str = "application/vnd.docker.plugin.v1+json";
    /// Docker's layer: a tar archive.
    pub const DOCKER_LAYER_TAR: &str = "application/vnd.docker.image.rootfs.diff.tar";
    /// Docker's layer: a tar archive in gzip.
    pub const DOCKER_LAYER_TAR_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Docker's layer: a tar archive in zstd.
    pub const DOCKER_LAYER_TAR_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";
    /// Docker's layer that must not be passed on.
    pub const DOCKER_FOREIGN_TAR: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar";
    /// Docker's layer in gzip that must not be passed on.
    pub const DOCKER_FOREIGN_TAR_GZIP: &str =
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
}

use known::*;

/// What a client that can read any kind of manifest asks for, each a value of its `Accept` header.
///
/// ```
/// let accept = pierhead::media_type::MANIFEST_ACCEPT.join(", ");
/// assert!(accept.starts_with("application/vnd.oci.image.index.v1+json, "));
/// ```
pub const MANIFEST_ACCEPT: &[&str] = &[
    OCI_IMAGE_INDEX,
    OCI_IMAGE_MANIFEST,
    DOCKER_MANIFEST_LIST,
    DOCKER_MANIFEST,
];

/// The most frequent first.
const CLASSES: &[(MediaTypeClass, &[&str])] = &[
    (
        MediaTypeClass::Layer,
        &[
            OCI_LAYER_TAR_GZIP,
            DOCKER_LAYER_TAR_GZIP,
            OCI_LAYER_TAR_ZSTD,
            DOCKER_LAYER_TAR_ZSTD,
            OCI_LAYER_TAR,
            DOCKER_LAYER_TAR,
        ],
    ),
    (
        MediaTypeClass::ImageManifest,
        &[OCI_IMAGE_MANIFEST, DOCKER_MANIFEST],
    ),
    (
        MediaTypeClass::Index,
        &[OCI_IMAGE_INDEX, DOCKER_MANIFEST_LIST],
    ),
    (
        MediaTypeClass::Config,
        &[OCI_IMAGE_CONFIG, DOCKER_CONFIG, DOCKER_PLUGIN_CONFIG],
    ),
    (
        MediaTypeClass::NondistributableLayer,
        &[
            OCI_NONDISTRIBUTABLE_TAR,
            OCI_NONDISTRIBUTABLE_TAR_GZIP,
            OCI_NONDISTRIBUTABLE_TAR_ZSTD,
            DOCKER_FOREIGN_TAR,
            DOCKER_FOREIGN_TAR_GZIP,
        ],
    ),
    (MediaTypeClass::Empty, &[OCI_EMPTY]),
];

/// What a media type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaTypeClass {
    /// An image manifest.
    ImageManifest,
    /// An image index, Docker's manifest list included.
    Index,
    /// The config of an image or of a Docker plugin.
    Config,
    /// A layer.
    Layer,
    /// A layer that must not be passed on: deprecated by the image specification, and foreign in Docker's words.
    NondistributableLayer,
    /// The empty descriptor.
    Empty,
    /// Anything else. An unknown media type is never an error (`media-types.md`, "Media Type Conflicts" and `manifest.md`).
    Unknown,
}

impl MediaTypeClass {
    /// The class of a media type without parameters, in any case.
    pub(crate) fn of(media_type: &str) -> Self {
        specified(media_type).map_or(Self::Unknown, |(class, _)| class)
    }
}

/// The class and the specifications' own spelling of a media type that they define, given in any case.
pub(crate) fn specified(media_type: &str) -> Option<(MediaTypeClass, &'static str)> {
    for (class, members) in CLASSES {
        for member in *members {
            if *member == media_type {
                return Some((*class, *member));
            }
        }
    }
    // Nearly all of them are spelled as specified, and were found by their bytes.
    for (class, members) in CLASSES {
        for member in *members {
            if member.eq_ignore_ascii_case(media_type) {
                return Some((*class, *member));
            }
        }
    }
    None
}

/// A media type without parameters: `type/subtype`, each with the grammar of RFC 6838, section 4.2.
///
/// Case does not distinguish media types (RFC 6838, section 4.2), so it does not here: [`MediaType::as_str`] has the case it was
/// read with, and `==` ignores it.
///
/// ```
/// use pierhead::media_type::{MediaType, MediaTypeClass, known};
///
/// let media_type = MediaType::parse_header("Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8")?;
/// assert_eq!(media_type, known::OCI_IMAGE_MANIFEST.parse()?);
/// assert_eq!(media_type.class(), MediaTypeClass::ImageManifest);
/// assert!("application/json; charset=utf-8".parse::<MediaType>().is_err());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MediaType(String);

impl MediaType {
    /// The media type of a `Content-Type` header, without its parameters: clients ignore them on manifests (distribution
    /// specification, "Pulling manifests").
    ///
    /// # Errors
    /// [`Kind::InvalidMediaType`], also when there are two types with a comma between them, as two headers make.
    pub fn parse_header(content_type: &str) -> Result<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default();
        media_type.trim_matches(&[' ', '\t'][..]).parse()
    }

    /// The media type, in the case it was read with.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this one; case is ignored.
    #[must_use]
    pub fn is(&self, media_type: &str) -> bool {
        self.0.eq_ignore_ascii_case(media_type)
    }

    /// What it stands for.
    #[must_use]
    pub fn class(&self) -> MediaTypeClass {
        MediaTypeClass::of(&self.0)
    }

    /// Whether it is an image manifest, OCI's or Docker's.
    #[must_use]
    pub fn is_image_manifest(&self) -> bool {
        self.class() == MediaTypeClass::ImageManifest
    }

    /// Whether it is an image index or Docker's manifest list.
    #[must_use]
    pub fn is_index(&self) -> bool {
        self.class() == MediaTypeClass::Index
    }

    /// Whether it is the config of an image or of a Docker plugin.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.class() == MediaTypeClass::Config
    }

    /// Whether it is a layer, one that must not be passed on included.
    #[must_use]
    pub fn is_layer(&self) -> bool {
        matches!(
            self.class(),
            MediaTypeClass::Layer | MediaTypeClass::NondistributableLayer
        )
    }

    /// Whether it is a layer that must not be passed on.
    #[must_use]
    pub fn is_nondistributable(&self) -> bool {
        self.class() == MediaTypeClass::NondistributableLayer
    }
}

impl FromStr for MediaType {
    type Err = Error;

    /// Every failure is [`Kind::InvalidMediaType`].
    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('/') {
            Some((top, sub)) if is_restricted_name(top) && is_restricted_name(sub) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Error::new(
                Kind::InvalidMediaType,
                "a media type is `type/subtype`, each of 1 to 127 letters, digits and `!#$&^_.+-`, the first a letter or digit",
            )),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MediaType {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq for MediaType {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for MediaType {}

impl Hash for MediaType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// `restricted-name` of RFC 6838, section 4.2.
fn is_restricted_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 127
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
}
