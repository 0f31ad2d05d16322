//! Pushing manifests (distribution specification, end-7).

use serde::Serialize;

use super::{ManifestReference, verified_digest};
use crate::client::exchange::{Call, Located};
use crate::client::referrers::Change;
use crate::client::scope::Scope;
use crate::client::transport::{Body, Chunks as _, Payload, Piece as _};
use crate::client::{Client, Host, response};
use crate::digest::{Algorithm, Digest};
use crate::document::{Document, essence};
use crate::http::{Headers, Method, Url};
use crate::media_type::MediaType;
use crate::reference::{RepositoryName, Tag};
use crate::{Error, Kind, Result};

/// How many tags are asked for at once: what the specification asks registries to support at least.
const MAX_TAGS_AT_ONCE: usize = 10;

/// How a manifest is to be pushed; by default by its SHA-256 digest, without a tag.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PutManifest {
    /// Where it goes: a tag; or a digest, which it must have, and whose algorithm the registry is to know it by.
    pub reference: Option<ManifestReference>,
    /// The tags that are to point at it, beside that in `reference`.
    pub tags: Vec<Tag>,
    /// Its media type, where it does not name it itself.
    pub media_type: Option<String>,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PushedManifest {
    /// The media type it was pushed as.
    pub media_type: String,
    /// Its digest.
    #[cfg_attr(test, ts(type = "string"))]
    pub digest: Digest,
    /// Its size in bytes.
    #[cfg_attr(test, ts(type = "number"))]
    pub size: u64,
    /// The digest of the manifest that it refers to, whose list of referrers has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "string"))]
    pub subject: Option<Digest>,
    /// The tags that point at it now.
    pub tags: Vec<String>,
}

impl<T: Host> Client<T> {
    /// Pushes a manifest's exact bytes, 8 MiB at most (end-7a), under all its tags: where a registry takes them along with the
    /// digest (end-7b), in one request. Where it has a subject and the registry does not say that it has put it among the referrers
    /// (`OCI-Subject`), the index under the fallback tag is changed as the specification has it ("Pushing Manifests with Subject").
    ///
    /// # Errors
    /// Before anything is sent: [`Kind::DigestMismatch`] where the reference is another digest; [`Kind::MediaTypeMismatch`],
    /// [`Kind::InvalidMediaType`], [`Kind::InvalidManifest`], [`Kind::InvalidJson`], [`Kind::TooLarge`] as for [`Document::parse`], and
    /// where nobody says which media type it has. After that: [`Kind::DigestMismatch`] where the registry states another digest of
    /// what it got, and those of [`Client::ping`]. Where the fallback index cannot be changed, the manifest has been pushed all the same.
    pub async fn put_manifest(
        &self,
        name: &RepositoryName,
        bytes: Vec<u8>,
        options: PutManifest,
    ) -> Result<PushedManifest> {
        let (document, pushed) = prepared(bytes, &options)?;
        let change = match &pushed.subject {
            Some(subject) => Some(Change::adding(subject, &document, &pushed)?),
            None => None,
        };
        let by_digest = ManifestReference::Digest(pushed.digest.clone());
        let piece = <T::Body as Body>::Piece::new(document.into_bytes());
        let headers = content_type(&pushed.media_type)?;
        let mut listed = false;
        let mut left = pushed.tags.as_slice();
        let tag_alone = matches!(options.reference, Some(ManifestReference::Tag(_)) | None);
        if left.len() != 1 || !tag_alone {
            let mut before = usize::MAX;
            // As long as some of the tags are taken.
            while left.len() < before {
                before = left.len();
                let mut url = self.manifest_url(name, &by_digest)?;
                for tag in left.iter().take(MAX_TAGS_AT_ONCE) {
                    url = url.with_query("tag", tag);
                }
                let answer = self
                    .send_manifest(name, url, headers.clone(), piece.clone(), &pushed)
                    .await?;
                listed |= is_listed(&answer, &pushed);
                while let Some((tag, rest)) = left.split_first()
                    && is_tagged(&answer, tag)
                {
                    left = rest;
                }
                if left.is_empty() {
                    break;
                }
            }
        }
        for tag in left {
            let url = self.manifest_url(name, &ManifestReference::Tag(tag.parse()?))?;
            let answer = self
                .send_manifest(name, url, headers.clone(), piece.clone(), &pushed)
                .await?;
            listed |= is_listed(&answer, &pushed);
        }
        if let Some(change) = change
            && !listed
        {
            self.change_referrers(name, &change).await?;
        }
        Ok(pushed)
    }

    /// Sends a manifest, and gives what the registry says to it.
    async fn send_manifest(
        &self,
        name: &RepositoryName,
        url: Url,
        headers: Headers,
        piece: <T::Body as Body>::Piece,
        pushed: &PushedManifest,
    ) -> Result<Headers> {
        let call = Call {
            method: Method::Put,
            url,
            headers,
            payload: Payload::Piece(piece),
            scope: Scope::push(name),
        };
        let Located {
            url, mut message, ..
        } = self.call(call).await?;
        message.body.cancel();
        if message.status == 304 {
            return Err(response::unexpected(&url, message.status));
        }
        let stated = response::stated_digest(&message.headers).and_then(|stated| match stated {
            Some(stated)
                if stated.algorithm() == pushed.digest.algorithm() && stated != pushed.digest =>
            {
                Err(Error::new(
                    Kind::DigestMismatch,
                    "the registry has got another manifest",
                )
                .with_expected(&pushed.digest, stated))
            }
            _ => Ok(()),
        });
        stated.map_err(|error| error.with_url(&url))?;
        Ok(message.headers)
    }
}

/// The document that is to be pushed, and what will have been pushed then.
fn prepared(bytes: Vec<u8>, options: &PutManifest) -> Result<(Document, PushedManifest)> {
    let given = options.media_type.as_deref().map(essence);
    let document = Document::parse(bytes, given)?;
    let media_type = document.media_type().ok_or_else(|| {
        Error::new(
            Kind::InvalidManifest,
            "the manifest has no mediaType, and none is given",
        )
    })?;
    let media_type: MediaType = media_type.parse()?;
    let own = document
        .root()
        .get("mediaType")
        .and_then(|own| own.as_str());
    if let Some(own) = own
        && !own.is_empty()
        && *own != *media_type.as_str()
    {
        return Err(Error::new(
            Kind::MediaTypeMismatch,
            "the manifest's mediaType is not the one it is to be pushed as",
        )
        .with_expected(media_type, own));
    }
    let size = document.bytes().len() as u64;
    let digest = match &options.reference {
        Some(reference @ ManifestReference::Digest(digest)) => {
            digest.require_algorithm()?;
            verified_digest(document.bytes(), reference, None)?;
            digest.clone()
        }
        _ => document.digest(Algorithm::Sha256),
    };
    let first = match &options.reference {
        Some(ManifestReference::Tag(tag)) => Some(tag),
        _ => None,
    };
    let mut tags: Vec<String> = Vec::new();
    for tag in first.into_iter().chain(&options.tags) {
        if !tags.iter().any(|known| known == tag.as_str()) {
            tags.push(tag.to_string());
        }
    }
    let pushed = PushedManifest {
        media_type: media_type.as_str().to_owned(),
        digest,
        size,
        subject: document.subject()?.map(|subject| subject.digest),
        tags,
    };
    Ok((document, pushed))
}

/// The headers of a manifest of this media type.
pub(in crate::client) fn content_type(media_type: &str) -> Result<Headers> {
    let mut headers = Headers::new();
    headers.append("content-type", media_type)?;
    Ok(headers)
}

/// Whether the registry says that it has put the manifest among its subject's referrers.
fn is_listed(answer: &Headers, pushed: &PushedManifest) -> bool {
    let subject = answer.get("oci-subject").map(str::trim);
    subject.is_some() && subject == pushed.subject.as_ref().map(Digest::as_str)
}

/// Whether the registry says that it has let a tag point at the manifest: `OCI-Tag` is a list, or comes several times.
fn is_tagged(answer: &Headers, tag: &str) -> bool {
    answer
        .all("oci-tag")
        .flat_map(|tags| tags.split(','))
        .any(|taken| taken.trim() == tag)
}
