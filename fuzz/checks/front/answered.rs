//! What must hold of every answer, whatever was asked.

use std::fmt;

use pierhead::digest::Digest;
use pierhead::front::Outgoing;
use pierhead::http::{Headers, Response};
use serde_json::Value;

use crate::body::MemoryBody;

/// The statuses that the registry has. 500 is none of them: it means that what is stored is damaged, and here nobody damages it.
const STATUSES: [u16; 18] = [
    200, 201, 202, 204, 206, 304, 400, 403, 404, 405, 412, 413, 414, 416, 429, 502, 503, 504,
];

/// The codes of the specification ("Error Codes"), and those that it has no code for: `PAGINATION_NUMBER_INVALID` and `UNKNOWN` are of Docker's
/// registry.
const CODES: [&str; 17] = [
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DENIED",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "PAGINATION_NUMBER_INVALID",
    "PRECONDITION_FAILED",
    "SIZE_INVALID",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNKNOWN",
    "UNSUPPORTED",
];

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    headers: Headers,
    /// All of the body; nothing where the store failed while it was read, so that the connection is cut.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl fmt::Display for Answered {
    /// The status and what differs between responses of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for name in ["location", "range", "content-range", "content-length"] {
            if let Some(value) = self.headers.get(name) {
                write!(f, " {name}: {value}")?;
            }
        }
        Ok(())
    }
}

impl Answered {
    /// Reads a response to its end. What bodies promise is held against what they bring.
    pub(crate) fn read(response: Response<Outgoing<MemoryBody>>) -> Self {
        let bytes = match response.body {
            Outgoing::None => Some(Vec::new()),
            Outgoing::Bytes(bytes) => Some(bytes),
            Outgoing::Stream(body) => body.read().ok(),
            _ => panic!("there is no such body"),
        };
        Self {
            status: response.status,
            headers: response.headers,
            bytes,
        }
    }

    /// The value of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_default()
    }

    /// The body; empty where it broke off.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }

    /// The code of its error; empty where it is none, or was not sent.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_slice(self.body()).unwrap_or_default();
        body["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether it is an answer of the specification's form to a request of this method.
    pub(crate) fn is_proper(&self, method: &str) {
        let status = self.status;
        assert!(STATUSES.contains(&status), "status {status}");
        for (name, value) in self.headers.iter() {
            assert!(value.len() < 16 << 10, "{name} is very long");
            let is_text = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            // A redirect and a list may name what came with the request, percent-encoded; nothing else is the request's.
            assert!(value.bytes().all(is_text), "{name}: {value:?}");
            let alone = self.headers.all(name).count() == 1 || name == "oci-tag";
            assert!(alone, "{name} comes twice");
        }
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        self.has_proper_body(method);
        self.has_proper_places();
        if status == 405 {
            assert!(!self.header("allow").is_empty());
        }
        if [429, 503].contains(&status) {
            assert_eq!(self.header("retry-after"), "1");
        }
    }

    fn has_proper_body(&self, method: &str) {
        let status = self.status;
        let bodiless = method == "HEAD" || [204, 304].contains(&status);
        let Some(bytes) = &self.bytes else {
            return;
        };
        let length = self.headers.get("content-length");
        if bodiless {
            assert!(bytes.is_empty(), "{status} to {method} has a body");
            assert!(status != 204 || length.is_none());
        } else if status != 304 {
            let stated = length.map(str::parse);
            assert_eq!(stated, Some(Ok(bytes.len())), "Content-Length");
        }
        if status >= 400 && !bodiless {
            assert_eq!(self.header("content-type"), "application/json");
            assert!(bytes.len() < 16 << 10, "an error of {} bytes", bytes.len());
            let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
            let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
            assert!(!errors.is_empty(), "no errors: {body}");
            for error in errors {
                let code = error["code"].as_str().unwrap_or_default();
                assert!(CODES.contains(&code), "{error}");
                let message = error["message"].as_str().unwrap_or_default();
                assert!(!message.is_empty(), "{error}");
            }
        }
        if status == 206 {
            let range = self.header("content-range").strip_prefix("bytes ");
            let (range, size) = range.and_then(|it| it.split_once('/')).unwrap_or_default();
            let (start, end) = range.split_once('-').unwrap_or_default();
            let [start, end, size] =
                [start, end, size].map(|it| it.parse::<usize>().unwrap_or(usize::MAX));
            assert!(start <= end && end < size && size < usize::MAX, "{range}");
            assert!(bodiless || end - start + 1 == bytes.len(), "{range}");
        }
    }

    fn has_proper_places(&self) {
        let status = self.status;
        let location = self.header("location");
        if [201, 307].contains(&status) {
            assert!(location.starts_with("/v2/"), "Location: {location}");
        }
        let range = self.header("range");
        let (parent, _) = location.rsplit_once('/').unwrap_or_default();
        let is_upload = parent.ends_with("/blobs/uploads");
        assert_eq!(!range.is_empty(), is_upload, "{location} {range}");
        if let Some(end) = range.strip_prefix("0-") {
            assert!(end.parse::<u64>().is_ok(), "Range: {range}");
        } else {
            assert!(range.is_empty(), "Range: {range}");
        }
        let Some(digest) = self.headers.get("docker-content-digest") else {
            return;
        };
        let Ok(digest) = digest.parse::<Digest>() else {
            panic!("Docker-Content-Digest: {digest}");
        };
        if let Some(bytes) = &self.bytes
            && let Some(algorithm) = digest.algorithm()
            && status == 200
            && self.header("content-length") == bytes.len().to_string()
        {
            let right = Digest::of(algorithm, bytes) == digest;
            // A `HEAD` has no body of its own.
            assert!(right || bytes.is_empty(), "other bytes than {digest}");
        }
    }
}
