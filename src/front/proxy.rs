//! The read side of the distribution API, over one upstream registry.
//!
//! Whatever leaves it was verified on the way: manifests before their first byte, blobs before their last.

use super::error::Failure;
use super::route::Route;
use super::serve::{
    OCTETS, content_headers, matches_etag, range_holds, served_type, sized, version,
};
use super::{Backend, Incoming, Outgoing};
use crate::client::{Body as _, Chunks as _, Client, Host, ManifestReference};
use crate::digest::Digest;
use crate::http::{Headers, Method, RangeRequest, Response};
use crate::reference::RepositoryName;

/// Answers from an upstream registry.
#[derive(Debug)]
pub struct Proxy<T> {
    upstream: Client<T>,
}

impl<T: Host> Backend for Proxy<T> {
    type Body = T::Body;

    fn is_writable(&self) -> bool {
        false
    }

    async fn answer(
        &self,
        request: Incoming<T::Body>,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let route = Route::parse(&request.target)?;
        let asked = request.headers;
        let method = match request.method {
            Some(method @ (Method::Get | Method::Head)) => method,
            _ => return Err(Failure::read_only()),
        };
        match route {
            Route::Version => Ok(version(method)),
            Route::Manifest { name, reference } => {
                self.manifest(&asked, method, &name, &reference).await
            }
            Route::Blob { name, digest } => self.blob(&asked, method, &name, &digest).await,
            Route::Uploads { .. } | Route::Upload { .. } => Err(Failure::read_only()),
            _ => Err(Failure::not_found()),
        }
    }
}

impl<T: Host> Proxy<T> {
    /// Answers from `upstream`.
    #[must_use]
    pub fn new(upstream: Client<T>) -> Self {
        Self { upstream }
    }

    async fn manifest(
        &self,
        asked: &Headers,
        method: Method,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let accept = asked.all("accept").collect::<Vec<_>>().join(", ");
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
            if matches_etag(asked, &head.digest) {
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
        if matches_etag(asked, &manifest.digest) {
            return Ok(Response::new(304, headers, Outgoing::None));
        }
        headers.add("content-type", served_type(manifest.media_type));
        Ok(sized(200, headers, manifest.document.into_bytes(), method))
    }

    async fn blob(
        &self,
        asked: &Headers,
        method: Method,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let unknown = |error| Failure::from_upstream(error, "BLOB_UNKNOWN");
        let mut headers = content_headers(digest, true);
        headers.add("accept-ranges", "bytes");
        let unchanged = matches_etag(asked, digest);
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
        let wanted = asked.get("range").filter(|_| range_holds(asked, digest));
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
