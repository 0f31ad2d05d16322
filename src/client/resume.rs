//! A blob whose reading is gone on with after its connection broke.

use std::sync::Arc;

use super::retry::MAX_FAILURES;
use super::{Blob, BlobPart, Chunks, Client, Expected, Host, Verified};
use crate::digest::Digest;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// The bytes of a blob, unverified. Where the connection breaks, falls silent or ends early, the rest is asked for, from the
/// byte that was reached, redirects and all: five times in a row at most without another byte.
#[derive(Debug)]
pub struct Resuming<T: Host> {
    client: Arc<Client<T>>,
    name: RepositoryName,
    digest: Digest,
    part: Option<BlobPart<T::Body>>,
    size: Option<u64>,
    /// How many bytes were handed on.
    at: u64,
    failures: u32,
}

impl<T: Host + 'static> Client<T> {
    /// Opens a blob as [`Client::blob`] does. Where its connection breaks, it is gone on with; the whole is verified as one, by
    /// this crate's own hash.
    ///
    /// # Errors
    /// As for [`Client::blob`]; what breaks the connection, once it did so five times in a row.
    pub async fn blob_resuming(
        self: &Arc<Self>,
        name: &RepositoryName,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Blob<Verified<Resuming<T>>>> {
        let part = self.blob_part(name, digest, size, 0, None).await?;
        let mut expected = Expected::new(digest.clone(), part.size);
        expected.content_encoded = part.content_encoded;
        let size = part.size;
        let body = Resuming {
            client: Arc::clone(self),
            name: name.clone(),
            digest: digest.clone(),
            part: Some(part),
            size,
            at: 0,
            failures: 0,
        };
        Ok(Blob {
            body: Verified::new(body, expected)?,
            digest: digest.clone(),
            size,
        })
    }
}

impl<T: Host + 'static> Resuming<T> {
    /// What comes next of the present part, or `None` at its end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        while let Some(part) = &mut self.part {
            let Some(mut bytes) = part.body.chunk().await? else {
                break;
            };
            // A part may begin before what was asked for.
            let before = self.at.saturating_sub(part.start);
            let before = usize::try_from(before)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            part.start = part.start.saturating_add(bytes.len() as u64);
            bytes.drain(..before);
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        match self.size {
            Some(size) if self.at < size => Err(Error::new(
                Kind::BodyTruncated,
                "the body ended before all its bytes had come",
            )
            .with_amounts(size, self.at)),
            _ => Ok(None),
        }
    }

    /// Asks for the rest.
    async fn go_on(&mut self) -> Result<()> {
        let (name, digest) = (&self.name, &self.digest);
        let rest = (self.at, None);
        let asked = self
            .client
            .part_of_blob(name, digest, self.size, rest, true);
        self.part = Some(asked.await?);
        Ok(())
    }
}

impl<T: Host + 'static> Chunks for Resuming<T> {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let encoded = self.part.as_ref().is_some_and(|part| part.content_encoded);
            let mut failure = match self.next().await {
                Ok(Some(bytes)) => {
                    self.at = self.at.saturating_add(bytes.len() as u64);
                    self.failures = 0;
                    return Ok(Some(bytes));
                }
                Ok(None) => return Ok(None),
                // All of it has come; that its end did not is nothing to ask again for.
                Err(_) if self.size == Some(self.at) => return Ok(None),
                Err(error) => error,
            };
            loop {
                // Ranges count the bytes before they were decoded.
                if encoded || self.failures >= MAX_FAILURES || !self.client.may_pass(&failure) {
                    return Err(failure);
                }
                self.failures += 1;
                let asked = failure.retry_after();
                self.client.pause(self.failures, asked).await;
                match self.go_on().await {
                    Ok(()) => break,
                    Err(error) => failure = error,
                }
            }
        }
    }

    fn cancel(&mut self) {
        if let Some(part) = &mut self.part {
            part.body.cancel();
        }
    }
}
