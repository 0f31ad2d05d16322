//! How an upload goes on after something broke.

use super::super::retry::MAX_FAILURES;
use super::super::{Content, Host};
use super::session::{Step, Upload};
use crate::{Error, Kind, Result};

/// The largest content that is held whole because a registry knows no chunks, in bytes.
const MAX_GATHERED: u64 = 256 * 1024 * 1024;

impl<T: Host, C: Content<Body = T::Body>> Upload<'_, T, C> {
    /// Finds the step that follows a failure. Fails with what failed where there is no way.
    pub(super) fn recover(&mut self, error: Error) -> Result<()> {
        let status = error.status();
        let asked = self.step == Step::Count;
        if !asked {
            self.streamed = std::mem::replace(&mut self.streams, false);
            self.refused = status == Some(416);
        }
        // Registries refuse in several ways to speak of a session that they have lost, or of any. One that goes on refusing
        // bytes does not mean what it says of those it has.
        let gone = self.location.is_some()
            && match status {
                Some(404) => true,
                Some(416) => asked || self.failures > 2,
                Some(200..=299 | 400 | 405 | 410) => asked,
                _ => false,
            };
        let gathers = matches!(status, Some(405 | 501)) && !asked && self.gather();
        let passing = match status {
            // A stream cannot be sent again with the token that its refusal asks for.
            Some(401) => self.streamed && self.failures == 0,
            // Nor is it certain that chunks are too large where all at once is.
            Some(413) => self.streamed,
            Some(405 | 501) => gathers,
            Some(416) => true,
            _ => self.client.may_pass(&error),
        };
        let now = self.client.host.now();
        if self.failures == 0 {
            self.failing_since = now;
        }
        let late = now.saturating_sub(self.failing_since) > self.client.options.max_elapsed;
        if self.failures >= MAX_FAILURES || late || !(gone || passing) {
            return Err(error);
        }
        self.failures += 1;
        if gathers {
            self.step = Step::Cancel;
            return Ok(());
        }
        if !gone {
            self.pause = (self.failures, error.retry_after());
            // Whoever was told to come again later has been refused nothing.
            let is_early = status == Some(429) || error.kind() == Kind::Auth;
            self.step = match (&self.location, self.step) {
                (Some(_), _) => Step::Count,
                (None, Step::Whole | Step::Mount) if is_early => self.step,
                (None, _) => Step::Open,
            };
            return Ok(());
        }
        if self.closing && self.known_digest().is_ok() {
            self.error = Some(error);
            self.step = Step::LookAgain;
            return Ok(());
        }
        self.begin_anew(error)
    }

    /// Gives up a session that is lost for another one, once, where the content can be read again.
    pub(super) fn begin_anew(&mut self, error: Error) -> Result<()> {
        let from_start = self.held.as_ref().is_some_and(|(_, start)| *start == 0);
        if self.began_anew || !(self.content.reopens() || from_start) {
            return Err(error);
        }
        self.began_anew = true;
        self.step = Step::Cancel;
        if self.failures >= MAX_FAILURES {
            (self.location, self.step) = (None, Step::Open);
        }
        Ok(())
    }

    /// Gives chunks up, for a registry that knows none: all of the content is held, and sent at once. Whether it can be.
    fn gather(&mut self) -> bool {
        match self.total {
            Some(total)
                if self.asked < total && total <= MAX_GATHERED && self.content.reopens() =>
            {
                self.asked = total;
                self.held = None;
                true
            }
            _ => false,
        }
    }
}
