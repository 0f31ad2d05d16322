//! Errors across the boundary: ours leave as plain objects, the host's come in as sources.

use std::fmt;

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::value;
use crate::{Error, Kind};

/// An error as TypeScript's `errorFrom` reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireError<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WireEntry<'a>>,
}

#[derive(Serialize)]
struct WireEntry<'a> {
    code: &'a str,
    message: &'a str,
}

/// An error as it leaves: a plain object, and under `cause` what the host threw, where that is behind it.
pub(super) fn to_js(mut error: Error) -> JsValue {
    let cause = error
        .take_source()
        .and_then(|source| source.downcast::<HostError>().ok());
    let position = error.position();
    let wire = WireError {
        code: error.code(),
        message: error.message(),
        expected: error.expected(),
        actual: error.actual(),
        url: error.url(),
        status: error.status(),
        retry_after: error.retry_after(),
        offset: position.map(|position| position.offset),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        errors: error
            .entries()
            .iter()
            .map(|entry| WireEntry {
                code: &entry.code,
                message: &entry.message,
            })
            .collect(),
    };
    let object = value::to_js(&wire);
    if let Some(HostError(cause)) = cause.map(|cause| *cause) {
        // Setting a property of a plain object cannot fail.
        let _ = js_sys::Reflect::set(&object, &JsValue::from_str("cause"), &cause);
    }
    object
}

/// What the host threw while it sent a request or read a response. Its own errors have the `code` of one of ours; anything else
/// failed to connect.
pub(super) fn from_host(thrown: JsValue) -> Error {
    translated(thrown, Kind::ConnectionFailed)
}

/// What a content or a place of the host's threw. What is none of our errors leaves as it came.
pub(super) fn of_content(thrown: JsValue) -> Error {
    translated(thrown, Kind::Content)
}

/// What a store of objects threw, or the stream that it was to put.
#[cfg(feature = "front")]
pub(super) fn from_store(thrown: JsValue) -> Error {
    let code = code_of(&thrown).unwrap_or_default();
    let kinds = [
        Kind::StoreBusy,
        Kind::BodyTruncated,
        Kind::ConnectionLost,
        Kind::Timeout,
        Kind::Aborted,
    ];
    let kind = match code.as_str() {
        "STORE_CONTENT_MISMATCH" => Kind::DigestMismatch,
        code => kinds
            .into_iter()
            .find(|kind| kind.code() == code)
            .unwrap_or(Kind::StoreUnavailable),
    };
    let message = match kind {
        Kind::DigestMismatch => "the content has another digest",
        Kind::BodyTruncated => "the body ended early",
        Kind::ConnectionLost => "the connection broke in the middle of the body",
        Kind::Timeout => "the body did not go on in time",
        _ => "the store failed",
    };
    Error::new(kind, message).with_source(HostError(thrown))
}

fn code_of(thrown: &JsValue) -> Option<String> {
    let code = js_sys::Reflect::get(thrown, &JsValue::from_str("code")).ok()?;
    code.as_string()
}

fn translated(thrown: JsValue, otherwise: Kind) -> Error {
    let code = code_of(&thrown);
    let kinds = [
        Kind::Timeout,
        Kind::ConnectionLost,
        Kind::DigestMismatch,
        Kind::SizeMismatch,
        Kind::BodyTruncated,
        Kind::Aborted,
        Kind::UnexpectedResponse,
        Kind::UnsupportedAlgorithm,
        Kind::InvalidHeader,
        Kind::InvalidArgument,
    ];
    let kind = kinds
        .into_iter()
        .find(|kind| code.as_deref() == Some(kind.code()))
        .unwrap_or(otherwise);
    let message = match kind {
        Kind::Timeout => "the registry did not answer in time",
        Kind::ConnectionLost => "the connection broke in the middle of the body",
        Kind::DigestMismatch | Kind::SizeMismatch | Kind::BodyTruncated => {
            "the content is not what it was said to be"
        }
        Kind::Aborted => "the operation was given up",
        Kind::UnexpectedResponse => "the response cannot be read",
        Kind::UnsupportedAlgorithm => "the host cannot compute this digest",
        Kind::InvalidHeader => "a header is malformed",
        Kind::InvalidArgument => "the host gave something that is not bytes",
        Kind::Content => "what is read or written here failed",
        _ => "the registry could not be reached",
    };
    Error::new(kind, message).with_source(HostError(thrown))
}

/// What was thrown by whoever was asked for a credential.
pub(super) fn from_credentials(thrown: JsValue) -> Error {
    Error::new(Kind::Auth, "the credential could not be had").with_source(HostError(thrown))
}

/// A JavaScript value that was thrown.
#[derive(Debug)]
struct HostError(JsValue);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host threw")
    }
}

impl std::error::Error for HostError {}
