//! The host of a hosted registry: a store of JavaScript's, and what reads and hashes bodies on their way into it.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::error;
use super::executor::{self, HostFuture};
use super::host::HostBody;
use super::transport::{self, FetchBody, FetchPiece};
use crate::client::{Body, Chunks, Clock, Expected};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::front::{
    Condition, Content, Host, Listed, Listing, Object, ObjectInfo, ObjectStore, Part, Tap,
};
use crate::http::ByteRange;
use crate::{Error, Kind, Result};

#[wasm_bindgen]
extern "C" {
    /// The host's side of a store: `js/front/store-calls.ts` implements it. None of its methods throws.
    pub type HostStore;

    /// Begins something for `task`, and settles `slot` with what it gives. What each method takes and gives is said there.
    #[wasm_bindgen(method)]
    fn call(this: &HostStore, slot: u32, task: u32, method: &str, given: &Array);
    /// The next bytes of a body, all of them where `size` is negative, as a body that hands them to `tap` on their way.
    #[wasm_bindgen(method)]
    fn portion(this: &HostStore, body: &HostBody, size: f64, tap: RawTap) -> HostBody;
    /// Whether `put` verifies SHA-256.
    #[wasm_bindgen(method, getter)]
    fn verifies(this: &HostStore) -> bool;
    /// A number from 0 to 2^32-1 that nobody can guess.
    #[wasm_bindgen(method)]
    fn secret(this: &HostStore) -> u32;
}

/// A store of the host's.
pub(super) struct StoreHost(pub(super) HostStore);

impl StoreHost {
    async fn ask(&self, method: &str, given: &Array) -> Result<JsValue> {
        HostFuture::begin(|_, slot| self.0.call(slot, executor::current(), method, given))
            .await
            .map_err(error::from_store)
    }
}

impl ObjectStore for StoreHost {
    type Body = StoreBody;

    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>> {
        let known = self.ask("head", &Array::of1(&key.into())).await?;
        Ok(info(&known))
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<Object<StoreBody>>> {
        let given = Array::of1(&key.into());
        if let Some(range) = range {
            push(&given, range);
        }
        let found = self.ask("get", &given).await?;
        let Some(info) = info(&found) else {
            return Ok(None);
        };
        let body = found.unchecked_into::<Array>().get(3);
        let body = match body.dyn_into::<Uint8Array>() {
            Ok(bytes) => StoreBody::Bytes(bytes),
            Err(body) => StoreBody::of(body),
        };
        Ok(Some(Object::new(info, body)))
    }

    async fn put(
        &self,
        key: &str,
        content: Content<StoreBody>,
        condition: Condition<'_>,
        digest: Option<&Digest>,
    ) -> Result<Option<ObjectInfo>> {
        let (content, size) = match content {
            Content::Bytes(bytes) => (Uint8Array::from(bytes.as_slice()).into(), None),
            Content::Stream(body, size) => (body.into_js(), size),
        };
        let condition = match condition {
            Condition::None => JsValue::UNDEFINED,
            Condition::Absent => JsValue::TRUE,
            Condition::Version(version) => version.into(),
        };
        let sha256 = digest
            .filter(|digest| self.verifies(digest))
            .map_or(JsValue::UNDEFINED, |digest| digest.encoded().into());
        let size = size.map_or(JsValue::UNDEFINED, |size| JsValue::from(size as f64));
        let given = Array::of5(&key.into(), &content, &size, &condition, &sha256);
        Ok(info(&self.ask("put", &given).await?))
    }

    async fn delete(&self, keys: &[String]) -> Result<()> {
        let given: Array = keys.iter().map(|key| JsValue::from_str(key)).collect();
        self.ask("delete", &given).await.map(|_| ())
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Listing> {
        let after = after.map_or(JsValue::UNDEFINED, JsValue::from);
        let given = Array::of3(&prefix.into(), &limit.into(), &after);
        let page: Array = self.ask("list", &given).await?.unchecked_into();
        let mut objects = Vec::new();
        let mut at = 1;
        while at < page.length() {
            let key = page.get(at).as_string().unwrap_or_default();
            objects.push(Listed::new(
                key,
                number(&page, at + 1),
                number(&page, at + 2),
            ));
            at += 3;
        }
        Ok(Listing::new(objects, page.get(0).is_truthy()))
    }

    fn verifies(&self, digest: &Digest) -> bool {
        digest.algorithm() == Some(Algorithm::Sha256) && self.0.verifies()
    }

    async fn presign(&self, key: &str) -> Result<Option<String>> {
        let url = self.ask("presign", &Array::of1(&key.into())).await?;
        Ok(url.as_string())
    }
}

impl Clock for StoreHost {
    fn now(&self) -> u64 {
        transport::now()
    }

    async fn sleep(&self, milliseconds: u64) {
        transport::sleep(milliseconds).await;
    }

    fn random(&self) -> u32 {
        transport::random()
    }
}

impl Host for StoreHost {
    type Tap = HostTap;

    fn unix_time(&self) -> u64 {
        transport::now()
    }

    fn unique(&self) -> u128 {
        (0..4).fold(0, |number, _| number << 32 | u128::from(self.0.secret()))
    }

    fn portion(
        &self,
        body: &mut StoreBody,
        size: Option<u64>,
        hasher: Hasher,
    ) -> (StoreBody, HostTap) {
        let tapped = Rc::new(RefCell::new(Tapped {
            hasher,
            ended: false,
        }));
        let StoreBody::Host(whole) = body else {
            // What the store gave whole is of the store, and nothing of that is stored again.
            return (
                StoreBody::Bytes(Uint8Array::new_with_length(0)),
                HostTap(tapped),
            );
        };
        let size = size.map_or(-1.0, |size| size as f64);
        let tap = RawTap(Rc::clone(&tapped));
        let portion = match whole.host() {
            Some(host) => StoreBody::Host(FetchBody::new(self.0.portion(host, size, tap))),
            None => StoreBody::Bytes(Uint8Array::new_with_length(0)),
        };
        (portion, HostTap(tapped))
    }

    async fn parts(&self, parts: Vec<Part>) -> Result<Option<StoreBody>> {
        let given = Array::new();
        for part in parts {
            given.push(&part.key.into());
            push(&given, part.range);
        }
        let body = self.ask("parts", &given).await?;
        Ok((!body.is_undefined()).then(|| StoreBody::of(body)))
    }
}

/// What is known of an object, where that is anything.
fn info(known: &JsValue) -> Option<ObjectInfo> {
    let known: &Array = known.dyn_ref()?;
    let version = known.get(1).as_string().unwrap_or_default();
    Some(ObjectInfo::new(number(known, 0), version, number(known, 2)))
}

fn number(values: &Array, at: u32) -> u64 {
    values.get(at).as_f64().unwrap_or_default() as u64
}

fn push(given: &Array, range: ByteRange) {
    given.push(&(range.start as f64).into());
    given.push(&(range.end as f64).into());
}

/// A body of the host's, or bytes that it had read already.
#[derive(Debug)]
pub(super) enum StoreBody {
    Bytes(Uint8Array),
    Host(FetchBody),
}

impl StoreBody {
    /// A `HostBody`.
    pub(super) fn of(body: JsValue) -> Self {
        Self::Host(FetchBody::new(body.unchecked_into()))
    }

    pub(super) fn into_js(self) -> JsValue {
        match self {
            Self::Bytes(bytes) => bytes.into(),
            Self::Host(body) => body.into_js(),
        }
    }
}

impl Chunks for StoreBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Bytes(bytes) => {
                let chunk = bytes.to_vec();
                *bytes = Uint8Array::new_with_length(0);
                Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
            }
            Self::Host(body) => body.chunk().await,
        }
    }

    fn cancel(&mut self) {
        match self {
            Self::Bytes(bytes) => *bytes = Uint8Array::new_with_length(0),
            Self::Host(body) => body.cancel(),
        }
    }
}

impl Body for StoreBody {
    type Piece = FetchPiece;

    async fn take(&mut self, size: u64) -> Result<FetchPiece> {
        match self {
            Self::Host(body) => body.take(size).await,
            Self::Bytes(_) => Err(unneeded()),
        }
    }

    fn verified(self, _expected: Expected) -> Result<Self> {
        Err(unneeded())
    }
}

/// What the client asks of its bodies, and no hosted registry.
fn unneeded() -> Error {
    Error::new(
        Kind::Internal,
        "a body of a store is asked for something else",
    )
}

#[derive(Debug)]
struct Tapped {
    hasher: Hasher,
    ended: bool,
}

/// The hasher of a portion, as the host feeds it.
#[wasm_bindgen]
pub struct RawTap(Rc<RefCell<Tapped>>);

#[wasm_bindgen]
impl RawTap {
    /// Hashes the next bytes.
    pub fn update(&self, chunk: &[u8]) {
        self.0.borrow_mut().hasher.update(chunk);
    }

    /// That was all.
    pub fn end(&self) {
        self.0.borrow_mut().ended = true;
    }
}

/// Gives back the hasher of a portion.
#[derive(Debug)]
pub(super) struct HostTap(Rc<RefCell<Tapped>>);

impl Tap for HostTap {
    fn finish(self) -> Option<Hasher> {
        let tapped = self.0.borrow();
        tapped.ended.then(|| tapped.hasher.clone())
    }
}
