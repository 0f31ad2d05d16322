//! What goes wrong, as the error responses of the distribution specification ("Error Codes").

use super::Outgoing;
use crate::http::{Headers, Response};
use crate::{Error, Kind};

/// An error response: its status, and a code of the specification.
#[derive(Debug)]
pub struct Failure {
    status: u16,
    code: &'static str,
    message: String,
    header: Option<(&'static str, String)>,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            header: None,
        }
    }

    /// No endpoint of the specification. Clients take a 404 for "this registry does not have that API".
    pub(super) fn not_found() -> Self {
        Self::new(404, "UNSUPPORTED", "there is no such endpoint here")
    }

    /// An endpoint of the specification that writes, where nothing can be written.
    pub(super) fn read_only() -> Self {
        let header = Some(("allow", "GET, HEAD, OPTIONS".to_owned()));
        Self {
            header,
            ..Self::new(405, "UNSUPPORTED", "this registry is read-only")
        }
    }

    /// A method that the endpoint does not have; `allow` lists those it has.
    pub(super) fn method(allow: &'static str) -> Self {
        let header = Some(("allow", allow.to_owned()));
        Self {
            header,
            ..Self::new(405, "UNSUPPORTED", "the endpoint has no such method")
        }
    }

    /// What a failure of the store means to whoever asked the front. What came with the request may be at fault too.
    pub(super) fn from_store(error: Error) -> Self {
        match error.kind() {
            Kind::DigestMismatch | Kind::InvalidDigest | Kind::UnsupportedAlgorithm => {
                Self::new(400, "DIGEST_INVALID", error.message())
            }
            Kind::BodyTruncated | Kind::SizeMismatch | Kind::ConnectionLost => {
                Self::new(400, "SIZE_INVALID", error.message())
            }
            Kind::TooLarge => Self::new(413, "SIZE_INVALID", error.message()),
            Kind::StoreBusy => Self {
                header: Some(("retry-after", "1".to_owned())),
                ..Self::new(
                    429,
                    "TOOMANYREQUESTS",
                    "the store limits the rate of requests",
                )
            },
            kind => Self {
                header: Some(("retry-after", "1".to_owned())),
                ..Self::new(
                    503,
                    "UNKNOWN",
                    format!("the store failed ({})", kind.code()),
                )
            },
        }
    }

    /// RFC 9110, section 15.5.17.
    pub(super) fn unsatisfiable(size: u64) -> Self {
        let header = Some(("content-range", format!("bytes */{size}")));
        Self {
            header,
            ..Self::new(
                416,
                "SIZE_INVALID",
                "the range begins past the end of the blob",
            )
        }
    }

    /// Without a size there is no exact `Content-Length`, and a cut body would look whole.
    pub(super) fn no_size() -> Self {
        Self::new(
            502,
            "UPSTREAM_INVALID",
            "the upstream registry does not state the size of the blob",
        )
    }

    /// What the upstream's failure means to whoever asked the front; `unknown` is the code for what is not there.
    pub(super) fn from_upstream(error: Error, unknown: &'static str) -> Self {
        let from_status = |status| match status {
            // What the token service does not have says nothing about the registry.
            404 if error.kind() == Kind::Registry => Some(Self::new(
                404,
                unknown,
                "the upstream registry does not have it",
            )),
            401 | 403 => Some(Self::new(
                403,
                "DENIED",
                "the upstream registry refuses access",
            )),
            429 => Some(Self {
                header: error
                    .retry_after()
                    .map(|seconds| ("retry-after", seconds.to_string())),
                ..Self::new(
                    429,
                    "TOOMANYREQUESTS",
                    "the upstream registry limits the rate of requests",
                )
            }),
            _ => None,
        };
        if let Some(failure) = error.status().and_then(from_status) {
            return failure;
        }
        match error.kind() {
            Kind::UnsupportedAlgorithm => Self::new(400, "DIGEST_INVALID", error.message()),
            Kind::Timeout => Self::new(
                504,
                "UPSTREAM_TIMEOUT",
                "the upstream registry did not answer in time",
            ),
            Kind::ConnectionFailed | Kind::ConnectionLost | Kind::Registry | Kind::Auth => {
                Self::new(
                    502,
                    "UPSTREAM_UNAVAILABLE",
                    "the upstream registry could not be read",
                )
            }
            kind => Self::new(
                502,
                "UPSTREAM_INVALID",
                format!(
                    "the upstream registry's answer was refused: {} ({})",
                    error.message(),
                    kind.code()
                ),
            ),
        }
    }

    /// The response; to `HEAD` it has the headers alone.
    pub(super) fn response<B>(self, is_head: bool) -> Response<Outgoing<B>> {
        let body = format!(
            r#"{{"errors":[{{"code":"{}","message":"{}"}}]}}"#,
            self.code,
            escaped(&self.message)
        )
        .into_bytes();
        let mut headers = Headers::new();
        headers.add("content-type", "application/json");
        headers.add("content-length", body.len().to_string());
        headers.add("cache-control", "no-store");
        if let Some((name, value)) = self.header {
            headers.add(name, value);
        }
        Response::new(
            self.status,
            headers,
            if is_head {
                Outgoing::None
            } else {
                Outgoing::Bytes(body)
            },
        )
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.code
    }
}

/// `text` as it stands within a JSON string.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}
