//! Pushing manifests (distribution specification, end-7).

use super::{ManifestReference, verified_digest};
use crate::client::ask::Call;
use crate::client::fields::lists;
use crate::client::referrers::Change;
use crate::client::scope::Scope;
use crate::client::transport::{Body, Payload, Piece as _};
use crate::client::{Client, Host, response};
use crate::digest::{Algorithm, Digest};
use crate::document::{Document, essence};
use crate::http::{Headers, Method};
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedManifest {
    /// The media type it was pushed as.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of the manifest that it refers to, whose list of referrers has it now.
    pub subject: Option<Digest>,
    /// The tags that point at it now: the one it was pushed to first, and each once.
    pub tags: Vec<Tag>,
}

impl<T: Host> Client<T> {
    /// Pushes a manifest's exact bytes, 8 MiB at most (end-7a), under all its tags: where a registry takes them along with the
    /// digest (end-7b), in one request. Where it has a subject and the registry does not say that it has put it among the referrers
    /// (`OCI-Subject`), or says so and has no list, the index under the fallback tag is changed as the specification has it ("Pushing
    /// Manifests with Subject").
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
        let mut listed = false;
        let mut left = pushed.tags.as_slice();
        let tag_alone = matches!(options.reference, Some(ManifestReference::Tag(_)) | None);
        let mut at_once = left.len() != 1 || !tag_alone;
        let mut most = MAX_TAGS_AT_ONCE;
        loop {
            let mut url = match left.first() {
                Some(tag) if !at_once => {
                    self.manifest_url(name, &ManifestReference::Tag(tag.clone()))?
                }
                _ => self.manifest_url(name, &by_digest)?,
            };
            if at_once {
                for tag in left.iter().take(most) {
                    url = url.with_query("tag", tag.as_str());
                }
            }
            let mut call = Call::new(Method::Put, url, Scope::push(name));
            call.idempotent = true;
            call.request
                .headers
                .add("content-type", &*pushed.media_type);
            call.payload = Some(Payload::Piece(piece.clone()));
            let answer = match self.ask(call).await {
                // So many tags make too long a URL for it.
                Err(error) if matches!(error.status(), Some(414 | 431)) && at_once && most > 0 => {
                    most = 0;
                    continue;
                }
                answer => answer?,
            };
            let message = "the registry got another manifest";
            response::check_digest(&answer, &pushed.digest, message)?;
            listed |= is_listed(&answer.headers, &pushed);
            let before = left.len();
            while let Some((tag, rest)) = left.split_first()
                && (is_tagged(&answer.headers, tag) || !at_once && left.len() == before)
            {
                left = rest;
            }
            // Goes on as long as some of the tags are taken along, then with one at a time.
            at_once &= left.len() < before;
            if left.is_empty() {
                break;
            }
        }
        // Some say that it is listed who have no list: one of them is believed where it cannot be asked.
        if let Some(change) = change
            && !(listed
                && self
                    .has_referrers(name, &pushed.digest)
                    .await
                    .unwrap_or(true))
        {
            self.change_referrers(name, &change).await?;
        }
        Ok(pushed)
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
        .with_expected(media_type.as_str(), own));
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
    let mut tags: Vec<Tag> = Vec::new();
    if let Some(ManifestReference::Tag(tag)) = &options.reference {
        tags.push(tag.clone());
    }
    for tag in &options.tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    let pushed = PushedManifest {
        media_type: media_type.as_str().to_owned(),
        digest,
        size,
        subject: document.subject()?.map(|subject| subject.digest.clone()),
        tags,
    };
    Ok((document, pushed))
}

/// Whether the registry says that it has put the manifest among its subject's referrers.
fn is_listed(answer: &Headers, pushed: &PushedManifest) -> bool {
    let subject = answer.get("oci-subject").map(str::trim);
    subject.is_some() && subject == pushed.subject.as_ref().map(Digest::as_str)
}

/// Whether the registry says that it has let a tag point at the manifest: `OCI-Tag` is a list, or comes several times.
fn is_tagged(answer: &Headers, tag: &Tag) -> bool {
    lists(answer, "oci-tag", tag.as_str())
}
