//! Absolute `http` and `https` URLs, as far as a distribution client needs them (RFC 3986).

use std::fmt;
use std::str::FromStr;

use super::{split_before, split_scheme};
use crate::json::decimal;
use crate::{Error, Kind, Result, ip};

/// The longest URL that is taken, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// How a URL is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port: what credentials may not cross (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl Origin {
    /// Whether the host is, by its very name, this machine or its network link: `localhost` and names below it, loopback
    /// (127.0.0.0/8, `[::1]`), unspecified (0.0.0.0/8, `[::]`) and link-local (169.254.0.0/16, fe80::/10) addresses, IPv4 ones
    /// written as IPv6 too. Services there often trust whoever reaches them.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_loopback()
            || match self.address() {
                Some(Address::V4(octets)) => matches!(octets, [0, ..] | [169, 254, ..]),
                Some(Address::V6([first, rest @ ..])) => {
                    first & 0xffc0 == 0xfe80 || (first == 0 && rest == [0; 7])
                }
                None => false,
            }
    }

    /// Whether the host is, by its very name, this machine: `localhost` and names below it, and loopback addresses. What is sent there
    /// crosses no network.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.address() {
            Some(Address::V4([first, ..])) => first == 127,
            Some(Address::V6(groups)) => groups == [0, 0, 0, 0, 0, 0, 0, 1],
            None => {
                let name = self.name();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }

    fn name(&self) -> &str {
        self.host.strip_suffix('.').unwrap_or(&self.host)
    }

    /// The address that the host is; IPv4 ones that are written as IPv6 are IPv4.
    fn address(&self) -> Option<Address> {
        let name = self.name();
        if let Some(octets) = ip::v4(name) {
            return Some(Address::V4(octets));
        }
        let groups = ip::v6(name.strip_prefix('[')?.strip_suffix(']')?)?;
        let own = matches!(groups, [0, 0, 0, 0, 0, 0, 0, 0 | 1]);
        let v4 = ip::v4_of(groups).filter(|_| !own);
        Some(v4.map_or(Address::V6(groups), Address::V4))
    }
}

/// What a host may be in place of a name.
enum Address {
    V4([u8; 4]),
    V6([u16; 8]),
}

/// An absolute URL of a registry or of what it points at. It never holds credentials or a fragment.
/// One pointer, since every flow of the client hands it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    origin: Origin,
    /// From the path's slash to the end of the query.
    target: String,
}

impl Url {
    /// Its scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.0.origin.scheme
    }

    /// The whole URL.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let scheme = self.scheme().as_str();
        [scheme, "://", &self.authority(), &self.0.target].concat()
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// Its host, with its port where that is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let Origin { scheme, host, port } = &self.0.origin;
        let mut authority = host.clone();
        if *port != scheme.default_port() {
            authority.push(':');
            authority.push_str(&decimal(u64::from(*port)));
        }
        authority
    }

    /// Path and query, from the first slash.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// The URL of a `Location`, `Link` or realm that stands in the response to this one (RFC 3986, section 5.2, for
    /// absolute URLs, `//host/path`, `/path`, `?query` and paths relative to the last slash; `.` and `..` are refused).
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`], as for [`Url::from_str`].
    pub fn join(&self, location: &str) -> Result<Self> {
        let location = location.split('#').next().unwrap_or_default();
        if split_scheme(location).is_some_and(|(scheme, _)| is_scheme(scheme)) {
            return location.parse();
        }
        if let Some(rest) = location.strip_prefix("//") {
            return [self.scheme().as_str(), "://", rest].concat().parse();
        }
        let path = self.0.target.split('?').next().unwrap_or_default();
        let target = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with('?') {
            [path, location].concat()
        } else {
            let folder = path
                .rfind('/')
                .and_then(|slash| path.get(..=slash))
                .unwrap_or("/");
            [folder, location].concat()
        };
        Ok(Self(Box::new(Parts {
            target: checked_target(target)?,
            origin: self.0.origin.clone(),
        })))
    }

    /// This URL with `name=value` added to its query, both percent-encoded.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.0.target.push(if self.0.target.contains('?') {
            '&'
        } else {
            '?'
        });
        self.0.target.push_str(&super::percent_encoded(name));
        self.0.target.push('=');
        self.0.target.push_str(&super::percent_encoded(value));
        self
    }
}

impl FromStr for Url {
    type Err = Error;

    /// Reads an absolute `http` or `https` URL; a fragment is dropped.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] for another scheme, credentials, a malformed host or port, white space, control or non-ASCII
    /// characters, a `.` or `..` segment, or more than 16 KiB.
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return Err(invalid("a URL is longer than 16 KiB"));
        }
        let (scheme, rest) = split_scheme(text).ok_or_else(|| invalid("a URL is not absolute"))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(invalid("a URL is neither http nor https")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = split_before(rest, &['/', '?']);
        let (host, port) = host_and_port(authority, scheme)?;
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            ["/", target].concat()
        };
        Ok(Self(Box::new(Parts {
            origin: Origin { scheme, host, port },
            target: checked_target(target)?,
        })))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn host_and_port(authority: &str, scheme: Scheme) -> Result<(String, u16)> {
    if authority.contains('@') {
        return Err(invalid("a URL holds credentials"));
    }
    let split = if authority.starts_with('[') {
        authority.find(']').map(|end| end + 1)
    } else {
        authority.find(':')
    };
    let (host, port) = authority
        .split_at_checked(split.unwrap_or(authority.len()))
        .unwrap_or((authority, ""));
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => scheme.default_port(),
        Some("") => scheme.default_port(),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| invalid("a URL's port is not 1 to 65535"))?,
        _ => return Err(invalid("a URL's port is not a number")),
    };
    if !is_host(host) {
        return Err(invalid("a URL's host is malformed"));
    }
    Ok((host.to_ascii_lowercase(), port))
}

fn is_host(host: &str) -> bool {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => ip::v6(address).is_some(),
        None => {
            !host.is_empty()
                && host.len() <= 253
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                && (!ends_in_a_number(host) || ip::v4(host).is_some())
        }
    }
}

/// Whether a host would be read as an IPv4 address by browsers, which know more spellings than `a.b.c.d`: 127.1 and 0x7f000001
/// are 127.0.0.1 to them (URL standard, "ends in a number checker").
fn ends_in_a_number(host: &str) -> bool {
    let last = host
        .strip_suffix('.')
        .unwrap_or(host)
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let digits = last
        .strip_prefix("0x")
        .or_else(|| last.strip_prefix("0X"))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits.is_some() || !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path and query that mean the same to every reader: printable ASCII, no backslash, no dot segments.
fn checked_target(target: String) -> Result<String> {
    if target.len() > MAX_LENGTH {
        return Err(invalid("a URL is longer than 16 KiB"));
    }
    if !target
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        return Err(invalid(
            "a URL holds a character that must be percent-encoded",
        ));
    }
    let path = target.split('?').next().unwrap_or_default();
    if path.split('/').any(is_dot_segment) {
        return Err(invalid("a URL holds a dot segment"));
    }
    Ok(target)
}

/// `.` and `..`, written out or as `%2e`, which URL parsers of hosts would resolve behind our back.
fn is_dot_segment(segment: &str) -> bool {
    let (mut rest, mut dots) = (segment, 0);
    while let Some(after) = [".", "%2e", "%2E"]
        .iter()
        .find_map(|dot| rest.strip_prefix(dot))
    {
        (rest, dots) = (after, dots + 1);
    }
    rest.is_empty() && (dots == 1 || dots == 2)
}

fn invalid(message: &'static str) -> Error {
    Error::new(Kind::InvalidUrl, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_prints_as_it_was_read_with_its_default_port_dropped() {
        for (read, printed) in [
            ("https://Example.COM", "https://example.com/"),
            ("HTTP://h:80/a?b=c#d", "http://h/a?b=c"),
            ("https://h:80/a", "https://h:80/a"),
            ("http://[::1]:5000/v2/", "http://[::1]:5000/v2/"),
            ("https://h?x", "https://h/?x"),
        ] {
            assert_eq!(url(read).to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_plain_http_url_is_refused() {
        for bad in [
            "",
            "h/a",
            "ftp://h/",
            "javascript:alert(1)",
            "https://",
            "https://u:p@h/",
            "https://u@h/",
            "https://h:0/",
            "https://h:65536/",
            "https://h:a/",
            "https://h:+80/",
            "https://[::1/",
            "https://[zz]/",
            "https://[::1]x/",
            "https://h /",
            "https://h/a b",
            "https://h/\n",
            "https://h/é",
            "https://h\\@e/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://127.0.0.0x1/",
            "https://h/a\\b",
            "https://h/../a",
            "https://h/%2E%2e/a",
        ] {
            assert_eq!(
                bad.parse::<Url>().unwrap_err().kind(),
                Kind::InvalidUrl,
                "{bad}"
            );
        }
    }

    #[test]
    fn locations_join_as_rfc_3986_says() {
        let base = url("https://h:444/v2/a/blobs/uploads/?x=1");
        for (location, joined) in [
            ("https://other/b?c=d", "https://other/b?c=d"),
            ("//other/b", "https://other/b"),
            ("/v2/c?d=https://e", "https://h:444/v2/c?d=https://e"),
            ("f?g", "https://h:444/v2/a/blobs/uploads/f?g"),
            ("?g", "https://h:444/v2/a/blobs/uploads/?g"),
            ("/a#b", "https://h:444/a"),
        ] {
            assert_eq!(base.join(location).unwrap().to_string(), joined);
        }
        assert_eq!(base.join("../x").unwrap_err().kind(), Kind::InvalidUrl);
        assert_eq!(
            base.join("https://u:p@h/").unwrap_err().kind(),
            Kind::InvalidUrl
        );
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(url("https://h/a").origin(), url("https://H:443/b").origin());
        assert_ne!(url("https://h/").origin(), url("http://h/").origin());
        assert_ne!(url("https://h/").origin(), url("https://h:444/").origin());
    }

    #[test]
    fn a_local_origin_is_told_by_its_host() {
        for local in [
            "http://127.8.0.1/",
            "http://localhost:1/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://0.0.0.0/",
            "http://169.254.169.254/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(url(local).origin().is_local(), "{local}");
        }
        for other in [
            "http://127.example/",
            "http://localhost.example/",
            "http://192.168.0.1/",
            "http://[2001:db8::1]/",
            "http://[fd00::1]/",
        ] {
            assert!(!url(other).origin().is_local(), "{other}");
        }
    }

    #[test]
    fn a_query_grows_and_is_encoded() {
        assert_eq!(
            url("https://h/t?a=b")
                .with_query("scope", "repository:x/y:pull")
                .target(),
            "/t?a=b&scope=repository%3Ax%2Fy%3Apull"
        );
    }
}
