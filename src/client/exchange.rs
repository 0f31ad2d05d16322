//! One request and its answer: tokens, redirects, and whom to trust with what.

use super::ask::{Answer, Answered, Call};
use super::auth::Offer;
use super::place::Place;
use super::retry;
use super::scope::Scope;
use super::transport::{Chunks as _, Host, Payload};
use super::{Client, response};
use crate::digest::Digest;
use crate::http::{Headers, Method, Request, Scheme, Url};
use crate::{Error, Kind, Result};

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// How often a registry may challenge one request: once for what it did not know, or no longer takes, and once more for a scope
/// that it had not named.
const MAX_CHALLENGES: u32 = 2;

impl<T: Host> Client<T> {
    /// Sends a request, by way of the mirrors where it only reads, with whatever proves who asks, and again where it fails in passing.
    /// The answer may be of any status.
    pub(super) async fn deliver(&self, call: &mut Call<T::Body>) -> Answered<T::Body> {
        let home = self.home(&call.request.url);
        let by_mirrors =
            !call.origin_only && call.request.url.origin() == self.origin.endpoint.origin();
        let mut mirrors = self.mirrors.iter().filter(move |_| by_mirrors);
        let (mut attempt, begun) = (0, self.host.now());
        loop {
            let mirror = mirrors.next();
            let place = mirror.unwrap_or(home);
            if mirror.is_some() && place.is_resting(self.host.now()) {
                continue;
            }
            let mut request = call.request.clone();
            if mirror.is_some() {
                request.url = place.endpoint.join(request.url.target())?;
                request.url = request.url.with_query("ns", &self.origin.name);
            }
            let outcome = self.send(place, request, call).await;
            if mirror.is_some() {
                if let Some(answer) = self.taken(place, &call.request.headers, outcome) {
                    return Ok(answer);
                }
                continue;
            }
            let pause = self.next_attempt(&outcome, call.idempotent, attempt, begun);
            let Some(pause) = pause.filter(|_| call.payload.is_some() && !call.once) else {
                return outcome;
            };
            attempt += 1;
            drop(outcome);
            self.host.sleep(pause).await;
        }
    }

    /// Whose a URL is, the registry's if nobody else's: a page of a mirror's list leads to the next one there.
    pub(super) fn home(&self, url: &Url) -> &Place {
        let mut mirrors = self.mirrors.iter();
        let of_mirror = mirrors.find(|place| url.origin() == place.endpoint.origin());
        of_mirror.unwrap_or(&self.origin)
    }

    pub(super) fn has_mirrors(&self) -> bool {
        !self.mirrors.is_empty()
    }

    /// Whether a URL is of the registry, or of one of its mirrors.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        self.home(url).endpoint.origin() == url.origin()
    }

    /// Sends a request, with whatever is known to prove who asks, and minds no answer.
    pub(super) fn send_unheeded(&self, method: Method, url: Url, scope: &Scope) {
        let mut request = Request::new(method, url);
        if request.url.origin() == self.origin.endpoint.origin()
            && let Some(known) = self.origin.auth.at_hand(scope, self.host.now())
            && request.headers.set("authorization", known).is_err()
        {
            return;
        }
        self.host.send_unheeded(request);
    }

    /// What a mirror answered, if that will do for a request with the headers `asked`.
    fn taken(
        &self,
        place: &Place,
        asked: &Headers,
        outcome: Answered<T::Body>,
    ) -> Option<Box<Answer<T::Body>>> {
        let answer = match outcome {
            Ok(answer) if !retry::is_passing_status(answer.status) => answer,
            _ => {
                place.rest(self.host.now());
                return None;
            }
        };
        let asked_for = |name| asked.get(name).is_some();
        let answers = match answer.status {
            200 => true,
            206 => asked_for("range"),
            304 => asked_for("if-none-match"),
            _ => false,
        };
        (answers && says_what_was_asked(&answer)).then_some(answer)
    }

    /// How many milliseconds to wait before a request is sent again; `None` if it is not to be.
    fn next_attempt(
        &self,
        outcome: &Answered<T::Body>,
        idempotent: bool,
        attempt: u32,
        begun: u64,
    ) -> Option<u64> {
        let options = &self.options;
        let (undone, retry_after) = match outcome {
            Ok(answer) if retry::is_passing_status(answer.status) => {
                let retry_after = retry::retry_after(&answer.headers);
                // Who is told when to come again has not been served.
                (answer.status == 429 && retry_after.is_some(), retry_after)
            }
            // A token was not to be had, so nothing has been done.
            Err(error) if error.kind() == Kind::Auth => {
                error
                    .status()
                    .filter(|status| retry::is_passing_status(*status))?;
                (true, error.retry_after())
            }
            Err(error) if retry::is_passing(error) => (false, None),
            _ => return None,
        };
        if attempt >= options.retries
            || !(idempotent || undone)
            || retry_after.is_some_and(|seconds| seconds > options.max_retry_after)
        {
            return None;
        }
        let pause = retry::pause(options, attempt, retry_after, self.host.random());
        let elapsed = self.host.now().saturating_sub(begun);
        (elapsed.saturating_add(pause) <= options.max_elapsed).then_some(pause)
    }

    /// Sends a request to a place once, but for challenges, which are answered. The response may be of any status.
    async fn send(
        &self,
        place: &Place,
        mut request: Request,
        call: &mut Call<T::Body>,
    ) -> Answered<T::Body> {
        let origin = place.endpoint.origin();
        let own = request.url.origin() == origin;
        let mut asked = call.scope.clone();
        let mut said = None;
        if own {
            said = self.authorization(place, &call.scope).await?;
        }
        let mut challenged = 0;
        let room = self.options.room(self.options.concurrency);
        loop {
            if let Some(said) = &said {
                request.headers.set("authorization", said.as_str())?;
            }
            let mut turn = place.turns.take("", room);
            (&mut turn).await;
            let followed = self.follow(Some(place), request.clone(), &mut call.payload);
            let response = followed.await?;
            drop(turn);
            if call.payload.is_none() || challenged >= MAX_CHALLENGES {
                return Ok(response);
            }
            if !own || response.from.origin() != origin {
                return Ok(response);
            }
            let mut offer = Offer::of(&response.headers);
            let is_challenge = match response.status {
                401 => true,
                403 => offer.error() == Some("insufficient_scope"),
                400 if challenged == 0 && said.is_some() => place.auth.challenges_anew(&mut offer),
                _ => false,
            };
            if !is_challenge {
                return Ok(response);
            }
            let fresh = challenged > 0;
            let answer = self
                .answer(place, offer, &mut asked, said.as_deref(), fresh)
                .await?;
            if answer.is_none() {
                return Ok(response);
            }
            said = answer;
            challenged += 1;
        }
    }

    /// Sends a request and follows its redirects. Credentials stay with their origin, nothing goes from TLS to the clear, and
    /// nobody else's registry leads to what is on this machine. Without a `place`, it is a token that is asked for: what proves who
    /// asks for it is led nowhere else.
    pub(super) async fn follow(
        &self,
        place: Option<&Place>,
        mut request: Request,
        payload: &mut Option<Payload<T::Body>>,
    ) -> Answered<T::Body> {
        let is_secret = request.headers.get("authorization").is_some()
            || !matches!(payload, Some(Payload::None));
        let confined = place.is_none() && is_secret;
        for _ in 0..MAX_REDIRECTS + 1 {
            let url = request.url.clone();
            let located = |error: Error| error.at(&url);
            // There is one as long as this goes on.
            let sent = payload.take().unwrap_or(Payload::None);
            *payload = sent.again();
            let mut message = self
                .host
                .send(request.clone(), sent)
                .await
                .map_err(located)?;
            if let Some(place) = place.filter(|place| url.origin() == place.endpoint.origin()) {
                let warn = |text: &str| self.host.warned(&place.name, text);
                self.notices.hear(&place.name, &message.headers, warn);
            }
            if let Some(followed) = message.url.take() {
                // The host would not let its redirects be seen, so the last of them is judged now.
                self.permit(&url, &followed)?;
                request.url = followed;
            }
            let answered = &request.url;
            if !matches!(message.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Box::new(Answer {
                    from: request.url,
                    status: message.status,
                    headers: message.headers,
                    body: message.body,
                    bytes: Vec::new(),
                }));
            }
            message.body.cancel();
            let location = message.headers.get("location").ok_or_else(|| {
                located(Error::new(
                    Kind::UnexpectedResponse,
                    "a redirect has no Location",
                ))
            })?;
            let next = answered.join(location).map_err(located)?;
            self.permit(answered, &next)?;
            if payload.is_none() {
                return Err(located(Error::new(
                    Kind::UnexpectedResponse,
                    "a redirect asks for a stream that was sent already",
                )));
            }
            if answered.origin() != next.origin() {
                if confined {
                    return Err(located(Error::new(
                        Kind::Auth,
                        "the token service leads a credential to another origin",
                    )));
                }
                request.headers.remove("authorization");
            }
            request.url = next;
        }
        Err(Error::new(Kind::UnexpectedResponse, "too many redirects").at(&request.url))
    }

    /// Whether a response from one URL may lead to the other, by a redirect, a `Location` or a `Link`.
    pub(super) fn permit(&self, from: &Url, to: &Url) -> Result<()> {
        let refused = |reason| Err(Error::new(Kind::UnexpectedResponse, reason).at(from));
        if from.scheme() != to.scheme() && to.scheme() == Scheme::Http {
            return refused("a redirect leads from TLS to plain HTTP");
        }
        if to.origin().is_local() && !from.origin().is_local() {
            return refused("a redirect leads to an address of this machine or its link");
        }
        Ok(())
    }
}

/// Whether the digest that a response states is the one it was asked by, as far as its head tells.
fn says_what_was_asked<B>(answer: &Answer<B>) -> bool {
    let Ok(stated) = response::stated_digest(&answer.headers) else {
        return false;
    };
    let path = answer.from.target().split('?').next().unwrap_or_default();
    let asked = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .parse::<Digest>();
    match (stated, asked) {
        (Some(stated), Ok(asked)) => stated.algorithm() != asked.algorithm() || stated == asked,
        _ => true,
    }
}
