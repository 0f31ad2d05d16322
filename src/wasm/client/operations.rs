//! The operations of a client that wait.

use std::sync::Arc;

use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen::prelude::*;

use super::super::transport::FetchContent;
use super::given::{Answer, Given};
use super::{FetchTransport, RawClient, executor};
use crate::client::{Client, ManifestReference, PushOptions, PutManifest};
use crate::digest::Digest;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// By their places in `match`: as `Operation` in `js/client/raw.ts`.
const OPERATIONS: [&str; 12] = [
    "ping",
    "extensions",
    "putManifest",
    "pushBlob",
    "manifest",
    "manifestHead",
    "deleteManifest",
    "hasManifest",
    "blob",
    "blobHead",
    "mountBlob",
    "deleteBlob",
];

#[wasm_bindgen]
impl RawClient {
    /// Begins the operation that the first of `given` names; what else each is given stands where it is read.
    pub fn run(&self, given: Array) -> u32 {
        let client = Arc::clone(&self.0);
        executor::spawn(async move { run(&client, &Given(given)).await })
    }
}

async fn run(client: &Client<FetchTransport>, given: &Given) -> Result<JsValue> {
    let named = given.text(0);
    let operation = OPERATIONS
        .iter()
        .position(|name| named.as_deref() == Some(*name))
        .ok_or_else(|| Error::new(Kind::Internal, "there is no such operation"))?;
    if operation == 0 {
        client.ping().await?;
        return Ok(JsValue::UNDEFINED);
    }
    if operation == 1 {
        // The list as it came; empty text is no JSON.
        let list = client.extension_list(given.optional(1)?.as_ref()).await?;
        return Ok(JSON::parse(&list).unwrap_or(JsValue::UNDEFINED));
    }
    let name: RepositoryName = given.read(1)?;
    match operation {
        2 => put_manifest(client, &name, given).await,
        3 => push_blob(client, &name, given).await,
        4..=7 => manifest(client, operation, &name, &given.read(2)?, given).await,
        _ => blob(client, operation, &name, &given.read(2)?, given).await,
    }
}

/// Bytes, where they go, their media type, and the tags.
async fn put_manifest(
    client: &Client<FetchTransport>,
    name: &RepositoryName,
    given: &Given,
) -> Result<JsValue> {
    let options = PutManifest {
        reference: given.optional(3)?,
        media_type: given.text(4),
        tags: given.all(5)?,
    };
    let bytes = given.value(2).unchecked_into::<Uint8Array>().to_vec();
    let pushed = client.put_manifest(name, bytes, options).await?;
    let media_type = Some(pushed.media_type.as_str());
    let answer = Answer::of(&pushed.digest, media_type, Some(pushed.size));
    answer.text("subject", pushed.subject.as_ref().map(Digest::as_str));
    Ok(answer.into_js())
}

/// A content, an algorithm, a repository to mount from, and the size of a chunk.
async fn push_blob(
    client: &Client<FetchTransport>,
    name: &RepositoryName,
    given: &Given,
) -> Result<JsValue> {
    let mut options = PushOptions::default().with_algorithm(given.read(3)?);
    options.mount_from = given.optional(4)?;
    if let Some(size) = given.size(5)? {
        options.chunk_size = size;
    }
    let content = FetchContent(given.value(2).unchecked_into());
    let pushed = client.push_blob(name, content, &options).await?;
    let answer = Answer::of(&pushed.digest, None, Some(pushed.size));
    answer.text("status", Some(pushed.outcome.as_str()));
    Ok(answer.into_js())
}

/// A reference, a digest for `hasManifest`, and what is accepted; to read it, what is known of it, and whether it is to be `raw`: unless it is, what it says is
/// checked too. `undefined` if it is still the known one.
async fn manifest(
    client: &Client<FetchTransport>,
    operation: usize,
    name: &RepositoryName,
    reference: &ManifestReference,
    given: &Given,
) -> Result<JsValue> {
    if operation == 6 {
        client.delete_manifest(name, reference).await?;
        return Ok(JsValue::UNDEFINED);
    }
    let accept = given.text(3);
    let accept = accept.as_deref();
    if operation == 7 {
        let has = client.has_manifest(name, reference, accept).await?;
        return Ok(has.into());
    }
    if operation == 5 {
        let head = client.manifest_head(name, reference, accept).await?;
        let answer = Answer::of(&head.digest, head.media_type.as_deref(), Some(head.size));
        return Ok(answer.into_js());
    }
    let read = match given.text(4) {
        None => Some(client.raw_manifest(name, reference, accept).await?),
        Some(known) => {
            let read = client.raw_manifest_unless(name, reference, accept, &known);
            read.await?
        }
    };
    let Some(read) = read else {
        return Ok(JsValue::UNDEFINED);
    };
    let answer = Answer::of(&read.digest, None, Some(read.bytes.len() as u64));
    answer.set("verified", &JsValue::from_bool(read.verified));
    answer.set("bytes", &Uint8Array::from(read.bytes.as_slice()));
    answer.text("etag", read.etag.as_deref());
    let media_type = if given.is(5) {
        read.media_type
    } else {
        read.parse()?.media_type
    };
    answer.text("mediaType", media_type.as_deref());
    Ok(answer.into_js())
}

/// A digest. To read it, its size, where to begin and end, how often that has failed, and how many seconds to
/// wait at least; to mount it, the repository it is in.
async fn blob(
    client: &Client<FetchTransport>,
    operation: usize,
    name: &RepositoryName,
    digest: &Digest,
    given: &Given,
) -> Result<JsValue> {
    match operation {
        9 => {
            let size = client.blob_head(name, digest).await?;
            Ok(Answer::of(digest, None, size).into_js())
        }
        10 => {
            let from = given.optional(3)?;
            let mounted = client.mount_blob(name, digest, from.as_ref()).await?;
            Ok(mounted.into())
        }
        11 => {
            client.delete_blob(name, digest).await?;
            Ok(JsValue::UNDEFINED)
        }
        _ => {
            let (size, end) = (given.size(3)?, given.size(5)?);
            let start = given.size(4)?.unwrap_or_default();
            let failures = given.number(6).unwrap_or_default();
            // After failures it is asked for once, and not before a pause.
            let pause = client.pause(failures, given.number(7).map(u64::from));
            pause.await;
            let part = client
                .part_of_blob(name, digest, size, (start, end), failures > 0)
                .await?;
            let answer = Answer::of(digest, None, part.size);
            answer.number("start", Some(part.start));
            answer.set("encoded", &part.content_encoded.into());
            answer.set("body", &part.body.into_js());
            Ok(answer.into_js())
        }
    }
}
