//! Several futures at once, within a bound.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::Result;

/// Runs what `start` makes of each item, at most `limit` (at least 1) at a time. The first failure ends all the others: they are dropped.
pub(super) async fn each<I, F>(
    limit: usize,
    mut items: impl Iterator<Item = I>,
    start: impl Fn(I) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    poll_fn(move |context| {
        loop {
            while running.len() < limit
                && let Some(item) = items.next()
            {
                running.push(Box::pin(start(item)));
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
