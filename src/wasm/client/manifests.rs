//! The manifests of a repository.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::{FetchTransport, RawClient, described, error, executor, set};
use crate::client::{Client, ManifestReference};
use crate::digest::Digest;
use crate::reference::RepositoryName;

#[wasm_bindgen]
impl RawClient {
    /// Unless it is to be `raw`, what the manifest says is checked too.
    pub fn manifest(
        &self,
        name: &str,
        reference: &str,
        accept: Option<String>,
        raw: bool,
    ) -> Result<u32, JsValue> {
        let (client, name, reference) = self.manifest_of(name, reference)?;
        Ok(executor::spawn(async move {
            let read = client
                .raw_manifest(&name, &reference, accept.as_deref())
                .await
                .map_err(error::to_js)?;
            if raw {
                let media_type = read.media_type.as_deref();
                return Ok(whole(&read.digest, media_type, read.verified, &read.bytes));
            }
            let manifest = read.parse().map_err(error::to_js)?;
            let (media_type, bytes) = (manifest.media_type.as_deref(), manifest.document.bytes());
            Ok(whole(
                &manifest.digest,
                media_type,
                manifest.verified,
                bytes,
            ))
        }))
    }

    #[wasm_bindgen(js_name = manifestHead)]
    pub fn manifest_head(
        &self,
        name: &str,
        reference: &str,
        accept: Option<String>,
    ) -> Result<u32, JsValue> {
        let (client, name, reference) = self.manifest_of(name, reference)?;
        Ok(executor::spawn(async move {
            let head = client
                .manifest_head(&name, &reference, accept.as_deref())
                .await
                .map_err(error::to_js)?;
            Ok(described(
                &head.digest,
                head.media_type.as_deref(),
                Some(head.size as f64),
            )
            .into())
        }))
    }
}

impl RawClient {
    fn manifest_of(
        &self,
        name: &str,
        reference: &str,
    ) -> Result<
        (
            Rc<Client<FetchTransport>>,
            RepositoryName,
            ManifestReference,
        ),
        JsValue,
    > {
        Ok((
            Rc::clone(&self.0),
            name.parse().map_err(error::to_js)?,
            reference.parse().map_err(error::to_js)?,
        ))
    }
}

/// A manifest with its bytes.
fn whole(digest: &Digest, media_type: Option<&str>, verified: bool, bytes: &[u8]) -> JsValue {
    let object = described(digest, media_type, Some(bytes.len() as f64));
    set(&object, "verified", &JsValue::from_bool(verified));
    set(&object, "bytes", &Uint8Array::from(bytes));
    object.into()
}
