//! Deleting manifests by their digest (end-9), and with them the tags that name them.

use super::super::super::error::Failure;
use super::super::super::keys;
use super::super::super::store::Listed;
use super::super::patience::{MAX_CONFLICTS, contended};
use super::super::several::several;
use super::super::stored::{Found, Part, Stored};
use super::super::tags::{Target, unknown};
use super::super::{Host, Hosted};
use crate::digest::Digest;
use crate::reference::{RepositoryName, Tag};

/// How many tags are emptied at once.
const MAX_AT_ONCE: usize = 8;
/// How many are looked for at once: as many keys as can be deleted.
const MAX_LISTED: u32 = 1000;

impl<T: Host> Hosted<T> {
    pub(super) async fn delete_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Failure> {
        if digest.algorithm().is_none() {
            return Err(unknown());
        }
        for _ in 0..MAX_CONFLICTS {
            let stored = self.stored(name, digest, Part::Line).await?;
            if matches!(stored.found, Found::Absent) {
                // Whoever deleted it may not have come to its end.
                self.drop_tags(name, digest, None).await?;
                return Err(unknown());
            }
            if self.remove(name, digest, &stored).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Deletes a manifest whose record is still as it was read, and all that depends on it; gives whether it was.
    pub(in crate::front) async fn remove(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        stored: &Stored,
    ) -> Result<bool, Failure> {
        let key = keys::manifest(name, digest);
        // With this it is deleted. What depends on it counts no longer, and is tidied up.
        if !self.swap(&key, &stored.version, Vec::new()).await? {
            return Ok(false);
        }
        let mut instance = None;
        if let Found::Live(line) = &stored.found {
            if let Some(subject) = &line.subject {
                let link = keys::referrer(name, subject, digest, &line.instance);
                self.delete_keys(&[link]).await?;
            }
            instance = Some(line.instance.as_str());
        }
        self.drop_tags(name, digest, instance).await?;
        Ok(true)
    }

    async fn delete_keys(&self, keys: &[String]) -> Result<(), Failure> {
        self.host.delete(keys).await.map_err(Failure::from_store)
    }

    /// Empties the tags that name a manifest whose record is no more: it was of this instance, or of one that may be found out.
    async fn drop_tags(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        dead: Option<&str>,
    ) -> Result<(), Failure> {
        let prefix = keys::tagged_by(name, digest);
        let prefix = prefix.as_str();
        let mut after: Option<String> = None;
        loop {
            let listing = self
                .host
                .list(prefix, after.as_deref(), MAX_LISTED)
                .await
                .map_err(Failure::from_store)?;
            let Some(last) = listing.objects.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            // What is listed was there before this reading, and so was its instance: if that is not the live one now, it is dead.
            let others =
                |key: &str| entry(key, prefix).is_some_and(|(instance, _)| Some(instance) != dead);
            let mut live = None;
            if listing.objects.iter().any(|object| others(&object.key)) {
                let stored = self.stored(name, digest, Part::Line).await?;
                if let Found::Live(line) = stored.found {
                    live = Some(line.instance);
                }
            }
            let mut stale = Vec::new();
            for object in listing.objects {
                let instance = entry(&object.key, prefix).map(|(instance, _)| instance);
                if instance.is_some() && instance != live.as_deref() {
                    stale.push(object);
                }
            }
            self.drop_each(name, digest, prefix, &stale).await?;
            if !stale.is_empty() {
                let keys: Vec<String> = stale.into_iter().map(|object| object.key).collect();
                self.delete_keys(&keys).await?;
            }
            if !listing.more {
                return Ok(());
            }
        }
    }

    async fn drop_each(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        prefix: &str,
        stale: &[Listed],
    ) -> Result<(), Failure> {
        let mut left = stale.iter();
        several(MAX_AT_ONCE, &mut || {
            let object = left.next()?;
            let (instance, tag) = entry(&object.key, prefix)?;
            Some(Box::pin(async move {
                let Ok(tag) = tag.parse::<Tag>() else {
                    return Ok(());
                };
                let dead = Target {
                    digest: digest.clone(),
                    instance: instance.to_owned(),
                };
                self.drop_tag(name, &tag, &dead, object.modified).await
            }))
        })
        .await
    }
}

/// The instance and the tag of an entry.
fn entry<'a>(key: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    key.strip_prefix(prefix)?.split_once('/')
}
