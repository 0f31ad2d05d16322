//! What refers to a manifest (distribution specification, end-12), and whether a registry can be asked for it.

mod entry;
mod fallback;

use std::sync::{Mutex, PoisonError};

use super::ask::{Answer, Answered, Call};
use super::pages::{Listed, Paging};
use super::scope::Scope;
use super::{Client, Host, MAX_MANIFEST_BYTES, response};
use crate::digest::Digest;
use crate::document::{Descriptor, Document, Kind as DocumentKind};
use crate::http::Url;
use crate::media_type::known::OCI_IMAGE_INDEX;
use crate::reference::RepositoryName;
use crate::{Kind, RegistryErrorEntry, Result};

#[cfg(feature = "front")]
pub(crate) use entry::artifact_type;
pub(crate) use entry::entry;
pub(super) use fallback::Change;

/// How long it is remembered whether a repository has a referrers API, in milliseconds.
const REMEMBERED: u64 = 5 * 60_000;
/// Of how many repositories.
const MAX_REMEMBERED: usize = 64;

/// Whether repositories have a referrers API, each until some time. Not the registry: one host may be a front of several.
#[derive(Debug, Default)]
pub(super) struct Apis(Mutex<Vec<(String, u64, bool)>>);

impl Apis {
    fn known(&self, name: &RepositoryName, now: u64) -> Option<bool> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = names.iter();
        let found = names.find(|(known, until, _)| known == name.as_str() && *until > now);
        found.map(|(.., has)| *has)
    }

    fn keep(&self, name: &RepositoryName, now: u64, has: bool) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|(known, until, _)| known != name.as_str() && *until > now);
        if names.len() < MAX_REMEMBERED {
            names.push((
                name.as_str().to_owned(),
                now.saturating_add(REMEMBERED),
                has,
            ));
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

/// A first page of referrers: the answer, its bytes taken out as the index that they are.
type FirstPage<B> = (Box<Answer<B>>, Option<Document>);

impl<T: Host> Client<T> {
    /// Lists the manifests whose subject has this digest (end-12), each once; of one artifact type, where it is given, whether the
    /// registry filters or not.
    ///
    /// Where there is no referrers API, the index under the fallback tag is read ("Unavailable Referrers API"). A registry says that
    /// by 404; by 400, 405, 406 or 501, as those do to which the path is malformed, since the digest in it is not; or by answering
    /// something that is no image index, as those do that serve a page for whatever they do not know.
    ///
    /// # Errors
    /// None before the first page is asked for, but a URL that is too long.
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
        let mut url = self.referrers_url(name, digest)?;
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

    /// Whether a repository has a referrers API, as is known or as it answers to who asks for those of a digest.
    pub(super) async fn has_referrers(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool> {
        if let Some(known) = self.apis.known(name, self.host.now()) {
            return Ok(known);
        }
        let url = self.referrers_url(name, digest)?;
        let mut call = Call::read(url, Scope::pull(name), MAX_MANIFEST_BYTES);
        // What the registry itself does is what is asked.
        call.origin_only = true;
        call.request.headers.add("accept", OCI_IMAGE_INDEX);
        let answer = self.ask(call).await;
        Ok(self.first_referrers(name, answer)?.is_some())
    }

    /// Whether a repository is known to have no referrers API.
    pub(super) fn lacks_referrers(&self, name: &RepositoryName) -> bool {
        self.apis.known(name, self.host.now()) == Some(false)
    }

    /// The first page of referrers that was answered; `None` if there is no API to answer.
    pub(super) fn first_referrers(
        &self,
        name: &RepositoryName,
        answer: Answered<T::Body>,
    ) -> Result<Option<FirstPage<T::Body>>> {
        let error = match answer {
            Ok(mut answer) => {
                let stated = response::media_type(&answer.headers).ok().flatten();
                let is_index = match stated {
                    Some(stated) if stated == OCI_IMAGE_INDEX => true,
                    Some(_) => return Ok(None),
                    None => false,
                };
                return match index(std::mem::take(&mut answer.bytes)) {
                    Ok(None) => Ok(None),
                    Ok(index) => {
                        self.apis.keep(name, self.host.now(), true);
                        Ok(Some((answer, index)))
                    }
                    Err(error) if is_index => Err(answer.located(error)),
                    Err(_) => Ok(None),
                };
            }
            Err(error) => error,
        };
        let status = error.status().unwrap_or_default();
        if error.kind() != Kind::Registry || ![400, 404, 405, 406, 501].contains(&status) {
            return Err(error);
        }
        // 400 may be about this digest, and there may be such a repository before long.
        let passing = |entry: &RegistryErrorEntry| entry.code == "NAME_UNKNOWN";
        if status != 400 && !error.entries().iter().any(passing) {
            self.apis.keep(name, self.host.now(), false);
        }
        Ok(None)
    }

    fn referrers_url(&self, name: &RepositoryName, digest: &Digest) -> Result<Url> {
        self.at(&["/v2/", name.as_str(), "/referrers/", digest.as_str()].concat())
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
