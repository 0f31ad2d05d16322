//! What the flows of the client are made of: a request, and its answer, which is read as far as it is wanted.

use std::future::Future;
use std::pin::Pin;

use super::scope::Scope;
use super::transport::{Body, Chunks as _, Payload};
use super::{Client, Host, MAX_MANIFEST_BYTES, response};
use crate::http::{Headers, Method, Request, Url};
use crate::{Error, Result};

/// One of several futures that run at once.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
/// One of several futures that run at once.
#[cfg(target_arch = "wasm32")]
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// One request as the flows of the client make it.
pub(super) struct Call<B: Body> {
    /// To the registry, or to wherever it led: what belongs to the registry goes to its origin only.
    pub(super) request: Request,
    /// `None` once it was a stream that has been sent.
    pub(super) payload: Option<Payload<B>>,
    /// What a token for it must allow.
    pub(super) scope: Scope,
    /// What is wanted of the answer.
    pub(super) wanted: Wanted,
    /// Whether to do it twice does no more than to do it once, so that it may be sent again where nobody knows whether it arrived:
    /// so with `GET`, `HEAD` and `DELETE`. `PUT` is idempotent for manifests, but not where it closes an upload: that has gone by then.
    pub(super) idempotent: bool,
    /// Whether only the registry itself will do, as for all that is done on the way to a change of it.
    pub(super) origin_only: bool,
    /// Whether it is sent to the registry once, whatever comes of it: whoever asks does so again by himself.
    pub(super) once: bool,
}

/// What is wanted of an answer.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// That it is there, and its headers.
    Head,
    /// All its bytes, so many at most.
    Bytes(u64),
    /// All its bytes as those of a manifest: unless its headers may be those of one, it is given up before they are read.
    Manifest,
    /// Its body, unread.
    Body,
}

impl<B: Body> Call<B> {
    /// A request that carries nothing, of whose answer the headers are wanted.
    pub(super) fn new(method: Method, url: Url, scope: Scope) -> Box<Self> {
        Box::new(Self {
            request: Request::new(method, url),
            payload: Some(Payload::None),
            wanted: Wanted::Head,
            idempotent: matches!(method, Method::Get | Method::Head | Method::Delete),
            origin_only: !matches!(method, Method::Get | Method::Head) || scope.writes(),
            once: false,
            scope,
        })
    }

    /// A request for so many bytes at most.
    pub(super) fn read(url: Url, scope: Scope, limit: u64) -> Box<Self> {
        let mut call = Self::new(Method::Get, url, scope);
        call.wanted = Wanted::Bytes(limit);
        call
    }

    /// How many bytes are read of an answer without an error; `None` for none. Fails if it is none to this request: what is read has the
    /// status 200, or 304 if it was asked on a condition; what is changed, or asked for its headers by GET, any 2xx; a body that is
    /// wanted unread, whatever its reader takes.
    fn limit(&self, answer: &Answer<B>) -> Result<Option<u64>> {
        let Request {
            method, headers, ..
        } = &self.request;
        let unmodified = answer.status == 304;
        let is_page = |field: &str| field.starts_with("text/html");
        // A gateway's page, which has done nothing, and has nothing, of what it says is well.
        if answer.status == 200
            && (self.scope.writes() || !matches!(method, Method::Get | Method::Head))
            && answer.headers.get("content-type").is_some_and(is_page)
        {
            let page = response::unexpected(answer);
            return Err(page.with_message("a web page answers in the registry's place".into()));
        }
        let expected = match self.wanted {
            Wanted::Body => true,
            Wanted::Head if *method != Method::Head => !unmodified,
            _ => answer.status == 200 || unmodified && headers.get("if-none-match").is_some(),
        };
        if !expected {
            return Err(response::unexpected(answer));
        }
        Ok(match self.wanted {
            Wanted::Bytes(limit) if !unmodified => Some(limit),
            Wanted::Manifest if !unmodified => {
                let located = |error: Error| answer.located(error);
                response::stated_digest(&answer.headers).map_err(located)?;
                response::media_type(&answer.headers).map_err(located)?;
                Some(MAX_MANIFEST_BYTES)
            }
            _ => None,
        })
    }
}

/// What comes of a request.
pub(super) type Answered<B> = Result<Box<Answer<B>>>;

/// An answer, once every redirect was followed.
pub(super) struct Answer<B> {
    /// Whence, for what it points at: `Location` and `Link` are relative to it.
    pub(super) from: Url,
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: B,
    /// What has been read of the body.
    pub(super) bytes: Vec<u8>,
}

impl<B> Answer<B> {
    /// This error, come from here.
    pub(super) fn located(&self, error: Error) -> Error {
        error.at(&self.from)
    }

    /// Whether it carries no error: 2xx, or 304, which only answers a condition.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) || self.status == 304
    }
}

impl<T: Host> Client<T> {
    /// Sends a request, and reads what is wanted of its answer; an error that it carries is one. The future is behind a pointer, so that
    /// whoever awaits it need not hold all that it holds, which in WebAssembly would be most of the code.
    pub(super) fn ask(
        &self,
        mut call: Box<Call<T::Body>>,
    ) -> Pin<Box<impl Future<Output = Answered<T::Body>>>> {
        Box::pin(async move {
            let mut answer = self.deliver(&mut call).await?;
            let mut limit = 0;
            if answer.is_success() {
                match call.limit(&answer) {
                    Ok(Some(bytes)) => limit = bytes,
                    Ok(None) if matches!(call.wanted, Wanted::Body) => return Ok(answer),
                    unread => {
                        answer.body.cancel();
                        return unread.map(|_| answer);
                    }
                }
            }
            match response::read(&mut answer, limit, &self.host).await {
                Ok(()) => Ok(answer),
                Err(error) => {
                    let auth = &self.home(&call.request.url).auth;
                    Err(auth.explain(error, &call.scope, &answer.headers))
                }
            }
        })
    }
}
