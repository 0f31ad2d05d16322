//! The manifests of a repository (distribution specification, end-3, end-7, end-9).

mod children;
mod coming;
mod delete;
mod put;
mod validation;

use super::super::error::Failure;
use super::super::serve::{check_conditions, content_headers, matches_etag, served_type, sized};
use super::super::{Incoming, Outgoing};
use super::apart::Apart;
use super::stored::{Found, Part, verified};
use super::tags::unknown;
use super::{Host, Hosted};
use crate::client::ManifestReference;
use crate::http::{Headers, Method, Response};
use crate::reference::RepositoryName;

pub(super) use children::children;
pub(super) use coming::Coming;
pub use validation::Validation;

impl<T: Host> Hosted<T> {
    /// Answers what is asked of a manifest.
    pub(super) async fn manifest(
        &self,
        request: Incoming<T::Body>,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let answer: Apart<'_, _> = match request.method {
            Some(method @ (Method::Get | Method::Head)) => Box::pin(async move {
                self.get_manifest(&request.headers, method, name, reference)
                    .await
            }),
            Some(Method::Put) => Box::pin(self.put_manifest(request, name, reference)),
            Some(Method::Delete) => Box::pin(async move {
                match reference {
                    ManifestReference::Tag(tag) => {
                        self.delete_tag(name, tag, &request.headers).await?;
                    }
                    ManifestReference::Digest(digest) => {
                        check_conditions(&request.headers, Some(digest))?;
                        self.delete_manifest(name, digest).await?;
                    }
                }
                let mut headers = Headers::new();
                headers.add("content-length", "0");
                Ok(Response::new(202, headers, Outgoing::None))
            }),
            _ => return Err(Failure::method("GET, HEAD, PUT, DELETE")),
        };
        answer.await
    }

    async fn get_manifest(
        &self,
        asked: &Headers,
        method: Method,
        name: &RepositoryName,
        reference: &ManifestReference,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let (digest, stored) = self
            .resolve(name, reference, |digest| {
                if method == Method::Head || matches_etag(asked, digest) {
                    Part::Line
                } else {
                    Part::Whole
                }
            })
            .await?;
        let Found::Live(line) = stored.found else {
            return Err(Failure::damaged());
        };
        let immutable = matches!(reference, ManifestReference::Digest(_));
        let mut headers = content_headers(&digest, immutable);
        if matches_etag(asked, &digest) {
            return Ok(Response::new(304, headers, Outgoing::None));
        }
        headers.add("content-type", served_type(Some(line.media_type)));
        if method == Method::Head {
            // Whoever asks for a digest may be about to put an index that names it.
            if immutable && !self.keep_manifest(name, &digest, line.leased).await? {
                return Err(unknown());
            }
            headers.add("content-length", line.size.to_string());
            return Ok(Response::new(200, headers, Outgoing::None));
        }
        let bytes = verified(stored.bytes, &digest)?;
        Ok(sized(200, headers, bytes, method))
    }
}
