//! Uploads that come to nothing, and what is left of those that are over.

use super::super::super::cleanup::{Cleanup, Left};
use super::super::super::error::Failure;
use super::super::super::keys;
use super::super::patience::{MAX_CONFLICTS, contended};
use super::super::{Host, Hosted};
use super::state::{Advance, End, PAGE, Upload};
use super::{Place, Written};

/// What is to become of an upload.
#[derive(Debug)]
pub(in crate::front) enum Fate {
    /// It goes on, or is over and nobody can say whether its bytes are those of a blob.
    Lives,
    /// Nobody goes on with it.
    GivenUp(Box<Upload>),
    /// Nobody can say how far it has come, so it stays.
    Unreadable,
    /// It is over, and what is left of it goes.
    Over {
        /// Whether its bytes are those of a blob, or may be.
        keeps_bytes: bool,
    },
}

impl<T: Host> Hosted<T> {
    /// Gives an upload up for its client.
    pub(super) async fn cancel(&self, place: &Place) -> Result<(), Failure> {
        for _ in 0..MAX_CONFLICTS {
            let upload = self.alive(place).await?;
            match self.give_up(&upload).await? {
                Advance::Done => {
                    self.clear_behind(place, false).await;
                    return Ok(());
                }
                Advance::Gone => return Err(Failure::no_upload()),
                Advance::Lost => {}
            }
        }
        Err(contended())
    }

    /// Gives an upload up, unless somebody has gone on with it.
    async fn give_up(&self, upload: &Upload) -> Result<Advance, Failure> {
        let end = self.ended(upload, Written::default(), End::GivenUp);
        self.advance(upload, &end).await
    }

    /// Gives an upload up that has come nowhere for as long as [`HostedOptions::upload_expiry`](crate::front::HostedOptions::upload_expiry)
    /// says, and deletes what is left of one that has been over for that long, and for the grace period. Gives whether there is anything to come back for.
    ///
    /// # Errors
    /// What the store's failure means to a client; 405 where nothing is written.
    pub async fn expire_upload(&self, id: &str) -> Result<bool, Failure> {
        if self.options.read_only {
            return Err(Failure::read_only());
        }
        match self.fate(id).await? {
            Fate::Lives | Fate::Unreadable => Ok(true),
            Fate::GivenUp(upload) => {
                let advance = self.give_up(&upload).await?;
                if advance == Advance::Done {
                    self.clear(id, false).await;
                }
                Ok(advance == Advance::Lost)
            }
            Fate::Over { keeps_bytes } => {
                self.clear(id, keeps_bytes).await;
                Ok(false)
            }
        }
    }

    /// What is to become of an upload, now.
    pub(in super::super) async fn fate(&self, id: &str) -> Result<Fate, Failure> {
        let upload = match self.latest(id).await {
            Ok(Some(upload)) => upload,
            Ok(None) => return Ok(Fate::Over { keeps_bytes: true }),
            Err(failure) if failure.is_damage() => return Ok(Fate::Unreadable),
            Err(failure) => return Err(failure),
        };
        let mut expiry = self.options.upload_expiry;
        if upload.end.is_some() {
            // Whoever closed it may be about to go on with that.
            expiry = expiry.max(self.options.grace);
        }
        if self.host.unix_time().saturating_sub(upload.time) < expiry {
            return Ok(Fate::Lives);
        }
        if !self.is_begun(id).await? {
            // What is written there came too late, and says nothing of the bytes.
            return Ok(Fate::Over { keeps_bytes: true });
        }
        Ok(match &upload.end {
            None => Fate::GivenUp(Box::new(upload)),
            Some(End::GivenUp) => Fate::Over { keeps_bytes: false },
            // Whoever closed it did not come to the end of that, and may no longer.
            Some(End::Closed(digest)) => {
                match self.owner(digest).await {
                    Ok(owner) => Fate::Over {
                        keeps_bytes: owner.as_deref() == Some(id),
                    },
                    // The blob's record is what cannot be read.
                    Err(failure) if failure.is_damage() => Fate::Lives,
                    Err(failure) => return Err(failure),
                }
            }
        })
    }

    /// Deletes what requests have left to `cleanup`: to be called as soon as they are answered. Where the store fails with an upload, a collection
    /// deletes what is left of that. So it does where this is never called, or dropped.
    pub async fn clean_up(&self, cleanup: &Cleanup) {
        while let Some(Left { id, keeps_bytes }) = cleanup.take() {
            self.clear(&id, keeps_bytes).await;
        }
    }

    /// Deletes what is no longer needed of an upload that is over, behind the answer where the request has that.
    pub(super) async fn clear_behind(&self, place: &Place, keeps_bytes: bool) {
        match &place.cleanup {
            Some(cleanup) => cleanup.add(Left {
                id: place.id.clone(),
                keeps_bytes,
            }),
            None => self.clear(&place.id, keeps_bytes).await,
        }
    }

    /// Deletes what is no longer needed of an upload that is over, and its bytes unless they are a blob's. What is left of it if that fails is
    /// collected.
    pub(crate) async fn clear(&self, id: &str, keeps_bytes: bool) {
        // First, and for itself: see `state`.
        if self.host.delete(&[keys::start(id)]).await.is_err() {
            return;
        }
        if !keeps_bytes && !self.clear_all(&keys::segments(id)).await {
            return;
        }
        self.clear_all(&keys::upload(id)).await;
    }

    /// Deletes all objects whose keys begin so; whether it did.
    async fn clear_all(&self, prefix: &str) -> bool {
        loop {
            let Ok(page) = self.host.list(prefix, None, PAGE).await else {
                return false;
            };
            let gone: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
            if !gone.is_empty() && self.host.delete(&gone).await.is_err() {
                return false;
            }
            if gone.is_empty() || !page.more {
                return true;
            }
        }
    }
}
