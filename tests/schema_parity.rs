//! The profile `schema` against what it is named after: the official validator of the image specification, a Go program
//! (`tests/peers/schema/`). Both judge every document of `tests/fixtures/rules/` and `tests/fixtures/security/`, as each kind that the
//! official one knows, and some thousands of mutations of documents that have every property.
//!
//! It needs Go, so it runs as a suite of its own: `node scripts/run-suites.mjs schema`.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use pierhead::rules::{Issue, Options, Profile, Report, Severity, validate};
use serde::Deserialize;
use serde_json::{Value, json};

#[path = "support/cases.rs"]
mod cases;
#[path = "support/mutations.rs"]
mod mutations;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";
const LAYOUT: &str = "application/vnd.oci.layout.header.v1+json";

/// Rules on whose account a verdict may differ, each for the reason that `tests/peers/schema/README.md` gives.
const EXCEPTIONS: &[Exception] = &[
    Exception::refused("json.depth"),
    Exception::refused("json.number"),
    Exception::refused("json.size"),
    Exception::refused("json.surrogate"),
    Exception::refused("json.utf8"),
    Exception::refused("json.values"),
    Exception {
        media_type: Some(LAYOUT),
        ..Exception::refused("json.trailing-data")
    },
    Exception {
        place: |pointer| pointer.ends_with('/') || pointer.ends_with("/\n"),
        ..Exception::refused("config.property.type")
    },
    Exception {
        place: |pointer| pointer.ends_with("/\n"),
        ..Exception::refused("annotations.value.type")
    },
    Exception {
        place: |pointer| pointer.contains("/platform/os.features/"),
        ..Exception::refused("platform.property.type")
    },
    Exception {
        media_type: Some(INDEX),
        place: |pointer| pointer.starts_with("/manifests/") && pointer.ends_with("/data"),
        ..Exception::refused("descriptor.property.type")
    },
    Exception::either("descriptor.urls.grammar"),
    Exception::either("json.duplicate-key"),
    Exception::either("ambiguity.key-case"),
];

/// A difference that is meant.
struct Exception {
    rule: &'static str,
    /// Whether it may also stand in a report that finds the document valid.
    warns: bool,
    /// The media type that it is confined to.
    media_type: Option<&'static str>,
    /// Whether it may stand at this pointer.
    place: fn(&str) -> bool,
}

impl Exception {
    /// We refuse, by this rule, what the official validator reads.
    const fn refused(rule: &'static str) -> Self {
        Self {
            rule,
            warns: false,
            media_type: None,
            place: |_| true,
        }
    }

    /// Where this is found, either may be the stricter.
    const fn either(rule: &'static str) -> Self {
        Self {
            warns: true,
            ..Self::refused(rule)
        }
    }

    fn covers(&self, judged: &Judged, issue: &Issue) -> bool {
        issue.rule == self.rule
            && (self.warns || issue.severity == Severity::Error)
            && self.media_type.is_none_or(|only| only == judged.media_type)
            && (self.place)(&issue.pointer)
    }
}

/// How many differences are told in full.
const SHOWN: usize = 50;

struct Judged {
    name: String,
    media_type: &'static str,
    document: Vec<u8>,
}

#[derive(Deserialize)]
struct Verdict {
    valid: bool,
    #[serde(default)]
    reason: String,
}

#[test]
#[ignore = "needs Go: node scripts/run-suites.mjs schema"]
fn the_documents_of_the_rules_get_the_official_verdicts() {
    let mut judged = Vec::new();
    for (rule, groups) in objects_of("rules") {
        for group in ["breaks", "near"] {
            for (at, case) in groups[group].as_array().unwrap().iter().enumerate() {
                as_each_kind(&mut judged, &format!("{rule}, {group} {at}"), case);
            }
        }
    }
    assert_parity(judged);
}

#[test]
#[ignore = "needs Go: node scripts/run-suites.mjs schema"]
fn the_documents_that_attack_get_the_official_verdicts() {
    let mut judged = Vec::new();
    for (name, case) in objects_of("security") {
        as_each_kind(&mut judged, &name, &case);
    }
    assert_parity(judged);
}

#[test]
#[ignore = "needs Go: node scripts/run-suites.mjs schema"]
fn mutations_of_every_property_get_the_official_verdicts() {
    let mut judged = Vec::new();
    for (base, media_type) in [
        (rich_manifest(), MANIFEST),
        (rich_index(), INDEX),
        (rich_config(), CONFIG),
        (rich_descriptor(), DESCRIPTOR),
        (json!({"imageLayoutVersion": "1.0.0"}), LAYOUT),
    ] {
        for (name, document) in mutations::of(&base) {
            judged.push(Judged {
                name,
                media_type,
                document,
            });
        }
    }
    assert_parity(judged);
}

/// What the files of a folder of fixtures hold, all in one.
fn objects_of(folder: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(cases::fixtures().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let file: BTreeMap<String, Value> =
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            all.extend(file);
        }
    }
    all
}

fn as_each_kind(judged: &mut Vec<Judged>, name: &str, case: &Value) {
    let document = cases::document(case);
    for media_type in [MANIFEST, INDEX, CONFIG, DESCRIPTOR, LAYOUT] {
        judged.push(Judged {
            name: name.to_owned(),
            media_type,
            document: document.clone(),
        });
    }
}

fn rich_descriptor() -> Value {
    json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
        "urls": ["https://example.com/layer"],
        "annotations": {"com.example.key": "value"},
        "data": "e30=",
        "artifactType": "application/vnd.example",
        "platform": {
            "architecture": "arm64",
            "os": "windows",
            "os.version": "10.0",
            "os.features": ["win32k"],
            "variant": "v8",
            "features": ["sse4"],
        },
    })
}

fn rich_manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example",
        "config": rich_descriptor(),
        "layers": [rich_descriptor()],
        "subject": rich_descriptor(),
        "annotations": {"com.example.key": "value"},
    })
}

fn rich_index() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "artifactType": "application/vnd.example",
        "manifests": [rich_descriptor()],
        "subject": rich_descriptor(),
        "annotations": {"com.example.key": "value"},
    })
}

fn rich_config() -> Value {
    json!({
        "created": "2015-10-31T22:22:56.015925234Z",
        "author": "Nobody <nobody@example.com>",
        "architecture": "arm64",
        "os": "windows",
        "os.version": "10.0",
        "os.features": ["win32k"],
        "variant": "v8",
        "config": {
            "User": "1:1",
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/bin"],
            "Entrypoint": ["/bin/sh"],
            "Cmd": ["-c"],
            "Volumes": {"/data": {}},
            "WorkingDir": "/",
            "Labels": {"com.example.key": "value"},
            "StopSignal": "SIGTERM",
            "ArgsEscaped": false,
            "Memory": 1,
            "MemorySwap": 2,
            "CpuShares": 3,
            "Healthcheck": {},
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"],
        },
        "history": [{
            "created": "2015-10-31T22:22:54.690851953Z",
            "author": "Nobody",
            "created_by": "/bin/sh",
            "comment": "nothing",
            "empty_layer": false,
        }],
    })
}

/// Fails with every difference, each with the document and what both said.
fn assert_parity(judged: Vec<Judged>) {
    let official = official_verdicts(&judged);
    assert_eq!(official.len(), judged.len());
    let mut differences = String::new();
    let mut count = 0;
    for (judged, official) in judged.iter().zip(&official) {
        let options = Options::default()
            .with_profile(Profile::Schema)
            .with_media_type(judged.media_type);
        let report = validate(&judged.document, &options);
        if report.valid != official.valid && !is_explained(judged, &report) {
            count += 1;
            if count > SHOWN {
                continue;
            }
            writeln!(
                differences,
                "\n{} as {}\n  {}\n  official: {} {}\n  ours: {} {:?}",
                judged.name,
                judged.media_type,
                String::from_utf8_lossy(&judged.document[..judged.document.len().min(2000)]),
                official.valid,
                official.reason.replace('\n', "; "),
                report.valid,
                report
                    .issues
                    .iter()
                    .map(|issue| (issue.rule, &issue.pointer))
                    .collect::<Vec<_>>(),
            )
            .unwrap();
        }
    }
    assert!(
        count == 0,
        "{count} of {} verdicts differ:\n{differences}",
        judged.len()
    );
}

/// Whether a difference is one of the exceptions.
fn is_explained(judged: &Judged, report: &Report) -> bool {
    let covered = |issue: &Issue| {
        EXCEPTIONS
            .iter()
            .any(|exception| exception.covers(judged, issue))
    };
    if report
        .issues
        .iter()
        .any(|issue| issue.severity == Severity::Warning && covered(issue))
    {
        return true;
    }
    let mut errors = report
        .issues
        .iter()
        .filter(|issue| issue.severity == Severity::Error)
        .peekable();
    errors.peek().is_some() && errors.all(covered)
}

fn official_verdicts(judged: &[Judged]) -> Vec<Verdict> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/schema");
    let mut go = Command::new("go")
        .args(["run", "."])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = String::new();
    for Judged {
        media_type,
        document,
        ..
    } in judged
    {
        writeln!(
            questions,
            "{}",
            json!({"mediaType": media_type, "document": base64(document)})
        )
        .unwrap();
    }
    let mut stdin = go.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = go.wait_with_output().unwrap();
    assert!(output.status.success(), "go run: {}", output.status);
    writer.join().unwrap().unwrap();
    serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0, |word, (at, &byte)| {
            word | u32::from(byte) << (16 - 8 * at)
        });
        for at in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}
