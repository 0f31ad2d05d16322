//! Cross-origin reads (Fetch standard, "CORS protocol"): what lets a web page read a registry.

use crate::http::Headers;

/// The request headers of the distribution API that a page must ask leave to send.
const ALLOWED: &str = "Accept, Authorization, Content-Type, If-None-Match, If-Range, Range";
/// The response headers of the distribution API that a page could not see otherwise.
const EXPOSED: &str = "Accept-Ranges, Content-Length, Content-Range, Docker-Content-Digest, Docker-Distribution-API-Version, ETag, Link, \
     Location, OCI-Filters-Applied, OCI-Subject, Range, Retry-After, Warning, WWW-Authenticate";
/// How long a browser may keep a preflight's answer, in seconds: the longest that Chromium honours.
const MAX_AGE: &str = "7200";

/// Which web pages may read the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// Pages of every origin. No credentials of the browser go along, so nothing is shown that anyone could not ask for.
    #[default]
    Any,
    /// Pages of these origins (`https://example.org`).
    Origins(Vec<String>),
    /// None.
    None,
}

impl Cors {
    /// Adds the headers that let a page of `origin` read the response.
    pub(super) fn apply(&self, origin: Option<&str>, headers: &mut Headers) {
        let allowed = match self {
            Self::None => return,
            Self::Any => "*",
            Self::Origins(origins) => {
                headers.add("vary", "Origin");
                match origin.filter(|origin| origins.iter().any(|allowed| allowed == origin)) {
                    Some(origin) => origin,
                    None => return,
                }
            }
        };
        headers.add("access-control-allow-origin", allowed);
        headers.add("access-control-expose-headers", EXPOSED);
    }
}

/// The headers of the answer to a preflight. Without `Access-Control-Allow-Origin` they allow nothing.
pub(super) fn preflight() -> Headers {
    let mut headers = Headers::new();
    headers.add("access-control-allow-methods", "GET, HEAD");
    headers.add("access-control-allow-headers", ALLOWED);
    headers.add("access-control-max-age", MAX_AGE);
    headers
}
