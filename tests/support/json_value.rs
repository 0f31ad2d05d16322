//! The reader's value against serde_json's. A fuzz target may include this file by `#[path]`; it needs `pierhead` and `serde_json`.

#![allow(clippy::expect_used, clippy::panic)] // A failed expectation is what this file is for.

use pierhead::json::{Tree, Value, ValueKind, pointer};

/// Reads `bytes` with both readers.
///
/// # Panics
/// If the reader accepts what serde_json rejects, reads another value than serde_json, or misplaces a value.
pub(crate) fn check(bytes: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    let tree = match (Tree::parse(bytes), &theirs) {
        (Ok(tree), Ok(_)) => tree,
        (Ok(_), Err(error)) => panic!("only serde_json rejects it: {error}"),
        (Err(error), _) => {
            // An error names its place, unless nothing was read.
            assert!(
                error.position().is_some() || error.cause() == pierhead::json::Cause::TooLarge,
                "{error:?}"
            );
            return;
        }
    };
    let theirs = theirs.unwrap_or_default();
    let root = tree.root(bytes);
    assert_same(root, &theirs);
    assert_places(&tree, bytes, root, &theirs);
}

fn assert_same(ours: Value<'_>, theirs: &serde_json::Value) {
    match theirs {
        serde_json::Value::Null => assert!(ours.is_null()),
        serde_json::Value::Bool(theirs) => assert_eq!(ours.as_bool(), Some(*theirs)),
        serde_json::Value::String(theirs) => {
            assert_eq!(ours.as_str().as_deref(), Some(theirs.as_str()));
            assert!(ours.is_str(theirs));
        }
        serde_json::Value::Number(theirs) => assert_same_number(ours, theirs),
        serde_json::Value::Array(theirs) => {
            assert!(ours.is_array());
            let ours: Vec<_> = ours.elements().collect();
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.into_iter().zip(theirs) {
                assert_same(ours, theirs);
            }
        }
        serde_json::Value::Object(theirs) => {
            assert!(ours.is_object());
            assert_eq!(
                ours.entries().count(),
                theirs.len(),
                "no key was lost, so none was there twice"
            );
            for (key, ours) in ours.entries() {
                let key = key.as_str().unwrap_or_default();
                assert_same(ours, theirs.get(&*key).expect("the key is in both"));
            }
        }
    }
}

fn assert_same_number(ours: Value<'_>, theirs: &serde_json::Number) {
    assert_eq!(ours.kind(), ValueKind::Number);
    let exact: f64 = ours.raw().parse().expect("Rust reads every JSON number");
    assert!(exact.is_finite(), "{} overflows", ours.raw());
    if ours.is_integer() {
        // serde_json makes a float of minus zero.
        if ours.raw() != "-0" {
            assert_eq!(
                (ours.as_u64(), ours.as_i64()),
                (theirs.as_u64(), theirs.as_i64()),
                "{}",
                ours.raw()
            );
        }
        let round_trips = ours
            .raw()
            .parse::<i128>()
            .is_ok_and(|value| value.unsigned_abs() < 1 << 53);
        assert_eq!(ours.is_unsafe_integer(), !round_trips, "{}", ours.raw());
    } else {
        assert_eq!(
            (ours.as_u64(), ours.as_i64()),
            (None, None),
            "{}",
            ours.raw()
        );
    }
    // Without its feature `float_roundtrip` serde_json may miss the nearest float by a little.
    let theirs = theirs.as_f64().expect("finite");
    assert!(
        (exact - theirs).abs() <= exact.abs() * 1e-14 + f64::MIN_POSITIVE,
        "{exact} is not {theirs}"
    );
}

/// Every value's pointer leads serde_json to the same value, and its span holds it.
fn assert_places(tree: &Tree, bytes: &[u8], value: Value<'_>, root: &serde_json::Value) {
    let pointer = pointer(tree, bytes, value.id());
    assert_eq!(pointer, value.pointer());
    let theirs = root.pointer(&pointer).expect("the pointer leads somewhere");
    let span = bytes
        .get(value.span())
        .expect("the span is inside the text");
    let alone: serde_json::Value =
        serde_json::from_slice(span).expect("the span holds a whole value");
    assert_eq!(&alone, theirs, "at {pointer}");
    let children: Vec<_> = value
        .entries()
        .map(|(_, child)| child)
        .chain(value.elements())
        .collect();
    for child in children {
        assert_places(tree, bytes, child, root);
    }
}
