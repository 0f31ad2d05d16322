//! The distribution client: verified reads from one registry, over a [`Transport`] that the host brings.

mod auth;
mod blobs;
mod exchange;
mod manifests;
mod response;
mod scope;
mod transport;
mod verified;

use crate::http::{Method, Url};
use crate::{Error, Kind, Result};

pub use auth::Challenge;
pub use blobs::Blob;
use exchange::Call;
pub use manifests::{MAX_MANIFEST_BYTES, Manifest, ManifestHead, ManifestReference, RawManifest};
use scope::Scope;
pub use transport::{
    Body, Chunks, Clock, Content, Credential, Credentials, Expected, Host, MaybeSend, MaybeSync,
    Payload, Piece, Transport,
};
pub use verified::Verified;

/// A client of one registry.
#[derive(Debug)]
pub struct Client<T> {
    host: T,
    endpoint: Url,
    tokens: auth::Tokens,
}

impl<T: Host> Client<T> {
    /// A client of the registry whose API stands at `endpoint` (its origin: `https://registry.example/`).
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] if the endpoint has a path or a query: the API stands at `/v2/` of a host.
    pub fn new(host: T, endpoint: Url) -> Result<Self> {
        if endpoint.target() != "/" {
            return Err(Error::new(
                Kind::InvalidUrl,
                "a registry's endpoint has neither path nor query",
            ));
        }
        Ok(Self {
            host,
            endpoint,
            tokens: auth::Tokens::default(),
        })
    }

    /// Asks whether the registry speaks the distribution API (end-1), taking a token where it asks for one.
    ///
    /// # Errors
    /// [`Kind::Registry`], [`Kind::Auth`] or what the transport reports.
    pub async fn ping(&self) -> Result<()> {
        let mut response = self
            .call(Call::new(Method::Get, self.at("/v2/")?, Scope::none()))
            .await?;
        response.message.body.cancel();
        Ok(())
    }

    /// The URL of a path of the registry's API.
    fn at(&self, path: &str) -> Result<Url> {
        self.endpoint.join(path)
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
