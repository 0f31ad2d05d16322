//! Lists in pages: tags, the catalog, and referrers (end-8, `_catalog` and end-12).

use serde_json::{Value, json};

use super::message::encoded;
use super::store::{OCI_INDEX, filtered};
use super::{Answer, Asked, Filter, Link, Registry, Unknown};

/// A page of a list, and where the next one begins.
struct Page {
    entries: Vec<String>,
    /// The index of the entry after it, if there is one.
    next: Option<usize>,
}

impl Registry {
    pub(super) fn tags(&mut self, asked: &Asked, name: &str) -> Answer {
        let tags = self.store.of(name).tags.keys().cloned().collect();
        self.paged(asked, tags, &|tags| json!({ "name": name, "tags": tags }))
    }

    pub(super) fn catalog(&self, asked: &Asked) -> Answer {
        let names = self.store.0.keys().cloned().collect();
        self.paged(asked, names, &|names| json!({ "repositories": names }))
    }

    fn paged(&self, asked: &Asked, all: Vec<String>, body: &dyn Fn(&[String]) -> Value) -> Answer {
        let pages = self.settings.pages;
        let n = asked.parameter("n").and_then(|n| n.parse::<usize>().ok());
        if n.is_some_and(|n| n > pages.n_max) {
            return self.error(405, "UNSUPPORTED", "n is too large");
        }
        let wanted = n.unwrap_or(pages.max).min(pages.max);
        let page = match self.page(asked, all, wanted) {
            Ok(page) => page,
            Err(refused) => return refused,
        };
        let mut answer = Answer::new(200)
            .with_body(pages.media_type, body(&page.entries).to_string().as_bytes());
        if let Some(next) = page.next
            && wanted > 0
        {
            answer = answer.with("Link", self.link(asked, &page.entries, next, wanted));
        }
        answer
    }

    fn page(&self, asked: &Asked, all: Vec<String>, wanted: usize) -> Result<Page, Answer> {
        let bad = || Err(self.error(405, "UNSUPPORTED", "no such cursor"));
        let start = match self.settings.pages.link {
            Link::AbsoluteCursor => cursor(asked.parameter("last")),
            Link::NextPage => cursor(asked.parameter("next_page")),
            Link::Misled => Some(
                asked
                    .parameter("last")
                    .and_then(|last| last.parse().ok())
                    .unwrap_or(0),
            ),
            _ => Some(asked.parameter("last").map_or(0, |last| {
                all.iter()
                    .position(|entry| *entry > last)
                    .unwrap_or(all.len())
            })),
        };
        let Some(start) = start else { return bad() };
        let end = (start + wanted).min(all.len());
        Ok(Page {
            entries: all[start.min(end)..end].to_vec(),
            next: (end < all.len()).then_some(end),
        })
    }

    fn link(&self, asked: &Asked, entries: &[String], next: usize, n: usize) -> String {
        let path = asked.path();
        let last = entries.last().map(|last| encoded(last)).unwrap_or_default();
        let cursor = format!("cursor-{next}");
        match self.settings.pages.link {
            Link::Relative => format!("<{path}?last={last}&n={n}>; rel=\"next\""),
            Link::AbsoluteCursor => {
                let origin = &self.settings.origin;
                format!("<{origin}{path}?last={cursor}>; rel=\"next\"")
            }
            Link::NextPage => format!("<{path}?n={n}&next_page={cursor}>; rel=\"next\""),
            Link::WithEmptyParameter => {
                format!("<{path}?last={last}&n={n}&orderby=>; rel=\"next\"")
            }
            Link::Misled => {
                let (_, rest) = path
                    .strip_prefix("/v2/")
                    .and_then(|rest| rest.split_once('/'))
                    .unwrap_or_default();
                format!("</v2/{rest}?last={next}&n={n}>; rel=\"next\"")
            }
            Link::Bare => format!("{path}?last={last}&n={n}; rel=\"next\""),
        }
    }

    pub(super) fn referrers(&mut self, asked: &Asked, name: &str, digest: &str) -> Answer {
        let settings = self.settings.referrers;
        if !settings.api {
            return self.error(404, "MANIFEST_UNKNOWN", "no such manifest");
        }
        if digest.parse::<pierhead::digest::Digest>().is_err() {
            return self.error(400, "DIGEST_INVALID", "no digest");
        }
        let repository = self.store.of(name);
        let all = repository.referrers(digest, settings.exact);
        if all.is_empty() && !repository.manifests.contains_key(digest) {
            match settings.unknown {
                Unknown::EmptyIndex => {}
                Unknown::EmptyObject => return Answer::new(200).with_body(OCI_INDEX, b"{}"),
                Unknown::BadRequest => {
                    return self.error(400, "MANIFEST_UNKNOWN", "no such manifest");
                }
            }
        }
        let artifact_type = asked.parameter("artifactType");
        let list = filtered(all, artifact_type.as_deref(), settings.filter);
        let start = cursor(asked.parameter("page")).unwrap_or(0).min(list.len());
        let end = (start + self.settings.pages.max).min(list.len());
        let index = json!({
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": &list[start..end],
        });
        let mut answer = Answer::new(200).with_body(OCI_INDEX, index.to_string().as_bytes());
        match (settings.filter, artifact_type.as_deref()) {
            (Filter::Applied, Some(_)) => {
                answer = answer.with("OCI-Filters-Applied", "artifactType");
            }
            (Filter::AppliedByValue, Some(value)) => {
                answer = answer.with("OCI-Filters-Applied", value);
            }
            _ => {}
        }
        if end < list.len() {
            let filter = artifact_type
                .map(|value| format!("artifactType={}&", encoded(&value)))
                .unwrap_or_default();
            let path = asked.path();
            answer = answer.with(
                "Link",
                format!("<{path}?{filter}page=cursor-{end}>; rel=\"next\""),
            );
        }
        answer
    }
}

/// Where a page begins; 0 without a cursor, `None` if it is none of ours.
fn cursor(text: Option<String>) -> Option<usize> {
    match text {
        None => Some(0),
        Some(text) => text.strip_prefix("cursor-")?.parse().ok(),
    }
}
