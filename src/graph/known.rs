//! Everything that was named on a walk, by its digest.

use std::sync::Arc;

use crate::document::Kind;
use crate::rules::content::Facts;

use super::edges::Edge;

/// What is known of a digest.
pub(super) struct Known {
    digest: Box<str>,
    /// As the descriptor says that named it first; if it was read, what it is.
    size: u64,
    kind: Kind,
    pub(super) state: State,
    /// The document that named it last, by the order of reading.
    pub(super) named_by: u32,
    /// Whether that document named it as a document.
    pub(super) as_document: bool,
    /// Of a configuration, and of the manifest above it, what it says: others may lead to it who expect something else.
    pub(super) facts: Option<Arc<Facts>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
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

impl Known {
    pub(super) fn agrees(&self, edge: &Edge) -> bool {
        let kind = edge.kind;
        // A configuration is the same one to OCI and to Docker.
        let same = self.kind == kind || self.kind.is_config() && kind.is_config();
        same && self.size == edge.descriptor.size
    }
}

/// A sorted list, in chunks so that an insertion moves little however many there are. The map of the standard library takes four times
/// the code.
#[derive(Default)]
pub(super) struct KnownSet {
    chunks: Vec<Vec<Known>>,
}

/// Known digests in a chunk, at most.
const CHUNK: usize = 256;

impl KnownSet {
    /// What is known of a digest, if something is.
    pub(super) fn get(&mut self, digest: &str) -> Option<&mut Known> {
        let chunk = self.chunk_of(digest);
        let known = self.chunks.get_mut(chunk)?;
        let at = known.partition_point(|known| *known.digest < *digest);
        known.get_mut(at).filter(|known| *known.digest == *digest)
    }

    /// What is known of a digest; from now on, that it was named with this size and as this kind.
    pub(super) fn named(&mut self, digest: &str, size: u64, kind: Kind) -> Option<&mut Known> {
        if self.get(digest).is_none() {
            let known = Known {
                digest: digest.into(),
                size,
                kind,
                state: State::Named,
                named_by: 0,
                as_document: false,
                facts: None,
            };
            let chunk = self.chunk_of(digest);
            match self.chunks.get_mut(chunk) {
                None => self.chunks.push(vec![known]),
                Some(chunk_list) => {
                    let at = chunk_list.partition_point(|known| *known.digest < *digest);
                    chunk_list.insert(at, known);
                    if chunk_list.len() > CHUNK {
                        let upper = chunk_list.split_off(CHUNK / 2);
                        self.chunks.insert(chunk + 1, upper);
                    }
                }
            }
        }
        self.get(digest)
    }

    /// The last chunk that begins at or before a digest, else the first.
    fn chunk_of(&self, digest: &str) -> usize {
        let after = self
            .chunks
            .partition_point(|chunk| chunk.first().is_some_and(|first| *first.digest <= *digest));
        after.saturating_sub(1)
    }
}
