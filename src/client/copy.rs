//! Copies of images between places: registries, image layouts, and what else holds content by its digest.

mod place;
mod plan;
pub(crate) mod pool;
mod repository;

use super::transport::{MaybeSend, MaybeSync};
use crate::document::Descriptor;
use crate::platform::Platform;
use crate::{Error, Kind, Result};

pub use place::{Fetched, MountSource, Naming, Outcome, Place};
use plan::{Node, Plan};
pub use repository::RepositoryPlace;

/// How many transfers run at once, unless something else is asked.
const DEFAULT_CONCURRENCY: usize = 6;
/// How often a blob is begun anew whose source broke off.
const MAX_ATTEMPTS: usize = 3;

/// Which images of an index are copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Platforms {
    /// All of them, and whatever else it names.
    #[default]
    All,
    /// The image for one platform, in place of the index.
    Image(Platform),
    /// The index as it is, with the images for these platforms alone, and the attestations that belong to them. A registry may
    /// refuse an index that names what it does not have.
    Some(Vec<Platform>),
}

/// What to copy, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyOptions {
    /// Which images of an index.
    pub platforms: Platforms,
    /// Whether what refers to the image by `subject` comes along, with what refers to that in turn.
    pub referrers: bool,
    /// How many transfers run at once: at least 1.
    pub concurrency: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            platforms: Platforms::All,
            referrers: false,
            concurrency: DEFAULT_CONCURRENCY,
        }
    }
}

impl CopyOptions {
    /// These options, for these images of an index.
    #[must_use]
    pub fn with_platforms(self, platforms: Platforms) -> Self {
        Self { platforms, ..self }
    }

    /// These options, with or without what refers to the image.
    #[must_use]
    pub fn with_referrers(self, referrers: bool) -> Self {
        Self { referrers, ..self }
    }

    /// These options, with so many transfers at once.
    #[must_use]
    pub fn with_concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency,
            ..self
        }
    }
}

/// Is told how a copy goes on.
pub trait Observer: MaybeSend + MaybeSync {
    /// A blob or manifest is in its new place.
    fn done(&self, _content: &Descriptor, _outcome: Outcome) {}
}

/// Nobody minds.
impl Observer for () {}

/// What a copy came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Copied {
    /// What was copied: the image or index that has the name now.
    pub root: Descriptor,
    /// How many manifests and indexes belong to it, referrers included.
    pub manifests: usize,
    /// How many blobs belong to it, each digest once.
    pub blobs: usize,
}

/// Copies what `from` names in one place to another, under the name `to` if there is one. Digests are the same bit by bit.
///
/// Blobs come first, then manifests, each after what it names, then referrers, the name last: whoever sees the name finds all of
/// it. What is in the new place already is left alone, so a copy that broke off goes on where it was.
///
/// # Errors
/// What the places report; [`Kind::InvalidManifest`] for a manifest that cannot be copied, [`Kind::TooLarge`] for more than 10,000
/// descriptors or 64 MiB of manifests, [`Kind::TooDeep`] for indexes nested more than 8 levels, [`Kind::PlatformNotFound`].
pub async fn copy<S, D, O>(
    source: &S,
    from: &str,
    target: &D,
    to: Option<&str>,
    options: &CopyOptions,
    observer: &O,
) -> Result<Copied>
where
    S: Place,
    D: Place<Body = S::Body>,
    O: Observer,
{
    let plan = Plan::make(source, from, options).await?;
    let concurrency = options.concurrency.max(1);
    let mut blobs = plan.blobs.iter();
    pool::each(concurrency, &mut || {
        let blob = blobs.next()?;
        Some(Box::pin(copy_blob(source, target, blob, observer)))
    })
    .await?;
    let root = plan.root()?;
    let last = plan.manifests.iter().map(|node| node.rank).max();
    // Unless something refers to it, the root is put once, by its name.
    let root_last = last == Some(root.rank);
    for wave in 0..=2 * last.unwrap_or_default() + 1 {
        // Where a registry has no referrers API, those of one subject share an index: one after the other.
        let (rank, has_subject) = (wave / 2, wave % 2 == 1);
        let mut nodes = plan.manifests.iter().skip(usize::from(root_last));
        pool::each(if has_subject { 1 } else { concurrency }, &mut || {
            let node = nodes.find(|node| node.rank == rank && node.has_subject == has_subject)?;
            Some(Box::pin(put(target, node, observer)))
        })
        .await?;
    }
    let naming = to.map_or(Naming::Root, Naming::Name);
    target
        .put_manifest(&root.descriptor, &root.bytes, naming)
        .await?;
    if root_last {
        observer.done(&root.descriptor, Outcome::Copied);
    }
    Ok(Copied {
        root: root.descriptor.clone(),
        manifests: plan.manifests.len(),
        blobs: plan.blobs.len(),
    })
}

/// Puts a manifest by its digest, unless it is there.
async fn put<D, O>(target: &D, node: &Node, observer: &O) -> Result<()>
where
    D: Place,
    O: Observer,
{
    let outcome = if target.has_manifest(&node.descriptor).await? {
        Outcome::Existed
    } else {
        let naming = if node.is_referrer {
            Naming::Referrer
        } else {
            Naming::Digest
        };
        target
            .put_manifest(&node.descriptor, &node.bytes, naming)
            .await?;
        Outcome::Copied
    };
    observer.done(&node.descriptor, outcome);
    Ok(())
}

/// Copies a blob, and begins anew where its source broke off.
async fn copy_blob<S, D, O>(source: &S, target: &D, blob: &Descriptor, observer: &O) -> Result<()>
where
    S: Place,
    D: Place<Body = S::Body>,
    O: Observer,
{
    let mut attempt = 1;
    let outcome = loop {
        let content = source.content(blob);
        match target.put_blob(blob, source.mount_source(), content).await {
            Ok(outcome) => break outcome,
            Err(error) if attempt < MAX_ATTEMPTS && is_transient(&error) => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    observer.done(blob, outcome);
    Ok(())
}

fn is_transient(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::ConnectionLost | Kind::Timeout | Kind::BodyTruncated
    )
}
