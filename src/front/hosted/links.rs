//! Blobs and their links: the records that keep a blob, and how long they do so for whoever relies on them.

use super::super::error::Failure;
use super::super::{keys, record};
use super::patience::{MAX_CONFLICTS, contended};
use super::segments::Segments;
use super::{Host, Hosted, fields};
use crate::digest::Digest;
use crate::reference::RepositoryName;

/// The most bytes of a record of a blob: room for as many segments as there may be, each of another size.
pub(super) const RECORD_LIMIT: usize = 1024 * 1024;

/// A record of a blob, or of the link that makes it visible in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::front) struct Kept {
    /// Since when somebody may rely on it, in milliseconds since 1970.
    pub(in crate::front) leased: u64,
    /// When the collector decided to delete it before long, in milliseconds since 1970: it is then to be revived before anybody may rely
    /// on it.
    pub(in crate::front) condemned: Option<u64>,
    /// Where the bytes are, of a blob: the upload that wrote them, and the segments it wrote.
    pub(in crate::front) bytes: Option<(String, Segments)>,
    /// Of a link: the upload that it came by, if the repository did not have the blob before.
    pub(in crate::front) made_by: Option<String>,
}

impl Kept {
    /// A blob of these bytes.
    fn blob(bytes: (String, Segments)) -> Self {
        Self {
            bytes: Some(bytes),
            ..Self::link(None)
        }
    }

    /// A link.
    fn link(made_by: Option<String>) -> Self {
        Self {
            leased: 0,
            condemned: None,
            bytes: None,
            made_by,
        }
    }

    /// Whether both are blobs, or both links.
    fn is_like(&self, other: &Self) -> bool {
        self.bytes.is_some() == other.bytes.is_some()
    }

    /// The record.
    pub(in crate::front) fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        fields::add_number(&mut text, "leased", self.leased);
        if let Some(condemned) = self.condemned {
            fields::add_number(&mut text, "condemned", condemned);
        }
        if let Some(upload) = &self.made_by {
            fields::add(&mut text, "made-by", upload);
        }
        if let Some((upload, segments)) = &self.bytes {
            fields::add_number(&mut text, "size", segments.size());
            fields::add(&mut text, "upload", upload);
            fields::add(&mut text, "segments", &segments.to_text());
        }
        text.into_bytes()
    }

    /// Reads a record; `None` if no version of this crate wrote it.
    pub(in crate::front) fn decode(record: &[u8]) -> Option<Self> {
        let (text, _) = fields::parts(record)?;
        let bytes = match fields::get(text, "upload") {
            Some(upload) => {
                let segments = Segments::from_text(fields::get(text, "segments")?)?;
                Some((upload.to_owned(), segments))
            }
            None => None,
        };
        let condemned = match fields::get(text, "condemned") {
            Some(time) => Some(time.parse().ok()?),
            None => None,
        };
        Some(Self {
            leased: fields::number(text, "leased")?,
            condemned,
            bytes,
            made_by: fields::get(text, "made-by").map(str::to_owned),
        })
    }
}

impl<T: Host> Hosted<T> {
    /// Whether a blob is in a repository; if it is, it stays for half the grace period at least.
    pub(super) async fn ensure_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Failure> {
        let link = keys::link(name, digest);
        let kept = match self.kept(&link).await? {
            None => false,
            Some(kept) if self.is_fresh(&kept) => true,
            // The blob before its link, so that no link is younger than what it makes visible.
            Some(_) => {
                self.keep(&keys::blob(digest), None).await?.is_some()
                    && self.keep(&link, None).await?.is_some()
            }
        };
        Ok(kept)
    }

    /// Whether a blob is in a repository since this upload was closed as it; if it is, it stays for half the grace period at least.
    pub(super) async fn ensure_made(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        upload: &str,
    ) -> Result<bool, Failure> {
        let link = self.kept(&keys::link(name, digest)).await?;
        let is_its = link.is_some_and(|link| link.made_by.as_deref() == Some(upload));
        Ok(is_its && self.ensure_blob(name, digest).await?)
    }

    /// A blob that is visible in a repository. With `renews` it stays for half the grace period at least.
    pub(super) async fn visible(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        renews: bool,
    ) -> Result<Option<(String, Segments)>, Failure> {
        let link = keys::link(name, digest);
        let Some(found) = self.kept(&link).await? else {
            return Ok(None);
        };
        let blob = keys::blob(digest);
        let kept = if renews {
            self.keep(&blob, None).await?
        } else {
            self.kept(&blob).await?
        };
        if renews && !self.is_fresh(&found) && self.keep(&link, None).await?.is_none() {
            return Ok(None);
        }
        Ok(kept.and_then(|kept| kept.bytes))
    }

    /// Makes a blob visible in a repository: with its bytes, if there are no others of it yet, or where the store has it. Gives
    /// the upload whose bytes are those of the blob; `None` if it is nowhere.
    pub(super) async fn publish(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        bytes: Option<(String, Segments)>,
    ) -> Result<Option<String>, Failure> {
        let made_by = bytes.as_ref().map(|(upload, _)| upload.clone());
        let new = bytes.map(Kept::blob);
        let Some(kept) = self.keep(&keys::blob(digest), new).await? else {
            return Ok(None);
        };
        self.keep(&keys::link(name, digest), Some(Kept::link(made_by)))
            .await?;
        Ok(kept.bytes.map(|(upload, _)| upload))
    }

    /// The upload whose bytes are those of a blob; `None` if there is no such blob.
    pub(super) async fn owner(&self, digest: &Digest) -> Result<Option<String>, Failure> {
        let kept = self.kept(&keys::blob(digest)).await?;
        Ok(kept.and_then(|kept| kept.bytes).map(|(upload, _)| upload))
    }

    /// Takes a blob out of a repository; whether it was there.
    pub(super) async fn unlink(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Failure> {
        let link = keys::link(name, digest);
        for _ in 0..MAX_CONFLICTS {
            let found = record::read(&self.host, &link, RECORD_LIMIT).await;
            let found = found.map_err(Failure::from_store)?;
            if found.bytes.is_none() {
                return Ok(false);
            }
            if self.swap(&link, &found.version, Vec::new()).await? {
                return Ok(true);
            }
        }
        Err(contended())
    }

    /// A record, if it is there.
    async fn kept(&self, key: &str) -> Result<Option<Kept>, Failure> {
        let found = record::read(&self.host, key, RECORD_LIMIT).await;
        decoded(&found.map_err(Failure::from_store)?)
    }

    /// Whether a record need not be written for somebody to rely on it from now on.
    fn is_fresh(&self, kept: &Kept) -> bool {
        kept.condemned.is_none() && !self.is_old(kept.leased)
    }

    /// Sees to it that a record stays for half the grace period at least; one that is not there, or is damaged, is made, if there is a new one.
    /// Gives what it is then.
    async fn keep(&self, key: &str, new: Option<Kept>) -> Result<Option<Kept>, Failure> {
        for _ in 0..MAX_CONFLICTS {
            let found = record::read(&self.host, key, RECORD_LIMIT).await;
            let found = found.map_err(Failure::from_store)?;
            let mut next = match (decoded(&found), &new) {
                (Ok(Some(known)), new) if new.as_ref().is_none_or(|new| known.is_like(new)) => {
                    if self.is_fresh(&known) {
                        return Ok(Some(known));
                    }
                    known
                }
                (_, Some(new)) => new.clone(),
                (known, None) => return known,
            };
            next.leased = self.host.unix_time();
            next.condemned = None;
            if self.swap(key, &found.version, next.encode()).await? {
                return Ok(Some(next));
            }
        }
        Err(contended())
    }
}

fn decoded(found: &record::Record) -> Result<Option<Kept>, Failure> {
    let Some(bytes) = &found.bytes else {
        return Ok(None);
    };
    let kept = Kept::decode(bytes);
    kept.map(Some).ok_or_else(Failure::damaged)
}
