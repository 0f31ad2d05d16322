//! The operations of a client that wait.

use std::sync::Arc;

use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen::prelude::*;

use super::super::transport::{FetchBody, FetchContent};
use super::given::{Answer, Given};
use super::{FetchTransport, RawClient, executor};
use crate::client::{
    BlobPart, Client, ManifestReference, PushOptions, Pushed, PushedManifest, PutManifest,
    RawManifest,
};
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
        executor::spawn(run(Arc::clone(&self.0), Given(given)))
    }
}

/// All of them in one function: what a future within another one is given, WebAssembly copies twice.
async fn run(client: Arc<Client<FetchTransport>>, given: Given) -> Result<JsValue> {
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
    if operation == 2 {
        let bytes = given.value(2).unchecked_into::<Uint8Array>().to_vec();
        let pushed = client
            .put_manifest(&name, bytes, put_options(&given)?)
            .await?;
        return Ok(put_answer(&pushed));
    }
    if operation == 3 {
        let content = FetchContent(given.value(2).unchecked_into());
        let options = push_options(&given)?;
        let pushed = client.push_blob(&name, content, &options).await?;
        return Ok(push_answer(&pushed));
    }
    if operation < 8 {
        let reference: ManifestReference = given.read(2)?;
        if operation == 6 {
            client.delete_manifest(&name, &reference).await?;
            return Ok(JsValue::UNDEFINED);
        }
        // What is accepted; to read it, what is known of it.
        let (accept, known) = (given.text(3), given.text(4));
        let (accept, known) = (accept.as_deref(), known.as_deref());
        if operation == 7 {
            let has = client.has_manifest(&name, &reference, accept).await?;
            return Ok(has.into());
        }
        if operation == 5 {
            let head = client.manifest_head(&name, &reference, accept).await?;
            let answer = Answer::of(&head.digest, head.media_type.as_deref(), Some(head.size));
            return Ok(answer.into_js());
        }
        let read = client.manifest_unless(&name, &reference, accept, known);
        return match read.await? {
            Some(read) => manifest_answer(read, &given),
            None => Ok(JsValue::UNDEFINED),
        };
    }
    let digest: Digest = given.read(2)?;
    match operation {
        9 => {
            let size = client.blob_head(&name, &digest).await?;
            Ok(Answer::of(&digest, None, size).into_js())
        }
        10 => {
            // The repository it is in.
            let from = given.optional(3)?;
            let mounted = client.mount_blob(&name, &digest, from.as_ref()).await?;
            Ok(mounted.into())
        }
        11 => {
            client.delete_blob(&name, &digest).await?;
            Ok(JsValue::UNDEFINED)
        }
        _ => {
            // Its size, where to begin and end, how often that has failed, and how many seconds to wait at least.
            let (size, end) = (given.size(3)?, given.size(5)?);
            let start = given.size(4)?.unwrap_or_default();
            let failures = given.number(6).unwrap_or_default();
            // After failures it is asked for once, and not before a pause.
            let pause = client.pause(failures, given.number(7).map(u64::from));
            pause.await;
            let (range, once) = ((start, end), failures > 0);
            let part = client.part_of_blob(&name, &digest, size, range, once);
            Ok(part_answer(&digest, part.await?))
        }
    }
}

/// Where a manifest goes, its media type, and the tags.
fn put_options(given: &Given) -> Result<PutManifest> {
    Ok(PutManifest {
        reference: given.optional(3)?,
        media_type: given.text(4),
        tags: given.all(5)?,
    })
}

fn put_answer(pushed: &PushedManifest) -> JsValue {
    let media_type = Some(pushed.media_type.as_str());
    let answer = Answer::of(&pushed.digest, media_type, Some(pushed.size));
    answer.text("subject", pushed.subject.as_ref().map(Digest::as_str));
    answer.into_js()
}

/// An algorithm, a repository to mount from, and the size of a chunk.
fn push_options(given: &Given) -> Result<PushOptions> {
    let mut options = PushOptions::default().with_algorithm(given.read(3)?);
    options.mount_from = given.optional(4)?;
    if let Some(size) = given.size(5)? {
        options.chunk_size = size;
    }
    Ok(options)
}

fn push_answer(pushed: &Pushed) -> JsValue {
    let answer = Answer::of(&pushed.digest, None, Some(pushed.size));
    answer.text("status", Some(pushed.outcome.as_str()));
    answer.into_js()
}

fn part_answer(digest: &Digest, part: BlobPart<FetchBody>) -> JsValue {
    let answer = Answer::of(digest, None, part.size);
    answer.number("start", Some(part.start));
    answer.set("encoded", &part.content_encoded.into());
    answer.set("body", &part.body.into_js());
    answer.into_js()
}

/// A manifest that was read; unless it is to be `raw`, what it says is checked too.
fn manifest_answer(read: RawManifest, given: &Given) -> Result<JsValue> {
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
