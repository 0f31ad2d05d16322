//! How a client behaves.

use crate::http::Url;

/// How a client behaves. Every field has a default that suits a public registry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// How often a request is repeated that failed in passing: 4 times unless told.
    pub retries: u32,
    /// The bound of the first pause between two attempts, in milliseconds; it doubles with each. 200 unless told.
    pub backoff: u64,
    /// The most that bound grows to, in milliseconds: 15,000 unless told.
    pub max_backoff: u64,
    /// The longest `Retry-After` that is waited for, in seconds: 60 unless told. A registry that wants more time gets no more
    /// requests: the error says how long ([`Error::retry_after`](crate::Error::retry_after)).
    pub max_retry_after: u64,
    /// How long after its beginning a request is still repeated, and after its first failure in a row an upload still gone on with, in
    /// milliseconds: 300,000 unless told.
    pub max_elapsed: u64,
    /// How many requests are under way at once to the registry, and to each mirror, until the heads of their responses have come:
    /// 6 unless told, which is what browsers allow themselves; at least 1.
    pub concurrency: usize,
    /// Whether no request waits for another one: for a token or credential that the other has asked for, or for its turn. Hosts that
    /// stop all that they do for a request once its client has left, as Workers do, would have the others wait in vain. It makes
    /// `concurrency` meaningless.
    pub independent: bool,
    /// Whether credentials may go by plain HTTP to hosts other than this machine. Anyone on the way can read them.
    pub plain_http: bool,
    /// Registries that hold copies of this one's content, tried in order before it for whatever is only read. They are told whose
    /// content is meant (`ns`), and their tags may be behind.
    pub mirrors: Vec<Url>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            retries: 4,
            backoff: 200,
            max_backoff: 15_000,
            max_retry_after: 60,
            max_elapsed: 300_000,
            concurrency: 6,
            independent: false,
            plain_http: false,
            mirrors: Vec::new(),
        }
    }
}

impl ClientOptions {
    /// These options, with so many repetitions; 0 for none.
    #[must_use]
    pub fn with_retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// These options, with pauses between attempts that are bound by `first` milliseconds, and later by `most`.
    #[must_use]
    pub fn with_backoff(self, first: u64, most: u64) -> Self {
        Self {
            backoff: first,
            max_backoff: most,
            ..self
        }
    }

    /// These options, waiting so many seconds where a registry asks for them.
    #[must_use]
    pub fn with_max_retry_after(self, seconds: u64) -> Self {
        Self {
            max_retry_after: seconds,
            ..self
        }
    }

    /// These options, with no repetition later than so many milliseconds after a request's beginning.
    #[must_use]
    pub fn with_max_elapsed(self, milliseconds: u64) -> Self {
        Self {
            max_elapsed: milliseconds,
            ..self
        }
    }

    /// These options, with so many requests at once; 0 is taken for 1.
    #[must_use]
    pub fn with_concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            ..self
        }
    }

    /// These options, with requests that wait for one another, or not.
    #[must_use]
    pub fn with_independent(self, independent: bool) -> Self {
        Self {
            independent,
            ..self
        }
    }

    /// How many may do the same thing at once that has room for `limit`.
    pub(super) fn room(&self, limit: usize) -> usize {
        if self.independent { usize::MAX } else { limit }
    }

    /// These options, with or without leave to send credentials by plain HTTP.
    #[must_use]
    pub fn with_plain_http(self, plain_http: bool) -> Self {
        Self { plain_http, ..self }
    }

    /// These options, with the endpoints of mirrors.
    #[must_use]
    pub fn with_mirrors(self, mirrors: Vec<Url>) -> Self {
        Self { mirrors, ..self }
    }
}
