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
    verifier: Option<Verifier>,
    /// Bytes of the whole read so far.
    read: u64,
    held: Option<Vec<u8>>,
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
            verifier: Some(verifier),
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
}

impl<B: Chunks> Chunks for Verified<B> {
    /// The next piece. Fails with [`Kind::SizeMismatch`], [`Kind::BodyTruncated`], [`Kind::DigestMismatch`],
    /// [`Kind::ContentEncoded`] or the body's own error; after that there is nothing more.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        while let Some(mut verifier) = self.verifier.take() {
            match self.body.chunk().await? {
                Some(chunk) => {
                    verifier
                        .update(&chunk)
                        .inspect_err(|_| self.body.cancel())?;
                    self.verifier = Some(verifier);
                    let wanted = self.wanted(chunk);
                    if !wanted.is_empty()
                        && let Some(before) = self.held.replace(wanted)
                    {
                        return Ok(Some(before));
                    }
                }
                None => {
                    let encoded = self.expected.content_encoded;
                    verifier.finish().map_err(|error| {
                        if encoded {
                            super::as_encoded(error)
                        } else {
                            error
                        }
                    })?;
                    return Ok(self.held.take());
                }
            }
        }
        Ok(None)
    }

    fn cancel(&mut self) {
        self.verifier = None;
        self.held = None;
        self.body.cancel();
    }
}

/// The whole of a body, up to `limit` bytes.
///
/// # Errors
/// [`Kind::TooLarge`] as soon as more than `limit` bytes have come, or the body's own error.
pub(super) async fn read_all<B: Chunks>(body: &mut B, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        if bytes.len() as u64 + chunk.len() as u64 > limit {
            body.cancel();
            return Err(
                Error::new(Kind::TooLarge, "the body is larger than is read")
                    .with_expected(format_args!("at most {limit} bytes"), "more"),
            );
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
