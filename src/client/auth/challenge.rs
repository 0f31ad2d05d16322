//! What registries ask for (RFC 9110, section 11.6.1).

use super::super::fields::{split_unquoted, unquoted};
use crate::http::{Headers, Scheme, Url};
use crate::{Error, Kind, Result};

/// A Bearer challenge: where a token is had, and for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The URL of the token service.
    pub realm: String,
    /// The service the token is for.
    pub service: Option<String>,
    /// The scope the registry asks for.
    pub scope: Option<String>,
    /// What was wrong with the token that was sent (RFC 6750, section 3.1: `invalid_token`, `insufficient_scope`).
    pub error: Option<String>,
}

impl Challenge {
    /// The first Bearer challenge with a realm among all `WWW-Authenticate` fields: there may be several in one field, and their
    /// quoted values may hold commas.
    #[must_use]
    pub fn bearer(headers: &Headers) -> Option<Self> {
        Offer::of(headers).bearer
    }

    /// The URL of the token service, if a registry reached at `registry` may send anyone there.
    ///
    /// # Errors
    /// [`Kind::Auth`] if the realm is no URL, is plain HTTP while the registry is reached over TLS, or is an address of this
    /// machine while the registry is not.
    pub(super) fn realm_url(&self, registry: &Url) -> Result<Url> {
        let url: Url = self.realm.parse().map_err(|error: Error| {
            Error::new(Kind::Auth, "the token realm is no URL").with_source(error)
        })?;
        let refused = |reason| Err(Error::new(Kind::Auth, reason).at(&url));
        if registry.scheme() == Scheme::Https && url.scheme() == Scheme::Http {
            return refused("the token realm is reached by plain HTTP");
        }
        if url.origin().is_local() && !registry.origin().is_local() {
            return refused("the token realm is an address of this machine or its link");
        }
        Ok(url)
    }
}

/// The ways to prove who asks that a response offers, as far as they are known here.
#[derive(Debug, Default)]
pub(in super::super) struct Offer {
    /// The first Bearer challenge with a realm.
    pub(super) bearer: Option<Challenge>,
    /// Whether Basic is among them.
    pub(super) basic: bool,
}

impl Offer {
    pub(in super::super) fn of(headers: &Headers) -> Self {
        let mut offer = Self::default();
        for field in headers.all("www-authenticate") {
            offer.read(field);
        }
        offer
    }

    /// Reads the challenges of one field, of which there may be several.
    fn read(&mut self, field: &str) {
        let mut bearer = None;
        for part in split_unquoted(field) {
            // `Scheme name=value` begins a challenge, `name=value` goes on with it, `Scheme` is one without parameters.
            let (head, value) = match part.split_once('=') {
                Some((head, value)) => (head.trim(), Some(value.trim())),
                None => (part, None),
            };
            let (scheme, name) = match head.split_once(|char: char| char.is_ascii_whitespace()) {
                Some((scheme, name)) => (Some(scheme), name.trim()),
                None if value.is_none() => (Some(head), ""),
                None => (None, head),
            };
            if let Some(scheme) = scheme {
                self.keep(bearer.take());
                self.basic |= scheme.eq_ignore_ascii_case("basic");
                let is_bearer = scheme.eq_ignore_ascii_case("bearer");
                bearer = is_bearer.then(Challenge::default);
            }
            if let (Some(challenge), Some(value)) = (&mut bearer, value) {
                let value = unquoted(value);
                match name.to_ascii_lowercase().as_str() {
                    "realm" => challenge.realm = value,
                    "service" => challenge.service = Some(value),
                    "scope" => challenge.scope = Some(value),
                    "error" => challenge.error = Some(value),
                    _ => {}
                }
            }
        }
        self.keep(bearer);
    }

    /// Keeps a Bearer challenge, if it is the first that has a realm.
    fn keep(&mut self, challenge: Option<Challenge>) {
        if self.bearer.is_none() {
            self.bearer = challenge.filter(|challenge| !challenge.realm.is_empty());
        }
    }

    /// Takes a challenge that was known before for the one that this offer lacks. Whether there is one to take.
    pub(super) fn restore(&mut self, known: Option<&Challenge>) -> bool {
        let lacks = self.bearer.is_none() && !self.basic;
        if lacks {
            self.bearer = known.cloned();
        }
        lacks && known.is_some()
    }

    /// What the registry says was wrong with the token that was sent; `None` for what no registry would say.
    pub(in super::super) fn error(&self) -> Option<&str> {
        let error = self.bearer.as_ref()?.error.as_deref();
        error.filter(|error| matches!(*error, "invalid_token" | "insufficient_scope"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[&str]) -> Headers {
        let mut headers = Headers::new();
        for field in fields {
            headers.append("WWW-Authenticate", *field).unwrap();
        }
        headers
    }

    fn bearer(values: &[&str]) -> Option<Challenge> {
        Challenge::bearer(&fields(values))
    }

    fn challenge(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        Some(Challenge {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
            error: None,
        })
    }

    #[test]
    fn a_quoted_value_may_hold_commas() {
        assert_eq!(
            bearer(&[r#"Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push""#]),
            challenge("https://a/t", Some("s"), Some("repository:a/b:pull,push"))
        );
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let expected = challenge("https://a/t", None, None);
        for values in [
            &[r#"Basic realm="x, Bearer y", bearer realm="https://a/t""#][..],
            &["Negotiate", r#"Bearer realm="https://a/t""#],
            &[r#"Negotiate, Bearer   realm = "https://a/t""#],
            &[r#"Bearer realm="https:\/\/a/t""#],
            &[
                "Bearer",
                r#"Bearer realm="https://a/t", Bearer realm="https://b/t""#,
            ],
        ] {
            assert_eq!(bearer(values), expected);
        }
    }

    #[test]
    fn basic_is_found_beside_bearer_and_alone() {
        for (values, basic, realm) in [
            (&[r#"Basic realm="x, y""#][..], true, None),
            (&["BASIC"], true, None),
            (
                &[r#"Bearer realm="https://a/t", Basic realm="x""#],
                true,
                Some("https://a/t"),
            ),
            (&["Bearer"], false, None),
            (&[r#"Negotiate, Digest nonce="Basic x""#], false, None),
        ] {
            let offer = Offer::of(&fields(values));
            let found = offer.bearer.as_ref().map(|bearer| bearer.realm.as_str());
            assert_eq!((offer.basic, found), (basic, realm), "{values:?}");
        }
    }

    #[test]
    fn only_the_errors_of_rfc_6750_are_repeated() {
        let error = |value: &str| {
            let field = format!(r#"Bearer realm="https://a/t",error="{value}""#);
            Offer::of(&fields(&[&field])).error().map(str::to_owned)
        };
        assert_eq!(
            error("insufficient_scope").as_deref(),
            Some("insufficient_scope")
        );
        assert_eq!(error("the token eyJ is bad"), None);
    }

    #[test]
    fn what_is_no_bearer_challenge_is_none() {
        for field in [
            "",
            "Basic realm=\"x\"",
            "Bearer",
            "Bearer service=\"s\"",
            "realm=\"x\"",
            ",,,=\"",
            "Bearer realm=\"\"",
        ] {
            assert_eq!(bearer(&[field]), None, "{field}");
        }
    }

    #[test]
    fn a_realm_never_leaves_tls() {
        let registry: Url = "https://r/".parse().unwrap();
        let url = |realm: &str| challenge(realm, None, None).unwrap().realm_url(&registry);
        assert_eq!(
            url("https://a/t?x=y").unwrap().to_string(),
            "https://a/t?x=y"
        );
        for refused in ["http://a/t", "/t", "https://127.0.0.1/t", "file:///t", ""] {
            assert_eq!(url(refused).unwrap_err().kind(), Kind::Auth, "{refused}");
        }
    }
}
