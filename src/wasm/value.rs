//! Small values across the boundary, and the functions that are nothing more.

use js_sys::JSON;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::error;
use crate::digest::{Algorithm, Digest, DigestParts};
use crate::json::to_json;
use crate::platform::Platform;
use crate::reference::{Reference, ReferenceParts};

/// A value as the JavaScript that its JSON reads to. As text it crosses the boundary once, whatever it holds, and no key of a map
/// has a meaning of its own: `__proto__` is a name like any other.
pub(super) fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    let text = to_json(value).ok();
    // Only fractions, bytes and keys that are no strings cannot be written, and there are none.
    text.and_then(|text| JSON::parse(&text).ok())
        .unwrap_or(JsValue::UNDEFINED)
}

#[wasm_bindgen]
pub fn digest(algorithm: &str, bytes: &[u8]) -> Result<String, JsValue> {
    let algorithm: Algorithm = algorithm.parse().map_err(error::to_js)?;
    Ok(Digest::of(algorithm, bytes).into_string())
}

#[wasm_bindgen(js_name = parseDigest)]
pub fn parse_digest(text: &str) -> Result<JsValue, JsValue> {
    let digest: Digest = text.parse().map_err(error::to_js)?;
    Ok(to_js(&DigestParts::from(&digest)))
}

#[wasm_bindgen(js_name = parseReference)]
pub fn parse_reference(text: &str) -> Result<JsValue, JsValue> {
    let reference: Reference = text.parse().map_err(error::to_js)?;
    Ok(to_js(&ReferenceParts::from(&reference)))
}

#[wasm_bindgen(js_name = parsePlatform)]
pub fn parse_platform(text: &str) -> Result<JsValue, JsValue> {
    let platform: Platform = text.parse().map_err(error::to_js)?;
    Ok(to_js(&platform))
}

/// Whether what is for the platform `image` will do for one who asks for `asked`; what is no platform never will.
#[wasm_bindgen(js_name = platformRuns)]
pub fn platform_runs(asked: &str, image: &str, exact: bool) -> Result<bool, JsValue> {
    let asked: Platform = asked.parse().map_err(error::to_js)?;
    let Ok(image) = image.parse() else {
        return Ok(false);
    };
    Ok(if exact {
        asked.matches(&image)
    } else {
        asked.runs(&image)
    })
}
