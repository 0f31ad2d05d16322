//! The manifests of a repository, as they are read (distribution specification, end-3).

mod delete;
mod put;

use std::pin::Pin;

use super::ask::{Answer, Call, Wanted};
use super::scope::Scope;
use super::{Client, Host, as_encoded, response};
use crate::digest::{Algorithm, Digest};
use crate::document::Document;
use crate::http::{Method, Url};
use crate::media_type::MANIFEST_ACCEPT;
use crate::reference::{RepositoryName, Tag};
use crate::{Error, Kind, Result};

pub use put::{PushedManifest, PutManifest};

/// The largest manifest that is read or pushed, in bytes: 8 MiB, twice what the specification asks registries to support.
pub const MAX_MANIFEST_BYTES: u64 = 8 * 1024 * 1024;

/// How a manifest is named within its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestReference {
    /// By the digest of its bytes: always the same document.
    Digest(Digest),
    /// By a tag, which can be moved.
    Tag(Tag),
}

impl std::str::FromStr for ManifestReference {
    type Err = Error;

    /// Reads the `<reference>` of a manifest URL: a digest holds a colon, a tag cannot.
    fn from_str(text: &str) -> Result<Self> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl ManifestReference {
    fn as_str(&self) -> &str {
        match self {
            Self::Digest(digest) => digest.as_str(),
            Self::Tag(tag) => tag.as_str(),
        }
    }
}

impl std::fmt::Display for ManifestReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A manifest as it was read: exact bytes, and the digest they were found to have.
#[derive(Debug)]
#[non_exhaustive]
pub struct Manifest {
    /// The document.
    pub document: Document,
    /// Its media type: the response's `Content-Type` without parameters, else the document's own.
    pub media_type: Option<String>,
    /// Its digest, verified: the one asked for, else the one the registry states, else by SHA-256.
    pub digest: Digest,
    /// Whether the bytes were held against a digest that was known before them: asked for, or stated by the registry.
    pub verified: bool,
    /// Its entity tag (RFC 9110, section 8.8.3), where the registry gave one: what a later read can be made conditional on.
    pub etag: Option<String>,
}

/// The bytes of a manifest, which were verified but not read: what they say may be wrong.
#[derive(Debug)]
#[non_exhaustive]
pub struct RawManifest {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The response's `Content-Type`, without parameters.
    pub media_type: Option<String>,
    /// As [`Manifest::digest`].
    pub digest: Digest,
    /// As [`Manifest::verified`].
    pub verified: bool,
    /// As [`Manifest::etag`].
    pub etag: Option<String>,
    /// Where they came from, for errors.
    url: Url,
}

impl RawManifest {
    /// The document that the bytes are.
    ///
    /// # Errors
    /// [`Kind::MediaTypeMismatch`], [`Kind::InvalidJson`], [`Kind::InvalidManifest`] and the limits of [`Document::parse`].
    pub fn parse(self) -> Result<Manifest> {
        let document = Document::parse(self.bytes, self.media_type.as_deref())
            .map_err(|error| error.at(&self.url))?;
        Ok(Manifest {
            media_type: self
                .media_type
                .or_else(|| document.media_type().map(str::to_owned)),
            document,
            digest: self.digest,
            verified: self.verified,
            etag: self.etag,
        })
    }
}

/// What `HEAD` says of a manifest. Nothing of it is verified: there were no bytes to verify.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ManifestHead {
    /// Its media type, without parameters.
    pub media_type: Option<String>,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

impl<T: Host> Client<T> {
    /// Reads a manifest (end-3) and verifies it: digest, size, and that its media type is the one it was served by.
    /// `accept` replaces the media types asked for.
    ///
    /// # Errors
    /// [`Kind::DigestMismatch`], [`Kind::BodyTruncated`], [`Kind::SizeMismatch`], [`Kind::MediaTypeMismatch`],
    /// [`Kind::TooLarge`], [`Kind::InvalidJson`], [`Kind::InvalidManifest`], [`Kind::UnsupportedAlgorithm`], and those of
    /// [`Client::ping`].
    pub async fn manifest(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
    ) -> Result<Manifest> {
        self.raw_manifest(name, reference, accept).await?.parse()
    }

    /// Reads a manifest (end-3) and verifies its digest and size, for whoever wants to know what is wrong with what it says.
    /// `accept` replaces the media types asked for.
    ///
    /// # Errors
    /// [`Kind::DigestMismatch`], [`Kind::BodyTruncated`], [`Kind::SizeMismatch`], [`Kind::TooLarge`],
    /// [`Kind::UnsupportedAlgorithm`], and those of [`Client::ping`].
    pub async fn raw_manifest(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
    ) -> Result<RawManifest> {
        let read = self
            .read_manifest(name, reference, accept, None, false)
            .await?;
        read.ok_or_else(unasked)
    }

    /// Reads a manifest as [`Client::raw_manifest`] does, unless it is still the one that `known` stands for: `None` then.
    /// `known` is what an earlier read had for [`Manifest::etag`], which the registry compares (RFC 9110, section 13.1.2); where it
    /// had none, its digest, which is compared with that of a `HEAD` first. That is free of charge where reads are counted.
    ///
    /// # Errors
    /// Those of [`Client::raw_manifest`].
    pub async fn raw_manifest_unless(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
        known: &str,
    ) -> Result<Option<RawManifest>> {
        self.manifest_unless(name, reference, accept, Some(known))
            .await
    }

    /// [`Client::raw_manifest_unless`], or without what is known, [`Client::raw_manifest`].
    pub(crate) async fn manifest_unless(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
        known: Option<&str>,
    ) -> Result<Option<RawManifest>> {
        let mut etag = known;
        if let Some(Ok(digest)) = known.map(str::parse::<Digest>) {
            if self.manifest_head(name, reference, accept).await?.digest == digest {
                return Ok(None);
            }
            etag = None;
        }
        self.read_manifest(name, reference, accept, etag, false)
            .await
    }

    /// Reads a manifest; `None` only where it is still the one of `etag`. What a mirror has that does not verify is read from the
    /// registry.
    pub(super) fn read_manifest(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
        etag: Option<&str>,
        origin_only: bool,
    ) -> Pin<Box<impl Future<Output = Result<Option<RawManifest>>>>> {
        Box::pin(async move {
            let mut origin_only = origin_only || !self.has_mirrors();
            loop {
                let mut call = self.manifest_call(Method::Get, name, reference, accept, etag)?;
                call.origin_only = origin_only;
                call.wanted = Wanted::Manifest;
                let error = match self.ask(call).await {
                    Ok(answer) if answer.status == 304 => return Ok(None),
                    Ok(mut answer) => match read(&mut answer, reference) {
                        Ok(read) => return Ok(Some(read)),
                        Err(error) => answer.located(error),
                    },
                    Err(error) => error,
                };
                if std::mem::replace(&mut origin_only, true) || error.status().is_some() {
                    return Err(error);
                }
            }
        })
    }

    /// Asks for a manifest's digest, size and media type without its bytes; where the registry leaves one of them out,
    /// the manifest is read.
    ///
    /// # Errors
    /// Those of [`Client::manifest`].
    pub async fn manifest_head(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
    ) -> Result<ManifestHead> {
        let stated = self.stated_head(name, reference, accept, false).await?;
        if let Some(head) = stated {
            return Ok(head);
        }
        let read = self.read_manifest(name, reference, accept, None, false);
        let manifest = read.await?.ok_or_else(unasked)?.parse()?;
        let size = manifest.document.bytes().len() as u64;
        Ok(ManifestHead {
            media_type: manifest.media_type,
            digest: manifest.digest,
            size,
        })
    }

    /// Whether the registry has a manifest: itself, since what a mirror has need not be there.
    pub(crate) async fn has_manifest(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
    ) -> Result<bool> {
        match self.stated_head(name, reference, accept, true).await {
            Err(error) if error.status() == Some(404) => Ok(false),
            stated => stated.map(|_| true),
        }
    }

    /// What the registry states of a manifest; `None` if that is not all.
    async fn stated_head(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
        origin_only: bool,
    ) -> Result<Option<ManifestHead>> {
        let mut call = self.manifest_call(Method::Head, name, reference, accept, None)?;
        call.origin_only = origin_only;
        let answer = self.ask(call).await?;
        head(&answer, reference).map_err(|error| answer.located(error))
    }

    fn manifest_call(
        &self,
        method: Method,
        name: &RepositoryName,
        reference: &ManifestReference,
        accept: Option<&str>,
        etag: Option<&str>,
    ) -> Result<Box<Call<T::Body>>> {
        if let ManifestReference::Digest(digest) = reference {
            digest.require_algorithm()?;
        }
        let url = self.manifest_url(name, reference)?;
        let mut call = Call::new(method, url, Scope::pull(name));
        call.request.headers.append(
            "accept",
            accept.map_or_else(|| MANIFEST_ACCEPT.join(", "), str::to_owned),
        )?;
        if let Some(etag) = etag {
            call.request.headers.append("if-none-match", etag)?;
        }
        Ok(call)
    }

    pub(super) fn manifest_url(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Url> {
        self.at(&["/v2/", name.as_str(), "/manifests/", reference.as_str()].concat())
    }
}

fn unasked() -> Error {
    Error::new(
        Kind::UnexpectedResponse,
        "the registry answered a condition that was not set",
    )
}

/// The manifest of an answer.
fn read<B>(answer: &mut Answer<B>, reference: &ManifestReference) -> Result<RawManifest> {
    let stated = response::stated_digest(&answer.headers)?;
    let media_type = response::media_type(&answer.headers)?;
    let verified = verified_digest(&answer.bytes, reference, stated).map_err(|error| {
        if answer.headers.is_content_encoded() {
            as_encoded(error)
        } else {
            error
        }
    })?;
    Ok(RawManifest {
        verified: verified.is_some(),
        digest: verified.unwrap_or_else(|| Digest::of(Algorithm::Sha256, &answer.bytes)),
        etag: answer.headers.get("etag").map(str::to_owned),
        bytes: std::mem::take(&mut answer.bytes),
        media_type,
        url: answer.from.clone(),
    })
}

/// What an answer without bytes says of a manifest; `None` if that is not all.
fn head<B>(answer: &Answer<B>, reference: &ManifestReference) -> Result<Option<ManifestHead>> {
    let size = response::body_length(&answer.headers)?;
    let media_type = response::media_type(&answer.headers)?;
    let digest = match reference {
        ManifestReference::Digest(asked) => {
            let message = "the registry states another digest than was asked for";
            response::check_digest(answer, asked, message)?;
            Some(asked.clone())
        }
        ManifestReference::Tag(_) => response::stated_digest(&answer.headers)?,
    };
    Ok(digest.zip(size).map(|(digest, size)| ManifestHead {
        media_type,
        digest,
        size,
    }))
}

/// Compares the bytes with the digest asked for, and with the one the registry states; `None` if there is nothing to compare.
fn verified_digest(
    bytes: &[u8],
    reference: &ManifestReference,
    stated: Option<Digest>,
) -> Result<Option<Digest>> {
    let asked = match reference {
        ManifestReference::Digest(digest) => Some(digest),
        ManifestReference::Tag(_) => None,
    };
    let mut verified = None;
    for digest in [stated.as_ref(), asked] {
        // A stated digest that nobody here can compute verifies nothing; the one asked for was found to be computable.
        if let Some(digest) = digest
            && let Some(algorithm) = digest.algorithm()
        {
            let actual = Digest::of(algorithm, bytes);
            if actual != *digest {
                let error = Error::new(Kind::DigestMismatch, "the manifest has another digest");
                return Err(error.with_expected(digest.as_str(), actual.as_str()));
            }
            verified = Some(digest);
        }
    }
    Ok(verified.cloned())
}
