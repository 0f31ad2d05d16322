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

/// Sends requests.
///
/// An implementation bounds the wait for the response's head, and for each piece of its body; it reports
/// [`Timeout`](crate::Kind::Timeout), [`ConnectionFailed`](crate::Kind::ConnectionFailed) before a response and
/// [`ConnectionLost`](crate::Kind::ConnectionLost) after one began. It follows no redirect where it can help it;
/// where it cannot, it says where they led ([`Response::url`]). To drop a future is to give the request up.
pub trait Transport: MaybeSend + MaybeSync {
    /// A response's body.
    type Body: Body;

    /// Sends one request and waits for the head of its response.
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response<Self::Body>>> + MaybeSend;
}

/// Tells the time.
pub trait Clock: MaybeSend + MaybeSync {
    /// Milliseconds since an arbitrary moment. Where it jumps, a token is taken anew too early, or after one more refusal.
    fn now(&self) -> u64;
}

/// Bytes that arrive in pieces. To drop it is to give up the rest.
pub trait Chunks: MaybeSend + 'static {
    /// The next piece, never empty; `None` at the end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>>> + MaybeSend;

    /// Gives up what has not come yet, so that the host can close or reuse the connection.
    fn cancel(&mut self);
}

/// A response's body.
pub trait Body: Chunks + Sized {
    /// This body, made to fail before its end unless all of it is what is expected. A host that has a faster hash than
    /// this crate's uses it; [`Verified`](crate::client::Verified) serves all others.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](crate::Kind::UnsupportedAlgorithm).
    fn verified(self, expected: Expected) -> Result<Self>;
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
