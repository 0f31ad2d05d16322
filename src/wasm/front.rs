//! The front, one task for each request.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::client::{Answer, connect};
use super::executor;
use super::transport::{self, FetchTransport};
use crate::client::ClientOptions;
use crate::front::{Cors, Front, Incoming, Options, Outgoing, Proxy};

/// A front over one upstream.
#[wasm_bindgen]
pub struct RawFront(Rc<Front<Proxy<FetchTransport>>>);

#[wasm_bindgen]
impl RawFront {
    /// `origins`: `undefined` lets pages of every origin read, an empty list none.
    #[wasm_bindgen(constructor)]
    pub fn new(
        upstream: &str,
        settings: JsValue,
        origins: Option<Vec<String>>,
    ) -> Result<RawFront, JsValue> {
        let cors = match origins {
            None => Cors::Any,
            Some(origins) if origins.is_empty() => Cors::None,
            Some(origins) => Cors::Origins(origins),
        };
        // Whoever asks the front knows best when to ask again, and holds a connection while it waits.
        let options = ClientOptions::default()
            .with_retries(0)
            .with_independent(true);
        connect(upstream, settings, options).map(|client| {
            Self(Rc::new(Front::new(
                Proxy::new(client),
                Options::default().with_cors(cors),
            )))
        })
    }

    /// Answers a request, whose headers are lines of `name:value`, with `{status, headers: [name, value][], body?: Uint8Array | HostBody}`.
    pub fn handle(&self, method: &str, target: &str, headers: &str) -> u32 {
        let front = Rc::clone(&self.0);
        let request = Incoming::new(method, target, transport::from_host(headers));
        executor::spawn(async move {
            let response = front.handle(request).await;
            let answer = Answer::new();
            answer.number("status", Some(u64::from(response.status)));
            let headers: Array = response
                .headers
                .iter()
                .map(|(name, value)| {
                    Array::of2(&JsValue::from_str(name), &JsValue::from_str(value))
                })
                .collect();
            answer.set("headers", &headers);
            match response.body {
                Outgoing::None => {}
                Outgoing::Bytes(bytes) => answer.set("body", &Uint8Array::from(bytes.as_slice())),
                Outgoing::Stream(body) => answer.set("body", &body.into_js()),
            }
            Ok(answer.into_js())
        })
    }
}
