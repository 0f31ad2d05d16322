use std::fmt;
use std::str::FromStr;

use super::invalid;
use crate::error::{Error, Kind, Result};
use crate::ip;

/// The host of a registry, and its port if it has one: `registry.example`, `localhost:5000`, `127.0.0.1`, `[::1]:5000`.
///
/// The host is a DNS name (letters, digits and hyphens: RFC 1123, section 2.1), an IPv4 address of four decimal parts or an IPv6
/// address in brackets; names become lowercase and addresses take their canonical form (RFC 5952). What a URL parser would read
/// as an IPv4 address in another notation, such as `0x7f.1`, is refused, as it would lead to another host than it says.
///
/// `index.docker.io` and `registry-1.docker.io` are other names of `docker.io`.
///
/// ```
/// use pierhead::reference::Registry;
///
/// let registry: Registry = "Registry.Example:5000".parse()?;
/// assert_eq!(registry.as_str(), "registry.example:5000");
/// assert_eq!((registry.host(), registry.port()), ("registry.example", Some(5000)));
/// assert!("user:secret@registry.example".parse::<Registry>().is_err());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ENDPOINT: &str = "registry-1.docker.io";

impl Registry {
    /// Docker Hub: the registry of references that name none.
    #[must_use]
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.to_owned())
    }

    /// Host and port, as they stand in a reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, in brackets if it is an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        split_port(&self.0).0
    }

    /// The port, from 1, if one is stated.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        split_port(&self.0).1.and_then(|port| port.parse().ok())
    }

    /// Host and port to connect to: those of the reference, but for Docker Hub, whose API lives on `registry-1.docker.io`.
    ///
    /// ```
    /// use pierhead::reference::Registry;
    ///
    /// assert_eq!(Registry::docker_hub().endpoint_host(), "registry-1.docker.io");
    /// assert_eq!("localhost:5000".parse::<Registry>()?.endpoint_host(), "localhost:5000");
    /// # Ok::<(), pierhead::Error>(())
    /// ```
    #[must_use]
    pub fn endpoint_host(&self) -> &str {
        if self.is_docker_hub() {
            DOCKER_HUB_ENDPOINT
        } else {
            &self.0
        }
    }

    pub(crate) fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    /// Whether a reference that begins with this is read as beginning with a registry.
    pub(super) fn is_recognisable(&self) -> bool {
        self.0 == "localhost" || self.0.contains(&['.', ':'][..])
    }
}

impl FromStr for Registry {
    type Err = Error;

    /// Every failure is [`Kind::InvalidReference`](crate::Kind::InvalidReference).
    fn from_str(text: &str) -> Result<Self> {
        if text.contains('@') {
            return Err(invalid("credentials have no place in a registry's name"));
        }
        let (host, port) = split_port(text);
        port.map_or(Ok(()), check_port)?;
        let mut authority = match host.strip_prefix('[') {
            Some(rest) => parse_ipv6(rest)?,
            None => parse_name(host)?,
        };
        match port {
            Some(port) => {
                authority.push(':');
                authority.push_str(port);
            }
            None if matches!(authority.as_str(), "index.docker.io" | DOCKER_HUB_ENDPOINT) => {
                return Ok(Self::docker_hub());
            }
            None => {}
        }
        Ok(Self(authority))
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Registry {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Cuts off the port: what follows a colon that is not inside brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn check_port(port: &str) -> Result<()> {
    // A leading zero would give one registry two names.
    let is_decimal = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    if is_decimal && port.parse::<u16>().is_ok() {
        return Ok(());
    }
    Err(invalid(
        "a registry's port is a number from 1 to 65535, without leading zeros",
    ))
}

fn parse_ipv6(rest: &str) -> Result<String> {
    rest.strip_suffix(']')
        .and_then(ip::v6)
        .map(|groups| ["[", &ip::canonical(groups), "]"].concat())
        .ok_or_else(|| invalid("what stands in brackets at the start of a registry is an IPv6 address without a zone"))
}

fn parse_name(host: &str) -> Result<String> {
    if host.is_empty() {
        return Err(invalid("the registry has no host"));
    }
    if let Some(c) = host
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-'))
    {
        let text = if c == ':' {
            "an IPv6 address stands in brackets, and a registry's host"
        } else {
            "a registry's host"
        };
        return Err(Error::character(Kind::InvalidReference, text, c));
    }
    if host.len() > 253 {
        let text = "a registry's host has";
        let length = host.len();
        return Err(Error::length(Kind::InvalidReference, text, 253, length));
    }
    for label in host.split('.') {
        if label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-') {
            return Err(invalid(
                "each part of a registry's host has 1 to 63 characters and no hyphen at its ends",
            ));
        }
    }
    if ends_in_number(host) && ip::v4(host).is_none() {
        return Err(invalid(
            "a registry's host that ends in a number is an IPv4 address of four decimal parts",
        ));
    }
    Ok(host.to_ascii_lowercase())
}

/// Whether URL parsers take this host for an IPv4 address (URL standard, "ends in a number checker").
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hex = last
        .strip_prefix("0x")
        .or_else(|| last.strip_prefix("0X"))
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hex || last.bytes().all(|byte| byte.is_ascii_digit())
}
