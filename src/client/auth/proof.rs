//! What proves who asks, as it is sent.

use super::super::transport::Credential;
use crate::http::percent_encoded;
use crate::{Error, Kind, Result};

/// What a proof is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Password,
    RefreshToken,
    /// Of the registry itself.
    Token,
}

/// A credential, ready to be sent. No log may show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) means: Means,
    /// The `Authorization` field: to a token service that takes no form, a refresh token goes as a password without a name, as
    /// containerd has it.
    pub(super) header: String,
    /// The first fields of a form for a token service (RFC 6749, sections 4.3.2 and 6).
    pub(super) form: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof")
    }
}

impl Proof {
    /// The proof that a credential is.
    ///
    /// # Errors
    /// [`Kind::InvalidArgument`] for a name with a colon, where the password would seem to begin, and for a token with characters that
    /// no token has.
    pub(super) fn new(credential: Credential) -> Result<Self> {
        let (means, header, form) = match credential {
            Credential::Password { username, password } => {
                // Offline, so that the password need not be sent again.
                let mut form = String::from("grant_type=password&access_type=offline");
                add_field(&mut form, "username", &username);
                add_field(&mut form, "password", &password);
                let is_name = !username.bytes().any(|byte| byte == b':');
                let header = is_name.then(|| basic(&username, &password));
                (Means::Password, header, form)
            }
            Credential::RefreshToken(token) => return Ok(Self::refresh_token(&token)),
            Credential::Token(token) => (Means::Token, bearer(&token), String::new()),
        };
        let header = header.ok_or_else(|| {
            Error::new(
                Kind::InvalidArgument,
                "a credential holds characters that its user name or token cannot",
            )
        })?;
        Ok(Self {
            means,
            header,
            form,
        })
    }

    /// The proof that a refresh token is.
    pub(super) fn refresh_token(token: &str) -> Self {
        let mut form = String::from("grant_type=refresh_token");
        add_field(&mut form, "refresh_token", token);
        Self {
            means: Means::RefreshToken,
            header: basic("", token),
            form,
        }
    }
}

/// Adds a field to a form that has some.
pub(super) fn add_field(form: &mut String, name: &str, value: &str) {
    for part in ["&", name, "=", &percent_encoded(value)] {
        form.push_str(part);
    }
}

/// A user's name and password (RFC 7617): UTF-8, as every registry expects it.
fn basic(username: &str, password: &str) -> String {
    ["Basic ", &base64(&[username, ":", password].concat())].concat()
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

    fn password(username: &str) -> Result<Proof> {
        Proof::new(Credential::Password {
            username: username.into(),
            password: "123£".into(),
        })
    }

    #[test]
    fn a_password_is_sent_as_rfc_7617_and_rfc_6749_say() {
        let proof = password("test").unwrap();
        assert_eq!(proof.header, "Basic dGVzdDoxMjPCow==");
        assert_eq!(
            proof.form,
            "grant_type=password&access_type=offline&username=test&password=123%C2%A3"
        );
        assert!(password("").is_ok());
        assert_eq!(password("a:b").unwrap_err().kind(), Kind::InvalidArgument);
    }

    #[test]
    fn a_token_cannot_end_its_field() {
        assert_eq!(bearer("a.b-c_d~+/=").as_deref(), Some("Bearer a.b-c_d~+/="));
        for bad in ["", "a b", "a\r\nb: c", "é"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_log_shows_a_proof() {
        assert_eq!(format!("{:?}", password("test").unwrap()), "Proof");
    }
}
