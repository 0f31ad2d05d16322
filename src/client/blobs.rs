//! The blobs of a repository, as they are read (distribution specification, end-2).

use super::exchange::{Call, Located};
use super::scope::Scope;
use super::transport::{Body as _, Chunks as _, Expected};
use super::{Client, Host, response};
use crate::digest::Digest;
use crate::http::{Method, Response};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// A blob whose body fails before its end is signalled, unless its bytes are those of the digest.
#[derive(Debug)]
#[non_exhaustive]
pub struct Blob<B> {
    /// The bytes.
    pub body: B,
    /// The digest it was asked by.
    pub digest: Digest,
    /// Its size in bytes, where the descriptor or the registry says.
    pub size: Option<u64>,
}

impl<T: Host> Client<T> {
    /// Opens a blob (end-2). Its body is verified as it streams; `size` is the descriptor's, in bytes, where there is one.
    ///
    /// # Errors
    /// At once: [`Kind::UnsupportedAlgorithm`], [`Kind::SizeMismatch`] or [`Kind::BodyTruncated`] where the registry states
    /// another size, and those of [`Client::ping`]. From the body: [`Kind::DigestMismatch`] and the two sizes, before its end.
    pub async fn blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Blob<T::Body>> {
        let Located {
            url,
            message: response,
            ..
        } = self.blob_exchange(Method::Get, name, digest).await?;
        let expected = Self::expected(&url, &response, digest, size)?;
        let size = expected.size;
        let body = response
            .body
            .verified(expected)
            .map_err(|error| error.with_url(&url))?;
        Ok(Blob {
            body,
            digest: digest.clone(),
            size,
        })
    }

    /// Opens a blob and hands over its body unverified, with what it is to be verified against: for a caller that serves
    /// only a part of it, and verifies the whole ([`Expected::range`]).
    #[cfg(feature = "front")]
    pub(crate) async fn unverified_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(T::Body, Expected)> {
        let Located {
            url,
            message: response,
            ..
        } = self.blob_exchange(Method::Get, name, digest).await?;
        let expected = Self::expected(&url, &response, digest, None)?;
        Ok((response.body, expected))
    }

    /// Asks for a blob's size in bytes; `None` if the registry does not say.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`], and those of [`Client::ping`].
    pub async fn blob_head(&self, name: &RepositoryName, digest: &Digest) -> Result<Option<u64>> {
        let Located {
            url, mut message, ..
        } = self.blob_exchange(Method::Head, name, digest).await?;
        message.body.cancel();
        response::body_length(&message.headers).map_err(|error| error.with_url(&url))
    }

    async fn blob_exchange(
        &self,
        method: Method,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Located<T::Body>> {
        digest.require_algorithm()?;
        let url = self.at(&format!("/v2/{name}/blobs/{digest}"))?;
        self.call(Call::new(method, url, Scope::pull(name)))
            .await?
            .whole()
    }

    fn expected(
        url: &str,
        response: &Response<T::Body>,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Expected> {
        let stated =
            response::body_length(&response.headers).map_err(|error| error.with_url(url))?;
        if let (Some(size), Some(stated)) = (size, stated)
            && size != stated
        {
            let kind = if stated > size {
                Kind::SizeMismatch
            } else {
                Kind::BodyTruncated
            };
            return Err(
                Error::new(kind, "the registry states another size than the descriptor")
                    .with_expected(size, stated)
                    .with_url(url),
            );
        }
        let mut expected = Expected::new(digest.clone(), size.or(stated));
        expected.content_encoded = response.headers.is_content_encoded();
        Ok(expected)
    }
}
