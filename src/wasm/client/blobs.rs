//! The blobs of a repository.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::super::value;
use super::{FetchTransport, RawClient, described, error, executor, set};
use crate::client::Client;
use crate::digest::Digest;
use crate::reference::RepositoryName;

#[wasm_bindgen]
impl RawClient {
    pub fn blob(&self, name: &str, digest: &str, size: Option<f64>) -> Result<u32, JsValue> {
        let (client, name, digest) = self.blob_of(name, digest)?;
        let size = size.map(value::size).transpose()?;
        Ok(executor::spawn(async move {
            let blob = client
                .blob(&name, &digest, size)
                .await
                .map_err(error::to_js)?;
            let object = described(&blob.digest, None, blob.size.map(|size| size as f64));
            set(&object, "body", &blob.body.into_js());
            Ok(object.into())
        }))
    }

    #[wasm_bindgen(js_name = blobHead)]
    pub fn blob_head(&self, name: &str, digest: &str) -> Result<u32, JsValue> {
        let (client, name, digest) = self.blob_of(name, digest)?;
        Ok(executor::spawn(async move {
            let size = client
                .blob_head(&name, &digest)
                .await
                .map_err(error::to_js)?;
            Ok(described(&digest, None, size.map(|size| size as f64)).into())
        }))
    }
}

impl RawClient {
    fn blob_of(
        &self,
        name: &str,
        digest: &str,
    ) -> Result<(Rc<Client<FetchTransport>>, RepositoryName, Digest), JsValue> {
        Ok((
            Rc::clone(&self.0),
            name.parse().map_err(error::to_js)?,
            digest.parse().map_err(error::to_js)?,
        ))
    }
}
