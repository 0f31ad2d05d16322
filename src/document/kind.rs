//! Kinds of documents and their media types.

use serde::{Serialize, Serializer};

use crate::media_type::known;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, rename = "DocumentKind", rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Kind {
    /// `application/vnd.oci.image.manifest.v1+json`
    ImageManifest,
    /// `application/vnd.oci.image.index.v1+json`
    ImageIndex,
    /// `application/vnd.oci.image.config.v1+json`
    ImageConfig,
    /// `application/vnd.oci.descriptor.v1+json`
    Descriptor,
    /// `application/vnd.oci.layout.header.v1+json`: the file `oci-layout`.
    ImageLayout,
    /// `application/vnd.docker.distribution.manifest.v2+json`
    DockerManifest,
    /// `application/vnd.docker.distribution.manifest.list.v2+json`
    DockerManifestList,
    /// `application/vnd.docker.container.image.v1+json`
    DockerConfig,
    /// `application/vnd.docker.distribution.manifest.v1+json` and `…+prettyjws`: Docker's schema 1, deprecated. It is told from
    /// other manifests, and no more.
    DockerSchema1,
    /// `application/vnd.oci.artifact.manifest.v1+json`: withdrawn before image specification 1.1. It is told from image manifests,
    /// and no more.
    ArtifactManifest,
    /// Something else, of which nothing is assumed.
    Unknown,
}

const MEDIA_TYPES: [(Kind, &str); 11] = [
    (Kind::ImageManifest, known::OCI_IMAGE_MANIFEST),
    (Kind::ImageIndex, known::OCI_IMAGE_INDEX),
    (Kind::ImageConfig, known::OCI_IMAGE_CONFIG),
    (Kind::Descriptor, known::OCI_DESCRIPTOR),
    (Kind::ImageLayout, known::OCI_LAYOUT_HEADER),
    (Kind::DockerManifest, known::DOCKER_MANIFEST),
    (Kind::DockerManifestList, known::DOCKER_MANIFEST_LIST),
    (Kind::DockerConfig, known::DOCKER_CONFIG),
    (Kind::DockerSchema1, known::DOCKER_SCHEMA1),
    (Kind::DockerSchema1, known::DOCKER_SCHEMA1_SIGNED),
    (Kind::ArtifactManifest, known::OCI_ARTIFACT_MANIFEST),
];

impl Kind {
    /// The kind of this media type, without parameters and in any case (RFC 9110, section 8.3.1); [`Kind::Unknown`] for one
    /// that is not listed above.
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        Self::entry(media_type).map_or(Self::Unknown, |(kind, _)| *kind)
    }

    /// A media type in the specifications' own spelling, if it is one listed above: case does not tell media types apart, but
    /// readers may.
    pub(crate) fn spelling(media_type: &str) -> Option<&'static str> {
        Self::entry(media_type).map(|(_, name)| *name)
    }

    fn entry(media_type: &str) -> Option<&'static (Self, &'static str)> {
        MEDIA_TYPES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(media_type))
    }

    /// Its media type, the first of those listed above; `None` for [`Kind::Unknown`].
    #[must_use]
    pub fn media_type(self) -> Option<&'static str> {
        MEDIA_TYPES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map(|(_, name)| *name)
    }

    /// Its name in reports: that of its variant, in kebab case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImageManifest => "image-manifest",
            Self::ImageIndex => "image-index",
            Self::ImageConfig => "image-config",
            Self::Descriptor => "descriptor",
            Self::ImageLayout => "image-layout",
            Self::DockerManifest => "docker-manifest",
            Self::DockerManifestList => "docker-manifest-list",
            Self::DockerConfig => "docker-config",
            Self::DockerSchema1 => "docker-schema1",
            Self::ArtifactManifest => "artifact-manifest",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it has a `config` and `layers`.
    #[must_use]
    pub fn is_manifest(self) -> bool {
        matches!(self, Self::ImageManifest | Self::DockerManifest)
    }

    /// Whether it has `manifests`.
    #[must_use]
    pub fn is_index(self) -> bool {
        matches!(self, Self::ImageIndex | Self::DockerManifestList)
    }

    /// Whether it is the configuration of an image.
    #[must_use]
    pub fn is_config(self) -> bool {
        matches!(self, Self::ImageConfig | Self::DockerConfig)
    }

    /// Whether it names its own media type in `mediaType`; in a descriptor that property names another document's.
    pub(crate) fn is_self_describing(self) -> bool {
        self.is_manifest() || self.is_index() || self == Self::ArtifactManifest
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
