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
///
/// ```
/// use pierhead::client::Content;
/// use pierhead::digest::Algorithm;
/// use pierhead::native::BytesContent;
///
/// let content = BytesContent::new(b"{}", Algorithm::Sha256);
/// assert_eq!(content.size(), Some(2));
/// assert!(content.digest().is_some_and(|digest| digest.as_str().starts_with("sha256:44136fa3")));
/// ```
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
///
/// ```no_run
/// # async fn push(client: &pierhead::client::Client<pierhead::native::Native>) -> pierhead::Result<()> {
/// use pierhead::client::PushOptions;
/// use pierhead::digest::Algorithm;
/// use pierhead::native::FileContent;
///
/// let layer = FileContent::open("layer.tar.gz", Algorithm::Sha256).await?;
/// let pushed = client.push_blob(&"notes".parse()?, layer, &PushOptions::default()).await?;
/// println!("{} {}", pushed.digest, pushed.outcome.as_str());
/// # Ok(())
/// # }
/// ```
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
        let mut file = opened_at(&path, 0).await?;
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
        let file = opened_at(&self.path, offset).await?;
        Ok(Some(NativeBody::file(file)))
    }
}

/// A file, to be read from an offset in bytes on.
async fn opened_at(path: &Path, offset: u64) -> Result<File> {
    let mut file = File::open(path).await.map_err(failed)?;
    if offset > 0 {
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
    }
    Ok(file)
}

fn failed(error: std::io::Error) -> Error {
    Error::new(Kind::Content, "a file cannot be read").with_source(error)
}
