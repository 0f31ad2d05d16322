//! One upload, from its first request to its last.

use super::super::ask::{Answer, Boxed, Call};
use super::super::retry::MAX_FAILURES;
use super::super::scope::Scope;
use super::super::transport::Body;
use super::super::{Client, Content, Host, Payload, response};
use super::options::{PushOptions, PushOutcome, Pushed};
use super::recovery::committed;
use crate::digest::{Algorithm, Digest};
use crate::http::{Headers, Method, Url};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// The largest chunk that is held because a registry wants it, in bytes.
pub(super) const MAX_CHUNK: u64 = 256 * 1024 * 1024;

/// An upload from its first request to its last. Dropped while a session is open, it has the host take that back.
pub(super) struct Upload<'a, T: Host, C: Content<Body = T::Body>> {
    pub(super) client: &'a Client<T>,
    pub(super) name: &'a RepositoryName,
    pub(super) scope: Scope,
    pub(super) content: C,
    pub(super) algorithm: Algorithm,
    pub(super) digest: Option<Digest>,
    /// Bytes of the content, as soon as they are known.
    pub(super) total: Option<u64>,
    /// Bytes of a chunk, as asked for, and as the registry wants them.
    pub(super) asked: u64,
    pub(super) chunk: u64,
    /// The least that a chunk may hold, unless it is the last, and the most.
    pub(super) least: u64,
    pub(super) most: u64,
    /// Whether the content can be sent with the request that asks for a session.
    pub(super) is_small: bool,
    /// Whether anything was sent yet.
    pub(super) begun: bool,
    /// Whether the content is sent as it comes, not in pieces that can be sent again.
    pub(super) streams: bool,
    pub(super) body: Option<T::Body>,
    /// Up to where the content was read by `body`.
    pub(super) read: u64,
    /// Whether the content was read to its end, or handed over to be.
    pub(super) ended: bool,
    /// The piece that was read last, and where in the content it begins.
    pub(super) held: Option<(<T::Body as Body>::Piece, u64)>,
    /// The session's newest URL, while one is open.
    pub(super) location: Option<Url>,
    /// Up to where the content was sent, as far as is known.
    pub(super) sent: u64,
    /// How many bytes the registry has at least, because it said so, and how many it may have at most.
    pub(super) certain: u64,
    pub(super) reached: u64,
    /// What it said last.
    pub(super) said: u64,
    pub(super) failures: u32,
    pub(super) began_anew: bool,
    /// Whether a `Range` was taken for one byte less than it says.
    pub(super) took_for_less: bool,
    /// Whether the session was asked to end.
    pub(super) closing: bool,
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
        let most = super::MAX_SINGLE_POST.min(options.chunk_size);
        Ok(Self {
            client,
            name,
            scope: Scope::push(name),
            algorithm,
            // A hash of the content is had from one reading of all of it, so there pieces are held for a second sending.
            streams: client.host.streams_requests()
                && content.reopens()
                && digest.is_some()
                && total.is_some_and(|total| total > most),
            is_small: total.is_some_and(|total| (1..=most).contains(&total)),
            begun: false,
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
        let outcome = loop {
            if let Some(outcome) = self.advance(options).await? {
                break outcome;
            }
        };
        match (self.known_digest(), self.total) {
            (Some(digest), Some(size)) => Ok(Pushed::new(digest, size, outcome)),
            _ => Err(nameless()),
        }
    }

    /// What the content is known by, now that it was read.
    pub(super) fn known_digest(&self) -> Option<Digest> {
        self.digest.clone().or_else(|| self.content.digest())
    }

    /// Takes one step, and recovers where it fails; says after the last how the blob came there.
    ///
    /// The first of all may need no session: a small content is sent at once, a larger one perhaps mounted. If not, there may be a
    /// session all the same, which is then gone on with.
    async fn advance(&mut self, options: &PushOptions) -> Result<Option<PushOutcome>> {
        let opens = self.location.is_none();
        let first = !std::mem::replace(&mut self.begun, true);
        let known = self
            .digest
            .clone()
            .filter(|_| first && self.total.is_some());
        let small = known.is_some() && self.is_small && options.mount_from.is_none();
        let payload = if opens && !small {
            Payload::None
        } else {
            self.next().await?
        };
        let step = if opens {
            let mut url = self.client.uploads(self.name)?;
            let mut scope = self.scope.clone();
            match &known {
                Some(digest) if small => url = url.with_query("digest", digest.as_str()),
                Some(digest) => {
                    let from = options.mount_from.as_ref();
                    (url, scope) = self.client.mount_request(self.name, digest, from)?;
                }
                None if self.algorithm != Algorithm::Sha256 => {
                    url = url.with_query("digest-algorithm", self.algorithm.as_str());
                }
                None => {}
            }
            self.open(url, scope, payload).await
        } else {
            self.send(payload).await
        };
        let done = match step {
            Ok(true) if opens && !small => {
                return match known {
                    Some(_) => Ok(Some(PushOutcome::Mounted)),
                    None => Err(Error::new(
                        Kind::UnexpectedResponse,
                        "the registry answered 201 before there was a blob",
                    )),
                };
            }
            Ok(done) => done,
            Err(error) => {
                // Refused as it is, it may be taken in the way that every registry knows.
                let refused = error
                    .status()
                    .is_some_and(|status| status < 500 && status != 429);
                !(known.is_some() && refused) && self.recover(error).await?
            }
        };
        Ok(done.then_some(PushOutcome::Uploaded))
    }

    /// Opens a session; true if the blob is there without one.
    async fn open(&mut self, url: Url, scope: Scope, payload: Payload<T::Body>) -> Result<bool> {
        let Some(opened) = self.client.open_session(url, scope, payload).await? else {
            return Ok(true);
        };
        self.location = Some(self.client.session_of(&opened)?);
        let wanted = |name| {
            let length = opened.headers.get(name)?.trim().parse::<u64>().ok();
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
            return Err(opened.located(larger.with_expected(MAX_CHUNK, self.chunk)));
        }
        self.streams &= self.total.is_some_and(|total| total <= self.most);
        (self.sent, self.certain, self.reached, self.said) = (0, 0, 0, 0);
        self.took_for_less = false;
        Ok(false)
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
        headers.add("content-type", "application/octet-stream");
        let url = if last {
            let digest = self.known_digest().ok_or_else(nameless)?;
            self.closing = true;
            location.with_query("digest", digest.as_str())
        } else {
            let end = self.sent.saturating_add(size).saturating_sub(1);
            headers.add("content-range", format!("{}-{end}", self.sent));
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

    pub(super) fn call(
        &self,
        method: Method,
        url: Url,
        headers: Headers,
        payload: Payload<T::Body>,
    ) -> Boxed<'a, Box<Answer<T::Body>>> {
        let mut call = Call::new(method, url, self.scope.clone());
        call.request.headers = headers;
        call.payload = Some(payload);
        // What broke is gone on with from where the registry is by then.
        call.idempotent = false;
        call.origin_only = true;
        self.client.ask(call)
    }

    /// The registry took a chunk of `size` bytes, or the first of them.
    fn took(&mut self, answer: &Answer<T::Body>, size: u64) -> Result<()> {
        // 201 is what ECR answers to a chunk.
        match answer.status {
            202 => self.location = Some(self.client.session_of(answer)?),
            201 => {}
            _ => return Err(response::unexpected(answer)),
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
    pub(super) fn stands_at(&mut self, answer: &Answer<T::Body>, now: u64) -> Result<()> {
        if !(self.certain..=self.reached).contains(&now) {
            return Err(Error::new(
                Kind::UnexpectedResponse,
                "the registry counts the bytes of the upload otherwise than they were sent",
            )
            .with_expected(self.reached, now)
            .at(&answer.from));
        }
        self.sent = now;
        Ok(())
    }

    /// The session has ended, and the blob is there, if it is the one that was sent.
    fn ended(&mut self, answer: &Answer<T::Body>) -> Result<()> {
        if answer.status == 202 {
            return Err(response::unexpected(answer));
        }
        self.location = None;
        let stated =
            response::stated_digest(&answer.headers).map_err(|error| answer.located(error))?;
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
                .at(&answer.from))
            }
            _ => Ok(()),
        }
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

/// A content that was read to its end has a digest and a size.
pub(super) fn nameless() -> Error {
    Error::new(Kind::Internal, "a content that was read has no digest")
}
