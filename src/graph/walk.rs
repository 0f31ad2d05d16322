//! The walk itself: depth first, with one frame for each document between the root and where it is.

use std::collections::BTreeMap;
use std::mem;

use crate::document::Kind;
use crate::json::Value;
use crate::platform::Platform;
use crate::rules::content::{self, Facts};
use crate::rules::{self, Examined, Expected, Place, Report, Rule, examine, graph, image_layout};

use super::edges::{Edge, each_edge};
use super::{Limits, NamedReport, Options, Outcome, Request, Role, Step};

/// A walk through the graph of an image: see [the module](super).
#[derive(Default)]
pub struct Walk {
    options: Options,
    /// From the root to the document whose descriptors are followed now.
    frames: Vec<Frame>,
    /// What was asked for and has not come.
    pending: Option<Edge>,
    /// Everything that was named, by its digest.
    known: BTreeMap<String, Known>,
    documents: u32,
    descriptors: usize,
    bytes: u64,
}

/// A document whose descriptors are being followed.
struct Frame {
    name: String,
    digest: String,
    report: Report,
    /// What is still to be followed, the next one last.
    edges: Vec<Edge>,
    /// What the index that led here says of it.
    platform: Option<Platform>,
    /// Of a manifest, what its configuration says.
    facts: Option<Facts>,
}

/// What is known of a digest.
struct Known {
    size: u64,
    kind: Kind,
    state: State,
    /// The document that named it last, by the order of reading.
    named_by: u32,
    /// Whether that document named it as a document.
    as_document: bool,
    /// Of a configuration, and of the manifest above it, what it says: others may lead to it who expect something else.
    facts: Option<Facts>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has read it.
    Named,
    /// A document between the root and where the walk is.
    Open,
    /// A blob that was read.
    Blob,
    /// A document that was followed.
    Document,
    /// It is not there, and nothing that was read needs it.
    Absent,
    /// It is missing, or is something else, and that was reported.
    Bad,
}

impl Walk {
    /// A walk that has not begun: give it its [`root`](Walk::root).
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Begins at a document. `name` is what its report will be called, or `None` for its digest; `options` say what else is known of
    /// it, and their profile and limits do not count.
    pub fn root(&mut self, name: Option<&str>, bytes: &[u8], options: &rules::Options) {
        let options = self.options_with(options.clone());
        let mut examined = examine(bytes, &options);
        if let Some(rule) = examined.identity {
            examined.report.add(rule, options.profile, Place::START);
        }
        if !is_followed(examined.identity) {
            examined.content = None;
        }
        let descriptor = options.expected.descriptor;
        let (digest, platform) = match descriptor {
            Some(descriptor) => (descriptor.digest.to_string(), descriptor.platform),
            None => (examined.report.digest.clone(), None),
        };
        let name = name.map_or_else(|| digest.clone(), str::to_owned);
        self.open(bytes, examined, name, digest, platform);
    }

    /// What to do next; `None` once all reports are given. What was asked for and not answered counts as missing.
    #[expect(
        clippy::should_implement_trait,
        reason = "its caller has to answer between two steps"
    )]
    pub fn next(&mut self) -> Option<Step> {
        if self.pending.is_some() {
            self.content(Outcome::Missing);
        }
        loop {
            let frame = self.frames.last_mut()?;
            let Some(edge) = frame.edges.pop() else {
                return self.finish();
            };
            if self.settle(&edge) {
                continue;
            }
            let request = Request {
                descriptor: edge.descriptor.clone(),
                role: edge.role,
                document: edge.is_document(),
            };
            self.pending = Some(edge);
            return Some(Step::Open(request));
        }
    }

    /// The bytes of what was asked for last, a document. They are verified here.
    pub fn document(&mut self, bytes: &[u8]) {
        let Some(edge) = self.pending.take() else {
            return;
        };
        let digest = edge.descriptor.digest.to_string();
        let mut expected = Expected::default().with_descriptor(edge.descriptor.clone());
        if edge.role == Role::Config {
            expected.layers = Some(edge.layers);
            expected.platform = self.frames.last().and_then(|frame| frame.platform.clone());
        }
        let options = self.options_with(rules::Options::default().with_expected(expected));
        let examined = examine(bytes, &options);
        if let Some(rule) = examined.identity {
            self.add(rule, &edge);
            if !is_followed(Some(rule)) {
                self.set(&edge, State::Bad);
                return;
            }
        }
        let platform = edge.descriptor.platform;
        self.open(bytes, examined, digest.clone(), digest, platform);
    }

    /// What became of what was asked for last, where it is no document, or is not there.
    pub fn content(&mut self, outcome: Outcome) {
        let Some(edge) = self.pending.take() else {
            return;
        };
        let (state, rule) = match outcome {
            Outcome::Verified => (State::Blob, None),
            Outcome::Unverifiable => (State::Blob, Some(&content::UNVERIFIABLE)),
            Outcome::Size => (State::Bad, Some(&content::SIZE)),
            Outcome::Digest => (State::Bad, Some(&content::DIGEST)),
            Outcome::Missing if edge.is_optional() => (State::Absent, None),
            Outcome::Missing => (State::Bad, Some(self.missing())),
        };
        self.set(&edge, state);
        if let Some(rule) = rule {
            self.add(rule, &edge);
        }
    }

    /// Whether the walk has read what has this digest, or has said that it cannot be had.
    #[must_use]
    pub fn has_read(&self, digest: &str) -> bool {
        self.known
            .get(digest)
            .is_some_and(|known| known.state != State::Named)
    }

    /// Whether nothing has to be read for a descriptor, since enough is known of its digest. Reports what that says of it.
    fn settle(&mut self, edge: &Edge) -> bool {
        let Some(known) = self.known.get(edge.descriptor.digest.as_str()) else {
            return true;
        };
        if !known.agrees(edge) {
            self.add(&graph::CONFLICT, edge);
            return true;
        }
        match known.state {
            State::Named => !self.is_within_limits(edge),
            State::Blob => !edge.is_document() || !self.is_within_limits(edge),
            State::Open => {
                self.add(&graph::LOOP, edge);
                true
            }
            State::Absent => {
                if !edge.is_optional() {
                    self.set(edge, State::Bad);
                    self.add(self.missing(), edge);
                }
                true
            }
            State::Bad => true,
            State::Document => {
                self.compare(known.facts.clone(), edge);
                true
            }
        }
    }

    /// Checks what a configuration says, which was read before, against others that lead to it.
    fn compare(&mut self, facts: Option<Facts>, edge: &Edge) {
        let (Some(facts), Some(frame)) = (facts, self.frames.last_mut()) else {
            return;
        };
        let breaches = if edge.role == Role::Config {
            let breaches = facts.breaches(Some(edge.layers), frame.platform.as_ref());
            frame.facts = Some(facts);
            breaches
        } else {
            facts.breaches(None, edge.descriptor.platform.as_ref())
        };
        for rule in breaches.into_iter().flatten() {
            self.add(rule, edge);
        }
    }

    fn is_within_limits(&mut self, edge: &Edge) -> bool {
        let Limits {
            max_depth,
            max_bytes,
            document,
            ..
        } = self.options.limits;
        let size = edge.descriptor.size;
        let rule = if !edge.is_document() {
            return true;
        } else if self.frames.len() > max_depth {
            &graph::DEPTH
        } else if size > document.max_bytes as u64 || size > max_bytes.saturating_sub(self.bytes) {
            &graph::COUNT
        } else {
            return true;
        };
        self.add(rule, edge);
        false
    }

    /// Begins to follow a document.
    fn open(
        &mut self,
        bytes: &[u8],
        examined: Examined<'_>,
        name: String,
        digest: String,
        platform: Option<Platform>,
    ) {
        let Examined {
            report, content, ..
        } = examined;
        let size = bytes.len() as u64;
        self.bytes = self.bytes.saturating_add(size);
        self.documents += 1;
        let known = Known {
            size,
            kind: report.kind,
            state: State::Open,
            named_by: 0,
            as_document: true,
            facts: None,
        };
        self.known.entry(digest.clone()).or_insert(known).state = State::Open;
        let mut frame = Frame {
            name,
            digest,
            report,
            edges: Vec::new(),
            platform,
            facts: None,
        };
        if let Some((tree, text)) = content {
            self.expand(&mut frame, tree.root_of(text), text);
        }
        self.frames.push(frame);
    }

    /// Collects what a document names, each thing once.
    fn expand(&mut self, frame: &mut Frame, root: Value<'_>, text: &str) {
        let kind = frame.report.kind;
        if kind.is_config() {
            frame.facts = Some(Facts::of(root));
            return;
        }
        each_edge(root, kind, text, |edge| {
            if !self.is_new(&edge) {
                return true;
            }
            self.descriptors += 1;
            if self.descriptors > self.options.limits.max_descriptors {
                frame
                    .report
                    .add(&graph::COUNT, self.options.profile, edge.place());
                return false;
            }
            frame.edges.push(edge);
            true
        });
        frame.edges.reverse();
    }

    /// Whether the document that is being opened has not named this yet in the same way.
    fn is_new(&mut self, edge: &Edge) -> bool {
        let (named_by, as_document) = (self.documents, edge.is_document());
        let named = Known {
            size: edge.descriptor.size,
            kind: Kind::of(&edge.descriptor.media_type),
            state: State::Named,
            named_by: 0,
            as_document,
            facts: None,
        };
        let known = self
            .known
            .entry(edge.descriptor.digest.to_string())
            .or_insert(named);
        let again = mem::replace(&mut known.named_by, named_by) == named_by;
        let as_document = known.as_document || !as_document;
        known.as_document = edge.is_document() || again && known.as_document;
        // One manifest for two platforms is right for one of them at most.
        !(again && as_document && known.agrees(edge) && edge.descriptor.platform.is_none())
    }

    /// Ends the document that was opened last.
    fn finish(&mut self) -> Option<Step> {
        let Frame {
            name,
            digest,
            report,
            facts,
            ..
        } = self.frames.pop()?;
        if report.kind.is_config()
            && let Some(manifest) = self.frames.last_mut()
        {
            manifest.facts.clone_from(&facts);
        }
        if let Some(known) = self.known.get_mut(&digest) {
            known.state = State::Document;
            known.facts = facts;
        }
        Some(Step::Report(NamedReport { name, report }))
    }

    /// Reports what a descriptor of the document that is being followed breaks.
    fn add(&mut self, rule: &'static Rule, edge: &Edge) {
        if let Some(frame) = self.frames.last_mut() {
            frame.report.add(rule, self.options.profile, edge.place());
        }
    }

    fn set(&mut self, edge: &Edge, state: State) {
        if let Some(known) = self.known.get_mut(edge.descriptor.digest.as_str()) {
            known.state = state;
        }
    }

    fn missing(&self) -> &'static Rule {
        if self.options.layout {
            &image_layout::BLOB_MISSING
        } else {
            &graph::MISSING
        }
    }

    fn options_with(&self, options: rules::Options) -> rules::Options {
        options
            .with_profile(self.options.profile)
            .with_limits(self.options.limits.document)
    }
}

impl Known {
    fn agrees(&self, edge: &Edge) -> bool {
        let kind = Kind::of(&edge.descriptor.media_type);
        // A configuration is the same one to OCI and to Docker.
        let same = self.kind == kind || self.kind.is_config() && kind.is_config();
        same && self.size == edge.descriptor.size
    }
}

/// Whether what breaks this rule on size and digest is followed all the same: what nobody can verify is taken at its word.
fn is_followed(identity: Option<&'static Rule>) -> bool {
    identity.is_none_or(|rule| rule.id == content::UNVERIFIABLE.id)
}
