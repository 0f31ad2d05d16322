//! The client, one task for each call.

mod copy;
mod given;
mod operations;
mod pages;

use std::sync::Arc;

use wasm_bindgen::prelude::*;

use super::transport::FetchTransport;
use super::{error, executor, value};
use crate::client::{Client, ClientOptions};

pub(super) use given::Answer;

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

    /// `{limit, remaining, window}`, each where it is stated; `undefined` before any was.
    #[wasm_bindgen(getter, js_name = rateLimit)]
    pub fn rate_limit(&self) -> JsValue {
        let Some(stated) = self.0.rate_limit() else {
            return JsValue::UNDEFINED;
        };
        let answer = Answer::new();
        answer.number("limit", stated.limit);
        answer.number("remaining", stated.remaining);
        answer.number("window", stated.window);
        answer.into_js()
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
