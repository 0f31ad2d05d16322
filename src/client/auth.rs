//! Who asks: Basic, and Bearer tokens by distribution's token specification.
//!
//! A registry is first asked without any proof. What it then challenges for is found, kept in memory, and sent from the start with
//! what follows, so that a stream need not be sent twice.

mod challenge;
mod proof;
mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::place::Place;
use super::scope::Scope;
use super::transport::{Body, Host, Payload, Piece as _};
use super::turns::Turns;
use super::{Client, response};
use crate::http::{Headers, Method, Request, Scheme, Url};
use crate::json::decimal;
use crate::{Error, Kind, Result};

pub use challenge::Challenge;
pub(super) use challenge::Offer;
use proof::{Means, Proof};
use tokens::{Granted, Tokens};

/// How much of a token response is read, in bytes.
const MAX_TOKEN_BYTES: u64 = 256 * 1024;
/// What token services know this client by.
const CLIENT_ID: &str = "pierhead";

/// What is known of one registry, or mirror, and its token service.
#[derive(Debug, Default)]
pub(super) struct Auth {
    known: Mutex<Known>,
    /// One fetches a token of some scope at a time, one asks for the credential: the others wait for what comes of it.
    fetching: Turns,
    asking: Turns,
}

#[derive(Debug, Default)]
struct Known {
    /// The `Authorization` field for everything: of Basic, or of a token for the registry itself.
    fixed: Option<Arc<Proof>>,
    /// The Bearer challenge that came last.
    challenge: Option<Challenge>,
    tokens: Tokens,
    /// What the host answered when it was asked.
    proof: Option<Option<Arc<Proof>>>,
    /// A refresh token, and the realm that gave it.
    granted: Option<(String, Arc<Proof>)>,
    /// Whether its token service takes only the other method than is tried first.
    other_method: bool,
    /// How many fetches have failed, and the last of them.
    failures: u64,
    failure: Option<(Scope, Error)>,
}

impl Auth {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `Authorization` field for a scope, if nobody need be asked for it.
    pub(super) fn at_hand(&self, scope: &Scope, now: u64) -> Option<String> {
        let known = self.known();
        match &known.fixed {
            Some(fixed) => Some(fixed.header.clone()),
            None => known.tokens.known(scope, now),
        }
    }

    /// Has the challenge that came last stand for one that is missing: ECR Public, known by a scope that no other registry has, answers 400
    /// without a challenge to a token that has expired. Whether it does.
    pub(super) fn challenges_anew(&self, offer: &mut Offer) -> bool {
        let known = self.known();
        let last = known.challenge.as_ref();
        offer.restore(last.filter(|last| last.scope.as_deref() == Some("aws")))
    }

    /// Says of a refusal by the registry what had been asked, and by whom.
    pub(super) fn explain(&self, error: Error, scope: &Scope, headers: &Headers) -> Error {
        if error.kind() != Kind::Auth {
            return error;
        }
        let mut message = error.message().to_owned();
        if !scope.as_str().is_empty() {
            message.push_str(" to ");
            message.push_str(scope.as_str());
        }
        let known = matches!(self.known().proof, Some(Some(_)));
        message.push_str(if known {
            ", asked with a credential"
        } else {
            ", asked without a credential"
        });
        if let Some(reason) = Offer::of(headers).error() {
            message.push_str(": ");
            message.push_str(reason);
        }
        error.with_message(message)
    }
}

impl<T: Host> Client<T> {
    /// The `Authorization` field to send from the start, if the registry is known to want one.
    pub(super) async fn authorization(
        &self,
        place: &Place,
        scope: &Scope,
    ) -> Result<Option<String>> {
        let at_hand = place.auth.at_hand(scope, self.host.now());
        if at_hand.is_some() {
            return Ok(at_hand);
        }
        let challenge = place.auth.known().challenge.clone();
        match challenge {
            Some(challenge) => match self.token(place, &challenge, scope).await {
                // Which scope there is instead, the registry says.
                Err(error) if error.status() == Some(400) => Ok(None),
                token => token.map(Some),
            },
            None => Ok(None),
        }
    }

    /// The `Authorization` field that answers a challenge, unless nothing can be said that was not `said` already. `asked` grows by
    /// the scope that the registry wants. `fresh` is what was said if it was found for this very request.
    pub(super) async fn answer(
        &self,
        place: &Place,
        offer: Offer,
        asked: &mut Scope,
        said: Option<&str>,
        fresh: bool,
    ) -> Result<Option<String>> {
        let basic = offer.basic;
        let bearer = offer.bearer;
        let wanted = bearer.as_ref().and_then(|bearer| bearer.scope.as_deref());
        let merged = asked.clone().and(wanted.unwrap_or_default());
        if fresh && (bearer.is_none() || merged == *asked) {
            return Ok(None);
        }
        {
            let mut known = place.auth.known();
            known.refuse(said);
            known.challenge = bearer.clone();
        }
        *asked = merged;
        let answer = if let Some(challenge) = bearer {
            let wanted = Scope::none().and(challenge.scope.as_deref().unwrap_or_default());
            let mut alone = Some(wanted).filter(|wanted| *wanted != *asked);
            loop {
                let token = self.token(place, &challenge, asked).await;
                match (token, alone.take()) {
                    // Not every service knows the action "delete": then what the registry asks for has to do.
                    (Err(error), Some(wanted)) if error.status() == Some(400) => *asked = wanted,
                    (token, _) => break Some(token?),
                }
            }
        } else if basic {
            self.permit_proof(&place.endpoint)?;
            let proof = self.proof(place).await?;
            let password = proof.filter(|proof| proof.means == Means::Password);
            password.map(|password| place.auth.fix(password))
        } else {
            None
        };
        Ok(answer.filter(|answer| said != Some(answer)))
    }

    /// A token for a scope, from what is known or from the token service. Of many who want the same, one fetches it; if that fails,
    /// it has failed for all of them.
    async fn token(&self, place: &Place, challenge: &Challenge, scope: &Scope) -> Result<String> {
        let failures = place.auth.known().failures;
        let mut turn = place
            .auth
            .fetching
            .take(scope.as_str(), self.options.room(1));
        (&mut turn).await;
        {
            let known = place.auth.known();
            if let Some(header) = known.tokens.known(scope, self.host.now()) {
                return Ok(header);
            }
            if known.failures > failures
                && let Some((failed, error)) = &known.failure
                && failed == scope
            {
                return Err(error.without_source());
            }
        }
        let fetched = self.fetch_token(place, challenge, scope).await;
        if let Err(error) = &fetched {
            let mut known = place.auth.known();
            known.failures += 1;
            known.failure = Some((scope.clone(), error.without_source()));
        }
        fetched
    }

    /// Takes a token from the challenge's realm, by whatever proves who asks: a refresh token that was granted before, the credential,
    /// and where that was known before and is refused, the credential that the host then gives, if that is another one.
    async fn fetch_token(
        &self,
        place: &Place,
        challenge: &Challenge,
        scope: &Scope,
    ) -> Result<String> {
        let realm = challenge.realm_url(&place.endpoint)?;
        let may_prove =
            self.permit_proof(&place.endpoint).is_ok() && self.permit_proof(&realm).is_ok();
        let mut refused: Option<(Arc<Proof>, Error)> = None;
        // Token services know GET; OAuth 2.0's POST, which is meant for refresh tokens, not all of them.
        let (mut other_method, mut switched) = (place.auth.known().other_method, false);
        loop {
            let (granted, asked_before) = {
                let known = place.auth.known();
                let granted = known.granted.as_ref();
                let granted = granted.filter(|(realm, _)| may_prove && *realm == challenge.realm);
                (
                    granted.map(|(_, proof)| proof.clone()),
                    known.proof.is_some(),
                )
            };
            let by_grant = granted.is_some();
            let proof = if by_grant || !may_prove {
                granted
            } else {
                self.proof(place).await?
            };
            if let Some((refused, error)) = refused.take()
                && proof.as_ref() == Some(&refused)
            {
                return Err(error);
            }
            if let Some(proof) = proof.as_ref().filter(|proof| proof.means == Means::Token) {
                return Ok(place.auth.fix(proof.clone()));
            }
            let asked = self.host.now();
            let refreshes = proof
                .as_ref()
                .is_some_and(|proof| proof.means == Means::RefreshToken);
            let posts = proof.is_some() && refreshes != other_method;
            let (request, form) =
                token_request(realm.clone(), challenge, scope, proof.as_deref(), posts)?;
            let mut payload = Some(match form {
                Some(form) => Payload::Piece(<T::Body as Body>::Piece::new(form.into_bytes())),
                None => Payload::None,
            });
            let mut answer = self.follow(None, request, &mut payload).await?;
            let status = answer.status;
            let unknown = matches!(status, 404 | 405);
            if proof.is_some() && unknown && !switched && !by_grant {
                (other_method, switched) = (!other_method, true);
                continue;
            }
            let read = response::read(&mut answer, MAX_TOKEN_BYTES, &self.host).await;
            let mut known = place.auth.known();
            if let Err(error) = read {
                let error = service_error(error);
                let is_refusal = matches!(status, 400 | 401 | 403) || by_grant && unknown;
                let Some(proof) = proof.filter(|_| is_refusal) else {
                    return Err(error);
                };
                if by_grant {
                    known.granted = None;
                    continue;
                }
                known.proof = None;
                if !asked_before {
                    return Err(error);
                }
                refused = Some((proof, error));
                continue;
            }
            let granted = Granted::parse(&answer.bytes).map_err(|error| answer.located(error))?;
            known.other_method = other_method;
            known.tokens.keep(scope, &granted, asked);
            if let Some(token) = granted.refresh_token {
                known.granted =
                    Some((challenge.realm.clone(), Proof::refresh_token(&token).into()));
            }
            return Ok(granted.header);
        }
    }

    /// What proves who asks a registry. The host is asked once, whatever it answers, and again only once what it gave was refused.
    async fn proof(&self, place: &Place) -> Result<Option<Arc<Proof>>> {
        let mut turn = place.auth.asking.take("", self.options.room(1));
        (&mut turn).await;
        let known = place.auth.known().proof.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let given = self.host.credential(&place.name).await?;
        let proof = given.map(Proof::new).transpose()?.map(Arc::new);
        place.auth.known().proof = Some(proof.clone());
        Ok(proof)
    }

    /// Whether a credential may be sent to a URL: over TLS, to this machine, or by plain HTTP where that is wanted.
    fn permit_proof(&self, url: &Url) -> Result<()> {
        if url.scheme() == Scheme::Https || url.origin().is_loopback() || self.options.plain_http {
            return Ok(());
        }
        Err(Error::new(
            Kind::Auth,
            "no credential is sent by plain HTTP to another machine unless that is allowed",
        )
        .at(url))
    }
}

impl Auth {
    /// Has everything to come sent with this proof, by the field that is returned.
    fn fix(&self, proof: Arc<Proof>) -> String {
        let header = proof.header.clone();
        self.known().fixed = Some(proof);
        header
    }
}

impl Known {
    /// Forgets what the registry refused, and the credential where that itself was sent.
    fn refuse(&mut self, said: Option<&str>) {
        let Some(said) = said else {
            return;
        };
        self.tokens.forget(said);
        if self.fixed.take_if(|fixed| fixed.header == said).is_some() {
            self.proof = None;
        }
    }
}

/// What is sent to a token service, and the form that goes with it: by POST as OAuth 2.0 has it (distribution's `oauth.md`), else by GET.
fn token_request(
    realm: Url,
    challenge: &Challenge,
    scope: &Scope,
    proof: Option<&Proof>,
    posts: bool,
) -> Result<(Request, Option<String>)> {
    let service = challenge.service.as_deref();
    let mut request = Request::new(Method::Get, realm);
    request.headers.add("accept", "application/json");
    let Some(proof) = proof.filter(|_| posts) else {
        if let Some(service) = service {
            request.url = request.url.with_query("service", service);
        }
        for scope in scope.as_str().split_ascii_whitespace() {
            request.url = request.url.with_query("scope", scope);
        }
        if let Some(proof) = proof {
            let header = proof.header.as_str();
            request.headers.add("authorization", header);
        }
        return Ok((request, None));
    };
    request.method = Method::Post;
    request
        .headers
        .add("content-type", "application/x-www-form-urlencoded");
    let mut form = proof.form.clone();
    proof::add_field(&mut form, "client_id", CLIENT_ID);
    proof::add_field(&mut form, "service", service.unwrap_or_default());
    if !scope.as_str().is_empty() {
        proof::add_field(&mut form, "scope", scope.as_str());
    }
    Ok((request, Some(form)))
}

/// What the token service answered in place of a token, as an authentication error.
fn service_error(error: Error) -> Error {
    let Some(status) = error.status() else {
        return error;
    };
    let mut message = String::from("the token service answered ");
    message.push_str(&decimal(status.into()));
    error.with_kind(Kind::Auth, "").with_message(message)
}
