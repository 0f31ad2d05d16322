//! Tokens while they last.

use super::super::scope::Scope;
use super::proof::bearer;
use crate::json::Tree;
use crate::{Error, Kind, Result};

/// What a token lasts if its response does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 60;
/// A token is not used in its last seconds: the request must still find it valid.
const MARGIN: u64 = 5;
/// How many tokens are kept.
const MAX_TOKENS: usize = 1024;

/// Tokens by scope. So few that they are searched one by one.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Token>);

struct Token {
    scope: Scope,
    header: String,
    expires: u64,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.scope.as_str())
    }
}

impl Tokens {
    /// The `Authorization` header for a scope, if a token for it or for more is still valid at `now` (milliseconds).
    pub(super) fn known(&self, scope: &Scope, now: u64) -> Option<String> {
        self.0
            .iter()
            .find(|token| token.expires > now && token.scope.covers(scope))
            .map(|token| token.header.clone())
    }

    /// Keeps a token that was asked for at `asked` (milliseconds).
    pub(super) fn keep(&mut self, scope: &Scope, granted: &Granted, asked: u64) {
        let lifetime = granted.lifetime.saturating_sub(MARGIN).saturating_mul(1000);
        self.0
            .retain(|token| token.expires > asked && !scope.covers(&token.scope));
        if self.0.len() >= MAX_TOKENS {
            self.0.clear();
        }
        self.0.push(Token {
            scope: scope.clone(),
            header: granted.header.clone(),
            expires: asked.saturating_add(lifetime),
        });
    }

    /// Forgets what the registry no longer takes.
    pub(super) fn forget(&mut self, header: &str) {
        self.0.retain(|token| token.header != header);
    }
}

/// What a token service grants.
pub(super) struct Granted {
    /// The `Authorization` header.
    pub(super) header: String,
    /// In seconds.
    lifetime: u64,
    /// To have further tokens by.
    pub(super) refresh_token: Option<String>,
}

impl Granted {
    /// Reads a token response: `token`, or `access_token` as OAuth 2.0 calls it.
    pub(super) fn parse(response: &[u8]) -> Result<Self> {
        let tree = Tree::parse(response).map_err(|error| {
            Error::new(Kind::Auth, "the token response is not JSON").with_source(error)
        })?;
        let root = tree.root(response);
        let text = |key| root.get(key)?.as_str().filter(|text| !text.is_empty());
        let token = text("token").or_else(|| text("access_token"));
        let token =
            token.ok_or_else(|| Error::new(Kind::Auth, "the token response holds no token"))?;
        let header = bearer(&token).ok_or_else(|| {
            Error::new(Kind::Auth, "the token holds characters that a token cannot")
        })?;
        let lifetime = root.get("expires_in").and_then(|value| value.as_u64());
        Ok(Self {
            header,
            lifetime: lifetime.unwrap_or(DEFAULT_LIFETIME),
            refresh_token: text("refresh_token").map(Into::into),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::none().and(text)
    }

    fn kept(tokens: &mut Tokens, name: &str, response: &str, asked: u64) {
        let granted = Granted::parse(response.as_bytes()).unwrap();
        tokens.keep(&scope(name), &granted, asked);
    }

    #[test]
    fn a_token_is_used_until_shortly_before_it_expires() {
        let mut tokens = Tokens::default();
        kept(&mut tokens, "s", r#"{"token":"t","expires_in":10}"#, 1000);
        assert_eq!(tokens.known(&scope("s"), 5999).as_deref(), Some("Bearer t"));
        assert_eq!(tokens.known(&scope("s"), 6000), None);
        assert_eq!(tokens.known(&scope("other"), 1000), None);
        kept(&mut tokens, "d", r#"{"access_token":"u"}"#, 0);
        assert_eq!(
            tokens.known(&scope("d"), 54_999).as_deref(),
            Some("Bearer u")
        );
        assert_eq!(tokens.known(&scope("d"), 55_000), None);
    }

    #[test]
    fn a_token_for_more_serves_less_and_takes_its_place() {
        let mut tokens = Tokens::default();
        kept(&mut tokens, "repository:a:pull", r#"{"token":"pull"}"#, 0);
        kept(
            &mut tokens,
            "repository:a:pull,push",
            r#"{"token":"push"}"#,
            0,
        );
        let known = tokens.known(&scope("repository:a:pull"), 1);
        assert_eq!(known.as_deref(), Some("Bearer push"));
        assert_eq!(tokens.0.len(), 1);
        tokens.forget("Bearer push");
        assert_eq!(tokens.known(&scope("repository:a:pull"), 1), None);
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
                Granted::parse(response).err().map(|error| error.kind()),
                Some(Kind::Auth)
            );
        }
    }

    #[test]
    fn a_refresh_token_is_taken_from_the_response() {
        let granted = |response: &str| Granted::parse(response.as_bytes()).unwrap().refresh_token;
        assert_eq!(
            granted(r#"{"token":"t","refresh_token":"r"}"#).as_deref(),
            Some("r")
        );
        assert_eq!(granted(r#"{"token":"t","refresh_token":""}"#), None);
    }
}
