//! The `Authorization` field.

use crate::{Error, Kind, Result};

/// A user's name and password (RFC 7617): UTF-8, as every registry expects it.
///
/// # Errors
/// [`Kind::InvalidArgument`] if the name holds a colon, where the password would seem to begin.
pub(super) fn basic(username: &str, password: &str) -> Result<String> {
    if username.contains(':') {
        return Err(Error::new(
            Kind::InvalidArgument,
            "the user name of a credential holds a colon",
        ));
    }
    Ok(["Basic ", &base64(&[username, ":", password].concat())].concat())
}

/// A token (RFC 6750, section 2.1): never more than printable ASCII, so that it cannot end its field.
pub(super) fn bearer(token: &str) -> Option<String> {
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_token.then(|| ["Bearer ", token].concat())
}

/// RFC 4648, section 4.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let mut bytes = chunk.iter();
        let mut next = || bytes.next().map_or(0, |byte| usize::from(*byte));
        let bits = next() << 16 | next() << 8 | next();
        for place in 0..4 {
            let digit = ALPHABET.get(bits >> (18 - 6 * place) & 63);
            let filled = place <= chunk.len();
            encoded.push(char::from(
                digit.copied().filter(|_| filled).unwrap_or(b'='),
            ));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("ÿ>?", "w78+Pw=="),
        ] {
            assert_eq!(base64(text), encoded);
        }
    }

    #[test]
    fn a_basic_credential_is_that_of_rfc_7617() {
        let header = basic("Aladdin", "open sesame").unwrap();
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("test", "123£").unwrap(), "Basic dGVzdDoxMjPCow==");
        assert_eq!(basic("", "a:b").unwrap(), "Basic OmE6Yg==");
        assert_eq!(basic("a:b", "c").unwrap_err().kind(), Kind::InvalidArgument);
    }

    #[test]
    fn a_token_cannot_end_its_field() {
        assert_eq!(bearer("a.b-c_d~+/=").as_deref(), Some("Bearer a.b-c_d~+/="));
        for bad in ["", "a b", "a\r\nb: c", "é"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }
}
