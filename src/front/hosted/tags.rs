//! Tags: which manifest each names, and their list (end-8).

use super::super::error::Failure;
use super::super::record::{self, Record, Version};
use super::super::route::Query;
use super::super::serve::{conditions_hold, is_conditional};
use super::super::{Outgoing, keys};
use super::pages::{Names, is_tag};
use super::patience::{MAX_CONFLICTS, contended};
use super::stored::{Part, Stored};
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

    fn record(&self, nonce: &str) -> Vec<u8> {
        let mut record = String::new();
        fields::add(&mut record, "digest", self.digest.as_str());
        fields::add(&mut record, "instance", &self.instance);
        fields::add(&mut record, "nonce", nonce);
        record.into_bytes()
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
            dead = Some(target);
        }
        Err(contended())
    }

    /// Lets a tag name a manifest, if the conditions hold for what it names now. Of several writers the last wins.
    pub(super) async fn set_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        target: &Target,
        conditions: Option<&Headers>,
    ) -> Result<(), Failure> {
        let mut listed = false;
        for _ in 0..MAX_CONFLICTS {
            let (current, was) = self.tag(name, tag).await?;
            if let Some(conditions) = conditions {
                self.check_conditions(name, current.as_ref(), conditions)
                    .await?;
            }
            let is_set = current.as_ref() == Some(target);
            if is_set && self.host.unix_time().saturating_sub(was.modified) < RENEWAL {
                return Ok(());
            }
            if !is_set && !listed {
                self.create(&note(name, tag, target)).await?;
                listed = true;
            }
            let record = target.record(&self.nonce());
            if self
                .swap(&keys::tag(name, tag), &was.version, record)
                .await?
            {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Fails with 412 unless the conditions of a request hold for what a tag names.
    pub(super) async fn check_conditions(
        &self,
        name: &RepositoryName,
        target: Option<&Target>,
        conditions: &Headers,
    ) -> Result<(), Failure> {
        if !is_conditional(conditions) {
            return Ok(());
        }
        let mut current = None;
        if let Some(target) = target
            && self.lives(name, &target.digest, &target.instance).await?
        {
            current = Some(&target.digest);
        }
        if conditions_hold(conditions, current) {
            Ok(())
        } else {
            Err(condition_failed())
        }
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
            self.check_conditions(name, target.as_ref(), conditions)
                .await?;
            if target.is_none() {
                return Err(unknown());
            }
            if self
                .swap(&keys::tag(name, tag), &version, Vec::new())
                .await?
            {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Lets a tag that still names what is no more name something else, or nothing.
    pub(super) async fn replace_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        dead: &Target,
        next: Option<&Target>,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_CONFLICTS {
            let (target, version) = self.target(name, tag).await?;
            if target.as_ref() != Some(dead) {
                return Ok(());
            }
            let mut record = Vec::new();
            if let Some(next) = next {
                self.create(&note(name, tag, next)).await?;
                record = next.record(&self.nonce());
            }
            if self.swap(&keys::tag(name, tag), &version, record).await? {
                return Ok(());
            }
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

/// The key that says that a tag may name a manifest: it is there before the tag is set, so that whoever deletes the manifest finds the tag.
fn note(name: &RepositoryName, tag: &Tag, target: &Target) -> String {
    keys::tagged(name, &target.digest, &target.instance) + tag.as_str()
}

/// That there is no such manifest.
pub(super) fn unknown() -> Failure {
    Failure::new(404, "MANIFEST_UNKNOWN", "there is no such manifest")
}

/// RFC 9110, section 15.5.13.
pub(super) fn condition_failed() -> Failure {
    let message = "what is there is not what the request is conditional on";
    Failure::new(412, "PRECONDITION_FAILED", message)
}
