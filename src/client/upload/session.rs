//! One upload: what is sent next, and how it goes on after something broke.

use super::super::exchange::{Call, Located};
use super::super::retry::{MAX_FAILURES, is_passing};
use super::super::scope::Scope;
use super::super::transport::{Body, Chunks as _, Expected, Piece as _};
use super::super::{Client, Content, Host, Payload};
use super::options::{PushOptions, PushOutcome, Pushed};
use crate::digest::{Algorithm, Digest};
use crate::http::{Headers, Method, Url};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// The largest chunk that is held because a registry wants it, in bytes.
const MAX_CHUNK: u64 = 256 * 1024 * 1024;

/// An upload from its first request to its last. Dropped while a session is open, it has the host take that back.
pub(super) struct Upload<'a, T: Host, C: Content<Body = T::Body>> {
    client: &'a Client<T>,
    name: &'a RepositoryName,
    scope: Scope,
    content: C,
    algorithm: Algorithm,
    digest: Option<Digest>,
    /// Bytes of the content, as soon as they are known.
    total: Option<u64>,
    /// Bytes of a chunk, as asked for, and as the registry wants them.
    asked: u64,
    chunk: u64,
    /// The least that a chunk may hold, unless it is the last, and the most.
    least: u64,
    most: u64,
    /// Whether the content is sent as it comes, not in pieces that can be sent again.
    streams: bool,
    body: Option<T::Body>,
    /// Up to where the content was read by `body`.
    read: u64,
    /// Whether the content was read to its end, or handed over to be.
    ended: bool,
    /// The piece that was read last, and where in the content it begins.
    held: Option<(<T::Body as Body>::Piece, u64)>,
    /// The session's newest URL, while one is open.
    location: Option<Url>,
    /// Up to where the content was sent, as far as is known.
    sent: u64,
    /// How many bytes the registry has at least, because it said so, and how many it may have at most.
    certain: u64,
    reached: u64,
    /// What it said last.
    said: u64,
    failures: u32,
    began_anew: bool,
    /// Whether a `Range` was taken for one byte less than it says.
    took_for_less: bool,
    /// Whether the session was asked to end.
    closing: bool,
}

impl<'a, T: Host, C: Content<Body = T::Body>> Upload<'a, T, C> {
    /// An upload of `content`. Fails with [`Kind::UnsupportedAlgorithm`], or with [`Kind::InvalidArgument`] for chunks of nothing.
    pub(super) fn new(
        client: &'a Client<T>,
        name: &'a RepositoryName,
        content: C,
        options: &PushOptions,
    ) -> Result<Self> {
        let digest = content.digest();
        let algorithm = match &digest {
            Some(digest) => digest.require_algorithm()?,
            None => options.algorithm,
        };
        if options.chunk_size == 0 {
            return Err(Error::new(
                Kind::InvalidArgument,
                "a chunk has at least one byte",
            ));
        }
        let total = content.size();
        Ok(Self {
            client,
            name,
            scope: Scope::push(name),
            algorithm,
            // A hash of the content is had from one reading of all of it, so there pieces are held for a second sending.
            streams: client.host.streams_requests()
                && content.reopens()
                && digest.is_some()
                && total.is_some(),
            digest,
            total,
            content,
            asked: options.chunk_size,
            chunk: options.chunk_size,
            least: 0,
            most: u64::MAX,
            body: None,
            read: 0,
            ended: false,
            held: None,
            location: None,
            sent: 0,
            certain: 0,
            reached: 0,
            said: 0,
            failures: 0,
            began_anew: false,
            took_for_less: false,
            closing: false,
        })
    }

    /// Has the registry take the blob, in whichever way it will.
    pub(super) async fn push(&mut self, options: &PushOptions) -> Result<Pushed> {
        let outcome = if self.shortcut(options).await? {
            if self.closing {
                PushOutcome::Uploaded
            } else {
                PushOutcome::Mounted
            }
        } else {
            while !self.advance().await? {}
            PushOutcome::Uploaded
        };
        match (self.known_digest(), self.total) {
            (Some(digest), Some(size)) => Ok(Pushed::new(digest, size, outcome)),
            _ => Err(nameless()),
        }
    }

    /// What the content is known by, now that it was read.
    fn known_digest(&self) -> Option<Digest> {
        self.digest.clone().or_else(|| self.content.digest())
    }

    /// Tries what needs no session: to send a small content at once, to mount a larger one. Whether that did it; if not, there may be
    /// a session all the same, which is then gone on with.
    async fn shortcut(&mut self, options: &PushOptions) -> Result<bool> {
        let (Some(digest), Some(total)) = (self.digest.clone(), self.total) else {
            return Ok(false);
        };
        let small = (1..=super::MAX_SINGLE_POST.min(self.chunk)).contains(&total);
        let attempt = if small && options.mount_from.is_none() {
            let streams = std::mem::replace(&mut self.streams, false);
            let payload = self.next().await?;
            self.streams = streams;
            self.closing = true;
            let url = self
                .client
                .uploads(self.name)?
                .with_query("digest", digest.as_str());
            self.open(url, self.scope.clone(), payload).await
        } else {
            let from = options.mount_from.as_ref();
            let (url, scope) = self.client.mount_request(self.name, &digest, from)?;
            self.open(url, scope, Payload::None).await
        };
        match attempt {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.closing = false;
                Ok(false)
            }
            // Refused as it is, it may be taken in the way that every registry knows.
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| status < 500 && status != 429) =>
            {
                self.closing = false;
                Ok(false)
            }
            Err(error) => {
                self.recover(error).await?;
                Ok(false)
            }
        }
    }

    /// Opens a session; true if the blob is there without one.
    async fn open(&mut self, url: Url, scope: Scope, payload: Payload<T::Body>) -> Result<bool> {
        let Some(opened) = self.client.open_session(url, &scope, payload).await? else {
            return Ok(true);
        };
        self.location = Some(self.client.session_of(&opened)?);
        let wanted = |name| {
            let length = opened.message.headers.get(name)?.trim().parse::<u64>().ok();
            length.filter(|length| *length > 0)
        };
        self.most = wanted("oci-chunk-max-length").unwrap_or(u64::MAX);
        self.least = wanted("oci-chunk-min-length").unwrap_or_default();
        self.chunk = self.asked.max(self.least).min(self.most);
        // What is left of a content may be less than the least.
        if self.chunk.min(self.total.unwrap_or(u64::MAX)) > MAX_CHUNK.max(self.asked) {
            return Err(Error::new(
                Kind::TooLarge,
                "the registry wants chunks that are larger than is held",
            )
            .with_expected(format_args!("at most {MAX_CHUNK} bytes"), self.chunk)
            .with_url(&opened.url));
        }
        self.streams &= self.total.is_some_and(|total| total <= self.most);
        (self.sent, self.certain, self.reached, self.said) = (0, 0, 0, 0);
        self.took_for_less = false;
        Ok(false)
    }

    /// Takes one step, and recovers where it fails; true after the last.
    async fn advance(&mut self) -> Result<bool> {
        let step = if self.location.is_none() {
            let sha256 = self.algorithm == Algorithm::Sha256;
            let mut url = self.client.uploads(self.name)?;
            if !sha256 {
                url = url.with_query("digest-algorithm", self.algorithm.as_str());
            }
            let opened = self.open(url, self.scope.clone(), Payload::None).await;
            match opened {
                Ok(true) => Err(Error::new(
                    Kind::UnexpectedResponse,
                    "the registry answered 201 before there was a blob",
                )),
                other => other,
            }
        } else {
            let payload = self.next().await?;
            self.send(payload).await
        };
        match step {
            Ok(done) => Ok(done),
            Err(error) => self.recover(error).await,
        }
    }

    /// What the registry does not have yet, or a part of it; nothing once it has all.
    async fn next(&mut self) -> Result<Payload<T::Body>> {
        if let Some((piece, start)) = &self.held
            && let Some(had) = self.sent.checked_sub(*start)
            && had < piece.size()
        {
            let rest = piece.skip(had);
            // What is left of a chunk may be less than the registry takes, but for the last one.
            if rest.size() >= self.least || self.ended || !self.content.reopens() {
                return Ok(Payload::Piece(rest));
            }
        }
        if self.ended && self.total == Some(self.sent) {
            return Ok(Payload::None);
        }
        if self.body.is_none() || self.read != self.sent {
            (self.body, self.ended) = (None, false);
            self.body = Some(self.reading().await?);
            self.read = self.sent;
        }
        let Some(mut body) = self.body.take() else {
            return Err(nameless());
        };
        let left = self.total.map(|total| total.saturating_sub(self.sent));
        if self.streams
            && let Some(left) = left
            && left > 0
        {
            self.ended = true;
            return Ok(Payload::Stream(body, left));
        }
        let size = left.map_or(self.chunk, |left| left.min(self.chunk));
        let piece = body.take(size).await?;
        self.read = self.read.saturating_add(piece.size());
        if piece.size() < size {
            if let Some(total) = self.total {
                return Err(Error::new(Kind::BodyTruncated, "the content ended early")
                    .with_expected(total, self.read));
            }
            self.total = Some(self.read);
        }
        if self.total != Some(self.read) {
            self.body = Some(body);
        } else if body.take(1).await?.size() > 0 {
            // Only its end gives a content its digest.
            return Err(
                Error::new(Kind::SizeMismatch, "the content is longer than it says")
                    .with_expected(self.read, "more"),
            );
        }
        self.ended = self.total == Some(self.read);
        let none = piece.size() == 0;
        self.held = Some((piece.clone(), self.sent));
        Ok(if none {
            Payload::None
        } else {
            Payload::Piece(piece)
        })
    }

    /// A reading of the content from where the registry has it to. One from the beginning is verified; what is read from elsewhere
    /// is for the registry to verify, which does.
    async fn reading(&mut self) -> Result<T::Body> {
        let body = self.content.open(self.sent).await?.ok_or_else(|| {
            Error::new(
                Kind::ConnectionLost,
                "the upload broke, and the content cannot be read again",
            )
        })?;
        match &self.digest {
            Some(digest) if self.sent == 0 => {
                body.verified(Expected::new(digest.clone(), self.total))
            }
            _ => Ok(body),
        }
    }

    /// Sends what comes next (end-5), or ends the session (end-6): with all of the content where that is one payload of known digest,
    /// else with nothing more. True once the blob is there.
    async fn send(&mut self, payload: Payload<T::Body>) -> Result<bool> {
        let Some(location) = self.location.clone() else {
            return Err(nameless());
        };
        let size = payload.size();
        // Only a chunk says where it belongs: after a failure, what the registry has of it is not certain enough for anything else.
        let whole = self.reached == 0 && self.total == Some(size);
        let last = whole || size == 0;
        let mut headers = Headers::new();
        headers.append("content-type", "application/octet-stream")?;
        let url = if last {
            let digest = self.known_digest().ok_or_else(nameless)?;
            self.closing = true;
            location.with_query("digest", digest.as_str())
        } else {
            let end = self.sent.saturating_add(size).saturating_sub(1);
            headers.append("content-range", format!("{}-{end}", self.sent))?;
            location
        };
        self.reached = self.reached.max(self.sent.saturating_add(size));
        let method = if last { Method::Put } else { Method::Patch };
        let answer = self.call(method, url, headers, payload).await?;
        if last {
            self.ended(&answer)?;
            self.sent = self.reached;
        } else {
            self.took(&answer, size)?;
        }
        self.content.sent(self.sent);
        Ok(last)
    }

    async fn call(
        &self,
        method: Method,
        url: Url,
        headers: Headers,
        payload: Payload<T::Body>,
    ) -> Result<Located<T::Body>> {
        let mut call = Call::new(method, url, self.scope.clone());
        call.headers = headers;
        call.payload = payload;
        // What broke is gone on with from where the registry is by then.
        call.idempotent = false;
        let mut answer = self.client.call(call).await?;
        answer.message.body.cancel();
        Ok(answer)
    }

    /// The registry took a chunk of `size` bytes, or the first of them.
    fn took(&mut self, answer: &Located<T::Body>, size: u64) -> Result<()> {
        // 201 is what ECR answers to a chunk.
        match answer.message.status {
            202 => self.location = Some(self.client.session_of(answer)?),
            201 => {}
            status => {
                return Err(super::response::unexpected(&answer.url, status));
            }
        }
        let all = self.sent.saturating_add(size);
        let now = committed(answer)?.unwrap_or(all);
        // ECR says the same after each chunk. If nothing was taken, the next one will be refused.
        if std::mem::replace(&mut self.said, now) == now {
            self.sent = all;
            return Ok(());
        }
        self.stands_at(answer, now)?;
        (self.certain, self.failures, self.took_for_less) = (now, 0, false);
        Ok(())
    }

    /// The registry has the first `now` bytes, if that can be.
    fn stands_at(&mut self, answer: &Located<T::Body>, now: u64) -> Result<()> {
        if !(self.certain..=self.reached).contains(&now) {
            return Err(Error::new(
                Kind::UnexpectedResponse,
                "the registry counts the bytes of the upload otherwise than they were sent",
            )
            .with_expected(format_args!("{} to {}", self.certain, self.reached), now)
            .with_url(&answer.url));
        }
        self.sent = now;
        Ok(())
    }

    /// The session has ended, and the blob is there, if it is the one that was sent.
    fn ended(&mut self, answer: &Located<T::Body>) -> Result<()> {
        if answer.message.status == 202 {
            return Err(super::response::unexpected(&answer.url, 202));
        }
        self.location = None;
        let stated = super::response::stated_digest(&answer.message.headers)
            .map_err(|error| error.with_url(&answer.url))?;
        match (stated, self.known_digest()) {
            // A registry may name it by another algorithm.
            (Some(stated), Some(digest))
                if stated.algorithm() == digest.algorithm() && stated != digest =>
            {
                Err(Error::new(
                    Kind::DigestMismatch,
                    "the registry took the blob for another",
                )
                .with_expected(digest, stated)
                .with_url(&answer.url))
            }
            _ => Ok(()),
        }
    }

    /// Finds out how to go on after a failure; true if nothing is left to do. Fails with what failed where there is no way.
    async fn recover(&mut self, mut error: Error) -> Result<bool> {
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
                _ => is_passing(&error),
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
        if answer.message.headers.get("location").is_some() {
            self.location = Some(self.client.session_of(&answer)?);
        }
        let mut now = committed(&answer)?.ok_or_else(|| {
            Error::new(
                Kind::UnexpectedResponse,
                "the registry does not say how much of the upload it has",
            )
            .with_status(answer.message.status)
            .with_url(&answer.url)
        })?;
        let range = answer.message.headers.get("range").unwrap_or_default();
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
    async fn is_there(&self) -> bool {
        let Some(digest) = self.known_digest() else {
            return false;
        };
        let asked = self
            .client
            .blob_size(self.name, &digest, self.scope.clone());
        asked.await.is_ok()
    }

    /// Takes the session back (end-14), if the registry can be reached and knows how.
    pub(super) async fn cancel(&mut self) {
        if let Some(location) = self.location.take()
            && self.failures < MAX_FAILURES
        {
            let _ = self
                .call(Method::Delete, location, Headers::new(), Payload::None)
                .await;
        }
    }
}

impl<T: Host, C: Content<Body = T::Body>> Drop for Upload<'_, T, C> {
    fn drop(&mut self) {
        if let Some(location) = self.location.take() {
            self.client
                .send_unheeded(Method::Delete, location, &self.scope);
        }
    }
}

/// How many bytes the registry has, by `Range: 0-<last>`. Quay writes a unit before it, and -1 for the last of none.
fn committed<B>(answer: &Located<B>) -> Result<Option<u64>> {
    let Some(range) = answer.message.headers.get("range") else {
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
            .with_url(&answer.url)
        })
}

/// A content that was read to its end has a digest and a size.
fn nameless() -> Error {
    Error::new(Kind::Internal, "a content that was read has no digest")
}
