//! A store in memory that keeps the promises of R2, is as slow to be written to, and fails where it is told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use pierhead::client::{Chunks as _, Clock};
use pierhead::digest::{Algorithm, Digest, Hasher};
use pierhead::front::{
    Condition, Content, Host, Listed, Listing, Object, ObjectInfo, ObjectStore, Part,
};
use pierhead::http::ByteRange;
use pierhead::{Error, Kind, Result};

use crate::body::{MemoryBody, MemoryTap};
use crate::schedule::turn;

/// How far apart two writes to one key must be, in milliseconds.
const WRITE_INTERVAL: u64 = 1000;
/// When the tests begin, in milliseconds since 1970.
const BEGINNING: u64 = 1_800_000_000_000;

/// What becomes of one thing that the store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and is not done.
    Before(Kind),
    /// It is done, and fails.
    After(Kind),
    /// What is read breaks after its first byte.
    Broken,
}

/// One thing that the store was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `head`, `get`, `put`, `delete`, `list`.
    pub name: &'static str,
    pub key: String,
}

#[derive(Clone, Debug)]
struct Stored {
    bytes: Arc<[u8]>,
    /// What it stands for, where the bytes are discarded.
    size: u64,
    version: String,
    modified: u64,
}

type Faults = Box<dyn FnMut(usize, &Operation) -> Option<Fault> + Send>;

#[derive(Default)]
struct Inner {
    objects: Mutex<BTreeMap<String, Stored>>,
    operations: Mutex<Vec<Operation>>,
    faults: Mutex<Option<Faults>>,
    now: AtomicU64,
    unique: AtomicU64,
    /// Whether bytes of segments are counted, and not kept.
    discards: AtomicBool,
    unverifying: AtomicBool,
    /// How the URLs begin that are given of what it holds.
    presigned: Mutex<Option<&'static str>>,
}

/// The store. To clone it is to have it twice.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Inner>);

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        let store = Self::default();
        store.0.now.store(BEGINNING, Ordering::Relaxed);
        store
    }

    /// This store, made to count the bytes of segments rather than to keep them.
    pub fn discarding(self) -> Self {
        self.0.discards.store(true, Ordering::Relaxed);
        self
    }

    /// This store, made to verify no digest.
    pub fn unverifying(self) -> Self {
        self.0.unverifying.store(true, Ordering::Relaxed);
        self
    }

    /// This store, made to give URLs of what it holds, which begin so.
    pub fn presigning(self, beginning: &'static str) -> Self {
        *self.0.presigned.lock().unwrap() = Some(beginning);
        self
    }

    /// Lets time pass.
    pub fn advance(&self, milliseconds: u64) {
        self.0.now.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Has what it is asked to do fail as this says, which is told how many things came before.
    pub fn fail(&self, faults: impl FnMut(usize, &Operation) -> Option<Fault> + Send + 'static) {
        *self.0.faults.lock().unwrap() = Some(Box::new(faults));
    }

    /// Has nothing fail any more.
    pub fn heal(&self) {
        *self.0.faults.lock().unwrap() = None;
    }

    /// What it was asked to do, since this was asked last.
    pub fn operations(&self) -> Vec<Operation> {
        std::mem::take(&mut self.0.operations.lock().unwrap())
    }

    /// The keys of what it holds that begin so, in their order.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.0.objects.lock().unwrap();
        let keys = objects.keys().filter(|key| key.starts_with(prefix));
        keys.cloned().collect()
    }

    /// The bytes of an object.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let objects = self.0.objects.lock().unwrap();
        objects.get(key).map(|stored| stored.bytes.to_vec())
    }

    /// Puts an object, whatever is there.
    pub fn set(&self, key: &str, bytes: &[u8]) {
        let stored = self.stored(bytes, bytes.len() as u64);
        let mut objects = self.0.objects.lock().unwrap();
        objects.insert(key.to_owned(), stored);
    }

    /// A copy of all that it holds, at the same time of day.
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        *copy.0.objects.lock().unwrap() = self.0.objects.lock().unwrap().clone();
        copy.0.now.store(self.unix_time(), Ordering::Relaxed);
        let unique = self.0.unique.load(Ordering::Relaxed);
        copy.0.unique.store(unique, Ordering::Relaxed);
        copy
    }

    fn stored(&self, bytes: &[u8], size: u64) -> Stored {
        Stored {
            version: Digest::of(Algorithm::Sha256, bytes).encoded()[..16].to_owned(),
            bytes: bytes.into(),
            size,
            modified: self.unix_time(),
        }
    }

    /// Begins an operation: gives its fault if that comes afterwards.
    async fn begin(&self, name: &'static str, key: &str) -> Result<Option<Fault>> {
        turn().await;
        let operation = Operation {
            name,
            key: key.to_owned(),
        };
        let fault = {
            let mut operations = self.0.operations.lock().unwrap();
            let mut faults = self.0.faults.lock().unwrap();
            let number = operations.len();
            operations.push(operation.clone());
            faults
                .as_mut()
                .and_then(|faults| faults(number, &operation))
        };
        match fault {
            Some(Fault::Before(kind)) => Err(failure(kind)),
            fault => Ok(fault),
        }
    }
}

fn failure(kind: Kind) -> Error {
    Error::new(kind, "the store fails as it was told to")
}

fn ended<T>(fault: Option<Fault>, value: T) -> Result<T> {
    match fault {
        Some(Fault::After(kind)) => Err(failure(kind)),
        _ => Ok(value),
    }
}

impl ObjectStore for MemoryStore {
    type Body = MemoryBody;

    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>> {
        let fault = self.begin("head", key).await?;
        let objects = self.0.objects.lock().unwrap();
        ended(fault, objects.get(key).map(info))
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<Object<MemoryBody>>> {
        let fault = self.begin("get", key).await?;
        let stored = self.0.objects.lock().unwrap().get(key).cloned();
        let Some(stored) = stored else {
            return ended(fault, None);
        };
        let (start, end) = range.map_or((0, stored.size), |range| {
            (range.start, range.end.saturating_add(1).min(stored.size))
        });
        let body = if fault == Some(Fault::Broken) {
            MemoryBody::cut(stored.bytes.get(..1).unwrap_or_default())
        } else if stored.size > stored.bytes.len() as u64 {
            MemoryBody::zeros(end - start)
        } else {
            let at = |bytes: u64| usize::try_from(bytes).unwrap();
            MemoryBody::of(&stored.bytes[at(start)..at(end)], 1 << 20)
        };
        ended(fault, Some(Object::new(info(&stored), body)))
    }

    async fn put(
        &self,
        key: &str,
        content: Content<MemoryBody>,
        condition: Condition<'_>,
        digest: Option<&Digest>,
    ) -> Result<Option<ObjectInfo>> {
        let is_endless = matches!(content, Content::Stream(_, None));
        assert!(
            !is_endless || condition == Condition::None,
            "no store can do that"
        );
        let fault = self.begin("put", key).await?;
        let discards = self.0.discards.load(Ordering::Relaxed) && key.starts_with("segments/");
        let mut bytes = Vec::new();
        let mut size = 0;
        let mut hasher = digest.map(|digest| Hasher::new(digest.algorithm().unwrap()));
        let mut take = |chunk: Vec<u8>| {
            size += chunk.len() as u64;
            if let Some(hasher) = &mut hasher {
                hasher.update(&chunk);
            }
            if !discards {
                bytes.extend(chunk);
            }
        };
        match content {
            Content::Bytes(bytes) => take(bytes),
            Content::Stream(mut body, stated) => {
                while let Some(chunk) = body.chunk().await? {
                    take(chunk);
                }
                if stated.is_some_and(|stated| stated != size) {
                    return Err(Error::new(
                        Kind::SizeMismatch,
                        "the stream has another size",
                    ));
                }
            }
            _ => unreachable!(),
        }
        if let (Some(digest), Some(hasher)) = (digest, hasher)
            && self.verifies(digest)
            && hasher.finish() != *digest
        {
            return Err(Error::new(
                Kind::DigestMismatch,
                "the content has another digest",
            ));
        }
        let stored = self.stored(&bytes, size);
        let mut objects = self.0.objects.lock().unwrap();
        let present = objects.get(key);
        let holds = match condition {
            Condition::None => true,
            Condition::Absent => present.is_none(),
            Condition::Version(version) => present.is_some_and(|it| it.version == version),
            _ => unreachable!(),
        };
        if !holds {
            return ended(fault, None);
        }
        if present.is_some_and(|it| stored.modified < it.modified + WRITE_INTERVAL) {
            return Err(Error::new(Kind::StoreBusy, "one write a second to one key"));
        }
        let known = info(&stored);
        objects.insert(key.to_owned(), stored);
        ended(fault, Some(known))
    }

    async fn delete(&self, keys: &[String]) -> Result<()> {
        assert!(keys.len() <= 1000);
        let fault = self
            .begin("delete", keys.first().map_or("", |key| key))
            .await?;
        let mut objects = self.0.objects.lock().unwrap();
        for key in keys {
            objects.remove(key);
        }
        ended(fault, ())
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Listing> {
        assert!((1..=1000).contains(&limit));
        for text in [prefix, after.unwrap_or_default()] {
            // What services refuse, or cannot say.
            let is_plain = text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
            assert!(
                is_plain && !text.contains("/.") && !text.contains("//"),
                "{text:?}"
            );
        }
        let fault = self.begin("list", prefix).await?;
        let objects = self.0.objects.lock().unwrap();
        let mut found = objects
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
            .map(|(key, stored)| Listed::new(key, stored.size, stored.modified));
        let page: Vec<_> = found.by_ref().take(limit as usize).collect();
        let more = found.next().is_some();
        drop(found);
        ended(fault, Listing::new(page, more))
    }

    async fn presign(&self, key: &str) -> Result<Option<String>> {
        let beginning = *self.0.presigned.lock().unwrap();
        Ok(beginning.map(|beginning| format!("{beginning}{key}?signature=x")))
    }

    fn verifies(&self, digest: &Digest) -> bool {
        digest.algorithm() == Some(Algorithm::Sha256) && !self.0.unverifying.load(Ordering::Relaxed)
    }
}

fn info(stored: &Stored) -> ObjectInfo {
    ObjectInfo::new(stored.size, stored.version.as_str(), stored.modified)
}

impl Clock for MemoryStore {
    fn now(&self) -> u64 {
        self.unix_time()
    }

    /// Time passes as soon as somebody waits for it.
    async fn sleep(&self, milliseconds: u64) {
        turn().await;
        self.advance(milliseconds);
    }

    fn random(&self) -> u32 {
        7
    }
}

impl Host for MemoryStore {
    type Tap = MemoryTap;

    fn unix_time(&self) -> u64 {
        self.0.now.load(Ordering::Relaxed)
    }

    fn unique(&self) -> u128 {
        u128::from(self.0.unique.fetch_add(1, Ordering::Relaxed)) + (1 << 100)
    }

    fn portion(
        &self,
        body: &mut MemoryBody,
        size: Option<u64>,
        hasher: Hasher,
    ) -> (MemoryBody, MemoryTap) {
        body.portion(size, hasher)
    }

    async fn parts(&self, parts: Vec<Part>) -> Result<Option<MemoryBody>> {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Ok(Some(MemoryBody::of(&[], 1)));
        };
        let Some(object) = self.get(&first.key, Some(first.range)).await? else {
            return Ok(None);
        };
        let mut body = object.body;
        let store = self.clone();
        Ok(Some(MemoryBody::new(Box::new(move || {
            loop {
                if let Some(chunk) = body.next()? {
                    return Ok(Some(chunk));
                }
                let Some(part) = parts.next() else {
                    return Ok(None);
                };
                let next = crate::schedule::block_on(store.get(&part.key, Some(part.range)))?;
                let gone = || Error::new(Kind::BodyTruncated, "a part is gone");
                body = next.ok_or_else(gone)?.body;
            }
        }))))
    }
}
