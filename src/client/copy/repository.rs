//! A repository of a registry, as a place to copy from and to.

use std::sync::Arc;

use super::{Fetched, MountSource, Naming, Outcome, Place};
use crate::Result;
use crate::client::transport::{Body as _, Content, Expected, Host};
use crate::client::{Client, ManifestReference, PushOptions, PushOutcome, PutManifest};
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::reference::RepositoryName;

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

/// A blob of a repository, as what is pushed elsewhere.
#[derive(Debug)]
pub struct RepositoryBlob<T> {
    client: Arc<Client<T>>,
    name: RepositoryName,
    digest: Digest,
    size: u64,
}

impl<T: Host> Content for RepositoryBlob<T> {
    type Body = T::Body;

    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest.clone())
    }

    async fn open(&mut self, offset: u64) -> Result<Option<T::Body>> {
        let size = Some(self.size);
        let part = self
            .client
            .blob_part(&self.name, &self.digest, size, offset, None)
            .await?;
        if part.start != offset {
            return Ok(None);
        }
        if part.content_encoded && offset == 0 {
            // Only this side knows that a mismatch would prove nothing.
            let mut expected = Expected::new(self.digest.clone(), part.size);
            expected.content_encoded = true;
            return part.body.verified(expected).map(Some);
        }
        Ok(Some(part.body))
    }
}

impl From<PushOutcome> for Outcome {
    fn from(pushed: PushOutcome) -> Self {
        match pushed {
            PushOutcome::Existed => Self::Existed,
            PushOutcome::Mounted => Self::Mounted,
            PushOutcome::Uploaded => Self::Copied,
        }
    }
}

impl<T: Host> Place for RepositoryPlace<T> {
    type Body = T::Body;
    type Content = RepositoryBlob<T>;

    async fn resolve(&self, reference: &str) -> Result<Fetched> {
        let reference: ManifestReference = reference.parse()?;
        let raw = self
            .client
            .raw_manifest(&self.name, &reference, None)
            .await?;
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
        Ok(raw.bytes)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        let mut pages = self.client.referrers(&self.name, subject, None)?;
        let mut found = Vec::new();
        while let Some(page) = pages.next().await? {
            found.extend(page);
        }
        Ok(found)
    }

    fn content(&self, blob: &Descriptor) -> RepositoryBlob<T> {
        RepositoryBlob {
            client: Arc::clone(&self.client),
            name: self.name.clone(),
            digest: blob.digest.clone(),
            size: blob.size,
        }
    }

    fn mount_source(&self) -> Option<MountSource<'_>> {
        Some(MountSource::new(&self.client.origin.endpoint, &self.name))
    }

    async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        let reference = ManifestReference::Digest(descriptor.digest.clone());
        let accept = Some(descriptor.media_type.as_str());
        self.client
            .has_manifest(&self.name, &reference, accept)
            .await
    }

    async fn put_blob(
        &self,
        _: &Descriptor,
        mount: Option<MountSource<'_>>,
        content: impl Content<Body = T::Body>,
    ) -> Result<Outcome> {
        let options = PushOptions {
            mount_from: mount
                .filter(|from| {
                    *from.registry == self.client.origin.endpoint && *from.name != self.name
                })
                .map(|from| from.name.clone()),
            ..PushOptions::default()
        };
        let pushed = self.client.push_blob(&self.name, content, &options).await?;
        Ok(pushed.outcome.into())
    }

    async fn put_bytes(&self, blob: &Descriptor, bytes: &[u8]) -> Result<Outcome> {
        let pushed = self
            .client
            .push_bytes(&self.name, &blob.digest, bytes.to_vec());
        Ok(pushed.await?.outcome.into())
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
        let options = PutManifest {
            reference: Some(reference),
            media_type: Some(descriptor.media_type.clone()),
            ..PutManifest::default()
        };
        self.client
            .put_manifest(&self.name, bytes.to_vec(), options)
            .await?;
        Ok(())
    }
}
