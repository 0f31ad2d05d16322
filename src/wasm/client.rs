//! The client, one task for each call.

mod blobs;
mod copy;
mod manifests;
mod pages;

use std::sync::Arc;

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use super::transport::FetchTransport;
use super::{error, executor, value};
use crate::client::{Client, ClientOptions};
use crate::digest::Digest;

/// A client of one registry.
#[wasm_bindgen]
pub struct RawClient(Arc<Client<FetchTransport>>);

#[wasm_bindgen]
impl RawClient {
    /// `mirrors` are endpoints, to be tried in order, separated by spaces; a `concurrency` of 0 has no request wait for another.
    #[expect(
        clippy::arc_with_non_send_sync,
        reason = "a place shares its client, natively between threads"
    )]
    #[wasm_bindgen(constructor)]
    pub fn new(
        endpoint: &str,
        settings: JsValue,
        plain_http: bool,
        retries: u32,
        concurrency: u32,
        mirrors: &str,
    ) -> Result<RawClient, JsValue> {
        let mut options = ClientOptions::default()
            .with_plain_http(plain_http)
            .with_retries(retries)
            .with_concurrency(concurrency as usize)
            .with_independent(concurrency == 0);
        for mirror in mirrors.split_ascii_whitespace() {
            options.mirrors.push(mirror.parse().map_err(error::to_js)?);
        }
        connect(endpoint, settings, options).map(|client| Self(Arc::new(client)))
    }

    /// `[limit, remaining, window]`, each `undefined` where it is not stated; `undefined` before any was.
    #[wasm_bindgen(getter, js_name = rateLimit)]
    pub fn rate_limit(&self) -> JsValue {
        let Some(stated) = self.0.rate_limit() else {
            return JsValue::UNDEFINED;
        };
        let number = |value: Option<u64>| JsValue::from(value.map(|value| value as f64));
        js_sys::Array::of3(
            &number(stated.limit),
            &number(stated.remaining),
            &number(stated.window),
        )
        .into()
    }

    pub fn ping(&self) -> u32 {
        let client = Arc::clone(&self.0);
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
        let client = Arc::clone(&self.0);
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
    options: ClientOptions,
) -> Result<Client<FetchTransport>, JsValue> {
    let endpoint = endpoint.parse().map_err(error::to_js)?;
    Client::with_options(FetchTransport::new(settings), endpoint, options).map_err(error::to_js)
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
