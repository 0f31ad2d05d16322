//! What a deletion leaves that did not come to its end: referrers and tags of manifests that are no more. Readers pass over them.

use super::super::Host;
use super::super::tags::{MIN_TAG_BYTES, Target};
use super::Run;
use super::state::Phase;
use crate::front::error::Failure;
use crate::front::{Listed, keys};
use crate::reference::RepositoryName;

impl<T: Host> Run<'_, T> {
    /// Whether what an object is about is no more. An instance that has ended never comes back.
    async fn is_dead(
        &self,
        name: &RepositoryName,
        object: &Listed,
        target: &Target,
    ) -> Result<bool, Failure> {
        // Whoever put it just now, or deletes the manifest, is about to see to it.
        if !self.is_over(object.modified) || self.state.sets.used.has(&target.instance) {
            return Ok(false);
        }
        let lives = self
            .registry
            .lives(name, &target.digest, &target.instance)
            .await?;
        Ok(!lives)
    }

    /// Deletes referrers that are no more.
    pub(super) async fn referrers(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::all_referrers(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            if let Some(target) = referrer(&object.key, &prefix)
                && self.is_dead(&name, &object, &target).await?
            {
                self.delete(std::slice::from_ref(&object.key)).await?;
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Tagged);
        }
        Ok(())
    }

    /// Empties tags of manifests that are no more, and forgets them.
    pub(super) async fn tagged(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::all_tagged(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            if let Some((target, tag)) = tagged(&object.key, &prefix)
                && self.is_dead(&name, &object, &target).await?
                && !self.state.dry
            {
                if let Ok(tag) = tag.parse() {
                    self.registry
                        .drop_tag(&name, &tag, &target, object.modified)
                        .await?;
                }
                self.delete(std::slice::from_ref(&object.key)).await?;
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Dangling);
        }
        Ok(())
    }

    /// Empties tags that name manifests that are no more, and that whoever deleted those could not find.
    pub(super) async fn dangling(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::tags(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            let tag = object.key.strip_prefix(&prefix);
            if object.size >= MIN_TAG_BYTES
                && self.is_over(object.modified)
                && let Some(Ok(tag)) = tag.map(str::parse)
                && let (Some(target), version) = self.registry.target(&name, &tag).await?
                && self.is_dead(&name, &object, &target).await?
            {
                self.unset(&object.key, &version).await?;
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Repository);
        }
        Ok(())
    }
}

/// What an entry of the referrers is about: the subject's digest comes first.
fn referrer(key: &str, prefix: &str) -> Option<Target> {
    let mut parts = key.strip_prefix(prefix)?.splitn(3, '/').skip(2);
    let rest = parts.next()?;
    Some(Target {
        digest: keys::digest(rest)?,
        instance: rest.split('/').nth(2)?.to_owned(),
    })
}

/// What an entry of the tagged manifests is about, and the tag.
fn tagged<'a>(key: &'a str, prefix: &str) -> Option<(Target, &'a str)> {
    let rest = key.strip_prefix(prefix)?;
    let mut parts = rest.split('/').skip(2);
    let target = Target {
        digest: keys::digest(rest)?,
        instance: parts.next()?.to_owned(),
    };
    Some((target, parts.next()?))
}
