//! The manifests of one repository: which are kept, and what they use.

use super::super::Host;
use super::super::manifests::children;
use super::super::stored::{Found, Part, Stored};
use super::Run;
use super::state::Phase;
use crate::digest::Digest;
use crate::document::Document;
use crate::front::error::Failure;
use crate::front::keys;
use crate::reference::RepositoryName;

impl<T: Host> Run<'_, T> {
    /// Keeps what kept manifests lead to, in rounds over all manifests until one finds nothing new.
    pub(super) async fn descend(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let prefix = keys::manifests(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            if object.size > 0
                && let Some(digest) = object.key.strip_prefix(&prefix).and_then(keys::digest)
            {
                self.descend_from(&name, &digest).await?;
            }
            self.state.cursor = object.key;
        }
        if !more {
            // Each round but the last adds an entry, of which there are so many.
            let next = if self.state.found {
                Phase::Descend
            } else {
                Phase::Manifests
            };
            self.state.enter(next);
        }
        Ok(())
    }

    async fn descend_from(
        &mut self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Failure> {
        let kept = &self.state.sets.kept;
        let mut is_kept = kept.has(digest.as_str());
        if !is_kept {
            let stored = self.registry.stored(name, digest, Part::Line).await?;
            is_kept = match &stored.found {
                Found::Absent => return Ok(()),
                Found::Unreadable => true,
                Found::Live(line) => {
                    let subject = line.subject.as_ref();
                    !self.is_over(line.leased)
                        || subject.is_some_and(|subject| kept.has(subject.as_str()))
                }
            };
        }
        if !is_kept {
            return Ok(());
        }
        let stored = self.registry.stored(name, digest, Part::Whole).await?;
        let kept = &mut self.state.sets.kept;
        self.state.found |= kept.add(digest.as_str());
        match named(&stored) {
            Some(named) => {
                for digest in named {
                    self.state.found |= kept.add(digest.as_str());
                }
            }
            // Nobody knows what a damaged manifest leads to.
            None => kept.fill(),
        }
        Ok(())
    }

    /// Deletes manifests that are not kept, and says what the others use.
    pub(super) async fn manifests(&mut self) -> Result<(), Failure> {
        let Some(name) = self.repository() else {
            return Ok(());
        };
        let drops = self.drops_untagged(&name);
        let prefix = keys::manifests(&name);
        let (objects, more) = self.page(&prefix).await?;
        for object in objects {
            if object.size > 0
                && let Some(digest) = object.key.strip_prefix(&prefix).and_then(keys::digest)
            {
                let is_dropped = drops
                    && !self.state.sets.kept.has(digest.as_str())
                    && self.is_removed(&name, &digest).await?;
                if is_dropped {
                    self.state.report.manifests += 1;
                } else {
                    let stored = self.registry.stored(&name, &digest, Part::Whole).await?;
                    self.uses(&stored);
                }
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Links);
        }
        Ok(())
    }

    /// Whether a manifest's lease is over, and it has been deleted.
    async fn is_removed(&self, name: &RepositoryName, digest: &Digest) -> Result<bool, Failure> {
        let stored = self.registry.stored(name, digest, Part::Line).await?;
        match &stored.found {
            Found::Live(line) if self.is_over(line.leased) => {
                if self.state.dry {
                    return Ok(true);
                }
                self.registry.remove(name, digest, &stored).await
            }
            _ => Ok(false),
        }
    }

    fn uses(&mut self, stored: &Stored) {
        let used = &mut self.state.sets.used;
        if let Found::Live(line) = &stored.found {
            used.add(&line.instance);
        }
        match named(stored) {
            Some(named) => named.iter().for_each(|digest| {
                used.add(digest.as_str());
            }),
            None => {
                used.fill();
                self.state.report.damaged += 1;
            }
        }
    }
}

/// What a manifest names, that was read whole; `None` if that cannot be said.
fn named(stored: &Stored) -> Option<Vec<Digest>> {
    match &stored.found {
        Found::Absent => Some(Vec::new()),
        Found::Unreadable => None,
        Found::Live(line) => {
            let document = Document::parse(stored.bytes.clone(), Some(&line.media_type)).ok()?;
            let children = children(&document, true).ok()?;
            Some(children.into_iter().map(|child| child.digest).collect())
        }
    }
}
