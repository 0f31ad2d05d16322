//! The one error type of the crate: an opaque [`Error`] over a stable [`Kind`].

use std::borrow::Cow;
use std::fmt;

use pierhead_json::Cause;
pub use pierhead_json::Position;

use crate::json::decimal;

/// The result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A foreign error kept as the cause of one of ours. It must be shareable between threads wherever threads exist.
#[cfg(not(target_arch = "wasm32"))]
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;
/// A foreign error kept as the cause of one of ours. A JavaScript value cannot leave its thread, so no more is asked of it.
#[cfg(target_arch = "wasm32")]
pub type Source = Box<dyn std::error::Error + 'static>;

/// What went wrong. Each kind has a code that never changes: match on it, not on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A digest that breaks the grammar of the image specification or of its algorithm.
    InvalidDigest,
    /// A well-formed digest by an algorithm that is not implemented.
    UnsupportedAlgorithm,
    /// A saved hash state that is not one, or is one of another algorithm.
    InvalidHashState,
    /// A reference, repository name or tag that breaks the grammar of the distribution specification.
    InvalidReference,
    /// A media type that breaks RFC 6838.
    InvalidMediaType,
    /// A platform that is not `os/architecture[/variant]`.
    InvalidPlatform,
    /// A package URL that breaks its grammar, or is neither `pkg:oci` nor `pkg:docker`.
    InvalidPurl,
    /// An index without an image for the platform that was asked for.
    PlatformNotFound,
    /// A URL that is not an absolute `http` or `https` one, or that carries credentials.
    InvalidUrl,
    /// A header whose value breaks its grammar.
    InvalidHeader,
    /// An option outside its range.
    InvalidArgument,
    /// Bytes that are not strict JSON (RFC 8259 as narrowed by RFC 7493).
    InvalidJson,
    /// More bytes than the stated cap.
    TooLarge,
    /// Nested more deeply than the stated cap.
    TooDeep,
    /// A document that breaks a rule it must keep to be used.
    InvalidManifest,
    /// The bytes do not have the digest they were asked by.
    DigestMismatch,
    /// More bytes arrived than were declared.
    SizeMismatch,
    /// The body ended in good order, but before all declared bytes had come.
    BodyTruncated,
    /// `Content-Type`, descriptor and document do not name one media type.
    MediaTypeMismatch,
    /// The host decoded the body on the way, so its bytes are not those that the digest names.
    ContentEncoded,
    /// No response came.
    ConnectionFailed,
    /// The connection broke in the middle of a body.
    ConnectionLost,
    /// What was to be sent could not be read, or the place that is not a registry failed: its own error is behind this one.
    Content,
    /// A time limit passed.
    Timeout,
    /// The caller gave up.
    Aborted,
    /// A response that the distribution specification does not allow.
    UnexpectedResponse,
    /// The registry answered with an error.
    Registry,
    /// The registry does not offer what it was asked for.
    Unsupported,
    /// The registry asks for credentials, or refuses those it was given.
    Auth,
    /// A store of objects limits the rate of requests, or of writes to one key: it is to be asked again, a second later.
    StoreBusy,
    /// A store of objects did not answer as it should: what it was asked to do may have been done.
    StoreUnavailable,
    /// A defect of this crate.
    Internal,
}

impl Kind {
    /// The code that stands for this kind in JavaScript, in JSON and in logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidDigest => "INVALID_DIGEST",
            Self::UnsupportedAlgorithm => "UNSUPPORTED_ALGORITHM",
            Self::InvalidHashState => "INVALID_HASH_STATE",
            Self::InvalidReference => "INVALID_REFERENCE",
            Self::InvalidMediaType => "INVALID_MEDIA_TYPE",
            Self::InvalidPlatform => "INVALID_PLATFORM",
            Self::InvalidPurl => "INVALID_PURL",
            Self::PlatformNotFound => "PLATFORM_NOT_FOUND",
            Self::InvalidUrl => "INVALID_URL",
            Self::InvalidHeader => "INVALID_HEADER",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::InvalidJson => "INVALID_JSON",
            Self::TooLarge => "TOO_LARGE",
            Self::TooDeep => "TOO_DEEP",
            Self::InvalidManifest => "INVALID_MANIFEST",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::SizeMismatch => "SIZE_MISMATCH",
            Self::BodyTruncated => "BODY_TRUNCATED",
            Self::MediaTypeMismatch => "MEDIA_TYPE_MISMATCH",
            Self::ContentEncoded => "CONTENT_ENCODED",
            Self::ConnectionFailed => "CONNECTION_FAILED",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::Content => "CONTENT_FAILED",
            Self::Timeout => "TIMEOUT",
            Self::Aborted => "ABORTED",
            Self::UnexpectedResponse => "UNEXPECTED_RESPONSE",
            Self::Registry => "REGISTRY_ERROR",
            Self::Unsupported => "UNSUPPORTED",
            Self::Auth => "AUTH_FAILED",
            Self::StoreBusy => "STORE_BUSY",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// One entry of a registry's error body (distribution specification, "Error Codes").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryErrorEntry {
    /// The code: `[A-Z_]+`.
    pub code: String,
    /// What the registry says of it; empty if it says nothing.
    pub message: String,
}

impl RegistryErrorEntry {
    /// An entry from its parts.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// What is known of an error.
struct Details {
    kind: Kind,
    message: Cow<'static, str>,
    expected: Option<String>,
    actual: Option<String>,
    url: Option<String>,
    status: Option<u16>,
    retry_after: Option<u64>,
    position: Option<Position>,
    entries: Vec<RegistryErrorEntry>,
    source: Option<Source>,
}

/// An error of this crate. Opaque, so that it can learn more without breaking anyone. It is one pointer, since every fallible function
/// hands it on.
pub struct Error(Box<Details>);

impl Error {
    /// An error of this kind; the message is one line that says what was wrong with what.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            expected: None,
            actual: None,
            url: None,
            status: None,
            retry_after: None,
            position: None,
            entries: Vec::new(),
            source: None,
        }))
    }

    /// That a text holds a character which it cannot.
    #[inline(never)]
    pub(crate) fn character(kind: Kind, text: &str, character: char) -> Self {
        let shown: String = character.escape_default().collect();
        Self::new(kind, [text, " cannot hold '", &shown, "'"].concat())
    }

    /// That a text is longer than it may be.
    #[inline(never)]
    pub(crate) fn length(kind: Kind, text: &str, most: usize, length: usize) -> Self {
        let (most, length) = (decimal(most as u64), decimal(length as u64));
        let message = [text, " at most ", &most, " characters, not ", &length];
        Self::new(kind, message.concat())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Its code: [`Kind::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Its message, without its source's.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What should have been there: a digest, a size in bytes, a media type.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What was there instead.
    #[must_use]
    pub fn actual(&self) -> Option<&str> {
        self.0.actual.as_deref()
    }

    /// The URL that was read, without credentials, query or fragment.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The HTTP status of the response, if one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How many seconds the registry asks to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// Where in the JSON text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// The entries of the registry's error body; empty if it had none.
    #[must_use]
    pub fn entries(&self) -> &[RegistryErrorEntry] {
        &self.0.entries
    }

    /// The foreign error behind this one, taken out.
    #[must_use]
    pub fn take_source(&mut self) -> Option<Source> {
        self.0.source.take()
    }

    /// This error, with another message.
    #[cfg(feature = "client")]
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = message.into();
        self
    }

    /// This error once more, for someone else whom it concerns. What is behind it there is but one of.
    #[cfg(feature = "client")]
    pub(crate) fn without_source(&self) -> Self {
        Self(Box::new(Details {
            kind: self.0.kind,
            message: self.0.message.clone(),
            expected: self.0.expected.clone(),
            actual: self.0.actual.clone(),
            url: self.0.url.clone(),
            entries: self.0.entries.clone(),
            source: None,
            ..*self.0
        }))
    }

    /// This error with all that is known of it, as one of another kind.
    #[cfg(feature = "client")]
    pub(crate) fn with_kind(mut self, kind: Kind, message: &'static str) -> Self {
        self.0.kind = kind;
        self.0.message = message.into();
        self
    }

    /// This error, saying what was expected and what was there.
    #[must_use]
    pub fn with_expected(self, expected: impl ToString, actual: impl ToString) -> Self {
        self.with_sides(expected.to_string(), actual.to_string())
    }

    /// This error, saying how much was expected and how much there was.
    #[inline(never)]
    pub(crate) fn with_amounts(self, expected: u64, actual: u64) -> Self {
        self.with_sides(decimal(expected), decimal(actual))
    }

    #[inline(never)]
    fn with_sides(mut self, expected: String, actual: String) -> Self {
        self.0.expected = Some(expected);
        self.0.actual = Some(actual);
        self
    }

    /// This error, saying which URL was read. What could be secret in it is dropped: credentials, query and fragment.
    #[must_use]
    pub fn with_url(mut self, url: &str) -> Self {
        self.0.url = Some(crate::http::redacted(url));
        self
    }

    /// This error, saying which URL was read, as [`Error::with_url`] does.
    #[cfg(feature = "client")]
    #[inline(never)]
    pub(crate) fn at(self, url: &crate::http::Url) -> Self {
        self.with_url(&url.text())
    }

    /// This error, with the HTTP status of the response.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// This error, with the seconds the registry asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after = seconds;
        self
    }

    /// This error, with its place in a JSON text.
    #[must_use]
    pub fn with_position(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// This error, with the entries of the registry's error body.
    #[must_use]
    pub fn with_entries(mut self, entries: Vec<RegistryErrorEntry>) -> Self {
        self.0.entries = entries;
        self
    }

    /// This error, with the foreign one that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let (Some(expected), Some(actual)) = (self.expected(), self.actual()) {
            for part in [" (expected ", expected, ", got ", actual, ")"] {
                f.write_str(part)?;
            }
        }
        if let Some(url) = self.url() {
            f.write_str(" at ")?;
            f.write_str(url)?;
        }
        Ok(())
    }
}

/// What a person reads where a program ends with it: the code, the message, and what is behind it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        f.write_str(": ")?;
        fmt::Display::fmt(self, f)?;
        let mut behind = std::error::Error::source(self);
        while let Some(source) = behind {
            f.write_str("; caused by: ")?;
            fmt::Display::fmt(source, f)?;
            behind = source.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

impl From<pierhead_json::Error> for Error {
    /// `TOO_LARGE`, `TOO_DEEP` or `INVALID_JSON`, with the place in the text.
    fn from(error: pierhead_json::Error) -> Self {
        let cause = error.cause();
        let kind = match cause {
            Cause::TooLarge | Cause::TooMany => Kind::TooLarge,
            Cause::TooDeep => Kind::TooDeep,
            _ => Kind::InvalidJson,
        };
        let mut own = Self::new(kind, cause.message());
        own.0.position = error.position();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_with_an_error_says_all_of_it_in_one_line() {
        let cause = Error::new(Kind::InvalidUrl, "a URL is not absolute");
        let error = Error::new(Kind::DigestMismatch, "the manifest has another digest")
            .with_expected("sha256:a", "sha256:b")
            .with_url("https://u:p@h.example/v2/?token=t")
            .with_source(cause);
        assert_eq!(
            format!("{error:?}"),
            "DIGEST_MISMATCH: the manifest has another digest (expected sha256:a, got sha256:b) at https://h.example/v2/; \
             caused by: a URL is not absolute"
        );
    }
}
