use super::{Digest, Hasher};
use crate::error::{Error, Kind, Result};

/// Checks bytes, as they come, against the digest and the size that a descriptor states.
///
/// A size is checked before hashing (image specification, `descriptor.md`, "Verification"), so a body that goes on for ever
/// costs no more than the declared one.
///
/// ```
/// use pierhead::Kind;
/// use pierhead::digest::{Algorithm, Digest, Verifier};
///
/// let expected = Digest::of(Algorithm::Sha256, b"layer");
/// let mut verifier = Verifier::new(expected.clone(), Some(5))?;
/// verifier.update(b"lay")?;
/// verifier.update(b"er")?;
/// assert_eq!(verifier.finish()?, 5);
///
/// let mut verifier = Verifier::new(expected, None)?;
/// verifier.update(b"later")?;
/// assert_eq!(verifier.finish().unwrap_err().kind(), Kind::DigestMismatch);
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    expected: Digest,
    size: Option<u64>,
    hasher: Hasher,
    /// How many bytes had come when they first were too many; from then on nothing can make the body whole.
    excess: Option<u64>,
}

impl Verifier {
    /// Expects this digest and, if it is known, this size in bytes.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`] if nothing can be verified by the digest.
    pub fn new(expected: Digest, size: Option<u64>) -> Result<Self> {
        let hasher = Hasher::new(expected.require_algorithm()?);
        Ok(Self {
            expected,
            size,
            hasher,
            excess: None,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Kind::SizeMismatch`] if they exceed the size; they are not hashed, and no later call succeeds.
    pub fn update(&mut self, bytes: &[u8]) -> Result<()> {
        let received = self.received().saturating_add(bytes.len() as u64);
        if self.excess.is_none() && self.size.is_some_and(|size| received > size) {
            self.excess = Some(received);
        }
        self.check_excess()?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// The body has ended: how many bytes it had, if they are the right ones.
    ///
    /// # Errors
    /// [`Kind::SizeMismatch`] if too many bytes had come, [`Kind::BodyTruncated`] if too few, and else
    /// [`Kind::DigestMismatch`] if they are others than expected.
    pub fn finish(self) -> Result<u64> {
        self.check_excess()?;
        let received = self.received();
        if let Some(size) = self.size.filter(|size| received < *size) {
            return Err(Error::new(
                Kind::BodyTruncated,
                "the body ended before all its bytes had come",
            )
            .with_amounts(size, received));
        }
        let actual = self.hasher.finish();
        if actual != self.expected {
            return Err(Error::new(
                Kind::DigestMismatch,
                "the bytes do not have the digest they were asked by",
            )
            .with_expected(self.expected.as_str(), actual.as_str()));
        }
        Ok(received)
    }

    /// The digest that the bytes should have.
    #[must_use]
    pub fn expected(&self) -> &Digest {
        &self.expected
    }

    /// How many bytes have been taken and hashed.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.hasher.bytes_hashed()
    }

    /// How many bytes are still to come, if the size is known.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        self.size.map(|size| size.saturating_sub(self.received()))
    }

    fn check_excess(&self) -> Result<()> {
        match (self.size, self.excess) {
            (Some(size), Some(received)) => Err(Error::new(
                Kind::SizeMismatch,
                "more bytes came than were declared",
            )
            .with_amounts(size, received)),
            _ => Ok(()),
        }
    }
}
