//! Walks through graphs. `tests/fixtures/graph/*.json` holds, for each rule that takes more than one document, images that break
//! only it (`breaks`), and images that nearly do (`near`); `tests/js/graph.test.ts` runs them too.
//!
//! A case is an image and what is to be said of it:
//! - `parts` by name, above those of the file's `common`: a text, or JSON, in which `{"of": name}` is a descriptor of that part, with its
//!   size and SHA-256 digest unless it states others; `root` names the one to begin with (`index`);
//! - `absent`: parts that cannot be had; `instead`: other bytes for parts; `served`: parts by digests that they claim;
//! - `limits`, `profile`: the options;
//! - `issues`: part, rule and pointer of everything that is found, in order; `severity`: of the first;
//! - `host`, `files`, `unlisted`: for hosts that have the files of a layout, see the other test.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use pierhead::graph::{Limits, NamedReport, Options, Role, Step, Walk};
use pierhead::rules::{Expected, Report, Severity};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[path = "graph/image.rs"]
mod image;

use image::{Image, digest};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[test]
fn images_break_the_rules_on_graphs_or_do_not_as_their_fixtures_say() {
    let mut run = 0;
    for file in ["graph", "image-layout"] {
        let path = format!(
            "{}/tests/fixtures/graph/{file}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let rules: Map<String, Value> =
            serde_json::from_slice(&fs::read(Path::new(&path)).unwrap()).unwrap();
        let common = rules["common"].as_object().unwrap();
        for (rule, groups) in rules.iter().filter(|(rule, _)| *rule != "common") {
            for group in ["breaks", "near"] {
                for case in groups[group].as_array().unwrap() {
                    if case["host"] == true {
                        assert!(rule.starts_with("image-layout."), "{rule} needs no host");
                        continue;
                    }
                    check(rule, group, case, common, file == "image-layout");
                    run += 1;
                }
            }
        }
    }
    assert!(run >= 25, "only {run} cases");
}

fn check(rule: &str, group: &str, case: &Value, common: &Map<String, Value>, layout: bool) {
    let label = format!("{rule}, {group}: {case}");
    let mut image = Image::default();
    let mut parts = common.clone();
    parts.extend(case["parts"].as_object().cloned().unwrap_or_default());
    for name in parts.keys() {
        image.make(&parts, name);
    }
    image.alter(case);
    let mut options = Options::default();
    options.layout = layout;
    if let Some(profile) = case["profile"].as_str() {
        options = options.with_profile(profile.parse().unwrap());
    }
    let limit = |name: &str| case["limits"][name].as_u64();
    let mut limits = Limits::default();
    limits.max_depth = limit("depth").map_or(limits.max_depth, |limit| limit as usize);
    limits.max_descriptors =
        limit("descriptors").map_or(limits.max_descriptors, |limit| limit as usize);
    limits.max_bytes = limit("bytes").unwrap_or(limits.max_bytes);
    let root = image.made[case["root"].as_str().unwrap_or("index")].clone();
    let reports = image.walk(options.with_limits(limits), &root);

    let mut issues = Vec::new();
    let mut severities = Vec::new();
    for NamedReport { name, report, .. } in &reports {
        for issue in &report.issues {
            issues.push(json!([image.name_of(name), issue.rule, issue.pointer]));
            severities.push((issue.rule, issue.severity));
        }
        let worst = report.issues.iter().map(|issue| issue.severity).max();
        assert_eq!(report.valid, worst != Some(Severity::Error), "{label}");
    }
    assert_eq!(json!(issues), case["issues"], "{label}");
    let own = severities.iter().find(|(id, _)| *id == rule);
    assert_eq!(own.is_some(), group == "breaks", "{label}");
    if let Some(severity) = case["severity"].as_str() {
        assert_eq!(own.unwrap().1.as_str(), severity, "{label}");
    }
}

fn entry(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

fn index(entries: &[Value]) -> Vec<u8> {
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    index.to_string().into_bytes()
}

/// The ids of the rules that a report names, each once, in order of their first place.
fn rules(report: &Report) -> Vec<&'static str> {
    let mut rules: Vec<&str> = Vec::new();
    for issue in &report.issues {
        if !rules.contains(&issue.rule) {
            rules.push(issue.rule);
        }
    }
    rules
}

#[test]
fn a_finding_stands_where_the_document_names_what_is_wrong() {
    let text = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\n \"é\":\"😀\", \"manifests\":[{{\"mediaType\":\"a/b\",\"digest\":\"{}\",\"size\":1}},\n\t{{\"mediaType\":\"a/b\",\"digest\":\"{}\",\"size\":1}}]}}",
        digest(b"a"),
        digest(b"b"),
    );
    let mut image = Image::default();
    image.add("a", b"a".to_vec());
    let reports = image.walk(Options::default(), text.as_bytes());
    let missing: Vec<_> = reports[0]
        .report
        .issues
        .iter()
        .filter(|issue| issue.rule == "graph.missing")
        .collect();
    assert_eq!(missing.len(), 1);
    assert_eq!(
        (
            missing[0].pointer.as_str(),
            missing[0].line,
            missing[0].column
        ),
        ("/manifests/1", 3, 2)
    );
    assert_eq!(reports[0].name, digest(text.as_bytes()));
}

#[test]
fn a_child_named_fifty_thousand_times_is_read_once() {
    let mut image = Image::default();
    let child = index(&[]);
    image.add("child", child.clone());
    // Nearly as many as the 8 MiB of one document hold.
    let root = index(&vec![entry(INDEX, &child); 50_000]);
    let started = Instant::now();
    let reports = image.walk(Options::default(), &root);
    assert_eq!(image.opened.len(), 1);
    assert_eq!(reports.len(), 2);
    assert!(!rules(&reports[1].report).contains(&"graph.count"));
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn what_a_document_names_again_counts_once() {
    let mut image = Image::default();
    image.add("blob", b"blob".to_vec());
    let root = index(&vec![entry("a/b", b"blob"); 3]);
    let limits = Limits::default().with_max_descriptors(1);
    let reports = image.walk(Options::default().with_limits(limits), &root);
    assert!(!rules(&reports[0].report).contains(&"graph.count"));
}

#[test]
fn a_root_that_is_not_what_its_descriptor_says_is_not_followed() {
    let root = index(&[entry("a/b", b"blob")]);
    for (digest, followed) in [
        (digest(&root), true),
        ("test:unverifiable".to_owned(), true),
        (digest(b"other"), false),
    ] {
        let descriptor =
            json!({"descriptor": {"mediaType": INDEX, "digest": digest, "size": root.len()}});
        let expected = Expected::from_json(descriptor.to_string().as_bytes()).unwrap();
        let mut walk = Walk::new(Options::default());
        walk.root(&root, None, expected);
        let opens = matches!(walk.next(), Some(Step::Open(_)));
        assert_eq!(opens, followed, "{digest}");
    }
}

#[test]
fn an_index_of_more_entries_than_the_limit_ends_there() {
    let entries: Vec<Value> = (0..40_000)
        .map(|number: u32| entry("a/b", &number.to_be_bytes()))
        .collect();
    let limits = Limits::default().with_max_descriptors(10_000);
    let mut image = Image::default();
    let reports = image.walk(Options::default().with_limits(limits), &index(&entries));
    assert_eq!(image.opened.len(), 10_000);
    // More than a report lists are missing; the last says that there are others, and of which severity.
    let last = reports[0].report.issues.last().unwrap();
    assert_eq!(
        (last.rule, last.severity),
        ("report.truncated", Severity::Error)
    );
    assert_eq!(reports[0].report.issues.len(), 1_001);
    assert!(!reports[0].report.valid);
}

#[test]
fn nested_indexes_are_followed_no_deeper_than_the_limit() {
    let mut image = Image::default();
    let mut inner = index(&[]);
    for level in 0..64 {
        image.add(&level.to_string(), inner.clone());
        inner = index(&[entry(INDEX, &inner)]);
    }
    let reports = image.walk(Options::default(), &inner);
    assert_eq!((image.opened.len(), reports.len()), (8, 9));
    assert_eq!(rules(&reports[0].report), ["graph.depth"]);
    assert!(
        reports[1..]
            .iter()
            .all(|named| named.report.issues.is_empty())
    );
}

#[test]
fn a_lattice_with_exponentially_many_ways_through_it_is_walked_once() {
    let mut image = Image::default();
    let [mut left, mut right] = [index(&[]), index(&[entry("a/b", b"right")])];
    for level in 0..6 {
        image.add(&format!("{level} left"), left.clone());
        image.add(&format!("{level} right"), right.clone());
        let [both, turned] = [
            index(&[entry(INDEX, &left), entry(INDEX, &right)]),
            index(&[entry(INDEX, &right), entry(INDEX, &left)]),
        ];
        [left, right] = [both, turned];
    }
    let reports = image.walk(Options::default(), &left);
    assert_eq!(reports.len(), 1 + 2 * 6);
}

#[test]
fn documents_are_read_up_to_the_limit_on_their_bytes_in_all() {
    let mut image = Image::default();
    let mut entries = Vec::new();
    for number in 0..10 {
        let bytes = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "number": number, "x": "x".repeat(1000)});
        let bytes = bytes.to_string().into_bytes();
        entries.push(entry(INDEX, &bytes));
        image.add(&number.to_string(), bytes);
    }
    let root = index(&entries);
    let limits = Limits::default().with_max_bytes(root.len() as u64 + 6_000);
    let reports = image.walk(Options::default().with_limits(limits), &root);
    assert_eq!(image.opened.len(), 5);
    assert_eq!(rules(&reports[5].report), ["graph.count"]);
    assert_eq!(reports[5].report.issues.len(), 5);
}

#[test]
fn what_is_served_for_something_else_counts_for_the_limit_on_bytes() {
    let mut image = Image::default();
    let other = vec![b' '; 2_000];
    let mut entries = Vec::new();
    for number in 0..10_u32 {
        let named = digest(&number.to_be_bytes());
        entries.push(json!({"mediaType": INDEX, "digest": named, "size": other.len()}));
        image.served.insert(named, other.clone());
    }
    let root = index(&entries);
    let limits = Limits::default().with_max_bytes(root.len() as u64 + 6_000);
    let reports = image.walk(Options::default().with_limits(limits), &root);
    assert_eq!(image.opened.len(), 3);
    assert_eq!(rules(&reports[0].report), ["content.digest", "graph.count"]);
}

#[test]
fn what_descriptors_hold_counts_for_the_limit_on_descriptors() {
    let names = |name: &str| (0..400).map(|number| format!("{name}.{number}")).collect();
    let annotations: Vec<String> = names("a");
    let annotations: Map<String, Value> = annotations
        .into_iter()
        .map(|key| (key, json!("")))
        .collect();
    let features: Vec<String> = names("a");
    let mut image = Image::default();
    for extra in [
        json!({"annotations": annotations}),
        json!({"urls": vec!["https://example.com/"; 400]}),
        json!({"platform": {"os": "linux", "architecture": "amd64", "os.features": features}}),
    ] {
        let mut entry = entry("a/b", b"blob");
        let extra = extra.as_object().cloned().unwrap();
        entry.as_object_mut().unwrap().extend(extra);
        for (limit, beyond) in [(200, true), (201, false)] {
            let limits = Limits::default().with_max_descriptors(limit);
            let options = Options::default().with_limits(limits);
            let reports = image.walk(options, &index(&[entry.clone()]));
            let found = rules(&reports[0].report).contains(&"graph.count");
            assert_eq!(found, beyond, "{limit}");
        }
    }
}

#[test]
fn a_configuration_of_many_features_is_no_burden_on_those_who_lead_to_it() {
    let features: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "os.features": features, "rootfs": {"type": "layers", "diff_ids": []},
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": entry("application/vnd.oci.image.config.v1+json", &config),
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = entry(MANIFEST, &manifest);
    entry["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let mut image = Image::default();
    image.add("config", config);
    image.add("manifest", manifest);
    let started = Instant::now();
    let reports = image.walk(Options::default(), &index(&vec![entry; 20_000]));
    assert_eq!(reports.len(), 3);
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_cycle_through_a_subject_is_a_loop() {
    // Digests that nobody can verify let documents name one another.
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "a/b",
        "config": entry("application/vnd.oci.empty.v1+json", b"{}"), "layers": [entry("a/b", b"x")],
        "subject": {"mediaType": INDEX, "digest": "test:index", "size": 0},
    });
    // Sizes of three digits, filled in below.
    let mut root = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": "test:manifest", "size": 100}]});
    let mut manifest = manifest;
    manifest["subject"]["size"] = json!(root.to_string().len());
    root["manifests"][0]["size"] = json!(manifest.to_string().len());
    let (root, manifest) = (root.to_string(), manifest.to_string());
    let mut image = Image::default();
    image.add("{}", b"{}".to_vec());
    image.add("x", b"x".to_vec());
    image
        .served
        .insert("test:index".to_owned(), root.clone().into_bytes());
    image
        .served
        .insert("test:manifest".to_owned(), manifest.into_bytes());
    // The root is known by its true digest, so it is met again under the other one, and only then is the loop closed.
    let reports = image.walk(Options::default(), root.as_bytes());
    assert!(
        rules(&reports[0].report).contains(&"graph.loop"),
        "{reports:?}"
    );
    assert_eq!(
        image
            .opened
            .iter()
            .filter(|digest| digest.starts_with("test:"))
            .count(),
        2
    );
}

#[test]
fn a_configuration_is_held_against_every_manifest_that_has_it() {
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest(b"diff")]}});
    let config = config.to_string().into_bytes();
    let config_type = "application/vnd.oci.image.config.v1+json";
    let layer = |bytes: &[u8]| entry("application/vnd.oci.image.layer.v1.tar", bytes);
    let manifest = |layers: &[Value]| {
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": entry(config_type, &config), "layers": layers});
        manifest.to_string().into_bytes()
    };
    let (right, wrong) = (
        manifest(&[layer(b"1")]),
        manifest(&[layer(b"1"), layer(b"2")]),
    );
    let on = |bytes: &[u8], architecture: &str| {
        let mut entry = entry(MANIFEST, bytes);
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry
    };
    let root = index(&[
        on(&right, "amd64"),
        on(&wrong, "amd64"),
        on(&right, "arm64"),
    ]);
    let mut image = Image::default();
    for (name, bytes) in [
        ("config", &config),
        ("right", &right),
        ("wrong", &wrong),
        ("1", &b"1".to_vec()),
        ("2", &b"2".to_vec()),
    ] {
        image.add(name, bytes.clone());
    }
    let reports = image.walk(Options::default(), &root);
    let found: Vec<_> = reports
        .iter()
        .flat_map(|named| {
            named.report.issues.iter().map(|issue| {
                (
                    image_name(&image, &named.name),
                    issue.rule,
                    issue.pointer.as_str(),
                )
            })
        })
        .collect();
    assert_eq!(
        found,
        [
            ("wrong".to_owned(), "config.layers.count", "/config"),
            ("root".to_owned(), "content.platform", "/manifests/2"),
        ]
    );
    assert_eq!(image.opened.len(), 5, "each digest is read once");
}

fn image_name(image: &Image, digest: &str) -> String {
    let part = image
        .made
        .iter()
        .find(|(_, bytes)| self::digest(bytes) == digest);
    part.map_or("root", |(name, _)| name).to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Digests by an algorithm that nobody implements let any document name any other, and itself.
    #[test]
    fn every_walk_ends_and_opens_nothing_twice(
        names in prop::collection::vec(prop::collection::vec((0usize..12, any::<bool>(), any::<bool>()), 0..8), 1..12),
        depth in 0usize..12,
    ) {
        let mut image = Image::default();
        let make = |edges: &[(usize, bool, bool)], number: usize, sizes: &[usize]| {
            let entries: Vec<Value> = edges
                .iter()
                .map(|(to, document, right)| {
                    let size = sizes.get(*to).copied().unwrap_or(0) + usize::from(!right);
                    json!({"mediaType": if *document { INDEX } else { "a/b" }, "digest": format!("test:{to}"), "size": 1000 + size})
                })
                .collect();
            let mut bytes = index(&entries);
            // Padded, so that sizes are known before documents are.
            bytes.resize(3000 + number, b' ');
            bytes
        };
        let sizes: Vec<usize> = (0..names.len()).map(|number| 2000 + number).collect();
        let documents: Vec<Vec<u8>> = names.iter().enumerate().map(|(number, edges)| make(edges, number, &sizes)).collect();
        for (number, bytes) in documents.iter().enumerate() {
            image.served.insert(format!("test:{number}"), bytes.clone());
        }
        let limits = Limits::default().with_max_depth(depth);
        let reports = image.walk(Options::default().with_limits(limits), &documents[0]);
        // The root under another name, at most, and each digest once as a blob and once as a document.
        prop_assert!(reports.len() <= documents.len() + 1);
        for number in 0..12 {
            let name = format!("test:{number}");
            prop_assert!(image.opened.iter().filter(|opened| **opened == name).count() <= 2);
            prop_assert!(reports.iter().filter(|named| named.name == name).count() <= 1);
        }
    }
}

#[test]
fn roles_are_those_of_the_specification() {
    let names = [
        Role::Index,
        Role::Manifest,
        Role::Blob,
        Role::Config,
        Role::Layer,
        Role::Subject,
    ]
    .map(Role::as_str);
    assert_eq!(
        names,
        ["index", "manifest", "blob", "config", "layer", "subject"]
    );
}
