//! Header fields: names in lower case, values checked.

use crate::json::MAX_SAFE_INTEGER;
use crate::{Error, Kind, Result};

/// Header fields in the order they were added. Names compare without case (RFC 9110, section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The values of all fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All fields: names in lower case, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`Kind::InvalidHeader`] if the name is not a token, or the value holds a control character, which could end the field
    /// and begin another, or one beyond U+00FF, which no field can carry (RFC 9110, section 5.5).
    pub fn append(&mut self, name: &str, value: impl Into<String>) -> Result<()> {
        self.append_checked(name, value.into())
    }

    fn append_checked(&mut self, name: &str, value: String) -> Result<()> {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Error::new(
                Kind::InvalidHeader,
                "a header name is not a token",
            ));
        }
        if value
            .chars()
            .any(|char| char != '\t' && (char.is_ascii_control() || char > '\u{ff}'))
        {
            return Err(Error::new(
                Kind::InvalidHeader,
                "a header value holds a character that a header cannot",
            ));
        }
        self.0.push((name.to_ascii_lowercase(), value));
        Ok(())
    }

    /// Puts one field in the place of all of this name.
    ///
    /// # Errors
    /// As [`Headers::append`].
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> Result<()> {
        self.remove(name);
        self.append(name, value)
    }

    /// Takes out all fields of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    }

    /// Adds a field that this crate made of checked parts alone.
    #[cfg(feature = "client")]
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.push(name, value.into());
    }

    #[cfg(feature = "client")]
    #[inline(never)]
    fn push(&mut self, name: &'static str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    /// `Content-Length` in bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::InvalidHeader`] unless it is one decimal number of 2^53 - 1 at most, which is what every host can count;
    /// several fields must agree (RFC 9110, section 8.6).
    pub fn content_length(&self) -> Result<Option<u64>> {
        let mut length = None;
        for value in self
            .all("content-length")
            .flat_map(|value| value.split(','))
        {
            let value = value.trim();
            let parsed = Some(value)
                .filter(|value| {
                    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
                })
                .and_then(|value| value.parse::<u64>().ok())
                .filter(|bytes| *bytes <= MAX_SAFE_INTEGER)
                .ok_or_else(|| {
                    Error::new(
                        Kind::InvalidHeader,
                        "Content-Length is not a number of bytes",
                    )
                })?;
            if length.is_some_and(|known| known != parsed) {
                return Err(Error::new(
                    Kind::InvalidHeader,
                    "several Content-Length fields disagree",
                ));
            }
            length = Some(parsed);
        }
        Ok(length)
    }

    /// Whether the body was content-encoded on the way: then `Content-Length` is not the length of what a host hands over.
    #[must_use]
    pub fn is_content_encoded(&self) -> bool {
        self.all("content-encoding")
            .any(|value| !value.trim().is_empty() && !value.trim().eq_ignore_ascii_case("identity"))
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, values: &[&str]) -> Headers {
        let mut headers = Headers::new();
        for value in values {
            headers.append(name, *value).unwrap();
        }
        headers
    }

    #[test]
    fn names_compare_without_case() {
        assert_eq!(
            with("Content-Type", &["a/b"]).get("content-TYPE"),
            Some("a/b")
        );
    }

    #[test]
    fn a_value_cannot_begin_another_field() {
        for value in ["a\r\nb: c", "a\nb", "a\0b", "a\x7fb", "日本"] {
            assert_eq!(
                Headers::new().append("x", value).unwrap_err().kind(),
                Kind::InvalidHeader
            );
        }
        assert_eq!(
            Headers::new().append("x y", "a").unwrap_err().kind(),
            Kind::InvalidHeader
        );
    }

    #[test]
    fn setting_replaces_every_field_of_the_name() {
        let mut headers = with("Range", &["a", "b"]);
        headers.set("range", "c").unwrap();
        assert_eq!(headers.all("RANGE").collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn a_length_is_one_number() {
        let length = |values: &[&str]| with("Content-Length", values).content_length();
        assert_eq!(length(&[]).unwrap(), None);
        assert_eq!(length(&["12"]).unwrap(), Some(12));
        assert_eq!(length(&["12", "12"]).unwrap(), Some(12));
        assert_eq!(
            length(&["9007199254740991"]).unwrap(),
            Some(9_007_199_254_740_991)
        );
        for bad in [
            &["12", "13"][..],
            &["-1"],
            &["+1"],
            &["1e3"],
            &[""],
            &["9007199254740992"],
            &["99999999999999999999"],
            &["1, 2"],
        ] {
            assert_eq!(
                length(bad).unwrap_err().kind(),
                Kind::InvalidHeader,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn identity_is_no_encoding() {
        assert!(!with("Content-Encoding", &["identity"]).is_content_encoded());
        assert!(with("Content-Encoding", &["gzip"]).is_content_encoded());
    }
}
