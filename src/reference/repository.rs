use std::fmt;
use std::str::FromStr;

use super::invalid;
use crate::error::{Error, Kind, Result};

/// The name of a repository: the `<name>` of the distribution specification.
///
/// The grammar ("Pulling manifests") is one or more components between slashes, each of lowercase letters and digits, joined by
/// one `.`, one or two `_`, or any number of `-`. So no component can be empty, `.` or `..`.
///
/// ```
/// use pierhead::reference::RepositoryName;
///
/// let name: RepositoryName = "library/alpine".parse()?;
/// assert_eq!(name.as_str(), "library/alpine");
/// assert!("Library/alpine".parse::<RepositoryName>().is_err());
/// assert!("a/../b".parse::<RepositoryName>().is_err());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(Box<str>);

impl RepositoryName {
    /// The most characters that a name may have.
    pub const MAX_LEN: usize = 255;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name as Docker Hub has it: one component alone belongs to `library`.
    pub(super) fn with_library(self) -> Result<Self> {
        if self.0.contains('/') {
            Ok(self)
        } else {
            ["library/", &self.0].concat().parse()
        }
    }
}

impl FromStr for RepositoryName {
    type Err = Error;

    /// Every failure is [`Kind::InvalidReference`](crate::Kind::InvalidReference).
    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(invalid("the repository is empty"));
        }
        if text.len() > Self::MAX_LEN {
            let (most, length) = (Self::MAX_LEN, text.len());
            return Err(Error::length(
                Kind::InvalidReference,
                "a repository has",
                most,
                length,
            ));
        }
        text.split('/').try_for_each(check_component)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for RepositoryName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn check_component(component: &str) -> Result<()> {
    if component.is_empty() {
        return Err(invalid(
            "a repository has something before, between and after its slashes",
        ));
    }
    if let Some(c) = component
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-'))
    {
        let reason = if c.is_uppercase() {
            " is lowercase and"
        } else {
            ""
        };
        let text = ["a repository", reason].concat();
        return Err(Error::character(Kind::InvalidReference, &text, c));
    }
    let is_separator = |c| matches!(c, '.' | '_' | '-');
    if component.starts_with(is_separator) || component.ends_with(is_separator) {
        return Err(invalid(
            "each part of a repository begins and ends with a letter or a digit",
        ));
    }
    let mut separators = component.split(|c| !is_separator(c));
    if separators
        .any(|run| !matches!(run, "" | "." | "_" | "__") && !run.bytes().all(|byte| byte == b'-'))
    {
        return Err(invalid(
            "a part of a repository is joined by one `.`, one or two `_`, or any number of `-`",
        ));
    }
    Ok(())
}
