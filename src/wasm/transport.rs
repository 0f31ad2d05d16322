//! The client's transport over the host's `fetch`, and bodies that stay streams of the host.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::error;
use super::executor::{self, HostFuture};
use super::host::{self, Exchange, HostBody};
use crate::client::{Body, Chunks, Clock, Expected, Transport};
use crate::http::{Headers, Request, Response};
use crate::{Error, Kind, Result};

/// Sends requests through the host. `settings` is the host's own: which `fetch`, and its time limits.
pub(super) struct FetchTransport {
    settings: JsValue,
}

impl FetchTransport {
    pub(super) fn new(settings: JsValue) -> Self {
        Self { settings }
    }
}

impl Transport for FetchTransport {
    type Body = FetchBody;

    async fn send(&self, request: Request) -> Result<Response<FetchBody>> {
        let headers = to_host(&request.headers)?;
        let exchange = HostFuture::begin(|host, slot| {
            let (method, url) = (request.method.as_str(), request.url.to_string());
            host.fetch(
                slot,
                executor::current(),
                &self.settings,
                method,
                &url,
                &headers,
            );
        });
        let exchange: Exchange = exchange.await.map_err(error::from_host)?.unchecked_into();
        let response = Response::new(
            exchange.status(),
            from_host(&exchange.headers()),
            FetchBody(Some(exchange.body())),
        );
        Ok(match exchange.url() {
            Some(url) => response.with_url(url.parse()?),
            None => response,
        })
    }
}

impl Clock for FetchTransport {
    fn now(&self) -> u64 {
        host::with(|host| host.now()).unwrap_or_default() as u64
    }
}

/// A body that the host keeps, until it is handed on. Dropped, it is given up: else the host would hold its connection.
#[derive(Debug)]
pub(super) struct FetchBody(Option<HostBody>);

impl FetchBody {
    pub(super) fn into_js(mut self) -> JsValue {
        self.0.take().map(JsValue::from).unwrap_or_default()
    }
}

impl Drop for FetchBody {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            host::with(|host| host.cancel(&body));
        }
    }
}

impl Chunks for FetchBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(body) = &self.0 else {
            return Ok(None);
        };
        let piece = HostFuture::begin(|host, slot| host.read(slot, executor::current(), body))
            .await
            .map_err(error::from_host)?;
        if piece.is_undefined() {
            return Ok(None);
        }
        let piece = piece
            .dyn_into::<Uint8Array>()
            .map_err(|_| Error::new(Kind::Internal, "the host read something that is not bytes"))?;
        Ok(Some(piece.to_vec()))
    }

    fn cancel(&mut self) {
        if let Some(body) = &self.0 {
            host::with(|host| host.cancel(body));
        }
    }
}

impl Body for FetchBody {
    fn verified(mut self, expected: Expected) -> Result<Self> {
        expected.digest.require_algorithm()?;
        let number = |value: Option<u64>| value.map_or(-1.0, |value| value as f64);
        let (start, end) = (
            expected.range.map(|range| range.start),
            expected.range.map(|range| range.end),
        );
        let no_host = || Error::new(Kind::Internal, "the core has no host");
        let body = self.0.take().ok_or_else(no_host)?;
        let body = host::with(|host| {
            host.verified(
                &body,
                expected.digest.as_str(),
                number(expected.size),
                number(start),
                number(end),
                expected.content_encoded,
            )
        });
        body.map(|body| Self(Some(body))).ok_or_else(no_host)
    }
}

fn to_host(headers: &Headers) -> Result<web_sys::Headers> {
    let made = web_sys::Headers::new().map_err(error::from_host)?;
    for (name, value) in headers.iter() {
        made.append(name, value).map_err(error::from_host)?;
    }
    Ok(made)
}

/// The fields of a host's `Headers`. Hosts differ in how they decode what is not ASCII; fields that no header can hold are left
/// out, as none that is read here may be among them.
pub(super) fn from_host(headers: &web_sys::Headers) -> Headers {
    let mut read = Headers::new();
    for entry in js_sys::try_iter(headers)
        .ok()
        .flatten()
        .into_iter()
        .flatten()
    {
        let Ok(entry) = entry.map(|entry| entry.unchecked_into::<js_sys::Array>()) else {
            break;
        };
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            let _ = read.append(&name, value);
        }
    }
    read
}
