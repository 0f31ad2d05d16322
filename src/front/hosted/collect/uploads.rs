//! Uploads that nobody goes on with.

use super::super::Host;
use super::super::upload::Fate;
use super::Run;
use super::state::Phase;
use crate::front::error::Failure;
use crate::front::keys;

/// How many uploads are looked at as one page.
const AT_ONCE: usize = 25;

impl<T: Host> Run<'_, T> {
    /// Gives up uploads that nobody goes on with, and remembers the others.
    pub(super) async fn uploads(&mut self) -> Result<(), Failure> {
        for _ in 0..AT_ONCE {
            let Some((key, upload)) = self.next_upload(keys::UPLOADS).await? else {
                self.state.enter(Phase::Blobs);
                return Ok(());
            };
            self.sweep_upload(&upload).await?;
            self.state.cursor = key;
        }
        Ok(())
    }

    async fn sweep_upload(&mut self, upload: &str) -> Result<(), Failure> {
        let keeps_bytes = match self.registry.fate(upload).await? {
            Fate::Lives => {
                self.state.sets.uploads.add(upload);
                return Ok(());
            }
            Fate::Unreadable => {
                self.state.sets.uploads.add(upload);
                self.state.report.damaged += 1;
                return Ok(());
            }
            Fate::GivenUp(_) => false,
            Fate::Over { keeps_bytes } => keeps_bytes,
        };
        let mut bytes = (0, 0);
        if !keeps_bytes {
            bytes = self.delete_segments(upload, false).await?;
        }
        if self.state.dry {
            // Its bytes are counted here.
            self.state.sets.uploads.add(upload);
        } else if self.registry.expire_upload(upload).await? {
            self.state.sets.uploads.add(upload);
            return Ok(());
        }
        if !keeps_bytes {
            self.state.report.uploads += 1;
            self.count(bytes);
        }
        Ok(())
    }
}
