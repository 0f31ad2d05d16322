//! Every rule against documents that break only it, and documents that come as close as they can without breaking it:
//! `tests/fixtures/rules/*.json`, one object per rule, with the cases below `breaks` and `near`.
//!
//! A case is a document (`tests/support/cases.rs`) and what is to be said of it:
//! - `mediaType` and `profile`: the options;
//! - `expected`: what other documents say of it, as `Expected::from_json` takes it; of `descriptor`, the size is that of the
//!   document if none is given, and the digest too, by SHA-256 or by the algorithm that stands in its place;
//! - `pointer`, `line`, `column`, `severity`: what the (first) finding of the rule must say;
//! - `allows`: other rules that cannot but be broken, too.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use pierhead::digest::{Algorithm, Digest};
use pierhead::document::Kind;
use pierhead::json::Limits;
use pierhead::rules::{Expected, Issue, Options, Profile, Report, Severity, rules, validate};
use serde_json::{Value, json};

#[path = "support/cases.rs"]
mod cases;

use cases::{base, directory, document};

#[test]
fn every_rule_has_documents_that_break_only_it() {
    each_case("breaks", |rule, label, case| {
        let (_, report) = run(case);
        let found: Vec<&Issue> = report
            .issues
            .iter()
            .filter(|issue| issue.rule == rule)
            .collect();
        let others: Vec<&str> = others(&report, rule, case);
        assert!(
            !found.is_empty(),
            "{label}: not found, but {:?}",
            report.issues
        );
        assert!(others.is_empty(), "{label}: also breaks {others:?}");
        if !case["allows"].is_array() {
            assert_eq!(found.len(), 1, "{label}: {found:?}");
        }
        let issue = found[0];
        for (field, actual) in [
            ("pointer", json!(issue.pointer)),
            ("line", json!(issue.line)),
            ("column", json!(issue.column)),
            ("severity", json!(issue.severity)),
        ] {
            if case.get(field).is_some() {
                assert_eq!(actual, case[field], "{label}: {field} of {issue:?}");
            }
        }
        let worst = report.issues.iter().map(|issue| issue.severity).max();
        assert_eq!(
            report.valid,
            worst != Some(Severity::Error),
            "{label}: {report:?}"
        );
    });
}

#[test]
fn every_rule_has_documents_that_nearly_break_it() {
    each_case("near", |rule, label, case| {
        let (_, report) = run(case);
        assert!(
            report.issues.iter().all(|issue| issue.rule != rule),
            "{label}: {:?}",
            report.issues
        );
        let others = others(&report, rule, case);
        assert!(others.is_empty(), "{label}: breaks {others:?}");
    });
}

#[test]
fn every_rule_of_the_table_has_both_and_no_other_rule_has() {
    let mut fixtures = fixtures();
    // The rules that one document alone cannot break: `tests/graph.rs` and `tests/js/graph.test.ts` run these.
    fixtures.extend(read_fixtures(&directory().join("../graph")));
    let tested: Vec<&String> = fixtures.keys().collect();
    let mut table: Vec<&str> = rules().map(|rule| rule.id()).collect();
    table.sort_unstable();
    assert_eq!(
        tested, table,
        "the ids of the table are those of the fixtures, each once"
    );
    for (rule, cases) in &fixtures {
        for group in ["breaks", "near"] {
            assert!(
                cases[group]
                    .as_array()
                    .is_some_and(|cases| !cases.is_empty()),
                "{rule} has no case in {group}"
            );
        }
    }
}

#[test]
fn every_rule_names_itself_and_its_source() {
    for rule in rules() {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        assert!(
            rule.id().split('.').count() >= 2 && rule.id().split('.').all(part),
            "{}",
            rule.id()
        );
        assert!(rule.spec().starts_with("https://"), "{}", rule.id());
        assert!(
            !rule.summary().is_empty() && !rule.summary().ends_with('.'),
            "{}",
            rule.id()
        );
    }
}

#[test]
fn what_real_tools_make_breaks_no_rule_in_any_profile() {
    for (file, kind) in [
        ("image-manifest", "image-manifest"),
        ("artifact", "image-manifest"),
        ("helm-chart", "image-manifest"),
        ("image-index", "image-index"),
        ("image-config", "image-config"),
        ("descriptor", "descriptor"),
        ("oci-layout", "image-layout"),
        ("docker-manifest", "docker-manifest"),
        ("docker-manifest-list", "docker-manifest-list"),
    ] {
        let bytes = base(file);
        for profile in [Profile::V1_1, Profile::Dev, Profile::Schema] {
            let report = validate(&bytes, &Options::default().with_profile(profile));
            assert_eq!(report.issues, [], "{file}");
            assert!(report.valid, "{file}");
            assert_eq!(report.kind.as_str(), kind, "{file}");
            assert_eq!(
                report.digest,
                Digest::of(Algorithm::Sha256, &bytes).to_string()
            );
        }
    }
}

#[test]
fn a_docker_configuration_is_told_by_its_declared_media_type() {
    let media_type = "application/vnd.docker.container.image.v1+json";
    let report = validate(
        &base("docker-config"),
        &Options::default().with_media_type(media_type),
    );
    assert_eq!(
        (report.issues, report.kind),
        (Vec::new(), Kind::DockerConfig)
    );
    assert_eq!(report.media_type.as_deref(), Some(media_type));
    assert_eq!(
        validate(&base("docker-config"), &Options::default()).kind,
        Kind::ImageConfig
    );
}

#[test]
fn a_report_is_json_of_the_documented_shape() {
    let text = "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"application/vnd.oci.image.index.v1+json\",\n  \"manifests\": [\n    \
                {\"mediaType\": \"application/vnd.oci.image.index.v1+json\", \"é😀\": 0, \"digest\": \"sha256:1\", \"size\": -1}\n  ]\n}\n";
    let report = validate(text.as_bytes(), &Options::default());
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        json!({
            "valid": false,
            "kind": "image-index",
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": Digest::of(Algorithm::Sha256, text.as_bytes()).as_str(),
            "issues": [
                {
                    "rule": "descriptor.digest.encoding",
                    "severity": "error",
                    "pointer": "/manifests/0/digest",
                    "line": 5,
                    "column": 81,
                    "message": "the digest must have the length of its algorithm, in lowercase hexadecimal",
                    "spec": "https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#registered-algorithms",
                },
                {
                    "rule": "descriptor.size.negative",
                    "severity": "error",
                    "pointer": "/manifests/0/size",
                    "line": 5,
                    "column": 101,
                    "message": "size must not be negative",
                    "spec": "https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties",
                },
            ],
        })
    );
    let report = serde_json::to_value(validate(b"{}", &Options::default())).unwrap();
    assert_eq!(
        (&report["kind"], &report["mediaType"]),
        (&json!("unknown"), &Value::Null)
    );
}

#[test]
fn findings_come_in_the_order_of_the_document_each_with_its_own_place() {
    let text = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
"layers":[{"size":"1","platform":{"os":7,"os.features":["a",1]}},5,{"x":{"y":[1]},"urls":[":"]}],"a":1,"a":{"b":2},"annotations":{".~/":1}}"#;
    let report = validate(text.as_bytes(), &Options::default());
    let places: Vec<_> = report
        .issues
        .iter()
        .map(|issue| (issue.rule, issue.pointer.as_str(), issue.line, issue.column))
        .collect();
    assert_eq!(
        places,
        [
            ("manifest.config.required", "", 1, 1),
            ("descriptor.media-type.required", "/layers/0", 2, 11),
            ("descriptor.digest.required", "/layers/0", 2, 11),
            ("descriptor.property.type", "/layers/0/size", 2, 19),
            (
                "platform.architecture.required",
                "/layers/0/platform",
                2,
                34
            ),
            ("platform.property.type", "/layers/0/platform/os", 2, 40),
            (
                "platform.property.type",
                "/layers/0/platform/os.features/1",
                2,
                61
            ),
            ("descriptor.object", "/layers/1", 2, 66),
            ("descriptor.media-type.required", "/layers/2", 2, 68),
            ("descriptor.digest.required", "/layers/2", 2, 68),
            ("descriptor.size.required", "/layers/2", 2, 68),
            ("descriptor.urls.grammar", "/layers/2/urls/0", 2, 91),
            ("json.duplicate-key", "/a", 2, 104),
            ("annotations.value.type", "/annotations/.~0~1", 2, 137),
        ]
    );
}

#[test]
fn an_error_that_is_not_listed_still_makes_the_document_invalid() {
    let warnings = r#"{"mediaType":"a/b","digest":"md5:00","size":1},"#.repeat(1001);
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{warnings}0]}}"#
    );
    let report = validate(text.as_bytes(), &Options::default());
    assert!(!report.valid);
    assert_eq!(report.issues.len(), 1001);
    let last = report.issues.last().unwrap();
    assert_eq!(
        (last.rule, last.severity),
        ("report.truncated", Severity::Error)
    );
}

#[test]
fn a_pointer_is_cut_rather_than_repeated_by_the_megabyte() {
    let key = "é".repeat(500_000);
    let twice = r#""a":1,"#.repeat(1000);
    let text = format!(r#"{{"{key}":{{{twice}"b":0}},"manifests":[],"config":{{}}}}"#);
    let report = validate(text.as_bytes(), &Options::default());
    assert_eq!(report.issues.len(), 1000);
    for issue in report
        .issues
        .iter()
        .filter(|issue| issue.rule == "json.duplicate-key")
    {
        assert!(issue.pointer.starts_with("/ééé") && issue.pointer.ends_with('…'));
        assert!(issue.pointer.len() <= 1024 + '…'.len_utf8());
    }
    let last = report.issues.last().unwrap();
    assert_eq!(
        (last.rule, last.pointer.as_str()),
        ("ambiguity.shape", "/manifests")
    );
}

#[test]
fn limits_can_be_lowered() {
    let options = |limits| Options::default().with_limits(limits);
    let rule = |limits: Limits| {
        validate(&base("oci-layout"), &options(limits))
            .issues
            .first()
            .map(|issue| issue.rule)
    };
    assert_eq!(
        rule(Limits::default().with_max_bytes(31)),
        None,
        "30 bytes and a line feed"
    );
    assert_eq!(
        rule(Limits::default().with_max_bytes(30)),
        Some("json.size")
    );
    assert_eq!(
        rule(Limits::default().with_max_depth(0)),
        Some("json.depth")
    );
    assert_eq!(
        rule(Limits::default().with_max_values(2)),
        Some("json.values")
    );
}

#[test]
fn profiles_have_three_names() {
    for profile in [Profile::V1_1, Profile::Dev, Profile::Schema] {
        assert_eq!(profile.as_str().parse::<Profile>().unwrap(), profile);
    }
    assert_eq!("1.1".parse::<Profile>().unwrap(), Profile::default());
    for name in ["", "1.0", "1.1.1", "DEV", " dev"] {
        assert_eq!(
            name.parse::<Profile>().unwrap_err().code(),
            "INVALID_ARGUMENT",
            "{name}"
        );
    }
}

/// The ids of other rules that the report names and the case does not allow.
fn others<'a>(report: &'a Report, rule: &str, case: &Value) -> Vec<&'a str> {
    let allowed = |id: &str| {
        case["allows"]
            .as_array()
            .is_some_and(|ids| ids.iter().any(|allowed| allowed == id))
    };
    report
        .issues
        .iter()
        .map(|issue| issue.rule)
        .filter(|id| *id != rule && !allowed(id))
        .collect()
}

/// Checks each case of a group, and fails with all that are wrong.
fn each_case(group: &str, check: impl Fn(&str, &str, &Value)) {
    let mut wrong = Vec::new();
    for (rule, cases) in fixtures() {
        for (index, case) in cases[group].as_array().into_iter().flatten().enumerate() {
            let label = format!(
                "{rule}, {group} {index} {}",
                case["name"].as_str().unwrap_or_default()
            );
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&rule, &label, case))) {
                wrong.push(panic.downcast_ref::<String>().cloned().unwrap_or(label));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run(case: &Value) -> (Vec<u8>, Report) {
    const KEYS: [&str; 15] = [
        "name",
        "text",
        "hex",
        "parts",
        "base",
        "set",
        "remove",
        "mediaType",
        "profile",
        "expected",
        "pointer",
        "line",
        "column",
        "severity",
        "allows",
    ];
    for key in case.as_object().unwrap().keys() {
        assert!(
            KEYS.contains(&key.as_str()),
            "{key} means nothing in a case"
        );
    }
    let bytes = document(case);
    let mut options = Options::default();
    if let Some(media_type) = case["mediaType"].as_str() {
        options = options.with_media_type(media_type);
    }
    if let Some(profile) = case["profile"].as_str() {
        options = options.with_profile(profile.parse().unwrap());
    }
    if let Some(expected) = case.get("expected") {
        options = options.with_expected(self::expected(expected.clone(), &bytes));
    }
    let report = validate(&bytes, &options);
    (bytes, report)
}

fn expected(mut expected: Value, bytes: &[u8]) -> Expected {
    if let Some(descriptor) = expected.get_mut("descriptor") {
        if descriptor.get("size").is_none() {
            descriptor["size"] = json!(bytes.len());
        }
        let algorithm = match descriptor["digest"].as_str() {
            None => Some(Algorithm::Sha256),
            Some(digest) => digest.parse().ok(),
        };
        if let Some(algorithm) = algorithm {
            descriptor["digest"] = json!(Digest::of(algorithm, bytes).as_str());
        }
    }
    Expected::from_json(expected.to_string().as_bytes()).unwrap()
}

fn fixtures() -> BTreeMap<String, Value> {
    read_fixtures(&directory())
}

fn read_fixtures(folder: &Path) -> BTreeMap<String, Value> {
    let mut rules = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let file: BTreeMap<String, Value> =
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            for (rule, cases) in file {
                if rule == "common" {
                    continue;
                }
                assert!(
                    rules.insert(rule.clone(), cases).is_none(),
                    "{rule} stands in two files"
                );
            }
        }
    }
    rules
}
