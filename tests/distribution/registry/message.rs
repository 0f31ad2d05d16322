//! Requests and answers, as far as a registry sees them: nothing of the client's own types.

use std::fmt::Write as _;

use pierhead::http::RangeRequest;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Absolute: scheme, host, path and query.
    pub url: String,
    /// In the order they were sent; names as they were sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the connection broke before the end of the body.
    pub cut: bool,
    /// Milliseconds, by the clock of the world.
    pub now: u64,
}

impl Asked {
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            cut: false,
            now: 0,
        }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn with_body(mut self, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        let host = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[host..]
            .find(['/', '?'])
            .map_or(self.url.len(), |at| host + at);
        &self.url[..end]
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.url[self.origin().len()..]
    }

    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The values of a parameter of the query, or of a form in the body, decoded.
    pub fn parameters(&self, name: &str) -> Vec<String> {
        let query = self.target().split_once('?').map_or("", |(_, query)| query);
        let is_form = self
            .header("content-type")
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let form = if is_form {
            std::str::from_utf8(&self.body).unwrap_or_default()
        } else {
            ""
        };
        query
            .split('&')
            .chain(form.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .filter(|(key, _)| decoded(key) == name)
            .map(|(_, value)| decoded(value))
            .collect()
    }

    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).into_iter().next()
    }

    pub fn is(&self, method: &str) -> bool {
        self.method == method
    }

    /// Whether this is GET or HEAD.
    pub fn reads(&self) -> bool {
        self.is("GET") || self.is("HEAD")
    }
}

/// How a body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Clean,
    /// The connection breaks.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Stalled,
    /// It does not end: spaces, which JSON allows.
    Never,
}

/// What the registry answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub end: End,
}

impl Answer {
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Puts one field in the place of all of its name.
    pub fn set(self, name: &str, value: impl ToString) -> Self {
        self.without(name).with(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self
    }

    /// With a body, its type and its length.
    pub fn with_body(mut self, media_type: &str, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self.set("Content-Type", media_type)
            .set("Content-Length", bytes.len())
    }

    pub fn json(self, value: &serde_json::Value) -> Self {
        self.with_body("application/json", value.to_string().as_bytes())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The bytes of a blob or what a `Range` header asks of them (RFC 9110, section 14).
    pub fn ranged(bytes: &[u8], range: Option<&str>) -> Self {
        let size = bytes.len();
        let answer = match RangeRequest::parse(range, size as u64) {
            RangeRequest::Part(part) => {
                let (start, end) = (part.start as usize, part.end as usize);
                Self::new(206)
                    .with("Content-Range", format!("bytes {start}-{end}/{size}"))
                    .with_body("application/octet-stream", &bytes[start..=end])
            }
            RangeRequest::Unsatisfiable => {
                Self::new(416).with("Content-Range", format!("bytes */{size}"))
            }
            _ => Self::new(200).with_body("application/octet-stream", bytes),
        };
        answer.with("Accept-Ranges", "bytes")
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// `text` with `+` and `%XX` decoded, as forms and queries have it.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = std::str::from_utf8(&digits).unwrap();
                u8::from_str_radix(digits, 16).unwrap()
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// `text` as one value of a query.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}
