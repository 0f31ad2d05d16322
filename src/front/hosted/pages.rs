//! Lists of names, page by page: in the order of their bytes, which is the store's, and never more of them in memory than a page.

use super::super::error::Failure;
use super::super::route::Query;
use super::super::serve::sized;
use super::super::{Outgoing, serve};
use super::{Host, Hosted};
use crate::http::{Headers, Method, Response, percent_encoded};
use crate::reference::{RepositoryName, Tag};

/// The most names of a page, and as many as there are where nobody says how many.
const MAX_NAMES: usize = 1000;
/// The fewest keys that are asked for at once: what was deleted stands among them.
const MIN_KEYS: usize = 100;
/// How often the store is asked for one page.
const MAX_LISTS: u32 = 4;
/// How much of `last` counts, in bytes: as much as the longest name.
const MAX_LAST: usize = RepositoryName::MAX_LEN + 1;

/// Names to list.
pub(super) struct Names {
    /// What their keys begin with.
    pub(super) prefix: String,
    /// What their keys end with: nothing, or one character that comes before all that are in names.
    pub(super) end: &'static str,
    /// The path of their list.
    pub(super) path: String,
    /// How the list begins, as JSON.
    pub(super) head: String,
    /// Whether a name is one.
    pub(super) is_name: fn(&str) -> bool,
    /// The fewest bytes of the object of a name that is there.
    pub(super) min_bytes: u64,
}

impl Names {
    /// The name that a key is of.
    fn name<'a>(&self, key: &'a str) -> Option<&'a str> {
        let name = key.strip_prefix(&*self.prefix)?.strip_suffix(self.end)?;
        (self.is_name)(name).then_some(name)
    }

    /// The key behind which those of all names stand that come after a text.
    fn after(&self, text: &str) -> String {
        // What comes behind such a character makes no difference between names.
        let differs = |byte| self.end.bytes().all(|end| byte > end);
        let count = text.bytes().take_while(|byte| differs(*byte)).count();
        [&self.prefix, text.get(..count).unwrap_or(text), self.end].concat()
    }

    /// What a list goes on behind, that has come to a key.
    fn reached(&self, key: &str) -> Option<String> {
        let text = key.strip_prefix(&*self.prefix)?;
        Some(text.strip_suffix(self.end).unwrap_or(text).to_owned())
    }
}

pub(super) fn is_tag(name: &str) -> bool {
    name.parse::<Tag>().is_ok()
}

pub(super) fn is_repository_name(name: &str) -> bool {
    name.parse::<RepositoryName>().is_ok()
}

/// A page of names.
#[derive(Debug, Default)]
pub(super) struct Page {
    names: Vec<String>,
    /// What the next page begins behind, if there is one.
    next: Option<String>,
}

/// How many entries of a list are asked for.
pub(super) fn count(query: &Query) -> Result<Option<usize>, Failure> {
    const CODE: &str = "PAGINATION_NUMBER_INVALID";
    let Some(text) = query.one("n", CODE)? else {
        return Ok(None);
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new(400, CODE, "n is not a number"));
    }
    // A larger number than any is as good as many.
    Ok(Some(text.parse().unwrap_or(usize::MAX)))
}

/// What a list begins behind. Longer than any name, it may be cut: no name stands between.
pub(super) fn last(query: &Query) -> Result<&str, Failure> {
    let last = query.one("last", "UNSUPPORTED")?.unwrap_or_default();
    let mut end = last.len().min(MAX_LAST);
    while !last.is_char_boundary(end) {
        end += 1;
    }
    Ok(last.get(..end).unwrap_or_default())
}

/// The `Link` to the next page of a list.
pub(super) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut link = ["<", path].concat();
    let mut mark = '?';
    for (name, value) in parameters {
        link.push(mark);
        link.push_str(name);
        link.push('=');
        link.push_str(&percent_encoded(value));
        mark = '&';
    }
    link.push_str(">; rel=\"next\"");
    link
}

impl<T: Host> Hosted<T> {
    /// The page of names that a query asks for.
    pub(super) async fn page(&self, names: &Names, query: &Query) -> Result<Page, Failure> {
        let wanted = count(query)?.unwrap_or(MAX_NAMES).min(MAX_NAMES);
        let mut after = names.after(last(query)?);
        let mut page = Page::default();
        if wanted == 0 {
            return Ok(page);
        }
        let limit = (wanted + 1).clamp(MIN_KEYS, MAX_NAMES);
        for _ in 0..MAX_LISTS {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let listing = self
                .host
                .list(&names.prefix, Some(&after), limit)
                .await
                .map_err(Failure::from_store)?;
            for object in listing.objects {
                if let Some(name) = names.name(&object.key)
                    && object.size >= names.min_bytes
                {
                    if page.names.len() == wanted {
                        page.next = page.names.last().cloned();
                        return Ok(page);
                    }
                    page.names.push(name.to_owned());
                }
                after = object.key;
            }
            page.next = None;
            if !listing.more {
                return Ok(page);
            }
            page.next = names.reached(&after);
            if page.names.len() == wanted {
                break;
            }
        }
        Ok(page)
    }
}

impl Page {
    /// Whether it says of nothing that it is there.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.next.is_none()
    }

    pub(super) fn response<B>(
        &self,
        names: &Names,
        query: &Query,
        method: Method,
    ) -> Response<Outgoing<B>> {
        let mut headers = Headers::new();
        headers.add("content-type", serve::JSON);
        headers.add("cache-control", "no-cache");
        if let Some(next) = &self.next {
            let count = query.all("n").next();
            let parameters = [("n", count.unwrap_or_default()), ("last", next)];
            let given = usize::from(count.is_none());
            headers.add(
                "link",
                link(&names.path, parameters.get(given..).unwrap_or_default()),
            );
        }
        let mut body = names.head.clone();
        for (index, name) in self.names.iter().enumerate() {
            body.push_str(if index == 0 { "\"" } else { ",\"" });
            body.push_str(name);
            body.push('"');
        }
        body.push_str("]}");
        sized(200, headers, body.into_bytes(), method)
    }
}
