//! The graph of an image: each document against its rules and against what names it, each blob against its descriptor.
//!
//! A [`Walk`] performs no I/O. It says what it needs next, is given that, and hands out the report on each document once everything
//! below it has been seen:
//!
//! ```
//! use pierhead::graph::{Options, Outcome, Step, Walk};
//!
//! let index = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"size":2,
//!     "mediaType":"application/vnd.example+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}"#;
//! let mut walk = Walk::new(Options::default());
//! walk.root(index, None, Default::default());
//! let mut reports = Vec::new();
//! while let Some(step) = walk.next() {
//!     match step {
//!         // A host that has the blob verifies it; this one has nothing.
//!         Step::Open(_) => walk.content(Outcome::Missing),
//!         Step::Report(named) => reports.push(named),
//!         _ => {}
//!     }
//! }
//! assert_eq!(reports[0].report.issues[0].rule, "graph.missing");
//! assert_eq!(reports[0].report.issues[0].pointer, "/manifests/0");
//! ```
//!
//! Whatever documents say, a walk ends: each digest is followed once, however often it is named, and within [`Limits`]. Only what was
//! verified is followed, or what nobody can verify. So a document that leads to itself by its digest takes a broken hash, or one that
//! is not implemented; then it is a finding, and is not followed again.

mod edges;
mod known;
mod request;
mod walk;

pub use request::{NamedReport, Outcome, Request, Role, Step};
pub use walk::Walk;

use crate::json;
use crate::rules::Profile;

/// How far a walk goes. What is beyond is a finding, and is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Documents that lead to one another, not counting the root: 8.
    pub max_depth: usize,
    /// Descriptors that are followed, in all documents together, at a few hundred bytes of memory each: 100,000. Every two annotations,
    /// URLs or features of a platform count as one more.
    pub max_descriptors: usize,
    /// Bytes of all documents together: 256 MiB.
    pub max_bytes: u64,
    /// One document.
    pub document: json::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 8,
            max_descriptors: 100_000,
            max_bytes: 256 << 20,
            document: json::Limits::default(),
        }
    }
}

/// How to walk.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The verdicts to give.
    pub profile: Profile,
    /// How far to go.
    pub limits: Limits,
    /// Whether the image is in an image layout, where blobs may be missing (image specification, `image-layout.md`, "Blobs").
    pub layout: bool,
}

impl Options {
    /// These options, with a profile.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// These options, with limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// These options, for an image layout.
    #[must_use]
    pub fn for_layout(self) -> Self {
        Self {
            layout: true,
            ..self
        }
    }
}

impl Limits {
    /// These limits, with another depth.
    #[must_use]
    pub fn with_max_depth(self, max_depth: usize) -> Self {
        Self { max_depth, ..self }
    }

    /// These limits, with another number of descriptors.
    #[must_use]
    pub fn with_max_descriptors(self, max_descriptors: usize) -> Self {
        Self {
            max_descriptors,
            ..self
        }
    }

    /// These limits, with another number of bytes of all documents.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// These limits, with others on each document.
    #[must_use]
    pub fn with_document(self, document: json::Limits) -> Self {
        Self { document, ..self }
    }
}
