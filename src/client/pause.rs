//! What may pass by itself, and how long to wait for that.

use super::Clock;
use crate::{Error, Kind};

/// How often in a row something may break before another byte has come or gone.
pub(super) const MAX_FAILURES: u32 = 5;
/// The wait after the first failure in milliseconds, twice as long after each further one, and the longest wait.
const FIRST_PAUSE: u64 = 500;
const MAX_PAUSE: u64 = 60_000;

/// Whether the same may succeed a little later.
pub(super) fn is_passing(error: &Error) -> bool {
    match error.status() {
        Some(status) => matches!(status, 408 | 429 | 500..),
        None => matches!(
            error.kind(),
            Kind::ConnectionFailed | Kind::ConnectionLost | Kind::Timeout | Kind::BodyTruncated
        ),
    }
}

/// Waits after so many failures, from half to all of what they call for lest many come back at once, or as many seconds as
/// the registry asks for.
pub(super) async fn pause(clock: &impl Clock, failures: u32, asked: Option<u64>) {
    let longest = (FIRST_PAUSE << failures.saturating_sub(1).min(8)).min(MAX_PAUSE);
    let spread = u64::from(clock.random()) % (longest / 2);
    let asked = asked.unwrap_or_default().saturating_mul(1000);
    clock
        .sleep((longest / 2 + spread).max(asked.min(MAX_PAUSE)))
        .await;
}
