//! The client's transport over the host's `fetch`, and bodies that stay streams of the host.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::error;
use super::executor::{self, HostFuture};
use super::host::{self, Exchange, HostBody, HostContent};
use crate::client::{
    Body, Chunks, Clock, Content, Credential, Credentials, Expected, Payload, Piece, Transport,
};
use crate::digest::Digest;
use crate::http::{Headers, Request, Response};
use crate::{Error, Kind, Result};

/// Sends requests through the host, by settings of its own: which `fetch`, and its time limits.
pub(super) struct FetchTransport(JsValue);

impl FetchTransport {
    pub(super) fn new(settings: JsValue) -> Self {
        Self(settings)
    }
}

impl Transport for FetchTransport {
    type Body = FetchBody;

    fn streams_requests(&self) -> bool {
        // Asked for where it matters: to find it out takes Node some milliseconds.
        let streams = js_sys::Reflect::get(&self.0, &JsValue::from_str("streamsRequests"));
        streams.is_ok_and(|streams| streams.is_truthy())
    }

    fn warned(&self, registry: &str, text: &str) {
        host::with(|host| host.warned(&self.0, registry, text));
    }

    async fn send(
        &self,
        request: Request,
        payload: Payload<FetchBody>,
    ) -> Result<Response<FetchBody>> {
        let size = payload.size() as f64;
        let payload = match payload {
            Payload::None => JsValue::UNDEFINED,
            Payload::Piece(piece) => piece.0.into(),
            Payload::Stream(body, _) => body.into_js(),
        };
        let headers = to_host(&request.headers);
        let exchange = HostFuture::begin(|host, slot| {
            let (method, url) = (request.method.as_str(), request.url.text());
            host.fetch(
                slot,
                executor::current(),
                &self.0,
                method,
                &url,
                &headers,
                &payload,
                size,
            );
        });
        let exchange: Exchange = exchange.await.map_err(error::from_host)?.unchecked_into();
        let response = Response::new(
            exchange.status(),
            from_host(&exchange.headers().as_string().unwrap_or_default()),
            FetchBody(Some(exchange.body())),
        );
        Ok(match exchange.url().as_string() {
            Some(url) => response.with_url(url.parse()?),
            None => response,
        })
    }

    fn send_unheeded(&self, request: Request) {
        let headers = to_host(&request.headers);
        let (method, url) = (request.method.as_str(), request.url.text());
        host::with(|host| host.fetch_unheeded(&self.0, method, &url, &headers));
    }
}

impl Clock for FetchTransport {
    fn now(&self) -> u64 {
        now()
    }

    async fn sleep(&self, milliseconds: u64) {
        sleep(milliseconds).await;
    }

    fn random(&self) -> u32 {
        random()
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    host::with(|host| host.now()).unwrap_or_default() as u64
}

/// Ends after so many milliseconds.
pub(super) async fn sleep(milliseconds: u64) {
    // A wait that fails is over.
    let _ = HostFuture::begin(|host, slot| {
        host.sleep(slot, executor::current(), milliseconds as f64);
    })
    .await;
}

/// A number that nobody expects, and that is no secret.
pub(super) fn random() -> u32 {
    host::with(|host| host.random()).unwrap_or_default()
}

impl Credentials for FetchTransport {
    async fn credential(&self, registry: &str) -> Result<Option<Credential>> {
        let given = HostFuture::begin(|host, slot| {
            host.credential(slot, executor::current(), &self.0, registry);
        })
        .await
        .map_err(error::from_credentials)?;
        let Some(given) = given.dyn_ref::<js_sys::Array>() else {
            return Ok(None);
        };
        let part = |index| given.get(index).as_string().unwrap_or_default();
        Ok(Some(match part(0).as_str() {
            "password" => Credential::Password {
                username: part(1),
                password: part(2),
            },
            "refreshToken" => Credential::RefreshToken(part(1)),
            "token" => Credential::Token(part(1)),
            _ => {
                return Err(Error::new(
                    Kind::InvalidArgument,
                    "the credential has neither name and password nor a token",
                ));
            }
        }))
    }
}

/// Bytes of the host's.
#[derive(Clone, Debug)]
pub(super) struct FetchPiece(Uint8Array);

impl Piece for FetchPiece {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Uint8Array::from(bytes.as_slice()))
    }

    fn size(&self) -> u64 {
        u64::from(self.0.length())
    }

    fn skip(&self, bytes: u64) -> Self {
        let length = self.0.length();
        let from = u32::try_from(bytes).unwrap_or(length).min(length);
        Self(self.0.subarray(from, length))
    }
}

/// What is to be pushed, kept by the host.
#[derive(Debug)]
pub(super) struct FetchContent(pub(super) HostContent);

impl Content for FetchContent {
    type Body = FetchBody;

    fn size(&self) -> Option<u64> {
        self.0.size().as_f64().map(|size| size as u64)
    }

    fn digest(&self) -> Option<Digest> {
        self.0.digest().as_string()?.parse().ok()
    }

    fn reopens(&self) -> bool {
        self.0.reopens()
    }

    fn sent(&mut self, bytes: u64) {
        self.0.sent(bytes as f64);
    }

    async fn open(&mut self, offset: u64) -> Result<Option<FetchBody>> {
        let opened = HostFuture::begin(|host, slot| {
            host.open(slot, executor::current(), &self.0, offset as f64);
        })
        .await
        .map_err(error::of_content)?;
        Ok((!opened.is_undefined()).then(|| FetchBody(Some(opened.unchecked_into()))))
    }
}

/// A body that the host keeps, until it is handed on. Dropped, it is given up: else the host would hold its connection.
#[derive(Debug)]
pub(super) struct FetchBody(Option<HostBody>);

#[cfg(feature = "front")]
impl FetchBody {
    pub(super) fn new(body: HostBody) -> Self {
        Self(Some(body))
    }

    pub(super) fn host(&self) -> Option<&HostBody> {
        self.0.as_ref()
    }
}

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
        Ok(Some(bytes(piece)?.to_vec()))
    }

    fn cancel(&mut self) {
        if let Some(body) = &self.0 {
            host::with(|host| host.cancel(body));
        }
    }
}

impl Body for FetchBody {
    type Piece = FetchPiece;

    async fn take(&mut self, size: u64) -> Result<FetchPiece> {
        let Some(body) = &self.0 else {
            return Ok(FetchPiece(Uint8Array::new_with_length(0)));
        };
        let taken = HostFuture::begin(|host, slot| {
            host.take(slot, executor::current(), body, size as f64);
        });
        bytes(taken.await.map_err(error::from_host)?).map(FetchPiece)
    }

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

fn bytes(value: JsValue) -> Result<Uint8Array> {
    value
        .dyn_into::<Uint8Array>()
        .map_err(|_| Error::new(Kind::Internal, "the host read something that is not bytes"))
}

/// Fields as they cross: a line each, since as one text they take the least code on both sides. No value holds a line break.
pub(super) fn to_host(headers: &Headers) -> String {
    let mut lines = String::new();
    for (name, value) in headers.iter() {
        for part in [name, ":", value, "\n"] {
            lines.push_str(part);
        }
    }
    lines
}

/// The fields of such lines. Hosts differ in how they decode what is not ASCII; fields that no header can hold are left out, as none that
/// is read here may be among them.
pub(super) fn from_host(lines: &str) -> Headers {
    let mut read = Headers::new();
    for line in lines.split('\n') {
        if let Some((name, value)) = line.split_once(':') {
            let _ = read.append(name, value);
        }
    }
    read
}
