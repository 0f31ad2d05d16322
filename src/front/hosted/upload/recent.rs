//! What this process has written last of uploads: who goes on with one, and has the same process again, spares it a read for each chunk.
//!
//! An object of an upload never changes, so what is remembered is what it says as long as it is there. That it is not there any more, as somebody
//! else has ended the upload, is found out when the next one is created ([`state`](super::state)), and no longer before: the bytes that came in vain
//! are then left to a collection.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::state::Upload;

/// Of how many uploads it is known; each takes a few hundred bytes, and some thousands where its chunks are of many sizes.
const KEPT: usize = 64;

/// The last of the objects of some uploads.
#[derive(Debug, Default)]
pub(in crate::front) struct Recent(Mutex<VecDeque<Upload>>);

impl Recent {
    /// Remembers the last object of an upload, in the place of the one before.
    pub(in crate::front::hosted) fn remember(&self, upload: Upload) {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.retain(|known| known.id != upload.id);
        uploads.truncate(KEPT - 1);
        uploads.push_front(upload);
    }

    /// What the object of a place says of an upload, if it is remembered: once, as whoever goes on from there leaves another.
    pub(super) fn take(&self, id: &str, place: Option<u64>) -> Option<Upload> {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = uploads
            .iter()
            .position(|known| known.id == id && known.place == place)?;
        uploads.remove(at)
    }
}
