//! The strict JSON reader: against serde_json, on its own promises, and at its limits.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/json_value.rs"]
mod json_value;

use pierhead::Error;
use pierhead::json::{Limits, NodeId, Tree, pointer, position_at};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// JSON values of every kind, with keys and strings that need escapes.
fn json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-100..100_i32).prop_map(Value::from),
        // Not the last power of ten, which the reader refuses.
        any::<f64>()
            .prop_filter("finite", |float| float.abs() < 1e307)
            .prop_map(Value::from),
    ];
    let text = prop_oneof![
        ".*",
        "[\\x00-\\x7f]{0,20}",
        "[a-c]{0,2}",
        "[\\u{10000}-\\u{10ffff}]{0,4}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 12, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..12).prop_map(Value::from),
            btree_map(text.clone(), inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Texts that are nearly JSON: pieces of its syntax, in any order.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"a\":",
        "\"\\u0061\":",
        "\\ud83d",
        "\\ude00",
        "\\u00",
        "0",
        "1",
        "-",
        ".",
        "e",
        "E+",
        "308",
        "999",
        "9007199254740993",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "\r",
        "\u{b}",
        "\u{0}",
        "\u{feff}",
        "é",
        "😀",
        "/",
        "//",
        "'",
        "NaN",
    ];
    vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_serde_json_writes_is_read_to_the_same_value(value in json()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(Tree::parse(text.as_bytes()).is_ok(), "{}", text);
            json_value::check(text.as_bytes());
        }
    }

    #[test]
    fn what_is_nearly_json_is_accepted_only_with_serde_json(
        value in json(),
        edits in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\u0e".to_vec())], 0..3_u8), 1..4),
    ) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        for (index, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        json_value::check(&bytes);
    }

    #[test]
    fn pieces_of_json_are_accepted_only_with_serde_json(text in pieces()) {
        json_value::check(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_accepted_only_with_serde_json(bytes in vec(any::<u8>(), 0..64)) {
        json_value::check(&bytes);
    }

    #[test]
    fn duplicate_keys_are_found_however_they_are_written(
        keys in vec("[a-zé😀]{0,2}", 1..40),
        escaped in vec(any::<bool>(), 40),
    ) {
        let written = keys.iter().zip(&escaped).map(|(key, escaped)| if *escaped { escape(key) } else { key.clone() });
        let text = format!("{{{}}}", written.map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(","));
        let repeats = (1..keys.len()).find(|at| keys[..*at].contains(&keys[*at]));
        match (Tree::parse(text.as_bytes()), repeats) {
            (Ok(tree), None) => prop_assert!(tree.duplicates().is_empty()),
            (Err(error), Some(at)) => {
                prop_assert_eq!(Error::from(error).code(), "INVALID_JSON");
                let offset = error.position().unwrap().offset as usize;
                prop_assert_eq!(text[..offset].matches("\":0").count(), at, "the place of the first repeat in {}", text);
            }
            (result, repeats) => prop_assert!(false, "{:?} for {:?} in {}", result.is_ok(), repeats, text),
        }
    }

    #[test]
    fn positions_count_lines_and_characters(text in "[a-c\n\ré😀]{0,40}", at in any::<prop::sample::Index>()) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let offset = *at.get(&ends);
        let position = position_at(text.as_bytes(), offset);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        prop_assert_eq!(position.offset as usize, offset);
        prop_assert_eq!(position.line as usize, 1 + before.matches('\n').count());
        prop_assert_eq!(position.column as usize, 1 + before[line_start..].chars().count());
    }
}

/// Every character as `\uXXXX`.
fn escape(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect()
}

#[test]
fn strings_of_every_length_end_where_they_end() {
    for length in 0..40 {
        for special in ["", "\\\"", "\\u0041", "é", "\u{7f}"] {
            let text = format!("[\"{}{special}\",\"x\"]", "a".repeat(length));
            json_value::check(text.as_bytes());
            assert!(Tree::parse(text.as_bytes()).is_ok(), "{text}");
        }
        for (control, offset) in [("\u{0}", 2), ("\u{1f}", 2), ("\n", 2)] {
            let text = format!("[\"{}{control}aaaaaaaa\"]", "a".repeat(length));
            let error = Tree::parse(text.as_bytes()).unwrap_err();
            assert_eq!(
                error.position().unwrap().offset as usize,
                offset + length,
                "{text}"
            );
        }
    }
}

#[test]
fn integers_say_when_javascript_would_round_them() {
    for (text, unsafe_integer, signed, unsigned) in [
        (
            "9007199254740991",
            false,
            Some(9_007_199_254_740_991),
            Some(9_007_199_254_740_991),
        ),
        (
            "9007199254740992",
            true,
            Some(9_007_199_254_740_992),
            Some(9_007_199_254_740_992),
        ),
        (
            "-9007199254740991",
            false,
            Some(-9_007_199_254_740_991),
            None,
        ),
        (
            "-9007199254740992",
            true,
            Some(-9_007_199_254_740_992),
            None,
        ),
        (
            "9223372036854775807",
            true,
            Some(i64::MAX),
            Some(i64::MAX as u64),
        ),
        ("-9223372036854775808", true, Some(i64::MIN), None),
        ("18446744073709551615", true, None, Some(u64::MAX)),
        ("18446744073709551616", true, None, None),
        ("99999999999999999999999999", true, None, None),
        ("-0", false, Some(0), Some(0)),
        ("1.0", false, None, None),
        ("1e3", false, None, None),
    ] {
        let tree = Tree::parse(text.as_bytes()).unwrap();
        let value = tree.root(text.as_bytes());
        assert_eq!(value.is_unsafe_integer(), unsafe_integer, "{text}");
        assert_eq!(
            (value.as_i64(), value.as_u64()),
            (signed, unsigned),
            "{text}"
        );
    }
}

#[test]
fn a_value_of_one_kind_is_none_of_another() {
    let text = br#"{"s":"2","n":2,"b":true,"z":null,"a":["s"],"o":{"s":1}}"#;
    let tree = Tree::parse(text).unwrap();
    let root = tree.root(text);
    for (key, _) in root.entries() {
        let value = root.get(&key.as_str().unwrap()).unwrap();
        let name = key.as_str().unwrap();
        assert_eq!(value.as_str().is_some(), name == "s");
        assert_eq!(value.as_i64().is_some(), name == "n");
        assert_eq!(value.as_bool().is_some(), name == "b");
        assert_eq!(value.is_null(), name == "z");
        assert_eq!(value.elements().count(), usize::from(name == "a"));
        assert_eq!(value.entries().count(), usize::from(name == "o"));
        assert_eq!(value.get("s").is_some(), name == "o");
        assert!(!value.is_str("s"));
    }
    assert_eq!(pointer(&tree, text, NodeId::ROOT), "");
}

#[test]
fn another_text_than_the_one_read_does_no_harm() {
    let tree = Tree::parse(br#"{"a":["\u0041",12345,{"b":true}]}"#).unwrap();
    for other in [
        &b""[..],
        b"\xff",
        "ééééééééééééééééééééééé".as_bytes(),
        br#"{"\u":["\uD83D",-----,"#,
    ] {
        let mut values = vec![tree.root(other)];
        while let Some(value) = values.pop() {
            let _ = (
                value.as_str(),
                value.as_i64(),
                value.as_u64(),
                value.as_bool(),
                value.raw(),
                value.pointer(),
                value.position(),
            );
            values.extend(
                value
                    .elements()
                    .chain(value.entries().flat_map(|(key, value)| [key, value])),
            );
        }
    }
}

#[test]
fn limits_are_checked_before_anything_is_built() {
    let limits = Limits::default();
    assert_eq!(
        (limits.max_bytes, limits.max_depth, limits.max_values),
        (8 << 20, 64, 1 << 20)
    );
    let code = |text: &[u8], limits: &Limits| {
        Tree::parse_with(text, limits)
            .map_err(|error| Error::from(error).code())
            .err()
    };
    // Not even looked at: it is not JSON at all.
    assert_eq!(
        code(&[0xFF; 11], &limits.with_max_bytes(10)),
        Some("TOO_LARGE")
    );
    assert_eq!(code(b"[[1]]", &limits.with_max_depth(2)), None);
    assert_eq!(code(b"[[1]]", &limits.with_max_depth(1)), Some("TOO_DEEP"));
    assert_eq!(code(b"1", &limits.with_max_depth(0)), None);
    assert_eq!(code(b"{\"a\":1}", &limits.with_max_values(3)), None);
    assert_eq!(
        code(b"{\"a\":1}", &limits.with_max_values(2)),
        Some("TOO_LARGE")
    );
    let deep = "[".repeat(100_000);
    let error = Error::from(Tree::parse(deep.as_bytes()).unwrap_err());
    assert_eq!(
        (error.code(), error.position().unwrap().offset),
        ("TOO_DEEP", 64)
    );
}
