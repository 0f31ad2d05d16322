//! What must hold of verdicts, whatever the bytes, the declared media type and the profile.

use std::sync::OnceLock;

use pierhead::Result;
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::Document;
use pierhead::json::{Tree, Value};
use pierhead::rules::{Issue, Options, Profile, Report, Rule, Severity, is_valid, rules, validate};

/// The media types that have rules of their own, one that has none, and one in other letters with a parameter.
const MEDIA_TYPES: [&str; 12] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.descriptor.v1+json",
    "application/vnd.oci.layout.header.v1+json",
    "application/vnd.oci.artifact.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.example+json",
    "Application/vnd.OCI.image.manifest.v1+json; charset=utf-8",
];

const PROFILES: [Profile; 3] = [Profile::V1_1, Profile::Dev, Profile::Schema];

/// Findings whose places are looked up: enough to find a wrong one, few enough to stay quick.
const LOOKED_UP: usize = 64;

/// Panics if a verdict on the bytes breaks a promise: undeclared, and declared as one kind, which their number picks, so that a
/// fuzzer gets many executions and yet comes to every kind.
pub(crate) fn check(bytes: &[u8]) {
    check_as(bytes, None);
    check_as(
        bytes,
        MEDIA_TYPES.get(bytes.len() % MEDIA_TYPES.len()).copied(),
    );
}

/// Panics if a verdict on the bytes, as this media type, breaks a promise.
pub(crate) fn check_as(bytes: &[u8], media_type: Option<&str>) {
    let tree = Tree::parse(bytes).ok();
    if tree.is_some() {
        let read = serde_json::from_slice::<serde_json::Value>(bytes);
        assert!(read.is_ok(), "JSON to us alone: {read:?}");
    }
    let digest = Digest::of(Algorithm::Sha256, bytes).to_string();
    let document = Document::parse(bytes.to_vec(), media_type);
    let mut released = None;
    for profile in PROFILES {
        let mut options = Options::default().with_profile(profile);
        options.media_type = media_type.map(str::to_owned);
        let report = validate(bytes, &options);
        assert_eq!(report.digest, digest);
        assert_eq!(is_valid(bytes, &options), report.valid);
        check_issues(bytes, tree.as_ref(), &report, profile);
        check_verdict(tree.is_some(), &document, &report, profile);
        match profile {
            Profile::V1_1 => released = Some(report),
            Profile::Dev if !may_name_blake3(bytes) => {
                assert_eq!(Some(report), released, "1.1 and dev differ");
            }
            _ => {}
        }
    }
}

/// Whether the text may hold the only word on which the releases differ, be it behind an escape or in embedded data.
fn may_name_blake3(bytes: &[u8]) -> bool {
    bytes.contains(&b'\\')
        || [&b"blake3"[..], b"data"]
            .iter()
            .any(|word| bytes.windows(word.len()).any(|window| window == *word))
}

fn check_issues(bytes: &[u8], tree: Option<&Tree>, report: &Report, profile: Profile) {
    assert!(
        report.issues.len() <= 1001,
        "{} findings",
        report.issues.len()
    );
    static TABLE: OnceLock<Vec<(&str, &str, Rule)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let rows = rules().map(|rule| (rule.id(), rule.spec(), rule));
        rows.collect()
    });
    let mut last = (1, 1);
    for (index, issue) in report.issues.iter().enumerate() {
        let Some((_, spec, rule)) = table.iter().find(|(id, ..)| *id == issue.rule) else {
            panic!("{issue:?} is of no rule");
        };
        assert_eq!(issue.spec, *spec);
        assert!(
            !issue.message.is_empty() && !issue.message.contains('\n'),
            "{issue:?}"
        );
        assert!(issue.pointer.len() <= 1024 + '…'.len_utf8(), "{issue:?}");
        if issue.rule == "report.truncated" {
            assert_eq!((index, issue.line, issue.column), (1000, 1, 1), "{issue:?}");
            continue;
        }
        // The official schema is stricter and laxer with one rule at different places.
        if profile != Profile::Schema {
            assert_eq!(issue.severity, rule.severity(profile), "{issue:?}");
        }
        let place = (issue.line, issue.column);
        assert!(last <= place, "{issue:?} comes after one at {last:?}");
        last = place;
        if index < LOOKED_UP {
            let Some(offset) = offset_of(bytes, issue) else {
                panic!("{issue:?} is not in the text");
            };
            if let Some(tree) = tree {
                check_pointer(tree.root(bytes), issue, offset);
            }
        }
    }
}

/// Whether a finding's pointer names the value that stands at its place, or whose key does.
fn check_pointer(root: Value<'_>, issue: &Issue, offset: usize) {
    if issue.pointer.ends_with('…') {
        return;
    }
    let mut value = root;
    let mut key = None;
    for token in issue.pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let child = if value.is_array() {
            let index = name.parse().ok();
            index
                .and_then(|index| value.elements().nth(index))
                .map(|element| (None, element))
        } else {
            value
                .entries()
                .find(|(key, _)| key.is_str(&name))
                .map(|(key, value)| (Some(key), value))
        };
        let Some(child) = child else {
            panic!("{issue:?} points at nothing");
        };
        (key, value) = child;
    }
    let at_value = value.span().start == offset;
    assert!(
        at_value || key.is_some_and(|key| key.span().start == offset),
        "{issue:?} is not where its pointer points"
    );
}

fn check_verdict(readable: bool, document: &Result<Document>, report: &Report, profile: Profile) {
    let worst = report.issues.iter().map(|issue| issue.severity).max();
    assert_eq!(report.valid, worst != Some(Severity::Error), "{report:?}");

    // A duplicate key is refused by the reader, and a finding among others to the validator.
    let unreadable = report
        .issues
        .iter()
        .any(|issue| issue.rule.starts_with("json.") && issue.rule != "json.precision");
    let truncated = report.issues.len() > 1000;
    assert!(readable != unreadable || truncated, "{report:?}");
    match document {
        Ok(document) => {
            assert_eq!(document.kind(), report.kind);
            assert_eq!(document.media_type(), report.media_type.as_deref());
        }
        Err(error) => assert!(
            !report.valid || profile == Profile::Schema,
            "found valid, and refused: {error}"
        ),
    }
}

/// The byte at a finding's line and column; `None` if the text has no such place.
fn offset_of(bytes: &[u8], issue: &Issue) -> Option<usize> {
    let mut start = 0;
    for _ in 1..issue.line {
        start += bytes.get(start..)?.iter().position(|&byte| byte == b'\n')? + 1;
    }
    let rest = bytes.get(start..)?;
    let mut left = issue.column.checked_sub(1)?;
    for (at, &byte) in rest.iter().enumerate() {
        let begins = byte & 0xC0 != 0x80;
        if left == 0 && (begins || at == 0) {
            return Some(start + at);
        }
        if byte == b'\n' {
            return None;
        }
        left = left.saturating_sub(u32::from(begins));
    }
    (left == 0).then_some(bytes.len())
}
