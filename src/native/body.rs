//! Bodies: of responses, of files, and of bytes in memory.

use std::time::Duration;

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::client::{Body, Chunks, Expected, Piece, Verified};
use crate::{Error, Kind, Result};

/// How much of a file is read at once, in bytes.
const READ_SIZE: usize = 256 * 1024;

/// A response's body, or what is to be sent.
#[derive(Debug)]
pub struct NativeBody {
    source: Source,
    /// What was read and not yet taken.
    left: Bytes,
}

#[derive(Debug)]
enum Source {
    Plain(Plain),
    Verified(Box<Verified<Plain>>),
    /// By whoever read it, and by whoever takes it.
    Twice(Box<Verified<Verified<Plain>>>),
}

/// A body that nothing is known of.
#[derive(Debug)]
enum Plain {
    Response {
        response: Box<reqwest::Response>,
        idle_timeout: Duration,
    },
    File(File),
    Bytes(Bytes),
    Cancelled,
}

impl NativeBody {
    pub(super) fn response(response: reqwest::Response, idle_timeout: Duration) -> Self {
        Self::plain(Plain::Response {
            response: Box::new(response),
            idle_timeout,
        })
    }

    pub(super) fn file(file: File) -> Self {
        Self::plain(Plain::File(file))
    }

    pub(super) fn bytes(bytes: Bytes) -> Self {
        Self::plain(Plain::Bytes(bytes))
    }

    fn plain(plain: Plain) -> Self {
        Self {
            source: Source::Plain(plain),
            left: Bytes::new(),
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match &mut self.source {
            Source::Plain(body) => body.chunk().await,
            Source::Verified(body) => body.chunk().await,
            Source::Twice(body) => body.chunk().await,
        }
    }
}

impl Chunks for NativeBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        if self.left.is_empty() {
            return self.next().await;
        }
        Ok(Some(std::mem::take(&mut self.left).into()))
    }

    fn cancel(&mut self) {
        self.left = Bytes::new();
        match &mut self.source {
            Source::Plain(body) => body.cancel(),
            Source::Verified(body) => body.cancel(),
            Source::Twice(body) => body.cancel(),
        }
    }
}

impl Body for NativeBody {
    type Piece = NativePiece;

    fn verified(self, expected: Expected) -> Result<Self> {
        let source = match self.source {
            Source::Plain(body) if self.left.is_empty() => {
                Source::Verified(Box::new(Verified::new(body, expected)?))
            }
            Source::Verified(body) if self.left.is_empty() => {
                Source::Twice(Box::new(Verified::new(*body, expected)?))
            }
            _ => {
                return Err(Error::new(
                    Kind::InvalidArgument,
                    "a body is verified before it is read, and twice at most",
                ));
            }
        };
        let left = Bytes::new();
        Ok(Self { source, left })
    }

    async fn take(&mut self, size: u64) -> Result<NativePiece> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut taken: Vec<u8> = Vec::new();
        while taken.len() < size {
            let Some(chunk) = self.chunk().await? else {
                break;
            };
            let mut chunk = Bytes::from(chunk);
            let part = chunk.split_to(chunk.len().min(size - taken.len()));
            self.left = chunk;
            if taken.is_empty() && part.len() == size {
                return Ok(NativePiece(part));
            }
            taken.extend_from_slice(&part);
        }
        Ok(NativePiece(taken.into()))
    }
}

impl Chunks for Plain {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let chunk = match self {
                Self::Cancelled => return Err(Error::new(Kind::Aborted, "the body was given up")),
                Self::Bytes(bytes) => return Ok(some(std::mem::take(bytes).into())),
                Self::File(file) => {
                    let mut buffer = Vec::with_capacity(READ_SIZE);
                    let failed = |error| {
                        Error::new(Kind::Content, "a file cannot be read").with_source(error)
                    };
                    file.read_buf(&mut buffer).await.map_err(failed)?;
                    return Ok(some(buffer));
                }
                Self::Response {
                    response,
                    idle_timeout,
                } => tokio::time::timeout(*idle_timeout, response.chunk())
                    .await
                    .map_err(|_| Error::new(Kind::Timeout, "no byte came in time"))?
                    .map_err(|error| {
                        Error::new(
                            Kind::ConnectionLost,
                            "the connection broke in the middle of a body",
                        )
                        .with_source(error.without_url())
                    })?,
            };
            match chunk {
                None => return Ok(None),
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => return Ok(Some(chunk.into())),
            }
        }
    }

    fn cancel(&mut self) {
        *self = Self::Cancelled;
    }
}

fn some(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (!bytes.is_empty()).then_some(bytes)
}

/// Bytes in memory that can be sent more than once.
#[derive(Clone, Debug)]
pub struct NativePiece(Bytes);

impl NativePiece {
    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Piece for NativePiece {
    fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn skip(&self, bytes: u64) -> Self {
        let from = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .min(self.0.len());
        Self(self.0.slice(from..))
    }
}
