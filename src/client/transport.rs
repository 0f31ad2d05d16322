//! What the client asks of its host: to send a request, to hand over a body, and to tell the time.

use std::future::Future;

use crate::Result;
use crate::digest::Digest;
use crate::http::{ByteRange, Request, Response};

#[cfg(not(target_arch = "wasm32"))]
mod bounds {
    /// `Send` where there are threads; nothing in WebAssembly, whose values stay with JavaScript's one thread.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}
    /// `Sync` where there are threads; nothing in WebAssembly.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
}
#[cfg(target_arch = "wasm32")]
mod bounds {
    /// `Send` where there are threads; nothing in WebAssembly, whose values stay with JavaScript's one thread.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}
    /// `Sync` where there are threads; nothing in WebAssembly.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}
}
pub use bounds::{MaybeSend, MaybeSync};

/// All that the client asks of its host.
pub trait Host: Transport + Clock + Credentials {}
impl<T: Transport + Clock + Credentials> Host for T {}

/// Sends requests.
///
/// An implementation bounds the wait for the response's head, and for each piece of its body; it reports
/// [`Timeout`](crate::Kind::Timeout), [`ConnectionFailed`](crate::Kind::ConnectionFailed) before a response and
/// [`ConnectionLost`](crate::Kind::ConnectionLost) after one began. It follows no redirect where it can help it;
/// where it cannot, it says where they led ([`Response::url`]). To drop a future is to give the request up.
pub trait Transport: MaybeSend + MaybeSync {
    /// A response's body.
    type Body: Body;

    /// Whether a [`Payload::Stream`] can be sent. Browsers send what they hold whole, so uploads go in chunks there.
    fn streams_requests(&self) -> bool {
        true
    }

    /// Is told of what a registry wants its users to know, each text once ([`Client::warnings`](super::Client::warnings)).
    fn warned(&self, _registry: &str, _text: &str) {}

    /// Sends one request with what it carries, and waits for the head of its response.
    fn send(
        &self,
        request: Request,
        payload: Payload<Self::Body>,
    ) -> impl Future<Output = Result<Response<Self::Body>>> + MaybeSend;

    /// Sends one request whose answer nobody waits for, if this can be done from where nothing can be waited for: an upload that
    /// is dropped takes its session back so.
    fn send_unheeded(&self, _request: Request) {}
}

/// Tells the time, and gives chance.
pub trait Clock: MaybeSend + MaybeSync {
    /// Milliseconds since an arbitrary moment. Where it jumps, a token is taken anew too early, or after one more refusal.
    fn now(&self) -> u64;

    /// Ends after this many milliseconds. To drop it is to wait no longer.
    fn sleep(&self, milliseconds: u64) -> impl Future<Output = ()> + MaybeSend;

    /// A number that nobody expects, to spread what would else come at once. Nothing secret hangs on it.
    fn random(&self) -> u32;
}

/// Knows who asks.
pub trait Credentials: MaybeSend + MaybeSync {
    /// The credential for a registry, by its host and port as users write it (`registry.example:5000`, `docker.io`);
    /// `None` to ask without one.
    ///
    /// # Errors
    /// Whatever kept it from being found; the request that needs it fails with that.
    fn credential(
        &self,
        registry: &str,
    ) -> impl Future<Output = Result<Option<Credential>>> + MaybeSend;
}

/// What proves to a registry, or to its token service, who asks.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A user's name and password (RFC 7617).
    Password {
        /// The name; never with a colon.
        username: String,
        /// The password, or the access token in its place.
        password: String,
    },
    /// A refresh token (RFC 6749, section 6), which Docker calls identity token.
    RefreshToken(String),
    /// A Bearer token (RFC 6750) for the registry itself.
    Token(String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// What a request carries.
#[derive(Debug)]
#[non_exhaustive]
pub enum Payload<B: Body> {
    /// Nothing.
    None,
    /// Bytes that the host holds, and can send again.
    Piece(B::Piece),
    /// A stream, which can be sent once, and its size in bytes.
    Stream(B, u64),
}

impl<B: Body> Payload<B> {
    /// This payload once more; `None` if it is a stream, which has no second time.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::None => Some(Self::None),
            Self::Piece(piece) => Some(Self::Piece(piece.clone())),
            Self::Stream(..) => None,
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Piece(piece) => piece.size(),
            Self::Stream(_, size) => *size,
        }
    }
}

/// Bytes that arrive in pieces. To drop it is to give up the rest.
pub trait Chunks: MaybeSend + 'static {
    /// The next piece, never empty; `None` at the end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>>> + MaybeSend;

    /// Gives up what has not come yet, so that the host can close or reuse the connection.
    fn cancel(&mut self);
}

/// Bytes that the host holds. To clone them copies nothing.
pub trait Piece: Clone + std::fmt::Debug + MaybeSend + MaybeSync + 'static {
    /// A piece of these bytes.
    fn new(bytes: Vec<u8>) -> Self;

    /// How many they are.
    fn size(&self) -> u64;

    /// What is left of them without the first `bytes`; nothing if they are fewer.
    fn skip(&self, bytes: u64) -> Self;
}

/// A response's body.
pub trait Body: Chunks + Sized {
    /// A part of it that the host holds.
    type Piece: Piece;

    /// This body, made to fail before its end unless all of it is what is expected. A host that has a faster hash than
    /// this crate's uses it; [`Verified`](crate::client::Verified) serves all others.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](crate::Kind::UnsupportedAlgorithm).
    fn verified(self, expected: Expected) -> Result<Self>;

    /// The next `size` bytes: fewer only where the body ends, so none at its end. Its failure is the body's own.
    fn take(&mut self, size: u64) -> impl Future<Output = Result<Self::Piece>> + MaybeSend;
}

/// What is to be pushed: bytes that can be read from their beginning, and perhaps more than once.
pub trait Content: MaybeSend {
    /// A reading of it.
    type Body: Body;

    /// Its size in bytes, where it is known before it is read.
    fn size(&self) -> Option<u64>;

    /// Its digest: where it was known from the beginning, or once a reading from there came to its end.
    fn digest(&self) -> Option<Digest>;

    /// Whether it can be opened more than once, and at any offset. One that cannot is sent in pieces that are held until they have arrived.
    fn reopens(&self) -> bool {
        true
    }

    /// Is told how many of its bytes have arrived. Fewer than before, where an upload begins anew.
    fn sent(&mut self, _bytes: u64) {}

    /// Begins to read at an offset in bytes; `None` if that part can be read no more.
    fn open(&mut self, offset: u64)
    -> impl Future<Output = Result<Option<Self::Body>>> + MaybeSend;
}

/// What a body must be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expected {
    /// The digest of the whole.
    pub digest: Digest,
    /// The size of the whole in bytes, where it is known.
    pub size: Option<u64>,
    /// The only bytes to hand on, if not all of them: the whole is verified all the same.
    pub range: Option<ByteRange>,
    /// Whether the host may have decoded the body, so that a mismatch is no proof of corruption.
    pub content_encoded: bool,
}

impl Expected {
    /// All of a body of this digest, and of this size in bytes where it is known.
    #[must_use]
    pub fn new(digest: Digest, size: Option<u64>) -> Self {
        Self {
            digest,
            size,
            range: None,
            content_encoded: false,
        }
    }
}
