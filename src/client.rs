//! The distribution client: verified reads from one registry, over a [`Transport`] that the host brings.

mod ask;
mod auth;
mod blobs;
pub mod copy;
mod exchange;
mod extensions;
mod fields;
mod manifests;
mod notices;
mod options;
mod pages;
mod place;
mod referrers;
mod response;
mod resume;
mod retry;
mod scope;
mod seen;
mod tags;
mod transport;
mod turns;
mod upload;
mod verified;

use crate::http::{Method, Url};
use crate::{Error, Kind, Result};

#[cfg(feature = "front")]
pub(crate) use ask::Boxed;
use ask::Call;
pub use auth::Challenge;
pub use blobs::{Blob, BlobPart};
pub use extensions::Extension;
pub use manifests::{
    MAX_MANIFEST_BYTES, Manifest, ManifestHead, ManifestReference, PushedManifest, PutManifest,
    RawManifest,
};
use notices::Notices;
pub use notices::Warning;
pub use options::ClientOptions;
#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
pub(crate) use pages::Paging;
use place::Place;
pub use referrers::Referrers;
#[cfg(feature = "front")]
pub(crate) use referrers::{artifact_type, entry};
pub use resume::Resuming;
pub use retry::RateLimit;
use scope::Scope;
pub use tags::{ListOptions, Names};
pub use transport::{
    Body, Chunks, Clock, Content, Credential, Credentials, Expected, Host, MaybeSend, MaybeSync,
    Payload, Piece, Transport,
};
pub use upload::{PushOptions, PushOutcome, Pushed};
pub use verified::Verified;

/// A client of one registry.
#[derive(Debug)]
pub struct Client<T> {
    host: T,
    origin: Place,
    mirrors: Vec<Place>,
    options: ClientOptions,
    notices: Notices,
    apis: referrers::Apis,
}

impl<T: Host> Client<T> {
    /// A client of the registry whose API stands at `endpoint` (its origin: `https://registry.example/`).
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] if the endpoint has a path or a query: the API stands at `/v2/` of a host.
    pub fn new(host: T, endpoint: Url) -> Result<Self> {
        Self::with_options(host, endpoint, ClientOptions::default())
    }

    /// As [`Client::new`], with options.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] if the registry's endpoint or a mirror's has a path or a query.
    pub fn with_options(host: T, endpoint: Url, mut options: ClientOptions) -> Result<Self> {
        let mut mirrors = Vec::new();
        for mirror in std::mem::take(&mut options.mirrors) {
            mirrors.push(Place::new(mirror)?);
        }
        Ok(Self {
            host,
            origin: Place::new(endpoint)?,
            mirrors,
            options,
            notices: Notices::default(),
            apis: referrers::Apis::default(),
        })
    }

    /// What the registry and its mirrors have warned of so far (distribution specification, "Warnings"), each once, 64 at most.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.notices.warnings()
    }

    /// How often the registry may be asked, as the last response that spoke of it said.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.notices.rate_limit()
    }

    /// Asks whether the registry speaks the distribution API (end-1), taking a token where it asks for one.
    ///
    /// # Errors
    /// [`Kind::Registry`], [`Kind::Auth`] or what the transport reports.
    pub async fn ping(&self) -> Result<()> {
        let call = Call::new(Method::Get, self.at("/v2/")?, Scope::none());
        self.ask(call).await?;
        Ok(())
    }

    /// The URL of a path of the registry's API.
    fn at(&self, path: &str) -> Result<Url> {
        self.origin.endpoint.join(path)
    }
}

/// A mismatch of a body that the host decoded says nothing about the registry's bytes.
fn as_encoded(error: Error) -> Error {
    if error.kind() != Kind::DigestMismatch {
        return error;
    }
    Error::new(
        Kind::ContentEncoded,
        "the body was content-encoded on the way and decoded by the host",
    )
    .with_source(error)
}
