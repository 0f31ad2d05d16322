//! What must hold of the JSON reader, whatever the bytes: it and `serde_json` never read one text two ways.

use std::collections::HashSet;
use std::fmt;

use pierhead::json::{Tree, Value, ValueKind};
use pierhead::{Error, Kind};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Panics if the reader accepts what `serde_json` reads otherwise or not at all, or refuses without a reason what it reads.
pub(crate) fn check(bytes: &[u8]) {
    let reference = serde_json::from_slice::<serde_json::Value>(bytes);
    match Tree::parse(bytes) {
        Ok(tree) => match reference {
            Ok(reference) => assert_same(tree.root(bytes), &reference),
            Err(error) => panic!("accepted what serde_json refuses: {error}"),
        },
        Err(error) => {
            let error = Error::from(error);
            assert!(
                matches!(
                    error.kind(),
                    Kind::InvalidJson | Kind::TooDeep | Kind::TooLarge
                ),
                "{error}"
            );
            if let Some(position) = error.position() {
                assert!(
                    position.offset as usize <= bytes.len(),
                    "{error} is not in the text"
                );
            }
            if reference.is_ok() && error.kind() == Kind::InvalidJson {
                assert!(is_narrowed(bytes), "refused without a reason: {error}");
            }
        }
    }
}

fn assert_same(ours: Value<'_>, theirs: &serde_json::Value) {
    use serde_json::Value as Theirs;
    match (ours.kind(), theirs) {
        (ValueKind::Null, Theirs::Null) => {}
        (ValueKind::Bool, Theirs::Bool(truth)) => assert_eq!(ours.as_bool(), Some(*truth)),
        (ValueKind::Number, Theirs::Number(number)) => assert_same_number(ours, number),
        (ValueKind::String, Theirs::String(text)) => {
            assert_eq!(ours.as_str().as_deref(), Some(text.as_str()));
            assert!(ours.is_str(text));
        }
        (ValueKind::Array, Theirs::Array(elements)) => {
            assert_eq!(ours.elements().count(), elements.len());
            for (ours, theirs) in ours.elements().zip(elements) {
                assert_same(ours, theirs);
            }
        }
        (ValueKind::Object, Theirs::Object(properties)) => {
            assert_eq!(
                ours.entries().count(),
                properties.len(),
                "a duplicate key was accepted"
            );
            for (key, value) in ours.entries() {
                let key = key.as_str().unwrap_or_default();
                let Some(theirs) = properties.get(key.as_ref()) else {
                    panic!("{key:?} is not in the text")
                };
                assert_same(value, theirs);
            }
        }
        (kind, theirs) => panic!("{kind:?} was read for {theirs}"),
    }
}

fn assert_same_number(ours: Value<'_>, theirs: &serde_json::Number) {
    if let Some(number) = ours.as_i64() {
        // serde_json keeps the sign of -0, so it holds that one as a float.
        assert!(
            theirs.as_i64() == Some(number) || (number == 0 && theirs.as_f64() == Some(0.0)),
            "{}",
            ours.raw()
        );
    }
    if let Some(number) = ours.as_u64() {
        assert!(
            theirs.as_u64() == Some(number) || (number == 0 && theirs.as_f64() == Some(0.0)),
            "{}",
            ours.raw()
        );
    }
    let is_unsafe = ours.is_integer()
        && theirs
            .as_f64()
            .is_some_and(|number| number.abs() >= 9_007_199_254_740_992.0);
    assert_eq!(ours.is_unsafe_integer(), is_unsafe, "{}", ours.raw());
}

/// Whether the text holds what RFC 8259 leaves open and the reader refuses: a duplicate key, or a number of 10^308 or more, which
/// the two round each in their way.
fn is_narrowed(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Narrowed>(bytes).is_ok_and(|found| found.0)
}

struct Narrowed(bool);

impl<'de> Deserialize<'de> for Narrowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Search).map(Self)
    }
}

struct Search;

impl<'de> Visitor<'de> for Search {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, number: f64) -> Result<bool, E> {
        Ok(number.abs() > 9.99e307)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(Narrowed(inside)) = elements.next_element()? {
            found |= inside;
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<bool, A::Error> {
        let mut found = false;
        let mut keys = HashSet::new();
        while let Some((key, Narrowed(inside))) = properties.next_entry::<String, Narrowed>()? {
            found |= inside | !keys.insert(key);
        }
        Ok(found)
    }
}
