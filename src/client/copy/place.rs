//! A place that holds images.

use std::future::Future;

use crate::Result;
use crate::client::transport::{Body, Content, MaybeSend, MaybeSync};
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::http::Url;
use crate::reference::RepositoryName;

/// A manifest with its bytes, which have been held against its descriptor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// What it is, and what its place says of it.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// A manifest from its parts.
    #[must_use]
    pub fn new(descriptor: Descriptor, bytes: Vec<u8>) -> Self {
        Self { descriptor, bytes }
    }
}

/// What became of something that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Its bytes went over.
    Copied,
    /// It was there.
    Existed,
    /// It was in another repository of the same registry, which needed no bytes.
    Mounted,
}

impl Outcome {
    /// Its name: `copied`, `existed` or `mounted`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Existed => "existed",
            Self::Mounted => "mounted",
        }
    }
}

/// How a manifest is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming<'a> {
    /// By its digest: an index names it.
    Digest,
    /// By its digest, as what refers to another.
    Referrer,
    /// By its digest, as what was asked for.
    Root,
    /// By a tag, or in an image layout by `org.opencontainers.image.ref.name`.
    Name(&'a str),
}

/// A repository, for others of its registry to mount blobs from (distribution specification, "Mounting a blob from another repository").
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MountSource<'a> {
    /// The registry's endpoint.
    pub registry: &'a Url,
    /// The repository.
    pub name: &'a RepositoryName,
}

impl<'a> MountSource<'a> {
    /// A repository of the registry at this endpoint.
    #[must_use]
    pub fn new(registry: &'a Url, name: &'a RepositoryName) -> Self {
        Self { registry, name }
    }
}

/// A place that holds images: a repository of a registry, an image layout.
///
/// A method fails with what the place itself reports; what is read to be verified, with [`Kind::DigestMismatch`](crate::Kind::DigestMismatch),
/// [`Kind::SizeMismatch`](crate::Kind::SizeMismatch) or [`Kind::BodyTruncated`](crate::Kind::BodyTruncated) where it is something else.
pub trait Place: MaybeSend + MaybeSync {
    /// A blob that is being read.
    type Body: Body;
    /// A blob that is about to be copied from here.
    type Content: Content<Body = Self::Body>;

    /// The manifest of a name or digest, verified where there is something to verify it by.
    fn resolve(&self, reference: &str) -> impl Future<Output = Result<Fetched>> + MaybeSend;

    /// The bytes of a manifest, verified by its digest. Its size may be that of a list of referrers, which some registries state wrongly.
    fn manifest(
        &self,
        descriptor: &Descriptor,
    ) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// What refers to a manifest by `subject`; none if the place cannot tell.
    fn referrers(
        &self,
        subject: &Digest,
    ) -> impl Future<Output = Result<Vec<Descriptor>>> + MaybeSend;

    /// A blob of this place, with its digest and its size. It is for the place that takes it to verify it.
    fn content(&self, blob: &Descriptor) -> Self::Content;

    /// Where its blobs may be mounted from; `None` if it is no repository of a registry.
    fn mount_source(&self) -> Option<MountSource<'_>>;

    /// Whether a manifest is there.
    fn has_manifest(
        &self,
        descriptor: &Descriptor,
    ) -> impl Future<Output = Result<bool>> + MaybeSend;

    /// Puts a blob where it is not there: mounted from a repository of the same registry, or read from its content, and verified.
    fn put_blob(
        &self,
        blob: &Descriptor,
        mount: Option<MountSource<'_>>,
        content: impl Content<Body = Self::Body>,
    ) -> impl Future<Output = Result<Outcome>> + MaybeSend;

    /// Puts a blob where it is not there, whose bytes are at hand, and verified.
    fn put_bytes(
        &self,
        blob: &Descriptor,
        bytes: &[u8],
    ) -> impl Future<Output = Result<Outcome>> + MaybeSend;

    /// Puts a manifest, whose blobs and manifests are there.
    fn put_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        naming: Naming<'_>,
    ) -> impl Future<Output = Result<()>> + MaybeSend;
}
