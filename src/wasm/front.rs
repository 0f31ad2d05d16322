//! The front, one task for each request.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::client::connect;
use super::collect::RawCollect;
use super::store::{HostStore, StoreBody, StoreHost};
use super::transport::{self, FetchTransport};
use super::{document, executor, value};
use crate::client::ClientOptions;
use crate::front::{
    Cleanup, Cors, Failure, Front, Hosted, HostedOptions, Incoming, Options, Outgoing, Proxy,
    Validation,
};
use crate::http::Response;

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
        // Whoever asks the front knows best when to ask again, and holds a connection while it waits.
        let options = ClientOptions::default()
            .with_retries(0)
            .with_independent(true);
        connect(upstream, settings, options)
            .map(|client| Self(Rc::new(Front::new(Proxy::new(client), cors(origins)))))
    }

    /// Answers a request, whose headers are lines of `name:value`, with `[status, headers, body]`: headers in such lines, and a `Uint8Array`, a
    /// `HostBody` or `undefined`.
    pub fn handle(&self, method: &str, target: &str, headers: &str) -> u32 {
        let front = Rc::clone(&self.0);
        let request = Incoming::new(method, target, transport::from_host(headers));
        executor::spawn(async move {
            let (head, body) = parted(front.handle(request).await);
            Ok(answer(head, body.map(|body| body.into_js())).into())
        })
    }
}

/// How many uploads may be deleted at a time behind their answers. Whoever comes beyond that waits for what it has ended, so a store that is slow to
/// delete slows its clients, and does not have ever more to do.
const MOST_BEHIND: usize = 64;

/// A front over a store.
#[wasm_bindgen]
pub struct RawHosted {
    front: Rc<Front<Hosted<StoreHost>>>,
    /// Shared by what is deleted behind an answer, for as long as that goes on.
    behind: Rc<()>,
}

#[wasm_bindgen]
impl RawHosted {
    /// `origins` as for [`RawFront`]. `grace` and `expiry` are in milliseconds, the sizes of chunks and of memory in bytes; `profile` is `undefined` for what is
    /// refused in any case alone.
    #[expect(
        clippy::too_many_arguments,
        reason = "an object of them would cost more code than each by itself"
    )]
    #[wasm_bindgen(constructor)]
    pub fn new(
        store: HostStore,
        origins: Option<Vec<String>>,
        grace: f64,
        expiry: f64,
        chunk_min: Option<f64>,
        chunk_max: Option<f64>,
        manifest_memory: f64,
        profile: Option<String>,
        sparse: bool,
        read_only: bool,
    ) -> Result<RawHosted, JsValue> {
        let validation = match profile {
            None => Validation::Structural,
            profile => Validation::Profile(document::profile(profile)?),
        };
        let options = HostedOptions {
            grace: grace as u64,
            upload_expiry: expiry as u64,
            chunk_min: chunk_min.map(|bytes| bytes as u64),
            chunk_max: chunk_max.map(|bytes| bytes as u64),
            manifest_memory: manifest_memory as u64,
            validation,
            sparse,
            read_only,
            ..HostedOptions::default()
        };
        let hosted = Hosted::new(StoreHost(store), options);
        Ok(Self {
            front: Rc::new(Front::new(hosted, cors(origins))),
            behind: Rc::new(()),
        })
    }

    /// Answers a request as [`RawFront::handle`] does; `body` is a `HostBody` or `undefined`. Where something is left to be deleted behind the answer,
    /// that goes on with what [`RawHosted::clear`] is then to be given: plain values, which outlive this instance.
    pub fn handle(&self, method: &str, target: &str, headers: &str, body: JsValue) -> u32 {
        let front = Rc::clone(&self.front);
        let cleanup = Cleanup::new();
        let mut request = Incoming::new(method, target, transport::from_host(headers))
            .with_cleanup(cleanup.clone());
        if !body.is_undefined() {
            request = request.with_body(StoreBody::of(body));
        }
        let behind = Rc::downgrade(&self.behind);
        executor::spawn(async move {
            let (head, body) = parted(front.handle(request).await);
            let answer = answer(head, body.map(|body| body.into_js()));
            // One is the front's own.
            if behind.strong_count() > MOST_BEHIND {
                front.backend().clean_up(&cleanup).await;
            }
            if let Some(left) = cleanup.take() {
                answer.push(&left.id.into());
                answer.push(&left.keeps_bytes.into());
            }
            Ok(answer.into())
        })
    }

    /// Deletes what is left of an upload that was ended, and its bytes unless a blob has them.
    pub fn clear(&self, id: String, keeps_bytes: bool) -> u32 {
        let (front, behind) = (Rc::clone(&self.front), Rc::clone(&self.behind));
        executor::spawn(async move {
            front.backend().clear(&id, keeps_bytes).await;
            drop(behind);
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Collects for one visit, and gives the report.
    pub fn collect(&self, options: &RawCollect) -> u32 {
        let front = Rc::clone(&self.front);
        let options = options.0.clone();
        executor::spawn(async move {
            let report = front.backend().collect(&options).await;
            let report = report.map_err(Failure::into_error)?;
            Ok(value::to_js(&report))
        })
    }
}

fn cors(origins: Option<Vec<String>>) -> Options {
    Options::default().with_cors(match origins {
        None => Cors::Any,
        Some(origins) if origins.is_empty() => Cors::None,
        Some(origins) => Cors::Origins(origins),
    })
}

/// A response without its body, and that as far as the host has it.
fn parted<B>(response: Response<Outgoing<B>>) -> (Response<Option<Vec<u8>>>, Option<B>) {
    let (bytes, body) = match response.body {
        Outgoing::None => (None, None),
        Outgoing::Bytes(bytes) => (Some(bytes), None),
        Outgoing::Stream(body) => (None, Some(body)),
    };
    (
        Response::new(response.status, response.headers, bytes),
        body,
    )
}

fn answer(head: Response<Option<Vec<u8>>>, body: Option<JsValue>) -> Array {
    let bytes = head.body.map(|bytes| Uint8Array::from(bytes.as_slice()));
    let body = body.or(bytes.map(JsValue::from)).unwrap_or_default();
    let headers = transport::to_host(&head.headers);
    Array::of3(&head.status.into(), &headers.into(), &body)
}
