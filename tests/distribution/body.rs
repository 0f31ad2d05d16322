//! Bodies as tests read them.

use pierhead::client::{Chunks, Expected, Verified};
use pierhead::{Kind, Result};

use crate::memory::block_on;

/// A body, verified or not.
pub enum Readable<P> {
    Plain(P),
    Verified(Box<Verified<P>>),
}

impl<P: Chunks> Readable<P> {
    pub fn verify(self, expected: Expected) -> Result<Self> {
        match self {
            Self::Plain(body) => {
                Verified::new(body, expected).map(|body| Self::Verified(Box::new(body)))
            }
            Self::Verified(_) => panic!("a body is verified twice"),
        }
    }
}

impl<P: Chunks> Chunks for Readable<P> {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Plain(body) => body.chunk().await,
            Self::Verified(body) => body.chunk().await,
        }
    }

    fn cancel(&mut self) {
        match self {
            Self::Plain(body) => body.cancel(),
            Self::Verified(body) => body.cancel(),
        }
    }
}

/// All of a body, or the error that ended it.
pub async fn drain_all(mut body: impl Chunks) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        bytes.extend(chunk);
    }
    Ok(bytes)
}

/// All of a body that could be read, and the error that ended it.
pub fn drain(mut body: impl Chunks) -> (Vec<u8>, Option<Kind>) {
    let mut bytes = Vec::new();
    loop {
        match block_on(body.chunk()) {
            Ok(Some(chunk)) => bytes.extend(chunk),
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}
