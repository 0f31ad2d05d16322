//! References to images and artifacts: `registry/repository[:tag][@digest]`.
//!
//! The grammar of repositories and tags is that of the distribution specification ("Pulling manifests"). The short forms are
//! Docker's: `alpine` means `docker.io/library/alpine:latest`.

mod registry;
mod repository;
mod tag;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub use self::registry::Registry;
pub use self::repository::RepositoryName;
pub use self::tag::Tag;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};

/// A registry, a repository in it, and a tag, a digest or both.
///
/// Parsing completes Docker's short forms, and [`Display`](fmt::Display) writes the complete one, which parses to the same
/// reference again:
///
/// ```
/// use pierhead::reference::Reference;
///
/// let reference: Reference = "alpine".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/library/alpine:latest");
///
/// let reference: Reference = "[::1]:5000/team/app:v1".parse()?;
/// assert_eq!(reference.registry().as_str(), "[::1]:5000");
/// assert_eq!(reference.repository().as_str(), "team/app");
/// assert_eq!(reference.tag().map(|tag| tag.as_str()), Some("v1"));
/// assert_eq!(reference.identifier(), "v1");
/// # Ok::<(), pierhead::Error>(())
/// ```
///
/// As in Docker, what stands before the first slash is a registry if it holds a dot, a colon or an uppercase letter, or is `localhost`, and
/// `latest` is the tag if there is neither tag nor digest. Unlike in Docker, a host that is nothing but a word with uppercase
/// letters is refused: written in lowercase, as hosts are, it would be read as a part of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: Registry,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Reference {
    /// The most characters of registry, slash and repository together: many clients have no room for more (distribution
    /// specification, "Pulling manifests").
    pub const MAX_NAME_LEN: usize = 255;

    /// The tag of a reference that has neither tag nor digest.
    const DEFAULT_TAG: &str = "latest";

    /// A reference to the tag `latest`.
    ///
    /// ```
    /// use pierhead::reference::Reference;
    ///
    /// let reference = Reference::new("registry.example".parse()?, "team/app".parse()?)?;
    /// assert_eq!(reference.to_string(), "registry.example/team/app:latest");
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Kind::InvalidReference`] if both together are longer than [`Self::MAX_NAME_LEN`], or if the registry is a word without
    /// dot or port, other than `localhost`, which no reference can name.
    pub fn new(registry: Registry, repository: RepositoryName) -> Result<Self> {
        Self::assemble(registry, repository, None, None)
    }

    fn assemble(
        registry: Registry,
        repository: RepositoryName,
        tag: Option<Tag>,
        digest: Option<Digest>,
    ) -> Result<Self> {
        if !registry.is_recognisable() {
            return Err(invalid(
                "a registry other than localhost has a dot or a port, and a repository no uppercase letters",
            ));
        }
        let repository = if registry.is_docker_hub() {
            repository.with_library()?
        } else {
            repository
        };
        let length = registry.as_str().len() + 1 + repository.as_str().len();
        if length > Self::MAX_NAME_LEN {
            let names = "registry and repository together have";
            let most = Self::MAX_NAME_LEN;
            return Err(Error::length(Kind::InvalidReference, names, most, length));
        }
        let tag = match (tag, &digest) {
            (None, None) => Some(Self::DEFAULT_TAG.parse()?),
            (tag, _) => tag,
        };
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository: the `<name>` of the distribution specification.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag. It is there unless a digest is.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The `<reference>` of the distribution specification, to fetch the manifest by: the digest if there is one, else the tag.
    #[must_use]
    pub fn identifier(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag.as_str(),
            (None, None) => Self::DEFAULT_TAG,
        }
    }

    /// This reference, with this tag in place of its own and without a digest.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self.digest = None;
        self
    }

    /// This reference, pinned to this digest; the tag stays, as a name for people.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }
}

impl FromStr for Reference {
    type Err = Error;

    /// Every failure is [`Kind::InvalidReference`]. The messages never quote the input, which may hold a password.
    fn from_str(text: &str) -> Result<Self> {
        check_shape(text)?;
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
            None => (text, None),
        };
        if rest.starts_with('[') && !rest.contains('/') {
            return Err(invalid("the reference has a registry, but no repository"));
        }
        let (name, tag) = split_tag(rest);
        let tag = tag.map(str::parse).transpose()?;
        if tag.is_none() && digest.is_none() && is_image_id(name) {
            return Err(invalid(
                "64 hexadecimal digits are an image's id, not a repository",
            ));
        }
        let (registry, repository) = split_registry(name);
        let registry = registry.map_or_else(|| Ok(Registry::docker_hub()), str::parse)?;
        Self::assemble(registry, repository.parse()?, tag, digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.registry.as_str(), "/", self.repository.as_str()] {
            f.write_str(part)?;
        }
        if let Some(tag) = &self.tag {
            f.write_str(":")?;
            f.write_str(tag.as_str())?;
        }
        if let Some(digest) = &self.digest {
            f.write_str("@")?;
            f.write_str(digest.as_str())?;
        }
        Ok(())
    }
}

/// A reference taken apart, as JavaScript gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[non_exhaustive]
pub struct ReferenceParts {
    /// The registry's host, with its port if it has one.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag. It is there unless a digest is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl From<&Reference> for ReferenceParts {
    fn from(reference: &Reference) -> Self {
        Self {
            registry: reference.registry.as_str().to_owned(),
            repository: reference.repository.as_str().to_owned(),
            tag: reference.tag.as_ref().map(|tag| tag.as_str().to_owned()),
            digest: reference
                .digest
                .as_ref()
                .map(|digest| digest.as_str().to_owned()),
        }
    }
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::InvalidReference, message)
}

/// Mistakes that would otherwise be reported as something else.
fn check_shape(text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(invalid("the reference is empty"));
    }
    if text
        .split_once(':')
        .is_some_and(|(_, rest)| rest.starts_with("//"))
    {
        return Err(invalid(
            "a reference is not a URL: it begins with the registry's host, without a scheme",
        ));
    }
    if text
        .split_once('@')
        .is_some_and(|(_, rest)| rest.contains(&['@', '/'][..]))
    {
        return Err(invalid(
            "what follows the @ of a reference is a digest; credentials have no place in it",
        ));
    }
    Ok(())
}

fn parse_digest(text: &str) -> Result<Digest> {
    text.parse().map_err(|source: Error| {
        invalid(["the digest of the reference is invalid: ", source.message()].concat())
            .with_source(source)
    })
}

/// Cuts off the tag: what follows a colon behind the last slash. Any other colon belongs to the registry.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains(&['/', ']'][..]) => (name, Some(tag)),
        _ => (text, None),
    }
}

/// Cuts off the registry, if there is one.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if looks_like_registry(first) => (Some(first), rest),
        _ => (None, name),
    }
}

fn looks_like_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(&['.', ':', '['][..])
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_image_id(name: &str) -> bool {
    name.len() == 64
        && name
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
