//! One request and its answer: tokens, redirects, and whom to trust with what.

use super::auth::{self, Challenge};
use super::scope::Scope;
use super::transport::{Body, Chunks, Clock, Host, Payload};
use super::{Client, response};
use crate::http::{Headers, Method, Request, Response, Scheme, Url};
use crate::{Error, Kind, Result};

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// One request as the flows of the client make it.
pub(super) struct Call<B: Body> {
    pub(super) method: Method,
    /// Of the registry, or wherever it led to: what belongs to the registry goes to its origin only.
    pub(super) url: Url,
    pub(super) headers: Headers,
    pub(super) payload: Payload<B>,
    /// What a token for it must allow.
    pub(super) scope: Scope,
}

impl<B: Body> Call<B> {
    /// A request that carries nothing.
    pub(super) fn new(method: Method, url: Url, scope: Scope) -> Self {
        Self {
            method,
            url,
            headers: Headers::new(),
            payload: Payload::None,
            scope,
        }
    }
}

/// A response, and where it came from once every redirect was followed.
pub(super) struct Located<B> {
    /// Whence, for what it points at: `Location` and `Link` are relative to it.
    pub(super) from: Url,
    /// The same for errors.
    pub(super) url: String,
    pub(super) message: Response<B>,
}

impl<B: Chunks> Located<B> {
    /// This response if its status is 2xx, or 304, else the error it carries.
    async fn success(self, clock: &impl Clock) -> Result<Self> {
        let message = response::success_or_error(self.message, &self.url, clock).await?;
        Ok(Self { message, ..self })
    }

    /// This response if it has the whole of what was asked.
    pub(super) fn whole(mut self) -> Result<Self> {
        if self.message.status == 200 {
            return Ok(self);
        }
        self.message.body.cancel();
        Err(response::unexpected(&self.url, self.message.status))
    }
}

impl<T: Host> Client<T> {
    /// Sends a request, with a token if one is known; on a Bearer challenge takes a token and asks once more. Whatever answers
    /// with success is returned, else the error that it carries.
    pub(super) async fn call(&self, call: Call<T::Body>) -> Result<Located<T::Body>> {
        let mut request = Request::new(call.method, call.url);
        request.headers = call.headers;
        let own = request.url.origin() == self.endpoint.origin();
        if own && let Some(token) = self.tokens.known(call.scope.as_str(), self.host.now()) {
            request.headers.set("authorization", token)?;
        }
        let again = call.payload.again();
        let mut response = self.follow(request.clone(), call.payload).await?;
        if response.message.status == 401
            && own
            && response.from.origin() == self.endpoint.origin()
            && let Some(again) = again
            && let Some(challenge) = Challenge::bearer(&response.message.headers)
        {
            response.message.body.cancel();
            let token = self.fetch_token(&challenge, call.scope.as_str()).await?;
            request.headers.set("authorization", token)?;
            response = self.follow(request, again).await?;
        }
        response.success(&self.host).await
    }

    /// Sends a request, with the token that is known for it, and minds no answer.
    pub(super) fn send_unheeded(&self, method: Method, url: Url, scope: &Scope) {
        let mut request = Request::new(method, url);
        if request.url.origin() == self.endpoint.origin()
            && let Some(token) = self.tokens.known(scope.as_str(), self.host.now())
            && request.headers.set("authorization", token).is_err()
        {
            return;
        }
        self.host.send_unheeded(request);
    }

    /// Sends a request and follows its redirects. Credentials stay with their origin, nothing goes from TLS to the clear, and
    /// nobody else's registry leads to what is on this machine.
    async fn follow(
        &self,
        mut request: Request,
        mut payload: Payload<T::Body>,
    ) -> Result<Located<T::Body>> {
        for _ in 0..=MAX_REDIRECTS {
            let url = request.url.clone();
            let located = |error: Error| error.with_url(&url.to_string());
            let again = payload.again();
            let mut message = self
                .host
                .send(request.clone(), payload)
                .await
                .map_err(located)?;
            if let Some(followed) = message.url.take() {
                // The host would not let its redirects be seen, so the last of them is judged now.
                self.permit(&url, &followed)
                    .inspect_err(|_| message.body.cancel())?;
                request.url = followed;
            }
            let answered = &request.url;
            if !matches!(message.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Located {
                    url: answered.to_string(),
                    from: request.url,
                    message,
                });
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
            payload = again.ok_or_else(|| {
                located(Error::new(
                    Kind::UnexpectedResponse,
                    "a redirect asks for a stream that was sent already",
                ))
            })?;
            if answered.origin() != next.origin() {
                request.headers.remove("authorization");
            }
            request.url = next;
        }
        Err(Error::new(Kind::UnexpectedResponse, "too many redirects")
            .with_url(&request.url.to_string()))
    }

    /// Whether a response from one URL may lead to the other, by a redirect, a `Location` or a `Link`.
    pub(super) fn permit(&self, from: &Url, to: &Url) -> Result<()> {
        let refused =
            |reason| Err(Error::new(Kind::UnexpectedResponse, reason).with_url(&from.to_string()));
        if from.scheme() != to.scheme() && to.scheme() == Scheme::Http {
            return refused("a redirect leads from TLS to plain HTTP");
        }
        if to.origin().is_local() && !self.endpoint.origin().is_local() {
            return refused("a redirect leads to an address of this machine or its link");
        }
        Ok(())
    }

    /// Takes an anonymous token from the challenge's realm (distribution's token specification) and keeps it while it lasts.
    async fn fetch_token(&self, challenge: &Challenge, scope: &str) -> Result<String> {
        let url = challenge.token_url(&self.endpoint, scope)?;
        let mut request = Request::new(Method::Get, url);
        request.headers.append("accept", "application/json")?;
        let response = self
            .follow(request, Payload::None)
            .await?
            .success(&self.host)
            .await
            .map_err(auth::refused)?;
        let Located { url, message, .. } = response;
        let bytes = response::read_whole(message, auth::MAX_TOKEN_BYTES, &self.host)
            .await
            .map_err(|error| error.with_url(&url))?;
        self.tokens
            .keep(scope, &bytes, self.host.now())
            .map_err(|error| error.with_url(&url))
    }
}
