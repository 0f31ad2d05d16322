//! Anonymous Bearer tokens (distribution's token authentication specification).

use std::sync::{Mutex, PoisonError};

use crate::http::{Headers, Scheme, Url};
use crate::json::Tree;
use crate::{Error, Kind, Result};

/// How much of a token response is read, in bytes.
pub(super) const MAX_TOKEN_BYTES: u64 = 256 * 1024;
/// What a token lasts if its response does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 60;
/// A token is not used in its last seconds: the request must still find it valid.
const MARGIN: u64 = 5;
/// How many tokens are kept.
const MAX_TOKENS: usize = 1024;

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
}

impl Challenge {
    /// The first Bearer challenge with a realm among all `WWW-Authenticate` fields (RFC 9110, section 11.6.1): there may be
    /// several in one field, and their quoted values may hold commas.
    #[must_use]
    pub fn bearer(headers: &Headers) -> Option<Self> {
        headers
            .all("www-authenticate")
            .flat_map(challenges)
            .find(|(scheme, challenge)| {
                scheme.eq_ignore_ascii_case("bearer") && !challenge.realm.is_empty()
            })
            .map(|(_, challenge)| challenge)
    }

    /// The URL that gives a token for `scope`, or for the challenge's own where `scope` is empty.
    ///
    /// # Errors
    /// [`Kind::Auth`] if the realm is no URL, is plain HTTP while the registry is reached over TLS, or is an address of this
    /// machine while the registry is not.
    pub(super) fn token_url(&self, registry: &Url, scope: &str) -> Result<Url> {
        let mut url: Url = self.realm.parse().map_err(|error: Error| {
            Error::new(Kind::Auth, "the token realm is no URL").with_source(error)
        })?;
        let refused = |reason| Err(Error::new(Kind::Auth, reason).with_url(&url.to_string()));
        if registry.scheme() == Scheme::Https && url.scheme() == Scheme::Http {
            return refused("the token realm is reached by plain HTTP");
        }
        if url.origin().is_local() && !registry.origin().is_local() {
            return refused("the token realm is an address of this machine or its link");
        }
        if let Some(service) = &self.service {
            url = url.with_query("service", service);
        }
        let scope = if scope.is_empty() {
            self.scope.as_deref().unwrap_or_default()
        } else {
            scope
        };
        Ok(if scope.is_empty() {
            url
        } else {
            url.with_query("scope", scope)
        })
    }
}

/// What the token service answered in place of a token, as an authentication error.
pub(super) fn refused(error: Error) -> Error {
    if error.kind() != Kind::Registry {
        return error;
    }
    let (status, retry_after, entries) = (
        error.status().unwrap_or_default(),
        error.retry_after(),
        error.entries().to_vec(),
    );
    let url = error.url().unwrap_or_default().to_owned();
    Error::new(Kind::Auth, format!("the token service answered {status}"))
        .with_status(status)
        .with_retry_after(retry_after)
        .with_entries(entries)
        .with_url(&url)
        .with_source(error)
}

/// Tokens by scope, while they last. So few that they are searched one by one.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Vec<Token>>);

#[derive(Debug)]
struct Token {
    scope: String,
    header: String,
    expires: u64,
}

impl Tokens {
    /// The `Authorization` header for a scope, if a token for it is still valid at `now` (milliseconds).
    pub(super) fn known(&self, scope: &str, now: u64) -> Option<String> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .iter()
            .find(|token| token.scope == scope && token.expires > now)
            .map(|token| token.header.clone())
    }

    /// Reads a token response, keeps its token and returns the `Authorization` header.
    pub(super) fn keep(&self, scope: &str, response: &[u8], now: u64) -> Result<String> {
        let tree = Tree::parse(response).map_err(|error| {
            Error::new(Kind::Auth, "the token response is not JSON").with_source(error)
        })?;
        let root = tree.root(response);
        let token = ["token", "access_token"]
            .iter()
            .find_map(|key| root.get(key)?.as_str().filter(|token| !token.is_empty()));
        let token =
            token.ok_or_else(|| Error::new(Kind::Auth, "the token response holds no token"))?;
        // RFC 6750, section 2.1: a token is never more than printable ASCII, so it cannot end its header.
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                Kind::Auth,
                "the token holds characters that a token cannot",
            ));
        }
        let lifetime = root
            .get("expires_in")
            .and_then(|value| value.as_u64())
            .unwrap_or(DEFAULT_LIFETIME);
        let expires = now.saturating_add(lifetime.saturating_sub(MARGIN).saturating_mul(1000));
        let header = format!("Bearer {token}");
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|token| token.expires > now && token.scope != scope);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.push(Token {
            scope: scope.to_owned(),
            header: header.clone(),
            expires,
        });
        Ok(header)
    }
}

/// The challenges of one `WWW-Authenticate` field: scheme, and the parameters that a Bearer challenge has.
fn challenges(field: &str) -> Vec<(String, Challenge)> {
    let mut found: Vec<(String, Challenge)> = Vec::new();
    for part in split_unquoted(field) {
        // `Scheme name=value` begins a challenge, `name=value` goes on with it, `Scheme` is one without parameters.
        let (head, value) = part.split_once('=').map_or((part, None), |(head, value)| {
            (head.trim(), Some(value.trim()))
        });
        let name = match head.split_once(|character: char| character.is_ascii_whitespace()) {
            Some((scheme, name)) => {
                found.push((scheme.to_owned(), Challenge::default()));
                name.trim()
            }
            None if value.is_none() => {
                found.push((head.to_owned(), Challenge::default()));
                continue;
            }
            None => head,
        };
        if let (Some((_, challenge)), Some(value)) = (found.last_mut(), value) {
            let value = unquoted(value);
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
        }
    }
    found
}

/// The parts of a list between commas that stand outside quotes, trimmed; empty ones are left out.
fn split_unquoted(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, byte) in list.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(list.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(list.get(start..).unwrap_or_default());
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// A token or quoted string (RFC 9110, section 5.6.4) as what it stands for.
fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(fields: &[&str]) -> Option<Challenge> {
        let mut headers = Headers::new();
        for field in fields {
            headers.append("WWW-Authenticate", *field).unwrap();
        }
        Challenge::bearer(&headers)
    }

    fn challenge(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        Some(Challenge {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
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
        assert_eq!(
            bearer(&[r#"Basic realm="x, Bearer y", bearer realm="https://a/t""#]),
            expected
        );
        assert_eq!(
            bearer(&["Negotiate", r#"Bearer realm="https://a/t""#]),
            expected
        );
        assert_eq!(
            bearer(&[r#"Negotiate, Bearer   realm = "https://a/t""#]),
            expected
        );
        assert_eq!(bearer(&[r#"Bearer realm="https:\/\/a/t""#]), expected);
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
        let url = |realm: &str| {
            Challenge {
                realm: realm.into(),
                service: Some("a b".into()),
                scope: None,
            }
            .token_url(&registry, "repository:x:pull")
        };
        assert_eq!(
            url("https://a/t?x=y").unwrap().to_string(),
            "https://a/t?x=y&service=a%20b&scope=repository%3Ax%3Apull"
        );
        assert_eq!(url("http://a/t").unwrap_err().kind(), Kind::Auth);
        assert_eq!(url("/t").unwrap_err().kind(), Kind::Auth);
        assert_eq!(url("https://127.0.0.1/t").unwrap_err().kind(), Kind::Auth);
    }

    #[test]
    fn a_token_is_used_until_shortly_before_it_expires() {
        let tokens = Tokens::default();
        assert_eq!(
            tokens
                .keep("s", br#"{"token":"t","expires_in":10}"#, 1000)
                .unwrap(),
            "Bearer t"
        );
        assert_eq!(tokens.known("s", 5999).as_deref(), Some("Bearer t"));
        assert_eq!(tokens.known("s", 6000), None);
        assert_eq!(tokens.known("other", 1000), None);
        tokens.keep("d", br#"{"access_token":"u"}"#, 0).unwrap();
        assert_eq!(tokens.known("d", 54_999).as_deref(), Some("Bearer u"));
        assert_eq!(tokens.known("d", 55_000), None);
    }

    #[test]
    fn a_malformed_token_response_is_an_authentication_error() {
        for response in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"token":""}"#,
            br#"{"token":1}"#,
            br#"{"token":"a\r\nb"}"#,
            br#"{"token":"a b"}"#,
        ] {
            assert_eq!(
                Tokens::default().keep("s", response, 0).unwrap_err().kind(),
                Kind::Auth
            );
        }
    }
}
