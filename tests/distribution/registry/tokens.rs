//! The token service: by GET and by an OAuth2 form (distribution's token and OAuth2 specifications).

use std::collections::BTreeMap;

use serde_json::json;

use super::auth::{MARK, basic_user};
use super::{Answer, Asked, Auth, Bearer, Field, Posts, Registry, User};

/// Tokens that were issued.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    pub(super) access: BTreeMap<String, Access>,
    /// Refresh token to user.
    refresh: BTreeMap<String, String>,
    issued: u64,
}

#[derive(Clone, Debug)]
pub struct Access {
    /// Repository and action; `registry:catalog` and `*` for the catalog.
    pub(super) grants: Vec<(String, String)>,
    /// Milliseconds.
    pub(super) expires: u64,
}

impl Registry {
    /// A refresh token of the first user, as another tool's login would have left it.
    pub fn refresh_token(&mut self) -> String {
        let token = format!("{MARK}-refresh-{}", self.tokens.refresh.len());
        let Auth::Bearer(bearer) = &self.settings.auth else {
            panic!("there is no token service");
        };
        let user = bearer.users[0].name.clone();
        self.tokens.refresh.insert(token.clone(), user);
        token
    }

    /// Takes no token any longer that was issued so far.
    pub fn forget_tokens(&mut self) {
        self.tokens.access.clear();
    }

    /// Answers a request to the token service.
    pub(super) fn issue(&mut self, asked: &Asked) -> Answer {
        let Auth::Bearer(bearer) = self.settings.auth.clone() else {
            return self.error(404, "UNSUPPORTED", "no token service");
        };
        let errors = self.settings.errors;
        let refused = |status, code, message| errors.answer(status, code, message);
        if !asked.is("GET") && !asked.is("POST") {
            return refused(405, "UNSUPPORTED", "no such method");
        }
        let service = asked.parameter("service");
        if bearer.service != service && (bearer.service_at_ping || service.is_some()) {
            return refused(400, "UNSUPPORTED", "the token is for another service");
        }
        let mut refresh = None;
        let user = if asked.is("GET") {
            match (
                asked.header("authorization"),
                basic_user(asked, &bearer.users),
            ) {
                (Some(_), None) => return refused(401, "UNAUTHORIZED", "bad credentials"),
                (_, user) => user,
            }
        } else {
            if let Posts::Refused(status) = bearer.posts {
                return refused(status, "UNSUPPORTED", "no such method");
            }
            match self.by_form(asked, &bearer) {
                Ok((user, token)) => {
                    refresh = token;
                    Some(user)
                }
                Err(refused) => return refused,
            }
        };
        let user = user.unwrap_or(&bearer.nobody);
        let mut scopes: Vec<String> = asked
            .parameters("scope")
            .iter()
            .flat_map(|scopes| scopes.split(' '))
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(known) = bearer.actions
            && !scopes.iter().all(|scope| has_actions(scope, known))
        {
            return refused(400, "INVALID_REQUEST", "no such scope");
        }
        if let Some(status) = bearer.nameless
            && user.name.is_empty()
            && scopes.is_empty()
        {
            return refused(status, "DENIED", "who asks for what?");
        }
        if bearer.first_scope_only {
            scopes.truncate(1);
        }
        let grants = granted(&scopes, user);
        if bearer.refuses && !scopes.is_empty() && grants.is_empty() {
            return refused(403, "DENIED", "requested access to the resource is denied");
        }
        self.tokens.issued += 1;
        let token = format!("{MARK}-token-{}", self.tokens.issued);
        let access = Access {
            grants,
            expires: asked.now + bearer.lifetime * 1000,
        };
        self.tokens.access.insert(token.clone(), access);
        let mut body = json!({});
        if bearer.field != Field::AccessToken {
            body["token"] = json!(token);
        }
        if bearer.field != Field::Token {
            body["access_token"] = json!(token);
        }
        if bearer.tells_lifetime {
            body["expires_in"] = json!(bearer.lifetime);
        }
        if let Some(refresh) = refresh {
            body["refresh_token"] = json!(refresh);
        }
        Answer::new(200).json(&body)
    }

    /// The user of an OAuth2 form, and the refresh token that is given in return.
    fn by_form<'a>(
        &mut self,
        asked: &Asked,
        bearer: &'a Bearer,
    ) -> Result<(&'a User, Option<String>), Answer> {
        let field = |name| asked.parameter(name).unwrap_or_default();
        let find = |name: &str| bearer.users.iter().find(|user| user.name == name);
        let bad = || Err(self.error(401, "UNAUTHORIZED", "bad credentials"));
        match field("grant_type").as_str() {
            "refresh_token" => {
                let token = field("refresh_token");
                let Some(user) = self.tokens.refresh.get(&token).and_then(|name| find(name)) else {
                    return bad();
                };
                Ok((user, Some(token)))
            }
            "password" if bearer.posts == Posts::All => {
                let Some(user) =
                    find(&field("username")).filter(|user| user.password == field("password"))
                else {
                    return bad();
                };
                let is_offline = field("access_type") == "offline";
                let token = is_offline.then(|| {
                    let token = format!("{MARK}-refresh-{}", self.tokens.refresh.len());
                    self.tokens.refresh.insert(token.clone(), user.name.clone());
                    token
                });
                Ok((user, token))
            }
            _ => Err(self.error(400, "UNSUPPORTED", "no such grant")),
        }
    }
}

/// Whether a scope is one of a repository, and of these actions.
fn has_actions(scope: &str, known: &[&str]) -> bool {
    scope.starts_with("repository:")
        && scope
            .rsplit_once(':')
            .is_some_and(|(_, actions)| actions.split(',').all(|action| known.contains(&action)))
}

/// What of the scopes a user has: the name may hold colons, so it ends at the last.
fn granted(scopes: &[String], user: &User) -> Vec<(String, String)> {
    scopes
        .iter()
        .filter_map(|scope| {
            let (head, actions) = scope.rsplit_once(':')?;
            let name = head.strip_prefix("repository:").unwrap_or(head);
            Some((name, actions))
        })
        .flat_map(|(name, actions)| {
            actions
                .split(',')
                .filter(|action| user.may(name, action))
                .map(|action| (name.to_owned(), action.to_owned()))
        })
        .collect()
}
