//! The portable hash, as an object that JavaScript feeds.

use wasm_bindgen::prelude::*;

use super::error;
use crate::digest::Hasher;

/// A hash in progress.
#[wasm_bindgen]
pub struct RawHasher(Hasher);

#[wasm_bindgen]
impl RawHasher {
    #[wasm_bindgen(constructor)]
    pub fn new(algorithm: &str) -> Result<RawHasher, JsValue> {
        Ok(Self(Hasher::new(algorithm.parse().map_err(error::to_js)?)))
    }

    pub fn restore(algorithm: &str, state: &[u8]) -> Result<RawHasher, JsValue> {
        let algorithm = algorithm.parse().map_err(error::to_js)?;
        Hasher::restore(algorithm, state)
            .map(Self)
            .map_err(error::to_js)
    }

    pub fn update(&mut self, chunk: &[u8]) {
        self.0.update(chunk);
    }

    /// The digest of what has come so far; the hash can go on.
    pub fn digest(&self) -> String {
        self.0.clone().finish().into_string()
    }

    pub fn save(&self) -> Result<Vec<u8>, JsValue> {
        self.0.save().map_err(error::to_js)
    }
}
