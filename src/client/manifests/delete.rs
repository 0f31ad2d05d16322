//! Deleting manifests and tags (distribution specification, end-9).

use super::ManifestReference;
use crate::Result;
use crate::client::ask::Call;
use crate::client::referrers::Change;
use crate::client::scope::Scope;
use crate::client::{Client, Host, response};
use crate::http::Method;
use crate::reference::RepositoryName;

impl<T: Host> Client<T> {
    /// Deletes a manifest by its digest, and with it every tag that points at it; or a tag alone (end-9).
    ///
    /// Where the registry has no referrers API, and the manifest has a subject, its descriptor is taken out of the index under the
    /// fallback tag ("Deleting Manifests"). To know that, a registry that was not asked for referrers lately is asked for those of the
    /// manifest; where it has no API, the manifest is read before it is deleted.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) where the registry does not allow it, [`Kind::Registry`](crate::Kind::Registry)
    /// with status 404 where there is no such manifest, and those of [`Client::ping`]. Where the fallback index cannot be changed, the
    /// manifest has been deleted all the same.
    pub async fn delete_manifest(
        &self,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<()> {
        let mut change = None;
        if let ManifestReference::Digest(digest) = reference
            && !self.has_referrers(name, digest).await?
        {
            let read = self.raw_manifest(name, reference, None).await?;
            // What cannot be read refers to nothing.
            let subject = read
                .parse()
                .and_then(|manifest| manifest.document.subject());
            if let Ok(Some(subject)) = subject {
                change = Some(Change::removing(&subject.digest, digest)?);
            }
        }
        let url = self.manifest_url(name, reference)?;
        let call = Call::new(Method::Delete, url, Scope::delete(name));
        self.ask(call).await.map_err(response::deletion_off)?;
        match change {
            Some(change) => self.change_referrers(name, &change).await,
            None => Ok(()),
        }
    }
}
