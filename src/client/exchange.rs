//! One request and its answer: tokens, redirects, and whom to trust with what.

use super::auth::Offer;
use super::place::Place;
use super::retry;
use super::scope::Scope;
use super::transport::{Body, Chunks, Clock, Host, Payload};
use super::{Client, response};
use crate::digest::Digest;
use crate::http::{Headers, Method, Request, Response, Scheme, Url};
use crate::{Error, Kind, Result};

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// One request as the flows of the client make it.
pub(super) struct Call<B: Body> {
    /// To the registry, or to wherever it led: what belongs to the registry goes to its origin only.
    pub(super) request: Request,
    /// `None` once it was a stream that has been sent.
    pub(super) payload: Option<Payload<B>>,
    /// What a token for it must allow.
    pub(super) scope: Scope,
    /// Whether to do it twice does no more than to do it once, so that it may be sent again where nobody knows whether it arrived:
    /// so with `GET`, `HEAD` and `DELETE`. `PUT` is idempotent for manifests, but not where it closes an upload: that has gone by then.
    pub(super) idempotent: bool,
    /// Whether only the registry itself will do, as for all that is done on the way to a change of it.
    pub(super) origin_only: bool,
    /// Whether it is sent to the registry once, whatever comes of it: whoever asks does so again by himself.
    pub(super) once: bool,
}

impl<B: Body> Call<B> {
    /// A request that carries nothing.
    pub(super) fn new(method: Method, url: Url, scope: Scope) -> Box<Self> {
        Box::new(Self {
            request: Request::new(method, url),
            payload: Some(Payload::None),
            idempotent: matches!(method, Method::Get | Method::Head | Method::Delete),
            origin_only: !matches!(method, Method::Get | Method::Head) || scope.writes(),
            once: false,
            scope,
        })
    }
}

/// A response, and where it came from once every redirect was followed.
pub(super) struct Located<B> {
    /// Whence, for what it points at: `Location` and `Link` are relative to it.
    pub(super) from: Url,
    pub(super) message: Response<B>,
}

impl<B: Chunks> Located<B> {
    /// This response if its status is 2xx, or 304, else the error it carries.
    pub(super) async fn success(mut self: Box<Self>, clock: &impl Clock) -> Result<Box<Self>> {
        response::success_or_error(&mut self.message, &self.from, clock).await?;
        Ok(self)
    }

    /// This response if it has the whole of what was asked.
    pub(super) fn whole(mut self: Box<Self>) -> Result<Box<Self>> {
        if self.message.status == 200 {
            return Ok(self);
        }
        self.message.body.cancel();
        Err(response::unexpected(&self.from, self.message.status))
    }
}

/// How often a registry may challenge one request: once for what it did not know, or no longer takes, and once more for a scope
/// that it had not named.
const MAX_CHALLENGES: u32 = 2;

impl<T: Host> Client<T> {
    /// Sends a request, by way of the mirrors where it only reads, with whatever proves who asks, and again where it fails in passing.
    /// Whatever answers with success is returned, else the error that it carries.
    pub(super) async fn call(&self, mut call: Box<Call<T::Body>>) -> Result<Box<Located<T::Body>>> {
        let asked = call.request.url.origin();
        // A page of a mirror's list leads to the next one there.
        let of_mirror = |place: &&Place| asked == place.endpoint.origin();
        let home = self.mirrors.iter().find(of_mirror).unwrap_or(&self.origin);
        let by_mirrors = !call.origin_only && asked == self.origin.endpoint.origin();
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
            let outcome = self.send(place, request, &mut call).await;
            if mirror.is_some() {
                if let Some(located) = self.taken(place, &call.request.headers, outcome) {
                    return Ok(located);
                }
                continue;
            }
            let pause = self.next_attempt(&outcome, call.idempotent, attempt, begun);
            let Some(pause) = pause.filter(|_| call.payload.is_some() && !call.once) else {
                let located = outcome?;
                let offer = Offer::of(&located.message.headers);
                let explain = |error| place.auth.explain(error, &call.scope, offer.error());
                return located.success(&self.host).await.map_err(explain);
            };
            attempt += 1;
            drop(outcome);
            self.host.sleep(pause).await;
        }
    }

    pub(super) fn has_mirrors(&self) -> bool {
        !self.mirrors.is_empty()
    }

    /// Whether a URL is of the registry, or of one of its mirrors.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        let places = self.mirrors.iter().chain([&self.origin]);
        let mut origins = places.map(|place| place.endpoint.origin());
        origins.any(|origin| origin == url.origin())
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
        outcome: Result<Box<Located<T::Body>>>,
    ) -> Option<Box<Located<T::Body>>> {
        let located = match outcome {
            Ok(located) if !retry::is_passing_status(located.message.status) => located,
            _ => {
                place.rest(self.host.now());
                return None;
            }
        };
        let asked_for = |name| asked.get(name).is_some();
        let answers = match located.message.status {
            200 => true,
            206 => asked_for("range"),
            304 => asked_for("if-none-match"),
            _ => false,
        };
        (answers && says_what_was_asked(&located)).then_some(located)
    }

    /// How many milliseconds to wait before a request is sent again; `None` if it is not to be.
    fn next_attempt(
        &self,
        outcome: &Result<Box<Located<T::Body>>>,
        idempotent: bool,
        attempt: u32,
        begun: u64,
    ) -> Option<u64> {
        let options = &self.options;
        let (undone, retry_after) = match outcome {
            Ok(located) if retry::is_passing_status(located.message.status) => {
                let message = &located.message;
                let retry_after = retry::retry_after(&message.headers);
                // Who is told when to come again has not been served.
                (message.status == 429 && retry_after.is_some(), retry_after)
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
    ) -> Result<Box<Located<T::Body>>> {
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
            let offer = Offer::of(&response.message.headers);
            let is_challenge = match response.message.status {
                401 => true,
                403 => offer.error() == Some("insufficient_scope"),
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
    ) -> Result<Box<Located<T::Body>>> {
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
                let from = request.url;
                return Ok(Box::new(Located { from, message }));
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
fn says_what_was_asked<B>(located: &Located<B>) -> bool {
    let Ok(stated) = response::stated_digest(&located.message.headers) else {
        return false;
    };
    let path = located.from.target().split('?').next().unwrap_or_default();
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
