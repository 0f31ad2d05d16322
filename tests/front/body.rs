//! Bodies in memory, of any size, that may break.

use std::sync::{Arc, Mutex};

use pierhead::client::{Body, Chunks, Expected, Piece};
use pierhead::digest::Hasher;
use pierhead::front::Tap;
use pierhead::{Error, Kind, Result};

use crate::schedule::turn;

/// Where the bytes of a body come from, a piece at a time.
pub type Source = Box<dyn FnMut() -> Result<Option<Vec<u8>>> + Send>;

/// Where a hasher goes when its portion is read.
type Finished = Arc<Mutex<Option<Hasher>>>;

/// A body. What is read of it in portions is read of it itself.
pub struct MemoryBody {
    inner: Arc<Mutex<Inner>>,
    /// How much of it is left to this portion.
    left: Option<u64>,
    /// Hashes what is read; `finished` is where it goes at the end.
    tap: Option<(Option<Hasher>, Finished)>,
}

struct Inner {
    source: Source,
    kept: Vec<u8>,
    cancelled: bool,
}

impl MemoryBody {
    pub fn new(source: Source) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                source,
                kept: Vec::new(),
                cancelled: false,
            })),
            left: None,
            tap: None,
        }
    }

    /// These bytes, in pieces of at most so many.
    pub fn of(bytes: &[u8], piece: usize) -> Self {
        let mut pieces: Vec<Vec<u8>> = bytes.chunks(piece.max(1)).map(<[u8]>::to_vec).collect();
        pieces.reverse();
        Self::new(Box::new(move || Ok(pieces.pop())))
    }

    /// These bytes, and then a broken connection.
    pub fn cut(bytes: &[u8]) -> Self {
        Self::failing(bytes, Kind::ConnectionLost)
    }

    /// These bytes, and then none for too long.
    pub fn silent(bytes: &[u8]) -> Self {
        Self::failing(bytes, Kind::Timeout)
    }

    fn failing(bytes: &[u8], kind: Kind) -> Self {
        let mut first = Some(bytes.to_vec());
        Self::new(Box::new(move || match first.take() {
            Some(bytes) if !bytes.is_empty() => Ok(Some(bytes)),
            _ => Err(Error::new(kind, "the body failed")),
        }))
    }

    /// So many zeros, of which there are never more than a mebibyte.
    pub fn zeros(mut size: u64) -> Self {
        Self::new(Box::new(move || {
            let next = size.min(1 << 20);
            size -= next;
            Ok((next > 0).then(|| vec![0; usize::try_from(next).unwrap()]))
        }))
    }

    /// See [`pierhead::front::Host::portion`].
    pub fn portion(&mut self, size: Option<u64>, hasher: Hasher) -> (Self, MemoryTap) {
        let finished = Arc::new(Mutex::new(None));
        let portion = Self {
            inner: Arc::clone(&self.inner),
            left: size,
            tap: Some((Some(hasher), Arc::clone(&finished))),
        };
        (portion, MemoryTap(finished))
    }

    /// The next piece, at once.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut inner = self.inner.lock().unwrap();
        assert!(!inner.cancelled, "a body is read that was given up");
        let chunk = if self.left == Some(0) {
            None
        } else if inner.kept.is_empty() {
            (inner.source)()?
        } else {
            Some(std::mem::take(&mut inner.kept))
        };
        let Some(mut chunk) = chunk else {
            if self.left.is_some_and(|left| left > 0) {
                return Err(Error::new(Kind::BodyTruncated, "the body ended early"));
            }
            if let Some((hasher, finished)) = &mut self.tap
                && let Some(hasher) = hasher.take()
            {
                *finished.lock().unwrap() = Some(hasher);
            }
            return Ok(None);
        };
        if let Some(left) = &mut self.left {
            let taken = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(chunk.len());
            inner.kept = chunk.split_off(taken);
            *left -= taken as u64;
        }
        if let Some((Some(hasher), _)) = &mut self.tap {
            hasher.update(&chunk);
        }
        Ok(Some(chunk))
    }

    /// All of it, at once.
    pub fn read(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next()? {
            bytes.extend(chunk);
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for MemoryBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryBody")
    }
}

impl Chunks for MemoryBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        turn().await;
        self.next()
    }

    fn cancel(&mut self) {
        self.inner.lock().unwrap().cancelled = true;
    }
}

impl Body for MemoryBody {
    type Piece = Held;

    fn verified(self, _expected: Expected) -> Result<Self> {
        panic!("a hosted registry verifies nothing that it stores once more")
    }

    async fn take(&mut self, size: u64) -> Result<Held> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let Some(chunk) = self.chunk().await? else {
                break;
            };
            bytes.extend(chunk);
        }
        let taken = usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len());
        self.inner.lock().unwrap().kept = bytes.split_off(taken);
        Ok(Held(bytes.into()))
    }
}

/// Gives back the hasher of a portion.
#[derive(Debug)]
pub struct MemoryTap(Finished);

impl Tap for MemoryTap {
    fn finish(self) -> Option<Hasher> {
        self.0.lock().unwrap().take()
    }
}

/// Bytes that the host holds.
#[derive(Clone, Debug)]
pub struct Held(Arc<[u8]>);

impl Piece for Held {
    fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn skip(&self, bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self(self.0.get(bytes..).unwrap_or_default().into())
    }
}
