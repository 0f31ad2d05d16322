//! What may pass by itself, and how long to wait for that.

use super::{Client, Host};
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

impl<T: Host> Client<T> {
    /// Waits after so many failures in a row, from half to all of what they call for lest many come back at once, or as many seconds
    /// as the registry asks for; not if there was none.
    pub(crate) async fn pause(&self, failures: u32, retry_after: Option<u64>) {
        let Some(before) = failures.checked_sub(1) else {
            return;
        };
        let longest = (FIRST_PAUSE << before.min(8)).min(MAX_PAUSE);
        let spread = u64::from(self.host.random()) % (longest / 2);
        let asked = retry_after.unwrap_or_default().saturating_mul(1000);
        let pause = (longest / 2 + spread).max(asked.min(MAX_PAUSE));
        self.host.sleep(pause).await;
    }
}
