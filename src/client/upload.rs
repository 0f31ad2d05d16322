//! Pushing blobs (distribution specification, "Pushing Blobs": end-4, end-5, end-6, end-11, end-13, end-14).

mod answers;
mod bytes;
mod options;
mod reading;
mod recovery;
mod session;

use super::ask::{Answer, Call};
use super::scope::Scope;
use super::transport::{Content, Host};
use super::{Client, response};
use crate::digest::Digest;
use crate::http::{Method, Url};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

pub use options::{PushOptions, PushOutcome, Pushed};
use session::Upload;

/// The largest content that is sent with the request that asks for it, in bytes: a registry that only opens a session for it has
/// been sent no more in vain than this.
const MAX_SINGLE_POST: u64 = 64 * 1024;

impl<T: Host> Client<T> {
    /// Pushes a blob, unless the registry has it.
    ///
    /// With a known digest: where the repository has it, nothing is sent; else it is mounted, from [`PushOptions::mount_from`]
    /// or from wherever the registry finds it. What has to be sent goes in one request where it is small or the host can
    /// stream it, else in chunks, as the registry wants them (`OCI-Chunk-Min-Length`, and the proposed `OCI-Chunk-Max-Length`).
    /// What breaks on the way is gone on with from where the registry says it is; a session that is lost begins anew once, where
    /// the content can be read again. A push that fails for good takes its session back (end-14), and one that is dropped
    /// has its host do so ([`Transport::send_unheeded`](super::Transport::send_unheeded)).
    ///
    /// A content of known digest is verified as it is read from its beginning: its last byte is not sent unless it is right.
    ///
    /// # Errors
    /// [`Kind::DigestMismatch`], [`Kind::SizeMismatch`], [`Kind::BodyTruncated`] where the content is not what it says it is, or
    /// the registry has another; [`Kind::UnexpectedResponse`] for a session without `Location`, and for a `Range` beyond what was sent
    /// or before what was acknowledged, and where a hundred chunks in a row are taken in part only; [`Kind::TooLarge`] where the registry
    /// wants chunks of more than 64 MiB, or than [`PushOptions::chunk_size`] if that is more;
    /// the content's own errors, and those of [`Client::ping`].
    pub async fn push_blob<C: Content<Body = T::Body>>(
        &self,
        name: &RepositoryName,
        content: C,
        options: &PushOptions,
    ) -> Result<Pushed> {
        Upload::new(self, name, content, options)?.push().await
    }

    /// Mounts a blob of another repository of this registry, or of any where `from` is `None` (end-11). Whether it was: a
    /// registry need not, and then nothing is left of the attempt.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`], and those of [`Client::ping`].
    pub async fn mount_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<bool> {
        digest.require_algorithm()?;
        let (url, scope) = self.mount_request(name, digest, from)?;
        let opened = self
            .ask(Call::new(Method::Post, url, scope.clone()))
            .await?;
        match opened.status {
            201 => return Ok(true),
            202 => {}
            _ => return Err(response::unexpected(&opened)),
        }
        if let Ok(location) = self.session_of(&opened) {
            // A session that stays open is the registry's to clean up.
            let _ = self.ask(Call::new(Method::Delete, location, scope)).await;
        }
        Ok(false)
    }

    /// Where sessions are opened (end-4a).
    fn uploads(&self, name: &RepositoryName) -> Result<Url> {
        self.at(&["/v2/", name.as_str(), "/blobs/uploads/"].concat())
    }

    fn mount_request(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<(Url, Scope)> {
        let url = self.uploads(name)?.with_query("mount", digest.as_str());
        Ok(match from {
            Some(from) => (
                url.with_query("from", from.as_str()),
                Scope::mount(name, from),
            ),
            None => (url, Scope::push(name)),
        })
    }

    /// The session's URL, as the newest response of it says (`Location`).
    fn session_of(&self, answer: &Answer<T::Body>) -> Result<Url> {
        let location = answer.headers.get("location").ok_or_else(|| {
            answer.located(Error::new(
                Kind::UnexpectedResponse,
                "an upload session has no Location",
            ))
        })?;
        let url = answer
            .from
            .join(location)
            .map_err(|error| answer.located(error))?;
        self.permit(&answer.from, &url)?;
        Ok(url)
    }
}
