//! Writes that wait where the store is busy: one key may be written once a second.

use super::super::error::Failure;
use super::super::record::{self, Version};
use super::super::store::{Condition, Content};
use super::{Host, Hosted};
use crate::error::{Error, Kind};
use crate::reference::Tag;

/// How often a write is tried that the store is too busy for.
const MAX_WRITES: u32 = 4;
/// How long it waits in between, in milliseconds, and up to how much longer.
const WAIT: u64 = 1000;
const MORE_WAIT: u32 = 256;
/// How often something is tried that another writer is faster at.
pub(super) const MAX_CONFLICTS: u32 = 32;

impl<T: Host> Hosted<T> {
    /// Replaces a record that is still of this version, by nothing to empty it; gives whether it was.
    pub(super) async fn swap(
        &self,
        key: &str,
        version: &Version,
        bytes: Vec<u8>,
    ) -> Result<bool, Failure> {
        let mut writes = 1;
        loop {
            match record::swap(&self.host, key, version, bytes.clone()).await {
                Err(error) if error.kind() == Kind::StoreBusy && writes < MAX_WRITES => {
                    writes += 1;
                    self.wait().await;
                }
                outcome => return outcome.map_err(Failure::from_store),
            }
        }
    }

    /// Puts an object that is created once; one that is there already is as good.
    pub(super) async fn create(&self, key: &str) -> Result<(), Failure> {
        self.mark(key, Condition::Absent).await
    }

    /// Notes that a tag may name what is listed under `prefix`, as of now.
    pub(super) async fn note(&self, prefix: &str, tag: &Tag) -> Result<(), Failure> {
        let key = [prefix, tag.as_str()].concat();
        self.mark(&key, Condition::None).await
    }

    async fn mark(&self, key: &str, condition: Condition<'_>) -> Result<(), Failure> {
        let mut writes = 1;
        loop {
            // An object without bytes counts as none.
            let content = Content::Bytes(b"{}".to_vec());
            match self.host.put(key, content, condition, None).await {
                Err(error) if error.kind() == Kind::StoreBusy && writes < MAX_WRITES => {
                    writes += 1;
                    self.wait().await;
                }
                Err(error) => return Err(Failure::from_store(error)),
                Ok(_) => return Ok(()),
            }
        }
    }

    async fn wait(&self) {
        let more = self.host.random() % MORE_WAIT;
        self.host.sleep(WAIT + u64::from(more)).await;
    }

    /// Whether a lease of this time is to be renewed, by who may.
    pub(super) fn renews(&self, leased: u64) -> bool {
        !self.options.read_only && self.is_old(leased)
    }

    /// Whether a lease of this time is to be renewed before anybody may rely on it.
    pub(super) fn is_old(&self, leased: u64) -> bool {
        self.host.unix_time().saturating_sub(leased) > self.options.grace / 2
    }

    /// What no other writer has.
    pub(super) fn nonce(&self) -> String {
        format!("{:032x}", self.host.unique())
    }
}

/// That others were faster all the time.
pub(super) fn contended() -> Failure {
    Failure::from_store(Error::new(Kind::StoreBusy, "others change the same thing"))
}
