//! The keys of everything that a hosted registry stores. `docs/operations.md` describes them to operators.
//!
//! | key | what |
//! |---|---|
//! | `catalog/<name>!` | a repository that has, or had, a manifest; created once |
//! | `blobs/<algorithm>/<encoded>` | record: where a blob's bytes are, for all repositories, and since when it is in none |
//! | `segments/<upload>/<start>-<generation>[-<start of body>]` | bytes of a blob; written once |
//! | `uploads/<upload>/start` | an upload; created once |
//! | `uploads/<upload>/claims/<start>-<generation>` | who may write from an offset; created once |
//! | `uploads/<upload>/at/<start>` | what was written from an offset, and the hash after it, or that nothing will be, as the upload is closed or given up; created once |
//! | `repositories/<name>:blobs/<algorithm>/<encoded>` | record: a blob is in a repository |
//! | `repositories/<name>:manifests/<algorithm>/<encoded>` | record: a manifest |
//! | `repositories/<name>:tags/<tag>` | record: which manifest a tag names |
//! | `repositories/<name>:tagged/<algorithm>/<encoded>/<instance>/<tag>` | a tag that may name a manifest; written before it is to |
//! | `repositories/<name>:referrers/<algorithm>/<encoded>/<algorithm>/<encoded>/<instance>` | a manifest that may have a subject, which comes first; created once |
//! | `gc/state/<sequence>` | how far a collection has come; created once |
//!
//! No repository name has a colon, so no kind is the prefix of another. No key is the beginning of another that goes on with a slash, since
//! services that keep objects as files in folders lose one of such two; hence the `!`, which comes before all that is in a name, so that
//! the catalog is in the order of names (`a!`, `a-b!`, `a/b!`). Offsets are sixteen hexadecimal digits, so that they come in
//! their order.

use crate::digest::Digest;
use crate::reference::{RepositoryName, Tag};

/// The repositories, by name.
pub(super) const CATALOG: &str = "catalog/";

/// What follows a name in the catalog.
pub(super) const CATALOG_END: &str = "!";

/// How far collections have come.
pub(super) const GC_STATE: &str = "gc/state/";

/// All that is in repositories.
pub(super) const REPOSITORIES: &str = "repositories/";

/// The blobs, wherever they are.
pub(super) const BLOBS: &str = "blobs/";

/// The uploads that have not ended.
pub(super) const UPLOADS: &str = "uploads/";

/// The bytes of blobs and uploads.
pub(super) const SEGMENTS: &str = "segments/";

/// That a repository exists.
pub(super) fn catalog(name: &RepositoryName) -> String {
    joined(&[CATALOG, name.as_str(), CATALOG_END])
}

/// A blob, wherever it is.
pub(super) fn blob(digest: &Digest) -> String {
    joined(&[BLOBS, &path(digest)])
}

/// A blob in a repository.
pub(super) fn link(name: &RepositoryName, digest: &Digest) -> String {
    joined(&[&links(name), &path(digest)])
}

/// The blobs in a repository.
pub(super) fn links(name: &RepositoryName) -> String {
    in_repository(name, BLOBS, "")
}

/// A manifest in a repository.
pub(super) fn manifest(name: &RepositoryName, digest: &Digest) -> String {
    joined(&[&manifests(name), &path(digest)])
}

/// The manifests in a repository.
pub(super) fn manifests(name: &RepositoryName) -> String {
    in_repository(name, "manifests/", "")
}

/// The tags of a repository.
pub(super) fn tags(name: &RepositoryName) -> String {
    in_repository(name, "tags/", "")
}

/// A tag.
pub(super) fn tag(name: &RepositoryName, tag: &Tag) -> String {
    in_repository(name, "tags/", tag.as_str())
}

/// The tags that may name a manifest, by the instances of its record.
pub(super) fn tagged_by(name: &RepositoryName, digest: &Digest) -> String {
    joined(&[&all_tagged(name), &path(digest), "/"])
}

/// The tags that may name any manifest of a repository.
pub(super) fn all_tagged(name: &RepositoryName) -> String {
    in_repository(name, "tagged/", "")
}

/// The tags that may name a manifest whose record is of this instance.
pub(super) fn tagged(name: &RepositoryName, digest: &Digest, instance: &str) -> String {
    joined(&[&tagged_by(name, digest), instance, "/"])
}

/// The manifests that may have this subject.
pub(super) fn referrers(name: &RepositoryName, subject: &Digest) -> String {
    joined(&[&all_referrers(name), &path(subject), "/"])
}

/// The manifests that may have any subject, in a repository.
pub(super) fn all_referrers(name: &RepositoryName) -> String {
    in_repository(name, "referrers/", "")
}

/// That a manifest, whose record is of this instance, may have this subject.
pub(super) fn referrer(
    name: &RepositoryName,
    subject: &Digest,
    digest: &Digest,
    instance: &str,
) -> String {
    joined(&[&referrers(name, subject), &path(digest), "/", instance])
}

/// All that is known of an upload.
pub(super) fn upload(id: &str) -> String {
    joined(&[UPLOADS, id, "/"])
}

/// That an upload was begun.
pub(super) fn start(upload: &str) -> String {
    joined(&["uploads/", upload, "/start"])
}

/// What became of an upload from an offset on.
pub(super) fn at(upload: &str, start: u64) -> String {
    joined(&[&ats(upload), &offset(start)])
}

/// What became of an upload, in the order of offsets.
pub(super) fn ats(upload: &str) -> String {
    joined(&["uploads/", upload, "/at/"])
}

/// Who may write from an offset on.
pub(super) fn claim(upload: &str, start: u64, generation: u64) -> String {
    joined(&[&claims(upload, start), &offset(generation)])
}

/// Who might ever write from an offset on, in the order of generations.
pub(super) fn claims(upload: &str, start: u64) -> String {
    joined(&["uploads/", upload, "/claims/", &offset(start), "-"])
}

/// Bytes that begin at an offset, written under the claim of this generation: that of the same offset, or of the one where the body began
/// that they are a later part of. Of a body of unknown size the number is one that nobody else has.
pub(super) fn segment(upload: &str, start: u64, generation: u64, body: Option<u64>) -> String {
    let mut key = joined(&[
        &segments(upload),
        &offset(start),
        "-",
        &generation.to_string(),
    ]);
    if let Some(body) = body {
        key.push('-');
        key.push_str(&offset(body));
    }
    key
}

/// The bytes of an upload.
pub(super) fn segments(upload: &str) -> String {
    joined(&[SEGMENTS, upload, "/"])
}

/// An offset in bytes, in the order of numbers.
pub(super) fn offset(bytes: u64) -> String {
    format!("{bytes:016x}")
}

/// The digest that these components of a path are, whatever follows them.
pub(super) fn digest(path: &str) -> Option<Digest> {
    let mut parts = path.split('/');
    [parts.next()?, ":", parts.next()?].concat().parse().ok()
}

/// A digest as two components of a path.
fn path(digest: &Digest) -> String {
    digest.as_str().replacen(':', "/", 1)
}

fn in_repository(name: &RepositoryName, kind: &str, rest: &str) -> String {
    joined(&[REPOSITORIES, name.as_str(), ":", kind, rest])
}

fn joined(parts: &[&str]) -> String {
    parts.concat()
}
