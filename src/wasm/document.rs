//! Documents and verdicts.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{error, value};
use crate::Result;
use crate::artifact::Artifact;
use crate::document::{Descriptor, Document, Variants, place_of};
use crate::rules::{self, Profile, Severity};

/// A report; `mediaType`, `profile` and `expected` are those of the options, `undefined` for the defaults. `expected` is JSON: see
/// [`rules::Expected::from_json`]. `digest` is the document's, where the host has computed it.
#[wasm_bindgen]
pub fn validate(
    bytes: &[u8],
    media_type: Option<String>,
    profile: Option<String>,
    expected: Option<String>,
    digest: Option<String>,
) -> Result<JsValue, JsValue> {
    let mut options = options(media_type, profile, expected)?;
    options.digest = digest;
    Ok(value::to_js(&rules::validate(bytes, &options)))
}

/// A verdict, by the same options.
#[wasm_bindgen(js_name = isValid)]
pub fn is_valid(
    bytes: &[u8],
    media_type: Option<String>,
    profile: Option<String>,
    expected: Option<String>,
) -> Result<bool, JsValue> {
    Ok(rules::is_valid(
        bytes,
        &options(media_type, profile, expected)?,
    ))
}

fn options(
    media_type: Option<String>,
    profile: Option<String>,
    expected: Option<String>,
) -> Result<rules::Options, JsValue> {
    let mut options = rules::Options::default().with_profile(self::profile(profile)?);
    options.media_type = media_type;
    if let Some(expected) = expected {
        options.expected = rules::Expected::from_json(expected.as_bytes()).map_err(error::to_js)?;
    }
    Ok(options)
}

pub(super) fn profile(name: Option<String>) -> Result<Profile, JsValue> {
    let profile = name.map(|name| name.parse()).transpose();
    Ok(profile.map_err(error::to_js)?.unwrap_or_default())
}

/// A rule, as it is listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: &'static str,
    severity: Severity,
    schema_severity: Severity,
    summary: &'static str,
    spec: &'static str,
}

/// All rules.
#[wasm_bindgen]
pub fn rules() -> JsValue {
    let list: Vec<Listed> = rules::rules()
        .map(|rule| {
            let (id, summary, spec) = rule.text();
            Listed {
                id,
                severity: rule.severity(Profile::default()),
                schema_severity: rule.severity(Profile::Schema),
                summary,
                spec,
            }
        })
        .collect();
    value::to_js(&list)
}

/// A document that keeps its bytes.
#[wasm_bindgen]
pub struct RawDocument(Document);

/// What a document points at.
#[derive(Serialize)]
struct Descriptors {
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
}

#[wasm_bindgen]
impl RawDocument {
    pub fn parse(bytes: Vec<u8>, media_type: Option<String>) -> Result<RawDocument, JsValue> {
        Document::parse(bytes, media_type.as_deref())
            .map(Self)
            .map_err(error::to_js)
    }

    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        self.0.kind().as_str().to_owned()
    }

    #[wasm_bindgen(getter, js_name = mediaType)]
    pub fn media_type(&self) -> Option<String> {
        self.0.media_type().map(str::to_owned)
    }

    pub fn descriptors(&self) -> Result<JsValue, JsValue> {
        let read = || {
            Ok(Descriptors {
                config: self.0.config()?,
                layers: self.0.layers()?,
                manifests: self.0.manifests()?,
                subject: self.0.subject()?,
            })
        };
        given(read())
    }

    /// The place among the manifests of an index of that for a platform; `undefined` if there is none.
    #[wasm_bindgen(js_name = selectPlatform)]
    pub fn select_platform(&self, platform: &str, exact: bool) -> Result<Option<usize>, JsValue> {
        let find = || {
            let variants = match exact {
                true => Variants::Exact,
                false => Variants::Compatible,
            };
            Ok(place_of(&self.0.manifests()?, &platform.parse()?, variants))
        };
        find().map_err(error::to_js)
    }

    pub fn artifact(&self) -> Result<JsValue, JsValue> {
        given(Artifact::of(&self.0))
    }
}

fn given<T: Serialize>(result: Result<T>) -> Result<JsValue, JsValue> {
    result
        .map(|found| value::to_js(&found))
        .map_err(error::to_js)
}
