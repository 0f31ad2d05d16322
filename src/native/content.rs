//! What is pushed: files, and bytes in memory.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::NativeBody;
use crate::client::Content;
use crate::digest::{Algorithm, Digest, Hasher};
use crate::{Error, Kind, Result};

/// How much of a file is hashed at once, in bytes.
const READ_SIZE: usize = 256 * 1024;

/// Bytes in memory, to be pushed.
#[derive(Clone, Debug)]
pub struct BytesContent {
    bytes: Bytes,
    digest: Digest,
}

impl BytesContent {
    /// These bytes, named by their digest of this algorithm.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>, algorithm: Algorithm) -> Self {
        let bytes = bytes.into();
        Self {
            digest: Digest::of(algorithm, &bytes),
            bytes: bytes.into(),
        }
    }
}

impl Content for BytesContent {
    type Body = NativeBody;

    fn size(&self) -> Option<u64> {
        Some(self.bytes.len() as u64)
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest.clone())
    }

    async fn open(&mut self, offset: u64) -> Result<Option<NativeBody>> {
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        Ok(Some(NativeBody::bytes(self.bytes.slice(from..))))
    }
}

/// A file, to be pushed: read in constant memory, and again from wherever a push has to go on.
#[derive(Clone, Debug)]
pub struct FileContent {
    path: PathBuf,
    size: u64,
    digest: Digest,
}

impl FileContent {
    /// The file at this path, which is read once to know its digest of this algorithm.
    ///
    /// # Errors
    /// [`Kind::Content`], with what the system says behind it.
    pub async fn open(path: impl AsRef<Path>, algorithm: Algorithm) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let mut file = opened(&path).await?;
        let mut hasher = Hasher::new(algorithm);
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = file.read(&mut buffer).await.map_err(failed)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            hasher.update(bytes);
        }
        Ok(Self {
            path,
            size: hasher.bytes_hashed(),
            digest: hasher.finish(),
        })
    }

    /// The file at this path, of which size in bytes and digest are known. They are verified as it is pushed.
    #[must_use]
    pub fn known(path: impl AsRef<Path>, size: u64, digest: Digest) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            size,
            digest,
        }
    }
}

impl Content for FileContent {
    type Body = NativeBody;

    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest.clone())
    }

    async fn open(&mut self, offset: u64) -> Result<Option<NativeBody>> {
        let mut file = opened(&self.path).await?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        }
        Ok(Some(NativeBody::file(file)))
    }
}

async fn opened(path: &Path) -> Result<File> {
    File::open(path).await.map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    Error::new(Kind::Content, "a file cannot be read").with_source(error)
}
