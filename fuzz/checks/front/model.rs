//! What a registry may hold, by what it has acknowledged. Where a request was answered that it failed, or several came at once, there is
//! more than one thing that it may hold, until someone looks.

use std::collections::{BTreeMap, BTreeSet};

use super::content::sha256;

/// A repository and what is in it by a name.
pub(crate) type Key = (&'static str, String);

/// How long whoever was told that a blob is there may rely on that, in milliseconds: half of the grace period.
const RELIED_ON: u64 = 12 * 60 * 60 * 1000;
/// How long an upload lives that nobody writes to, in milliseconds.
const UPLOAD_EXPIRY: u64 = 24 * 60 * 60 * 1000;
/// How long a place in an upload may be claimed by a request that failed, in milliseconds, and some more.
const CLAIMED: u64 = 3 * 60 * 1000;

/// Whether something is there, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) may_be: bool,
    pub(crate) may_not: bool,
    /// Until when it surely stays, if it is there.
    until: u64,
    /// Whether all that goes with it is there, if it is.
    pub(crate) whole: bool,
}

impl Presence {
    const ABSENT: Self = Self {
        may_be: false,
        may_not: true,
        until: 0,
        whole: false,
    };

    fn present(until: u64) -> Self {
        Self {
            may_be: true,
            may_not: false,
            until,
            whole: true,
        }
    }

    pub(crate) fn is_sure(self) -> bool {
        self.may_be && !self.may_not
    }

    fn or(self, other: Self) -> Self {
        Self {
            may_be: self.may_be || other.may_be,
            may_not: self.may_not || other.may_not,
            until: self.until.min(other.until),
            whole: self.whole && other.whole,
        }
    }
}

/// An upload: all that it may have come to, or that it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) repository: &'static str,
    pub(crate) states: BTreeSet<Option<Vec<u8>>>,
    /// When someone went on with it last.
    touched: u64,
    /// Until when somebody else may be writing.
    pub(crate) claimed_until: u64,
}

impl Upload {
    /// The bytes that it may have, but for those of an earlier state.
    pub(crate) fn longest(&self) -> Option<&Vec<u8>> {
        let bytes = self.states.iter().flatten();
        bytes.max_by_key(|bytes| bytes.len())
    }
}

/// What a request is to change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Nothing,
    /// Nobody knows what.
    Anything,
    Begin {
        repository: &'static str,
    },
    Append {
        id: String,
        start: Option<usize>,
        bytes: Vec<u8>,
    },
    Close {
        id: String,
        start: Option<usize>,
        bytes: Vec<u8>,
        digest: String,
    },
    Cancel {
        id: String,
    },
    PutBlob(Key),
    DropBlob(Key),
    PutManifest {
        key: Key,
        tags: Vec<String>,
        named: Vec<String>,
    },
    DropManifest(Key),
    DropTag(Key),
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// It changed nothing.
    Refused,
    /// It may be done.
    Unsure,
    /// An upload was begun.
    Begun(String),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    blobs: BTreeMap<Key, Presence>,
    manifests: BTreeMap<Key, Presence>,
    /// What each tag may name.
    tags: BTreeMap<Key, BTreeSet<Option<String>>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Which uploads were closed as what.
    closed: BTreeSet<(String, String)>,
    /// Whether something happened that says nothing of what is there.
    pub(crate) lost: bool,
    /// Whether a change of a manifest broke off: a tag that names none may be listed from then on.
    pub(crate) broke_off: bool,
}

impl Model {
    pub(crate) fn blob(&self, key: &Key) -> Presence {
        self.blobs.get(key).copied().unwrap_or(Presence::ABSENT)
    }

    pub(crate) fn manifest(&self, key: &Key) -> Presence {
        self.manifests.get(key).copied().unwrap_or(Presence::ABSENT)
    }

    /// What there was at any time, in whichever repository, by its digest.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let keys = self.blobs.keys().chain(self.manifests.keys());
        keys.cloned().collect()
    }

    /// What a tag may name.
    pub(crate) fn tag(&self, key: &Key) -> BTreeSet<Option<String>> {
        let tag = self.tags.get(key).cloned();
        tag.unwrap_or_else(|| BTreeSet::from([None]))
    }

    pub(crate) fn was_closed(&self, id: &str, digest: &str) -> bool {
        self.closed.contains(&(id.to_owned(), digest.to_owned()))
    }

    /// Someone has seen whether a blob is there; with `keeps` in a way that lets them rely on it.
    pub(crate) fn see_blob(&mut self, key: &Key, there: bool, now: Option<u64>) {
        let mut presence = if there {
            Presence::present(self.blob(key).until)
        } else {
            Presence::ABSENT
        };
        if let Some(now) = now.filter(|_| there) {
            presence.until = now + RELIED_ON;
        }
        self.blobs.insert(key.clone(), presence);
    }

    pub(crate) fn see_manifest(&mut self, key: &Key, there: bool) {
        let presence = Presence {
            whole: self.manifest(key).whole,
            ..Presence::present(u64::MAX)
        };
        let presence = if there { presence } else { Presence::ABSENT };
        self.manifests.insert(key.clone(), presence);
    }

    pub(crate) fn see_tag(&mut self, key: &Key, names: Option<String>) {
        self.tags.insert(key.clone(), BTreeSet::from([names]));
    }

    pub(crate) fn see_upload(&mut self, id: &str, is: impl Fn(&Option<Vec<u8>>) -> bool) {
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.states.retain(is);
        }
    }

    /// Nobody knows any more what is there.
    fn lose(&mut self) {
        self.lost = true;
    }

    /// What is there after a request that ended so; nothing where it cannot have.
    pub(crate) fn after(&self, change: &Change, outcome: &Outcome, now: u64) -> Option<Self> {
        let mut next = self.clone();
        match outcome {
            Outcome::Refused => {}
            Outcome::Unsure => {
                if next.change(change, None, now) {
                    next = next.or(self);
                } else {
                    next = self.clone();
                }
                if let Change::PutManifest { .. } | Change::DropManifest(_) = change {
                    next.broke_off = true;
                }
                if let Change::Append { id, .. } | Change::Close { id, .. } = change
                    && let Some(upload) = next.uploads.get_mut(id)
                {
                    upload.claimed_until = now + CLAIMED;
                }
            }
            Outcome::Done => {
                if !next.change(change, None, now) {
                    return None;
                }
            }
            Outcome::Begun(id) => {
                if !next.change(change, Some(id), now) {
                    return None;
                }
            }
        }
        Some(next)
    }

    /// Makes a change; gives whether it can be made.
    fn change(&mut self, change: &Change, begun: Option<&String>, now: u64) -> bool {
        match change {
            Change::Nothing => {}
            Change::Anything => self.lose(),
            Change::Begin { repository } => {
                let Some(id) = begun else { return true };
                let upload = Upload {
                    repository,
                    states: BTreeSet::from([Some(Vec::new())]),
                    touched: now,
                    claimed_until: 0,
                };
                return self.uploads.insert(id.clone(), upload).is_none();
            }
            Change::Append { id, start, bytes } => {
                let Some(upload) = self.uploads.get_mut(id) else {
                    return false;
                };
                upload.states = appended(&upload.states, *start, bytes);
                if !bytes.is_empty() {
                    upload.touched = now;
                }
                return !upload.states.is_empty();
            }
            Change::Close {
                id,
                start,
                bytes,
                digest,
            } => {
                let again = self.was_closed(id, digest);
                let Some(upload) = self.uploads.get_mut(id) else {
                    return false;
                };
                let fits = appended(&upload.states, *start, bytes)
                    .iter()
                    .flatten()
                    .any(|bytes| has_digest(bytes, digest));
                if !fits && !again {
                    return false;
                }
                upload.states = BTreeSet::from([None]);
                let key = (upload.repository, digest.clone());
                self.closed.insert((id.clone(), digest.clone()));
                self.blobs.insert(key, Presence::present(now + RELIED_ON));
            }
            Change::Cancel { id } => {
                let Some(upload) = self.uploads.get_mut(id) else {
                    return false;
                };
                // Two who cancel it at once may both have.
                upload.states = BTreeSet::from([None]);
            }
            Change::PutBlob(key) => {
                let presence = Presence::present(now + RELIED_ON);
                self.blobs.insert(key.clone(), presence);
            }
            Change::DropBlob(key) => {
                let could = self.blob(key).may_be;
                self.blobs.insert(key.clone(), Presence::ABSENT);
                return could;
            }
            Change::PutManifest { key, tags, named } => {
                self.manifests
                    .insert(key.clone(), Presence::present(u64::MAX));
                for tag in tags {
                    let names = BTreeSet::from([Some(key.1.clone())]);
                    self.tags.insert((key.0, tag.clone()), names);
                }
                for digest in named {
                    if let Some(blob) = self.blobs.get_mut(&(key.0, digest.clone())) {
                        blob.until = now + RELIED_ON;
                    }
                }
            }
            Change::DropManifest(key) => {
                self.manifests.insert(key.clone(), Presence::ABSENT);
                let own = Some(key.1.clone());
                for ((repository, _), names) in &mut self.tags {
                    if *repository == key.0 && names.remove(&own) {
                        names.insert(None);
                    }
                }
            }
            Change::DropTag(key) => {
                self.tags.insert(key.clone(), BTreeSet::from([None]));
            }
        }
        true
    }

    /// What is there if it is either as here or as there.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        for key in other.blobs.keys().chain(self.blobs.clone().keys()) {
            let either = self.blob(key).or(other.blob(key));
            self.blobs.insert(key.clone(), either);
        }
        for key in other.manifests.keys().chain(self.manifests.clone().keys()) {
            let either = self.manifest(key).or(other.manifest(key));
            self.manifests.insert(key.clone(), either);
        }
        for key in other.tags.keys().chain(self.tags.clone().keys()) {
            let mut either = self.tag(key);
            either.extend(other.tag(key));
            self.tags.insert(key.clone(), either);
        }
        for (id, upload) in &other.uploads {
            match self.uploads.get_mut(id) {
                Some(own) => {
                    own.states.extend(upload.states.iter().cloned());
                    own.touched = own.touched.min(upload.touched);
                    own.claimed_until = own.claimed_until.max(upload.claimed_until);
                }
                None => {
                    self.uploads.insert(id.clone(), upload.clone());
                }
            }
        }
        self.closed.extend(other.closed.iter().cloned());
        self.lost |= other.lost;
        self.broke_off |= other.broke_off;
        self
    }

    /// Some of those who wrote to uploads at once may have to be waited for.
    pub(crate) fn claim_all(&mut self, now: u64) {
        for upload in self.uploads.values_mut() {
            upload.claimed_until = now + CLAIMED;
        }
    }

    /// A collection was made, or begun: what nobody relies on may be gone. `names` gives the blobs that a manifest names.
    pub(crate) fn collect(&mut self, now: u64, names: impl Fn(&str) -> Vec<String>) {
        let mut named = BTreeSet::new();
        for ((repository, digest), presence) in &self.manifests {
            if presence.is_sure() {
                named.extend(names(digest).into_iter().map(|blob| (*repository, blob)));
            }
        }
        for (key, blob) in &mut self.blobs {
            if blob.until < now && !named.contains(key) {
                blob.may_not = true;
            }
        }
        for upload in self.uploads.values_mut() {
            if upload.touched + UPLOAD_EXPIRY <= now {
                upload.states.insert(None);
            }
        }
    }
}

/// Uploads with more bytes, those of them that they can be added to.
fn appended(
    states: &BTreeSet<Option<Vec<u8>>>,
    start: Option<usize>,
    bytes: &[u8],
) -> BTreeSet<Option<Vec<u8>>> {
    let lives = states.iter().flatten();
    let fits = lives.filter(|had| start.is_none_or(|start| start == had.len()));
    fits.map(|had| Some([had, bytes].concat())).collect()
}

fn has_digest(bytes: &[u8], digest: &str) -> bool {
    sha256(bytes) == digest || super::content::sha512(bytes) == digest
}
