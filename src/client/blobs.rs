//! The blobs of a repository, as they are read (distribution specification, end-2), and deleted (end-10).

use super::ask::{Call, Wanted};
use super::scope::Scope;
use super::transport::{Body as _, Expected};
use super::{Client, Host, response};
use crate::digest::Digest;
use crate::http::{ByteRange, Method, Url};
use crate::json::decimal;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// A blob whose body fails before its end is signalled, unless its bytes are those of the digest.
#[derive(Debug)]
#[non_exhaustive]
pub struct Blob<B> {
    /// The bytes.
    pub body: B,
    /// The digest it was asked by.
    pub digest: Digest,
    /// Its size in bytes, where the descriptor or the registry says.
    pub size: Option<u64>,
}

/// A part of a blob as the registry sends it, or all of it. Nothing of it is verified.
#[derive(Debug)]
#[non_exhaustive]
pub struct BlobPart<B> {
    /// Bytes of the blob, from `start` on.
    pub body: B,
    /// Where in the blob the body begins: before what was asked for, from a registry that sends all where a part is asked for.
    pub start: u64,
    /// The size of the whole blob in bytes, where the descriptor or the registry says.
    pub size: Option<u64>,
    /// Whether the host may have decoded the body, so that its bytes are not those that ranges count.
    pub content_encoded: bool,
}

impl<T: Host> Client<T> {
    /// Opens a blob (end-2). Its body is verified as it streams; `size` is the descriptor's, in bytes, where there is one.
    ///
    /// # Errors
    /// At once: [`Kind::UnsupportedAlgorithm`], [`Kind::SizeMismatch`] or [`Kind::BodyTruncated`] where the registry states
    /// another size, and those of [`Client::ping`]. From the body: [`Kind::DigestMismatch`] and the two sizes, before its end.
    pub async fn blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Blob<T::Body>> {
        let part = self.blob_part(name, digest, size, 0, None).await?;
        let size = part.size;
        Ok(Blob {
            body: part.body.verified(Expected {
                content_encoded: part.content_encoded,
                ..Expected::new(digest.clone(), size)
            })?,
            digest: digest.clone(),
            size,
        })
    }

    /// Opens a blob and hands over its body unverified, with what it is to be verified against: for a caller that serves
    /// only a part of it, and verifies the whole ([`Expected::range`]).
    #[cfg(feature = "front")]
    pub(crate) async fn unverified_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(T::Body, Expected)> {
        let part = self.blob_part(name, digest, None, 0, None).await?;
        let mut expected = Expected::new(digest.clone(), part.size);
        expected.content_encoded = part.content_encoded;
        Ok((part.body, expected))
    }

    /// Asks for the bytes of a blob from `start` to `end`, both within it and counted from 0, or to its end. Nothing verifies them,
    /// so this is for whoever does, or needs no proof. A registry may answer with all of the blob: see [`BlobPart::start`].
    ///
    /// # Errors
    /// [`Kind::Registry`] with status 416 where there are no such bytes, [`Kind::UnexpectedResponse`] for other bytes than were asked
    /// for, and those that [`Client::blob`] reports at once.
    pub async fn blob_part(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        size: Option<u64>,
        start: u64,
        end: Option<u64>,
    ) -> Result<BlobPart<T::Body>> {
        self.part_of_blob(name, digest, size, (start, end), false)
            .await
    }

    /// [`Client::blob_part`]; `once` for whoever asks again by himself.
    pub(crate) async fn part_of_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        size: Option<u64>,
        (start, end): (u64, Option<u64>),
        once: bool,
    ) -> Result<BlobPart<T::Body>> {
        let url = self.blob_url(name, digest)?;
        let mut call = Call::new(Method::Get, url, Scope::pull(name));
        call.wanted = Wanted::Body;
        call.once = once;
        // Some registries know no range without an end.
        let last = size.filter(|size| (1..*size).contains(&start));
        let end = end.or(last.map(|size| size - 1));
        if start > 0 || end.is_some() {
            let mut range = ["bytes=", &decimal(start), "-"].concat();
            if let Some(end) = end {
                range.push_str(&decimal(end));
            }
            call.request.headers.add("range", range);
        }
        let ranged = call.request.headers.get("range").is_some();
        let answer = self.ask(call).await?;
        let partial = answer.status == 206 && ranged;
        if !partial && answer.status != 200 {
            return Err(response::unexpected(&answer));
        }
        let located = |error: Error| error.at(&answer.from);
        let headers = &answer.headers;
        let content_encoded = headers.is_content_encoded();
        let (begins, stated) = if partial {
            part_of(headers.get("content-range"), start, end).map_err(located)?
        } else {
            (0, response::body_length(headers).map_err(located)?)
        };
        agree(size, stated).map_err(located)?;
        Ok(BlobPart {
            body: answer.body,
            start: begins,
            size: size.or(stated),
            content_encoded,
        })
    }

    /// Asks for a blob's size in bytes; `None` if the registry does not say.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`], and those of [`Client::ping`].
    pub async fn blob_head(&self, name: &RepositoryName, digest: &Digest) -> Result<Option<u64>> {
        let url = self.blob_url(name, digest)?;
        let call = Call::new(Method::Head, url, Scope::pull(name));
        let answer = self.ask(call).await?;
        response::body_length(&answer.headers).map_err(|error| answer.located(error))
    }

    /// Deletes a blob (end-10).
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`], and those of [`Client::ping`]; a registry that deletes no blobs answers 405.
    pub async fn delete_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<()> {
        let url = self.blob_url(name, digest)?;
        let call = Call::new(Method::Delete, url, Scope::delete(name));
        self.ask(call).await.map(|_| ())
    }

    pub(super) fn blob_url(&self, name: &RepositoryName, digest: &Digest) -> Result<Url> {
        digest.require_algorithm()?;
        self.at(&["/v2/", name.as_str(), "/blobs/", digest.as_str()].concat())
    }
}

/// Where the part that a `Content-Range` speaks of begins, and how large the whole is (RFC 9110, section 14.4). A browser may hide
/// the header: then it is what was asked for, and a verification tells if it is not.
fn part_of(header: Option<&str>, start: u64, end: Option<u64>) -> Result<(u64, Option<u64>)> {
    let Some(header) = header else {
        return Ok((start, None));
    };
    let (range, total) = content_range(header)
        .ok_or_else(|| Error::new(Kind::InvalidHeader, "Content-Range is no range of bytes"))?;
    let last = total.map(|total| total.saturating_sub(1));
    let last = match (last, end) {
        (Some(last), Some(end)) => Some(last.min(end)),
        (last, end) => last.or(end),
    };
    if range.start != start || last.is_some_and(|last| range.end != last) {
        return Err(Error::new(
            Kind::UnexpectedResponse,
            "the registry sends other bytes than were asked for",
        )
        .with_amounts(start, range.start));
    }
    Ok((start, total))
}

fn content_range(header: &str) -> Option<(ByteRange, Option<u64>)> {
    let (range, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = ByteRange {
        start: first.parse().ok()?,
        end: last.parse().ok()?,
    };
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((range, total))
}

/// Whether the size that the registry states is the descriptor's, where both are known.
fn agree(size: Option<u64>, stated: Option<u64>) -> Result<()> {
    match (size, stated) {
        (Some(size), Some(stated)) if size != stated => {
            let kind = if stated > size {
                Kind::SizeMismatch
            } else {
                Kind::BodyTruncated
            };
            Err(
                Error::new(kind, "the registry states another size than the descriptor")
                    .with_amounts(size, stated),
            )
        }
        _ => Ok(()),
    }
}
