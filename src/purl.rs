//! Package URLs of images and artifacts: `pkg:oci` and `pkg:docker`.
//!
//! The grammar is that of ECMA-427, clause 5; the two types are defined in the purl specification's `types/`
//! (<https://github.com/package-url/purl-spec/tree/main/types>).
//!
//! JavaScript has the same in `js/purl.ts`, as this is four kilobytes of WebAssembly; `tests/fixtures/purl.json` holds the two together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::http::{percent_decoded, percent_encoded};
use crate::reference::Reference;

/// The types of package URLs that stand for what registries hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PurlType {
    /// `pkg:oci`: any artifact, known by its digest. Where it is, the qualifier `repository_url` says.
    Oci,
    /// `pkg:docker`: an image, known by where it is, and by tag or digest.
    Docker,
}

impl PurlType {
    /// Its name, as it stands in a package URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::Docker => "docker",
        }
    }
}

impl FromStr for PurlType {
    type Err = Error;

    /// In any case; any other type is [`Kind::InvalidPurl`].
    fn from_str(text: &str) -> Result<Self> {
        [Self::Oci, Self::Docker]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| invalid("the type of the package URL is neither oci nor docker"))
    }
}

/// A package URL, taken apart. Parsing accepts every spelling, and [`Display`](fmt::Display) writes the canonical one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purl {
    /// Its type.
    pub purl_type: PurlType,
    /// Of `docker`, what stands before the last segment of the repository; `oci` has none.
    pub namespace: Option<String>,
    /// The last segment of the repository; of `oci`, in lowercase.
    pub name: String,
    /// Of `oci` the digest, of `docker` the tag, the digest or an image's id.
    pub version: Option<String>,
    /// By key, in lowercase: `repository_url`; of `oci` also `arch` and `tag`. Others are kept.
    pub qualifiers: BTreeMap<String, String>,
    /// A path within the package, which neither type gives a meaning.
    pub subpath: Option<String>,
}

const REPOSITORY_URL: &str = "repository_url";

impl Purl {
    /// The package URL of what a reference stands for.
    ///
    /// - `oci`: the version is the digest, if there is one, and a tag is the qualifier `tag`. Nothing is lost.
    /// - `docker`: the version is the digest, or without one the tag; a tag beside a digest is lost. On Docker Hub the namespace
    ///   `library` goes without saying, and elsewhere the registry is the qualifier `repository_url`.
    ///
    /// ```
    /// use pierhead::purl::{Purl, PurlType};
    ///
    /// let reference = "ghcr.io/owner/app:1.0".parse()?;
    /// let purl = Purl::new(PurlType::Oci, &reference).with_arch("amd64");
    /// assert_eq!(
    ///     purl.to_string(),
    ///     "pkg:oci/app?arch=amd64&repository_url=ghcr.io%2Fowner%2Fapp&tag=1.0"
    /// );
    /// assert_eq!(purl.to_string().parse::<Purl>()?.reference(), Some(reference));
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn new(purl_type: PurlType, reference: &Reference) -> Self {
        let (registry, repository) = (reference.registry(), reference.repository().as_str());
        let (namespace, name) = repository.rsplit_once('/').unwrap_or(("", repository));
        let (tag, digest) = (
            reference.tag().map(|tag| tag.as_str().to_owned()),
            reference.digest().map(|digest| digest.as_str().to_owned()),
        );
        let mut purl = Self::empty(purl_type);
        name.clone_into(&mut purl.name);
        purl.version = digest;
        match purl_type {
            PurlType::Oci => {
                purl.qualify(REPOSITORY_URL, format!("{registry}/{repository}"));
                if let Some(tag) = tag {
                    purl.qualify("tag", tag);
                }
            }
            PurlType::Docker => {
                let on_hub = registry.is_docker_hub();
                purl.version = purl.version.or(tag);
                if !(namespace.is_empty() || on_hub && namespace == "library") {
                    purl.namespace = Some(namespace.to_owned());
                }
                // On Docker Hub, a namespace that looks like a registry would be taken for one.
                let goes_without_saying = purl.reference().is_some_and(|found| {
                    found.registry() == registry && found.repository() == reference.repository()
                });
                if !goes_without_saying {
                    purl.qualify(REPOSITORY_URL, registry.to_string());
                }
            }
        }
        purl
    }

    /// This package URL, for this architecture: the qualifier `arch`, of which an empty one is none.
    #[must_use]
    pub fn with_arch(mut self, arch: impl Into<String>) -> Self {
        self.qualify("arch", arch.into());
        self
    }

    fn empty(purl_type: PurlType) -> Self {
        Self {
            purl_type,
            namespace: None,
            name: String::new(),
            version: None,
            qualifiers: BTreeMap::new(),
            subpath: None,
        }
    }

    fn read(&mut self, text: &str) -> Result<()> {
        let (rest, subpath) = split_last(text, '#');
        let (rest, qualifiers) = split_last(rest, '?');
        let (scheme, rest) = rest.split_once(':').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(invalid("a package URL begins with `pkg:`"));
        }
        let (purl_type, rest) = rest
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or_default();
        self.purl_type = purl_type.parse()?;
        let (path, version) = split_last(rest, '@');
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.name = decoded(name)?;
        self.namespace = segments(namespace, false)?;
        if self.name.is_empty() {
            return Err(invalid("a package URL has a name"));
        }
        if self.purl_type == PurlType::Oci {
            if self.namespace.is_some() {
                return Err(invalid("a package URL of the type oci has no namespace"));
            }
            self.name.make_ascii_lowercase();
        }
        if !version.is_empty() {
            self.version = Some(decoded(version)?);
        }
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            self.read_qualifier(pair)?;
        }
        self.subpath = segments(subpath, true)?;
        Ok(())
    }

    fn read_qualifier(&mut self, pair: &str) -> Result<()> {
        let (key, value) = pair.split_once('=').unwrap_or_default();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || !key.bytes().all(letters) {
            return Err(invalid(
                "a qualifier is `key=value`, and its key a letter, and more letters, digits and `._-`",
            ));
        }
        let value = decoded(value)?;
        if !value.is_empty()
            && self
                .qualifiers
                .insert(key.to_ascii_lowercase(), value)
                .is_some()
        {
            return Err(invalid("a package URL has a qualifier twice"));
        }
        Ok(())
    }

    fn canonical(&self) -> String {
        let mut text = "pkg:".to_owned();
        text.push_str(self.purl_type.as_str());
        push_path(&mut text, "/", self.namespace.as_deref());
        text.push('/');
        push_encoded(&mut text, &self.name);
        if let Some(version) = &self.version {
            text.push('@');
            push_encoded(&mut text, version);
        }
        let mut mark = '?';
        for (key, value) in &self.qualifiers {
            text.push(mark);
            text.push_str(key);
            text.push('=');
            push_encoded(&mut text, value);
            mark = '&';
        }
        push_path(&mut text, "#", self.subpath.as_deref());
        text
    }

    fn qualify(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.qualifiers.insert(key.to_owned(), value);
        }
    }

    /// Where it is to be had; `None` if it does not say, or says what no reference can. The qualifier `repository_url` may be written
    /// with `https://` before it.
    ///
    /// - `oci`: the qualifier `repository_url`, whose last segment has to be the name; the qualifier `tag`; and the version, which
    ///   has to be a whole digest.
    /// - `docker`: the registry that the qualifier `repository_url` names, else Docker Hub; namespace and name; and the version, which
    ///   is a digest if it holds a colon, else taken for a tag, though it may be an image's id.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        let repository_url = self.qualifiers.get(REPOSITORY_URL).map(|url| {
            let url = url.strip_prefix("https://").unwrap_or(url);
            url.trim_end_matches('/')
        });
        let (mut tag, mut digest) = (None, self.version.as_deref());
        let mut text = String::new();
        match self.purl_type {
            PurlType::Oci => {
                text.push_str(repository_url?);
                let (_, last) = text.rsplit_once('/')?;
                if last != self.name {
                    return None;
                }
                tag = self.qualifiers.get("tag").map(String::as_str);
            }
            PurlType::Docker => {
                if digest.is_some_and(|version| !version.contains(':')) {
                    (tag, digest) = (digest, None);
                }
                for part in [repository_url, self.namespace.as_deref()]
                    .into_iter()
                    .flatten()
                {
                    text.push_str(part);
                    text.push('/');
                }
                text.push_str(&self.name);
            }
        }
        for (mark, part) in [(':', tag), ('@', digest)] {
            if let Some(part) = part {
                text.push(mark);
                text.push_str(part);
            }
        }
        text.parse().ok()
    }
}

impl FromStr for Purl {
    type Err = Error;

    /// Every failure is [`Kind::InvalidPurl`], other types than `oci` and `docker` included.
    fn from_str(text: &str) -> Result<Self> {
        let mut purl = Self::empty(PurlType::Oci);
        // Into what is there already: so there is one thing only to be dropped if it fails, which spares WebAssembly.
        purl.read(text)?;
        Ok(purl)
    }
}

impl fmt::Display for Purl {
    /// The canonical form: as little as possible is encoded, and qualifiers are in the order of their keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::InvalidPurl, message)
}

/// What stands before the last `mark`, and what stands behind it.
fn split_last(text: &str, mark: char) -> (&str, &str) {
    text.rsplit_once(mark).unwrap_or((text, ""))
}

fn decoded(text: &str) -> Result<String> {
    percent_decoded(text).ok_or_else(|| invalid("a %XX in the package URL is malformed"))
}

/// Everything but RFC 3986's unreserved characters and the colon is `%XX` (ECMA-427, 5.4).
fn push_encoded(text: &mut String, part: &str) {
    let mut mark = "";
    for piece in part.split(':') {
        text.push_str(mark);
        text.push_str(&percent_encoded(piece));
        mark = ":";
    }
}

/// The segments of a path, the first behind `mark`.
fn push_path(text: &mut String, mut mark: &str, path: Option<&str>) {
    for segment in path.into_iter().flat_map(|path| path.split('/')) {
        text.push_str(mark);
        push_encoded(text, segment);
        mark = "/";
    }
}

/// The segments of a path, decoded, without those that are empty and, in one that leads into the package, those that lead nowhere;
/// `None` if there are no others.
fn segments(path: &str, into_package: bool) -> Result<Option<String>> {
    let mut joined = String::new();
    for segment in path.split('/') {
        let segment = decoded(segment)?;
        if segment.contains('/') {
            return Err(invalid("a segment of a package URL holds a slash"));
        }
        if segment.is_empty() || into_package && matches!(&*segment, "." | "..") {
            continue;
        }
        if !joined.is_empty() {
            joined.push('/');
        }
        joined.push_str(&segment);
    }
    Ok((!joined.is_empty()).then_some(joined))
}
