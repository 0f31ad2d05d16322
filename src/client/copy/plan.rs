//! What belongs to an image: found before anything is copied, so that a copy that cannot be done is not begun.

use super::{CopyOptions, Error, Fetched, Kind, Place, Platforms, Result, pool};
use crate::digest::Digest;
use crate::document::{self, Descriptor, Document, Variants, select_platform};
use crate::media_type::MediaType;
use crate::platform::Platform;

/// How many descriptors belong to one copy, at most.
const MAX_DESCRIPTORS: usize = 10_000;
/// How many bytes the manifests have that belong to one copy, at most: they are held until they are put.
const MAX_MANIFEST_BYTES: usize = 64 << 20;
/// How many levels of indexes, and of referrers of referrers, are followed.
const MAX_DEPTH: usize = 8;
/// The annotation by which an attestation in an index names its image (BuildKit's attestation storage).
const ATTESTED: &str = "vnd.docker.reference.digest";

/// A manifest to be copied.
pub(super) struct Node {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: Vec<u8>,
    /// Whether it is here because it refers to another.
    pub(super) is_referrer: bool,
    /// Whether it has a `subject`.
    pub(super) has_subject: bool,
    /// More than that of all that has to be there before it.
    pub(super) rank: usize,
    /// What has to be there before it.
    before: Vec<Digest>,
}

/// All that is to be copied.
#[derive(Default)]
pub(super) struct Plan {
    /// The root is the first.
    pub(super) manifests: Vec<Node>,
    /// Each digest once.
    pub(super) blobs: Vec<Descriptor>,
    /// What is in either, in order.
    seen: Vec<Digest>,
    bytes: usize,
}

impl Plan {
    /// Finds all that belongs to what `reference` names.
    pub(super) async fn make<S: Place>(
        source: &S,
        reference: &str,
        options: &CopyOptions,
    ) -> Result<Self> {
        let concurrency = options.concurrency.max(1);
        let Fetched { descriptor, bytes } = root(source, reference, &options.platforms).await?;
        let mut plan = Self::default();
        plan.want(descriptor, None, bytes)?;
        let (mut first, mut depth) = (0, 0);
        while first < plan.manifests.len() {
            if depth > MAX_DEPTH {
                return Err(Error::new(
                    Kind::TooDeep,
                    "manifests lead to one another more than 8 levels deep",
                ));
            }
            if depth > 0 {
                let mut wanted = plan.manifests.iter_mut().skip(first);
                pool::each(concurrency, &mut || {
                    let node = wanted.next()?;
                    Some(Box::pin(read(source, node)))
                })
                .await?;
            }
            let level = first..plan.manifests.len();
            first = level.end;
            for place in level.clone() {
                plan.expand(place, &options.platforms)?;
            }
            if options.referrers {
                // One after the other: they are few requests beside the blobs.
                for place in level {
                    let Some(node) = plan.manifests.get(place) else {
                        break;
                    };
                    let subject = node.descriptor.digest.clone();
                    for descriptor in source.referrers(&subject).await? {
                        plan.want(descriptor, Some(&subject), Vec::new())?;
                    }
                }
            }
            depth += 1;
        }
        plan.rank()?;
        Ok(plan)
    }

    /// The manifest that was asked for.
    pub(super) fn root(&self) -> Result<&Node> {
        self.manifests
            .first()
            .ok_or_else(|| Error::new(Kind::Internal, "a copy of nothing"))
    }

    /// Takes in what a manifest names.
    fn expand(&mut self, place: usize, platforms: &Platforms) -> Result<()> {
        let Some(node) = self.manifests.get_mut(place) else {
            return Ok(());
        };
        let bytes = std::mem::take(&mut node.bytes);
        self.bytes += bytes.len();
        if self.bytes > MAX_MANIFEST_BYTES {
            return Err(too_large("64 MiB of manifests"));
        }
        let media_type = &node.descriptor.media_type;
        let document = Document::parse(bytes, Some(media_type))?;
        let kind = document.kind();
        if !kind.is_manifest() && !kind.is_index() {
            return Err(Error::new(
                Kind::InvalidManifest,
                "neither an image manifest nor an index, so it cannot be copied",
            )
            .with_expected("an image manifest or index", media_type.as_str()));
        }
        node.has_subject = document.subject()?.is_some();
        let mut before = std::mem::take(&mut node.before);
        for blob in document.config()?.into_iter().chain(document.layers()?) {
            self.blob(blob)?;
        }
        for child in chosen(document.manifests()?, platforms) {
            if document::Kind::of(&child.media_type).is_self_describing() {
                before.push(child.digest.clone());
                self.want(child, None, Vec::new())?;
            } else {
                self.blob(child)?;
            }
        }
        if let Some(node) = self.manifests.get_mut(place) {
            (node.before, node.bytes) = (before, document.into_bytes());
        }
        Ok(())
    }

    /// Takes a manifest in, unless it was named before: what it refers to, where it is here for that, and its bytes if they were read.
    fn want(
        &mut self,
        descriptor: Descriptor,
        subject: Option<&Digest>,
        bytes: Vec<u8>,
    ) -> Result<()> {
        if self.note(&descriptor.digest)? {
            self.manifests.push(Node {
                descriptor,
                bytes,
                is_referrer: subject.is_some(),
                has_subject: false,
                rank: 0,
                before: subject.into_iter().cloned().collect(),
            });
        }
        Ok(())
    }

    /// Takes a blob in, unless it was named before, or is one that is not to be passed on.
    fn blob(&mut self, descriptor: Descriptor) -> Result<()> {
        let media_type = descriptor.media_type.parse::<MediaType>();
        let stays = media_type.is_ok_and(|media_type| media_type.is_nondistributable());
        if !stays && self.note(&descriptor.digest)? {
            self.blobs.push(descriptor);
        }
        Ok(())
    }

    /// Whether a digest is named for the first time.
    fn note(&mut self, digest: &Digest) -> Result<bool> {
        digest.require_algorithm()?;
        let at = self
            .seen
            .partition_point(|seen| seen.as_str() < digest.as_str());
        if self.seen.get(at) == Some(digest) {
            return Ok(false);
        }
        if self.seen.len() == MAX_DESCRIPTORS {
            return Err(too_large("10,000 descriptors"));
        }
        self.seen.insert(at, digest.clone());
        Ok(true)
    }

    /// Finds everything's rank.
    fn rank(&mut self) -> Result<()> {
        // What leads to another is deeper by one level, so levels and referrers in turn bound how often this goes round.
        for _ in 0..=2 * MAX_DEPTH + 2 {
            let mut settled = true;
            for place in 0..self.manifests.len() {
                let Some(node) = self.manifests.get(place) else {
                    break;
                };
                let above = self
                    .manifests
                    .iter()
                    .filter(|other| node.before.contains(&other.descriptor.digest))
                    .map(|other| other.rank + 1)
                    .max()
                    .unwrap_or_default();
                if above > node.rank
                    && let Some(node) = self.manifests.get_mut(place)
                {
                    settled = false;
                    node.rank = above;
                }
            }
            if settled {
                return Ok(());
            }
        }
        Err(Error::new(
            Kind::InvalidManifest,
            "manifests lead to one another in a circle",
        ))
    }
}

async fn read<S: Place>(source: &S, node: &mut Node) -> Result<()> {
    node.bytes = source.manifest(&node.descriptor).await?;
    Ok(())
}

/// What a reference names; of an index, the image for the one platform that is asked for, where one is.
async fn root<S: Place>(source: &S, reference: &str, platforms: &Platforms) -> Result<Fetched> {
    let mut root = source.resolve(reference).await?;
    let Platforms::Image(platform) = platforms else {
        return Ok(root);
    };
    for _ in 0..=MAX_DEPTH {
        let document = Document::parse(root.bytes, Some(&root.descriptor.media_type))?;
        if !document.kind().is_index() {
            root.bytes = document.into_bytes();
            return Ok(root);
        }
        let manifests = document.manifests()?;
        let entry = select_platform(&manifests, platform, Variants::Compatible)
            .ok_or_else(|| no_platform(platform))?;
        root = Fetched::new(entry.clone(), source.manifest(entry).await?);
    }
    Err(no_platform(platform))
}

/// The entries of an index that are copied.
fn chosen(manifests: Vec<Descriptor>, platforms: &Platforms) -> Vec<Descriptor> {
    let Platforms::Some(platforms) = platforms else {
        return manifests;
    };
    let images: Vec<Digest> = platforms
        .iter()
        .filter_map(|platform| select_platform(&manifests, platform, Variants::Compatible))
        .map(|entry| entry.digest.clone())
        .collect();
    let belongs = |entry: &Descriptor| {
        let attested = entry.annotations.get(ATTESTED);
        images.iter().any(|image| {
            *image == entry.digest || attested.is_some_and(|digest| digest == image.as_str())
        })
    };
    manifests.into_iter().filter(belongs).collect()
}

fn no_platform(platform: &Platform) -> Error {
    Error::new(
        Kind::PlatformNotFound,
        ["the index has no image for ", &platform.text()].concat(),
    )
}

fn too_large(what: &'static str) -> Error {
    Error::new(Kind::TooLarge, "the image has more than is copied at once")
        .with_expected(["at most ", what].concat(), "more")
}
