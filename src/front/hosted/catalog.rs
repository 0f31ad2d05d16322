//! The repositories of a registry: `/v2/_catalog`, which Docker's registry has and the specification no more.

use super::super::error::Failure;
use super::super::route::Query;
use super::super::{Outgoing, keys};
use super::pages::{Names, is_repository_name};
use super::{Host, Hosted};
use crate::http::{Method, Response};
use crate::reference::RepositoryName;

impl<T: Host> Hosted<T> {
    /// Whether a manifest was ever put into a repository.
    pub(super) async fn is_repository(&self, name: &RepositoryName) -> Result<bool, Failure> {
        let known = self.host.head(&keys::catalog(name)).await;
        Ok(known.map_err(Failure::from_store)?.is_some())
    }

    /// Puts a repository into the list of them.
    pub(super) async fn add_repository(&self, name: &RepositoryName) -> Result<(), Failure> {
        // Asked first, as all who push to one repository would write to one key.
        if self.is_repository(name).await? {
            return Ok(());
        }
        self.create(&keys::catalog(name)).await
    }

    /// The list of repositories.
    pub(super) async fn catalog(
        &self,
        target: &str,
        method: Method,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let query = Query::parse(target)?;
        let names = Names {
            prefix: keys::CATALOG.to_owned(),
            end: keys::CATALOG_END,
            path: "/v2/_catalog".to_owned(),
            head: "{\"repositories\":[".to_owned(),
            is_name: is_repository_name,
            min_bytes: 1,
        };
        let page = self.page(&names, &query).await?;
        Ok(page.response(&names, &query, method))
    }
}
