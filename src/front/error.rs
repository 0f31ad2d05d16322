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
    headers: Headers,
    /// What the store failed with.
    cause: Option<Error>,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            headers: Headers::new(),
            cause: None,
        }
    }

    /// Something in the store that the registry did not put there as it is. It is not served.
    pub(super) fn damaged() -> Self {
        Self::new(500, "UNKNOWN", "what is stored is damaged")
    }

    /// Whether this is of something damaged, which nothing else is answered with 500 for.
    pub(super) fn is_damage(&self) -> bool {
        self.status == 500
    }

    /// No upload of this id, in this repository.
    pub(super) fn no_upload() -> Self {
        Self::new(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
    }

    /// Bytes that do not follow those that an upload has; `location` and `range` say where it is.
    pub(super) fn out_of_order(location: String, range: String) -> Self {
        Self::new(
            416,
            "BLOB_UPLOAD_INVALID",
            "the bytes do not follow those that are there, or others are being written",
        )
        .with("location", location)
        .with("range", range)
    }

    /// This response with one more header.
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// No endpoint of the specification. Clients take a 404 for "this registry does not have that API".
    pub(super) fn not_found() -> Self {
        Self::new(404, "UNSUPPORTED", "there is no such endpoint here")
    }

    /// An endpoint of the specification that writes, where nothing can be written.
    pub(super) fn read_only() -> Self {
        Self::new(405, "UNSUPPORTED", "this registry is read-only")
            .with("allow", "GET, HEAD, OPTIONS")
    }

    /// A write that a web page sent which may not.
    pub(super) fn foreign() -> Self {
        Self::new(403, "DENIED", "pages of this origin may not write here")
    }

    /// A method that the endpoint does not have; `allow` lists those it has.
    pub(super) fn method(allow: &'static str) -> Self {
        Self::new(405, "UNSUPPORTED", "the endpoint has no such method").with("allow", allow)
    }

    /// What a failure of the store means to whoever asked the front. What came with the request may be at fault too.
    pub(super) fn from_store(error: Error) -> Self {
        let mut failure = Self::of_store(&error);
        failure.cause = Some(error);
        failure
    }

    /// What the store failed with, for whoever asked for no response. What has no such error is of something damaged.
    #[must_use]
    pub fn into_error(self) -> Error {
        let Self { message, cause, .. } = self;
        cause.unwrap_or_else(|| Error::new(Kind::StoreUnavailable, message))
    }

    fn of_store(error: &Error) -> Self {
        match error.kind() {
            Kind::DigestMismatch | Kind::InvalidDigest | Kind::UnsupportedAlgorithm => {
                Self::new(400, "DIGEST_INVALID", error.message())
            }
            Kind::BodyTruncated | Kind::SizeMismatch | Kind::ConnectionLost => {
                Self::new(400, "SIZE_INVALID", error.message())
            }
            // RFC 9110, section 15.5.9. What a store itself fails with is never of this kind.
            Kind::Timeout => Self::new(408, "SIZE_INVALID", "the body did not go on in time"),
            Kind::TooLarge => Self::new(413, "SIZE_INVALID", error.message()),
            Kind::StoreBusy => Self::new(
                429,
                "TOOMANYREQUESTS",
                "the store limits the rate of requests",
            )
            .with("retry-after", "1"),
            kind => Self::new(
                503,
                "UNKNOWN",
                format!("the store failed ({})", kind.code()),
            )
            .with("retry-after", "1"),
        }
    }

    /// RFC 9110, section 15.5.17.
    pub(super) fn unsatisfiable(size: u64) -> Self {
        Self::new(
            416,
            "SIZE_INVALID",
            "the range begins past the end of the blob",
        )
        .with("content-range", format!("bytes */{size}"))
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
            429 => {
                let failure = Self::new(
                    429,
                    "TOOMANYREQUESTS",
                    "the upstream registry limits the rate of requests",
                );
                Some(match error.retry_after() {
                    Some(seconds) => failure.with("retry-after", seconds.to_string()),
                    None => failure,
                })
            }
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
        for (name, value) in self.headers.iter() {
            // They came out of such fields.
            let _ = headers.append(name, value);
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

    /// The status of its response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Its code ("Error Codes").
    #[must_use]
    pub fn code(&self) -> &'static str {
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
