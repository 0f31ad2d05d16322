//! The client's host for programs that are no WebAssembly: [reqwest](https://docs.rs/reqwest) over rustls, on a
//! [tokio](https://docs.rs/tokio) runtime.
//!
//! ```no_run
//! # async fn pull() -> pierhead::Result<()> {
//! use pierhead::client::Client;
//! use pierhead::native::Native;
//!
//! let client = Client::new(Native::new()?, "https://registry.example/".parse()?)?;
//! let manifest = client.manifest(&"library/alpine".parse()?, &"3.22".parse()?, None).await?;
//! println!("{}", manifest.digest);
//! # Ok(())
//! # }
//! ```

mod body;
mod content;
mod layout;
mod outgoing;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{Clock, Credential, Credentials, Payload, Piece as _, Transport};
use crate::http::{Headers, Method, Request, Response};
use crate::{Error, Kind, Result};

pub use body::{NativeBody, NativePiece};
pub use content::{BytesContent, FileContent};
pub use layout::LayoutPlace;
use outgoing::Progress;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

type Lookup = dyn Fn(&str) -> Result<Option<Credential>> + Send + Sync;

/// A host over reqwest. To clone it copies nothing: clones share connections.
#[derive(Clone)]
pub struct Native {
    http: reqwest::Client,
    credentials: Arc<Lookup>,
    begun: Instant,
    headers_timeout: Duration,
    idle_timeout: Duration,
}

impl Native {
    /// A host that knows no credentials, waits 30 seconds for the head of a response, and as long for each piece of a body.
    ///
    /// # Errors
    /// [`Kind::Internal`] if TLS cannot be set up: the system has no root certificates.
    pub fn new() -> Result<Self> {
        // Redirects are the client's to follow: it minds whom credentials are for. Nor is a body decoded, not even where another
        // crate of the program turns on reqwest's decoders: a digest covers the bytes that were sent.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(DEFAULT_TIMEOUT)
            .user_agent(concat!("pierhead/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Error::new(Kind::Internal, "TLS cannot be set up").with_source(error)
            })?;
        Ok(Self::with_http(http))
    }

    /// A host over a reqwest client of the caller's own: for a proxy, other root certificates, or a user agent. It must follow no
    /// redirect and decode no body, or the client cannot see what it is to judge.
    #[must_use]
    pub fn with_http(http: reqwest::Client) -> Self {
        Self {
            http,
            credentials: Arc::new(|_| Ok(None)),
            begun: Instant::now(),
            headers_timeout: DEFAULT_TIMEOUT,
            idle_timeout: DEFAULT_TIMEOUT,
        }
    }

    /// This host, which asks `lookup` for the credential of a registry: see [`Credentials::credential`]. It may wait for a file or a
    /// program: it runs on a thread for that. Docker's configuration and its credential helpers are not looked into otherwise.
    ///
    /// ```no_run
    /// use pierhead::client::Credential;
    /// use pierhead::native::Native;
    ///
    /// let native = Native::new()?.with_credentials(|registry| {
    ///     let token = std::env::var("GITHUB_TOKEN").ok().filter(|_| registry == "ghcr.io");
    ///     Ok(token.map(|password| Credential::Password { username: "me".into(), password }))
    /// });
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn with_credentials(
        self,
        lookup: impl Fn(&str) -> Result<Option<Credential>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            credentials: Arc::new(lookup),
            ..self
        }
    }

    /// This host, which waits so long for the head of a response, and so long for each piece of a body, sent or received.
    #[must_use]
    pub fn with_timeouts(self, headers: Duration, idle: Duration) -> Self {
        Self {
            headers_timeout: headers,
            idle_timeout: idle,
            ..self
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

impl Transport for Native {
    type Body = NativeBody;

    async fn send(
        &self,
        request: Request,
        payload: Payload<NativeBody>,
    ) -> Result<Response<NativeBody>> {
        let progress = Arc::new(Progress::default());
        let stream = |request: reqwest::RequestBuilder, body, size| {
            request
                .header("content-length", size)
                .body(outgoing::stream(body, size, Arc::clone(&progress)))
        };
        let mut built = self
            .http
            .request(method(request.method), request.url.to_string());
        for (name, value) in request.headers.iter() {
            built = built.header(name, latin1(value));
        }
        built = match payload {
            Payload::None => match request.method {
                // hyper says nothing of a body that is not there, and some answer 411 to that (RFC 9110, section 8.6).
                Method::Post | Method::Put | Method::Patch => built.header("content-length", 0),
                _ => built,
            },
            Payload::Piece(piece) if piece.size() == 0 => built.header("content-length", 0),
            Payload::Piece(piece) if piece.size() <= outgoing::STEP as u64 => {
                built.body(piece.into_bytes())
            }
            Payload::Piece(piece) => {
                let size = piece.size();
                stream(built, NativeBody::bytes(piece.into_bytes()), size)
            }
            Payload::Stream(body, size) => stream(built, body, size),
        };
        let response = self.head(built, &progress).await?;
        let status = response.status().as_u16();
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            let value: String = value.as_bytes().iter().copied().map(char::from).collect();
            // What no header can hold is none that is read here.
            let _ = headers.append(name.as_str(), value);
        }
        let body = NativeBody::response(response, self.idle_timeout);
        Ok(Response::new(status, headers, body))
    }

    /// Sends it from a task of its own; not at all where no runtime is left to do so.
    fn send_unheeded(&self, request: Request) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let native = self.clone();
            runtime.spawn(async move { native.send(request, Payload::None).await });
        }
    }
}

impl Native {
    /// The head of the response. The time limit begins anew whenever a piece of the request's body has been taken.
    async fn head(
        &self,
        request: reqwest::RequestBuilder,
        progress: &Progress,
    ) -> Result<reqwest::Response> {
        let mut exchange = pin!(request.send());
        loop {
            let before = progress.steps();
            match tokio::time::timeout(self.headers_timeout, exchange.as_mut()).await {
                Ok(outcome) => {
                    return outcome
                        .map_err(|error| progress.failure().unwrap_or_else(|| failure(error)));
                }
                Err(_) if progress.steps() > before => {}
                Err(_) => {
                    return Err(Error::new(
                        Kind::Timeout,
                        "the registry did not answer in time",
                    ));
                }
            }
        }
    }
}

impl Clock for Native {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    fn random(&self) -> u32 {
        (chance() >> 32) as u32
    }
}

impl Credentials for Native {
    async fn credential(&self, registry: &str) -> Result<Option<Credential>> {
        let (lookup, registry) = (Arc::clone(&self.credentials), registry.to_owned());
        tokio::task::spawn_blocking(move || lookup(&registry))
            .await
            .map_err(|error| {
                Error::new(Kind::Internal, "the credential's lookup has ended").with_source(error)
            })?
    }
}

/// A number that nobody expects: each such state is keyed anew, which is all the chance that a delay or a file's name needs.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Options => reqwest::Method::OPTIONS,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// A header's value as bytes: [`Headers`] holds no character beyond U+00FF.
fn latin1(value: &str) -> Vec<u8> {
    value
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}

/// What kept a response from coming.
fn failure(error: reqwest::Error) -> Error {
    let kind = if error.is_timeout() {
        Kind::Timeout
    } else {
        Kind::ConnectionFailed
    };
    // Its message would show the URL with its query, and a signed one is a secret.
    Error::new(kind, "the registry could not be reached").with_source(error.without_url())
}
