//! Where the API stands: the registry, and each of its mirrors.

use std::sync::{Mutex, PoisonError};

use super::auth::Auth;
use super::turns::Turns;
use crate::http::Url;
use crate::{Error, Kind, Result};

/// How long a mirror that failed is left alone, in milliseconds: else each read would wait for it again.
const MIRROR_REST: u64 = 60_000;

/// A registry or mirror, and what is known of it.
#[derive(Debug)]
pub(super) struct Place {
    /// Its origin.
    pub(super) endpoint: Url,
    /// Its host and port as users write them.
    pub(super) name: String,
    pub(super) auth: Auth,
    /// Of the requests under way.
    pub(super) turns: Turns,
    /// Until when it is not to be asked.
    resting: Mutex<u64>,
}

impl Place {
    /// The place whose API stands at `endpoint`.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] if the endpoint has a path or a query: the API stands at `/v2/` of a host.
    pub(super) fn new(endpoint: Url) -> Result<Self> {
        if endpoint.target() != "/" {
            return Err(Error::new(
                Kind::InvalidUrl,
                "a registry's endpoint has neither path nor query",
            ));
        }
        let name = match endpoint.authority() {
            // Where Docker Hub's API stands is not what its users call it.
            host if host == "registry-1.docker.io" || host == "index.docker.io" => {
                "docker.io".to_owned()
            }
            host => host,
        };
        Ok(Self {
            endpoint,
            name,
            auth: Auth::default(),
            turns: Turns::default(),
            resting: Mutex::default(),
        })
    }

    pub(super) fn is_resting(&self, now: u64) -> bool {
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) > now
    }

    pub(super) fn rest(&self, now: u64) {
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) =
            now.saturating_add(MIRROR_REST);
    }
}
