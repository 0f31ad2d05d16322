//! What refers to a manifest (distribution specification, end-12).

use std::sync::{Mutex, PoisonError};

use super::super::error::Failure;
use super::super::route::Query;
use super::super::serve::sized;
use super::super::{Outgoing, keys};
use super::pages::{count, last, link};
use super::several::several;
use super::stored::{Found, Part, Stored, verified};
use super::{Host, Hosted};
use crate::client::{artifact_type, entry};
use crate::digest::Digest;
use crate::document::Document;
use crate::http::{Headers, Method, Response};
use crate::media_type::known::OCI_IMAGE_INDEX;
use crate::reference::RepositoryName;

/// How many links are followed for one page, each to a manifest that is read.
const MAX_LINKS: usize = 100;
/// How many of them at once.
const MAX_AT_ONCE: usize = 8;
/// How many bytes of descriptors a page has, unless one alone has more: readers take 4 MiB at least, as of any manifest.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// The largest manifest that is read beside others, in bytes.
const MAX_SMALL: u64 = 64 << 10;
/// How many bytes of larger ones are read for one page, unless one alone has more.
const MAX_LARGE_BYTES: u64 = 4 << 20;

/// A manifest that may have the subject.
struct Hint {
    digest: Digest,
    instance: String,
    /// What its key ends with.
    key: String,
}

impl Hint {
    fn read(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let digest = [parts.next()?, ":", parts.next()?].concat();
        Some(Self {
            digest: digest.parse().ok()?,
            instance: parts.next()?.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// What was read of a manifest.
enum Seen {
    /// Its descriptor; nothing if it is no referrer, or none of the type that was asked for.
    Entry(String),
    /// It is large: so many bytes.
    Large(u64),
}

impl<T: Host> Hosted<T> {
    /// The index of what refers to a manifest, which need not be there.
    pub(super) async fn referrers(
        &self,
        target: &str,
        method: Method,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let query = Query::parse(target)?;
        let filter = query.one("artifactType", "UNSUPPORTED")?;
        let filter = filter.filter(|filter| !filter.is_empty());
        let most = count(&query)?.unwrap_or(MAX_LINKS).min(MAX_LINKS);
        let prefix = keys::referrers(name, subject);
        let after = prefix.clone() + &last(&query)?;
        let mut hints = Vec::new();
        // What the next page begins behind, if there is one.
        let mut next = None;
        if most > 0 {
            let limit = u32::try_from(most).unwrap_or(1);
            let listing = self.host.list(&prefix, Some(&after), limit).await;
            let listing = listing.map_err(Failure::from_store)?;
            for object in listing.objects {
                let key = object.key.strip_prefix(prefix.as_str());
                hints.extend(key.and_then(Hint::read));
                next = key.filter(|_| listing.more).map(str::to_owned);
            }
        }
        let seen = self.small_referrers(name, &hints, filter).await?;
        let mut entries = String::new();
        let mut large = 0;
        let mut before: Option<&Hint> = None;
        for (hint, seen) in hints.iter().zip(seen) {
            let descriptor = match seen {
                Seen::Entry(descriptor) => descriptor,
                Seen::Large(size) => {
                    large += size;
                    if large > MAX_LARGE_BYTES
                        && let Some(before) = before
                    {
                        next = Some(before.key.clone());
                        break;
                    }
                    self.large_referrer(name, hint, filter).await?
                }
            };
            if entries.len() + descriptor.len() > MAX_PAGE_BYTES
                && let Some(before) = before.filter(|_| !entries.is_empty())
            {
                next = Some(before.key.clone());
                break;
            }
            if !entries.is_empty() && !descriptor.is_empty() {
                entries.push(',');
            }
            entries.push_str(&descriptor);
            before = Some(hint);
        }
        let mut headers = Headers::new();
        headers.add("content-type", OCI_IMAGE_INDEX);
        headers.add("cache-control", "no-cache");
        if filter.is_some() {
            headers.add("oci-filters-applied", "artifactType");
        }
        if let Some(next) = &next {
            let path = ["/v2/", name.as_str(), "/referrers/", subject.as_str()].concat();
            let mut parameters = Vec::new();
            for parameter in ["n", "artifactType"] {
                if let Some(value) = query.all(parameter).next() {
                    parameters.push((parameter, value));
                }
            }
            parameters.push(("last", next));
            headers.add("link", link(&path, &parameters));
        }
        let mut body = String::from("{\"schemaVersion\":2,\"mediaType\":\"");
        for part in [OCI_IMAGE_INDEX, "\",\"manifests\":[", &entries, "]}"] {
            body.push_str(part);
        }
        Ok(sized(200, headers, body.into_bytes(), method))
    }

    /// Reads those manifests that are not large, several at once.
    async fn small_referrers(
        &self,
        name: &RepositoryName,
        hints: &[Hint],
        filter: Option<&str>,
    ) -> Result<Vec<Seen>, Failure> {
        let mut seen = Vec::new();
        seen.resize_with(hints.len(), || Seen::Entry(String::new()));
        let seen = Mutex::new(seen);
        let (mut left, all) = (hints.iter().enumerate(), &seen);
        several(MAX_AT_ONCE, &mut || {
            let (at, hint) = left.next()?;
            Some(Box::pin(async move {
                let stored = self
                    .stored(name, &hint.digest, Part::Small(MAX_SMALL))
                    .await?;
                let found = match &stored.found {
                    // Even where a host handed on all of it at once: so many of them are not kept.
                    Found::Live(line)
                        if line.size > MAX_SMALL || line.size > stored.bytes.len() as u64 =>
                    {
                        Seen::Large(line.size)
                    }
                    _ => Seen::Entry(descriptor(stored, hint, filter)?),
                };
                let mut seen = all.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(place) = seen.get_mut(at) {
                    *place = found;
                }
                Ok(())
            }))
        })
        .await?;
        Ok(seen.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn large_referrer(
        &self,
        name: &RepositoryName,
        hint: &Hint,
        filter: Option<&str>,
    ) -> Result<String, Failure> {
        let stored = self.stored(name, &hint.digest, Part::Whole).await?;
        descriptor(stored, hint, filter)
    }
}

/// The descriptor of what was read whole; nothing if it is not what the hint says, or of another type than is asked for.
fn descriptor(stored: Stored, hint: &Hint, filter: Option<&str>) -> Result<String, Failure> {
    let Some(line) = stored.line()?.cloned() else {
        return Ok(String::new());
    };
    if line.instance != hint.instance {
        return Ok(String::new());
    }
    let bytes = verified(stored.bytes, &hint.digest)?;
    let document =
        Document::parse(bytes, Some(&line.media_type)).map_err(|_| Failure::damaged())?;
    let is_wanted = |filter: &str| artifact_type(&document).is_some_and(|own| own.is_str(filter));
    if filter.is_none_or(is_wanted) {
        Ok(entry(&document, &line.media_type, &hint.digest))
    } else {
        Ok(String::new())
    }
}
