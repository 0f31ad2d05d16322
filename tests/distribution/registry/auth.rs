//! Who may do what: Basic, and Bearer with a token service (distribution's token and OAuth2 specifications).

use super::{Answer, Asked, Registry, Route};

/// Every credential that is given out or asked for holds this, so that a test finds each of them wherever it went.
pub const MARK: &str = "s3cr3t";

#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Everyone may do everything.
    #[default]
    None,
    Basic {
        realm: String,
        /// A parameter that this scheme does not know.
        service: Option<&'static str>,
        users: Vec<User>,
    },
    Bearer(Bearer),
}

/// A user, or what is granted to the nameless.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: String,
    /// A repository's name or `*`, and the actions granted there: `pull`, `push`, `delete`, `*`.
    pub grants: Vec<(&'static str, &'static [&'static str])>,
}

impl User {
    /// Who may do all of it everywhere.
    pub fn owner() -> Self {
        Self {
            name: "owner".to_owned(),
            password: format!("{MARK}-password"),
            grants: vec![("*", &["pull", "push", "delete", "*"])],
        }
    }

    pub(super) fn may(&self, repository: &str, action: &str) -> bool {
        self.grants.iter().any(|(name, actions)| {
            (*name == "*" || *name == repository) && actions.contains(&action)
        })
    }
}

/// A token service and how the registry leads to it.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The URL of the token service.
    pub realm: String,
    pub service: Option<String>,
    /// Whether the challenge of `/v2/` names the service too. Where it does not, a token may be asked for without it.
    pub service_at_ping: bool,
    pub users: Vec<User>,
    /// What is granted without credentials.
    pub nobody: User,
    /// Whether a token is wanted even for what nobody needs one for.
    pub always: bool,
    pub posts: Posts,
    pub field: Field,
    /// How long a token lasts, in seconds, and whether the response says so.
    pub lifetime: u64,
    pub tells_lifetime: bool,
    /// Whether a scope of which nothing is granted is refused by the token service: 403. Else the token lacks it.
    pub refuses: bool,
    /// Whether Basic credentials are taken by the registry itself.
    pub basic: bool,
    /// What a request with a bad `Authorization` is answered with, if not with the challenge of all others.
    pub then: Option<String>,
    /// The scope of every challenge, if it is not what the request needs.
    pub scope: Option<String>,
    /// The action that a delete needs.
    pub delete: &'static str,
    /// The status for a token that is known no longer.
    pub expired: u16,
    /// Whether a challenge stands beside a 200 of `/v2/`.
    pub beside_success: bool,
    /// Whether a token says nothing of a scope that was not the first.
    pub first_scope_only: bool,
    /// The actions that a scope may have, if not any: 400 for others, and for what is no repository's scope.
    pub actions: Option<&'static [&'static str]>,
    /// The status for whoever has no name and wants no scope, if they get no token.
    pub nameless: Option<u16>,
}

/// What a token service does with POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posts {
    /// Passwords and refresh tokens; with `access_type=offline` a refresh token comes along.
    All,
    /// 400 for a password.
    RefreshOnly,
    /// This status.
    Refused(u16),
}

/// Where a token stands in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Token,
    AccessToken,
    Both,
}

impl Default for Bearer {
    fn default() -> Self {
        Self {
            realm: "https://auth.example/token".to_owned(),
            service: Some("registry.example".to_owned()),
            service_at_ping: true,
            users: vec![User::owner()],
            nobody: User {
                name: String::new(),
                password: String::new(),
                grants: Vec::new(),
            },
            always: true,
            posts: Posts::All,
            field: Field::Both,
            lifetime: 300,
            tells_lifetime: true,
            refuses: false,
            basic: false,
            then: None,
            scope: None,
            delete: "delete",
            expired: 401,
            beside_success: false,
            first_scope_only: false,
            actions: None,
            nameless: None,
        }
    }
}

impl Auth {
    /// The URL of the token service, if there is one.
    pub fn realm(&self) -> Option<&str> {
        match self {
            Self::Bearer(bearer) => Some(&bearer.realm),
            _ => None,
        }
    }

    pub fn is_realm(&self, url: &str) -> bool {
        // A port that goes without saying is said by some.
        let realm = self.realm().map(|realm| realm.replacen(":443/", "/", 1));
        realm.as_deref() == url.split('?').next()
    }
}

impl Registry {
    /// What refuses a request; `None` if it may pass.
    pub(super) fn admit(&self, asked: &Asked, route: &Route<'_>) -> Option<Answer> {
        // Whoever has the URL of a session elsewhere has the session, and a credential there went astray.
        if asked.origin() == super::uploads::ELSEWHERE {
            return asked
                .header("authorization")
                .map(|_| self.error(400, "UNSUPPORTED", "a credential went astray"));
        }
        let needs = needs(asked, route, &self.settings.auth);
        match &self.settings.auth {
            Auth::None => None,
            Auth::Basic {
                realm,
                service,
                users,
            } => {
                let user = basic_user(asked, users);
                let may = user
                    .is_some_and(|user| needs.iter().all(|(name, action)| user.may(name, action)));
                let service = service.map(|service| format!(",service=\"{service}\""));
                let challenge = format!("Basic realm=\"{realm}\"{}", service.unwrap_or_default());
                (!may).then(|| {
                    self.error(401, "UNAUTHORIZED", "Not Authorized")
                        .with("WWW-Authenticate", challenge)
                })
            }
            Auth::Bearer(bearer) => self.admit_bearer(asked, route, bearer, &needs),
        }
    }

    fn admit_bearer(
        &self,
        asked: &Asked,
        route: &Route<'_>,
        bearer: &Bearer,
        needs: &[(String, String)],
    ) -> Option<Answer> {
        let token = asked
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let access = token.and_then(|token| self.tokens.access.get(token));
        let is_expired = access.is_some_and(|access| access.expires <= asked.now);
        let granted = match access {
            Some(access) if !is_expired => needs.iter().all(|need| access.grants.contains(need)),
            _ => {
                let user = if bearer.basic {
                    basic_user(asked, &bearer.users)
                } else {
                    None
                };
                let nobody = (!bearer.always).then_some(&bearer.nobody);
                let is_ping = *route == Route::Ping;
                user.or(nobody.filter(|_| !is_ping))
                    .is_some_and(|user| needs.iter().all(|(name, action)| user.may(name, action)))
            }
        };
        if granted {
            return None;
        }
        if token.is_some() && (access.is_none() || is_expired) && bearer.expired != 401 {
            let message = "Your Authorization Token is invalid.";
            return Some(self.error(bearer.expired, "DENIED", message));
        }
        let challenge = match (&bearer.then, asked.header("authorization")) {
            (Some(then), Some(_)) => then.clone(),
            _ => {
                let lacks = access.is_some() && !is_expired;
                let mut bearer = bearer.clone();
                bearer.service = bearer
                    .service
                    .filter(|_| bearer.service_at_ping || *route != Route::Ping);
                bearer.challenge(needs, if lacks { "insufficient_scope" } else { "" })
            }
        };
        let refused = self.error(401, "UNAUTHORIZED", "authentication required");
        Some(refused.with("WWW-Authenticate", challenge))
    }

    /// Whether whoever asks may also read another repository.
    pub(super) fn may_pull(&self, asked: &Asked, repository: &str) -> bool {
        let need = (repository.to_owned(), "pull".to_owned());
        match &self.settings.auth {
            Auth::None => true,
            Auth::Basic { users, .. } => {
                basic_user(asked, users).is_some_and(|user| user.may(repository, "pull"))
            }
            Auth::Bearer(bearer) => {
                let token = asked
                    .header("authorization")
                    .and_then(|value| value.strip_prefix("Bearer "));
                token
                    .and_then(|token| self.tokens.access.get(token))
                    .is_some_and(|access| access.grants.contains(&need))
                    || (!bearer.always && bearer.nobody.may(repository, "pull"))
            }
        }
    }
}

impl Bearer {
    /// The value of `WWW-Authenticate` for a request that needs this.
    pub fn challenge(&self, needs: &[(String, String)], error: &str) -> String {
        let mut challenge = format!("Bearer realm=\"{}\"", self.realm);
        if let Some(service) = &self.service {
            challenge.push_str(&format!(",service=\"{service}\""));
        }
        let scope = self.scope.clone().or_else(|| scope_of(needs));
        if let Some(scope) = scope {
            challenge.push_str(&format!(",scope=\"{scope}\""));
        }
        if !error.is_empty() {
            challenge.push_str(&format!(",error=\"{error}\""));
        }
        challenge
    }
}

/// `Basic` and the credentials.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{name}:{password}").as_bytes()))
}

pub(super) fn basic_user<'a>(asked: &Asked, users: &'a [User]) -> Option<&'a User> {
    let header = asked.header("authorization")?;
    users
        .iter()
        .find(|user| basic(&user.name, &user.password) == header)
}

/// What a request needs, as repository and action.
fn needs(asked: &Asked, route: &Route<'_>, auth: &Auth) -> Vec<(String, String)> {
    let delete = match auth {
        Auth::Bearer(bearer) => bearer.delete,
        _ => "delete",
    };
    let name = match route {
        Route::Ping | Route::Discover(None) => return Vec::new(),
        Route::Catalog => return vec![("registry:catalog".to_owned(), "*".to_owned())],
        route => route.repository().unwrap_or_default(),
    };
    let actions: &[&str] = match (asked.method.as_str(), route) {
        ("DELETE", Route::Session(..)) => &["pull", "push"],
        ("GET" | "HEAD", Route::Session(..)) => &["push"],
        ("GET" | "HEAD", _) => &["pull"],
        ("DELETE", _) => &[delete],
        _ => &["pull", "push"],
    };
    actions
        .iter()
        .map(|action| (name.to_owned(), (*action).to_owned()))
        .collect()
}

fn scope_of(needs: &[(String, String)]) -> Option<String> {
    let (name, _) = needs.first()?;
    let actions: Vec<&str> = needs.iter().map(|(_, action)| action.as_str()).collect();
    let kind = if name.contains(':') {
        ""
    } else {
        "repository:"
    };
    Some(format!("{kind}{name}:{}", actions.join(",")))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_usize, |group, byte| group << 8 | usize::from(*byte));
        for place in 0..4 {
            text.push(if place <= chunk.len() {
                char::from(LETTERS[group >> (18 - 6 * place) & 63])
            } else {
                '='
            });
        }
    }
    text
}
