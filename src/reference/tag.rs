use std::fmt;
use std::str::FromStr;

use super::invalid;
use crate::error::{Error, Kind, Result};

/// A tag: a name within a repository that can move from manifest to manifest.
///
/// The grammar is `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution specification, "Pulling manifests").
///
/// ```
/// use pierhead::reference::Tag;
///
/// assert_eq!("v1.0".parse::<Tag>()?.as_str(), "v1.0");
/// assert!("-rc1".parse::<Tag>().is_err());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Box<str>);

impl Tag {
    /// The most characters that a tag may have.
    pub const MAX_LEN: usize = 128;

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = Error;

    /// Every failure is [`Kind::InvalidReference`](crate::Kind::InvalidReference).
    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(invalid("the tag is empty"));
        }
        if let Some(c) = text
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-'))
        {
            return Err(Error::character(Kind::InvalidReference, "a tag", c));
        }
        if text.starts_with(&['.', '-'][..]) {
            return Err(invalid("a tag begins with a letter, a digit or `_`"));
        }
        if text.len() > Self::MAX_LEN {
            let (most, length) = (Self::MAX_LEN, text.len());
            return Err(Error::length(
                Kind::InvalidReference,
                "a tag has",
                most,
                length,
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Tag {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
