//! An in-memory registry that can misbehave in every way a network and a server can.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use pierhead::client::{
    Body, Chunks, Clock, Credential, Credentials, Expected, Payload, Piece as _, Transport,
};
use pierhead::http::{Headers, Request, Response, Url};
use pierhead::{Error, Kind, Result};

use crate::body::Readable;

/// Runs a future of this transport: it never waits for anything but itself.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future hangs");
}

/// Runs futures of this transport beside one another: all of them get as far as they can while responses of URLs with this part are
/// held back, and then to their end.
pub fn block_on_all<F: Future>(
    memory: &Memory,
    held: &str,
    futures: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    memory.hold(Some(held));
    let mut polls = 0;
    block_on(std::future::poll_fn(move |context| {
        polls += 1;
        if polls == 3 {
            memory.hold(None);
        }
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ended) = future.as_mut().poll(context)
            {
                *output = Some(ended);
            }
        }
        if outputs.iter().any(Option::is_none) {
            return Poll::Pending;
        }
        Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
    }))
}

/// What a future comes to when it is polled once, and dropped.
pub fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// What a body does next.
#[derive(Clone, Debug)]
pub enum Piece {
    Bytes(Vec<u8>),
    /// The connection breaks.
    Cut,
    /// These come, so many milliseconds later.
    After(u64, Vec<u8>),
    /// Nothing is there yet when it is first asked for.
    Later,
    /// Nothing comes until the time limit.
    Stall,
    /// The same byte for ever.
    Endless,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

/// What the registry answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub pieces: Vec<Piece>,
    /// Where the host followed redirects to.
    pub url: Option<Url>,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            pieces: Vec::new(),
            url: None,
        }
    }

    /// 200 with these bytes and their length.
    pub fn ok(bytes: &[u8]) -> Self {
        Self::new(200)
            .header("Content-Length", bytes.len())
            .bytes(bytes)
    }

    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.piece(Piece::Bytes(bytes.to_vec()))
    }

    pub fn followed_to(mut self, url: &str) -> Self {
        self.url = Some(url.parse().unwrap());
        self
    }

    pub fn piece(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }
}

type Handler = Box<dyn Fn(&Request) -> Result<Reply> + Send + Sync>;
type Knows = Box<dyn Fn(&str) -> Result<Option<Credential>> + Send + Sync>;

/// A transport whose every URL is answered by a function of the request; 404 where there is none.
#[derive(Clone, Default)]
pub struct Memory(Arc<Inner>);

#[derive(Default)]
struct Inner {
    handlers: Mutex<BTreeMap<String, Handler>>,
    seen: Mutex<Vec<Request>>,
    /// What those requests carried.
    carried: Mutex<Vec<Vec<u8>>>,
    credentials: Mutex<Option<Knows>>,
    /// The registries whose credential was asked for.
    asked_for: Mutex<Vec<String>>,
    warned: Mutex<Vec<String>>,
    slept: Mutex<Vec<u64>>,
    random: AtomicU32,
    /// The part of URLs whose responses are held back.
    held: Mutex<Option<String>>,
    /// Whether time stands still for those who wait for it.
    sleeps: AtomicBool,
    /// How many requests wait for their response now, and how many did at most.
    waiting: AtomicU64,
    most_waiting: AtomicU64,
    now: AtomicU64,
    cancelled: AtomicU64,
}

impl Memory {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `method` at a URL, whatever its query.
    pub fn on(
        &self,
        method: &str,
        url: &str,
        handler: impl Fn(&Request) -> Result<Reply> + Send + Sync + 'static,
    ) {
        self.0
            .handlers
            .lock()
            .unwrap()
            .insert(format!("{method} {url}"), Box::new(handler));
    }

    pub fn reply(&self, method: &str, url: &str, reply: Reply) {
        self.on(method, url, move |_| Ok(reply.clone()));
    }

    /// What was asked, as `METHOD URL`.
    pub fn asked(&self) -> Vec<String> {
        self.0
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|request| format!("{} {}", request.method.as_str(), request.url))
            .collect()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.0.seen.lock().unwrap().clone()
    }

    /// What the requests carried, as text.
    pub fn carried(&self) -> Vec<String> {
        let carried = self.0.carried.lock().unwrap();
        carried
            .iter()
            .map(|bytes| String::from_utf8(bytes.clone()).unwrap())
            .collect()
    }

    /// Gives credentials by a function of the registry's name.
    pub fn know(&self, knows: impl Fn(&str) -> Result<Option<Credential>> + Send + Sync + 'static) {
        *self.0.credentials.lock().unwrap() = Some(Box::new(knows));
    }

    /// The registries whose credential was asked for.
    pub fn asked_for(&self) -> Vec<String> {
        self.0.asked_for.lock().unwrap().clone()
    }

    /// `registry: text` of each warning.
    pub fn warned(&self) -> Vec<String> {
        self.0.warned.lock().unwrap().clone()
    }

    /// How long was waited each time, in milliseconds.
    pub fn slept(&self) -> Vec<u64> {
        self.0.slept.lock().unwrap().clone()
    }

    pub fn set_random(&self, random: u32) {
        self.0.random.store(random, Ordering::Relaxed);
    }

    /// Holds back the responses of URLs with this part, until told otherwise.
    pub fn hold(&self, part: Option<&str>) {
        *self.0.held.lock().unwrap() = part.map(str::to_owned);
    }

    /// Whether those who wait for time to pass go on waiting.
    pub fn hold_sleep(&self, held: bool) {
        self.0.sleeps.store(held, Ordering::Relaxed);
    }

    /// How many requests waited for their responses at once, at most.
    pub fn most_waiting(&self) -> u64 {
        self.0.most_waiting.load(Ordering::Relaxed)
    }

    pub fn advance(&self, milliseconds: u64) {
        self.0.now.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// How many bodies were given up.
    pub fn cancelled(&self) -> u64 {
        self.0.cancelled.load(Ordering::Relaxed)
    }
}

impl Transport for Memory {
    type Body = MemoryBody;

    fn warned(&self, registry: &str, text: &str) {
        let warning = format!("{registry}: {text}");
        self.0.warned.lock().unwrap().push(warning);
    }

    async fn send(
        &self,
        request: Request,
        payload: Payload<MemoryBody>,
    ) -> Result<Response<MemoryBody>> {
        self.0.seen.lock().unwrap().push(request.clone());
        let carried = match payload {
            Payload::Piece(piece) => piece.0.to_vec(),
            _ => Vec::new(),
        };
        self.0.carried.lock().unwrap().push(carried);
        let waiting = Waiting::begin(&self.0);
        let url = request.url.to_string();
        std::future::poll_fn(|_| {
            let held = self.0.held.lock().unwrap();
            if held.as_ref().is_some_and(|part| url.contains(part)) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        drop(waiting);
        let key = format!(
            "{} {}",
            request.method.as_str(),
            url.split('?').next().unwrap()
        );
        let reply = match self.0.handlers.lock().unwrap().get(&key) {
            Some(handler) => handler(&request)?,
            None => Reply::new(404),
        };
        let mut headers = Headers::new();
        for (name, value) in reply.headers {
            headers.append(name, value)?;
        }
        let mut pieces = reply.pieces;
        pieces.reverse();
        let inner = Arc::clone(&self.0);
        let body = MemoryBody::Plain(Plain { pieces, inner });
        let mut response = Response::new(reply.status, headers, body);
        response.url = reply.url;
        Ok(response)
    }
}

/// A request that waits for its response.
struct Waiting<'a>(&'a Inner);

impl<'a> Waiting<'a> {
    fn begin(inner: &'a Inner) -> Self {
        let waiting = inner.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        inner.most_waiting.fetch_max(waiting, Ordering::Relaxed);
        Self(inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Clock for Memory {
    fn now(&self) -> u64 {
        self.0.now.load(Ordering::Relaxed)
    }

    /// Time passes as soon as somebody waits for it.
    async fn sleep(&self, milliseconds: u64) {
        self.0.slept.lock().unwrap().push(milliseconds);
        std::future::poll_fn(|_| {
            if self.0.sleeps.load(Ordering::Relaxed) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        self.advance(milliseconds);
    }

    fn random(&self) -> u32 {
        self.0.random.load(Ordering::Relaxed)
    }
}

impl Credentials for Memory {
    async fn credential(&self, registry: &str) -> Result<Option<Credential>> {
        self.0.asked_for.lock().unwrap().push(registry.to_owned());
        let credentials = self.0.credentials.lock().unwrap();
        credentials
            .as_ref()
            .map_or(Ok(None), |knows| knows(registry))
    }
}

/// Bytes that cost nothing to clone.
#[derive(Clone, Debug)]
pub struct Held(Arc<Vec<u8>>);

impl pierhead::client::Piece for Held {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn skip(&self, bytes: u64) -> Self {
        Self::new(self.0.iter().copied().skip(bytes as usize).collect())
    }
}

/// A body as its pieces come.
pub struct Plain {
    pieces: Vec<Piece>,
    inner: Arc<Inner>,
}

impl Chunks for Plain {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        self.pieces
            .retain(|piece| !matches!(piece, Piece::Bytes(bytes) if bytes.is_empty()));
        match self.pieces.pop() {
            None => Ok(None),
            Some(Piece::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Piece::After(milliseconds, bytes)) => {
                self.inner.now.fetch_add(milliseconds, Ordering::Relaxed);
                Ok(Some(bytes))
            }
            Some(Piece::Later) => {
                std::future::pending::<()>().await;
                Ok(None)
            }
            Some(Piece::Cut) => Err(Error::new(Kind::ConnectionLost, "the connection broke")),
            Some(Piece::Stall) => Err(Error::new(Kind::Timeout, "nothing came in time")),
            Some(Piece::Endless) => {
                self.pieces.push(Piece::Endless);
                Ok(Some(vec![b' '; 64 * 1024]))
            }
        }
    }

    fn cancel(&mut self) {
        self.pieces.clear();
        self.inner.cancelled.fetch_add(1, Ordering::Relaxed);
    }
}

pub type MemoryBody = Readable<Plain>;

impl MemoryBody {
    /// A body of these pieces, of no registry.
    pub fn of(mut pieces: Vec<Piece>) -> Self {
        pieces.reverse();
        Self::Plain(Plain {
            pieces,
            inner: Arc::default(),
        })
    }
}

impl Body for MemoryBody {
    type Piece = Held;

    async fn take(&mut self, size: u64) -> Result<Held> {
        let mut taken = Vec::new();
        while (taken.len() as u64) < size {
            let Some(chunk) = self.chunk().await? else {
                break;
            };
            taken.extend(chunk);
        }
        assert!(
            taken.len() as u64 <= size,
            "no test takes a part of a piece"
        );
        Ok(Held::new(taken))
    }

    fn verified(self, expected: Expected) -> Result<Self> {
        self.verify(expected)
    }
}
