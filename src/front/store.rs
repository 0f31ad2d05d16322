//! What the front asks of a store of objects: no more than R2, S3 and a file system have in common.

use std::future::Future;

use crate::Result;
use crate::client::{Body, MaybeSend, MaybeSync};
use crate::digest::Digest;
use crate::http::ByteRange;

/// A strongly consistent store: what was put, replaced or deleted is so for every reader once its future has ended. Of several conditional
/// puts that meet the same state, exactly one succeeds.
///
/// Fails with [`StoreBusy`](crate::Kind::StoreBusy) where the store limits the rate of requests,
/// [`StoreUnavailable`](crate::Kind::StoreUnavailable) where it did not answer as it should, so that what was asked for may have been
/// done, and with what kept a body from being read.
pub trait ObjectStore: MaybeSend + MaybeSync {
    /// The bytes of an object, and of the requests that bring them.
    type Body: Body;

    /// What is known of an object without its bytes.
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<ObjectInfo>>> + MaybeSend;

    /// An object, or a part of it; `None` if there is none.
    fn get(
        &self,
        key: &str,
        range: Option<ByteRange>,
    ) -> impl Future<Output = Result<Option<Object<Self::Body>>>> + MaybeSend;

    /// Puts an object whole, or not at all; `None` where the condition does not hold. With a digest, content of another one is refused
    /// with [`DigestMismatch`](crate::Kind::DigestMismatch) by a store that [verifies](Self::verifies) its algorithm.
    fn put(
        &self,
        key: &str,
        content: Content<Self::Body>,
        condition: Condition<'_>,
        digest: Option<&Digest>,
    ) -> impl Future<Output = Result<Option<ObjectInfo>>> + MaybeSend;

    /// Deletes objects, at most 1000; what is not there is no failure.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Objects whose keys begin with `prefix` and come after `after`, in the order of their bytes; at most `limit`, 1 to 1000.
    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Listing>> + MaybeSend;

    /// Whether [`put`](Self::put) verifies digests of the algorithm of this one.
    fn verifies(&self, digest: &Digest) -> bool;

    /// A URL from which whoever holds it may read the object for some minutes, if the store gives such.
    fn presign(&self, _key: &str) -> impl Future<Output = Result<Option<String>>> + MaybeSend {
        async { Ok(None) }
    }
}

/// What is put.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content<B> {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A stream, and its size in bytes where it is known.
    Stream(B, Option<u64>),
}

/// When an object is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition<'a> {
    /// Always.
    None,
    /// If there is no object of this key.
    Absent,
    /// If the object is of this version.
    Version(&'a str),
}

/// What is known of an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// In bytes.
    pub size: u64,
    /// Stands for this content of this key. May come again when the same bytes are put again, and is otherwise never that of others.
    pub version: String,
    /// When it was put, in milliseconds since 1970, by the store's clock.
    pub modified: u64,
}

impl ObjectInfo {
    /// What is known, from its parts.
    #[must_use]
    pub fn new(size: u64, version: impl Into<String>, modified: u64) -> Self {
        Self {
            size,
            version: version.into(),
            modified,
        }
    }
}

/// An object, or a part of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Object<B> {
    /// Of the whole.
    pub info: ObjectInfo,
    /// The bytes that were asked for.
    pub body: B,
}

impl<B> Object<B> {
    /// An object from its parts.
    pub fn new(info: ObjectInfo, body: B) -> Self {
        Self { info, body }
    }
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// In the order of their keys.
    pub objects: Vec<Listed>,
    /// Whether there are more behind the last of them. It may turn out wrong; with it, there is always at least one.
    pub more: bool,
}

impl Listing {
    /// A page from its parts.
    #[must_use]
    pub fn new(objects: Vec<Listed>, more: bool) -> Self {
        Self { objects, more }
    }
}

/// An object as a listing has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// When it was put, in milliseconds since 1970.
    pub modified: u64,
}

impl Listed {
    /// An entry from its parts.
    #[must_use]
    pub fn new(key: impl Into<String>, size: u64, modified: u64) -> Self {
        Self {
            key: key.into(),
            size,
            modified,
        }
    }
}

/// A part of what is read as one body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The object.
    pub key: String,
    /// Which of its bytes.
    pub range: ByteRange,
}

impl Part {
    /// A part from what it is made of.
    #[must_use]
    pub fn new(key: impl Into<String>, range: ByteRange) -> Self {
        Self {
            key: key.into(),
            range,
        }
    }
}
