//! The client, one task for each call.

mod blobs;
mod manifests;
mod pages;

use std::rc::Rc;

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use super::transport::FetchTransport;
use super::{error, executor, value};
use crate::client::Client;
use crate::digest::Digest;

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
}

#[wasm_bindgen]
impl RawClient {
    /// The list of extensions of the registry or of a repository, as it came; `undefined` if there is none.
    pub fn extensions(&self, name: Option<String>) -> Result<u32, JsValue> {
        let client = Rc::clone(&self.0);
        let name = name.map(|name| name.parse().map_err(error::to_js));
        let name = name.transpose()?;
        Ok(executor::spawn(async move {
            let list = client.extension_list(name.as_ref()).await;
            let list = list.map_err(error::to_js)?;
            // Empty text is no JSON.
            Ok(js_sys::JSON::parse(&list).unwrap_or(JsValue::UNDEFINED))
        }))
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

pub(super) fn set(object: &Object, key: &str, value: &JsValue) {
    // Setting a property of a plain object cannot fail.
    let _ = Reflect::set(object, &JsValue::from_str(key), value);
}
