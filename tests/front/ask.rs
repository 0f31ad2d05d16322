//! Requests to a registry over a store in memory, and what comes of them.

use pierhead::front::{Cleanup, Front, Hosted, HostedOptions, Incoming, Options, Outgoing};
use pierhead::http::{Headers, Response};

use crate::body::MemoryBody;
use crate::schedule::block_on;
use crate::store::MemoryStore;

/// A registry that is tested.
pub type Registry = Front<Hosted<MemoryStore>>;

/// A registry over a store.
pub fn registry(store: &MemoryStore) -> Registry {
    registry_with(store, HostedOptions::default())
}

/// A registry over a store, as an operator wants it.
pub fn registry_with(store: &MemoryStore, options: HostedOptions) -> Registry {
    Front::new(Hosted::new(store.clone(), options), Options::default())
}

/// A request.
pub fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<MemoryBody>,
) -> Incoming<MemoryBody> {
    let mut fields = Headers::new();
    for (name, value) in headers {
        fields.append(name, *value).unwrap();
    }
    let request = Incoming::new(method, target, fields);
    match body {
        Some(body) => request.with_body(body),
        None => request,
    }
}

/// What came back, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The first value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_default()
    }

    /// Its body, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Its body.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The code of the first error of the body.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Where a list goes on.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?;
        let next = link.strip_prefix('<')?.strip_suffix(r#">; rel="next""#);
        Some(next.unwrap().to_owned())
    }
}

/// Reads a response to its end, which must come in good order, and be as long as it says.
pub fn answer(response: Response<Outgoing<MemoryBody>>) -> Answer {
    let length = response.headers.get("content-length").map(str::to_owned);
    let has_body = !matches!(response.body, Outgoing::None);
    let bytes = match response.body {
        Outgoing::None => Vec::new(),
        Outgoing::Bytes(bytes) => bytes,
        Outgoing::Stream(body) => body.read().unwrap(),
        _ => unreachable!(),
    };
    if has_body {
        assert_eq!(length, Some(bytes.len().to_string()));
    }
    Answer {
        status: response.status,
        headers: response.headers,
        bytes,
    }
}

/// Asks a registry over `store`, with a body of known length where there is one.
pub fn ask(
    store: &MemoryStore,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Answer {
    ask_by(&registry(store), method, target, headers, body)
}

/// Asks as [`ask`] does, a registry that has been asked before.
pub fn ask_by(
    front: &Registry,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Answer {
    let request = sized(method, target, headers, body);
    answer(block_on(front.handle(request)))
}

/// Asks as [`ask`] does, and gives what is left to be deleted behind the answer, too.
pub fn ask_first(
    store: &MemoryStore,
    method: &str,
    target: &str,
    body: Option<&[u8]>,
) -> (Answer, Cleanup) {
    let cleanup = Cleanup::new();
    let request = sized(method, target, &[], body).with_cleanup(cleanup.clone());
    let answer = answer(block_on(registry(store).handle(request)));
    (answer, cleanup)
}

/// Deletes what was left behind an answer.
pub fn clean_up(store: &MemoryStore, cleanup: &Cleanup) {
    block_on(registry(store).backend().clean_up(cleanup));
    assert!(cleanup.is_empty());
}

/// A request, with a body of known length where there is one.
fn sized(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Incoming<MemoryBody> {
    let length = body.map(|body| body.len().to_string());
    let mut fields = headers.to_vec();
    if let Some(length) = &length {
        fields.push(("content-length", length));
    }
    let body = body.map(|body| MemoryBody::of(body, 1 << 20));
    request(method, target, &fields, body)
}
