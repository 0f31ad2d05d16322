//! A body that is verified as it streams, by this crate's own hash.

use super::{Chunks, Expected};
use crate::digest::Verifier;
use crate::{Error, Kind, Result};

/// Hands on a body's pieces, and holds the last one back until the whole has been found to be what was expected: a reader
/// never sees the end of a body that is not.
#[derive(Debug)]
pub struct Verified<B> {
    body: B,
    expected: Expected,
    progress: Progress,
    /// Bytes of the whole read so far.
    read: u64,
    held: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Progress {
    Reading(Box<Verifier>),
    /// Nothing more will be read; a body that failed goes on failing, lest its end be taken for a good one.
    Ended(std::result::Result<(), Kind>),
}

impl<B: Chunks> Verified<B> {
    /// Verifies `body` against `expected`.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`].
    pub fn new(body: B, expected: Expected) -> Result<Self> {
        let verifier = Verifier::new(expected.digest.clone(), expected.size)?;
        Ok(Self {
            body,
            expected,
            progress: Progress::Reading(Box::new(verifier)),
            read: 0,
            held: None,
        })
    }

    /// The part of `chunk`, the next of the whole, that lies in the range to hand on.
    fn wanted(&mut self, mut chunk: Vec<u8>) -> Vec<u8> {
        let start = self.read;
        self.read = start.saturating_add(chunk.len() as u64);
        if let Some(range) = self.expected.range {
            let length = chunk.len() as u64;
            let to = range
                .end
                .saturating_add(1)
                .saturating_sub(start)
                .min(length);
            let from = range.start.saturating_sub(start).min(to);
            chunk.truncate(usize::try_from(to).unwrap_or(usize::MAX));
            chunk.drain(..usize::try_from(from).unwrap_or(usize::MAX));
        }
        chunk
    }

    /// The next piece; `None` once the whole has been found good. Dropped while it waits, it can be called again.
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        while let Progress::Reading(verifier) = &mut self.progress {
            let Some(chunk) = self.body.chunk().await? else {
                let encoded = self.expected.content_encoded;
                let finished = verifier.as_ref().clone().finish();
                finished.map_err(|error| {
                    if encoded {
                        super::as_encoded(error)
                    } else {
                        error
                    }
                })?;
                break;
            };
            verifier.update(&chunk)?;
            let wanted = self.wanted(chunk);
            if !wanted.is_empty()
                && let Some(before) = self.held.replace(wanted)
            {
                return Ok(Some(before));
            }
        }
        Ok(None)
    }

    fn end(&mut self, outcome: std::result::Result<(), Kind>) {
        self.progress = Progress::Ended(outcome);
        if outcome.is_err() {
            self.held = None;
            self.body.cancel();
        }
    }
}

impl<B: Chunks> Chunks for Verified<B> {
    /// The next piece. Fails with [`Kind::SizeMismatch`], [`Kind::BodyTruncated`], [`Kind::DigestMismatch`],
    /// [`Kind::ContentEncoded`] or the body's own error, and goes on failing; after it was cancelled, with [`Kind::Aborted`].
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        if let Progress::Ended(outcome) = &self.progress {
            return outcome
                .map(|()| None)
                .map_err(|kind| Error::new(kind, "the body has failed"));
        }
        match self.next().await {
            Ok(Some(chunk)) => Ok(Some(chunk)),
            Ok(None) => {
                self.end(Ok(()));
                Ok(self.held.take())
            }
            Err(error) => {
                self.end(Err(error.kind()));
                Err(error)
            }
        }
    }

    fn cancel(&mut self) {
        self.end(Err(Kind::Aborted));
    }
}
