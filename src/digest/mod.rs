//! Digests: their grammar, their computation, and streams checked against them.
//!
//! Implements "Digests" of the image specification's `descriptor.md`.

mod algorithm;
mod hasher;
mod sha;
mod state;
mod verifier;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

pub use self::algorithm::Algorithm;
pub use self::hasher::Hasher;
pub use self::verifier::Verifier;
use crate::error::{Error, Kind, Result};
use crate::json::decimal;

/// A well-formed digest, `algorithm:encoded`, in its only spelling.
///
/// The grammar is that of the image specification (`descriptor.md`, "Digests"):
///
/// ```text
/// digest    ::= algorithm ":" encoded
/// algorithm ::= component (separator component)*
/// component ::= [a-z0-9]+
/// separator ::= [+._-]
/// encoded   ::= [a-zA-Z0-9=_-]+
/// ```
///
/// A registered algorithm also fixes the length of `encoded` and allows lowercase hexadecimal only. An unregistered one passes
/// if its grammar is right, and is *unverifiable*: [`Digest::algorithm`] is `None`.
///
/// Both parts are safe as names of files and segments of paths: neither can be empty, `.` or `..`, or hold a slash.
///
/// ```
/// use pierhead::digest::{Algorithm, Digest};
///
/// let digest = Digest::of(Algorithm::Sha256, b"{}");
/// assert_eq!(digest.as_str(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
/// assert_eq!(digest.as_str().parse::<Digest>()?, digest);
///
/// let foreign: Digest = "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8".parse()?;
/// assert_eq!((foreign.algorithm_name(), foreign.algorithm()), ("multihash+base58", None));
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Box<str>);

impl Digest {
    /// The most characters that a digest may have. The specification sets no bound, so anything that reaches a URL or a file
    /// name needs one: this allows twice what any hash in use needs.
    pub const MAX_LEN: usize = 512;

    /// The digest of these bytes.
    #[must_use]
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// A digest from a computed hash.
    fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        let name = algorithm.as_str();
        let mut text = String::with_capacity(name.len() + 1 + 2 * hash.len());
        text.push_str(name);
        text.push(':');
        for byte in hash {
            text.push(hex_digit(byte >> 4));
            text.push(hex_digit(byte & 15));
        }
        Self(text.into())
    }

    /// The whole digest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole digest.
    pub(crate) fn into_string(self) -> String {
        self.0.into()
    }

    /// What stands before the colon.
    #[must_use]
    pub fn algorithm_name(&self) -> &str {
        self.parts().0
    }

    /// The algorithm, or `None` if it is not implemented: the digest is then well-formed, but nothing can be verified by it.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(self.algorithm_name())
    }

    /// What stands after the colon.
    #[must_use]
    pub fn encoded(&self) -> &str {
        self.parts().1
    }

    /// The algorithm, for one who has to compute it.
    ///
    /// # Errors
    /// [`Kind::UnsupportedAlgorithm`] if it is not implemented.
    pub fn require_algorithm(&self) -> Result<Algorithm> {
        self.algorithm().ok_or_else(|| {
            let name = self.algorithm_name();
            let message = [
                "nothing can be verified by ",
                name,
                ": it is not implemented",
            ]
            .concat();
            Error::new(Kind::UnsupportedAlgorithm, message)
        })
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or_default()
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Every failure is [`Kind::InvalidDigest`].
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > Self::MAX_LEN {
            let (most, length) = (Self::MAX_LEN, text.len());
            return Err(Error::length(
                Kind::InvalidDigest,
                "a digest has",
                most,
                length,
            ));
        }
        let Some((name, encoded)) = text.split_once(':') else {
            return Err(invalid(
                "a digest has a colon between its algorithm and its encoded part",
            ));
        };
        check_name(name)?;
        match Algorithm::from_name(name) {
            Some(algorithm) => check_hex(algorithm, encoded)?,
            None => check_encoded(encoded)?,
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Digest {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A digest taken apart, as JavaScript gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export))]
#[non_exhaustive]
pub struct DigestParts {
    /// What stands before the colon.
    pub algorithm: String,
    /// What stands after the colon.
    pub encoded: String,
}

impl From<&Digest> for DigestParts {
    fn from(digest: &Digest) -> Self {
        Self {
            algorithm: digest.algorithm_name().to_owned(),
            encoded: digest.encoded().to_owned(),
        }
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::InvalidDigest, message)
}

fn check_name(name: &str) -> Result<()> {
    let separators = ['+', '.', '_', '-'];
    for component in name.split(separators) {
        if component.is_empty() {
            return Err(invalid(
                "a digest's algorithm has a letter or digit at each end and around each of `+`, `.`, `_`, `-`",
            ));
        }
        if let Some(c) = component
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9'))
        {
            let text = "a digest's algorithm";
            return Err(Error::character(Kind::InvalidDigest, text, c));
        }
    }
    Ok(())
}

fn check_hex(algorithm: Algorithm, encoded: &str) -> Result<()> {
    if let Some(c) = encoded
        .chars()
        .find(|c| !matches!(c, '0'..='9' | 'a'..='f'))
    {
        let name = algorithm.as_str();
        let text = ["a ", name, " digest is lowercase hexadecimal and"].concat();
        return Err(Error::character(Kind::InvalidDigest, &text, c));
    }
    if encoded.len() != algorithm.encoded_len() {
        let (length, actual) = (algorithm.encoded_len(), encoded.len());
        let message = [
            "a ",
            algorithm.as_str(),
            " digest has ",
            &decimal(length as u64),
            " hexadecimal digits, not ",
            &decimal(actual as u64),
        ];
        return Err(invalid(message.concat()));
    }
    Ok(())
}

fn check_encoded(encoded: &str) -> Result<()> {
    if encoded.is_empty() {
        return Err(invalid("a digest has something after its colon"));
    }
    if let Some(c) = encoded
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '=' | '_' | '-'))
    {
        let text = "a digest's encoded part";
        return Err(Error::character(Kind::InvalidDigest, text, c));
    }
    Ok(())
}

/// The digit of a value below 16.
fn hex_digit(value: u8) -> char {
    char::from(if value < 10 {
        b'0' + value
    } else {
        b'a' - 10 + value
    })
}
