//! One upload, from its first request to its last.

use super::super::ask::{Answer, Call};
use super::super::retry::MAX_FAILURES;
use super::super::scope::Scope;
use super::super::transport::Body;
use super::super::{Client, Content, Host, Payload};
use super::options::{PushOptions, PushOutcome, Pushed};
use crate::digest::{Algorithm, Digest};
use crate::http::{Method, Url};
use crate::json::decimal;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// What the registry is asked next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Whether it has the blob.
    Look,
    /// To take all of a small content at once.
    Whole,
    /// To mount the blob, or to open a session.
    Mount,
    /// To open a session.
    Open,
    /// To take a chunk.
    Send,
    /// To end the session, with all of the content or with nothing more.
    Close,
    /// How much it has, after something broke.
    Count,
    /// Whether it has the blob after all: an answer that was lost on its way may have been a good one.
    LookAgain,
    /// To take the session back.
    Cancel,
}

/// An upload from its first request to its last. Dropped while a session is open, it has the host take that back.
pub(super) struct Upload<'a, T: Host, C: Content<Body = T::Body>> {
    pub(super) client: &'a Client<T>,
    pub(super) name: &'a RepositoryName,
    pub(super) mount_from: Option<&'a RepositoryName>,
    pub(super) scope: Scope,
    pub(super) content: C,
    pub(super) algorithm: Algorithm,
    pub(super) digest: Option<Digest>,
    pub(super) step: Step,
    /// What broke, while it is found out how to go on, and after that what the upload failed by.
    pub(super) error: Option<Error>,
    /// How many failures in a row to pause after before the next step, and for how many seconds at least.
    pub(super) pause: (u32, Option<u64>),
    /// Bytes of the content, as soon as they are known.
    pub(super) total: Option<u64>,
    /// Bytes of a chunk, as asked for, and as the registry wants them.
    pub(super) asked: u64,
    pub(super) chunk: u64,
    /// The least that a chunk may hold, unless it is the last, and the most.
    pub(super) least: u64,
    pub(super) most: u64,
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
    /// Bytes of the payload that was sent last.
    pub(super) size: u64,
    /// Up to where the content was sent, as far as is known.
    pub(super) sent: u64,
    /// How often in a row the registry took less of a chunk than was sent.
    pub(super) partial: u32,
    /// How many bytes the registry has at least, because it said so, and how many it may have at most.
    pub(super) certain: u64,
    pub(super) reached: u64,
    /// What it said last.
    pub(super) said: u64,
    pub(super) failures: u32,
    /// When the first of these was noticed, by the host's clock.
    pub(super) failing_since: u64,
    /// Whether a stream was what broke last, and whether what broke was the registry's refusal of its range.
    pub(super) streamed: bool,
    pub(super) refused: bool,
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
        options: &'a PushOptions,
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
            mount_from: options.mount_from.as_ref(),
            scope: Scope::push(name),
            algorithm,
            step: if digest.is_some() {
                Step::Look
            } else {
                Step::Open
            },
            error: None,
            pause: (0, None),
            // A hash of the content is had from one reading of all of it, so there pieces are held for a second sending.
            streams: client.host.streams_requests()
                && content.reopens()
                && digest.is_some()
                && total
                    .is_some_and(|total| total > super::MAX_SINGLE_POST.min(options.chunk_size)),
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
            size: 0,
            sent: 0,
            partial: 0,
            certain: 0,
            reached: 0,
            said: 0,
            failures: 0,
            failing_since: 0,
            streamed: false,
            refused: false,
            began_anew: false,
            took_for_less: false,
            closing: false,
        })
    }

    /// Has the registry take the blob, in whichever way it will: step by step, each as the answer to the one before leads to it. If it
    /// fails for good, the session is taken back (end-14), if the registry can be reached and knows how.
    pub(super) async fn push(&mut self) -> Result<Pushed> {
        loop {
            let heard = match self.request().await {
                Ok(call) => {
                    let answer = self.client.ask(call).await;
                    self.hear(answer)
                }
                Err(error) => Err(error),
            };
            match heard {
                Ok(Some(outcome)) => return self.pushed(outcome),
                Ok(None) => {}
                Err(error) if self.location.is_some() && self.failures < MAX_FAILURES => {
                    self.error = Some(error);
                    self.step = Step::Cancel;
                }
                Err(error) => {
                    self.location = None;
                    return Err(error);
                }
            }
            let (failures, retry_after) = std::mem::take(&mut self.pause);
            self.client.pause(failures, retry_after).await;
        }
    }

    /// What the content is known by, now that it was read.
    pub(super) fn known_digest(&self) -> Result<Digest> {
        let digest = self.digest.clone().or_else(|| self.content.digest());
        digest.ok_or_else(nameless)
    }

    fn pushed(&self, outcome: PushOutcome) -> Result<Pushed> {
        let size = self.total.ok_or_else(nameless)?;
        Ok(Pushed::new(self.known_digest()?, size, outcome))
    }

    /// The request of the next step, with what it sends.
    async fn request(&mut self) -> Result<Box<Call<T::Body>>> {
        let payload = match self.step {
            Step::Whole | Step::Send => self.next().await?,
            _ => Payload::None,
        };
        self.call(payload)
    }

    fn call(&mut self, payload: Payload<T::Body>) -> Result<Box<Call<T::Body>>> {
        let client = self.client;
        let size = payload.size();
        let mut scope = self.scope.clone();
        // Only a chunk says where it belongs: after a failure, what the registry has of it is not certain enough for anything else.
        if self.step == Step::Send && (size == 0 || self.reached == 0 && self.total == Some(size)) {
            (self.step, self.closing) = (Step::Close, true);
        }
        let (method, url) = match self.step {
            Step::Look | Step::LookAgain => {
                let url = client.blob_url(self.name, &self.known_digest()?)?;
                (Method::Head, url)
            }
            Step::Whole => {
                let url = client.uploads(self.name)?;
                let digest = self.known_digest()?;
                (Method::Post, url.with_query("digest", digest.as_str()))
            }
            Step::Mount => {
                let url;
                let digest = self.known_digest()?;
                (url, scope) = client.mount_request(self.name, &digest, self.mount_from)?;
                (Method::Post, url)
            }
            Step::Open => {
                let mut url = client.uploads(self.name)?;
                if self.algorithm != Algorithm::Sha256 {
                    url = url.with_query("digest-algorithm", self.algorithm.as_str());
                }
                (Method::Post, url)
            }
            Step::Send => (Method::Patch, self.location()?),
            Step::Close => {
                let digest = self.known_digest()?;
                let url = self.location()?.with_query("digest", digest.as_str());
                (Method::Put, url)
            }
            Step::Count => (Method::Get, self.location()?),
            Step::Cancel => (Method::Delete, self.location.take().ok_or_else(nameless)?),
        };
        let mut call = Call::new(method, url, scope);
        // What broke is gone on with from where the registry is by then. That is counted here alone: repeated by the client as well, it
        // would be asked for thirty times where nothing helps.
        call.idempotent = method == Method::Head;
        call.once = !call.idempotent;
        call.origin_only = true;
        if method == Method::Patch {
            let end = self.sent.saturating_add(size).saturating_sub(1);
            let range = [&decimal(self.sent), "-", &decimal(end)].concat();
            call.request.headers.add("content-range", range);
        }
        if matches!(method, Method::Patch | Method::Put) {
            self.size = size;
            self.reached = self.reached.max(self.sent.saturating_add(size));
        }
        if size > 0 || method == Method::Put {
            let headers = &mut call.request.headers;
            headers.add("content-type", "application/octet-stream");
        }
        call.payload = Some(payload);
        Ok(call)
    }

    fn location(&self) -> Result<Url> {
        self.location.clone().ok_or_else(nameless)
    }

    /// Takes the session's newest URL from an answer.
    pub(super) fn go_to(&mut self, answer: &Answer<T::Body>) -> Result<()> {
        self.location = Some(self.client.session_of(answer)?);
        Ok(())
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
