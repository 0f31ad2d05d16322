//! Putting manifests (end-7).

use super::super::super::error::Failure;
use super::super::super::route::Query;
use super::super::super::serve::{check_conditions, is_conditional};
use super::super::super::{Incoming, Outgoing, keys};
use super::super::patience::{MAX_CONFLICTS, contended};
use super::super::stored::{Found, Line, MAX_MANIFEST_BYTES, Part};
use super::super::tags::Target;
use super::super::{Host, Hosted};
use super::children::{Child, children};
use super::coming::Held;
use super::validation::{accepted, invalid};
use crate::client::ManifestReference;
use crate::digest::{Algorithm, Digest};
use crate::document::{Descriptor, Document, Kind};
use crate::http::{Headers, Response};
use crate::media_type::MediaType;
use crate::reference::{RepositoryName, Tag};

/// The most tags that one request may set; the specification asks for ten at least.
const MAX_TAGS: usize = 64;
/// How often a manifest is put that is deleted all the time.
const MAX_ATTEMPTS: u32 = 8;

/// A manifest that may be put.
struct Pushed {
    digest: Digest,
    media_type: String,
    subject: Option<Digest>,
    children: Vec<Child>,
    bytes: Vec<u8>,
}

impl<T: Host> Hosted<T> {
    pub(super) async fn put_manifest(
        &self,
        request: Incoming<T::Body>,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let Incoming {
            target,
            headers: asked,
            body,
            ..
        } = request;
        let query = Query::parse(&target)?;
        let more_tags = tags(&query)?;
        let mut held = self.hold();
        let bytes = read_manifest(&asked, body, &mut held).await?;
        let mut pushed = self.pushed(&asked, reference, bytes)?;
        // Before anything is stored; for good when the tag or record is written.
        if is_conditional(&asked) {
            match reference {
                ManifestReference::Tag(tag) => {
                    let (target, _) = self.target(name, tag).await?;
                    self.check_tag(name, tag, target.as_ref(), &asked).await?;
                }
                ManifestReference::Digest(digest) => {
                    let stored = self.stored(name, digest, Part::Line).await?;
                    let current = stored.line()?.map(|_| digest);
                    check_conditions(&asked, current)?;
                }
            }
        }
        self.ensure_children(name, std::mem::take(&mut pushed.children))
            .await?;
        for _ in 0..MAX_ATTEMPTS {
            let instance = self.ensure_record(name, &pushed).await?;
            if let Some(subject) = &pushed.subject {
                let link = keys::referrer(name, subject, &pushed.digest, &instance);
                self.create(&link).await?;
            }
            let target = Target {
                digest: pushed.digest.clone(),
                instance,
            };
            let mut lives = true;
            let mut is_set = false;
            if let ManifestReference::Tag(tag) = reference {
                lives = self.set_tag(name, tag, &target, Some(&asked)).await?;
                is_set = lives && is_conditional(&asked);
            }
            for tag in &more_tags {
                lives = lives && self.set_tag(name, tag, &target, None).await?;
            }
            if lives {
                return Ok(created(name, &pushed, &more_tags));
            }
            // Somebody has deleted it before all tags could name it. The condition on which the first was set need hold no longer.
            if is_set {
                break;
            }
        }
        Err(contended())
    }

    /// Reads a manifest, and decides whether it is taken.
    fn pushed(
        &self,
        asked: &Headers,
        reference: &ManifestReference,
        bytes: Vec<u8>,
    ) -> Result<Pushed, Failure> {
        let digest = match reference {
            ManifestReference::Digest(digest) => {
                let algorithm = digest.require_algorithm().map_err(Failure::from_store)?;
                if Digest::of(algorithm, &bytes) != *digest {
                    let message = "the manifest has another digest";
                    return Err(Failure::new(400, "DIGEST_INVALID", message));
                }
                digest.clone()
            }
            ManifestReference::Tag(_) => Digest::of(Algorithm::Sha256, &bytes),
        };
        let stated = asked.all("content-type").collect::<Vec<_>>().join(", ");
        let stated = if stated.trim().is_empty() {
            None
        } else {
            let parsed = MediaType::parse_header(&stated);
            Some(parsed.map_err(|error| invalid(["Content-Type: ", error.message()].concat()))?)
        };
        let media_type = stated.as_ref().map(MediaType::as_str);
        let sparse = self.options.sparse;
        let readable = |document: &Document| {
            subject(document)?;
            children(document, sparse).map(|_| ())
        };
        let document = accepted(&bytes, media_type, self.options.validation, readable)?;
        let unreadable = |error: crate::Error| invalid(error.message().to_owned());
        Ok(Pushed {
            digest,
            media_type: document.media_type().unwrap_or_default().to_owned(),
            subject: subject(&document).map_err(unreadable)?,
            children: children(&document, sparse).map_err(unreadable)?,
            bytes,
        })
    }

    /// Sees to it that a manifest is stored; gives the instance of its record.
    async fn ensure_record(
        &self,
        name: &RepositoryName,
        pushed: &Pushed,
    ) -> Result<String, Failure> {
        let key = keys::manifest(name, &pushed.digest);
        let mut listed = false;
        for _ in 0..MAX_CONFLICTS {
            let stored = self.stored(name, &pushed.digest, Part::Whole).await?;
            let kept = match stored.found {
                Found::Live(line) => {
                    // Bytes that were damaged are put right.
                    let same = line.media_type == pushed.media_type && stored.bytes == pushed.bytes;
                    if same && !self.is_old(line.leased) {
                        return Ok(line.instance);
                    }
                    Some(line.instance)
                }
                Found::Absent | Found::Unreadable => None,
            };
            if kept.is_none() && !listed {
                self.add_repository(name).await?;
                listed = true;
            }
            let line = Line {
                media_type: pushed.media_type.clone(),
                size: pushed.bytes.len() as u64,
                instance: kept.unwrap_or_else(|| self.nonce()),
                leased: self.host.unix_time(),
                subject: pushed.subject.clone(),
            };
            let record = line.with(&pushed.bytes);
            if self.swap(&key, &stored.version, record).await? {
                return Ok(line.instance);
            }
        }
        Err(contended())
    }
}

/// The body of a request that puts a manifest.
async fn read_manifest<B: crate::client::Body>(
    asked: &Headers,
    body: Option<B>,
    held: &mut Held<'_>,
) -> Result<Vec<u8>, Failure> {
    let invalid_size = |message: &str| Failure::new(400, "SIZE_INVALID", message);
    let too_large = || Failure::new(413, "SIZE_INVALID", "a manifest has 4 MiB at most");
    // RFC 9110, section 14.5.
    if asked.get("content-range").is_some() {
        return Err(Failure::new(
            400,
            "MANIFEST_INVALID",
            "a manifest is put whole",
        ));
    }
    let length = asked
        .content_length()
        .map_err(|error| invalid_size(error.message()))?;
    let mut bytes = Vec::new();
    if let Some(mut body) = body {
        if length.is_some_and(|length| length > MAX_MANIFEST_BYTES as u64) {
            body.cancel();
            return Err(too_large());
        }
        while let Some(chunk) = body.chunk().await.map_err(Failure::from_store)? {
            let fits = if chunk.len() > MAX_MANIFEST_BYTES - bytes.len() {
                Err(too_large())
            } else {
                held.add(chunk.len())
            };
            if let Err(failure) = fits {
                body.cancel();
                return Err(failure);
            }
            bytes.extend(chunk);
        }
    }
    if length.is_some_and(|length| length != bytes.len() as u64) {
        return Err(invalid_size(
            "the body is not as long as Content-Length says",
        ));
    }
    Ok(bytes)
}

/// The tags of a query, each once (end-7b of the specification's main branch).
fn tags(query: &Query) -> Result<Vec<Tag>, Failure> {
    let mut tags: Vec<Tag> = Vec::new();
    for text in query.all("tag") {
        let tag: Tag = text
            .parse()
            .map_err(|error: crate::Error| invalid(error.message().to_owned()))?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MAX_TAGS {
            return Err(Failure::new(
                414,
                "UNSUPPORTED",
                "more than 64 tags at once",
            ));
        }
    }
    Ok(tags)
}

/// The digest of what a manifest refers to.
fn subject(document: &Document) -> crate::Result<Option<Digest>> {
    let subject = if document.kind() == Kind::ArtifactManifest {
        let subject = document.root().get("subject");
        subject
            .filter(|subject| !subject.is_null())
            .map(Descriptor::read)
            .transpose()?
    } else {
        document.subject()?
    };
    Ok(subject.map(|subject| subject.digest))
}

/// That a manifest is there.
fn created<B>(name: &RepositoryName, pushed: &Pushed, tags: &[Tag]) -> Response<Outgoing<B>> {
    let mut headers = Headers::new();
    let digest = pushed.digest.as_str();
    headers.add(
        "location",
        ["/v2/", name.as_str(), "/manifests/", digest].concat(),
    );
    headers.add("docker-content-digest", digest);
    headers.add("content-length", "0");
    if let Some(subject) = &pushed.subject {
        headers.add("oci-subject", subject.as_str());
    }
    for tag in tags {
        headers.add("oci-tag", tag.as_str());
    }
    Response::new(201, headers, Outgoing::None)
}
