//! What a walk asks for, and what it is told.

use serde::{Serialize, Serializer};

use crate::document::Descriptor;
use crate::rules::Report;

/// What something is to the document that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Role {
    /// An entry of an index that is an index itself.
    Index,
    /// An entry of an index that is an image manifest.
    Manifest,
    /// An entry of an index that is something else.
    Blob,
    /// The configuration of a manifest.
    Config,
    /// A layer of a manifest.
    Layer,
    /// What a manifest or index refers to.
    Subject,
}

impl Role {
    /// Its name: that of its variant, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Manifest => "manifest",
            Self::Blob => "blob",
            Self::Config => "config",
            Self::Layer => "layer",
            Self::Subject => "subject",
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a [`Walk`](super::Walk) does next.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// It needs something, and goes no further before it is told what became of it.
    Open(Request<'a>),
    /// It is done with a document and everything below.
    Report(NamedReport),
}

/// Something that a walk needs.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Request<'a> {
    /// What points at it.
    pub descriptor: &'a Descriptor,
    /// What it is to the document that has the descriptor.
    pub role: Role,
    /// Whether to read it whole, and to answer with [`Walk::document`](super::Walk::document). It is not larger than the walk's limit on
    /// one document. What is not read whole is only verified, and answered by [`Walk::content`](super::Walk::content).
    pub document: bool,
}

/// The report on a document.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NamedReport {
    /// The digest by which the document is named; if the root is named by nothing, its SHA-256 digest.
    pub name: String,
    /// The verdict: the rules that the document breaks, and those that what it names breaks.
    pub report: Report,
}

/// What became of something that a walk asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has the size and the digest of its descriptor.
    Verified,
    /// It has the size of its descriptor, and nobody can compute its digest.
    Unverifiable,
    /// It has another size.
    Size,
    /// It has another digest.
    Digest,
    /// It is not there.
    Missing,
}
