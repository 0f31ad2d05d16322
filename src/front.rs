//! The registry front: today the read side of the distribution API, over one upstream registry.
//!
//! Whatever leaves it was verified on the way: manifests before their first byte, blobs before their last.

mod cors;
mod error;
mod route;

use crate::Result;
use crate::client::{Body as _, Chunks as _, Client, Host, ManifestReference};
use crate::digest::Digest;
use crate::http::{Headers, Method, RangeRequest, Response};
use crate::media_type::MediaType;
use crate::reference::RepositoryName;

pub use cors::Cors;
use error::Failure;
use route::Route;

/// The media type of bytes that nothing is known about.
const OCTETS: &str = "application/octet-stream";

/// A request that reached the front.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Incoming {
    /// Its method; `None` for one that the distribution specification does not know.
    pub method: Option<Method>,
    /// Path and query, percent-encoded as they came.
    pub target: String,
    /// Its headers.
    pub headers: Headers,
}

impl Incoming {
    /// A request from its parts.
    #[must_use]
    pub fn new(method: &str, target: impl Into<String>, headers: Headers) -> Self {
        Self {
            method: Method::from_name(method),
            target: target.into(),
            headers,
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
    /// Which web pages may read the registry.
    pub cors: Cors,
}

impl Options {
    /// These options, with pages of these origins let in.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self { cors }
    }
}

/// A front over one upstream.
#[derive(Debug)]
pub struct Front<T> {
    upstream: Client<T>,
    options: Options,
}

impl<T: Host> Front<T> {
    /// A front that reads from `upstream`.
    #[must_use]
    pub fn new(upstream: Client<T>, options: Options) -> Self {
        Self { upstream, options }
    }

    /// Answers one request. It does not fail: what goes wrong becomes a response with the specification's error body.
    pub async fn handle(&self, request: Incoming) -> Response<Outgoing<T::Body>> {
        let origin = request.headers.get("origin").map(str::to_owned);
        let mut response = if request.method == Some(Method::Options) {
            Response::new(204, cors::preflight(), Outgoing::None)
        } else {
            let is_head = request.method == Some(Method::Head);
            self.answer(&request)
                .await
                .unwrap_or_else(|failure| failure.response(is_head))
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

    async fn answer(&self, request: &Incoming) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let route = Route::parse(&request.target)?;
        let (Some(method @ (Method::Get | Method::Head)), false) =
            (request.method, matches!(route, Route::Upload))
        else {
            return Err(Failure::unsupported());
        };
        match route {
            Route::Version => {
                let mut headers = Headers::new();
                headers.add("content-type", "application/json");
                Ok(sized(200, headers, b"{}".to_vec(), method))
            }
            Route::Manifest { name, reference } => {
                self.manifest(request, method, &name, &reference).await
            }
            Route::Blob { name, digest } => self.blob(request, method, &name, &digest).await,
            Route::Upload => Err(Failure::unsupported()),
        }
    }

    async fn manifest(
        &self,
        request: &Incoming,
        method: Method,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let accept = request.headers.all("accept").collect::<Vec<_>>().join(", ");
        // A client that accepts anything gets what the specification knows, rather than what an old registry converts it to.
        let accept =
            Some(accept.as_str()).filter(|accept| !accept.is_empty() && accept.trim() != "*/*");
        let unknown = |error| Failure::from_upstream(error, "MANIFEST_UNKNOWN");
        let immutable = matches!(reference, ManifestReference::Digest(_));
        if method == Method::Head {
            let head = self
                .upstream
                .manifest_head(name, reference, accept)
                .await
                .map_err(unknown)?;
            let mut headers = content_headers(&head.digest, immutable);
            if matches_etag(&request.headers, &head.digest) {
                return Ok(Response::new(304, headers, Outgoing::None));
            }
            headers.add("content-type", served_type(head.media_type));
            headers.add("content-length", head.size.to_string());
            return Ok(Response::new(200, headers, Outgoing::None));
        }
        let manifest = self
            .upstream
            .manifest(name, reference, accept)
            .await
            .map_err(unknown)?;
        let mut headers = content_headers(&manifest.digest, immutable);
        if matches_etag(&request.headers, &manifest.digest) {
            return Ok(Response::new(304, headers, Outgoing::None));
        }
        headers.add("content-type", served_type(manifest.media_type));
        Ok(sized(200, headers, manifest.document.into_bytes(), method))
    }

    async fn blob(
        &self,
        request: &Incoming,
        method: Method,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let unknown = |error| Failure::from_upstream(error, "BLOB_UNKNOWN");
        let mut headers = content_headers(digest, true);
        headers.add("accept-ranges", "bytes");
        let unchanged = matches_etag(&request.headers, digest);
        if unchanged || method == Method::Head {
            let size = self
                .upstream
                .blob_head(name, digest)
                .await
                .map_err(unknown)?;
            if unchanged {
                return Ok(Response::new(304, headers, Outgoing::None));
            }
            let size = size.ok_or_else(Failure::no_size)?;
            headers.add("content-type", OCTETS);
            headers.add("content-length", size.to_string());
            return Ok(Response::new(200, headers, Outgoing::None));
        }
        let (mut body, mut expected) = self
            .upstream
            .unverified_blob(name, digest)
            .await
            .map_err(unknown)?;
        let size = match expected.size {
            Some(size) => size,
            None => self
                .upstream
                .blob_head(name, digest)
                .await
                .map_err(unknown)?
                .ok_or_else(Failure::no_size)?,
        };
        expected.size = Some(size);
        let wanted = request
            .headers
            .get("range")
            .filter(|_| range_holds(&request.headers, digest));
        let (status, length) = match RangeRequest::parse(wanted, size) {
            RangeRequest::Whole => (200, size),
            RangeRequest::Part(range) => {
                headers.add(
                    "content-range",
                    format!("bytes {}-{}/{size}", range.start, range.end),
                );
                expected.range = Some(range);
                (206, range.length())
            }
            RangeRequest::Unsatisfiable => {
                body.cancel();
                return Err(Failure::unsatisfiable(size));
            }
        };
        headers.add("content-type", OCTETS);
        headers.add("content-length", length.to_string());
        let body = body.verified(expected).map_err(unknown)?;
        Ok(Response::new(status, headers, Outgoing::Stream(body)))
    }
}

/// The `Content-Type` of a manifest. The upstream or the document says what it is, so no type leaves that a browser would make
/// a page of: all types of manifests are vendors' (RFC 6838, section 3.2).
fn served_type(media_type: Option<String>) -> String {
    media_type
        .filter(|name| name.starts_with("application/vnd.") && name.parse::<MediaType>().is_ok())
        .unwrap_or_else(|| OCTETS.to_owned())
}

/// A response whose whole body is at hand.
fn sized<B>(
    status: u16,
    mut headers: Headers,
    bytes: Vec<u8>,
    method: Method,
) -> Response<Outgoing<B>> {
    headers.add("content-length", bytes.len().to_string());
    Response::new(
        status,
        headers,
        if method == Method::Head {
            Outgoing::None
        } else {
            Outgoing::Bytes(bytes)
        },
    )
}

/// The headers that name the content. What a digest names never changes; a tag may move at any time. No cache on the way
/// may transform either (RFC 9111, section 5.2.2.6): the digest covers the bytes.
fn content_headers(digest: &Digest, immutable: bool) -> Headers {
    let mut headers = Headers::new();
    headers.add("docker-content-digest", digest.to_string());
    headers.add("etag", format!("\"{digest}\""));
    headers.add(
        "cache-control",
        if immutable {
            "public, max-age=31536000, immutable, no-transform"
        } else {
            "no-cache, no-transform"
        },
    );
    headers
}

/// Whether `If-None-Match` names this content (RFC 9110, section 13.1.2: weak comparison).
fn matches_etag(headers: &Headers, digest: &Digest) -> bool {
    headers
        .all("if-none-match")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || is_etag(tag.strip_prefix("W/").unwrap_or(tag), digest))
}

/// Whether `If-Range` lets the range stand (RFC 9110, section 13.1.5: strong comparison; a date never matches).
fn range_holds(headers: &Headers, digest: &Digest) -> bool {
    headers
        .get("if-range")
        .is_none_or(|tag| is_etag(tag.trim(), digest))
}

fn is_etag(tag: &str, digest: &Digest) -> bool {
    tag.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        == Some(digest.as_str())
}
