//! The names that a registry lists: tags (distribution specification, end-8), and repositories by distribution's `_catalog`.

use super::pages::{Listed, Paging};
use super::scope::Scope;
use super::{Client, Host};
use crate::Result;
use crate::http::Url;
use crate::json::decimal;
use crate::reference::RepositoryName;

/// Which part of a list of names is asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ListOptions {
    /// How many names a page should have (`n`); the registry decides if it is left out.
    pub n: Option<u32>,
    /// The name after which the list begins (`last`).
    pub last: Option<String>,
    /// How many pages are read at most; 10,000 if it is left out.
    pub max_pages: Option<u32>,
}

/// A list of names, page by page.
#[derive(Debug)]
pub struct Names<'a, T> {
    client: &'a Client<T>,
    paging: Paging,
}

impl<T: Host> Names<'_, T> {
    /// The names of the next page that have not come before; `None` at the end. Pages follow one another by their `Link`.
    ///
    /// A name is what the registry says, of 512 bytes at most and without control characters. It may break the grammar of
    /// [`Tag`](crate::reference::Tag) or [`RepositoryName`], which is checked where it is used.
    ///
    /// # Errors
    /// [`UnexpectedResponse`](crate::Kind::UnexpectedResponse) for what is no list of names, and for pages that lead in a circle, to
    /// another origin, or on without anything new; [`TooLarge`](crate::Kind::TooLarge) for more pages than are read, more than
    /// 8 MiB in one or 256 MiB in all; [`InvalidJson`](crate::Kind::InvalidJson); and those of [`Client::ping`].
    pub async fn next(&mut self) -> Result<Option<Vec<String>>> {
        let page = self.paging.next(self.client).await?;
        Ok(page.map(|page| page.names))
    }
}

impl<T: Host> Client<T> {
    /// Lists the tags of a repository (end-8a, end-8b).
    ///
    /// # Errors
    /// None before the first page is asked for, but a URL that is too long.
    pub fn tags(&self, name: &RepositoryName, options: &ListOptions) -> Result<Names<'_, T>> {
        let paging = self.tags_paging(name, options)?;
        Ok(Names {
            client: self,
            paging,
        })
    }

    /// Lists the repositories of a registry (`_catalog` of distribution's API, which the specification reserves). Many registries
    /// have none, or let nobody see it.
    ///
    /// # Errors
    /// As [`Client::tags`].
    pub fn repositories(&self, options: &ListOptions) -> Result<Names<'_, T>> {
        let paging = self.repositories_paging(options)?;
        Ok(Names {
            client: self,
            paging,
        })
    }

    pub(crate) fn tags_paging(
        &self,
        name: &RepositoryName,
        options: &ListOptions,
    ) -> Result<Paging> {
        let url = self.at(&["/v2/", name.as_str(), "/tags/list"].concat())?;
        Ok(self.names_paging("tags", url, Scope::pull(name), options))
    }

    pub(crate) fn repositories_paging(&self, options: &ListOptions) -> Result<Paging> {
        let url = self.at("/v2/_catalog")?;
        Ok(self.names_paging("repositories", url, Scope::catalog(), options))
    }

    fn names_paging(
        &self,
        key: &'static str,
        mut url: Url,
        scope: Scope,
        options: &ListOptions,
    ) -> Paging {
        if let Some(n) = options.n {
            url = url.with_query("n", &decimal(n.into()));
        }
        if let Some(last) = &options.last {
            url = url.with_query("last", last);
        }
        let mut paging = Paging::new(Listed::Names(key), url, scope, self.host.random());
        if let Some(pages) = options.max_pages {
            paging.limit(pages);
        }
        paging
    }
}
