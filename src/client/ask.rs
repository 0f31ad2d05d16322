//! Requests whose answers are read whole.

use std::future::Future;
use std::pin::Pin;

use super::exchange::{Call, Located};
use super::transport::Chunks as _;
use super::{Client, Host, response};
use crate::http::{Headers, Method, Url};
use crate::{Error, Result};

/// A future behind a pointer: whoever awaits it need not hold all that it holds, which in WebAssembly is most of the code.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
/// A future behind a pointer: whoever awaits it need not hold all that it holds, which in WebAssembly is most of the code.
#[cfg(target_arch = "wasm32")]
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// An answer that was read whole.
pub(super) struct Answer {
    /// Whence, for what it points at.
    pub(super) from: Url,
    /// 304 only where the request had a condition.
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    /// This error, come from here.
    pub(super) fn located(&self, error: Error) -> Error {
        error.at(&self.from)
    }
}

impl<T: Host> Client<T> {
    /// Sends a request and reads its answer, of `limit` bytes at most; with a limit of 0, the headers alone are meant.
    ///
    /// What is read has the status 200, or 304 if it was asked on a condition; what is changed, or asked for its headers by GET, any
    /// 2xx.
    pub(super) fn ask(&self, call: Call<T::Body>, limit: u64) -> Boxed<'_, Answer> {
        self.ask_checked(call, limit, |_| Ok(()))
    }

    /// [`Client::ask`], but an answer whose headers do not pass a check is given up before its bytes are read.
    pub(super) fn ask_checked(
        &self,
        call: Call<T::Body>,
        limit: u64,
        check: fn(&Headers) -> Result<()>,
    ) -> Boxed<'_, Answer> {
        Box::pin(async move {
            let reads = call.method == Method::Head || call.method == Method::Get && limit > 0;
            let changes = !matches!(call.method, Method::Get | Method::Head) || call.scope.writes();
            let conditional = call.headers.get("if-none-match").is_some();
            let Located { from, mut message } = self.call(call).await?;
            let (status, headers) = (message.status, message.headers.clone());
            let unmodified = status == 304;
            let expected = if reads {
                status == 200 || unmodified && conditional
            } else {
                !unmodified
            };
            // A gateway's page, which has done nothing, and has nothing, of what it says is well.
            let is_page = |field: &str| field.starts_with("text/html");
            let is_page =
                changes && status == 200 && headers.get("content-type").is_some_and(is_page);
            let refused = if is_page {
                let page = response::unexpected(&from, status);
                Err(page.with_message("a web page answers in the registry's place".into()))
            } else if expected {
                check(&headers).map_err(|error| error.at(&from))
            } else {
                Err(response::unexpected(&from, status))
            };
            if limit == 0 || unmodified || refused.is_err() {
                message.body.cancel();
            }
            refused?;
            let bytes = if limit == 0 || unmodified {
                Vec::new()
            } else {
                response::read_whole(message, limit, &self.host)
                    .await
                    .map_err(|error| error.at(&from))?
            };
            Ok(Answer {
                from,
                status,
                headers,
                bytes,
            })
        })
    }
}
