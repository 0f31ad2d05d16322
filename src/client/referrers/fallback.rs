//! The index of referrers under a tag, which clients keep where there is no referrers API (distribution specification, "Referrers Tag
//! Schema").

use super::{entry, index};
use crate::client::ask::Call;
use crate::client::fields::push_word;
use crate::client::manifests::{ManifestReference, PushedManifest, RawManifest};
use crate::client::pages::Paging;
use crate::client::retry::{MAX_FAILURES, is_passing};
use crate::client::scope::Scope;
use crate::client::transport::{Body, Payload, Piece as _};
use crate::client::{Client, Host, MAX_MANIFEST_BYTES};
use crate::digest::Digest;
use crate::document::Document;
use crate::http::Method;
use crate::json::Value;
use crate::media_type::known::OCI_IMAGE_INDEX;
use crate::reference::{RepositoryName, Tag};
use crate::{Error, Kind, Result};

/// How often a change is tried.
const MAX_ATTEMPTS: u32 = 12;
/// The longest wait before another attempt, in milliseconds; the first is a 32nd of it.
const MAX_WAIT: u32 = 1600;
/// How much of a digest's algorithm stands in the tag: 32 characters by the specification's main branch, all of it by its release
/// 1.1.1. They part only where an algorithm has a longer name.
const ALGORITHM_LENGTHS: [usize; 2] = [32, Tag::MAX_LEN];
/// How much of its encoded part does.
const ENCODED_LENGTH: usize = 64;

/// The tag that has the referrers of a digest, its algorithm's name cut to so many characters.
fn fallback_tag(digest: &Digest, algorithm_length: usize) -> Result<Tag> {
    let (algorithm, encoded) = (digest.algorithm_name(), digest.encoded());
    let algorithm = algorithm.get(..algorithm_length).unwrap_or(algorithm);
    let encoded = encoded.get(..ENCODED_LENGTH).unwrap_or(encoded);
    let mut tag = String::new();
    for char in [algorithm, "-", encoded].concat().chars() {
        let allowed = char.is_ascii_alphanumeric() || matches!(char, '.' | '_');
        tag.push(if allowed { char } else { '-' });
    }
    tag.parse()
}

/// A change to the list of a manifest's referrers.
#[derive(Debug)]
pub(in crate::client) struct Change {
    /// The tag with the list.
    tag: ManifestReference,
    /// Whose descriptor is added or taken out.
    digest: Digest,
    /// The descriptor to add, as JSON.
    entry: Option<String>,
}

impl Change {
    /// Adds what is pushed: its descriptor with its artifact type, which of an image manifest without one is its config's media type,
    /// and its annotations, in the very bytes that they have there.
    pub(in crate::client) fn adding(
        subject: &Digest,
        document: &Document,
        pushed: &PushedManifest,
    ) -> Result<Self> {
        Ok(Self {
            entry: Some(entry(document, &pushed.media_type, &pushed.digest)),
            ..Self::removing(subject, &pushed.digest)?
        })
    }

    /// Takes out the descriptor of what is deleted.
    pub(in crate::client) fn removing(subject: &Digest, digest: &Digest) -> Result<Self> {
        let [length, _] = ALGORITHM_LENGTHS;
        Ok(Self {
            tag: ManifestReference::Tag(fallback_tag(subject, length)?),
            digest: digest.clone(),
            entry: None,
        })
    }

    /// The index after the change, and whether it is empty then; `None` if there is nothing to change. All other bytes of the index
    /// and of its entries stay as they are.
    fn applied(&self, current: Option<&Document>) -> Option<(String, bool)> {
        let entry = self.entry.as_deref();
        let Some(document) = current else {
            let mut index = String::from(
                "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[",
            );
            index.push_str(entry?);
            index.push_str("]}");
            return Some((index, false));
        };
        let root = document.root();
        let list = root.get("manifests")?;
        let is_own = |entry: Value<'_>| {
            let digest = entry.get("digest");
            digest.is_some_and(|digest| digest.is_str(self.digest.as_str()))
        };
        let (mut listed, mut entries) = (false, String::new());
        for element in list.elements() {
            if is_own(element) {
                listed = true;
            } else {
                push_word(&mut entries, ',', element.raw());
            }
        }
        if listed == entry.is_some() {
            return None;
        }
        if let Some(entry) = entry {
            push_word(&mut entries, ',', entry);
        }
        let (text, start) = (root.raw(), root.span().start);
        let before = text.get(..=list.span().start - start)?;
        let after = text.get(list.span().end - 1 - start..)?;
        Some(([before, &entries, after].concat(), entries.is_empty()))
    }
}

impl<T: Host> Client<T> {
    /// The descriptors that the fallback tags of a digest have; none if there is no such tag, or no image index under it.
    pub(in crate::client) async fn fallback_referrers(
        &self,
        name: &RepositoryName,
        subject: &Digest,
        paging: &mut Paging,
    ) -> Result<Vec<crate::document::Descriptor>> {
        let mut found = Vec::new();
        let mut last = None;
        for length in ALGORITHM_LENGTHS {
            let Ok(tag) = fallback_tag(subject, length) else {
                continue;
            };
            let tag = ManifestReference::Tag(tag);
            if last.as_ref() == Some(&tag) {
                continue;
            }
            if let Some(read) = self.fallback_index(name, &tag, false).await?
                && let Ok(Some(index)) = index(read.bytes)
            {
                paging.take_descriptors(&index, false, &mut found)?;
            }
            last = Some(tag);
        }
        Ok(found)
    }

    /// What is under a fallback tag; `None` if there is nothing. Mirrors will not do for who is to change it.
    async fn fallback_index(
        &self,
        name: &RepositoryName,
        tag: &ManifestReference,
        origin_only: bool,
    ) -> Result<Option<RawManifest>> {
        let accept = Some(OCI_IMAGE_INDEX);
        match self
            .read_manifest(name, tag, accept, None, origin_only)
            .await
        {
            Ok(read) => Ok(read),
            Err(error) if error.kind() == Kind::Registry && error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes the index under a fallback tag until it is seen to be changed. Where the registry compares entity tags, no change of
    /// another client is lost by that; elsewhere only those that come between our reading and our writing. Changes by one client do so
    /// one after the other.
    pub(in crate::client) async fn change_referrers(
        &self,
        name: &RepositoryName,
        change: &Change,
    ) -> Result<()> {
        let url = self.manifest_url(name, &change.tag)?;
        let list = url.text();
        let (mut conditional, mut deletable) = (true, true);
        let mut conflict = None;
        for attempt in 0..MAX_ATTEMPTS {
            // What was written is read again at once; whoever was in the way is given time.
            if conflict.is_some() || attempt > 1 {
                let most = (MAX_WAIT >> 5 << attempt.min(5)).max(2);
                let wait = most / 2 + self.host.random() % (most / 2);
                self.host.sleep(u64::from(wait)).await;
            }
            // Where the registry does not compare, changes by this client at least do not undo one another. Nobody keeps the turn
            // while they wait: a registry may refuse the list until somebody else's change has come.
            let mut turn = self.origin.turns.take(&list, self.options.room(1));
            (&mut turn).await;
            let current = self.fallback_index(name, &change.tag, true).await?;
            let etag = current.as_ref().and_then(|read| read.etag.clone());
            let exists = current.is_some();
            let current = match current.map(|read| index(read.bytes)) {
                Some(Ok(Some(index))) => Some(index),
                None => None,
                Some(_) => {
                    return Err(Error::new(
                        Kind::UnexpectedResponse,
                        "what is under the tag for referrers is no image index, and is left alone",
                    ));
                }
            };
            let Some((index, empty)) = change.applied(current.as_ref()) else {
                return Ok(());
            };
            // An index that nothing is in goes, where the registry lets a tag be deleted.
            let deletes = empty && deletable;
            let scope = if deletes {
                Scope::delete(name)
            } else {
                Scope::push(name)
            };
            let method = if deletes { Method::Delete } else { Method::Put };
            let mut call = Call::new(method, url.clone(), scope);
            match &etag {
                Some(etag) => call.request.headers.append("if-match", etag.as_str())?,
                None if !exists && conditional => call.request.headers.add("if-none-match", "*"),
                None => {}
            }
            if !deletes {
                if index.len() as u64 > MAX_MANIFEST_BYTES {
                    return Err(Error::new(
                        Kind::TooLarge,
                        "the list of referrers is larger than a manifest can be",
                    ));
                }
                call.request.headers.add("content-type", OCI_IMAGE_INDEX);
                call.payload = Some(Payload::Piece(<T::Body as Body>::Piece::new(
                    index.into_bytes(),
                )));
            }
            conflict = None;
            let Err(error) = self.ask(call).await else {
                continue;
            };
            match (error.kind(), error.status()) {
                (Kind::Registry, Some(409 | 412)) => conflict = Some(error),
                // An entry whose manifest is just being deleted.
                (Kind::Registry, Some(400 | 404)) if !deletes && has_dangling(&error) => {
                    conflict = Some(error);
                }
                // Somebody else has deleted it.
                (Kind::Registry, Some(404)) if deletes => {}
                (Kind::Registry | Kind::Auth, Some(_)) if deletes => deletable = false,
                // A browser asks first whether it may send a condition, and not every registry says yes.
                (Kind::ConnectionFailed, _) if conditional && !exists => conditional = false,
                // Whether it was done shows when the index is read again.
                _ if attempt < MAX_FAILURES && is_passing(&error) => conflict = Some(error),
                _ => return Err(error),
            }
        }
        Err(conflict.unwrap_or_else(|| {
            Error::new(
                Kind::UnexpectedResponse,
                "the list of referrers does not keep what is written to it: others write it at the same time",
            )
        }))
    }
}

/// Whether a registry refuses an index because it does not have what an entry of it describes.
fn has_dangling(error: &Error) -> bool {
    let mut entries = error.entries().iter();
    entries.any(|entry| entry.code == "MANIFEST_BLOB_UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    fn tag(digest: &str, length: usize) -> String {
        fallback_tag(&digest.parse().unwrap(), length)
            .map(|tag| tag.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn the_tag_is_that_of_the_specifications_table() {
        let a = |count| "a".repeat(count);
        let [main, released] = ALGORITHM_LENGTHS;
        for length in [main, released] {
            assert_eq!(
                tag(&format!("sha256:{}", a(64)), length),
                format!("sha256-{}", a(64))
            );
            assert_eq!(
                tag(&format!("sha512:{}", a(128)), length),
                format!("sha512-{}", a(64))
            );
        }
        let long = "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation:\
                    alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerciseEncodedTruncation";
        assert_eq!(
            tag(long, main),
            "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsAndLot"
        );
        // By the release it would have more characters than a tag can.
        assert_eq!(tag(long, released), "");
        let between = "an+algorithm+whose+name+is+longer+than+32:x";
        assert_eq!(tag(between, main), "an-algorithm-whose-name-is-longe-x");
        assert_eq!(
            tag(between, released),
            "an-algorithm-whose-name-is-longer-than-32-x"
        );
    }

    fn change(entry: Option<&str>) -> Change {
        Change {
            tag: ManifestReference::Tag("t".parse().unwrap()),
            digest: Digest::of(Algorithm::Sha256, b""),
            entry: entry.map(str::to_owned),
        }
    }

    #[test]
    fn a_change_leaves_every_other_byte_as_it_is() {
        let own = format!(r#"{{"digest":"{}"}}"#, Digest::of(Algorithm::Sha256, b""));
        let head = " {\n  \"x\": 1.50,\n  \"manifests\": [";
        let tail = "],\n  \"annotations\": {\"a\\u0062\": \"\"}\n}\n";
        let other = "{ \"digest\" : \"sha256:x\", \"unknown\": [ 1 ] }";
        let indexed = |entries: &str| [head, entries, tail].concat();
        let applied = |entries: &str, entry: Option<&str>| {
            let document =
                Document::parse(indexed(entries).into_bytes(), Some(OCI_IMAGE_INDEX)).unwrap();
            change(entry).applied(Some(&document))
        };
        let trimmed = |entries: &str| indexed(entries).trim().to_owned();
        for (before, entry, after) in [
            ("", Some(own.as_str()), Some((own.clone(), false))),
            (other, Some(&own), Some((format!("{other},{own}"), false))),
            (&own, Some(&own), None),
            (
                &format!("{own} , {other}"),
                None,
                Some((other.to_owned(), false)),
            ),
            (
                &format!("{own},{other},{own}"),
                None,
                Some((other.to_owned(), false)),
            ),
            (&own, None, Some((String::new(), true))),
            (other, None, None),
            ("", None, None),
        ] {
            let after = after.map(|(entries, empty)| (trimmed(&entries), empty));
            assert_eq!(applied(before, entry), after, "{before} {entry:?}");
        }
        assert_eq!(change(None).applied(None), None);
    }
}
