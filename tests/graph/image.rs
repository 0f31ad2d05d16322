//! Images in memory: their parts, made from a fixture, and a host that serves them.

use std::collections::BTreeMap;

use pierhead::digest::{Algorithm, Digest};
use pierhead::graph::{NamedReport, Options, Outcome, Step, Walk};
use pierhead::rules::Expected;
use serde_json::{Map, Value, json};

/// An image in memory.
#[derive(Default)]
pub(crate) struct Image {
    pub(crate) made: BTreeMap<String, Vec<u8>>,
    pub(crate) served: BTreeMap<String, Vec<u8>>,
    /// Digests that were asked for, each as often as it was.
    pub(crate) opened: Vec<String>,
}

impl Image {
    /// Adds a part, and gives its digest.
    pub(crate) fn add(&mut self, name: &str, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        self.made.insert(name.to_owned(), bytes.clone());
        self.served.insert(digest.clone(), bytes);
        digest
    }

    pub(crate) fn make(&mut self, parts: &Map<String, Value>, name: &str) -> Vec<u8> {
        if !self.made.contains_key(name) {
            let bytes = match &parts[name] {
                Value::String(text) => text.clone().into_bytes(),
                part => self.expand(parts, part.clone()).to_string().into_bytes(),
            };
            self.add(name, bytes);
        }
        self.made[name].clone()
    }

    fn expand(&mut self, parts: &Map<String, Value>, value: Value) -> Value {
        match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.expand(parts, item))
                .collect(),
            Value::Object(mut object) => {
                if let Some(name) = object.remove("of") {
                    let bytes = self.make(parts, name.as_str().unwrap());
                    object
                        .entry("digest")
                        .or_insert_with(|| json!(digest(&bytes)));
                    object.entry("size").or_insert_with(|| json!(bytes.len()));
                }
                object
                    .into_iter()
                    .map(|(key, item)| (key, self.expand(parts, item)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            value => value,
        }
    }

    pub(crate) fn alter(&mut self, case: &Value) {
        for name in case["absent"].as_array().into_iter().flatten() {
            self.served
                .remove(&digest(&self.made[name.as_str().unwrap()]));
        }
        for (name, text) in case["instead"].as_object().into_iter().flatten() {
            self.served
                .insert(digest(&self.made[name]), text.as_str().unwrap().into());
        }
        for (claimed, name) in case["served"].as_object().into_iter().flatten() {
            self.served
                .insert(claimed.clone(), self.made[name.as_str().unwrap()].clone());
        }
    }

    pub(crate) fn name_of(&self, digest: &str) -> String {
        let claimed = self.served.get(digest);
        let part = self
            .made
            .iter()
            .find(|(_, bytes)| self::digest(bytes) == digest || claimed == Some(*bytes));
        part.unwrap().0.clone()
    }

    pub(crate) fn walk(&mut self, options: Options, root: &[u8]) -> Vec<NamedReport> {
        let mut walk = Walk::new(options);
        walk.root(root, None, Expected::default());
        let mut reports = Vec::new();
        while let Some(step) = walk.next() {
            let request = match step {
                Step::Report(report) => {
                    reports.push(report);
                    continue;
                }
                Step::Open(request) => request,
                _ => panic!("a step that this test does not know"),
            };
            let (digest, size) = (request.descriptor.digest.clone(), request.descriptor.size);
            let document = request.document;
            self.opened.push(digest.to_string());
            match self.served.get(digest.as_str()) {
                None => walk.content(Outcome::Missing),
                Some(bytes) if document => {
                    walk.document(bytes);
                }
                Some(bytes) if bytes.len() as u64 != size => walk.content(Outcome::Size),
                Some(bytes) => walk.content(match digest.algorithm() {
                    None => Outcome::Unverifiable,
                    Some(algorithm) if Digest::of(algorithm, bytes) == digest => Outcome::Verified,
                    Some(_) => Outcome::Digest,
                }),
            }
        }
        reports
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}
