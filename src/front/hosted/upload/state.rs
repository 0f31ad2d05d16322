//! How far an upload has come: a chain of objects that are created once.
//!
//! `start` is what it is before anything was written. Whoever writes from an offset on creates `at/<offset>`, which says what the upload is
//! after that; so does whoever closes it or gives it up there. As there is only one such object, only one of them ever does it, and
//! what was acknowledged is what all others see. Of an upload that is over, `start` is deleted before the others: whoever is so late that
//! such an object could be created once more sees by that that the upload is gone. Each lists the last of the segments alone
//! ([`written`](super::written)).

use super::super::super::error::Failure;
use super::super::super::store::{Condition, Content};
use super::super::super::{keys, record};
use super::super::links::RECORD_LIMIT;
use super::super::{Host, Hosted, fields};
use super::written::Written;
use crate::digest::{Algorithm, Digest, Hasher};
use crate::error::Result;
use crate::reference::RepositoryName;

/// The most objects of a page of a listing.
pub(super) const PAGE: u32 = 1000;

/// An upload, as one of its objects has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::front) struct Upload {
    /// Its id.
    pub(in crate::front) id: String,
    /// The offset whose object this is; `None` if nothing was written yet.
    pub(in crate::front) place: Option<u64>,
    /// The repository that it belongs to.
    pub(in crate::front) repository: RepositoryName,
    /// What it is hashed by.
    pub(in crate::front) algorithm: Algorithm,
    /// When it came so far, in milliseconds since 1970.
    pub(in crate::front) time: u64,
    /// All that was written.
    pub(in crate::front) written: Written,
    /// The hash of that, in the middle of its work; empty if nothing was written.
    pub(in crate::front) hash: Vec<u8>,
    /// Whether it is over.
    pub(in crate::front) end: Option<End>,
}

/// How an upload came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::front) enum End {
    /// As a blob.
    Closed(Digest),
    /// It was cancelled, or nobody went on with it.
    GivenUp,
}

impl Upload {
    /// Its size so far in bytes.
    pub(in crate::front) fn offset(&self) -> u64 {
        self.written.size()
    }

    /// The hash of what was written.
    pub(super) fn hasher(&self) -> Result<Hasher> {
        if self.hash.is_empty() {
            return Ok(Hasher::new(self.algorithm));
        }
        Hasher::restore(self.algorithm, &self.hash)
    }

    /// What the offset's object says.
    pub(in crate::front) fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        fields::add(&mut text, "repository", self.repository.as_str());
        fields::add(&mut text, "algorithm", self.algorithm.as_str());
        fields::add_number(&mut text, "time", self.time);
        self.written.add_to(&mut text);
        match &self.end {
            Some(End::Closed(digest)) => fields::add(&mut text, "closed", digest.as_str()),
            Some(End::GivenUp) => fields::add(&mut text, "given-up", "yes"),
            None => {}
        }
        let mut record = text.into_bytes();
        if !self.hash.is_empty() {
            record.push(0);
            record.extend_from_slice(&self.hash);
        }
        record
    }

    fn decode(id: &str, place: Option<u64>, record: &[u8]) -> Option<Self> {
        let (text, hash) = fields::parts(record)?;
        let end = match fields::get(text, "closed") {
            Some(digest) => Some(End::Closed(digest.parse().ok()?)),
            None => fields::get(text, "given-up").map(|_| End::GivenUp),
        };
        Some(Self {
            id: id.to_owned(),
            place,
            repository: fields::get(text, "repository")?.parse().ok()?,
            algorithm: fields::get(text, "algorithm")?.parse().ok()?,
            time: fields::number(text, "time")?,
            written: Written::read(text)?,
            hash: hash.to_vec(),
            end,
        })
    }
}

/// What became of who would go on with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// It did.
    Done,
    /// Somebody else did.
    Lost,
    /// The upload is gone. What was written for it may be a blob's, if somebody saw it at once and closed it.
    Gone,
}

impl<T: Host> Hosted<T> {
    /// Makes `next` what follows in an upload.
    pub(super) async fn advance(&self, upload: &Upload, next: &Upload) -> Result<Advance, Failure> {
        let key = keys::at(&upload.id, upload.offset());
        if !self.create_own(&key, &next.encode()).await? {
            return Ok(Advance::Lost);
        }
        if self.is_begun(&upload.id).await? {
            return Ok(Advance::Done);
        }
        self.discard(&[key]).await;
        Ok(Advance::Gone)
    }

    /// Whether an upload was begun, and nobody who ended it deletes it.
    pub(super) async fn is_begun(&self, id: &str) -> Result<bool, Failure> {
        let start = self.host.head(&keys::start(id)).await;
        Ok(start.map_err(Failure::from_store)?.is_some())
    }

    /// What the object of a place says of an upload; `None` if there is no such object.
    pub(super) async fn upload_at(
        &self,
        id: &str,
        place: Option<u64>,
    ) -> Result<Option<Upload>, Failure> {
        let key = match place {
            Some(place) => keys::at(id, place),
            None => keys::start(id),
        };
        let found = record::read(&self.host, &key, RECORD_LIMIT).await;
        let found = found.map_err(Failure::from_store)?;
        let Some(bytes) = found.bytes else {
            return Ok(None);
        };
        let upload = Upload::decode(id, place, &bytes);
        upload.map(Some).ok_or_else(Failure::damaged)
    }

    /// How far an upload has come; `None` if there is none.
    pub(in crate::front) async fn latest(&self, id: &str) -> Result<Option<Upload>, Failure> {
        let prefix = keys::ats(id);
        let place = self.last(&prefix).await?;
        self.upload_at(id, place).await
    }

    /// The number behind `prefix` in the last of the keys that begin so.
    pub(super) async fn last(&self, prefix: &str) -> Result<Option<u64>, Failure> {
        let mut after: Option<String> = None;
        loop {
            let page = self.host.list(prefix, after.as_deref(), PAGE).await;
            let mut page = page.map_err(Failure::from_store)?;
            let Some(last) = page.objects.pop() else {
                break;
            };
            after = Some(last.key);
            if !page.more {
                break;
            }
        }
        let Some(key) = after else {
            return Ok(None);
        };
        let number = key.strip_prefix(prefix);
        let number = number.and_then(|number| u64::from_str_radix(number, 16).ok());
        number.map(Some).ok_or_else(Failure::damaged)
    }

    /// Creates an object that says what no other does, and gives whether this is what is there: also where the store failed, or had done it the
    /// first time that somebody on the way asked it.
    pub(super) async fn create_own(&self, key: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let content = Content::Bytes(bytes.to_vec());
        let created = self.host.put(key, content, Condition::Absent, None).await;
        if let Ok(Some(_)) = created {
            return Ok(true);
        }
        match record::read(&self.host, key, RECORD_LIMIT).await {
            Ok(found) if found.bytes.as_deref() == Some(bytes) => Ok(true),
            // Nobody's, so it may be done yet: whoever failed does not know.
            Ok(found) if found.bytes.is_some() => Ok(false),
            Ok(_) => created.map(|_| false).map_err(Failure::from_store),
            Err(error) => Err(Failure::from_store(created.err().unwrap_or(error))),
        }
    }
}
