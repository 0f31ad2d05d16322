//! The little of HTTP that the client and the front need, without a dependency: methods, headers, URLs, messages.
//!
//! Whole HTTP libraries cost more WebAssembly than everything else in the client together, and the hosts speak HTTP already.

mod headers;
#[cfg(feature = "client")]
mod link;
mod range;
mod url;

pub use headers::Headers;
#[cfg(feature = "client")]
pub(crate) use link::next_link;
pub use range::{ByteRange, RangeRequest};
pub use url::{Origin, Scheme, Url};

/// The request methods of the distribution specification, and `OPTIONS` for browsers' preflights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method of this name, if the specification has it. Names are case-sensitive (RFC 9110, section 9.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// Its name, as it stands in a request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that the client sends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Its headers.
    pub headers: Headers,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Headers::new(),
        }
    }
}

/// A response; `B` is its body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response<B> {
    /// The status code, 100 to 599.
    pub status: u16,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: B,
    /// Where it came from, if the host followed redirects on the way and did not let them be seen.
    pub url: Option<Url>,
}

impl<B> Response<B> {
    /// A response from its parts.
    pub fn new(status: u16, headers: Headers, body: B) -> Self {
        Self {
            status,
            headers,
            body,
            url: None,
        }
    }

    /// This response, come from where the host followed redirects to.
    #[must_use]
    pub fn with_url(self, url: Url) -> Self {
        Self {
            url: Some(url),
            ..self
        }
    }
}

/// What may be shown of a URL, parsed or not: no user information, query or fragment.
#[must_use]
pub(crate) fn redacted(url: &str) -> String {
    let (shown, _) = split_before(url, &['?', '#']);
    let Some((scheme, rest)) = split_scheme(shown) else {
        return shown.to_owned();
    };
    let (authority, path) = split_before(rest, &['/']);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    [scheme, "://", host, path].concat()
}

/// What stands before and after the `://` of an absolute URL.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    // Not by a search for all three: such a search is a kilobyte of WebAssembly, and its panics are six.
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}

/// What stands before the first of `marks`, and the rest from it on; all and nothing if there is none.
fn split_before<'a>(text: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    let at = text.find(marks).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// `text` with its `%XX` decoded; `None` if an escape is malformed or the result is not UTF-8.
#[must_use]
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `text` as one value of a query string: everything but RFC 3986's unreserved characters is `%XX`.
#[must_use]
pub(crate) fn percent_encoded(text: &str) -> String {
    let digit = |nibble| char::from_digit(nibble, 16).unwrap_or_default();
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                encoded.push(digit(nibble.into()).to_ascii_uppercase());
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_credentials_query_or_fragment() {
        assert_eq!(
            redacted("https://u:p@h.example/a?token=x#f"),
            "https://h.example/a"
        );
        assert_eq!(redacted("https://h.example"), "https://h.example");
        assert_eq!(redacted("/v2/?n=1"), "/v2/");
    }

    #[test]
    fn percent_escapes_are_decoded_or_refused() {
        assert_eq!(percent_decoded("sha256%3aab").as_deref(), Some("sha256:ab"));
        assert_eq!(percent_decoded("a%2"), None);
        assert_eq!(percent_decoded("%ff"), None);
    }

    #[test]
    fn percent_encoding_leaves_only_unreserved_characters() {
        assert_eq!(
            percent_encoded("repository:a/b:pull"),
            "repository%3Aa%2Fb%3Apull"
        );
        assert_eq!(percent_encoded("é &"), "%C3%A9%20%26");
    }
}
