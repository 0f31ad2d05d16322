//! What an operation is given, and what it answers with: each a single value across the boundary, since every further argument of an
//! export costs code on both sides.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::digest::Digest;
use crate::{Error, Kind, Result};

/// The arguments of one call, by their places.
pub(super) struct Given(pub(super) Array);

impl Given {
    pub(super) fn value(&self, at: u32) -> JsValue {
        self.0.get(at)
    }

    pub(super) fn is(&self, at: u32) -> bool {
        self.value(at).is_truthy()
    }

    /// A string, if one is given.
    pub(super) fn text(&self, at: u32) -> Option<String> {
        self.value(at).as_string()
    }

    /// What a string says.
    pub(super) fn read<T: std::str::FromStr<Err = Error>>(&self, at: u32) -> Result<T> {
        self.text(at).unwrap_or_default().parse()
    }

    /// What a string says, if one is given.
    pub(super) fn optional<T: std::str::FromStr<Err = Error>>(&self, at: u32) -> Result<Option<T>> {
        self.text(at).map(|text| text.parse()).transpose()
    }

    /// What all further strings say.
    pub(super) fn all<T: std::str::FromStr<Err = Error>>(&self, from: u32) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for at in from..self.0.length() {
            all.push(self.read(at)?);
        }
        Ok(all)
    }

    /// A number from 0 to 2^32-1, if one is given.
    pub(super) fn number(&self, at: u32) -> Option<u32> {
        self.value(at).as_f64().map(|number| number as u32)
    }

    /// A number of bytes, if one is given.
    pub(super) fn size(&self, at: u32) -> Result<Option<u64>> {
        let value = self.value(at);
        if value.is_undefined() {
            return Ok(None);
        }
        let number = value.as_f64().unwrap_or(-1.0);
        if number.fract() != 0.0 || !(0.0..=9_007_199_254_740_991.0).contains(&number) {
            return Err(Error::new(
                Kind::InvalidArgument,
                "a size is not a whole number of bytes up to 2^53-1",
            ));
        }
        Ok(Some(number as u64))
    }
}

/// An answer: an object, whose properties are left out where there is nothing to say.
pub(in crate::wasm) struct Answer(Object);

impl Answer {
    pub(in crate::wasm) fn new() -> Self {
        Self(Object::new())
    }

    /// An answer about what has this digest.
    pub(super) fn of(digest: &Digest, media_type: Option<&str>, size: Option<u64>) -> Self {
        let answer = Self::new();
        answer.text("digest", Some(digest.as_str()));
        answer.text("mediaType", media_type);
        answer.number("size", size);
        answer
    }

    pub(in crate::wasm) fn set(&self, key: &str, value: &JsValue) {
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&self.0, &JsValue::from_str(key), value);
    }

    pub(super) fn text(&self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.set(key, &JsValue::from_str(text));
        }
    }

    pub(in crate::wasm) fn number(&self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.set(key, &JsValue::from_f64(number as f64));
        }
    }

    pub(in crate::wasm) fn into_js(self) -> JsValue {
        self.0.into()
    }
}
