//! Walks through images, for a host that reads what they ask for.

use wasm_bindgen::prelude::*;

use super::document::{options, profile};
use super::{error, value};
use crate::graph::{Limits, Options, Step, Walk};
use crate::rules::{Report, rules};
use crate::{Error, Kind};

/// A walk in progress.
#[wasm_bindgen]
pub struct RawWalk(Walk);

#[wasm_bindgen]
impl RawWalk {
    /// Limits that are `undefined` are the defaults.
    #[wasm_bindgen(constructor)]
    pub fn new(
        profile: Option<String>,
        layout: bool,
        depth: Option<f64>,
        descriptors: Option<f64>,
        bytes: Option<f64>,
    ) -> Result<RawWalk, JsValue> {
        let mut limits = Limits::default();
        if let Some(depth) = depth {
            limits.max_depth = value::size(depth)? as usize;
        }
        if let Some(descriptors) = descriptors {
            limits.max_descriptors = value::size(descriptors)? as usize;
        }
        if let Some(bytes) = bytes {
            limits.max_bytes = value::size(bytes)?;
        }
        let profile = self::profile(profile).map_err(error::to_js)?;
        let mut options = Options::default().with_profile(profile).with_limits(limits);
        options.layout = layout;
        Ok(Self(Walk::new(options)))
    }

    /// Begins at a document, with options as those of `validate`.
    pub fn root(
        &mut self,
        name: Option<String>,
        bytes: &[u8],
        media_type: Option<String>,
        expected: Option<String>,
    ) -> Result<(), JsValue> {
        let options = options(media_type, None, expected).map_err(error::to_js)?;
        self.0.root(name.as_deref(), bytes, &options);
        Ok(())
    }

    /// What is needed next, or the report that is ready; `undefined` at the end.
    pub fn next(&mut self) -> JsValue {
        match self.0.next() {
            Some(Step::Open(request)) => value::to_js(&request),
            Some(Step::Report(report)) => value::to_js(&report),
            None => JsValue::UNDEFINED,
        }
    }

    pub fn document(&mut self, bytes: &[u8]) {
        self.0.document(bytes);
    }

    pub fn content(&mut self, outcome: &str) -> Result<(), JsValue> {
        self.0.content(outcome.parse().map_err(error::to_js)?);
        Ok(())
    }

    #[wasm_bindgen(js_name = hasRead)]
    pub fn has_read(&self, digest: &str) -> bool {
        self.0.has_read(digest)
    }
}

/// The report on something that is no document, or is not there, by the id of the rule that it breaks.
#[wasm_bindgen(js_name = brokenReport)]
pub fn broken_report(rule: &str, profile: Option<String>) -> Result<JsValue, JsValue> {
    let profile = self::profile(profile).map_err(error::to_js)?;
    let rule = rules()
        .find(|known| known.id == rule)
        .ok_or_else(|| error::to_js(Error::new(Kind::InvalidArgument, "no rule of that id")))?;
    Ok(value::to_js(&Report::broken(rule, profile)))
}
