//! The walk itself: depth first, with one frame for each document between the root and where it is.

use std::mem;
use std::sync::Arc;

use crate::document::Descriptor;
use crate::json::Value;
use crate::platform::Platform;
use crate::rules::content::{self, Facts};
use crate::rules::{self, Examined, Expected, Place, Report, Rule, examine, graph, image_layout};

use super::edges::{Edge, each_edge};
use super::known::{KnownSet, State};
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
    known: KnownSet,
    documents: u32,
    descriptors: usize,
    bytes: u64,
}

/// A document whose descriptors are being followed.
struct Frame {
    digest: String,
    report: Report,
    /// What is still to be followed, the next one last.
    edges: Vec<Edge>,
    /// What the index that led here says of it.
    platform: Option<Platform>,
    /// Of a manifest, what its configuration says.
    facts: Option<Arc<Facts>>,
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

    /// Begins at a document, of which a media type may have been declared, and more may be known. Its report is the last one.
    pub fn root(&mut self, bytes: &[u8], media_type: Option<String>, expected: Expected) {
        self.read(bytes, media_type, expected, None);
    }

    /// What to do next; `None` once all reports are given. What was asked for and not answered counts as missing.
    #[expect(
        clippy::should_implement_trait,
        reason = "its caller has to answer between two steps"
    )]
    pub fn next(&mut self) -> Option<Step<'_>> {
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
            let edge = self.pending.insert(edge);
            return Some(Step::Open(Request {
                descriptor: &edge.descriptor,
                role: edge.role,
                document: edge.is_document(),
            }));
        }
    }

    /// The bytes of what was asked for last, a document. They are verified here. Whether a report on it will come: there is none
    /// on what is not the document that was named.
    pub fn document(&mut self, bytes: &[u8]) -> bool {
        let Some(edge) = self.pending.take() else {
            return false;
        };
        let place = edge.place();
        let mut expected = Expected::default();
        if edge.role == Role::Config {
            expected.layers = Some(edge.layers);
            expected.platform = self.frames.last().and_then(|frame| frame.platform.clone());
        }
        expected.descriptor = Some(edge.descriptor);
        self.read(bytes, None, expected, Some(place))
    }

    /// What became of what was asked for last, where it is no document, or is not there.
    pub fn content(&mut self, outcome: Outcome) {
        let Some(edge) = self.pending.take() else {
            return;
        };
        let (state, rule) = match outcome {
            Outcome::Verified => (State::Blob, None),
            Outcome::Unverifiable => (State::Blob, Some(content::UNVERIFIABLE)),
            Outcome::Size => (State::Bad, Some(content::SIZE)),
            Outcome::Digest => (State::Bad, Some(content::DIGEST)),
            Outcome::Missing if edge.is_optional() => (State::Absent, None),
            Outcome::Missing => (State::Bad, Some(self.missing())),
        };
        self.set(edge.descriptor.digest.as_str(), state);
        if let Some(rule) = rule {
            self.add(rule, &edge);
        }
    }

    /// Whether the walk has read what has this digest, or has said that it cannot be had.
    #[must_use]
    pub fn has_read(&mut self, digest: &str) -> bool {
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
            self.add(graph::CONFLICT, edge);
            return true;
        }
        match known.state {
            State::Named => !self.is_within_limits(edge),
            State::Blob => !edge.is_document() || !self.is_within_limits(edge),
            State::Open => {
                self.add(graph::LOOP, edge);
                true
            }
            State::Absent => {
                if !edge.is_optional() {
                    self.set(edge.descriptor.digest.as_str(), State::Bad);
                    self.add(self.missing(), edge);
                }
                true
            }
            State::Bad => true,
            State::Document => {
                let facts = known.facts.clone();
                self.compare(facts, edge);
                true
            }
        }
    }

    /// Checks what a configuration says, which was read before, against others that lead to it.
    fn compare(&mut self, facts: Option<Arc<Facts>>, edge: &Edge) {
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
            graph::DEPTH
        } else if size > document.max_bytes as u64 || size > max_bytes.saturating_sub(self.bytes) {
            graph::COUNT
        } else {
            return true;
        };
        self.add(rule, edge);
        false
    }

    /// Begins to follow a document that was named at a place, or the root. Whether that is what was named.
    fn read(
        &mut self,
        bytes: &[u8],
        media_type: Option<String>,
        expected: Expected,
        place: Option<Place>,
    ) -> bool {
        let size = bytes.len() as u64;
        // Of something else than was named, too: whoever serves it could do so for every name.
        self.bytes = self.bytes.saturating_add(size);
        let profile = self.options.profile;
        let options = rules::Options {
            media_type,
            profile,
            limits: self.options.limits.document,
            expected,
            digest: None,
        };
        let Examined {
            mut report,
            mut content,
            identity,
        } = examine(bytes, &options);
        let (digest, platform) = match options.expected.descriptor {
            Some(descriptor) => (descriptor.digest.into_string(), descriptor.platform),
            None => (report.digest.clone(), None),
        };
        if let Some(rule) = identity {
            // What nobody can verify is taken at its word.
            let is_other = rule != content::UNVERIFIABLE;
            if is_other {
                content = None;
            }
            match (place, self.frames.last_mut()) {
                (Some(place), Some(frame)) => {
                    frame.report.add(rule, profile, place);
                    if is_other {
                        self.set(&digest, State::Bad);
                        return false;
                    }
                }
                _ => report.add(rule, profile, Place::START),
            }
        }
        self.documents += 1;
        if let Some(known) = self.known.named(&digest, size, report.kind) {
            known.state = State::Open;
        }
        let mut frame = Frame {
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
        true
    }

    /// Collects what a document names, each thing once.
    fn expand(&mut self, frame: &mut Frame, root: Value<'_>, text: &str) {
        let kind = frame.report.kind;
        if kind.is_config() {
            frame.facts = Some(Arc::new(Facts::of(root)));
            return;
        }
        each_edge(root, kind, text, |edge| {
            if !self.is_new(&edge) {
                return true;
            }
            self.descriptors += edge.weight();
            if self.descriptors > self.options.limits.max_descriptors {
                frame
                    .report
                    .add(graph::COUNT, self.options.profile, edge.place());
                return false;
            }
            frame.edges.push(edge);
            true
        });
        frame.edges.reverse();
    }

    /// Whether the document that is being opened has not named this yet in the same way.
    fn is_new(&mut self, edge: &Edge) -> bool {
        let Descriptor {
            digest,
            size,
            platform,
            ..
        } = &edge.descriptor;
        let Some(known) = self.known.named(digest.as_str(), *size, edge.kind) else {
            return false;
        };
        let again = mem::replace(&mut known.named_by, self.documents) == self.documents;
        let was_document = mem::replace(&mut known.as_document, edge.is_document()) && again;
        let same = was_document || !known.as_document;
        known.as_document |= was_document;
        // One manifest for two platforms is right for one of them at most.
        !(again && same && known.agrees(edge) && platform.is_none())
    }

    /// Ends the document that was opened last.
    fn finish(&mut self) -> Option<Step<'static>> {
        let Frame {
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
        if let Some(known) = self.known.get(&digest) {
            known.state = State::Document;
            known.facts = facts;
        }
        Some(Step::Report(NamedReport {
            name: digest,
            report,
        }))
    }

    /// Reports what a descriptor of the document that is being followed breaks.
    fn add(&mut self, rule: Rule, edge: &Edge) {
        if let Some(frame) = self.frames.last_mut() {
            frame.report.add(rule, self.options.profile, edge.place());
        }
    }

    fn set(&mut self, digest: &str, state: State) {
        if let Some(known) = self.known.get(digest) {
            known.state = state;
        }
    }

    fn missing(&self) -> Rule {
        if self.options.layout {
            image_layout::BLOB_MISSING
        } else {
            graph::MISSING
        }
    }
}
