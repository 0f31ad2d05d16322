//! The property `data` of a descriptor: the content itself, embedded (`descriptor.md`, "Embedded Content").

use crate::base64::{Fault, decode};
use crate::digest::Digest;
use crate::document::Shape;
use crate::json::{Cause, Limits, Tree, Value};

use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const PROPERTIES: &str = image_spec!("descriptor.md#properties");
const EMBEDDED: &str = image_spec!("descriptor.md#embedded-content");

rules! {
    BASE64 = Rule::error("descriptor.data.base64", "data must be Base64 (RFC 4648, section 4), padded, without line breaks", PROPERTIES);
    SIZE = Rule::error("descriptor.data.size", "data must be as long as size says", EMBEDDED).beyond_schema();
    DIGEST = Rule::error("descriptor.data.digest", "data must have the digest of the descriptor", EMBEDDED).beyond_schema();
    MEDIA_TYPE = Rule::error("descriptor.data.media-type", "data must not be a manifest or index of another media type than the descriptor's: it would pass a filter by type", EMBEDDED).beyond_schema();
}

/// What the descriptor says of its content, as far as it could be read.
pub(super) struct Claims<'a> {
    pub(super) media_type: Option<Value<'a>>,
    pub(super) digest: Option<Value<'a>>,
    pub(super) size: Option<u64>,
}

/// Checks embedded content against what its descriptor says of it.
pub(super) fn check(findings: &mut Findings, data: Value<'_>, claims: &Claims<'_>) {
    let text = data.as_str().unwrap_or_default();
    let content = match decode(text.as_bytes()) {
        Ok(content) => content,
        Err(Fault::Lenient) => return findings.add_beyond_schema(BASE64, data),
        Err(Fault::Grammar) => return findings.add(BASE64, data),
    };
    if claims.size.is_some_and(|size| size != content.len() as u64) {
        return findings.add(SIZE, data);
    }
    let digest: Option<Digest> = claims
        .digest
        .and_then(Value::as_str)
        .and_then(|digest| digest.parse().ok());
    if let Some(digest) = digest
        && let Some(algorithm) = digest.algorithm()
        && Digest::of(algorithm, &content) != digest
    {
        return findings.add(DIGEST, data);
    }
    let Some(media_type) = claims.media_type.and_then(Value::as_str) else {
        return;
    };
    match Tree::read(&content, &Limits::default()) {
        Ok((tree, text)) => {
            let detected = Shape::of(tree.root_of(text)).detect(Some(&media_type));
            if !detected.clashes.is_empty() {
                findings.add(MEDIA_TYPE, data);
            }
        }
        Err(fault) if is_read_by_others(fault.cause) && begins_an_object(&content) => {
            findings.add_because(MEDIA_TYPE, data, LENIENT);
        }
        Err(_) => {}
    }
}

const LENIENT: &str = "data is JSON that some readers take, and this one does not: it may be a manifest or index to them";

/// Whether there are readers who go on where the strict one stops: Go's replaces what is not UTF-8, and nests more deeply.
fn is_read_by_others(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::TooMany | Cause::TooDeep | Cause::Utf8 | Cause::Surrogate | Cause::Overflow
    )
}

/// Whether bytes, be they UTF-8 or not, begin as an object with a property does.
fn begins_an_object(bytes: &[u8]) -> bool {
    let rest = bytes.trim_ascii_start().strip_prefix(b"{");
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}
