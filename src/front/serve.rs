//! What responses that carry content have in common, whoever holds it.

use super::Outgoing;
use super::error::Failure;
use crate::digest::Digest;
use crate::http::{Headers, Method, Response};
use crate::media_type::MediaType;

/// The media type of bytes that nothing is known about.
pub(super) const OCTETS: &str = "application/octet-stream";
/// The media type of lists.
pub(super) const JSON: &str = "application/json";

/// The `Content-Type` of a manifest. The upstream or the document says what it is, so no type leaves that a browser would make
/// a page of: all types of manifests are vendors' (RFC 6838, section 3.2).
pub(super) fn served_type(media_type: Option<String>) -> String {
    media_type
        .filter(|name| name.starts_with("application/vnd.") && name.parse::<MediaType>().is_ok())
        .unwrap_or_else(|| OCTETS.to_owned())
}

/// A response whose whole body is at hand.
pub(super) fn sized<B>(
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

/// The answer to `/v2/` (end-1).
pub(super) fn version<B>(method: Method) -> Response<Outgoing<B>> {
    let mut headers = Headers::new();
    headers.add("content-type", JSON);
    sized(200, headers, b"{}".to_vec(), method)
}

/// The headers that name the content. What a digest names never changes; a tag may move at any time. No cache on the way
/// may transform either (RFC 9111, section 5.2.2.6): the digest covers the bytes.
pub(super) fn content_headers(digest: &Digest, immutable: bool) -> Headers {
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
pub(super) fn matches_etag(headers: &Headers, digest: &Digest) -> bool {
    headers
        .all("if-none-match")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || is_etag(tag.strip_prefix("W/").unwrap_or(tag), digest))
}

/// Whether there is any condition on what a request is to change.
pub(super) fn is_conditional(headers: &Headers) -> bool {
    headers
        .get("if-match")
        .or(headers.get("if-none-match"))
        .is_some()
}

/// Fails with 412 unless `If-Match` and `If-None-Match` let what is now there be changed (RFC 9110, sections 13.1.1, by strong comparison,
/// 13.1.2, and 15.5.13).
pub(super) fn check_conditions(headers: &Headers, current: Option<&Digest>) -> Result<(), Failure> {
    let mut wanted = headers.all("if-match").flat_map(|value| value.split(','));
    let matches = headers.get("if-match").is_none()
        || current.is_some_and(|current| {
            wanted.any(|tag| tag.trim() == "*" || is_etag(tag.trim(), current))
        });
    if matches && !current.is_some_and(|current| matches_etag(headers, current)) {
        return Ok(());
    }
    let message = "what is there is not what the request is conditional on";
    Err(Failure::new(412, "PRECONDITION_FAILED", message))
}

/// Whether `If-Range` lets the range stand (RFC 9110, section 13.1.5: strong comparison; a date never matches).
pub(super) fn range_holds(headers: &Headers, digest: &Digest) -> bool {
    headers
        .get("if-range")
        .is_none_or(|tag| is_etag(tag.trim(), digest))
}

fn is_etag(tag: &str, digest: &Digest) -> bool {
    tag.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        == Some(digest.as_str())
}
