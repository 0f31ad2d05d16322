//! What belongs to an image, and what is to be done about it next.
//!
//! A [`Plan`] reads and writes nothing itself, so that each host copies in its own way: it says what may be done at once, is told what was
//! read, and is asked again. All that belongs to the image is found before anything is copied: a copy that cannot be done is not begun.

use serde::Serialize;

use super::{Error, Fetched, Kind, Platforms, Result};
use crate::digest::Digest;
use crate::document::{self, Descriptor, Document, Variants, select_platform};
use crate::media_type::MediaType;
use crate::platform::Platform;

/// How many descriptors belong to one copy, at most.
const MAX_DESCRIPTORS: usize = 10_000;
/// How many bytes the manifests have that belong to one copy, at most, with what is embedded: they are held until they are put.
const MAX_MANIFEST_BYTES: usize = 64 << 20;
/// How many levels of indexes, and of referrers of referrers, are followed.
const MAX_DEPTH: usize = 8;
/// The annotation by which an attestation in an index names its image (BuildKit's attestation storage).
const ATTESTED: &str = "vnd.docker.reference.digest";

/// What is done about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Act {
    /// A manifest is read: [`Plan::read`] takes it.
    Read,
    /// It is asked what refers to a manifest: [`Plan::referred`] takes it.
    Referrers,
    /// A blob is put where it is not there.
    Blob,
    /// A manifest that an index names is put by its digest where it is not there.
    Manifest,
    /// So is one that refers to another.
    Referrer,
    /// The root is put, by its name if it is to have one.
    Root,
}

/// One thing that is to be done.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) act: Act,
    /// What the plan knows it by.
    pub(crate) at: usize,
    /// Whether its bytes are at hand: [`Plan::bytes`].
    pub(crate) held: bool,
    pub(crate) descriptor: Descriptor,
}

/// What is to be done before more is asked for; once that is nothing, the copy is complete, and the rest is what it came to.
#[derive(Debug, Serialize)]
pub(crate) struct Batch {
    pub(crate) steps: Vec<Step>,
    /// Whether one is to follow the other, and not to run beside it.
    pub(crate) sequential: bool,
    /// What is copied.
    pub(crate) root: Descriptor,
    /// How many manifests and indexes have been found.
    pub(crate) manifests: usize,
    /// How many blobs have been found.
    pub(crate) blobs: usize,
}

/// Something that is to be copied.
struct Node {
    descriptor: Descriptor,
    /// Its bytes: of a manifest once it was read; of either from the beginning, if they are embedded in what names it.
    bytes: Option<Vec<u8>>,
    is_manifest: bool,
    /// Whether it is here because it refers to another.
    is_referrer: bool,
    /// Whether it has a `subject`.
    has_subject: bool,
    /// More than that of all that has to be there before it.
    rank: usize,
    /// The places of what has to be there before it.
    before: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// What is on the newest level is read.
    Read,
    /// What refers to it is asked for: to the manifests from this place to where the newest level begins.
    Referrers(usize),
    Blobs,
    /// Manifests of one rank after the other, each time first those without a subject.
    Manifests(usize),
    Root,
    Done,
}

/// All that is to be copied.
pub(crate) struct Plan {
    /// In the order in which they were found: the root is the first.
    nodes: Vec<Node>,
    /// Their places, in the order of their digests.
    by_digest: Vec<usize>,
    platforms: Platforms,
    with_referrers: bool,
    stage: Stage,
    /// Where the newest level begins, and how deep it is.
    level: usize,
    depth: usize,
    /// Bytes of all manifests that were read, and of what is embedded.
    size: usize,
}

impl Plan {
    /// A plan for what `root` is or leads to.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`].
    pub(crate) fn new(root: Fetched, platforms: Platforms, with_referrers: bool) -> Result<Self> {
        let mut plan = Self {
            nodes: Vec::new(),
            by_digest: Vec::new(),
            platforms,
            with_referrers,
            stage: Stage::Read,
            level: 0,
            depth: 0,
            size: 0,
        };
        plan.add(root.descriptor, true, Some(root.bytes))?;
        Ok(plan)
    }

    /// What is to be done next, once all that was asked for before has been done.
    ///
    /// # Errors
    /// Those of [`copy`](super::copy) that are no place's.
    pub(crate) fn next(&mut self) -> Result<Batch> {
        loop {
            let batch = self.batch()?;
            let nothing = batch.steps.is_empty();
            self.stage = match self.stage {
                Stage::Read if nothing => self.descend()?,
                Stage::Read | Stage::Referrers(_) => Stage::Read,
                Stage::Blobs => Stage::Manifests(0),
                Stage::Manifests(wave) if wave / 2 < self.last_rank() => Stage::Manifests(wave + 1),
                Stage::Manifests(wave) if wave % 2 == 0 => Stage::Manifests(wave + 1),
                Stage::Manifests(_) => Stage::Root,
                Stage::Root | Stage::Done => Stage::Done,
            };
            if !nothing || self.stage == Stage::Done {
                return Ok(batch);
            }
        }
    }

    /// Takes a manifest that was read, and verified by its digest.
    ///
    /// # Errors
    /// [`Kind::SizeMismatch`], unless it is a list of referrers that told its size: no digest covers that, and some registries state the
    /// size of something else.
    pub(crate) fn read(&mut self, at: usize, bytes: Vec<u8>) -> Result<()> {
        self.hold(Some(&bytes))?;
        if let Some(node) = self.nodes.get_mut(at) {
            let size = bytes.len() as u64;
            if node.is_referrer {
                node.descriptor.size = size;
            } else if node.descriptor.size != size {
                return Err(Error::new(
                    Kind::SizeMismatch,
                    "a manifest is not of the size that its descriptor says",
                )
                .with_amounts(node.descriptor.size, size));
            }
            node.bytes = Some(bytes);
        }
        Ok(())
    }

    /// Takes what refers to a manifest.
    ///
    /// # Errors
    /// [`Kind::TooLarge`], [`Kind::UnsupportedAlgorithm`].
    pub(crate) fn referred(&mut self, subject: usize, found: Vec<Descriptor>) -> Result<()> {
        for descriptor in found {
            let known = self.nodes.len();
            let at = self.add(descriptor, true, None)?;
            if at == known
                && let Some(node) = self.nodes.get_mut(at)
            {
                node.is_referrer = true;
                node.before.push(subject);
            }
        }
        Ok(())
    }

    /// Bytes that are at hand.
    pub(crate) fn bytes(&self, at: usize) -> Option<&[u8]> {
        self.nodes.get(at)?.bytes.as_deref()
    }

    /// What there is to be done on the present stage.
    fn batch(&self) -> Result<Batch> {
        let mut steps = Vec::new();
        let mut manifests = 0;
        let last = self.last_rank();
        for (at, node) in self.nodes.iter().enumerate() {
            manifests += usize::from(node.is_manifest);
            let (wanted, act) = match self.stage {
                Stage::Read => (at >= self.level && node.bytes.is_none(), Act::Read),
                Stage::Referrers(from) => ((from..self.level).contains(&at), Act::Referrers),
                Stage::Blobs => (true, Act::Blob),
                // Unless something has to come after it, the root is put once, by its name.
                Stage::Manifests(wave) => (
                    (node.rank, node.has_subject) == (wave / 2, wave % 2 == 1)
                        && (at > 0 || node.rank < last),
                    if node.is_referrer {
                        Act::Referrer
                    } else {
                        Act::Manifest
                    },
                ),
                Stage::Root => (at == 0, Act::Root),
                Stage::Done => (false, Act::Root),
            };
            if wanted && node.is_manifest == (act != Act::Blob) {
                steps.push(Step {
                    act,
                    at,
                    held: node.bytes.is_some(),
                    descriptor: node.descriptor.clone(),
                });
            }
        }
        let nothing = || Error::new(Kind::Internal, "a copy of nothing");
        let root = self.nodes.first().ok_or_else(nothing)?;
        Ok(Batch {
            steps,
            // Where a registry has no referrers API, those of one subject share an index.
            sequential: matches!(self.stage, Stage::Manifests(wave) if wave % 2 == 1),
            root: root.descriptor.clone(),
            manifests,
            blobs: self.nodes.len() - manifests,
        })
    }

    fn last_rank(&self) -> usize {
        let ranks = self.nodes.iter().map(|node| node.rank);
        ranks.max().unwrap_or_default()
    }

    /// Takes in what the manifests of the newest level name, all of which were read.
    fn descend(&mut self) -> Result<Stage> {
        let level = self.level..self.nodes.len();
        if !level.clone().any(|at| self.is_manifest(at)) {
            self.rank()?;
            return Ok(Stage::Blobs);
        }
        if self.depth > MAX_DEPTH {
            return Err(Error::new(
                Kind::TooDeep,
                "manifests lead to one another more than 8 levels deep",
            ));
        }
        self.depth += 1;
        for at in level.clone() {
            if self.is_manifest(at) && self.expand(at)? {
                return Ok(Stage::Read);
            }
        }
        self.level = level.end;
        Ok(if self.with_referrers {
            Stage::Referrers(level.start)
        } else {
            Stage::Read
        })
    }

    fn is_manifest(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|node| node.is_manifest)
    }

    /// Takes in what a manifest names. Whether that is but one image, which is copied in its place.
    fn expand(&mut self, at: usize) -> Result<bool> {
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(false);
        };
        let bytes = node.bytes.take().unwrap_or_default();
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
        let one = at == 0 && kind.is_index() && matches!(self.platforms, Platforms::Image(_));
        let chosen = self.chosen(&document, one)?;
        let mut before = Vec::new();
        let parts = document.config()?.into_iter().chain(document.layers()?);
        for part in parts.chain(document.manifests()?) {
            if chosen
                .as_ref()
                .is_some_and(|chosen| !belongs(&part, chosen, one))
            {
                continue;
            }
            if one {
                self.nodes.clear();
                self.by_digest.clear();
                self.add(part, true, None)?;
                return Ok(true);
            }
            let is_manifest =
                kind.is_index() && document::Kind::of(&part.media_type).is_self_describing();
            if is_manifest || !stays(&part) {
                before.push(self.add(part, is_manifest, None)?);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.before.append(&mut before);
            node.bytes = Some(document.into_bytes());
        }
        Ok(false)
    }

    /// The digests of the images that are copied of an index; `None` for all that it names.
    fn chosen(&self, document: &Document, one: bool) -> Result<Option<Vec<Digest>>> {
        let platforms = match &self.platforms {
            Platforms::Image(platform) if one => std::slice::from_ref(platform),
            Platforms::Some(platforms) if document.kind().is_index() => platforms,
            _ => return Ok(None),
        };
        let manifests = document.manifests()?;
        let mut chosen = Vec::new();
        for platform in platforms {
            match select_platform(&manifests, platform, Variants::Compatible) {
                Some(image) => chosen.push(image.digest.clone()),
                None if one => return Err(no_platform(platform)),
                None => {}
            }
        }
        Ok(Some(chosen))
    }

    /// The place of what has this digest: the one it was found at before, or a new one. What is embedded in its descriptor is at hand.
    fn add(
        &mut self,
        mut descriptor: Descriptor,
        is_manifest: bool,
        bytes: Option<Vec<u8>>,
    ) -> Result<usize> {
        descriptor.digest.require_algorithm()?;
        let digest = |at: &usize| self.nodes.get(*at).map(|node| &node.descriptor.digest);
        let place = self.by_digest.partition_point(|at| {
            digest(at).is_some_and(|digest| digest.as_str() < descriptor.digest.as_str())
        });
        if let Some(at) = self.by_digest.get(place)
            && digest(at) == Some(&descriptor.digest)
        {
            return Ok(*at);
        }
        let at = self.nodes.len();
        if at == MAX_DESCRIPTORS {
            return Err(too_large("10,000 descriptors"));
        }
        let bytes = bytes.or_else(|| descriptor.embedded());
        descriptor.data = None;
        self.hold(bytes.as_ref())?;
        self.by_digest.insert(place, at);
        self.nodes.push(Node {
            descriptor,
            bytes,
            is_manifest,
            is_referrer: false,
            has_subject: false,
            rank: 0,
            before: Vec::new(),
        });
        Ok(at)
    }

    /// Counts bytes that are held.
    fn hold(&mut self, bytes: Option<&Vec<u8>>) -> Result<()> {
        self.size += bytes.map_or(0, Vec::len);
        if self.size > MAX_MANIFEST_BYTES {
            return Err(too_large("64 MiB of manifests"));
        }
        Ok(())
    }

    /// Finds everything's rank.
    fn rank(&mut self) -> Result<()> {
        // What leads to another is deeper by one level, so levels and referrers in turn bound how often this goes round.
        for _ in 0..=2 * MAX_DEPTH + 3 {
            let mut settled = true;
            for at in 0..self.nodes.len() {
                let rank = |at: &usize| self.nodes.get(*at).map_or(0, |node| node.rank);
                let before = self.nodes.get(at).map_or(&[][..], |node| &node.before);
                let above = before.iter().map(|at| rank(at) + 1).max();
                if let Some(node) = self.nodes.get_mut(at)
                    && above > Some(node.rank)
                {
                    settled = false;
                    node.rank = above.unwrap_or_default();
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

/// Whether a blob is one that is not to be passed on.
fn stays(blob: &Descriptor) -> bool {
    let media_type = blob.media_type.parse::<MediaType>();
    media_type.is_ok_and(|media_type| media_type.is_nondistributable())
}

/// Whether an entry is among the images, or unless but one of them is wanted, an attestation of one.
fn belongs(entry: &Descriptor, images: &[Digest], one: bool) -> bool {
    let attested = entry.annotations.get(ATTESTED);
    images.iter().any(|image| {
        *image == entry.digest || !one && attested.is_some_and(|digest| digest == image.as_str())
    })
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
