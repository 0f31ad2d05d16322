//! The world as the host of a client: what it sends goes there, and time is the world's.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use pierhead::client::{
    Body, Chunks, Clock, Content, Credential, Credentials, Expected, Payload, Piece, Transport,
};
use pierhead::digest::{Algorithm, Digest};
use pierhead::http::{Headers, Request, Response};
use pierhead::{Error, Kind, Result};

use super::world::Outcome;
use super::{Asked, End, World};
use crate::body::Readable;

/// How long a host waits for what does not come, in milliseconds.
const PATIENCE: u64 = 60_000;

impl Transport for World {
    type Body = Wire;

    fn streams_requests(&self) -> bool {
        self.manners().streams
    }

    async fn send(&self, request: Request, payload: Payload<Wire>) -> Result<Response<Wire>> {
        let _held = self.enter();
        Yield(self.manners().latency).await;
        let mut asked = Asked::new(request.method.as_str(), &request.url.to_string());
        for (name, value) in request.headers.iter() {
            // What the host sets, and a page may not.
            assert!(
                !["content-length", "host", "transfer-encoding"].contains(&name),
                "{name}"
            );
            asked = asked.with(name, value);
        }
        if !matches!(payload, Payload::None)
            || ["POST", "PUT", "PATCH"].contains(&asked.method.as_str())
        {
            asked = asked.with("content-length", payload.size());
        }
        let failed = match payload {
            Payload::Stream(mut body, size) => read(&mut body, size, &mut asked).await.err(),
            Payload::Piece(piece) => {
                asked.body.extend_from_slice(piece.bytes());
                None
            }
            _ => None,
        };
        asked.cut = failed.is_some();
        let outcome = self.exchange(asked);
        if let Some(error) = failed {
            return Err(error);
        }
        let answer = match outcome {
            Outcome::Answer(answer) => answer,
            Outcome::Failed => return Err(Error::new(Kind::ConnectionFailed, "no connection")),
            Outcome::Silent => {
                self.advance(PATIENCE);
                return Err(Error::new(Kind::Timeout, "no answer in time"));
            }
        };
        let mut headers = Headers::new();
        for (name, value) in answer.headers {
            headers.append(&name, value)?;
        }
        let body = Plain {
            bytes: answer.body.into(),
            read: 0,
            end: answer.end,
            world: self.clone(),
        };
        Ok(Response::new(answer.status, headers, Wire::Plain(body)))
    }

    fn send_unheeded(&self, request: Request) {
        let mut asked = Asked::new(request.method.as_str(), &request.url.to_string());
        for (name, value) in request.headers.iter() {
            asked = asked.with(name, value);
        }
        self.exchange(asked);
    }
}

/// The stream that a request carries, as far as it comes.
async fn read(body: &mut Wire, size: u64, asked: &mut Asked) -> Result<()> {
    while let Some(chunk) = body.chunk().await? {
        asked.body.extend(chunk);
    }
    if asked.body.len() as u64 == size {
        return Ok(());
    }
    Err(Error::new(
        Kind::ConnectionFailed,
        "the stream has another size than was said",
    ))
}

impl Clock for World {
    fn now(&self) -> u64 {
        Self::now(self)
    }

    /// Time passes as soon as somebody waits for it.
    async fn sleep(&self, milliseconds: u64) {
        self.slept(milliseconds);
        self.advance(milliseconds);
    }

    fn random(&self) -> u32 {
        self.manners().random
    }
}

impl Credentials for World {
    async fn credential(&self, registry: &str) -> Result<Option<Credential>> {
        self.login_of(registry)
    }
}

/// Lets others go first, so many times.
struct Yield(u32);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Bytes that cost nothing to clone, or to skip a part of.
#[derive(Clone, Debug)]
pub struct Bytes(Arc<[u8]>, usize);

impl Bytes {
    pub fn bytes(&self) -> &[u8] {
        &self.0[self.1..]
    }
}

impl Piece for Bytes {
    fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into(), 0)
    }

    fn size(&self) -> u64 {
        self.bytes().len() as u64
    }

    fn skip(&self, bytes: u64) -> Self {
        let at = (self.1 + bytes as usize).min(self.0.len());
        Self(Arc::clone(&self.0), at)
    }
}

/// A body as it comes over the network, in pieces of the size that the world sends.
pub struct Plain {
    bytes: Arc<[u8]>,
    read: usize,
    end: End,
    world: World,
}

impl Plain {
    /// The next bytes, no more than these.
    fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>> {
        let manners = self.world.manners();
        self.world.advance(manners.pace);
        let end = self
            .bytes
            .len()
            .min(self.read.saturating_add(most.min(manners.piece)));
        if self.read < end {
            let piece = self.bytes[self.read..end].to_vec();
            self.read = end;
            return Ok(Some(piece));
        }
        match self.end {
            End::Clean => Ok(None),
            End::Cut => Err(Error::new(Kind::ConnectionLost, "the connection broke")),
            End::Stalled => {
                self.world.advance(PATIENCE);
                Err(Error::new(Kind::Timeout, "nothing came in time"))
            }
            End::Never => Ok(Some(vec![b' '; most.min(manners.piece)])),
        }
    }
}

impl Chunks for Plain {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        self.next(usize::MAX)
    }

    fn cancel(&mut self) {
        self.world.give_up();
        self.read = self.bytes.len();
        self.end = End::Clean;
    }
}

pub type Wire = Readable<Plain>;

impl Body for Wire {
    type Piece = Bytes;

    fn verified(self, expected: Expected) -> Result<Self> {
        self.verify(expected)
    }

    async fn take(&mut self, size: u64) -> Result<Bytes> {
        let mut taken = Vec::new();
        while (taken.len() as u64) < size {
            let missing = size as usize - taken.len();
            let piece = match self {
                Self::Plain(body) => body.next(missing)?,
                Self::Verified(body) => body.chunk().await?,
            };
            match piece {
                Some(piece) => taken.extend(piece),
                None => break,
            }
        }
        assert!(
            taken.len() as u64 <= size,
            "no test takes a part of a verified piece"
        );
        Ok(Bytes::new(taken))
    }
}

/// What is to be pushed.
pub struct Source {
    bytes: Arc<[u8]>,
    /// Whether it can be read again, or once and from its beginning only.
    rereads: bool,
    size: Option<u64>,
    digest: Option<Digest>,
    algorithm: Algorithm,
    end: End,
    pub opened: Vec<u64>,
    /// How much had arrived, each time it was told.
    pub sent: Arc<Mutex<Vec<u64>>>,
    world: World,
}

impl Source {
    /// Bytes that can be read again, of a known size and digest.
    pub fn known(world: &World, bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.into(),
            rereads: true,
            size: Some(bytes.len() as u64),
            digest: Some(super::store::sha256(bytes).parse().unwrap()),
            algorithm: Algorithm::Sha256,
            end: End::Clean,
            opened: Vec::new(),
            sent: Arc::default(),
            world: world.clone(),
        }
    }

    /// A stream that comes once, of unknown size and digest.
    pub fn stream(world: &World, bytes: &[u8]) -> Self {
        Self {
            rereads: false,
            size: None,
            digest: None,
            ..Self::known(world, bytes)
        }
    }

    /// The same, said to be something else.
    pub fn said_to_be(self, digest: &str, size: Option<u64>) -> Self {
        Self {
            digest: Some(digest.parse().unwrap()),
            size,
            ..self
        }
    }

    /// The same, to be named by another algorithm.
    pub fn by(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The same, but it ends like this.
    pub fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }
}

impl Content for Source {
    type Body = Wire;

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn digest(&self) -> Option<Digest> {
        let was_read = !self.opened.is_empty();
        self.digest
            .clone()
            .or_else(|| was_read.then(|| Digest::of(self.algorithm, &self.bytes)))
    }

    fn reopens(&self) -> bool {
        self.rereads
    }

    fn sent(&mut self, bytes: u64) {
        self.sent.lock().unwrap().push(bytes);
    }

    async fn open(&mut self, offset: u64) -> Result<Option<Wire>> {
        if !self.rereads && (offset > 0 || !self.opened.is_empty()) {
            return Ok(None);
        }
        self.opened.push(offset);
        Ok(Some(Wire::Plain(Plain {
            bytes: Arc::clone(&self.bytes),
            read: (offset as usize).min(self.bytes.len()),
            end: self.end,
            world: self.world.clone(),
        })))
    }
}
