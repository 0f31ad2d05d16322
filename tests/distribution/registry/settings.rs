//! What this registry does of what the specification leaves open, and of what it does not.

use serde_json::json;

use super::Answer;
use super::auth::Auth;

/// By default a registry that does all of the specification, for anyone.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme and host of the API.
    pub origin: String,
    pub auth: Auth,
    pub errors: Errors,
    /// The shape of a 401's body, where it is another one.
    pub unauthorized: Option<Errors>,
    /// What is answered for a repository that is not there, to whoever may pull it.
    pub missing_repository: (u16, &'static str),
    pub pages: Pages,
    pub uploads: Uploads,
    pub referrers: Referrers,
    pub blobs: Blobs,
    pub deletes: Deletes,
    /// Whether manifests have an `ETag`, and `If-None-Match` gets 304.
    pub etags: bool,
    /// Whether `If-Match` and `If-None-Match: *` are held against a tag before it is written.
    pub compares: bool,
    /// The most bytes of a manifest: 413 above.
    pub manifest_max: usize,
    /// Whether a manifest is refused while what it points at is not there. A subject never counts.
    pub demands_content: bool,
    /// Whether `?tag=` is known; how many.
    pub tags_at_once: usize,
    /// The extensions that are discovered; `None` for no discovery.
    pub extensions: Option<serde_json::Value>,
    /// Whether `?ns=` is known, which is echoed in `OCI-Namespace`.
    pub mirrors: bool,
    /// Fields on every answer of the API.
    pub everywhere: Vec<(&'static str, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origin: "https://registry.example".to_owned(),
            auth: Auth::None,
            errors: Errors::Specified,
            unauthorized: None,
            missing_repository: (404, "NAME_UNKNOWN"),
            pages: Pages::default(),
            uploads: Uploads::default(),
            referrers: Referrers::default(),
            blobs: Blobs::default(),
            deletes: Deletes::default(),
            etags: true,
            compares: true,
            manifest_max: 4 * 1024 * 1024,
            demands_content: true,
            tags_at_once: 10,
            extensions: None,
            mirrors: false,
            everywhere: Vec::new(),
        }
    }
}

/// The shape of an error's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// `{"errors":[{"code","message","detail"}]}`
    Specified,
    /// The message in plain text.
    Text,
    /// A page.
    Html,
    /// `{"errors":[{"status","message"}]}`
    Statuses,
}

impl Errors {
    pub fn answer(self, status: u16, code: &str, message: &str) -> Answer {
        let answer = Answer::new(status);
        match self {
            Self::Specified => {
                let error = json!({ "code": code, "message": message, "detail": {} });
                answer.json(&json!({ "errors": [error] }))
            }
            Self::Statuses => {
                answer.json(&json!({ "errors": [{ "status": status, "message": message }] }))
            }
            Self::Text => answer.with_body("text/plain; charset=utf-8", message.as_bytes()),
            Self::Html => {
                let page = format!("<!doctype html><title>{status}</title><h1>{message}</h1>");
                answer.with_body("text/html; charset=utf-8", page.as_bytes())
            }
        }
    }
}

/// How lists are cut into pages.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// How many entries a page has at most, whatever `n` asks for.
    pub max: usize,
    /// The largest `n` that is taken: 405 `UNSUPPORTED` above.
    pub n_max: usize,
    pub link: Link,
    /// The `Content-Type` of tags and the catalog.
    pub media_type: &'static str,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            max: 1_000,
            n_max: usize::MAX,
            link: Link::Relative,
            media_type: "application/json",
        }
    }
}

/// The shape of a `Link` to the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// `</v2/…?last=<last entry>&n=…>; rel="next"`
    Relative,
    /// The same with the host, and with a cursor in place of the last entry, which alone goes on.
    AbsoluteCursor,
    /// `next_page=<cursor>`, which alone goes on.
    NextPage,
    /// The last entry, and a parameter without a value.
    WithEmptyParameter,
    /// Without the first component of the repository's name, and with a number for `last`.
    Misled,
    /// Without `<>`, which no parser of links reads.
    Bare,
}

/// How blobs are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploads {
    pub location: Location,
    pub mounts: Mounts,
    /// The status that refuses to mount from a repository that is not there; else the answer is a session.
    pub mount_refused: Option<u16>,
    /// Whether one POST with a body can be all of an upload; else it is answered with a session.
    pub single_post: bool,
    /// Whether PATCH is known.
    pub chunks: bool,
    /// `OCI-Chunk-Min-Length`: all chunks but the last have so many bytes.
    pub chunk_min: Option<u64>,
    /// The most bytes of a chunk, and the status above.
    pub chunk_max: Option<(u64, u16)>,
    /// Whether `OCI-Chunk-Max-Length` says so.
    pub tells_chunk_max: bool,
    /// How many bytes of each chunk are taken, and acknowledged, at most.
    pub chunk_taken: usize,
    /// The most bytes of one request: 413 above.
    pub body_max: Option<usize>,
    pub ranges: Ranges,
    /// Whether the closing PUT may come without a body.
    pub empty_close: bool,
    /// What is left of a session whose connection broke.
    pub after_cut: AfterCut,
    /// Whether digests of other algorithms than SHA-256 are taken.
    pub algorithms: bool,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            location: Location::Relative,
            mounts: Mounts::All,
            mount_refused: None,
            single_post: true,
            chunks: true,
            chunk_min: None,
            chunk_max: None,
            tells_chunk_max: true,
            chunk_taken: usize::MAX,
            body_max: None,
            ranges: Ranges::Specified,
            empty_close: true,
            after_cut: AfterCut::WhatCame,
            algorithms: true,
        }
    }
}

/// The shape of an upload's `Location`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// `/v2/<name>/blobs/uploads/<id>`
    Relative,
    /// With the host.
    Absolute,
    /// `/v2/<name>/blobs/upload/<id>`
    Singular,
    /// With a query that changes with every request: only the newest is good.
    State,
    /// `/artifacts-uploads/…`, outside of the API.
    Outside,
    /// On the storage's origin.
    Elsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounts {
    /// With and without `from`.
    All,
    From,
    Never,
}

/// The shape of `Range` in what is answered to uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// `0-<last>`, and `0-0` for none.
    Specified,
    /// `bytes=0--1` when it begins, `bytes=0-<bytes>` as its status, one too high in 416; no `Location` in the status.
    WithUnit,
    /// What the first chunk was answered with, for ever.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCut {
    /// The bytes that came.
    WhatCame,
    /// The session as it was before.
    AsBefore,
    /// 404 `BLOB_UPLOAD_INVALID`.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub struct Referrers {
    /// Whether there is an API; else 404, so that the fallback tag serves.
    pub api: bool,
    /// Whether `OCI-Subject` is sent.
    pub subject: bool,
    pub filter: Filter,
    /// Whether a list has descriptors as the specification has them; else each has the size of all that belongs to the
    /// manifest, and the config's media type for artifact type.
    pub exact: bool,
    /// What is answered for a digest that nothing is known of.
    pub unknown: Unknown,
    /// The status that refuses a manifest with a subject, if that is refused.
    pub refuses: Option<u16>,
}

impl Default for Referrers {
    fn default() -> Self {
        Self {
            api: true,
            subject: true,
            filter: Filter::Applied,
            exact: true,
            unknown: Unknown::EmptyIndex,
            refuses: None,
        }
    }
}

/// What becomes of `?artifactType=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Applied,
    /// Applied, and `OCI-Filters-Applied` has the value in place of the name.
    AppliedByValue,
    Ignored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    EmptyIndex,
    EmptyObject,
    BadRequest,
}

/// How blobs are read.
#[derive(Clone, Debug)]
pub struct Blobs {
    /// The origin and path that GET is redirected to, if it is.
    pub storage: Option<String>,
    pub redirect: u16,
    /// Whether the redirect is a path on the registry itself.
    pub relative: bool,
    /// Whether HEAD is redirected too.
    pub head: bool,
    /// Whether the storage answers HEAD.
    pub storage_head: bool,
    /// Whether there are ranges; else the whole is sent.
    pub ranges: bool,
    /// Whether a range may have no end; else 416, as in the registry of go-containerregistry.
    pub open_ranges: bool,
}

impl Default for Blobs {
    fn default() -> Self {
        Self {
            storage: None,
            redirect: 307,
            relative: false,
            head: false,
            storage_head: true,
            ranges: true,
            open_ranges: true,
        }
    }
}

/// Whether what is asked to be deleted is; else the status that refuses it.
#[derive(Clone, Copy, Debug)]
pub struct Deletes {
    pub manifests: Result<(), u16>,
    pub tags: Result<(), u16>,
    pub blobs: Result<(), u16>,
}

impl Default for Deletes {
    fn default() -> Self {
        Self {
            manifests: Ok(()),
            tags: Ok(()),
            blobs: Ok(()),
        }
    }
}
