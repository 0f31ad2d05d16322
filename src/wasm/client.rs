//! The client, one task for each call.

use std::rc::Rc;

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::{error, executor, transport::FetchTransport, value};
use crate::client::{Client, ManifestReference};
use crate::digest::Digest;
use crate::reference::RepositoryName;

/// A client of one registry.
#[wasm_bindgen]
pub struct RawClient(Rc<Client<FetchTransport>>);

#[wasm_bindgen]
impl RawClient {
    #[wasm_bindgen(constructor)]
    pub fn new(endpoint: &str, settings: JsValue) -> Result<RawClient, JsValue> {
        connect(endpoint, settings).map(|client| Self(Rc::new(client)))
    }

    pub fn ping(&self) -> u32 {
        let client = Rc::clone(&self.0);
        executor::spawn(async move {
            client
                .ping()
                .await
                .map(|()| JsValue::UNDEFINED)
                .map_err(error::to_js)
        })
    }

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

/// A client over the host's `fetch`.
pub(super) fn connect(
    endpoint: &str,
    settings: JsValue,
) -> Result<Client<FetchTransport>, JsValue> {
    let endpoint = endpoint.parse().map_err(error::to_js)?;
    Client::new(FetchTransport::new(settings), endpoint).map_err(error::to_js)
}

fn described(digest: &Digest, media_type: Option<&str>, size: Option<f64>) -> Object {
    let object = Object::new();
    set(&object, "digest", &JsValue::from_str(digest.as_str()));
    if let Some(media_type) = media_type {
        set(&object, "mediaType", &JsValue::from_str(media_type));
    }
    if let Some(size) = size {
        set(&object, "size", &JsValue::from_f64(size));
    }
    object
}

/// A manifest with its bytes.
fn whole(digest: &Digest, media_type: Option<&str>, verified: bool, bytes: &[u8]) -> JsValue {
    let object = described(digest, media_type, Some(bytes.len() as f64));
    set(&object, "verified", &JsValue::from_bool(verified));
    set(&object, "bytes", &Uint8Array::from(bytes));
    object.into()
}

pub(super) fn set(object: &Object, key: &str, value: &JsValue) {
    // Setting a property of a plain object cannot fail.
    let _ = Reflect::set(object, &JsValue::from_str(key), value);
}
