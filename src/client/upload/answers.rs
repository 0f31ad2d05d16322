//! What a registry says to the steps of an upload, and which step follows.

use super::super::ask::{Answer, Answered};
use super::super::{Content, Host, response};
use super::PushOutcome;
use super::session::{Step, Upload};
use crate::{Error, Kind, Result};

/// The largest chunk that is held because a registry wants it, in bytes.
const MAX_CHUNK: u64 = 64 * 1024 * 1024;
/// How often in a row a registry may take less of a chunk than it is sent: else it could make a push go on for as long as it likes.
const MAX_PARTIAL: u32 = 100;

impl<T: Host, C: Content<Body = T::Body>> Upload<'_, T, C> {
    /// Goes on from the answer to a step; says after the last how the blob came there.
    pub(super) fn hear(&mut self, answer: Answered<T::Body>) -> Result<Option<PushOutcome>> {
        if self.step == Step::Cancel {
            self.step = Step::Open;
            return self.error.take().map_or(Ok(None), Err);
        }
        let error = match answer.and_then(|answer| self.took(&answer)) {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        let refused = |status| status < 500 && status != 429;
        match self.step {
            // Refusals say nothing: whoever may not ask may still push.
            Step::Look if error.status().is_some() => self.step = self.first(),
            Step::Look => return Err(error),
            // Refused as it is, it may be taken in the way that every registry knows.
            Step::Whole | Step::Mount if error.status().is_some_and(refused) => {
                self.step = match self.location {
                    Some(_) => Step::Send,
                    None => Step::Open,
                };
            }
            Step::LookAgain => {
                let broke = self.error.take().unwrap_or(error);
                self.begin_anew(broke)?;
            }
            _ => self.recover(error)?,
        }
        Ok(None)
    }

    /// The first step towards a blob that the registry does not have. It may need no session: a small content is sent at once, a
    /// larger one perhaps mounted. If not, there may be a session all the same, which is then gone on with.
    fn first(&self) -> Step {
        let most = super::MAX_SINGLE_POST.min(self.asked);
        match self.total {
            Some(total) if self.mount_from.is_none() && (1..=most).contains(&total) => Step::Whole,
            Some(_) => Step::Mount,
            None => Step::Open,
        }
    }

    /// The registry has answered without an error.
    fn took(&mut self, answer: &Answer<T::Body>) -> Result<Option<PushOutcome>> {
        match (self.step, answer.status) {
            (Step::Look, _) => return self.looked(answer),
            (Step::LookAgain, _) => {
                self.location = None;
                return Ok(Some(PushOutcome::Uploaded));
            }
            (Step::Whole, 201) => return Ok(Some(PushOutcome::Uploaded)),
            (Step::Mount, 201) => return Ok(Some(PushOutcome::Mounted)),
            (Step::Open, 201) => {
                return Err(Error::new(
                    Kind::UnexpectedResponse,
                    "the registry answered 201 before there was a blob",
                ));
            }
            (Step::Whole | Step::Mount | Step::Open, 202) => self.opened(answer)?,
            // 201 is what ECR answers to a chunk.
            (Step::Send, 201 | 202) => self.acknowledged(answer)?,
            (Step::Close, status) if status != 202 => {
                self.location = None;
                let message = "the registry took the blob for another";
                response::check_digest(answer, &self.known_digest()?, message)?;
                self.content.sent(self.reached);
                return Ok(Some(PushOutcome::Uploaded));
            }
            (Step::Count, _) => self.counted(answer)?,
            _ => return Err(response::unexpected(answer)),
        }
        self.step = Step::Send;
        Ok(None)
    }

    /// The repository has the blob, if it is of the right size. Where nobody knows its size, it is pushed all the same.
    fn looked(&mut self, answer: &Answer<T::Body>) -> Result<Option<PushOutcome>> {
        let stated = response::body_length(&answer.headers);
        let stated = stated.map_err(|error| answer.located(error))?;
        match (self.total, stated) {
            (Some(size), Some(stated)) if size != stated => Err(Error::new(
                Kind::SizeMismatch,
                "the registry has a blob of this digest and of another size",
            )
            .with_amounts(size, stated)),
            (None, None) => {
                self.step = self.first();
                Ok(None)
            }
            (total, stated) => {
                self.total = stated.or(total);
                Ok(Some(PushOutcome::Existed))
            }
        }
    }

    /// A session is open.
    fn opened(&mut self, answer: &Answer<T::Body>) -> Result<()> {
        self.go_to(answer)?;
        let wanted = |name| {
            let length = answer.headers.get(name)?.trim().parse::<u64>().ok();
            length.filter(|length| *length > 0)
        };
        self.most = wanted("oci-chunk-max-length").unwrap_or(u64::MAX);
        self.least = wanted("oci-chunk-min-length").unwrap_or_default();
        self.chunk = self.asked.max(self.least).min(self.most);
        // What is left of a content may be less than the least.
        if self.chunk.min(self.total.unwrap_or(u64::MAX)) > MAX_CHUNK.max(self.asked) {
            let larger = Error::new(
                Kind::TooLarge,
                "the registry wants chunks that are larger than is held",
            );
            return Err(answer.located(larger.with_amounts(MAX_CHUNK, self.chunk)));
        }
        self.streams &= self.total.is_some_and(|total| total <= self.most);
        (self.sent, self.certain, self.reached, self.said) = (0, 0, 0, 0);
        self.took_for_less = false;
        Ok(())
    }

    /// The registry took a chunk, or the first bytes of it.
    fn acknowledged(&mut self, answer: &Answer<T::Body>) -> Result<()> {
        if answer.status == 202 {
            self.go_to(answer)?;
        }
        let all = self.sent.saturating_add(self.size);
        let now = committed(answer)?.unwrap_or(all);
        // ECR says the same after each chunk. If nothing was taken, the next one will be refused.
        if std::mem::replace(&mut self.said, now) == now {
            self.sent = all;
        } else {
            self.stands_at(answer, now)?;
            (self.certain, self.failures, self.took_for_less) = (now, 0, false);
            self.partial = if now < all { self.partial + 1 } else { 0 };
            if self.partial > MAX_PARTIAL {
                let error = "the registry goes on taking no more than a part of each chunk";
                return Err(Error::new(Kind::UnexpectedResponse, error)
                    .with_amounts(all, now)
                    .at(&answer.from));
            }
        }
        self.content.sent(self.sent);
        Ok(())
    }

    /// The registry says how much it has (end-13). `Range: 0-0` is one byte or none, and Quay's, which has a unit, is one too high. So
    /// these are taken for one less, until the registry has refused what was sent by that. At ECR it stays where it was.
    fn counted(&mut self, answer: &Answer<T::Body>) -> Result<()> {
        if answer.headers.get("location").is_some() {
            self.go_to(answer)?;
        }
        let mut now = committed(answer)?.ok_or_else(|| {
            Error::new(
                Kind::UnexpectedResponse,
                "the registry does not say how much of the upload it has",
            )
            .with_status(answer.status)
            .at(&answer.from)
        })?;
        let range = answer.headers.get("range").unwrap_or_default();
        let doubtful = range.contains('=') || (now == 1 && self.certain == 0);
        if std::mem::replace(&mut self.said, now) == now && !self.refused {
            now = self.sent;
        } else if doubtful && !(self.refused && self.took_for_less) {
            self.took_for_less = true;
            now = now.saturating_sub(1).max(self.certain);
        }
        self.stands_at(answer, now)
    }

    /// The registry has the first `now` bytes, if that can be.
    fn stands_at(&mut self, answer: &Answer<T::Body>, now: u64) -> Result<()> {
        if !(self.certain..=self.reached).contains(&now) {
            return Err(Error::new(
                Kind::UnexpectedResponse,
                "the registry counts the bytes of the upload otherwise than they were sent",
            )
            .with_amounts(self.reached, now)
            .at(&answer.from));
        }
        self.sent = now;
        Ok(())
    }
}

/// How many bytes the registry has, by `Range: 0-<last>`. Quay writes a unit before it, and -1 for the last of none.
fn committed<B>(answer: &Answer<B>) -> Result<Option<u64>> {
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
