//! Which endpoint of the distribution API a request means.

use std::str::FromStr;

use super::error::Failure;
use crate::Error;
use crate::client::ManifestReference;
use crate::digest::Digest;
use crate::http::percent_decoded;
use crate::reference::RepositoryName;

/// An endpoint, and its parameters in the path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/` (end-1)
    Version,
    /// `/v2/_catalog`, which Docker's registry has and the specification no more
    Catalog,
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
    /// `/v2/<name>/blobs/uploads/` (end-4, end-11)
    Uploads { name: RepositoryName },
    /// `/v2/<name>/blobs/uploads/<upload>`, as its `Location` says (end-5, end-6, end-13, end-14)
    Upload { name: RepositoryName, id: String },
    /// `/v2/<name>/tags/list` (end-8)
    Tags { name: RepositoryName },
    /// `/v2/<name>/referrers/<digest>` (end-12)
    Referrers {
        name: RepositoryName,
        digest: Digest,
    },
}

impl Route {
    /// Reads a path. From the right, as a repository name may hold `manifests` and `blobs` as components.
    pub(super) fn parse(target: &str) -> Result<Self, Failure> {
        let path = target.split('?').next().unwrap_or_default();
        let rest = path.strip_prefix("/v2").ok_or_else(Failure::not_found)?;
        if rest.is_empty() || rest == "/" {
            return Ok(Self::Version);
        }
        let rest = rest.strip_prefix('/').ok_or_else(Failure::not_found)?;
        if rest == "_catalog" {
            return Ok(Self::Catalog);
        }
        // The `Location` of an upload has no slash behind it, and its beginning may have one.
        if let Some(name) = rest
            .strip_suffix("/blobs/uploads/")
            .or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            return Ok(Self::Uploads {
                name: repository(name)?,
            });
        }
        let (front, last) = rest.rsplit_once('/').ok_or_else(Failure::not_found)?;
        if let Some(name) = front.strip_suffix("/blobs/uploads") {
            return Ok(Self::Upload {
                name: repository(name)?,
                id: last.to_owned(),
            });
        }
        let (name, endpoint) = front.rsplit_once('/').ok_or_else(Failure::not_found)?;
        match (endpoint, last) {
            ("manifests", _) => {
                let code = if last.contains(':') {
                    "DIGEST_INVALID"
                } else {
                    "MANIFEST_INVALID"
                };
                Ok(Self::Manifest {
                    name: repository(name)?,
                    reference: parameter(last, code)?,
                })
            }
            ("blobs", _) => Ok(Self::Blob {
                name: repository(name)?,
                digest: parameter(last, "DIGEST_INVALID")?,
            }),
            ("tags", "list") => Ok(Self::Tags {
                name: repository(name)?,
            }),
            ("referrers", _) => Ok(Self::Referrers {
                name: repository(name)?,
                digest: parameter(last, "DIGEST_INVALID")?,
            }),
            _ => Err(Failure::not_found()),
        }
    }
}

/// The parameters of a query, percent-decoded.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the `?` of a target.
    pub(super) fn parse(target: &str) -> Result<Self, Failure> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match (percent_decoded(name), percent_decoded(value)) {
                (Some(name), Some(value)) => pairs.push((name, value)),
                _ => {
                    return Err(Failure::new(
                        400,
                        "UNSUPPORTED",
                        "the query has malformed percent-encoding",
                    ));
                }
            }
        }
        Ok(Self(pairs))
    }

    /// The values of a parameter, in their order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be there once; 400 with this code if it is there more often.
    pub(super) fn one<'a>(
        &'a self,
        name: &'a str,
        code: &'static str,
    ) -> Result<Option<&'a str>, Failure> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(Failure::new(
                400,
                code,
                format!("the query has {name} more than once"),
            )),
        }
    }
}

/// A repository's name, as it stands: it has nothing that is percent-encoded, and another spelling of it would pass by whoever stands before the
/// front and decides by paths.
fn repository(text: &str) -> Result<RepositoryName, Failure> {
    text.parse()
        .map_err(|error: Error| Failure::new(400, "NAME_INVALID", error.message()))
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
            assert!(matches!(
                Route::parse(path).unwrap(),
                Route::Upload { .. } | Route::Uploads { .. }
            ));
        }
        assert_eq!(
            Route::parse("/v2/a/blobs/uploads/blobs/uploads/123").unwrap(),
            Route::Upload {
                name: name("a/blobs/uploads"),
                id: "123".to_owned()
            }
        );
    }

    #[test]
    fn a_parameter_of_a_query_is_decoded_and_may_be_there_once() {
        let query = Query::parse("/v2/a/tags/list?n=1&tag=a&last=a%2Fb&tag=c&empty").unwrap();
        assert_eq!(query.one("n", "X").unwrap(), Some("1"));
        assert_eq!(query.one("last", "X").unwrap(), Some("a/b"));
        assert_eq!(query.one("empty", "X").unwrap(), Some(""));
        assert_eq!(query.one("missing", "X").unwrap(), None);
        assert_eq!(query.all("tag").collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(query.one("tag", "X").unwrap_err().status(), 400);
        assert!(Query::parse("/v2/?n=%zz").is_err());
    }

    #[test]
    fn a_malformed_request_says_what_is_malformed() {
        for (path, status, code) in [
            ("/", 404, "UNSUPPORTED"),
            ("/v1/", 404, "UNSUPPORTED"),
            ("/v2x/", 404, "UNSUPPORTED"),
            ("/v2/a/tags", 404, "UNSUPPORTED"),
            ("/v2/A/tags/list", 400, "NAME_INVALID"),
            ("/v2/a/referrers/x", 400, "DIGEST_INVALID"),
            ("/v2/%ff/manifests/x", 400, "NAME_INVALID"),
            ("/v2/A/manifests/x", 400, "NAME_INVALID"),
            ("/v2/../manifests/x", 400, "NAME_INVALID"),
            ("/v2/a%2Fb/manifests/x", 400, "NAME_INVALID"),
            ("/v2/%61/tags/list", 400, "NAME_INVALID"),
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
