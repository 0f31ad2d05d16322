//! `docs/rules.md` is made from the rules, by this test.
#![allow(clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;
use std::fs;

use pierhead::rules::{Profile, Rule, rules};

/// What the rules are about, by what their ids begin with. What is not here is a heading of its own name.
const TITLES: [(&str, &str); 15] = [
    ("json", "JSON"),
    ("document", "Any document"),
    ("ambiguity", "What two readers may take in two ways"),
    ("descriptor", "Descriptors"),
    ("platform", "Platforms"),
    ("annotations", "Annotations"),
    ("manifest", "Image manifests"),
    ("index", "Image indexes"),
    ("config", "Image configurations"),
    ("layout", "The file oci-layout"),
    ("image-layout", "Image layouts"),
    ("docker", "Docker's documents"),
    ("content", "What a descriptor points at"),
    ("graph", "Documents that lead to one another"),
    ("report", "The report itself"),
];

const HEAD: &str = "\
# Rules

Made from the rules themselves by `cargo test --test rules_doc`; `pierhead validate --rules` lists them too, and `rules()` of the
package. An id is part of the API.

An *error* makes a document invalid, a *warning* does not. Where a second grade is named, it is that of the profile `schema`, whose
verdicts are those of the official JSON Schema and validator.

The caps on a document are 8 MiB, 64 levels and 1,048,576 values. The limits on an image, unless others are given, are 8 documents inside
one another, 100,000 descriptors, and 256 MiB of documents.
";

#[test]
fn docs_rules_md_says_what_the_rules_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let made = document();
    if fs::read_to_string(path).is_ok_and(|found| found == made) {
        return;
    }
    match fs::write(path, made) {
        Ok(()) => panic!("docs/rules.md was out of date and has been written again: commit it"),
        Err(error) => panic!("docs/rules.md is out of date: {error}"),
    }
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    for group in groups() {
        writeln!(text, "\n## {}\n", title(group)).unwrap_or_default();
        text.push_str("| rule | grade | says | source |\n|---|---|---|---|\n");
        for rule in rules().filter(|rule| group_of(*rule) == group) {
            writeln!(text, "{}", row(rule)).unwrap_or_default();
        }
    }
    text
}

/// In the order of the rules.
fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    for group in rules().map(group_of) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn group_of(rule: Rule) -> &'static str {
    rule.id().split('.').next().unwrap_or(rule.id())
}

fn title(group: &'static str) -> &'static str {
    TITLES
        .into_iter()
        .find_map(|(name, title)| (name == group).then_some(title))
        .unwrap_or(group)
}

fn row(rule: Rule) -> String {
    let (id, spec) = (rule.id(), rule.spec());
    let [grade, schema] =
        [Profile::default(), Profile::Schema].map(|profile| rule.severity(profile).as_str());
    let grades = if grade == schema {
        grade.to_owned()
    } else {
        format!("{grade} ({schema})")
    };
    format!(
        "| `{id}` | {grades} | {} | [{}]({spec}) |",
        cell(rule.summary()),
        source(spec)
    )
}

/// Text that stays in its cell, and is no markup.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '<' | '*' | '_' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The document and the section that a URL names: `manifest.md#image-manifest-property-descriptions`.
fn source(spec: &str) -> &str {
    let page = spec.split('#').next().unwrap_or(spec).trim_end_matches('/');
    let start = page.rfind('/').map_or(0, |slash| slash + 1);
    spec.get(start..).unwrap_or(spec)
}
