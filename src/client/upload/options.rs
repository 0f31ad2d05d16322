//! How a blob is pushed, and what came of it.

use crate::digest::{Algorithm, Digest};
use crate::reference::RepositoryName;

/// What a chunk holds unless something else is asked, in bytes: the most that GitHub's registry takes. Each upload holds one, and
/// several run at once.
const DEFAULT_CHUNK_SIZE: u64 = 4 * 1024 * 1024;

/// How a blob is pushed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushOptions {
    /// By what the content is named, where its digest is not known before it is read; SHA-256 if nothing else is asked.
    pub algorithm: Algorithm,
    /// A repository of the same registry that may have the blob.
    pub mount_from: Option<RepositoryName>,
    /// Bytes of one chunk, at least 1, where the registry leaves the choice; 4 MiB if nothing else is asked. So much is held. Where a
    /// registry wants larger chunks (`OCI-Chunk-Min-Length`), they are as large as that, up to 64 MiB.
    pub chunk_size: u64,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            mount_from: None,
            chunk_size: DEFAULT_CHUNK_SIZE,
        }
    }
}

impl PushOptions {
    /// These options, for a content that is to be named by this algorithm.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// These options, for a blob that this repository may have.
    #[must_use]
    pub fn with_mount_from(self, from: RepositoryName) -> Self {
        Self {
            mount_from: Some(from),
            ..self
        }
    }

    /// These options, with chunks of so many bytes.
    #[must_use]
    pub fn with_chunk_size(self, chunk_size: u64) -> Self {
        Self { chunk_size, ..self }
    }
}

/// A blob that the repository has now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How it came there.
    pub outcome: PushOutcome,
}

impl Pushed {
    pub(super) fn new(digest: Digest, size: u64, outcome: PushOutcome) -> Self {
        Self {
            digest,
            size,
            outcome,
        }
    }
}

/// How a blob came to be in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushOutcome {
    /// It was there.
    Existed,
    /// The registry had it in another repository.
    Mounted,
    /// It was sent.
    Uploaded,
}

impl PushOutcome {
    /// Its name: `existed`, `mounted` or `uploaded`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Existed => "existed",
            Self::Mounted => "mounted",
            Self::Uploaded => "uploaded",
        }
    }
}
