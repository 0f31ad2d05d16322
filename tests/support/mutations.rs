//! Documents that differ from a given one in one place: each property without it, twice, with another value, and with its key in
//! other letters. The same in every run.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use serde_json::{Map, Value};

/// What takes the place of a value, as JSON: every type, and strings and numbers at the bounds of the grammars.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "2",
    "-0",
    "-1",
    "-2",
    "3",
    "2.0",
    "2.5",
    "2e0",
    "1e3",
    "1e-400",
    "9007199254740991",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "1e19",
    "[]",
    "{}",
    "[null]",
    "[1]",
    "[300]",
    "[[]]",
    r#"["a"]"#,
    r#"["a",null]"#,
    r#"{"a":null}"#,
    r#"{"a":1}"#,
    r#"{"a":"b"}"#,
    r#"{"a":{}}"#,
    r#"{"a":[]}"#,
    r#"{"":1}"#,
    r#"{"":null}"#,
    r#"{"\n":1}"#,
    r#"{"\n":null}"#,
    r#"{"":{}}"#,
    r#"{"a":{"b":1}}"#,
    r#""""#,
    r#"" ""#,
    r#""a""#,
    r#""value""#,
    r#""\u0000""#,
    r#""é😀""#,
    r#""a/b""#,
    r#""A/B""#,
    r#""a/b; c=d""#,
    r#""a/b\n""#,
    r#""a/""#,
    r#""layers""#,
    r#""1.0.0""#,
    r#""e30=""#,
    r#""e30""#,
    r#""e3\n0=""#,
    r#""e31=""#,
    r#""-_==""#,
    r#""a=b""#,
    r#""=b""#,
    r#""a=""#,
    r#""a=b\nc""#,
    r#""a\nb=c""#,
    r#""sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a""#,
    r#""sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A""#,
    r#""sha256:44136fa3""#,
    r#""sha384:44136fa3""#,
    r#""sha512:44136fa3""#,
    r#""md5:44136fa3""#,
    r#""sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g""#,
    r#""sha256:""#,
    r#""https://example.com/a b""#,
    r#""//example.com""#,
    r#""javascript:alert(1)""#,
    r#""2015-10-31T22:22:56Z""#,
    r#""2015-10-31 22:22:56Z""#,
    r#""2016-12-31T23:59:60Z""#,
];

/// All mutations of a document, each with what was done.
pub(crate) fn of(base: &Value) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("unchanged".to_owned(), base.to_string().into_bytes())];
    let mut add = |what: &str, pointer: &str, document: String| {
        all.push((format!("{pointer:?} {what}"), document.into_bytes()));
    };
    for pointer in pointers(base) {
        for value in VALUES {
            add(value, &pointer, replaced(base, &pointer, value));
        }
        let Some((parent, token)) = pointer.rsplit_once('/') else {
            continue;
        };
        let name = &*token.replace("~1", "/").replace("~0", "~");
        let mut without = base.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Object(object) => {
                let value = object.remove(name).unwrap();
                add("removed", &pointer, without.to_string());
                for value in [&value, &Value::Null, &Value::from(1), &Value::from("a")] {
                    for before in [true, false] {
                        add(
                            &format!(
                                "{} itself: {value}",
                                if before { "after" } else { "before" }
                            ),
                            &pointer,
                            twice(base, parent, name, value, before),
                        );
                    }
                    for spelling in spellings(name) {
                        for (what, document) in [("beside", base), ("instead", &without)] {
                            let mut document = document.clone();
                            inserted(&mut document, parent, &spelling, value.clone());
                            add(
                                &format!("{what} {spelling}: {value}"),
                                &pointer,
                                document.to_string(),
                            );
                        }
                    }
                }
            }
            Value::Array(array) => {
                array.remove(name.parse().unwrap());
                add("removed", &pointer, without.to_string());
            }
            _ => {}
        }
    }
    all
}

/// A string that stands for something else: sorted before and after all keys, as serde_json sorts them.
const PLACES: [&str; 2] = ["\u{1}", "\u{10FFFF}"];

/// The text of a document with another value, which serde_json need not be able to hold, at a pointer.
fn replaced(base: &Value, pointer: &str, value: &str) -> String {
    let mut document = base.clone();
    *document.pointer_mut(pointer).unwrap() = PLACES[0].into();
    filled(&document, PLACES[0], value)
}

/// The text of a document in one of whose objects a key stands once more, with a value before or after its own.
fn twice(base: &Value, parent: &str, name: &str, value: &Value, before: bool) -> String {
    let place = PLACES[usize::from(!before)];
    let mut document = base.clone();
    inserted(&mut document, parent, place, value.clone());
    filled(&document, place, &Value::from(name).to_string())
}

fn filled(document: &Value, place: &str, text: &str) -> String {
    document
        .to_string()
        .replacen(&Value::from(place).to_string(), text, 1)
}

fn inserted(document: &mut Value, parent: &str, key: &str, value: Value) {
    let object = document
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .unwrap();
    object.insert(key.to_owned(), value);
}

/// Other letters that a reader which ignores case takes for a key.
fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![
        name.to_uppercase(),
        name.replacen('s', "ſ", 1),
        name.replacen('k', "\u{212A}", 1),
    ];
    spellings.retain(|spelling| spelling != name);
    spellings
}

fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut inside = |token: &str, value: &Value| {
        all.extend(
            pointers(value)
                .into_iter()
                .map(|rest| format!("/{token}{rest}")),
        );
    };
    match value {
        Value::Object(object) => each(object, &mut inside),
        Value::Array(array) => {
            for (at, value) in array.iter().enumerate() {
                inside(&at.to_string(), value);
            }
        }
        _ => {}
    }
    all
}

fn each(object: &Map<String, Value>, inside: &mut impl FnMut(&str, &Value)) {
    for (key, value) in object {
        inside(&key.replace('~', "~0").replace('/', "~1"), value);
    }
}
