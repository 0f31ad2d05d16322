//! Bytes that a request brings, on their way into the store.

use super::super::super::error::Failure;
use super::super::super::keys;
use super::super::super::store::{Condition, Content};
use super::super::segments::Segments;
use super::super::{Host, Hosted, Tap as _};
use super::state::Upload;
use crate::client::Chunks as _;
use crate::digest::{Digest, Hasher};
use crate::http::Headers;

/// The body of a request, as its headers state it.
#[derive(Debug)]
pub(super) struct Sent<B> {
    pub(super) body: Option<B>,
    /// In bytes, where it is known.
    pub(super) length: Option<u64>,
    /// The offset of its first byte, where that is stated.
    pub(super) start: Option<u64>,
}

impl<B> Sent<B> {
    /// Reads `Content-Length` and `Content-Range`, which is `<start>-<end>` here (end-5).
    pub(super) fn new(headers: &Headers, body: Option<B>) -> Result<Self, Failure> {
        let length = headers
            .content_length()
            .map_err(|error| Failure::new(400, "SIZE_INVALID", error.message()))?;
        let (start, length) = match headers.get("content-range") {
            None => (None, length),
            Some(range) => {
                let (start, stated) = content_range(range).ok_or_else(|| {
                    Failure::new(
                        400,
                        "BLOB_UPLOAD_INVALID",
                        "Content-Range is not <start>-<end>",
                    )
                })?;
                if length.is_some_and(|length| length != stated) {
                    let message = "Content-Range and Content-Length do not agree";
                    return Err(Failure::new(400, "SIZE_INVALID", message));
                }
                (Some(start), Some(stated))
            }
        };
        if body.is_none() && length.is_some_and(|length| length > 0) {
            return Err(Failure::new(400, "SIZE_INVALID", "the body is missing"));
        }
        Ok(Self {
            body: body.filter(|_| length != Some(0)),
            length,
            start,
        })
    }
}

/// The first byte of a range, and how many there are.
fn content_range(range: &str) -> Option<(u64, u64)> {
    let (start, end) = range.trim().split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| digits)
    };
    let (start, end) = (number(start)?, number(end)?);
    let length = end.checked_sub(start)?.checked_add(1)?;
    Some((start, length))
}

/// What is being stored of a body.
pub(super) struct Receiving<'a> {
    /// The upload.
    pub(super) id: &'a str,
    /// The generation of the claim.
    pub(super) generation: u64,
    /// How many bytes and segments were there.
    pub(super) before: (u64, u64),
    /// What was added to them.
    pub(super) added: Segments,
    /// The keys that were written, or may have been.
    pub(super) written: Vec<String>,
}

impl<'a> Receiving<'a> {
    /// The bytes after those that an upload has.
    pub(super) fn new(upload: &'a Upload, generation: u64) -> Self {
        Self {
            id: &upload.id,
            generation,
            before: (upload.offset(), upload.written.count()),
            added: Segments::default(),
            written: Vec::new(),
        }
    }
}

impl<T: Host> Hosted<T> {
    /// Stores a body. Gives the hash of all that is there now; `None` where the store has verified that it has the digest `whole`, which may
    /// be given where nothing was there before.
    pub(super) async fn receive(
        &self,
        to: &mut Receiving<'_>,
        mut body: T::Body,
        length: Option<u64>,
        mut hasher: Hasher,
        whole: Option<&Digest>,
    ) -> Result<Option<Hasher>, Failure> {
        let (claimed, count) = to.before;
        let most = self.options.segment.max(1);
        let more = length.map_or(1, |length| length.div_ceil(most));
        if more > Segments::MOST - count.min(Segments::MOST) {
            return Err(too_many());
        }
        // No store puts a stream of unknown size under a condition, so its key is one that nobody else can have.
        let generation = match length {
            Some(_) => to.generation,
            None => self.host.unique() as u64 | 1 << 63,
        };
        let mut left = length;
        loop {
            let size = left.map(|left| left.min(most));
            let start = claimed + to.added.size();
            let body_start = (start != claimed).then_some(claimed);
            let key = keys::segment(to.id, start, generation, body_start);
            to.written.push(key.clone());
            if let Some(digest) = whole
                && let Some(size) = length.filter(|length| *length <= most)
                && self.host.verifies(digest)
            {
                let content = Content::Stream(body, Some(size));
                self.store(to, content, Some(digest)).await?;
                to.added.push(size, generation, None);
                return Ok(None);
            }
            let (part, tap) = self.host.portion(&mut body, size, hasher);
            self.store(to, Content::Stream(part, size), None).await?;
            hasher = tap.finish().ok_or_else(|| short("the body ended early"))?;
            let added = hasher.bytes_hashed() - start;
            if size.is_some_and(|size| size != added) {
                return Err(short("the body has another size than was stated"));
            }
            if added > 0 {
                to.added.push(added, generation, body_start);
            } else {
                self.discard(&[key]).await;
            }
            match &mut left {
                Some(left) if *left > added => *left -= added,
                Some(_) => break,
                None => return Ok(Some(hasher)),
            }
        }
        match body.chunk().await {
            Ok(None) => Ok(Some(hasher)),
            Ok(Some(_)) => {
                body.cancel();
                Err(short("the body has more bytes than were stated"))
            }
            Err(error) => Err(Failure::from_store(error)),
        }
    }

    /// Stores the segment of the key that was added last.
    async fn store(
        &self,
        to: &mut Receiving<'_>,
        content: Content<T::Body>,
        digest: Option<&Digest>,
    ) -> Result<(), Failure> {
        let key = to.written.last().map_or("", String::as_str);
        let condition = match &content {
            Content::Stream(_, None) => Condition::None,
            _ => Condition::Absent,
        };
        let put = self.host.put(key, content, condition, digest).await;
        match put {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                // Somebody else's, of an upload that is over: the claim on it was of no use.
                to.written.pop();
                Err(Failure::no_upload())
            }
            Err(error) => Err(Failure::from_store(error)),
        }
    }

    /// Deletes what was stored of a body that came to nothing. What is left of it if that fails is collected.
    pub(super) async fn discard(&self, written: &[String]) {
        for some in written.chunks(1000) {
            let _ = self.host.delete(some).await;
        }
    }
}

fn short(message: &'static str) -> Failure {
    Failure::new(400, "SIZE_INVALID", message)
}

fn too_many() -> Failure {
    Failure::new(
        413,
        "SIZE_INVALID",
        "a blob has at most 10,000 segments: send it in larger chunks",
    )
}
