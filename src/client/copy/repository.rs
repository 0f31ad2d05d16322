//! A repository of a registry, as a place to copy from and to.

use std::sync::Arc;

use super::{Fetched, MountSource, Naming, Outcome, Place};
use crate::client::transport::{Content, Host};
use crate::client::{Client, ManifestReference, PushOptions, PushOutcome};
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// A repository of a client's registry.
#[derive(Debug)]
pub struct RepositoryPlace<T> {
    client: Arc<Client<T>>,
    name: RepositoryName,
}

impl<T> RepositoryPlace<T> {
    /// The repository of this name.
    #[must_use]
    pub fn new(client: Arc<Client<T>>, name: RepositoryName) -> Self {
        Self { client, name }
    }
}

impl<T: Host> Place for RepositoryPlace<T> {
    type Body = T::Body;

    async fn resolve(&self, reference: &str) -> Result<Fetched> {
        let reference: ManifestReference = reference.parse()?;
        let raw = self.client.raw_manifest(&self.name, &reference, None).await?;
        let manifest = raw.parse()?;
        let size = manifest.document.bytes().len() as u64;
        let media_type = manifest.media_type.unwrap_or_default();
        let descriptor = Descriptor::new(media_type, manifest.digest, size);
        Ok(Fetched::new(descriptor, manifest.document.into_bytes()))
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let reference = ManifestReference::Digest(descriptor.digest.clone());
        let accept = Some(descriptor.media_type.as_str());
        let raw = self
            .client
            .raw_manifest(&self.name, &reference, accept)
            .await?;
        let size = raw.bytes.len() as u64;
        if size == descriptor.size {
            return Ok(raw.bytes);
        }
        Err(Error::new(
            Kind::SizeMismatch,
            "a manifest is not of the size that its descriptor says",
        )
        .with_expected(descriptor.size, size))
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        self.client.referrers(&self.name, subject, None).all().await
    }

    async fn open(&self, blob: &Descriptor, offset: u64) -> Result<Option<T::Body>> {
        if offset > 0 {
            return Ok(None);
        }
        let (body, expected) = self
            .client
            .unverified_blob(&self.name, &blob.digest, Some(blob.size))
            .await?;
        // Only this side knows that a mismatch would prove nothing.
        if expected.content_encoded {
            return body.verified(expected).map(Some);
        }
        Ok(Some(body))
    }

    fn mount_source(&self) -> Option<MountSource<'_>> {
        Some(MountSource::new(&self.client.endpoint, &self.name))
    }

    async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        let reference = ManifestReference::Digest(descriptor.digest.clone());
        let accept = Some(descriptor.media_type.as_str());
        match self
            .client
            .manifest_head(&self.name, &reference, accept)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_blob(
        &self,
        blob: &Descriptor,
        mount: Option<MountSource<'_>>,
        content: impl Content<Body = T::Body>,
    ) -> Result<Outcome> {
        let mut options = PushOptions::default();
        options.mount_from = mount
            .filter(|from| *from.registry == self.client.endpoint && *from.name != self.name)
            .map(|from| from.name.clone());
        let pushed = self.client.push_blob(&self.name, content, &options).await?;
        Ok(match pushed.outcome {
            PushOutcome::Existed => Outcome::Existed,
            PushOutcome::Mounted => Outcome::Mounted,
            PushOutcome::Uploaded => Outcome::Copied,
        })
    }

    async fn put_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        naming: Naming<'_>,
    ) -> Result<()> {
        let reference = match naming {
            Naming::Name(name) => name.parse()?,
            _ => ManifestReference::Digest(descriptor.digest.clone()),
        };
        todo!("{bytes:?}{reference}")
    }
}
