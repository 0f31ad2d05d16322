//! A registry over a store of objects.

mod apart;
mod blobs;
mod catalog;
mod collect;
mod fields;
pub(super) mod links;
mod manifests;
mod pages;
mod patience;
mod referrers;
pub(super) mod segments;
mod several;
mod stored;
mod tags;
mod upload;
mod uploads;

use std::future::Future;

use super::error::Failure;
use super::route::Route;
use super::serve::version;
use super::store::{ObjectStore, Part};
use super::{Backend, Incoming, Outgoing};
use crate::Result;
use crate::client::{Clock, MaybeSend, MaybeSync};
use crate::digest::Hasher;
use crate::http::{Method, Response};
use apart::Apart;
use manifests::Coming;
use upload::Recent;

pub use collect::{CollectOptions, CollectReport, RetentionPolicy};
pub use manifests::Validation;

/// All that a hosted registry asks of its host.
pub trait Host: ObjectStore + Clock {
    /// Gives back the hasher of a body that was read.
    type Tap: Tap;

    /// Milliseconds since 1970.
    fn unix_time(&self) -> u64;

    /// A number that nobody can guess and that never comes again.
    fn unique(&self) -> u128;

    /// The next `size` bytes of a body, or all that is left of it, as a body of its own that is hashed while it is read. It fails
    /// with [`BodyTruncated`](crate::Kind::BodyTruncated) where there are fewer. The body itself goes on behind them.
    fn portion(
        &self,
        body: &mut Self::Body,
        size: Option<u64>,
        hasher: Hasher,
    ) -> (Self::Body, Self::Tap);

    /// A body of these parts, of which the first is opened at once and each other when it is needed; `None` if the first is not there.
    fn parts(
        &self,
        parts: Vec<Part>,
    ) -> impl Future<Output = Result<Option<Self::Body>>> + MaybeSend;
}

/// Gives back the hasher of a body that was read.
pub trait Tap: MaybeSend + MaybeSync + 'static {
    /// The hasher, once the body came to its end; `None` before.
    fn finish(self) -> Option<Hasher>;
}

/// What an operator decides of a hosted registry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostedOptions {
    /// How long, in milliseconds, [`Hosted::collect`] keeps what nothing refers to: whoever was told that a blob is there has half of that time to put the
    /// manifest that names it, and a run of the collection has two fifths of it to come to its end. A day by default. Below some hours, a slow push may find
    /// that what it relied on is gone, and it counts by how many minutes the clocks of hosts differ.
    pub grace: u64,
    /// After how long, in milliseconds, an upload that nobody writes to may be given up, by [`Hosted::collect`] or
    /// [`Hosted::expire_upload`]. A day by default.
    pub upload_expiry: u64,
    /// The most bytes of a segment of a body whose size is known: larger bodies are stored as several. A gibibyte by default, which every
    /// store takes at once.
    pub segment: u64,
    /// The fewest bytes that chunks of an upload should have, which clients are told (`OCI-Chunk-Min-Length`). Smaller ones are taken, but a
    /// blob has at most 10,000. By default they are told nothing.
    pub chunk_min: Option<u64>,
    /// The most bytes that a request may have, which clients are told (the proposed `OCI-Chunk-Max-Length`). Larger ones are taken, where
    /// the host lets them through. By default clients are told nothing.
    pub chunk_max: Option<u64>,
    /// The most bytes of manifests that are held at a time until all of each has come, and is stored: 429 beyond that, but for manifests of 64 KiB or less.
    /// 32 MiB by default.
    pub manifest_memory: u64,
    /// What manifests must be to be taken.
    pub validation: Validation,
    /// Whether indexes are taken of which some manifests are not there; by default they are refused.
    pub sparse: bool,
    /// Whether nothing is ever written, so that the store need not take writes: what would change something is 405 `UNSUPPORTED`, and no lease is
    /// renewed, so what somebody is told here may be collected by another registry over the same store. By default the registry is written to.
    pub read_only: bool,
}

impl Default for HostedOptions {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        Self {
            grace: DAY,
            upload_expiry: DAY,
            segment: 1 << 30,
            chunk_min: None,
            chunk_max: None,
            manifest_memory: 32 << 20,
            validation: Validation::Structural,
            sparse: false,
            read_only: false,
        }
    }
}

/// Answers from a store of objects.
#[derive(Debug)]
pub struct Hosted<T> {
    host: T,
    options: HostedOptions,
    recent: Recent,
    coming: Coming,
}

impl<T: Host> Hosted<T> {
    /// A registry over what `host` stores.
    #[must_use]
    pub fn new(host: T, options: HostedOptions) -> Self {
        Self {
            host,
            options,
            recent: Recent::default(),
            coming: Coming::default(),
        }
    }
}

impl<T: Host> Backend for Hosted<T> {
    type Body = T::Body;

    fn is_writable(&self) -> bool {
        !self.options.read_only
    }

    async fn answer(
        &self,
        request: Incoming<T::Body>,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let route = Route::parse(&request.target)?;
        if self.options.read_only {
            let reads = matches!(request.method, Some(Method::Get | Method::Head));
            if !reads || matches!(route, Route::Uploads { .. } | Route::Upload { .. }) {
                return Err(Failure::read_only());
            }
        }
        let answer: Apart<'_, _> = match (route, request.method) {
            (Route::Version, Some(method @ (Method::Get | Method::Head))) => {
                return Ok(version(method));
            }
            (Route::Version, _) => return Err(Failure::method("GET, HEAD")),
            (Route::Manifest { name, reference }, _) => {
                Box::pin(async move { self.manifest(request, &name, &reference).await })
            }
            (Route::Tags { name }, Some(method @ (Method::Get | Method::Head))) => {
                Box::pin(async move { self.tags(&request.target, method, &name).await })
            }
            (Route::Catalog, Some(method @ (Method::Get | Method::Head))) => {
                Box::pin(async move { self.catalog(&request.target, method).await })
            }
            (Route::Referrers { name, digest }, Some(method @ (Method::Get | Method::Head))) => {
                Box::pin(async move {
                    self.referrers(&request.target, method, &name, &digest)
                        .await
                })
            }
            (Route::Tags { .. } | Route::Catalog | Route::Referrers { .. }, _) => {
                return Err(Failure::method("GET, HEAD"));
            }
            (Route::Blob { name, digest }, _) => {
                Box::pin(async move { self.blob(request, &name, &digest).await })
            }
            (Route::Uploads { name }, Some(Method::Post)) => {
                Box::pin(async move { self.begin(request, &name).await })
            }
            (Route::Uploads { .. }, _) => return Err(Failure::method("POST")),
            (Route::Upload { name, id }, _) => Box::pin(self.upload(request, name, id)),
        };
        answer.await
    }
}
