//! Walks through images, for a host that reads what they ask for.

use wasm_bindgen::prelude::*;

use super::document::profile;
use super::{error, value};
use crate::graph::{Limits, Options, Outcome, Step, Walk};
use crate::rules::{Expected, Profile, Report, rules};

/// A walk in progress.
#[wasm_bindgen]
pub struct RawWalk {
    walk: Walk,
    profile: Profile,
}

/// What a host answers with: as `OUTCOMES` in `js/layout.ts`.
const OUTCOMES: [Outcome; 5] = [
    Outcome::Verified,
    Outcome::Unverifiable,
    Outcome::Size,
    Outcome::Digest,
    Outcome::Missing,
];

#[wasm_bindgen]
impl RawWalk {
    /// A walk. `bytes` is a whole number.
    #[wasm_bindgen(constructor)]
    pub fn new(
        profile: Option<String>,
        layout: bool,
        depth: usize,
        descriptors: usize,
        bytes: f64,
    ) -> Result<RawWalk, JsValue> {
        let profile = self::profile(profile)?;
        let limits = Limits::default()
            .with_max_depth(depth)
            .with_max_descriptors(descriptors)
            .with_max_bytes(bytes as u64);
        let mut options = Options::default().with_profile(profile).with_limits(limits);
        options.layout = layout;
        let walk = Walk::new(options);
        Ok(Self { walk, profile })
    }

    /// Begins at a document; `expected` is JSON: see [`Expected::from_json`].
    pub fn root(
        &mut self,
        bytes: &[u8],
        media_type: Option<String>,
        expected: &str,
    ) -> Result<(), JsValue> {
        let expected = Expected::from_json(expected.as_bytes()).map_err(error::to_js)?;
        self.walk.root(bytes, media_type, expected);
        Ok(())
    }

    /// What is needed next, or the report that is ready; `undefined` at the end.
    pub fn next(&mut self) -> JsValue {
        match self.walk.next() {
            Some(Step::Open(request)) => value::to_js(&request),
            Some(Step::Report(report)) => value::to_js(&report),
            None => JsValue::UNDEFINED,
        }
    }

    pub fn document(&mut self, bytes: &[u8]) -> bool {
        self.walk.document(bytes)
    }

    /// Takes the outcome of this number.
    pub fn content(&mut self, outcome: usize) {
        let outcome = OUTCOMES.get(outcome).copied();
        self.walk.content(outcome.unwrap_or(Outcome::Missing));
    }

    /// The report on something that is no document, or is not there, by the id of the rule on layouts that it breaks.
    pub fn broken(&self, rule: &str) -> JsValue {
        match rules().find(|known| known.id() == rule) {
            Some(rule) => value::to_js(&Report::broken(rule, self.profile)),
            None => JsValue::UNDEFINED,
        }
    }
}
