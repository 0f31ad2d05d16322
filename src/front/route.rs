//! Which endpoint of the distribution API a request means.

use std::str::FromStr;

use super::error::Failure;
use crate::Error;
use crate::client::ManifestReference;
use crate::digest::Digest;
use crate::http::percent_decoded;
use crate::reference::RepositoryName;

/// An endpoint, and its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/` (end-1)
    Version,
    /// `/v2/<name>/manifests/<reference>` (end-3, end-7, end-9)
    Manifest {
        name: RepositoryName,
        reference: ManifestReference,
    },
    /// `/v2/<name>/blobs/<digest>` (end-2, end-10)
    Blob {
        name: RepositoryName,
        digest: Digest,
    },
    /// `/v2/<name>/blobs/uploads/…` (end-4 to end-6, end-11, end-13)
    Upload,
}

impl Route {
    /// Reads path and query. From the right, as a repository name may hold `manifests` and `blobs` as components.
    pub(super) fn parse(target: &str) -> Result<Self, Failure> {
        let path = target.split('?').next().unwrap_or_default();
        let rest = path.strip_prefix("/v2").ok_or_else(Failure::not_found)?;
        if rest.is_empty() || rest == "/" {
            return Ok(Self::Version);
        }
        let rest = rest.strip_prefix('/').ok_or_else(Failure::not_found)?;
        let (front, reference) = rest.rsplit_once('/').ok_or_else(Failure::not_found)?;
        let (name, endpoint) = front.rsplit_once('/').ok_or_else(Failure::not_found)?;
        match endpoint {
            "manifests" => {
                let code = if reference.contains(':') {
                    "DIGEST_INVALID"
                } else {
                    "MANIFEST_INVALID"
                };
                Ok(Self::Manifest {
                    name: parameter(name, "NAME_INVALID")?,
                    reference: parameter(reference, code)?,
                })
            }
            "blobs" if reference != "uploads" => Ok(Self::Blob {
                name: parameter(name, "NAME_INVALID")?,
                digest: parameter(reference, "DIGEST_INVALID")?,
            }),
            _ if is_upload(rest) => Ok(Self::Upload),
            _ => Err(Failure::not_found()),
        }
    }
}

/// Whether a path, behind `/v2/`, has `blobs/uploads` somewhere after the name.
fn is_upload(path: &str) -> bool {
    let (segments, following) = (path.split('/').skip(1), path.split('/').skip(2));
    segments
        .zip(following)
        .any(|pair| pair == ("blobs", "uploads"))
}

/// A parameter of the path, percent-decoded; 400 with this code if it breaks its grammar.
fn parameter<T: FromStr<Err = Error>>(text: &str, code: &'static str) -> Result<T, Failure> {
    let decoded = percent_decoded(text)
        .ok_or_else(|| Failure::new(400, code, "malformed percent-encoding"))?;
    decoded
        .parse()
        .map_err(|error: Error| Failure::new(400, code, error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    #[test]
    fn every_endpoint_is_found_from_the_right() {
        assert_eq!(Route::parse("/v2/").unwrap(), Route::Version);
        assert_eq!(Route::parse("/v2?x").unwrap(), Route::Version);
        for repository in ["a/manifests/blobs", "a/blobs/uploads", "a/blobs/uploads/b"] {
            assert_eq!(
                Route::parse(&format!("/v2/{repository}/manifests/latest")).unwrap(),
                Route::Manifest {
                    name: name(repository),
                    reference: "latest".parse().unwrap()
                }
            );
        }
        for path in [
            format!("/v2/a/b/blobs/{DIGEST}"),
            format!("/v2/a/b/blobs/{}?x=y", DIGEST.replace(':', "%3A")),
        ] {
            assert_eq!(
                Route::parse(&path).unwrap(),
                Route::Blob {
                    name: name("a/b"),
                    digest: DIGEST.parse().unwrap()
                }
            );
        }
        for path in [
            "/v2/a/blobs/uploads",
            "/v2/a/blobs/uploads/",
            "/v2/a/blobs/uploads/123",
            "/v2/a/blobs/uploads/blobs/uploads/123",
        ] {
            assert_eq!(Route::parse(path).unwrap(), Route::Upload);
        }
    }

    #[test]
    fn a_malformed_request_says_what_is_malformed() {
        for (path, status, code) in [
            ("/", 404, "UNSUPPORTED"),
            ("/v1/", 404, "UNSUPPORTED"),
            ("/v2x/", 404, "UNSUPPORTED"),
            ("/v2/a/tags/list", 404, "UNSUPPORTED"),
            ("/v2/%ff/manifests/x", 400, "NAME_INVALID"),
            ("/v2/A/manifests/x", 400, "NAME_INVALID"),
            ("/v2/../manifests/x", 400, "NAME_INVALID"),
            ("/v2/a/manifests/.x", 400, "MANIFEST_INVALID"),
            ("/v2/a/manifests/sha256:x", 400, "DIGEST_INVALID"),
            ("/v2/a/blobs/x", 400, "DIGEST_INVALID"),
            ("/v2/a/blobs/sha256:..%2F..", 400, "DIGEST_INVALID"),
        ] {
            let failure = Route::parse(path).unwrap_err();
            assert_eq!((failure.status(), failure.code()), (status, code), "{path}");
        }
    }
}
