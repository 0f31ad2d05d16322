//! Documents that somebody could make to harm their readers: `tests/fixtures/security/*.json`, a file for each sort of attack, a
//! case for each document (`tests/support/cases.rs`):
//! - `mediaType`: the declared one;
//! - `finds`: the rules that it breaks, in every profile;
//! - `valid`: the profiles in which it stays valid all the same; none, unless given.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pierhead::document::Document;
use pierhead::rules::{Options, Profile, validate};
use serde_json::Value;

#[path = "support/cases.rs"]
mod cases;
#[path = "../fuzz/checks/validate.rs"]
#[allow(dead_code, reason = "the declared media type is the case's")]
mod checks;

const PROFILES: [Profile; 3] = [Profile::V1_1, Profile::Dev, Profile::Schema];

/// No report is longer as JSON, whatever the document: 1,001 findings, each with a pointer of 1,024 bytes at most, whose
/// characters JSON may write in six bytes.
const MAX_REPORT: usize = 1001 * (6 * 1024 + 1024);

#[test]
fn what_is_wrong_with_them_is_found_in_every_profile() {
    let mut wrong = String::new();
    each_case(|name, case| {
        let document = cases::document(case);
        for profile in PROFILES {
            let report = validate(&document, &options(case, profile));
            let found: BTreeSet<&str> = report.issues.iter().map(|issue| issue.rule).collect();
            for rule in list(case, "finds") {
                if !found.contains(rule) {
                    wrong += &format!("{name}, {}: not {rule}, but {found:?}\n", profile.as_str());
                }
            }
            let valid = list(case, "valid").contains(&profile.as_str());
            if report.valid != valid {
                wrong += &format!(
                    "{name}, {}: valid is {}: {found:?}\n",
                    profile.as_str(),
                    report.valid
                );
            }
        }
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_document_that_could_be_read_in_two_ways_is_not_read() {
    each_case(|name, case| {
        let document = cases::document(case);
        let report = validate(&document, &options(case, Profile::default()));
        let two_ways = report.issues.iter().any(|issue| {
            issue.rule.starts_with("json.") && issue.rule != "json.precision"
                || issue.rule.starts_with("ambiguity.")
                    && !matches!(issue.rule, "ambiguity.null" | "ambiguity.key-case")
        });
        let read = Document::parse(document, case["mediaType"].as_str());
        assert!(read.is_err() || !two_ways, "{name} was read");
        assert!(
            read.is_ok() || !report.valid,
            "{name} is valid, and was not read"
        );
    });
}

#[test]
fn verdicts_on_them_keep_every_promise_and_stay_short() {
    each_case(|_, case| {
        let document = cases::document(case);
        checks::check_as(&document, case["mediaType"].as_str());
        let report = validate(&document, &options(case, Profile::default()));
        assert!(serde_json::to_vec(&report).unwrap().len() <= MAX_REPORT);
    });
}

#[test]
fn there_are_many_of_them_and_each_breaks_a_rule() {
    let mut count = 0;
    each_case(|name, case| {
        assert!(!list(case, "finds").is_empty(), "{name} breaks no rule");
        count += 1;
    });
    assert!(count >= 60, "only {count}");
}

fn options(case: &Value, profile: Profile) -> Options {
    let mut options = Options::default().with_profile(profile);
    options.media_type = case["mediaType"].as_str().map(str::to_owned);
    options
}

fn list<'a>(case: &'a Value, key: &str) -> Vec<&'a str> {
    case[key]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn each_case(mut check: impl FnMut(&str, &Value)) {
    for entry in fs::read_dir(cases::fixtures().join("security")).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        let cases: BTreeMap<String, Value> = serde_json::from_slice(&file).unwrap();
        for (name, case) in cases {
            const KEYS: [&str; 10] = [
                "text",
                "hex",
                "parts",
                "base",
                "set",
                "remove",
                "raw",
                "mediaType",
                "finds",
                "valid",
            ];
            for key in case.as_object().unwrap().keys() {
                assert!(
                    KEYS.contains(&key.as_str()),
                    "{name}: {key} means nothing in a case"
                );
            }
            check(&name, &case);
        }
    }
}
