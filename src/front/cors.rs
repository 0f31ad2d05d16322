//! Cross-origin requests (Fetch standard, "CORS protocol"): what lets a web page read a registry, and write to it.

use crate::http::Headers;

/// The request headers of the distribution API that a page must ask leave to send.
const ALLOWED: &str =
    "Accept, Authorization, Content-Range, Content-Type, If-Match, If-None-Match, If-Range, Range";
/// The response headers of the distribution API that a page could not see otherwise.
const EXPOSED: &str = "Accept-Ranges, Content-Length, Content-Range, Docker-Content-Digest, Docker-Distribution-API-Version, ETag, Link, \
     Location, OCI-Chunk-Max-Length, OCI-Chunk-Min-Length, OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, Retry-After, Warning, WWW-Authenticate";
/// How long a browser may keep a preflight's answer, in seconds: the longest that Chromium honours.
const MAX_AGE: &str = "7200";

/// Which web pages may read the registry, and write to one that takes writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// Pages of every origin may read, and none write. No credentials of the browser go along; but a browser may reach what the page's author
    /// cannot, so a registry that not everyone can reach should let pages in by name.
    #[default]
    Any,
    /// Pages of these origins (`https://example.org`, or `*` for every one) may do what everybody may.
    Origins(Vec<String>),
    /// None.
    None,
}

impl Cors {
    /// Whether a page of `origin` may write. A browser sends some writes without asking first, and with each it says whose page it is.
    pub(super) fn lets_write(&self, origin: &str) -> bool {
        matches!(self, Self::Origins(origins) if origins.iter().any(|allowed| allowed == "*" || allowed == origin))
    }

    /// Adds the headers that let a page of `origin` read the response.
    pub(super) fn apply(&self, origin: Option<&str>, headers: &mut Headers) {
        let allowed = match self {
            Self::None => return,
            Self::Any => "*",
            Self::Origins(origins) => {
                let is_among = |origin: &str| origins.iter().any(|allowed| allowed == origin);
                if is_among("*") {
                    "*"
                } else {
                    headers.add("vary", "Origin");
                    match origin.filter(|origin| is_among(origin)) {
                        Some(origin) => origin,
                        None => return,
                    }
                }
            }
        };
        headers.add("access-control-allow-origin", allowed);
        headers.add("access-control-expose-headers", EXPOSED);
    }
}

impl Cors {
    /// The headers of the answer to a preflight, by a front that takes writes or does not. Without `Access-Control-Allow-Origin` they allow
    /// nothing.
    pub(super) fn preflight(&self, writable: bool) -> Headers {
        let mut headers = Headers::new();
        let methods = match self {
            Self::Origins(_) if writable => "GET, HEAD, POST, PUT, PATCH, DELETE",
            _ => "GET, HEAD",
        };
        headers.add("access-control-allow-methods", methods);
        headers.add("access-control-allow-headers", ALLOWED);
        headers.add("access-control-max-age", MAX_AGE);
        headers
    }
}
