//! How an upload goes on after something broke.

use super::super::ask::Answer;
use super::super::retry::MAX_FAILURES;
use super::super::{Content, Host, Payload};
use super::session::{MAX_CHUNK, Upload};
use crate::http::{Headers, Method};
use crate::{Error, Kind, Result};

impl<T: Host, C: Content<Body = T::Body>> Upload<'_, T, C> {
    /// Finds out how to go on after a failure; true if nothing is left to do. Fails with what failed where there is no way.
    pub(super) async fn recover(&mut self, mut error: Error) -> Result<bool> {
        let streamed = std::mem::replace(&mut self.streams, false);
        let refused = error.status() == Some(416);
        let mut asked = false;
        loop {
            let status = error.status();
            // Registries refuse in several ways to speak of a session that they have lost, or of any. One that goes on refusing
            // bytes does not mean what it says of those it has.
            let gone = self.location.is_some()
                && match status {
                    Some(404) => true,
                    Some(416) => asked || self.failures > 2,
                    Some(200..=299 | 400 | 405 | 410) => asked,
                    _ => false,
                };
            let passing = match status {
                // A stream cannot be sent again with the token that its refusal asks for.
                Some(401) => streamed && self.failures == 0,
                // Nor is it certain that chunks are too large where all at once is.
                Some(413) => streamed,
                Some(405 | 501) => !asked && self.gather(),
                Some(416) => true,
                _ => self.client.may_pass(&error),
            };
            if self.failures >= MAX_FAILURES || !(gone || passing) {
                return Err(error);
            }
            self.failures += 1;
            if gone {
                if self.closing && self.is_there().await {
                    self.location = None;
                    return Ok(true);
                }
                let from_start = self.held.as_ref().is_some_and(|(_, start)| *start == 0);
                if self.began_anew || !(self.content.reopens() || from_start) {
                    return Err(error);
                }
                self.began_anew = true;
                self.cancel().await;
            } else {
                self.client.pause(self.failures, error.retry_after()).await;
            }
            if self.location.is_none() {
                return Ok(false);
            }
            asked = true;
            match self.ask(refused).await {
                Ok(()) => return Ok(false),
                Err(later) => error = later,
            }
        }
    }

    /// Gives chunks up, for a registry that knows none: all of the content is held, and sent at once. Whether it can be.
    fn gather(&mut self) -> bool {
        match self.total {
            Some(total) if self.asked < total && total <= MAX_CHUNK && self.content.reopens() => {
                self.asked = total;
                self.location = None;
                self.held = None;
                true
            }
            _ => false,
        }
    }

    /// Asks the registry how much it has (end-13). `Range: 0-0` is one byte or none, and Quay's, which has a unit, is one too high. So
    /// these are taken for one less, until the registry has `refused` what was sent by that. At ECR it stays where it was.
    async fn ask(&mut self, refused: bool) -> Result<()> {
        let Some(location) = self.location.clone() else {
            return Ok(());
        };
        let answer = self
            .call(Method::Get, location, Headers::new(), Payload::None)
            .await?;
        if answer.headers.get("location").is_some() {
            self.location = Some(self.client.session_of(&answer)?);
        }
        let mut now = committed(&answer)?.ok_or_else(|| {
            Error::new(
                Kind::UnexpectedResponse,
                "the registry does not say how much of the upload it has",
            )
            .with_status(answer.status)
            .at(&answer.from)
        })?;
        let range = answer.headers.get("range").unwrap_or_default();
        let doubtful = range.contains('=') || (now == 1 && self.certain == 0);
        if std::mem::replace(&mut self.said, now) == now && !refused {
            now = self.sent;
        } else if doubtful && !(refused && self.took_for_less) {
            self.took_for_less = true;
            now = now.saturating_sub(1).max(self.certain);
        }
        self.stands_at(&answer, now)
    }

    /// Whether the repository has the blob: an answer that was lost on its way may have been a good one.
    async fn is_there(&mut self) -> bool {
        let Some(digest) = self.known_digest() else {
            return false;
        };
        let asked = self
            .client
            .blob_size(self.name, &digest, self.scope.clone());
        asked.await.is_ok()
    }
}

/// How many bytes the registry has, by `Range: 0-<last>`. Quay writes a unit before it, and -1 for the last of none.
pub(super) fn committed<B>(answer: &Answer<B>) -> Result<Option<u64>> {
    let Some(range) = answer.headers.get("range") else {
        return Ok(None);
    };
    let range = range.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    if range.is_empty() {
        return Ok(None);
    }
    range
        .strip_prefix("0-")
        .and_then(|last| {
            if last == "-1" {
                return Some(0);
            }
            last.parse::<u64>().ok()?.checked_add(1)
        })
        .map(Some)
        .ok_or_else(|| {
            Error::new(
                Kind::InvalidHeader,
                "the Range of an upload is not 0-<last byte>",
            )
            .at(&answer.from)
        })
}
