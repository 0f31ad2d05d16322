//! Tags: which manifest each names, and their list (end-8).

use super::super::error::Failure;
use super::super::record::{self, Record, Version};
use super::super::route::Query;
use super::super::serve::{check_conditions, is_conditional};
use super::super::{Outgoing, keys};
use super::pages::{Names, is_tag};
use super::patience::{MAX_CONFLICTS, contended};
use super::stored::{Found, Part, Stored};
use super::{Host, Hosted, fields};
use crate::client::ManifestReference;
use crate::digest::Digest;
use crate::http::{Headers, Method, Response};
use crate::reference::{RepositoryName, Tag};

/// The longest record of a tag, in bytes.
const MAX_TAG_BYTES: usize = 2048;
/// How often a tag is followed that moves all the time.
const MAX_MOVES: u32 = 8;
/// Milliseconds after which a tag is written again that is set to what it names, as retention goes by when a tag was set. So long that no key is
/// written often.
const RENEWAL: u64 = 60 * 60 * 1000;
/// How long, in milliseconds, whoever has noted that a tag may name a manifest goes on to set it without noting it again.
const INTENT: u64 = 10 * 60 * 1000;
/// How long after a note was made, in milliseconds by the store's clock, somebody may be about to set the tag. Much longer, as clocks differ.
const MAX_INTENT: u64 = 60 * 60 * 1000;
/// How many bytes the record of a tag has that names nothing, and says so by a nonce alone.
const UNSET_BYTES: u64 = "nonce 00000000000000000000000000000000\n".len() as u64;

/// What a tag names: a manifest, as long as its record is of this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::front) struct Target {
    /// The manifest's digest, by the algorithm it was pushed by.
    pub(in crate::front) digest: Digest,
    /// The instance of its record.
    pub(in crate::front) instance: String,
}

impl Target {
    fn read(record: &[u8]) -> Option<Self> {
        let (fields, _) = fields::parts(record)?;
        Some(Self {
            digest: fields::get(fields, "digest")?.parse().ok()?,
            instance: fields::get(fields, "instance")?.to_owned(),
        })
    }
}

impl<T: Host> Hosted<T> {
    /// What a tag names, and the state of its record. What is unreadable names nothing.
    pub(in crate::front) async fn target(
        &self,
        name: &RepositoryName,
        tag: &Tag,
    ) -> Result<(Option<Target>, Version), Failure> {
        let (target, record) = self.tag(name, tag).await?;
        Ok((target, record.version))
    }

    /// What a tag names, and its record.
    pub(in crate::front) async fn tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
    ) -> Result<(Option<Target>, Record), Failure> {
        let record = record::read(&self.host, &keys::tag(name, tag), MAX_TAG_BYTES)
            .await
            .map_err(Failure::from_store)?;
        Ok((record.bytes.as_deref().and_then(Target::read), record))
    }

    /// The manifest that a reference names, read as far as `part` says of its digest.
    ///
    /// # Errors
    /// 404 if there is none; 500 if there is something else.
    pub(super) async fn resolve(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
        part: impl Fn(&Digest) -> Part,
    ) -> Result<(Digest, Stored), Failure> {
        let tag = match reference {
            ManifestReference::Digest(digest) => {
                // Nothing can be stored by a digest that nobody can compute.
                if digest.algorithm().is_none() {
                    return Err(unknown());
                }
                let stored = self.stored(name, digest, part(digest)).await?;
                return match stored.line()? {
                    Some(_) => Ok((digest.clone(), stored)),
                    None => Err(unknown()),
                };
            }
            ManifestReference::Tag(tag) => tag,
        };
        let mut dead: Option<Target> = None;
        for _ in 0..MAX_MOVES {
            let (target, _) = self.target(name, tag).await?;
            let Some(target) = target else {
                return Err(unknown());
            };
            // An instance that has ended never comes back.
            if dead.as_ref() == Some(&target) {
                return Err(unknown());
            }
            let stored = self
                .stored(name, &target.digest, part(&target.digest))
                .await?;
            if stored
                .line()?
                .is_some_and(|line| line.instance == target.instance)
            {
                return Ok((target.digest, stored));
            }
            // The tag may have moved on before its manifest was deleted.
            self.bury(name, tag, &target).await?;
            dead = Some(target);
        }
        Err(contended())
    }

    /// Lets a tag name a manifest, if the conditions hold for what it names now; gives whether the manifest is there to be named. Of several writers the
    /// last wins.
    ///
    /// The tag is read and the note made before the manifest is looked for. So whoever deletes the manifest after that finds the note, and then either the tag
    /// that names it, or writes the tag so that it cannot be set any more by who had read it before: see [`drop_tag`](Self::drop_tag).
    pub(super) async fn set_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        target: &Target,
        conditions: Option<&Headers>,
    ) -> Result<bool, Failure> {
        let mut noted: Option<u64> = None;
        for _ in 0..MAX_CONFLICTS {
            let (current, was) = self.tag(name, tag).await?;
            if let Some(conditions) = conditions {
                self.check_tag(name, tag, current.as_ref(), conditions)
                    .await?;
            }
            let is_set = current.as_ref() == Some(target);
            let now = self.host.unix_time();
            if !is_set && noted.is_none_or(|noted| now.saturating_sub(noted) > INTENT) {
                self.note(&keys::tagged(name, &target.digest, &target.instance), tag)
                    .await?;
                noted = Some(now);
            }
            if !self.lives(name, &target.digest, &target.instance).await? {
                return Ok(false);
            }
            if is_set && now.saturating_sub(was.modified) < RENEWAL {
                return Ok(true);
            }
            if self
                .write_tag(&keys::tag(name, tag), &was.version, Some(target))
                .await?
            {
                return Ok(true);
            }
        }
        Err(contended())
    }

    /// Lets the record of a tag, which is still of this version, name something or nothing; gives whether it was. No two such records are the same, so a
    /// version never comes again.
    pub(in crate::front) async fn write_tag(
        &self,
        key: &str,
        version: &Version,
        target: Option<&Target>,
    ) -> Result<bool, Failure> {
        let mut record = String::new();
        if let Some(target) = target {
            fields::add(&mut record, "digest", target.digest.as_str());
            fields::add(&mut record, "instance", &target.instance);
        }
        fields::add(&mut record, "nonce", &self.nonce());
        self.swap(key, version, record.into_bytes()).await
    }

    /// Fails with 412 unless the conditions of a request hold for what a tag names.
    pub(super) async fn check_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        target: Option<&Target>,
        conditions: &Headers,
    ) -> Result<(), Failure> {
        if !is_conditional(conditions) {
            return Ok(());
        }
        check_conditions(conditions, self.named(name, tag, target).await?)
    }

    /// The digest of the manifest that a tag names, if it is there, whole or damaged.
    async fn named<'t>(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        target: Option<&'t Target>,
    ) -> Result<Option<&'t Digest>, Failure> {
        let Some(target) = target else {
            return Ok(None);
        };
        let is_there = match self.stored(name, &target.digest, Part::Line).await?.found {
            Found::Live(line) => line.instance == target.instance,
            Found::Unreadable => true,
            Found::Absent => false,
        };
        if !is_there {
            self.bury(name, tag, target).await?;
        }
        Ok(Some(&target.digest).filter(|_| is_there))
    }

    /// Takes a tag from a manifest that was found to be no more, which who deleted it may not have come to yet: before anybody is told, so that it is not set after
    /// that by who thinks that it still names the manifest.
    async fn bury(&self, name: &RepositoryName, tag: &Tag, dead: &Target) -> Result<(), Failure> {
        if self.options.read_only {
            return Ok(());
        }
        self.drop_tag(name, tag, dead, 0).await
    }

    /// Deletes a tag (end-9).
    pub(super) async fn delete_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        conditions: &Headers,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_CONFLICTS {
            let (target, version) = self.target(name, tag).await?;
            let named = self.named(name, tag, target.as_ref()).await?;
            check_conditions(conditions, named)?;
            if named.is_none() {
                return Err(unknown());
            }
            if self
                .write_tag(&keys::tag(name, tag), &version, None)
                .await?
            {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Takes a tag from a manifest that is no more, of which it was noted then that the tag may name it. A tag that does not name it, and may be about to,
    /// is written as it is: whoever has read it before cannot set it any more, and whoever reads it now finds that the manifest is no more.
    pub(in crate::front) async fn drop_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        dead: &Target,
        noted: u64,
    ) -> Result<(), Failure> {
        let mut may_be_set = self.host.unix_time().saturating_sub(noted) < MAX_INTENT;
        for _ in 0..MAX_CONFLICTS {
            let (target, record) = self.tag(name, tag).await?;
            let is_dead = target.as_ref() == Some(dead);
            // What is damaged stays, for whoever may find out what it named.
            let is_damaged = target.is_none() && is_set(record.size);
            if is_damaged || !is_dead && !may_be_set {
                return Ok(());
            }
            if self
                .write_tag(
                    &keys::tag(name, tag),
                    &record.version,
                    target.as_ref().filter(|_| !is_dead),
                )
                .await?
            {
                return Ok(());
            }
            // Somebody else has written it since the manifest was deleted, which is as good.
            may_be_set = false;
        }
        Err(contended())
    }

    /// The list of tags.
    pub(super) async fn tags(
        &self,
        target: &str,
        method: Method,
        name: &RepositoryName,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let query = Query::parse(target)?;
        let names = Names {
            prefix: keys::tags(name),
            end: "",
            path: ["/v2/", name.as_str(), "/tags/list"].concat(),
            head: ["{\"name\":\"", name.as_str(), "\",\"tags\":["].concat(),
            is_name: is_tag,
            is_there: is_set,
        };
        let page = self.page(&names, &query).await?;
        if page.is_empty() && !self.is_repository(name).await? {
            return Err(Failure::new(
                404,
                "NAME_UNKNOWN",
                "there is no such repository",
            ));
        }
        Ok(page.response(&names, &query, method))
    }
}

/// Whether the record of a tag, of so many bytes, says more than that it names nothing.
pub(in crate::front) fn is_set(bytes: u64) -> bool {
    bytes != 0 && bytes != UNSET_BYTES
}

/// That there is no such manifest.
pub(super) fn unknown() -> Failure {
    Failure::new(404, "MANIFEST_UNKNOWN", "there is no such manifest")
}
