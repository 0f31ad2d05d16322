use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind};

/// A hash algorithm registered by the image specification (`descriptor.md`, "Registered algorithms") and implemented here.
///
/// ```
/// use pierhead::digest::Algorithm;
///
/// assert_eq!("sha512".parse::<Algorithm>()?, Algorithm::Sha512);
/// assert_eq!(Algorithm::default().as_str(), "sha256");
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4): what nearly every digest in the field uses, and the only one that must be implemented.
    #[default]
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// BLAKE3 with its default output of 256 bits; registered after version 1.1.1 of the image specification.
    Blake3,
}

impl Algorithm {
    /// The name before the colon of a digest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// How many characters, all lowercase hexadecimal, stand after the colon of a digest.
    #[must_use]
    pub fn encoded_len(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 64,
            Self::Sha512 => 128,
        }
    }

    /// The algorithm of this name, if it is implemented.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            "blake3" => Self::Blake3,
            _ => return None,
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    /// Names are case-sensitive. Any other than those above is [`Kind::UnsupportedAlgorithm`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_name(name).ok_or_else(|| {
            Error::new(
                Kind::UnsupportedAlgorithm,
                "the algorithm is none of sha256, sha512 and blake3",
            )
        })
    }
}
