//! Which images a platform runs, and which of them suit it best.

use super::Platform;

/// How well an image suits a platform: the greater, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fit {
    variant: u32,
    version: u32,
}

const EXACT: u32 = u32::MAX;

/// Windows Server 2022: from this build on, a host also runs the images of earlier builds, down to this one
/// (<https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility>).
const STABLE_BUILD: u16 = 20348;

impl Fit {
    /// That of an image which is for just this platform.
    pub(crate) const EXACT: Self = Self {
        variant: EXACT,
        version: EXACT,
    };
}

impl Platform {
    /// Whether an image for `image` runs on this platform, be it made for a lesser one. Both are normalised first.
    ///
    /// What [`Platform::matches`] asks, with two reliefs, which are containerd's:
    ///
    /// - An image for a lower variant of the same architecture will do: on `arm/v7` one for `v6` or `v5`, on `amd64/v3` one for
    ///   `v2` or `v1`, on `arm64/v8.2` one for `v8.1` or `v8`, on `arm64/v9.1` also one for `v8.6` (`v9.x` has all of
    ///   `v8.x+5`), on `ppc64le/power10` one for `power9`, and anywhere one for no variant. Another architecture never will, though
    ///   many processors for `amd64` could run `386`.
    /// - From Windows Server 2022 (build 20348) on, an image for an earlier build will do, down to that one.
    ///
    /// ```
    /// use pierhead::platform::Platform;
    ///
    /// let board: Platform = "linux/arm/v7".parse()?;
    /// assert!(board.runs(&"linux/arm/v6".parse()?));
    /// assert!(!board.runs(&"linux/arm/v8".parse()?));
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn runs(&self, image: &Self) -> bool {
        self.fit(image).is_some()
    }

    /// How well an image for `image` suits; `None` if it does not run.
    pub(crate) fn fit(&self, image: &Self) -> Option<Fit> {
        let (host, image) = (self.normalised(), image.normalised());
        // Features are sorted now, so that no number of them costs more than their order.
        let same = host.os == image.os
            && host.architecture == image.architecture
            && image
                .os_features
                .iter()
                .all(|feature| host.os_features.binary_search(feature).is_ok());
        if !same {
            return None;
        }
        Some(Fit {
            variant: variant(
                &host.architecture,
                host.variant.as_deref(),
                image.variant.as_deref(),
            )?,
            version: version(
                &host.os,
                host.os_version.as_deref(),
                image.os_version.as_deref(),
            )?,
        })
    }
}

fn variant(architecture: &str, host: Option<&str>, image: Option<&str>) -> Option<u32> {
    if host == image {
        return Some(EXACT);
    }
    // The lowest there is, which no variant stands for where normalising has dropped it.
    let lowest = match architecture {
        "amd64" => "v1",
        "arm64" => "v8",
        "arm" => "v5",
        _ => "",
    };
    let (host, image) = (host.unwrap_or(lowest), image.unwrap_or(lowest));
    if image.is_empty() {
        return Some(0);
    }
    let (host, image) = (Level::of(host)?, Level::of(image)?);
    if (host.prefix, host.suffix) != (image.prefix, image.suffix)
        || Level::of(lowest).is_some_and(|lowest| image.number() < lowest.number())
    {
        return None;
    }
    let runs = if architecture == "arm64" && host.major != image.major {
        // v9.0 grew out of v8.5; v8.9 is the last of its line.
        host.major == 9 && image.major == 8 && image.minor <= host.minor.saturating_add(5).min(9)
    } else {
        image.number() <= host.number()
    };
    runs.then(|| image.number())
}

/// A variant that stands in a line of them: `v8.2`, `power10`, `rva22u64`.
struct Level<'a> {
    prefix: &'a str,
    major: u16,
    minor: u16,
    suffix: &'a str,
}

impl<'a> Level<'a> {
    fn of(variant: &'a str) -> Option<Self> {
        let at = variant.find(|c: char| c.is_ascii_digit())?;
        let (prefix, rest) = variant.split_at_checked(at)?;
        let (major, rest) = number(rest)?;
        let (minor, suffix) = rest.strip_prefix('.').and_then(number).unwrap_or((0, rest));
        Some(Self {
            prefix,
            major,
            minor,
            suffix,
        })
    }

    fn number(&self) -> u32 {
        u32::from(self.major) << 16 | u32::from(self.minor)
    }
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    Some((digits.parse().ok()?, rest))
}

/// Versions count only where both state one.
fn version(os: &str, host: Option<&str>, image: Option<&str>) -> Option<u32> {
    let (Some(host), Some(image)) = (host, image) else {
        return Some(EXACT);
    };
    if host == image {
        return Some(EXACT);
    }
    if os != "windows" {
        return None;
    }
    let (mut host, mut image) = (host.split('.'), image.split('.'));
    let major_and_minor = (host.next(), host.next()) == (image.next(), image.next());
    let (host, image) = (host.next(), image.next());
    if !major_and_minor {
        return None;
    }
    if host == image {
        return Some(EXACT);
    }
    let (host, image): (u16, u16) = (host?.parse().ok()?, image?.parse().ok()?);
    (STABLE_BUILD..=host)
        .contains(&image)
        .then_some(image.into())
}
