//! What a manifest needs to be there: it is looked for before the manifest is put, and kept from being collected.

use std::collections::BinaryHeap;

use super::super::super::error::Failure;
use super::super::super::{keys, record};
use super::super::several::several;
use super::super::stored::{Found, Part};
use super::super::{Host, Hosted};
use crate::digest::Digest;
use crate::document::{Descriptor, Document, Kind};
use crate::media_type::MediaTypeClass;
use crate::reference::RepositoryName;

/// How many are looked for at once.
const MAX_AT_ONCE: usize = 8;
/// How many digests a manifest may name. Each is a read of the store or two, which Workers count; images have a hundred layers at most, as that
/// is what kernels mount, indexes some dozens of manifests, and artifacts some hundreds of files.
const MAX_CHILDREN: usize = 1000;

/// Something that a manifest names, and that lives as long as the manifest does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::front) struct Child {
    /// Its digest.
    pub(in crate::front) digest: Digest,
    /// Whether the manifest is refused without it.
    pub(in crate::front) required: bool,
    /// Whether it is rather a manifest than a blob, by the media type that is said to be its.
    pub(in crate::front) is_manifest: bool,
}

/// What a document names, in its order. Its subject is not among it: that need not be there, and need not stay.
///
/// # Errors
/// [`InvalidManifest`](crate::Kind::InvalidManifest), with the place of what is no descriptor.
pub(in crate::front) fn children(document: &Document, sparse: bool) -> crate::Result<Vec<Child>> {
    let mut children = Vec::new();
    let mut add = |descriptor: Descriptor, optional: bool| {
        let class = MediaTypeClass::of(&descriptor.media_type);
        let is_manifest = matches!(class, MediaTypeClass::Index | MediaTypeClass::ImageManifest)
            || Kind::of(&descriptor.media_type) == Kind::ArtifactManifest;
        children.push(Child {
            required: !optional,
            is_manifest,
            digest: descriptor.digest,
        });
    };
    if let Some(config) = document.config()? {
        add(config, false);
    }
    for layer in document.layers()? {
        // Layers that must not be passed on are never pushed ("Pushing Blobs"), and others may be had elsewhere.
        let class = MediaTypeClass::of(&layer.media_type);
        let optional = class == MediaTypeClass::NondistributableLayer || !layer.urls.is_empty();
        add(layer, optional);
    }
    for manifest in document.manifests()? {
        let optional = sparse || !manifest.urls.is_empty();
        add(manifest, optional);
    }
    if document.kind() == Kind::ArtifactManifest
        && let Some(blobs) = document.root().get("blobs")
    {
        for blob in blobs.elements() {
            let blob = Descriptor::read(blob)?;
            let optional = !blob.urls.is_empty();
            add(blob, optional);
        }
    }
    Ok(children)
}

impl<T: Host> Hosted<T> {
    /// Looks for all that a manifest names, and renews the leases of what is found.
    ///
    /// # Errors
    /// 404 `MANIFEST_BLOB_UNKNOWN`, with the digest of something that is not there; 413 `MANIFEST_INVALID` for more than [`MAX_CHILDREN`].
    pub(super) async fn ensure_children(
        &self,
        name: &RepositoryName,
        children: Vec<Child>,
    ) -> Result<(), Failure> {
        // Of the same digest, what is required comes first.
        let mut all = BinaryHeap::from(children);
        let mut left: Vec<Child> = Vec::new();
        while let Some(child) = all.pop() {
            if left.last().is_none_or(|last| last.digest != child.digest) {
                left.push(child);
            }
        }
        if left.len() > MAX_CHILDREN {
            let message = "a manifest names at most 1,000 digests";
            return Err(Failure::new(413, "MANIFEST_INVALID", message));
        }
        several(MAX_AT_ONCE, &mut || {
            let child = left.pop()?;
            Some(Box::pin(self.ensure_child(name, child)))
        })
        .await
    }

    async fn ensure_child(&self, name: &RepositoryName, child: Child) -> Result<(), Failure> {
        // Indexes may list blobs, whatever those are said to be.
        for is_manifest in [child.is_manifest, !child.is_manifest] {
            let found = if is_manifest {
                self.ensure_manifest(name, &child.digest).await?
            } else {
                self.ensure_blob(name, &child.digest).await?
            };
            if found {
                return Ok(());
            }
        }
        if child.required {
            let message = [
                "what the manifest names is not in the repository: ",
                child.digest.as_str(),
            ];
            Err(Failure::new(404, "MANIFEST_BLOB_UNKNOWN", message.concat()))
        } else {
            Ok(())
        }
    }

    /// Whether a manifest is in a repository; renews its lease.
    pub(super) async fn ensure_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Failure> {
        let stored = self.stored(name, digest, Part::Line).await?;
        let Found::Live(line) = stored.found else {
            return Ok(false);
        };
        self.keep_manifest(name, digest, line.leased).await
    }

    /// Renews the lease of a manifest that is there, if it is old; gives whether it still is there.
    pub(super) async fn keep_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        leased: u64,
    ) -> Result<bool, Failure> {
        if self.renews(leased) {
            self.renew_manifest(name, digest).await
        } else {
            Ok(true)
        }
    }

    /// Renews the lease of a manifest; gives whether it is there.
    async fn renew_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Failure> {
        let stored = self.stored(name, digest, Part::Whole).await?;
        let Found::Live(mut line) = stored.found else {
            return Ok(false);
        };
        line.leased = self.host.unix_time();
        let record = line.with(&stored.bytes);
        let key = keys::manifest(name, digest);
        match record::swap(&self.host, &key, &stored.version, record).await {
            Ok(true) => Ok(true),
            // Someone else renewed or deleted it, within a second where the store is busy.
            Ok(false) => self.lives(name, digest, &line.instance).await,
            Err(error) if error.kind() == crate::Kind::StoreBusy => {
                self.lives(name, digest, &line.instance).await
            }
            Err(error) => Err(Failure::from_store(error)),
        }
    }
}
