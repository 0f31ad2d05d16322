//! Rules on the JSON text itself. One that breaks any but the last two is not read further.

use crate::json::{Cause, Tree, Value};

use super::report::Findings;
use super::rule::{Rule, rules};

const JSON: &str = "https://www.rfc-editor.org/rfc/rfc8259.html";
const STRINGS: &str = "https://www.rfc-editor.org/rfc/rfc8259.html#section-7";
const ENCODING: &str = "https://www.rfc-editor.org/rfc/rfc8259.html#section-8.1";
const NUMBERS: &str = "https://www.rfc-editor.org/rfc/rfc7493.html#section-2.2";
const I_STRINGS: &str = "https://www.rfc-editor.org/rfc/rfc7493.html#section-2.1";
const OBJECTS: &str = "https://www.rfc-editor.org/rfc/rfc7493.html#section-2.3";
const PARSERS: &str = "https://www.rfc-editor.org/rfc/rfc8259.html#section-9";

rules! {
    SIZE = Rule::error("json.size", "a document must not be larger than the cap", PARSERS);
    VALUES = Rule::error("json.values", "a document must not have more values than the cap", PARSERS);
    DEPTH = Rule::error("json.depth", "a document must not be nested more deeply than the cap", PARSERS);
    BYTE_ORDER_MARK = Rule::error("json.byte-order-mark", "a document must not start with a byte order mark", ENCODING);
    UTF8 = Rule::error("json.utf8", "a document must be UTF-8", ENCODING);
    SURROGATE = Rule::error("json.surrogate", "a surrogate escape must have its other half", I_STRINGS);
    CONTROL_CHARACTER = Rule::error("json.control-character", "control characters in strings must be escaped", STRINGS);
    NUMBER = Rule::error("json.number", "numbers must be below 10^308: parsers differ on larger ones", NUMBERS);
    TRAILING = Rule::error("json.trailing-data", "nothing may follow the document's value", JSON);
    SYNTAX = Rule::error("json.syntax", "a document must be JSON", JSON);
    PRECISION = Rule::warning("json.precision", "integers should be at most 2^53 - 1 in size: JavaScript and others round larger ones", NUMBERS);
    DUPLICATE_KEY = Rule::error("json.duplicate-key", "no two properties of an object may have one name", OBJECTS).beyond_schema();
}

/// Reports integers that JavaScript would round, unless a rule of their property has.
pub(super) fn precision(findings: &mut Findings, root: Value<'_>, tree: &Tree) {
    for id in tree.unsafe_integers() {
        let value = root.at(id);
        if !findings.has(value) {
            findings.add(PRECISION, value);
        }
    }
}

pub(super) fn rule_of(cause: Cause) -> Rule {
    match cause {
        Cause::TooLarge => SIZE,
        Cause::TooMany => VALUES,
        Cause::TooDeep => DEPTH,
        Cause::ByteOrderMark => BYTE_ORDER_MARK,
        Cause::Utf8 => UTF8,
        Cause::Surrogate => SURROGATE,
        Cause::ControlCharacter => CONTROL_CHARACTER,
        Cause::Overflow => NUMBER,
        Cause::Trailing => TRAILING,
        Cause::DuplicateKey => DUPLICATE_KEY,
        _ => SYNTAX,
    }
}
