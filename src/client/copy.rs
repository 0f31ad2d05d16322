//! Copies of images between places: registries, image layouts, and what else holds content by its digest.

mod place;
mod plan;
pub(crate) mod pool;
mod repository;

use super::ask::Boxed;
use super::transport::{MaybeSend, MaybeSync};
use crate::document::Descriptor;
use crate::platform::Platform;
use crate::{Error, Kind, Result};

pub use place::{Fetched, MountSource, Naming, Outcome, Place};
#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
pub(crate) use plan::Plan;
#[cfg(not(all(feature = "wasm", target_arch = "wasm32")))]
use plan::Plan;
use plan::{Act, Step};
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
/// it. What is in the new place already is left alone, so a copy that broke off goes on where it was. What is embedded in its descriptor
/// (`data`), and is what that says, is not read from the source; what is embedded and something else is.
///
/// # Errors
/// What the places report; [`Kind::InvalidManifest`] for a manifest that cannot be copied, [`Kind::SizeMismatch`] for one of another
/// size than the manifest that names it says, [`Kind::TooLarge`] for more than 10,000 descriptors or 64 MiB of manifests,
/// [`Kind::TooDeep`] for indexes nested more than 8 levels, [`Kind::PlatformNotFound`].
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
    let root = source.resolve(from).await?;
    let mut plan = Plan::new(root, options.platforms.clone(), options.referrers)?;
    loop {
        let batch = plan.next()?;
        if batch.steps.is_empty() {
            return Ok(Copied {
                root: batch.root,
                manifests: batch.manifests,
                blobs: batch.blobs,
            });
        }
        let limit = if batch.sequential {
            1
        } else {
            options.concurrency.max(1)
        };
        let copying = Copying {
            source,
            target,
            to,
            observer,
            plan: &plan,
        };
        let begin = |step| -> Boxed<'_, Found> { Box::pin(copying.take(step)) };
        let done = pool::each(limit, batch.steps.into_iter().map(begin)).await?;
        for found in done {
            match found {
                Found::Nothing => {}
                Found::Manifest(at, bytes) => plan.read(at, bytes)?,
                Found::Referrers(at, referrers) => plan.referred(at, referrers)?,
            }
        }
    }
}

/// What a step of a copy found in the source.
enum Found {
    Nothing,
    Manifest(usize, Vec<u8>),
    Referrers(usize, Vec<Descriptor>),
}

/// A copy under way.
struct Copying<'a, S, D, O> {
    source: &'a S,
    target: &'a D,
    to: Option<&'a str>,
    observer: &'a O,
    plan: &'a Plan,
}

impl<S, D, O> Copying<'_, S, D, O>
where
    S: Place,
    D: Place<Body = S::Body>,
    O: Observer,
{
    async fn take(&self, step: Step) -> Result<Found> {
        let Step {
            act,
            at,
            descriptor,
            ..
        } = step;
        let outcome = match act {
            Act::Read => {
                let bytes = self.source.manifest(&descriptor).await?;
                return Ok(Found::Manifest(at, bytes));
            }
            Act::Referrers => {
                let referrers = self.source.referrers(&descriptor.digest).await?;
                return Ok(Found::Referrers(at, referrers));
            }
            Act::Blob => match self.plan.bytes(at) {
                Some(bytes) => self.target.put_bytes(&descriptor, bytes).await?,
                None => self.blob(&descriptor).await?,
            },
            Act::Manifest => self.manifest(at, &descriptor, Naming::Digest).await?,
            Act::Referrer => self.manifest(at, &descriptor, Naming::Referrer).await?,
            Act::Root => {
                let naming = self.to.map_or(Naming::Root, Naming::Name);
                self.put(at, &descriptor, naming).await?
            }
        };
        self.observer.done(&descriptor, outcome);
        Ok(Found::Nothing)
    }

    /// Copies a blob, and begins anew where its source broke off.
    async fn blob(&self, blob: &Descriptor) -> Result<Outcome> {
        let (source, mut attempt) = (self.source, 1);
        loop {
            let content = source.content(blob);
            let put = self.target.put_blob(blob, source.mount_source(), content);
            match put.await {
                Err(error) if attempt < MAX_ATTEMPTS && broke_off(&error) => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    /// Puts a manifest by its digest, unless it is there.
    async fn manifest(
        &self,
        at: usize,
        descriptor: &Descriptor,
        naming: Naming<'_>,
    ) -> Result<Outcome> {
        if self.target.has_manifest(descriptor).await? {
            return Ok(Outcome::Existed);
        }
        self.put(at, descriptor, naming).await
    }

    async fn put(&self, at: usize, descriptor: &Descriptor, naming: Naming<'_>) -> Result<Outcome> {
        let bytes = self.plan.bytes(at).unwrap_or_default();
        let put = self.target.put_manifest(descriptor, bytes, naming);
        put.await.map(|()| Outcome::Copied)
    }
}

/// Whether a body broke off. A request that failed, which the error says where it was sent to, has been repeated by its client.
fn broke_off(error: &Error) -> bool {
    error.url().is_none()
        && matches!(
            error.kind(),
            Kind::ConnectionLost | Kind::Timeout | Kind::BodyTruncated
        )
}
