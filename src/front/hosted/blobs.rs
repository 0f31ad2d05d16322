//! Blobs: reading them and taking them out of a repository (end-2, end-10).

use super::super::error::Failure;
use super::super::serve::{OCTETS, check_conditions, content_headers, matches_etag, range_holds};
use super::super::{Incoming, Outgoing};
use super::{Host, Hosted};
use crate::digest::Digest;
use crate::http::{ByteRange, Headers, Method, RangeRequest, Response};
use crate::reference::RepositoryName;

impl<T: Host> Hosted<T> {
    /// Answers a request to a blob.
    pub(super) async fn blob(
        &self,
        request: Incoming<T::Body>,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        match request.method {
            Some(method @ (Method::Get | Method::Head)) => {
                self.read_blob(&request.headers, method, name, digest).await
            }
            Some(Method::Delete) => {
                check_conditions(&request.headers, Some(digest))?;
                if !self.unlink(name, digest).await? {
                    return Err(unknown());
                }
                let mut headers = Headers::new();
                headers.add("content-length", "0");
                Ok(Response::new(202, headers, Outgoing::None))
            }
            _ => Err(Failure::method("GET, HEAD, DELETE")),
        }
    }

    async fn read_blob(
        &self,
        asked: &Headers,
        method: Method,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        // Who asks whether a blob is there may leave it out of a push.
        let renews = method == Method::Head && !self.options.read_only;
        let found = self.visible(name, digest, renews).await?;
        let (upload, segments) = found.ok_or_else(unknown)?;
        let mut headers = content_headers(digest, true);
        headers.add("accept-ranges", "bytes");
        if matches_etag(asked, digest) {
            return Ok(Response::new(304, headers, Outgoing::None));
        }
        headers.add("content-type", OCTETS);
        let size = segments.size();
        if method == Method::Head {
            headers.add("content-length", size.to_string());
            return Ok(Response::new(200, headers, Outgoing::None));
        }
        let wanted = asked.get("range").filter(|_| range_holds(asked, digest));
        let range = match RangeRequest::parse(wanted, size) {
            RangeRequest::Whole => None,
            RangeRequest::Part(range) => Some(range),
            RangeRequest::Unsatisfiable => return Err(Failure::unsatisfiable(size)),
        };
        if let Some(key) = segments.only(&upload)
            && let Some(url) = self.host.presign(&key).await.map_err(Failure::from_store)?
        {
            return Ok(elsewhere(digest, url));
        }
        let (status, length, parts) = match range {
            None => {
                let end = size.saturating_sub(1);
                (
                    200,
                    size,
                    segments.parts(&upload, ByteRange { start: 0, end }),
                )
            }
            Some(range) => {
                headers.add(
                    "content-range",
                    format!("bytes {}-{}/{size}", range.start, range.end),
                );
                (206, range.length(), segments.parts(&upload, range))
            }
        };
        headers.add("content-length", length.to_string());
        if parts.is_empty() {
            return Ok(Response::new(status, headers, Outgoing::Bytes(Vec::new())));
        }
        let body = self.host.parts(parts).await.map_err(Failure::from_store)?;
        // It was collected between two reads.
        let body = body.ok_or_else(unknown)?;
        Ok(Response::new(status, headers, Outgoing::Stream(body)))
    }
}

/// The blob at a URL of the store. That works for some minutes, which no cache knows.
fn elsewhere<B>(digest: &Digest, url: String) -> Response<Outgoing<B>> {
    let mut headers = Headers::new();
    headers.add("docker-content-digest", digest.to_string());
    headers.add("cache-control", "no-store");
    headers.add("content-length", "0");
    headers.add("location", url);
    Response::new(307, headers, Outgoing::None)
}

pub(super) fn unknown() -> Failure {
    Failure::new(404, "BLOB_UNKNOWN", "the repository has no such blob")
}
