//! One request and its answer: tokens, redirects, and whom to trust with what.

use super::auth::{self, Challenge};
use super::{Chunks, Client, Clock, Transport, response};
use crate::http::{Headers, Method, Origin, Request, Response, Scheme, Url};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// A response, and where it came from once every redirect was followed.
pub(super) struct Located<B> {
    origin: Origin,
    pub(super) url: String,
    pub(super) message: Response<B>,
}

impl<B: Chunks> Located<B> {
    /// This response if its status is 2xx, else the error it carries.
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

impl<T: Transport + Clock> Client<T> {
    /// Sends a request, with a token if one is known; on a Bearer challenge takes a token and asks once more.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: Headers,
        pull_from: Option<&RepositoryName>,
    ) -> Result<Located<T::Body>> {
        let url = self.endpoint.join(path)?;
        let scope = pull_from.map(|name| format!("repository:{name}:pull"));
        let scope = scope.as_deref().unwrap_or_default();
        let mut request = Request::new(method, url);
        request.headers = headers;
        if let Some(token) = self.tokens.known(scope, self.transport.now()) {
            request.headers.set("authorization", token)?;
        }
        let mut response = self.follow(request.clone()).await?;
        if response.message.status == 401 && response.origin == *self.endpoint.origin() {
            let challenge = Challenge::bearer(&response.message.headers);
            if let Some(challenge) = challenge {
                response.message.body.cancel();
                let token = self.fetch_token(&challenge, scope).await?;
                request.headers.set("authorization", token)?;
                response = self.follow(request).await?;
            }
        }
        response.success(&self.transport).await
    }

    /// Sends a request and follows its redirects. Credentials stay with their origin, nothing goes from TLS to the clear, and
    /// nobody else's registry leads to what is on this machine.
    async fn follow(&self, mut request: Request) -> Result<Located<T::Body>> {
        for _ in 0..=MAX_REDIRECTS {
            let url = request.url.clone();
            let located = |error: Error| error.with_url(&url.to_string());
            let mut message = self
                .transport
                .send(request.clone())
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
                    origin: answered.origin().clone(),
                    url: answered.to_string(),
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
            if answered.origin() != next.origin() {
                request.headers.remove("authorization");
            }
            request.url = next;
        }
        Err(Error::new(Kind::UnexpectedResponse, "too many redirects")
            .with_url(&request.url.to_string()))
    }

    /// Whether a redirect may lead from one URL to the other.
    fn permit(&self, from: &Url, to: &Url) -> Result<()> {
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
            .follow(request)
            .await?
            .success(&self.transport)
            .await
            .map_err(auth::refused)?;
        let Located { url, message, .. } = response;
        let bytes = response::read_whole(message, auth::MAX_TOKEN_BYTES, &self.transport)
            .await
            .map_err(|error| error.with_url(&url))?;
        self.tokens
            .keep(scope, &bytes, self.transport.now())
            .map_err(|error| error.with_url(&url))
    }
}
