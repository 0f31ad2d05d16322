//! The property `data` of a descriptor: the content itself, embedded (`descriptor.md`, "Embedded Content").

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
        Err(Fault::Lenient) => return findings.add_beyond_schema(&BASE64, data),
        Err(Fault::Grammar) => return findings.add(&BASE64, data),
    };
    if claims.size.is_some_and(|size| size != content.len() as u64) {
        return findings.add(&SIZE, data);
    }
    let digest: Option<Digest> = claims
        .digest
        .and_then(Value::as_str)
        .and_then(|digest| digest.parse().ok());
    if let Some(digest) = digest
        && let Some(algorithm) = digest.algorithm()
        && Digest::of(algorithm, &content) != digest
    {
        return findings.add(&DIGEST, data);
    }
    let Some(media_type) = claims.media_type.and_then(Value::as_str) else {
        return;
    };
    match Tree::read(&content, &Limits::default()) {
        Ok((tree, text)) => {
            let detected = Shape::of(tree.root_of(text)).detect(Some(&media_type));
            if !detected.clashes.is_empty() {
                findings.add(&MEDIA_TYPE, data);
            }
        }
        Err(fault) if is_read_by_others(fault.cause) && begins_an_object(&content) => {
            findings.add_because(&MEDIA_TYPE, data, LENIENT);
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

/// Why a text is not what an encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Grammar,
    /// Go's decoder takes it: there are line breaks in it, or bits behind the last byte.
    Lenient,
}

/// Decodes Base 64: the standard alphabet, padded, in the one form that an encoder gives.
fn decode(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0_u32, 0_u8, 0_u8);
    let mut lenient = false;
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if digits + padding < 4 && digits >= 2 => {
                padding += 1;
                continue;
            }
            b'\r' | b'\n' => {
                lenient = true;
                continue;
            }
            _ => return Err(Fault::Grammar),
        };
        if padding > 0 {
            return Err(Fault::Grammar);
        }
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            let [_, group @ ..] = bits.to_be_bytes();
            content.extend_from_slice(&group);
            (bits, digits) = (0, 0);
        }
    }
    if padding > 0 && digits + padding != 4 || padding == 0 && digits != 0 {
        return Err(Fault::Grammar);
    }
    if digits > 0 {
        let spare = u32::from(padding) * 2;
        lenient |= bits & ((1 << spare) - 1) != 0;
        let [_, first, second, _] = (bits << (6 * u32::from(padding))).to_be_bytes();
        content.push(first);
        if padding == 1 {
            content.push(second);
        }
    }
    if lenient {
        return Err(Fault::Lenient);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fault, decode};

    fn encode(content: &[u8]) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in content.chunks(3) {
            let bits = group
                .iter()
                .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - group.len()));
            for at in 0..4 {
                let digit = ALPHABET[(bits >> (18 - 6 * at)) as usize & 63];
                text.push(if at > group.len() { '=' } else { digit.into() });
            }
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_an_encoder_writes_is_read(content in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(encode(&content).as_bytes()), Ok(content));
        }

        #[test]
        fn one_content_has_one_text(text in "[A-Za-z0-9+/=]{0,9}") {
            if let Ok(content) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&content), text);
            }
        }
    }

    #[test]
    fn what_an_encoder_does_not_write_is_refused() {
        for text in [
            "e", "e3", "e30", "e30==", "=e30", "e3=0", "====", "e30=e30=", "e3 0=", "e3-_", "é",
        ] {
            assert_eq!(decode(text.as_bytes()), Err(Fault::Grammar), "{text}");
        }
        for text in ["e31=", "e3\n0=", "e30=\r\n", "eh=="] {
            assert_eq!(decode(text.as_bytes()), Err(Fault::Lenient), "{text}");
        }
    }
}
