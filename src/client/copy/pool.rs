//! Several futures at once, within a bound.

use std::future::poll_fn;
use std::task::Poll;

use crate::Result;
use crate::client::ask::Boxed;

/// Runs futures, at most `limit` (at least 1) at a time, and gives what they come to as they do. The first failure ends all the others:
/// they are dropped.
pub(crate) async fn each<'a, T>(
    limit: usize,
    mut futures: impl Iterator<Item = Boxed<'a, T>>,
) -> Result<Vec<T>> {
    let mut running: Vec<Boxed<'a, T>> = Vec::new();
    let mut done = Vec::new();
    poll_fn(move |context| {
        loop {
            let free = limit.saturating_sub(running.len());
            running.extend(futures.by_ref().take(free));
            let before = running.len();
            let mut failure = None;
            // All are asked: who woke this up is not known, and they are few.
            running.retain_mut(|future| {
                if failure.is_some() {
                    return true;
                }
                match future.as_mut().poll(context) {
                    Poll::Pending => true,
                    Poll::Ready(Ok(value)) => {
                        done.push(value);
                        false
                    }
                    Poll::Ready(Err(error)) => {
                        failure = Some(error);
                        false
                    }
                }
            });
            if let Some(error) = failure {
                running.clear();
                return Poll::Ready(Err(error));
            }
            if before == 0 {
                return Poll::Ready(Ok(std::mem::take(&mut done)));
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}
