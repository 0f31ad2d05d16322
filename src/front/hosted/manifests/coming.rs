//! What manifests that are being put take of memory. Each is held until all of it has come and is stored, and whoever sends it may take as long as he
//! likes.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::super::error::Failure;
use super::super::Host;
use super::super::Hosted;
use crate::{Error, Kind};

/// Bytes up to which a manifest is held whatever others take, as nearly all are smaller: so whoever holds all that may be held holds nobody up but those
/// with large ones.
const SMALL: usize = 64 * 1024;

/// How many bytes are held.
#[derive(Debug, Default)]
pub(in crate::front::hosted) struct Coming(AtomicUsize);

/// One manifest's share of that, which it gives back when it is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    coming: &'a Coming,
    most: usize,
    size: usize,
    counted: usize,
}

impl<T: Host> Hosted<T> {
    /// A manifest of which nothing has come.
    pub(super) fn hold(&self) -> Held<'_> {
        Held {
            coming: &self.coming,
            most: usize::try_from(self.options.manifest_memory).unwrap_or(usize::MAX),
            size: 0,
            counted: 0,
        }
    }
}

impl Held<'_> {
    /// Takes so many more bytes.
    ///
    /// # Errors
    /// 429 if there is no room for them.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Failure> {
        self.size += bytes;
        if self.size <= SMALL {
            return Ok(());
        }
        let more = self.size - self.counted;
        let before = self.coming.0.fetch_add(more, Ordering::Relaxed);
        self.counted = self.size;
        if before.saturating_add(more) <= self.most {
            return Ok(());
        }
        let message = "too many manifests are on their way";
        Err(Failure::from_store(Error::new(Kind::StoreBusy, message)))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.coming.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}
