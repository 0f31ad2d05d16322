//! Bodies of requests, as reqwest takes them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;

use super::NativeBody;
use crate::client::Chunks as _;
use crate::{Error, Kind, Result};

/// The most bytes that are handed over at once: what has to be taken within one time limit.
pub(super) const STEP: usize = 64 * 1024;

/// What is known of a request's body while it is being sent.
#[derive(Default)]
pub(super) struct Progress {
    steps: AtomicU64,
    failure: Mutex<Option<Error>>,
}

impl Progress {
    /// How often something was taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// What the body failed with, if it has.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn fail(&self, error: Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// A body of `size` bytes: one that has more or fewer fails, whereas hyper would cut it.
pub(super) fn stream(body: NativeBody, size: u64, progress: Arc<Progress>) -> reqwest::Body {
    let outgoing = Outgoing {
        body,
        ready: Bytes::new(),
        size,
        left: size,
    };
    let steps = stream::unfold(Some(outgoing), move |outgoing| {
        let progress = Arc::clone(&progress);
        async move {
            let mut outgoing = outgoing?;
            match outgoing.next().await {
                Ok(Some(step)) => {
                    progress.steps.fetch_add(1, Ordering::Relaxed);
                    Some((Ok(step), Some(outgoing)))
                }
                Ok(None) => None,
                Err(error) => {
                    progress.fail(error);
                    Some((Err(Failed), None))
                }
            }
        }
    });
    reqwest::Body::wrap_stream(steps)
}

struct Outgoing {
    body: NativeBody,
    /// What was read and not yet taken.
    ready: Bytes,
    size: u64,
    /// How many bytes are still to be read.
    left: u64,
}

impl Outgoing {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.ready.is_empty() {
            let Some(chunk) = self.body.chunk().await? else {
                return match self.left {
                    0 => Ok(None),
                    left => Err(Error::new(
                        Kind::BodyTruncated,
                        "what is sent has fewer bytes than were announced",
                    )
                    .with_expected(self.size, self.size - left)),
                };
            };
            let read = chunk.len() as u64;
            self.left = self.left.checked_sub(read).ok_or_else(|| {
                let before = self.size - self.left;
                Error::new(
                    Kind::SizeMismatch,
                    "what is sent has more bytes than were announced",
                )
                .with_expected(self.size, before.saturating_add(read))
            })?;
            self.ready = chunk.into();
        }
        let step = self.ready.len().min(STEP);
        Ok(Some(self.ready.split_to(step)))
    }
}

/// What ends the request of a body that failed: the body's own error is kept in its [`Progress`].
#[derive(Debug)]
struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what is sent cannot be read")
    }
}

impl std::error::Error for Failed {}
