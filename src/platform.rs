//! Platforms: what an image runs on, as an index states it and as people write it.

mod fit;
pub(crate) mod known;

use std::borrow::Cow;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::http::{percent_decoded, percent_encoded};

pub(crate) use fit::Fit;

/// The platform that [`Platform::default`] is: what registries serve most.
pub const DEFAULT: &str = "linux/amd64";

/// What an image runs on: the `platform` of a descriptor (image specification, `image-index.md`).
///
/// Written `os/architecture[/variant]`, with the version and the features of the operating system in parentheses behind its name:
/// `windows(10.0.17763)/amd64`, `windows(10.0.17763+win32k)/amd64`, as containerd writes it. In the parentheses `%XX` stands for
/// a byte that could not stand there itself: `darwin(macOS%2014)/arm64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[non_exhaustive]
pub struct Platform {
    /// The operating system: a value of `GOOS`.
    pub os: String,
    /// The architecture of the processor: a value of `GOARCH`.
    pub architecture: String,
    /// The variant of the processor, such as `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The version of the operating system, such as `10.0.17763.1879`.
    #[serde(
        default,
        rename = "os.version",
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// What the operating system must offer, such as `win32k`; empty if nothing is asked.
    #[serde(default, rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<String>>"))]
    pub os_features: Vec<String>,
}

impl Platform {
    /// A platform of this operating system and architecture, as they are.
    #[must_use]
    pub fn new(os: impl Into<String>, architecture: impl Into<String>) -> Self {
        Self {
            os: os.into(),
            architecture: architecture.into(),
            variant: None,
            os_version: None,
            os_features: Vec::new(),
        }
    }

    /// This platform, with this variant of its architecture.
    #[must_use]
    pub fn with_variant(mut self, variant: impl Into<String>) -> Self {
        self.variant = Some(variant.into());
        self
    }

    /// This platform, with this version of its operating system.
    #[must_use]
    pub fn with_os_version(mut self, version: impl Into<String>) -> Self {
        self.os_version = Some(version.into());
        self
    }

    /// This platform, with these features of its operating system.
    #[must_use]
    pub fn with_os_features<F: Into<String>>(
        mut self,
        features: impl IntoIterator<Item = F>,
    ) -> Self {
        self.os_features = features.into_iter().map(Into::into).collect();
        self
    }

    /// This platform in the one form that equal platforms share. Parsing gives this form; a platform read from a document may hold
    /// any strings.
    ///
    /// Everything but version and features becomes lowercase, an empty variant or version is none, features are sorted, each once,
    /// and names are translated as containerd does:
    ///
    /// | written | means |
    /// |---|---|
    /// | `macos` | `darwin` |
    /// | `x86_64`, `x86-64`, `amd64/v1` | `amd64` |
    /// | `i386` | `386` |
    /// | `aarch64`, `arm64/8`, `arm64/v8` | `arm64` |
    /// | `armhf`, `arm`, `arm/7` | `arm/v7` |
    /// | `armel` | `arm/v6` |
    ///
    /// ```
    /// use pierhead::platform::Platform;
    ///
    /// let platform = Platform::new("linux", "aarch64").with_variant("v8");
    /// assert_eq!(platform.normalised(), "linux/arm64".parse()?);
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn normalised(&self) -> Self {
        let os = match self.os.to_ascii_lowercase() {
            name if name == "macos" => "darwin".to_owned(),
            name => name,
        };
        let architecture = self.architecture.to_ascii_lowercase();
        let variant = self
            .variant
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (architecture, variant) = normalise_processor(&architecture, &variant);
        // On a heap, as it is small in WebAssembly.
        let mut os_features = BinaryHeap::from(self.os_features.clone()).into_sorted_vec();
        os_features.dedup();
        Self {
            os,
            architecture: architecture.to_owned(),
            variant: Some(variant.to_owned()).filter(|variant| !variant.is_empty()),
            os_version: self
                .os_version
                .clone()
                .filter(|version| !version.is_empty()),
            os_features,
        }
    }

    /// Whether an image for `image` is for just this platform. Both are normalised first. [`Platform::runs`] asks for less.
    ///
    /// Operating system, architecture and variant are equal. Versions count only where both state one: on Windows the first three
    /// numbers must be equal, as they decide whether a container starts, and elsewhere all. This platform offers each feature that
    /// the image requires.
    ///
    /// ```
    /// use pierhead::platform::Platform;
    ///
    /// let asked: Platform = "windows(10.0.17763)/amd64".parse()?;
    /// assert!(asked.matches(&Platform::new("windows", "amd64").with_os_version("10.0.17763.1879")));
    /// assert!(!asked.matches(&Platform::new("windows", "amd64").with_os_version("10.0.20348.1")));
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, image: &Self) -> bool {
        self.fit(image) == Some(Fit::EXACT)
    }
}

impl Default for Platform {
    /// [`DEFAULT`].
    fn default() -> Self {
        Self::new("linux", "amd64")
    }
}

impl FromStr for Platform {
    type Err = Error;

    /// The result is normalised. Every failure is [`Kind::InvalidPlatform`].
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/');
        let (Some(os), Some(architecture), variant, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid(
                "a platform is `os/architecture` or `os/architecture/variant`",
            ));
        };
        let (os, options) = split_options(os)?;
        check_part("operating system", os)?;
        check_part("architecture", architecture)?;
        let mut platform = Self::new(os, architecture);
        if let Some(variant) = variant {
            check_part("variant", variant)?;
            platform.variant = Some(variant.to_owned());
        }
        if let Some(options) = options {
            platform.read_options(options)?;
        }
        Ok(platform.normalised())
    }
}

impl Platform {
    /// Reads what stands in the parentheses: `[version](+feature)*`.
    fn read_options(&mut self, options: &str) -> Result<()> {
        let mut options = options.split('+');
        if let Some(version) = options.next().filter(|version| !version.is_empty()) {
            self.os_version = Some(read_option("version", version)?);
        }
        for feature in options {
            self.os_features.push(read_option("feature", feature)?);
        }
        Ok(())
    }
}

impl fmt::Display for Platform {
    /// What parses to this platform again, if it is normalised, and system, architecture and variant are of the characters that
    /// parsing allows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Platform {
    /// This platform, as [`Display`](fmt::Display) has it.
    pub(crate) fn text(&self) -> String {
        let mut text = self.os.clone();
        if self.os_version.is_some() || !self.os_features.is_empty() {
            let version = self.os_version.as_deref().unwrap_or_default();
            text.push('(');
            text.push_str(&percent_encoded(version));
            for feature in &self.os_features {
                text.push('+');
                text.push_str(&percent_encoded(feature));
            }
            text.push(')');
        }
        text.push('/');
        text.push_str(&self.architecture);
        if let Some(variant) = &self.variant {
            text.push('/');
            text.push_str(variant);
        }
        text
    }
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::InvalidPlatform, message)
}

/// Cuts off the parentheses behind the name of the operating system.
fn split_options(os: &str) -> Result<(&str, Option<&str>)> {
    match os.split_once('(') {
        None => Ok((os, None)),
        Some((os, rest)) => match rest.strip_suffix(')') {
            Some(options) => Ok((os, Some(options))),
            None => Err(invalid(
                "the parenthesis behind a platform's operating system is not closed",
            )),
        },
    }
}

/// A version or feature, whose `%XX` are decoded.
fn read_option(what: &str, option: &str) -> Result<String> {
    check(what, option, "%~")?;
    percent_decoded(option).ok_or_else(|| invalid("a %XX in a platform is malformed"))
}

fn check_part(what: &str, part: &str) -> Result<()> {
    check(what, part, "")
}

/// That a part is of letters, digits, `_`, `.`, `-` and those of `others`.
fn check(what: &str, part: &str, others: &str) -> Result<()> {
    if part.is_empty() {
        return Err(invalid(
            ["the ", what, " of the platform is empty"].concat(),
        ));
    }
    if let Some(c) = part.chars().find(|&c| {
        !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-')
            && !others.chars().any(|other| other == c)
    }) {
        let text = ["the ", what, " of a platform"].concat();
        return Err(Error::character(Kind::InvalidPlatform, &text, c));
    }
    Ok(())
}

fn normalise_processor<'a>(architecture: &'a str, variant: &'a str) -> (&'a str, &'a str) {
    match (architecture, variant) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        same => same,
    }
}
