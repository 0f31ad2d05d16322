//! What refers to a manifest (distribution specification, end-12), and whether a registry can be asked for it.

mod fallback;

use std::sync::{Mutex, PoisonError};

use super::exchange::{Call, Located};
use super::pages::{Listed, Paging};
use super::scope::Scope;
use super::transport::Chunks as _;
use super::{Client, Host, response};
use crate::digest::Digest;
use crate::document::{Descriptor, Document, Kind as DocumentKind};
use crate::http::{Method, Url};
use crate::media_type::known::OCI_IMAGE_INDEX;
use crate::reference::RepositoryName;
use crate::{Kind, Result};

pub(super) use fallback::Change;

/// How long it is remembered that a repository has no referrers API, in milliseconds.
const REMEMBERED: u64 = 5 * 60_000;
/// Of how many repositories.
const MAX_REMEMBERED: usize = 64;

/// The repositories that have no referrers API, each until some time. Not the registry: one host may be a front of several.
#[derive(Debug, Default)]
pub(super) struct Missing(Mutex<Vec<(String, u64)>>);

impl Missing {
    fn has(&self, name: &RepositoryName, now: u64) -> bool {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .iter()
            .any(|(known, until)| known == name.as_str() && *until > now)
    }

    fn keep(&self, name: &RepositoryName, now: u64) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|(known, until)| known != name.as_str() && *until > now);
        if names.len() < MAX_REMEMBERED {
            names.push((name.to_string(), now.saturating_add(REMEMBERED)));
        }
    }
}

/// The manifests that refer to one, page by page.
#[derive(Debug)]
pub struct Referrers<'a, T> {
    client: &'a Client<T>,
    paging: Paging,
}

impl<T: Host> Referrers<'_, T> {
    /// The descriptors of the next page, each with the artifact type and the annotations of its manifest; `None` at the end.
    ///
    /// # Errors
    /// [`Kind::UnexpectedResponse`] for pages that lead in a circle, to another origin, or on without anything new;
    /// [`Kind::TooLarge`] for more pages or bytes than are read; [`Kind::InvalidJson`] and [`Kind::InvalidManifest`] for what is no
    /// list; and those of [`Client::ping`].
    pub async fn next(&mut self) -> Result<Option<Vec<Descriptor>>> {
        let page = self.paging.next(self.client).await?;
        Ok(page.map(|page| page.descriptors))
    }
}

impl<T: Host> Client<T> {
    /// Lists the manifests whose subject has this digest (end-12), each once; of one artifact type, where it is given, whether the
    /// registry filters or not.
    ///
    /// Where there is no referrers API, the index under the fallback tag is read ("Unavailable Referrers API"). A registry says that
    /// by 404; by 400, 405, 406 or 501, as those do to which the path is malformed, since the digest in it is not; or by answering
    /// something that is no image index, as those do that serve a page for whatever they do not know.
    pub fn referrers(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Referrers<'_, T>> {
        Ok(Referrers {
            client: self,
            paging: self.referrers_paging(name, digest, artifact_type)?,
        })
    }

    pub(crate) fn referrers_paging(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Paging> {
        let mut url = self.at(&format!("/v2/{name}/referrers/{digest}"))?;
        if let Some(artifact_type) = artifact_type {
            url = url.with_query("artifactType", artifact_type);
        }
        let listed = Listed::Referrers {
            name: name.clone(),
            subject: digest.clone(),
            artifact_type: artifact_type.map(str::to_owned),
        };
        Ok(Paging::new(
            listed,
            url,
            Scope::pull(name),
            self.host.random(),
        ))
    }

    /// Asks for a first page of referrers; `None` if there is no API to ask.
    pub(super) async fn first_referrers(
        &self,
        name: &RepositoryName,
        url: Url,
    ) -> Result<Option<Located<T::Body>>> {
        if self.missing.has(name, self.host.now()) {
            return Ok(None);
        }
        let mut call = Call::new(Method::Get, url, Scope::pull(name));
        call.headers.append("accept", OCI_IMAGE_INDEX)?;
        match self.call(call).await {
            Ok(mut located) if !response::may_be_index(&located.message.headers) => {
                located.message.body.cancel();
                Ok(None)
            }
            Ok(located) => located.whole().map(Some),
            Err(error) => match (error.kind(), error.status()) {
                (
                    Kind::Registry | Kind::Unsupported,
                    Some(status @ (400 | 404 | 405 | 406 | 501)),
                ) => {
                    let unknown = error
                        .entries()
                        .iter()
                        .any(|entry| entry.code == "NAME_UNKNOWN");
                    // 400 may be about this digest, and there may be such a repository before long.
                    if status != 400 && !unknown {
                        self.missing.keep(name, self.host.now());
                    }
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// Whether a repository has a referrers API, which is asked for those of `digest`.
    pub(super) async fn has_referrers_api(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool> {
        let url = self.at(&format!("/v2/{name}/referrers/{digest}"))?;
        let Some(Located {
            url, mut message, ..
        }) = self.first_referrers(name, url).await?
        else {
            return Ok(false);
        };
        if response::is_index(&message.headers) {
            message.body.cancel();
            return Ok(true);
        }
        let bytes = response::read_whole(message, super::MAX_MANIFEST_BYTES, &self.host).await;
        let bytes = bytes.map_err(|error| error.with_url(&url))?;
        Ok(matches!(index(bytes), Ok(Some(_))))
    }
}

/// The image index that the bytes are; `None` if they are another document.
pub(super) fn index(bytes: Vec<u8>) -> Result<Option<Document>> {
    let document = Document::parse(bytes, None)?;
    let manifests = document.root().get("manifests");
    let is_index = document.kind() == DocumentKind::ImageIndex
        && manifests.is_some_and(|manifests| manifests.is_array());
    Ok(is_index.then_some(document))
}
