//! A registry in memory that speaks all of the distribution specification, and that can be told to do otherwise.
//!
//! [`Registry`] is a function of what is asked and of what it holds; [`World`] puts several of them, and what else there is, on a
//! network that fails as a test wants it to, and writes down all that was sent; the adapter in `transport` lets a client send there.

mod auth;
mod blobs;
mod faults;
mod itself;
mod lists;
mod manifests;
mod message;
mod settings;
mod store;
mod tokens;
mod transport;
mod uploads;
mod world;

use serde_json::json;

pub use auth::{Auth, Bearer, Field, Posts, User, basic};
pub use faults::{Fault, What, When, gzipped};
pub use message::{Answer, Asked, End, encoded};
pub use settings::{
    AfterCut, Deletes, Errors, Filter, Link, Location, Mounts, Ranges, Referrers, Settings, Unknown,
};
pub use store::{OCI_INDEX, Repository, Store, sha256};
pub use transport::{Source, Wire};
pub use world::{Logged, Outcome, World};

/// One registry, with its token service and the storage behind it.
#[derive(Debug, Default)]
pub struct Registry {
    pub settings: Settings,
    pub store: Store,
    sessions: uploads::Sessions,
    tokens: tokens::Tokens,
    /// What is left of a rate limit: requests, and seconds of its window.
    pub limit: Option<(u64, u64)>,
}

/// What a path of the API names.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Ping,
    Catalog,
    Discover(Option<&'a str>),
    Tags(&'a str),
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Uploads(&'a str),
    Session(&'a str, &'a str),
    Referrers(&'a str, &'a str),
}

impl<'a> Route<'a> {
    /// Read from the right: a repository's name may hold any of the words.
    fn of(path: &'a str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/artifacts-uploads/") {
            let (name, session) = rest.rsplit_once('/')?;
            return Some(Self::Session(name, session));
        }
        let rest = path.strip_prefix("/v2/")?;
        let discover = "_oci/ext/discover";
        Some(match rest {
            "" => Self::Ping,
            "_catalog" => Self::Catalog,
            _ if rest == discover => Self::Discover(None),
            _ => {
                if let Some(name) = rest.strip_suffix(discover) {
                    return Some(Self::Discover(name.strip_suffix('/')));
                }
                if let Some(name) = rest.strip_suffix("/tags/list") {
                    return Some(Self::Tags(name));
                }
                let trimmed = rest.strip_suffix('/').unwrap_or(rest);
                if let Some(name) = trimmed.strip_suffix("/blobs/uploads") {
                    return Some(Self::Uploads(name));
                }
                let (head, last) = rest.rsplit_once('/')?;
                for kind in ["/blobs/uploads", "/blobs/upload"] {
                    if let Some(name) = head.strip_suffix(kind) {
                        return Some(Self::Session(name, last));
                    }
                }
                let (name, kind) = head.rsplit_once('/')?;
                match kind {
                    "manifests" => Self::Manifest(name, last),
                    "blobs" => Self::Blob(name, last),
                    "referrers" => Self::Referrers(name, last),
                    _ => return None,
                }
            }
        })
    }

    fn repository(&self) -> Option<&'a str> {
        match self {
            Self::Ping | Self::Catalog | Self::Discover(None) => None,
            Self::Discover(Some(name))
            | Self::Tags(name)
            | Self::Manifest(name, _)
            | Self::Blob(name, _)
            | Self::Uploads(name)
            | Self::Session(name, _)
            | Self::Referrers(name, _) => Some(name),
        }
    }
}

impl Registry {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Whether a request to this origin is this registry's to answer: its API, its token service or its storage.
    pub fn owns(&self, origin: &str) -> bool {
        let starts = |url: &str| url == origin || url.starts_with(&format!("{origin}/"));
        starts(&self.settings.origin)
            || self.settings.blobs.storage.as_deref().is_some_and(starts)
            || self.settings.auth.realm().is_some_and(starts)
            || (self.settings.uploads.location == Location::Elsewhere
                && origin == uploads::ELSEWHERE)
    }

    /// Answers one request.
    pub fn answer(&mut self, asked: &Asked) -> Answer {
        let answer = self.routed(asked);
        if !asked.is("HEAD") {
            return answer;
        }
        Answer {
            body: Vec::new(),
            ..answer
        }
    }

    fn routed(&mut self, asked: &Asked) -> Answer {
        if self.settings.auth.is_realm(asked.url.as_str()) {
            return self.issue(asked);
        }
        if let Some(answer) = self.stored(asked) {
            return answer;
        }
        let Some(route) = Route::of(asked.path()) else {
            return self.error(404, "UNSUPPORTED", "no such endpoint");
        };
        let answer = match self.admit(asked, &route) {
            Some(refused) => refused,
            None => self.api(asked, &route),
        };
        self.dressed(asked, answer)
    }

    fn api(&mut self, asked: &Asked, route: &Route<'_>) -> Answer {
        if let Some(name) = route.repository() {
            if name.parse::<pierhead::reference::RepositoryName>().is_err() {
                return self.error(404, "NAME_INVALID", "no name of a repository");
            }
            // A session may stand in a repository that its blob will begin.
            let is_session = matches!(route, Route::Session(..));
            if asked.reads() && !is_session && !self.store.0.contains_key(name) {
                let (status, code) = self.settings.missing_repository;
                return self.error(status, code, "no such repository");
            }
        }
        match *route {
            Route::Ping => Answer::new(200).json(&json!({})),
            Route::Catalog => self.catalog(asked),
            Route::Discover(_) => match self.settings.extensions.clone() {
                Some(extensions) => Answer::new(200).json(&json!({ "extensions": extensions })),
                None => self.error(404, "UNSUPPORTED", "no extensions"),
            },
            Route::Tags(name) => self.tags(asked, name),
            Route::Manifest(name, reference) => self.manifest(asked, name, reference),
            Route::Blob(name, digest) => self.blob(asked, name, digest),
            Route::Uploads(name) => self.begin(asked, name),
            Route::Session(name, id) => self.session(asked, name, id),
            Route::Referrers(name, digest) => self.referrers(asked, name, digest),
        }
    }

    /// An answer with what is on every answer.
    fn dressed(&mut self, asked: &Asked, mut answer: Answer) -> Answer {
        for (name, value) in &self.settings.everywhere {
            answer = answer.with(name, value);
        }
        if let Auth::Bearer(bearer) = &self.settings.auth
            && bearer.beside_success
            && answer.status == 200
            && asked.path() == "/v2/"
        {
            answer = answer.with("WWW-Authenticate", bearer.challenge(&[], ""));
        }
        if let Some((left, window)) = self.limit {
            answer = answer
                .with("RateLimit-Limit", format!("100;w={window}"))
                .with("RateLimit-Remaining", format!("{left};w={window}"));
        }
        if self.settings.mirrors
            && let Some(namespace) = asked.parameter("ns")
        {
            answer = answer.with("OCI-Namespace", namespace);
        }
        answer.with("Docker-Distribution-Api-Version", "registry/2.0")
    }

    fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        let special = self.settings.unauthorized.filter(|_| status == 401);
        let shape = special.unwrap_or(self.settings.errors);
        shape.answer(status, code, message)
    }
}
