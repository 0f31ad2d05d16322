//! What is in one repository: its tags, and the blobs that are linked into it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::Host;
use super::super::links::Kept;
use super::super::tags::MIN_TAG_BYTES;
use super::Run;
use super::policy::RetentionPolicy;
use super::state::Phase;
use crate::front::error::Failure;
use crate::front::keys;
use crate::front::record::Version;
use crate::reference::RepositoryName;

const DAY: u64 = 24 * 60 * 60 * 1000;

impl<T: Host> Run<'_, T> {
    /// The policy that a repository is under.
    fn policy(&self, name: &RepositoryName) -> Option<&RetentionPolicy> {
        let mut policies = self.options.policies.iter();
        policies.find(|policy| policy.matches(name.as_str()))
    }

    /// Whether manifests go that no tag leads to.
    pub(super) fn drops_untagged(&self, name: &RepositoryName) -> bool {
        self.policy(name).is_some_and(|policy| policy.untagged)
    }

    /// Goes to the next repository. Not by the catalog: blobs may be in a repository that no manifest was ever put into.
    pub(super) async fn next_repository(&mut self) -> Result<(), Failure> {
        let mut after = String::new();
        if !self.state.repository.is_empty() {
            // Behind all that is in it, and before any other.
            after = [keys::REPOSITORIES, &self.state.repository, ":~"].concat();
        }
        let Some(key) = self.first(keys::REPOSITORIES, &after).await? else {
            self.state.enter(Phase::Uploads);
            return Ok(());
        };
        let rest = key.strip_prefix(keys::REPOSITORIES).unwrap_or_default();
        let name = rest.split(':').next().unwrap_or_default();
        self.state.repository = name.to_owned();
        self.state.oldest_kept = 0;
        self.state.sets.kept.clear();
        self.state.sets.used.clear();
        let Some(name) = self.repository() else {
            return Ok(());
        };
        self.state.report.repositories += 1;
        if self.policy(&name).is_some_and(RetentionPolicy::drops_tags) {
            self.state.enter(Phase::Tags);
        } else {
            self.after_tags(&name);
        }
        Ok(())
    }

    fn after_tags(&mut self, name: &RepositoryName) {
        let next = if self.drops_untagged(name) {
            Phase::Roots
        } else {
            Phase::Manifests
        };
        self.state.enter(next);
    }

    /// When the last of so many newest tags was set; the beginning of time if there are no more than those.
    async fn oldest_of(&self, name: &RepositoryName, newest: u32) -> Result<u64, Failure> {
        let most = newest as usize;
        let mut times = BinaryHeap::new();
        let mut is_full = false;
        let prefix = keys::tags(name);
        let mut after = None;
        loop {
            let page = self.registry.host.list(&prefix, after.as_deref(), 1000);
            let page = page.await.map_err(Failure::from_store)?;
            for object in &page.objects {
                if object.size >= MIN_TAG_BYTES {
                    times.push(Reverse(object.modified));
                }
                if times.len() > most {
                    times.pop();
                    is_full = true;
                }
            }
            after = page.objects.into_iter().next_back().map(|last| last.key);
            if !page.more || after.is_none() {
                break;
            }
        }
        Ok(match times.peek() {
            Some(Reverse(oldest)) if is_full => *oldest,
            // None is kept.
            None if is_full => u64::MAX,
            _ => 0,
        })
    }

    /// Whether the policy of a repository lets a tag go that was set then.
    fn is_dropped(&self, name: &RepositoryName, set: u64) -> bool {
        let Some(policy) = self.policy(name).filter(|policy| policy.drops_tags()) else {
            return false;
        };
        let is_new = policy.keep_tags.is_some() && set >= self.state.oldest_kept;
        let is_young = policy.keep_days.is_some_and(|days| {
            // Of one clock for all of the run.
            set >= self.state.began.saturating_sub(u64::from(days) * DAY)
        });
        !is_new && !is_young
    }

    /// Empties tags that no policy keeps.
    pub(super) async fn tags(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        if self.state.cursor.is_empty()
            && let Some(newest) = self.policy(&name).and_then(|policy| policy.keep_tags)
        {
            self.state.oldest_kept = self.oldest_of(&name, newest).await?;
        }
        let (objects, more) = self.page(&keys::tags(&name)).await?;
        for object in objects {
            if object.size >= MIN_TAG_BYTES && self.is_dropped(&name, object.modified) {
                let info = self.registry.host.head(&object.key).await;
                let info = info.map_err(Failure::from_store)?;
                // It may have been set again since it was listed.
                if let Some(info) = info.filter(|info| info.modified == object.modified)
                    && self.unset(&object.key, &Version::of(info)).await?
                {
                    self.state.report.tags += 1;
                }
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.after_tags(&name);
        }
        Ok(())
    }

    /// Keeps the manifests that tags name.
    pub(super) async fn roots(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::tags(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            let tag = object.key.strip_prefix(&prefix);
            // Where nothing is changed, tags are still there that would have gone.
            let is_gone = self.state.dry && self.is_dropped(&name, object.modified);
            if object.size >= MIN_TAG_BYTES
                && !is_gone
                && let Some(Ok(tag)) = tag.map(str::parse)
                && let (Some(target), _) = self.registry.target(&name, &tag).await?
            {
                self.state.sets.kept.add(target.digest.as_str());
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Descend);
        }
        Ok(())
    }

    /// Takes blobs out of a repository that none of its manifests uses.
    pub(super) async fn links(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::links(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            let digest = object.key.strip_prefix(&prefix).and_then(keys::digest);
            if object.size > 0
                && let Some(digest) = digest
            {
                if self.is_unlinked(&object.key, digest.as_str()).await? {
                    self.state.report.links += 1;
                } else {
                    self.state.sets.linked.add(digest.as_str());
                }
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Referrers);
        }
        Ok(())
    }

    /// Whether a link is not used and has been emptied.
    async fn is_unlinked(&mut self, key: &str, digest: &str) -> Result<bool, Failure> {
        if self.state.sets.used.has(digest) {
            return Ok(false);
        }
        let record = self.read(key).await?;
        let Some(bytes) = record.bytes else {
            // Somebody took it out just now; who puts it there again has the blob's lease renewed.
            return Ok(false);
        };
        match Kept::decode(&bytes) {
            Ok(kept) if self.is_over(kept.leased) => self.empty(key, &record.version).await,
            Ok(_) => Ok(false),
            Err(_) => {
                self.state.report.damaged += 1;
                Ok(false)
            }
        }
    }
}
