//! The blobs of a repository.

use std::sync::Arc;

use wasm_bindgen::prelude::*;

use super::super::transport::FetchContent;
use super::super::value;
use super::{FetchTransport, RawClient, described, error, executor, set};
use crate::client::{Client, PushOptions};
use crate::digest::Digest;
use crate::reference::RepositoryName;

#[wasm_bindgen]
impl RawClient {
    /// A part of a blob, or all of it where it begins at 0 and `end` is left out. After `failures`, it is asked for once, and not before
    /// a pause, which is `retry_after` seconds at least.
    #[expect(
        clippy::too_many_arguments,
        reason = "one by one they cross with the least code"
    )]
    #[wasm_bindgen(js_name = blobPart)]
    pub fn blob_part(
        &self,
        name: &str,
        digest: &str,
        size: Option<f64>,
        start: f64,
        end: Option<f64>,
        failures: u32,
        retry_after: Option<u32>,
    ) -> Result<u32, JsValue> {
        let (client, name, digest) = self.blob_of(name, digest)?;
        let size = size.map(value::size).transpose()?;
        let start = value::size(start)?;
        let end = end.map(value::size).transpose()?;
        Ok(executor::spawn(async move {
            client.pause(failures, retry_after.map(u64::from)).await;
            let part = client
                .part_of_blob(&name, &digest, size, (start, end), failures > 0)
                .await
                .map_err(error::to_js)?;
            let object = described(&digest, None, part.size.map(|size| size as f64));
            set(&object, "start", &JsValue::from_f64(part.start as f64));
            set(&object, "encoded", &part.content_encoded.into());
            set(&object, "body", &part.body.into_js());
            Ok(object.into())
        }))
    }

    #[wasm_bindgen(js_name = pushBlob)]
    pub fn push_blob(
        &self,
        name: &str,
        content: JsValue,
        algorithm: &str,
        mount_from: Option<String>,
        chunk_size: Option<f64>,
    ) -> Result<u32, JsValue> {
        let client = Arc::clone(&self.0);
        let name: RepositoryName = name.parse().map_err(error::to_js)?;
        let algorithm = algorithm.parse().map_err(error::to_js)?;
        let mut options = PushOptions::default().with_algorithm(algorithm);
        options.mount_from = repository(mount_from)?;
        if let Some(size) = chunk_size {
            options.chunk_size = value::size(size)?;
        }
        let content = FetchContent(content.unchecked_into());
        Ok(executor::spawn(async move {
            let pushed = client
                .push_blob(&name, content, &options)
                .await
                .map_err(error::to_js)?;
            let object = described(&pushed.digest, None, Some(pushed.size as f64));
            set(&object, "status", &pushed.outcome.as_str().into());
            Ok(object.into())
        }))
    }

    /// What needs no body: `action` is `head`, `mount`, from `from` or anywhere, or `delete`. One function, for each is a kilobyte.
    #[wasm_bindgen(js_name = blobAction)]
    pub fn blob_action(
        &self,
        action: &str,
        name: &str,
        digest: &str,
        from: Option<String>,
    ) -> Result<u32, JsValue> {
        let (client, name, digest) = self.blob_of(name, digest)?;
        let from = repository(from)?;
        let action = action.as_bytes().first().copied();
        Ok(executor::spawn(async move {
            let done = match action {
                Some(b'm') => client
                    .mount_blob(&name, &digest, from.as_ref())
                    .await
                    .map(JsValue::from),
                Some(b'd') => client
                    .delete_blob(&name, &digest)
                    .await
                    .map(|()| JsValue::UNDEFINED),
                _ => client
                    .blob_head(&name, &digest)
                    .await
                    .map(|size| described(&digest, None, size.map(|size| size as f64)).into()),
            };
            done.map_err(error::to_js)
        }))
    }
}

impl RawClient {
    fn blob_of(
        &self,
        name: &str,
        digest: &str,
    ) -> Result<(Arc<Client<FetchTransport>>, RepositoryName, Digest), JsValue> {
        Ok((
            Arc::clone(&self.0),
            name.parse().map_err(error::to_js)?,
            digest.parse().map_err(error::to_js)?,
        ))
    }
}

fn repository(name: Option<String>) -> Result<Option<RepositoryName>, JsValue> {
    name.map(|name| name.parse())
        .transpose()
        .map_err(error::to_js)
}
