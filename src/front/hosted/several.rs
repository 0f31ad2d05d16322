//! Several things at once, within a bound.

use std::sync::{Mutex, PoisonError};

use super::super::error::Failure;
use super::apart::Apart;
use crate::client::{Boxed, copy::pool};
use crate::error::{Error, Kind};

/// Gives one future after the other.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::front) type Jobs<'j, 'a> = dyn FnMut() -> Option<Job<'a>> + Send + 'j;
/// Gives one future after the other.
#[cfg(target_arch = "wasm32")]
pub(in crate::front) type Jobs<'j, 'a> = dyn FnMut() -> Option<Job<'a>> + 'j;

type Job<'a> = Apart<'a, ()>;

/// Runs what `next` gives, at most `limit` (at least 1) at a time. The first failure ends all the others.
pub(in crate::front) async fn several<'a>(
    limit: usize,
    next: &mut Jobs<'_, 'a>,
) -> Result<(), Failure> {
    let failed = Mutex::new(None);
    let report = &failed;
    let jobs = std::iter::from_fn(|| {
        let job = next()?;
        let job: Boxed<'_, ()> = Box::pin(async move {
            job.await.map_err(|failure| {
                *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                Error::new(Kind::Aborted, "one of several things failed")
            })
        });
        Some(job)
    });
    let outcome = pool::each(limit, jobs).await;
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (outcome, failed) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(Failure::from_store(error)),
    }
}
