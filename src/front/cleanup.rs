//! What requests leave to be deleted once they are answered.

use std::sync::{Arc, Mutex, PoisonError};

/// What is left of uploads that requests have ended, for [`Hosted::clean_up`](super::Hosted::clean_up) to delete behind their answers: two small
/// objects for each chunk, so that nobody waits longer for the end of an upload because more of it had come. A clone is the same list.
///
/// It may be given up at any time: nothing depends on it, and what it does not delete a collection does.
#[derive(Clone, Debug, Default)]
pub struct Cleanup(Arc<Mutex<Vec<Left>>>);

/// What is left of an upload that is over.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// The upload.
    pub(crate) id: String,
    /// Whether its bytes are those of a blob.
    pub(crate) keeps_bytes: bool,
}

impl Cleanup {
    /// A list of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is left to be deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    pub(super) fn add(&self, left: Left) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(left);
    }

    /// Takes one of what is left from the list.
    pub(crate) fn take(&self) -> Option<Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
