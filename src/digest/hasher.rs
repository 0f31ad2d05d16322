use std::fmt;

use super::sha::{Sha, Variant};
use super::{Algorithm, Digest, state};
use crate::error::{Error, Kind, Result};

/// Computes a digest of bytes as they come.
///
/// ```
/// use pierhead::digest::{Algorithm, Digest, Hasher};
///
/// let mut hasher = Hasher::new(Algorithm::Sha256);
/// hasher.update(b"hello, ");
/// let state = hasher.save()?;
///
/// // Later, perhaps in another process:
/// let mut hasher = Hasher::restore(Algorithm::Sha256, &state)?;
/// hasher.update(b"pier");
/// assert_eq!(hasher.bytes_hashed(), 11);
/// assert_eq!(hasher.finish(), Digest::of(Algorithm::Sha256, b"hello, pier"));
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone)]
pub struct Hasher {
    engine: Engine,
    bytes_hashed: u64,
}

#[derive(Clone)]
enum Engine {
    Sha(Sha),
    // Boxed for its size: it keeps a tree of nearly two kilobytes where the others keep one block.
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let engine = match algorithm {
            Algorithm::Sha256 => Engine::Sha(Sha::new(Variant::Sha256)),
            Algorithm::Sha512 => Engine::Sha(Sha::new(Variant::Sha512)),
            Algorithm::Blake3 => Engine::Blake3(Box::default()),
        };
        Self {
            engine,
            bytes_hashed: 0,
        }
    }

    /// Hashes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.engine {
            Engine::Sha(engine) => engine.update(bytes),
            Engine::Blake3(engine) => {
                engine.update(bytes);
            }
        }
        self.bytes_hashed += bytes.len() as u64;
    }

    /// The digest of all bytes.
    #[must_use]
    pub fn finish(self) -> Digest {
        let algorithm = self.algorithm();
        match self.engine {
            Engine::Sha(engine) => Digest::from_hash(algorithm, &engine.finish(self.bytes_hashed)),
            Engine::Blake3(engine) => Digest::from_hash(algorithm, engine.finalize().as_bytes()),
        }
    }

    /// How many bytes have been hashed, those before [`Hasher::restore`] included.
    #[must_use]
    pub fn bytes_hashed(&self) -> u64 {
        self.bytes_hashed
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.engine {
            Engine::Sha(engine) => engine.variant.algorithm(),
            Engine::Blake3(_) => Algorithm::Blake3,
        }
    }

    /// The state so far, to go on from with [`Hasher::restore`]: 122 bytes for SHA-256 and 226 for SHA-512.
    ///
    /// It holds up to one block (64 or 128 bytes) of what was hashed in clear, so it is as secret as the bytes. Its checksum finds accidents,
    /// not forgers: whoever can write a saved state chooses the digest that comes of it.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`] for BLAKE3, whose state cannot be taken out.
    pub fn save(&self) -> Result<Vec<u8>> {
        match &self.engine {
            Engine::Sha(engine) => Ok(state::save(engine, self.bytes_hashed)),
            Engine::Blake3(_) => Err(unsaveable()),
        }
    }

    /// Goes on from where [`Hasher::save`] was called, in this or any later version of this crate, on any machine.
    ///
    /// # Errors
    /// [`Kind::InvalidHashState`] for anything that [`Hasher::save`] did not make of this algorithm, and
    /// [`Kind::UnsupportedAlgorithm`] for BLAKE3.
    pub fn restore(algorithm: Algorithm, state: &[u8]) -> Result<Self> {
        let variant = match algorithm {
            Algorithm::Sha256 => Variant::Sha256,
            Algorithm::Sha512 => Variant::Sha512,
            Algorithm::Blake3 => return Err(unsaveable()),
        };
        let (engine, bytes_hashed) = state::restore(variant, state)?;
        Ok(Self {
            engine: Engine::Sha(engine),
            bytes_hashed,
        })
    }
}

impl fmt::Debug for Hasher {
    // The state holds bytes of what is hashed, so it stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm())
            .field("bytes_hashed", &self.bytes_hashed)
            .finish_non_exhaustive()
    }
}

fn unsaveable() -> Error {
    Error::new(
        Kind::UnsupportedAlgorithm,
        "a blake3 hash cannot be saved and restored",
    )
}
