//! A front over an upstream registry in memory, and how it is asked.

use pierhead::Kind;
use pierhead::client::Client;
use pierhead::digest::{Algorithm, Digest};
use pierhead::front::{Front, Incoming, Options, Outgoing, Proxy};
use pierhead::http::{Headers, Response};

use crate::body::drain;
use crate::memory::{Memory, MemoryBody, Reply, block_on};

pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
pub const INDEX: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
pub const BLOB: &[u8] = b"hello world";
pub const BASE: &str = "https://upstream.example";

pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}

/// An upstream that holds `INDEX` as `a/b:latest`, and `BLOB`.
pub fn upstream() -> Memory {
    let memory = Memory::new();
    for reference in ["latest".to_owned(), sha256(INDEX).to_string()] {
        for method in ["GET", "HEAD"] {
            let mut reply = Reply::ok(INDEX)
                .header("Content-Type", INDEX_TYPE)
                .header("Docker-Content-Digest", sha256(INDEX));
            if method == "HEAD" {
                reply.pieces.clear();
            }
            memory.reply(
                method,
                &format!("{BASE}/v2/a/b/manifests/{reference}"),
                reply,
            );
        }
    }
    serve_blob(&memory, Reply::ok(BLOB));
    memory
}

pub fn blob_url() -> String {
    format!("{BASE}/v2/a/b/blobs/{}", sha256(BLOB))
}

pub fn serve_blob(memory: &Memory, reply: Reply) {
    let mut head = reply.clone();
    head.pieces.clear();
    memory.reply("HEAD", &blob_url(), head);
    memory.reply("GET", &blob_url(), reply);
}

pub fn front_with(memory: &Memory, options: Options) -> Front<Proxy<Memory>> {
    Front::new(
        Proxy::new(Client::new(memory.clone(), BASE.parse().unwrap()).unwrap()),
        options,
    )
}

pub fn ask(
    memory: &Memory,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Outgoing<MemoryBody>> {
    let mut fields = Headers::new();
    for (name, value) in headers {
        fields.append(name, *value).unwrap();
    }
    block_on(front_with(memory, Options::default()).handle(Incoming::new(method, path, fields)))
}

/// Status, body, and the error that cut it.
pub fn answer(response: Response<Outgoing<MemoryBody>>) -> (u16, Vec<u8>, Option<Kind>) {
    let (bytes, error) = match response.body {
        Outgoing::None => (Vec::new(), None),
        Outgoing::Bytes(bytes) => (bytes, None),
        Outgoing::Stream(body) => drain(body),
        _ => unreachable!(),
    };
    if error.is_none() && response.headers.get("content-length").is_some() && !bytes.is_empty() {
        assert_eq!(
            response.headers.get("content-length"),
            Some(bytes.len().to_string().as_str())
        );
    }
    (response.status, bytes, error)
}

pub fn blob_path() -> String {
    format!("/v2/a/b/blobs/{}", sha256(BLOB))
}

pub fn error_code(response: Response<Outgoing<MemoryBody>>) -> (u16, String) {
    assert_eq!(
        response.headers.get("content-type"),
        Some("application/json")
    );
    let (status, body, _) = answer(response);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (
        status,
        body["errors"][0]["code"].as_str().unwrap().to_owned(),
    )
}
