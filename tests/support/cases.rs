//! Documents of the test cases in `tests/fixtures/`, made from what a case says of them. A case has one of:
//! - `text`;
//! - `hex`;
//! - `parts`: strings and [string, count] pairs, put together;
//! - `base`: the document of that name in `rules/valid/`, after `remove` and `set` by JSON pointer, and with the text of `raw`, be
//!   it JSON or not, for the values at its pointers.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking, and not each uses all of this"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The bytes of a case's document.
pub(crate) fn document(case: &Value) -> Vec<u8> {
    if let Some(text) = case["text"].as_str() {
        return text.into();
    }
    if let Some(hex) = case["hex"].as_str() {
        return (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
    }
    if let Some(parts) = case["parts"].as_array() {
        let part = |part: &Value| match part {
            Value::String(text) => text.clone(),
            part => part[0]
                .as_str()
                .unwrap()
                .repeat(part[1].as_u64().unwrap() as usize),
        };
        return parts.iter().map(part).collect::<String>().into();
    }
    let mut document: Value =
        serde_json::from_slice(&base(case["base"].as_str().unwrap())).unwrap();
    for pointer in case["remove"].as_array().into_iter().flatten() {
        let (parent, key) = place(&mut document, pointer.as_str().unwrap());
        let gone = match parent {
            Value::Object(object) => object.remove(&key).is_some(),
            Value::Array(array) => {
                array.remove(key.parse().unwrap());
                true
            }
            _ => false,
        };
        assert!(gone, "nothing to remove at {pointer}");
    }
    for (pointer, value) in case["set"].as_object().into_iter().flatten() {
        put(&mut document, pointer, value.clone());
    }
    let mut texts = Vec::new();
    for (pointer, text) in case["raw"].as_object().into_iter().flatten() {
        let mark = format!("raw text {}", texts.len());
        put(&mut document, pointer, mark.clone().into());
        texts.push((Value::from(mark).to_string(), text.as_str().unwrap()));
    }
    let mut json = document.to_string();
    for (mark, text) in texts {
        json = json.replacen(&mark, text, 1);
    }
    json.into()
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = place(document, pointer);
    match parent {
        Value::Object(object) => drop(object.insert(key, value)),
        parent => parent[key.parse::<usize>().unwrap()] = value,
    }
}

/// What holds the value at a pointer, and the last token of the pointer.
fn place<'a>(document: &'a mut Value, pointer: &str) -> (&'a mut Value, String) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    (
        document.pointer_mut(parent).unwrap(),
        key.replace("~1", "/").replace("~0", "~"),
    )
}

/// A document that breaks no rule.
pub(crate) fn base(name: &str) -> Vec<u8> {
    fs::read(directory().join("valid").join(name).with_extension("json")).unwrap()
}

/// Where the cases of the rules are.
pub(crate) fn directory() -> PathBuf {
    fixtures().join("rules")
}

/// Where all cases are.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}
