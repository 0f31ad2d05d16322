//! Lists that come in pages (distribution specification, "Listing Tags" and "Listing Referrers").

use super::ask::{Answer, Call};
use super::fields::lists;
use super::scope::Scope;
use super::seen::Seen;
use super::{Client, Host, MAX_MANIFEST_BYTES, referrers};
use crate::digest::Digest;
use crate::document::{Descriptor, Document};
use crate::http::{Headers, Url, next_link};
use crate::json::Tree;
use crate::media_type::known::OCI_IMAGE_INDEX;
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// How many pages a list may have, unless the caller says otherwise.
const MAX_PAGES: u32 = 10_000;
/// How many bytes a list may have.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// The longest name that is handed on, in bytes: twice what the specification lets one have.
const MAX_NAME: usize = 512;
/// How long a list may go on without anything new. An empty page counts as one: whoever filters what the asker may not see makes many.
/// One that repeats what has come counts as half of it.
const MAX_BARREN: u32 = 100;

/// What a list is of.
#[derive(Debug)]
pub(crate) enum Listed {
    /// Names, in the array of this name.
    Names(&'static str),
    /// What refers to a manifest.
    Referrers {
        name: RepositoryName,
        subject: Digest,
        artifact_type: Option<String>,
    },
}

/// One page: names or descriptors, of which the other are none.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) names: Vec<String>,
    pub(crate) descriptors: Vec<Descriptor>,
}

/// How far a list has been read.
#[derive(Debug)]
pub(crate) struct Paging {
    listed: Listed,
    next: Option<Url>,
    scope: Scope,
    /// Pages and bytes that may still be read.
    pages: u32,
    bytes: u64,
    barren: u32,
    pages_seen: Seen,
    seen: Seen,
    begun: bool,
}

impl Paging {
    pub(super) fn new(listed: Listed, first: Url, scope: Scope, seed: u32) -> Self {
        Self {
            listed,
            next: Some(first),
            scope,
            pages: MAX_PAGES,
            bytes: MAX_BYTES,
            barren: 0,
            pages_seen: Seen::new(seed),
            seen: Seen::new(seed),
            begun: false,
        }
    }

    /// At most so many pages.
    pub(crate) fn limit(&mut self, pages: u32) {
        self.pages = pages;
    }

    /// What the next page has that has not come before; `None` at the end.
    pub(crate) async fn next<T: Host>(&mut self, client: &Client<T>) -> Result<Option<Page>> {
        while let Some(asked) = self.next.take() {
            if !self.pages_seen.is_new(asked.target()) {
                return Err(unending(&asked, "a page leads back to one that was read"));
            }
            let Some(pages) = self.pages.checked_sub(1) else {
                return Err(Error::new(
                    Kind::TooLarge,
                    "the list has more pages than are read",
                ));
            };
            self.pages = pages;
            let begun = std::mem::replace(&mut self.begun, true);
            // Whether there is an API to list referrers by shows on their first page.
            let first = match &self.listed {
                Listed::Referrers { name, .. } if !begun => Some(name),
                _ => None,
            };
            let mut found = None;
            if !first.is_some_and(|name| client.lacks_referrers(name)) {
                let limit = self.bytes.min(MAX_MANIFEST_BYTES);
                let mut call = Call::read(asked, self.scope.clone(), limit);
                call.request.headers.add("accept", self.accept());
                let answer = client.ask(call).await;
                found = match first {
                    Some(name) => client.first_referrers(name, answer)?,
                    None => Some((answer?, None)),
                };
            }
            let Some((mut answer, index)) = found else {
                return self.fallback(client).await;
            };
            let read = self.read(client, &mut answer, index);
            let page = read.map_err(|error| answer.located(error))?;
            if self.barren > MAX_BARREN {
                return Err(unending(
                    &answer.from,
                    "the list goes on without anything new",
                ));
            }
            if !page.names.is_empty() || !page.descriptors.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The list of referrers that stands under a tag.
    async fn fallback<T: Host>(&mut self, client: &Client<T>) -> Result<Option<Page>> {
        self.next = None;
        let Listed::Referrers { name, subject, .. } = &self.listed else {
            return Ok(None);
        };
        let (name, subject) = (name.clone(), subject.clone());
        let descriptors = client.fallback_referrers(&name, &subject, self).await?;
        Ok((!descriptors.is_empty()).then(|| Page {
            descriptors,
            ..Page::default()
        }))
    }

    /// Whether the registry says that it has left out what is of another artifact type. One states the type in place of the filter.
    fn is_filtered(&self, headers: &Headers) -> bool {
        let Listed::Referrers {
            artifact_type: Some(asked),
            ..
        } = &self.listed
        else {
            return false;
        };
        let applied = |filter| lists(headers, "oci-filters-applied", filter);
        applied("artifactType") || applied(asked)
    }

    fn accept(&self) -> &'static str {
        match self.listed {
            Listed::Names(_) => "application/json",
            Listed::Referrers { .. } => OCI_IMAGE_INDEX,
        }
    }

    /// What a page has that is new, and where the next one is.
    fn read<T: Host>(
        &mut self,
        client: &Client<T>,
        answer: &mut Answer<T::Body>,
        index: Option<Document>,
    ) -> Result<Page> {
        self.bytes = self.bytes.saturating_sub(answer.bytes.len() as u64);
        self.next = match next_link(&answer.headers) {
            Some(link) => Some(next_page(client, &answer.from, link)?),
            None => None,
        };
        let mut page = Page::default();
        if let Listed::Names(key) = self.listed {
            self.take_names(&answer.bytes, key, &mut page.names)?;
            return Ok(page);
        }
        let filtered = self.is_filtered(&answer.headers);
        let index = match index {
            Some(index) => index,
            None => referrers::index(std::mem::take(&mut answer.bytes))?.ok_or_else(|| {
                Error::new(
                    Kind::UnexpectedResponse,
                    "a page of referrers is no image index",
                )
            })?,
        };
        self.take_descriptors(&index, filtered, &mut page.descriptors)?;
        Ok(page)
    }

    fn take_names(&mut self, bytes: &[u8], key: &str, names: &mut Vec<String>) -> Result<()> {
        let tree = Tree::parse(bytes)?;
        let root = tree.root(bytes);
        // `null` is how Go writes a list that nothing was ever put in.
        let list = root
            .get(key)
            .filter(|list| list.is_array() || list.is_null());
        let list =
            list.ok_or_else(|| Error::new(Kind::UnexpectedResponse, "the answer is no list"))?;
        let (mut any, mut new) = (false, false);
        for element in list.elements() {
            any = true;
            let name = element.as_str().filter(|name| is_showable(name));
            let name = name.ok_or_else(|| {
                Error::new(Kind::UnexpectedResponse, "the list holds what is no name")
            })?;
            if self.seen.is_new(&name) {
                new = true;
                names.push(name.into_owned());
            }
        }
        self.note(any, new);
        Ok(())
    }

    /// The descriptors of an index that are new, and of the artifact type that is asked for.
    pub(super) fn take_descriptors(
        &mut self,
        index: &Document,
        filtered: bool,
        into: &mut Vec<Descriptor>,
    ) -> Result<()> {
        let (mut any, mut new) = (false, false);
        for descriptor in index.manifests()? {
            any = true;
            if !self.seen.is_new(descriptor.digest.as_str()) {
                continue;
            }
            new = true;
            let asked = match &self.listed {
                Listed::Referrers { artifact_type, .. } if !filtered => artifact_type.as_deref(),
                _ => None,
            };
            if asked.is_none() || asked == descriptor.artifact_type.as_deref() {
                into.push(descriptor);
            }
        }
        self.note(any, new);
        Ok(())
    }

    /// Notes whether a page had any entries, and any new ones.
    fn note(&mut self, any: bool, new: bool) {
        self.barren = match (any, new) {
            (_, true) => 0,
            (true, false) => self.barren + MAX_BARREN / 2 + 1,
            (false, false) => self.barren + 1,
        };
    }
}

/// Where the next page is: opaque, but of the registry or of its mirror that gave this one.
fn next_page<T: Host>(client: &Client<T>, from: &Url, link: &str) -> Result<Url> {
    let next = from.join(link)?;
    if client.is_own(&next) {
        Ok(next)
    } else {
        Err(Error::new(
            Kind::UnexpectedResponse,
            "the next page is on another origin",
        ))
    }
}

/// Whether a name may be handed on: that it keeps the grammar is checked where it is used, so that a list shows all that is there.
fn is_showable(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

fn unending(at: &Url, reason: &'static str) -> Error {
    Error::new(Kind::UnexpectedResponse, reason).at(at)
}
