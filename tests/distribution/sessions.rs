//! A registry in memory that takes uploads, and whose connections break where a test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use pierhead::client::{
    Body, Chunks, Clock, Content, Credential, Credentials, Expected, Payload, Piece as _,
    Transport, Verified,
};
use pierhead::digest::{Algorithm, Digest};
use pierhead::http::{Headers, Request, Response};
use pierhead::{Error, Kind, Result};

use crate::memory::Held;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Pass,
    /// The connection breaks once so many bytes of it have come.
    Cut(u64),
    /// It is done, but the answer does not come.
    AnswerLost,
    /// It is not done, and answered so.
    Refused(u16),
    /// The session is forgotten before it comes.
    Forgotten,
}

/// What this registry does of what the specification leaves open, or of what some do all the same.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// `Range` where there is no byte yet.
    pub nothing: &'static str,
    /// What stands before a `Range`.
    pub unit: &'static str,
    pub least: Option<u64>,
    pub most: Option<u64>,
    /// Whether `POST ?digest=` takes a blob.
    pub takes_posts: bool,
    /// Whether blobs of other repositories are mounted: `None` for a refusal.
    pub mounts: Option<bool>,
    /// Whether sessions move with each answer, and old URLs are refused.
    pub moves: bool,
    /// How much of a chunk it takes at most.
    pub takes: u64,
    /// Answers `PATCH` without `Location`, or `POST`.
    pub hides_location_of: &'static str,
    /// What every `Location` begins with.
    pub base: &'static str,
    /// The `Range` of each `PATCH` but the first, whatever it took.
    pub claims: Option<&'static str>,
    /// `Docker-Content-Digest` of what was pushed.
    pub digest: Option<&'static str>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            nothing: "0-0",
            unit: "",
            least: None,
            most: None,
            takes_posts: false,
            mounts: Some(false),
            moves: true,
            takes: u64::MAX,
            hides_location_of: "",
            base: "",
            claims: None,
            digest: None,
        }
    }
}

type Decide = Box<dyn FnMut(&str, usize) -> Fate + Send>;

/// The registry, and the host that reaches it.
#[derive(Clone)]
pub struct Server(Arc<Mutex<State>>);

pub struct State {
    pub dialect: Dialect,
    pub streams: bool,
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// The blobs of other repositories.
    pub elsewhere: BTreeMap<String, Vec<u8>>,
    pub session: Option<Session>,
    pub log: Vec<String>,
    pub requests: Vec<Request>,
    pub slept: u64,
    decide: Decide,
    opened: u32,
}

pub struct Session {
    pub url: String,
    pub bytes: Vec<u8>,
    version: u32,
}

impl Server {
    pub fn new(dialect: Dialect, streams: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            dialect,
            streams,
            blobs: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            session: None,
            log: Vec::new(),
            requests: Vec::new(),
            slept: 0,
            decide: Box::new(|_, _| Fate::Pass),
            opened: 0,
        })))
    }

    /// Has the `n`-th request of all, from 0, decided by its method.
    pub fn deciding(self, decide: impl FnMut(&str, usize) -> Fate + Send + 'static) -> Self {
        self.state().decide = Box::new(decide);
        self
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    pub fn has(&self, bytes: &[u8]) -> bool {
        let digest = Digest::of(Algorithm::Sha256, bytes);
        self.state().blobs.get(digest.as_str()).map(Vec::as_slice) == Some(bytes)
    }
}

/// The value of a query's parameter.
fn query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(value)
    })?;
    Some(value.replace("%3A", ":").replace("%2F", "/"))
}

impl State {
    fn location(&self, session: &Session) -> String {
        format!("{}{}", self.dialect.base, session.url)
    }

    fn open(&mut self) -> Reply {
        self.opened += 1;
        self.session = Some(Session {
            url: format!("/v2/a/b/blobs/uploads/{}?_state=0&z=%2B", self.opened),
            bytes: Vec::new(),
            version: 0,
        });
        let mut reply = self.at(202, "POST");
        for (name, length) in [
            ("oci-chunk-min-length", self.dialect.least),
            ("oci-chunk-max-length", self.dialect.most),
        ] {
            if let Some(length) = length {
                reply.1.push((name, length.to_string()));
            }
        }
        reply
    }

    /// An answer that says where the session is now, and how far.
    fn at(&mut self, status: u16, method: &str) -> Reply {
        let Some(mut session) = self.session.take() else {
            return (404, Vec::new());
        };
        if self.dialect.moves && method == "PATCH" {
            session.version += 1;
            let (head, _) = session.url.split_once("_state=").unwrap();
            session.url = format!("{head}_state={}&z=%2B", session.version);
        }
        let range = match session.bytes.len() {
            0 => self.dialect.nothing.to_owned(),
            length => format!("0-{}", length - 1),
        };
        let range = match self.dialect.claims {
            Some(claims) if method == "PATCH" && session.version > 1 => claims.to_owned(),
            _ => range,
        };
        let mut headers = vec![("range", format!("{}{range}", self.dialect.unit))];
        if self.dialect.hides_location_of != method {
            headers.push(("location", self.location(&session)));
        }
        self.session = Some(session);
        (status, headers)
    }

    fn store(&mut self, digest: &str, bytes: Vec<u8>) -> Reply {
        let algorithm = digest.split(':').next().unwrap().parse().unwrap();
        if Digest::of(algorithm, &bytes).as_str() != digest {
            return (400, Vec::new());
        }
        self.blobs.insert(digest.to_owned(), bytes);
        let stated = self.dialect.digest.unwrap_or(digest).to_owned();
        (
            201,
            vec![
                ("location", format!("/v2/a/b/blobs/{digest}")),
                ("docker-content-digest", stated),
            ],
        )
    }

    fn answer(&mut self, request: &Request, body: Vec<u8>, whole: bool) -> Reply {
        let method = request.method.as_str();
        let target = request.url.target();
        if let Some(digest) = target.strip_prefix("/v2/a/b/blobs/sha256:") {
            let known = self.blobs.get(&format!("sha256:{digest}"));
            return match known {
                Some(bytes) => (200, vec![("content-length", bytes.len().to_string())]),
                None => (404, Vec::new()),
            };
        }
        if method == "POST" {
            if let Some(digest) = query(target, "mount") {
                return match self.dialect.mounts {
                    None => (405, Vec::new()),
                    Some(true) if self.elsewhere.contains_key(&digest) => {
                        let bytes = self.elsewhere[&digest].clone();
                        self.store(&digest, bytes)
                    }
                    Some(_) => self.open(),
                };
            }
            return match query(target, "digest") {
                Some(digest) if self.dialect.takes_posts && whole => self.store(&digest, body),
                _ => self.open(),
            };
        }
        let Some(session) = &mut self.session else {
            return (404, Vec::new());
        };
        let (own, _) = session.url.split_once("&z").unwrap();
        if !target.starts_with(own) {
            // A status may be asked for where the session was.
            if method != "GET" || !target.starts_with(own.split('?').next().unwrap()) {
                return (404, Vec::new());
            }
        }
        assert!(target.contains("z=%2B"), "the query is lost: {target}");
        match method {
            "GET" => self.at(204, "GET"),
            "DELETE" => {
                self.session = None;
                (204, Vec::new())
            }
            "PATCH" => {
                let range = request.headers.get("content-range").unwrap();
                let (first, last) = range.split_once('-').unwrap();
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                if first != session.bytes.len() {
                    return (416, Vec::new());
                }
                if whole {
                    assert_eq!(
                        last + 1 - first,
                        body.len(),
                        "Content-Range is not of the chunk"
                    );
                }
                let taken = usize::try_from(self.dialect.takes).unwrap_or(usize::MAX);
                session.bytes.extend(body.iter().take(taken));
                self.at(202, "PATCH")
            }
            _ => {
                session.bytes.extend(&body);
                if !whole {
                    return (500, Vec::new());
                }
                let digest = query(target, "digest").unwrap();
                let bytes = session.bytes.clone();
                let reply = self.store(&digest, bytes);
                if reply.0 == 201 {
                    self.session = None;
                }
                reply
            }
        }
    }
}

type Reply = (u16, Vec<(&'static str, String)>);

impl Transport for Server {
    type Body = Fed;

    fn streams_requests(&self) -> bool {
        self.state().streams
    }

    async fn send(&self, request: Request, payload: Payload<Fed>) -> Result<Response<Fed>> {
        let method = request.method.as_str();
        let fate = {
            let mut state = self.state();
            let n = state.requests.len();
            state.requests.push(request.clone());
            let kind = match &payload {
                Payload::Stream(..) => " stream",
                _ => "",
            };
            let range = request.headers.get("content-range").unwrap_or_default();
            let line = format!("{method}{kind} {range}");
            state.log.push(line.trim_end().to_owned());
            (state.decide)(method, n)
        };
        let most = match fate {
            Fate::Cut(bytes) => bytes,
            _ => u64::MAX,
        };
        let size = payload.size();
        let mut body = Vec::new();
        match payload {
            Payload::Piece(piece) => body.extend(piece.bytes()),
            Payload::Stream(mut stream, _) => {
                while let Some(chunk) = stream.chunk().await? {
                    body.extend(chunk);
                    if body.len() as u64 >= most {
                        break;
                    }
                }
            }
            _ => {}
        }
        let lost = || Error::new(Kind::ConnectionLost, "the connection broke");
        let mut state = self.state();
        let reply = match fate {
            Fate::Refused(status) => (status, Vec::new()),
            Fate::Cut(bytes) => {
                body.truncate(usize::try_from(bytes).unwrap());
                state.answer(&request, body, false);
                return Err(lost());
            }
            Fate::AnswerLost => {
                state.answer(&request, body, true);
                return Err(lost());
            }
            Fate::Forgotten => {
                state.session = None;
                state.answer(&request, body, true)
            }
            Fate::Pass => {
                assert_eq!(body.len() as u64, size, "a payload is not of its size");
                state.answer(&request, body, true)
            }
        };
        let mut headers = Headers::new();
        for (name, value) in reply.1 {
            headers.append(name, value)?;
        }
        Ok(Response::new(reply.0, headers, Fed::new(&[], 1)))
    }

    fn send_unheeded(&self, request: Request) {
        let mut state = self.state();
        state
            .log
            .push(format!("unheeded {}", request.method.as_str()));
        state.answer(&request, Vec::new(), true);
    }
}

impl Clock for Server {
    fn now(&self) -> u64 {
        self.state().slept
    }

    async fn sleep(&self, milliseconds: u64) {
        self.state().slept += milliseconds;
    }

    /// Waits are as long as they can be.
    fn random(&self) -> u32 {
        u32::MAX
    }
}

impl Credentials for Server {
    async fn credential(&self, _: &str) -> Result<Option<Credential>> {
        Ok(None)
    }
}

/// Bytes that come a few at a time.
#[derive(Debug)]
pub struct Plain {
    pieces: VecDeque<Vec<u8>>,
    /// Fails at its end.
    fails: bool,
    at_end: Option<Arc<Mutex<Progress>>>,
}

impl Chunks for Plain {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let chunk = self.pieces.pop_front();
        if chunk.is_none() && self.fails {
            return Err(Error::new(Kind::Aborted, "the file is gone"));
        }
        if let (None, Some(progress)) = (&chunk, &self.at_end) {
            progress.lock().unwrap().ended = true;
        }
        Ok(chunk)
    }

    fn cancel(&mut self) {
        self.pieces.clear();
    }
}

/// A body that can be taken in parts.
pub struct Fed {
    body: Inner,
    left: Vec<u8>,
}

enum Inner {
    Plain(Plain),
    Verified(Box<Verified<Plain>>),
}

impl Fed {
    pub fn new(bytes: &[u8], piece: usize) -> Self {
        let pieces = bytes.chunks(piece).map(<[u8]>::to_vec).collect();
        Self {
            body: Inner::Plain(Plain {
                pieces,
                fails: false,
                at_end: None,
            }),
            left: Vec::new(),
        }
    }
}

impl Chunks for Fed {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.left.is_empty() {
            return Ok(Some(std::mem::take(&mut self.left)));
        }
        match &mut self.body {
            Inner::Plain(body) => body.chunk().await,
            Inner::Verified(body) => body.chunk().await,
        }
    }

    fn cancel(&mut self) {
        match &mut self.body {
            Inner::Plain(body) => body.cancel(),
            Inner::Verified(body) => body.cancel(),
        }
    }
}

impl Body for Fed {
    type Piece = Held;

    async fn take(&mut self, size: u64) -> Result<Held> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut taken = Vec::new();
        while taken.len() < size {
            let Some(mut chunk) = self.chunk().await? else {
                break;
            };
            let rest = size - taken.len();
            if chunk.len() > rest {
                self.left = chunk.split_off(rest);
            }
            taken.extend(chunk);
        }
        Ok(Held::new(taken))
    }

    fn verified(self, expected: Expected) -> Result<Self> {
        let Inner::Plain(body) = self.body else {
            panic!("a body is verified twice");
        };
        Ok(Self {
            body: Inner::Verified(Box::new(Verified::new(body, expected)?)),
            left: Vec::new(),
        })
    }
}

#[derive(Debug, Default)]
pub struct Progress {
    pub ended: bool,
    pub opened: Vec<u64>,
    pub sent: Vec<u64>,
}

/// Something to push.
#[derive(Clone, Debug)]
pub struct Source {
    pub bytes: Vec<u8>,
    /// Bytes that come at once.
    pub piece: usize,
    pub size: Option<u64>,
    /// Known before it is read.
    pub digest: Option<Digest>,
    pub algorithm: Algorithm,
    pub reopens: bool,
    /// Fails after its last byte.
    pub fails: bool,
    pub progress: Arc<Mutex<Progress>>,
}

impl Source {
    /// A file of known digest.
    pub fn file(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            piece: 3,
            size: Some(bytes.len() as u64),
            digest: Some(Digest::of(Algorithm::Sha256, bytes)),
            algorithm: Algorithm::Sha256,
            reopens: true,
            fails: false,
            progress: Arc::default(),
        }
    }

    /// What comes once, of unknown size and digest.
    pub fn stream(bytes: &[u8]) -> Self {
        Self {
            size: None,
            digest: None,
            reopens: false,
            ..Self::file(bytes)
        }
    }

    pub fn opened(&self) -> Vec<u64> {
        self.progress.lock().unwrap().opened.clone()
    }
}

impl Content for Source {
    type Body = Fed;

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn digest(&self) -> Option<Digest> {
        let ended = self.progress.lock().unwrap().ended;
        let read = ended.then(|| Digest::of(self.algorithm, &self.bytes));
        self.digest.clone().or(read)
    }

    fn reopens(&self) -> bool {
        self.reopens
    }

    fn sent(&mut self, bytes: u64) {
        self.progress.lock().unwrap().sent.push(bytes);
    }

    async fn open(&mut self, offset: u64) -> Result<Option<Fed>> {
        let mut progress = self.progress.lock().unwrap();
        if !self.reopens && !progress.opened.is_empty() {
            return Ok(None);
        }
        progress.opened.push(offset);
        let rest = &self.bytes[usize::try_from(offset).unwrap()..];
        let mut fed = Fed::new(rest, self.piece);
        if let Inner::Plain(plain) = &mut fed.body {
            plain.at_end = Some(Arc::clone(&self.progress));
            plain.fails = self.fails;
        }
        Ok(Some(fed))
    }
}
