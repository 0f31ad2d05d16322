//! Several futures at once, within a bound.

use std::future::poll_fn;
use std::task::Poll;

use crate::Result;
use crate::client::ask::Boxed;

/// Gives one future after the other. All of one type, so that what runs them is compiled once.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Jobs<'j, 'a> = dyn FnMut() -> Option<Boxed<'a, ()>> + Send + 'j;
/// Gives one future after the other. All of one type, so that what runs them is compiled once.
#[cfg(target_arch = "wasm32")]
pub(crate) type Jobs<'j, 'a> = dyn FnMut() -> Option<Boxed<'a, ()>> + 'j;

/// Runs what `next` gives, at most `limit` (at least 1) at a time. The first failure ends all the others: they are dropped.
pub(crate) async fn each<'a>(limit: usize, next: &mut Jobs<'_, 'a>) -> Result<()> {
    let mut running: Vec<Boxed<'a, ()>> = Vec::new();
    poll_fn(move |context| {
        loop {
            while running.len() < limit
                && let Some(job) = next()
            {
                running.push(job);
            }
            let before = running.len();
            let mut failure = None;
            // All are asked: who woke this up is not known, and they are few.
            running.retain_mut(|future| {
                if failure.is_some() {
                    return true;
                }
                match future.as_mut().poll(context) {
                    Poll::Pending => true,
                    Poll::Ready(outcome) => {
                        failure = outcome.err();
                        false
                    }
                }
            });
            if let Some(error) = failure {
                running.clear();
                return Poll::Ready(Err(error));
            }
            if running.len() == before {
                return if before == 0 {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
        }
    })
    .await
}
