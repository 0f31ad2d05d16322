//! Copies, which the host makes as they are planned here: `js/client/copy.ts`.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::given::Given;
use super::{error, value};
use crate::Result;
use crate::client::copy::{Fetched, Plan, Platforms};
use crate::document::Descriptor;
use crate::json::Tree;
use crate::platform::Platform;

/// A copy under way.
#[wasm_bindgen]
pub struct RawCopy(Plan);

#[wasm_bindgen]
impl RawCopy {
    /// A copy of what stands first in `given`, as the JSON of a list of its descriptor, and its bytes; then whether referrers come along,
    /// and whether what follows is the one platform of [`Platforms::Image`], else those of [`Platforms::Some`]; all if none follows.
    #[wasm_bindgen(constructor)]
    pub fn new(given: Array) -> Result<RawCopy, JsValue> {
        plan(&Given(given)).map(Self).map_err(error::to_js)
    }

    /// What is to be done next: a `Batch`.
    pub fn next(&mut self) -> Result<JsValue, JsValue> {
        let batch = self.0.next().map_err(error::to_js)?;
        Ok(value::to_js(&batch))
    }

    /// Takes what was found in the source: the bytes of a manifest, or the JSON of a list of descriptors, which refer to it.
    pub fn found(&mut self, at: usize, found: JsValue) -> Result<(), JsValue> {
        match found.as_string() {
            Some(json) => descriptors(&json).and_then(|found| self.0.referred(at, found)),
            None => self.0.read(at, bytes(found)),
        }
        .map_err(error::to_js)
    }

    /// Bytes that are at hand.
    pub fn bytes(&self, at: usize) -> Uint8Array {
        self.0.bytes(at).unwrap_or_default().into()
    }
}

fn plan(given: &Given) -> Result<Plan> {
    let root = descriptors(&given.text(0).unwrap_or_default())?.pop();
    let root = root.ok_or_else(|| crate::Error::new(crate::Kind::Internal, "a copy of nothing"))?;
    let platforms: Vec<Platform> = given.all(4)?;
    let platforms = match platforms.first() {
        None => Platforms::All,
        Some(platform) if given.is(3) => Platforms::Image(platform.clone()),
        Some(_) => Platforms::Some(platforms),
    };
    let root = Fetched::new(root, bytes(given.value(1)));
    Plan::new(root, platforms, given.is(2))
}

fn bytes(given: JsValue) -> Vec<u8> {
    given.unchecked_into::<Uint8Array>().to_vec()
}

/// The descriptors of a JSON array.
fn descriptors(json: &str) -> Result<Vec<Descriptor>> {
    let tree = Tree::parse(json.as_bytes())?;
    Descriptor::read_all(tree.root_of(json))
}
