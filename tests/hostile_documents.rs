//! Documents that must not be used: each is refused with the code of what is wrong with it.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use pierhead::document::Document;
use serde_json::json;

#[path = "support/hostile.rs"]
mod hostile;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[test]
fn hostile_documents_are_refused_each_with_its_code() {
    for (name, bytes, declared, code) in hostile::documents() {
        let error = Document::parse(bytes, declared).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(
            error.position().is_some() || code == "TOO_LARGE",
            "{name} has a place"
        );
    }
}

#[test]
fn a_mismatch_says_what_was_declared_and_what_was_there() {
    let text = json!({"mediaType": INDEX}).to_string();
    let error = Document::parse(text.into(), Some(MANIFEST)).unwrap_err();
    assert_eq!(
        (error.expected(), error.actual()),
        (Some(MANIFEST), Some(INDEX))
    );
    assert_eq!(error.position().unwrap().column, 14);
}
