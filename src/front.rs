//! The registry front: the distribution API over a store of objects ([`Hosted`]), or the read side of it over one upstream
//! registry ([`Proxy`]).

mod cleanup;
mod cors;
mod error;
mod hosted;
mod keys;
mod proxy;
mod record;
mod route;
mod serve;
mod store;

use std::future::Future;

use crate::client::{Body, MaybeSend, MaybeSync};
use crate::http::{Headers, Method, Response};

pub use cleanup::Cleanup;
pub use cors::Cors;
pub use error::Failure;
pub use hosted::{
    CollectOptions, CollectReport, Host, Hosted, HostedOptions, RetentionPolicy, Tap, Validation,
};
pub use proxy::Proxy;
pub use store::{Condition, Content, Listed, Listing, Object, ObjectInfo, ObjectStore, Part};

/// A request that reached the front.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incoming<B> {
    /// Its method; `None` for one that the distribution specification does not know.
    pub method: Option<Method>,
    /// Path and query, percent-encoded as they came.
    pub target: String,
    /// Its headers.
    pub headers: Headers,
    /// Its body, if it has one.
    pub body: Option<B>,
    /// Where it may leave what is to be deleted behind its answer. Without one all is deleted before.
    pub cleanup: Option<Cleanup>,
}

impl<B> Incoming<B> {
    /// A request from its parts, without a body.
    #[must_use]
    pub fn new(method: &str, target: impl Into<String>, headers: Headers) -> Self {
        Self {
            method: Method::from_name(method),
            target: target.into(),
            headers,
            body: None,
            cleanup: None,
        }
    }

    /// This request, with a body.
    #[must_use]
    pub fn with_body(self, body: B) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// This request, which leaves to `cleanup` what is to be deleted behind its answer; see [`Hosted::clean_up`].
    #[must_use]
    pub fn with_cleanup(self, cleanup: Cleanup) -> Self {
        Self {
            cleanup: Some(cleanup),
            ..self
        }
    }
}

/// The body of a response of the front.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outgoing<B> {
    /// No body: a response to `HEAD`, or one whose status has none. `Content-Length` may still state a size.
    None,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A stream of exactly the bytes that `Content-Length` states. If it fails, the connection must be cut: to end it in
    /// good order would pass a bad body off as whole.
    Stream(B),
}

/// What an operator decides.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Which web pages may read the registry, and write to it.
    pub cors: Cors,
}

impl Options {
    /// These options, with pages of these origins let in.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self { cors }
    }
}

/// What answers the requests that a front lets in.
pub trait Backend: MaybeSend + MaybeSync {
    /// The bodies of requests and responses.
    type Body: Body;

    /// Whether some requests change what is there.
    fn is_writable(&self) -> bool;

    /// Answers one request that is not a preflight.
    fn answer(
        &self,
        request: Incoming<Self::Body>,
    ) -> impl Future<Output = Result<Response<Outgoing<Self::Body>>, Failure>> + MaybeSend;
}

/// A front over what answers its requests.
#[derive(Debug)]
pub struct Front<K> {
    backend: K,
    options: Options,
}

impl<K: Backend> Front<K> {
    /// A front over `backend`.
    #[must_use]
    pub fn new(backend: K, options: Options) -> Self {
        Self { backend, options }
    }

    /// What answers its requests.
    #[must_use]
    pub fn backend(&self) -> &K {
        &self.backend
    }

    /// Answers one request. It does not fail: what goes wrong becomes a response with the specification's error body.
    pub async fn handle(&self, request: Incoming<K::Body>) -> Response<Outgoing<K::Body>> {
        let origin = request.headers.get("origin").map(str::to_owned);
        let mut response = if request.method == Some(Method::Options) {
            let headers = self.options.cors.preflight(self.backend.is_writable());
            Response::new(204, headers, Outgoing::None)
        } else {
            let is_head = request.method == Some(Method::Head);
            let reads = is_head || request.method == Some(Method::Get);
            let lets = |origin: &str| reads || self.options.cors.lets_write(origin);
            let answered = if origin.as_deref().is_none_or(lets) {
                self.backend.answer(request).await
            } else {
                Err(Failure::foreign())
            };
            answered.unwrap_or_else(|failure| failure.response(is_head))
        };
        response
            .headers
            .add("docker-distribution-api-version", "registry/2.0");
        // Registries hold what anyone pushed: no browser may guess a page out of it, or run one.
        response.headers.add("x-content-type-options", "nosniff");
        response
            .headers
            .add("content-security-policy", "default-src 'none'; sandbox");
        self.options
            .cors
            .apply(origin.as_deref(), &mut response.headers);
        response
    }
}
