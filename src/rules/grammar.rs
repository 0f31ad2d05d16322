//! The grammars that the specifications give for strings, without an allocation or a regular expression.

use crate::digest::Algorithm;

/// What is wrong with a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestFault {
    /// It is not `algorithm:encoded`.
    Grammar,
    /// Its encoded part is not what its algorithm gives.
    Encoding,
    /// Its grammar is right; its algorithm is not registered.
    Unregistered,
}

/// Checks a digest (image specification, `descriptor.md`, "Digests"). [`crate::digest::Digest`] refuses the same digests
/// without telling the first two faults apart.
pub(super) fn digest_fault(text: &str, blake3_registered: bool) -> Option<DigestFault> {
    // Nearly all digests.
    if let Some(encoded) = text.strip_prefix("sha256:")
        && is_hex(encoded, Algorithm::Sha256.encoded_len())
    {
        return None;
    }
    let Some((name, encoded)) = text.split_once(':') else {
        return Some(DigestFault::Grammar);
    };
    let component = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let encoded_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-');
    if !name.split(&['+', '.', '_', '-'][..]).all(component)
        || encoded.is_empty()
        || !encoded.bytes().all(encoded_byte)
    {
        return Some(DigestFault::Grammar);
    }
    let algorithm = match name.parse() {
        Ok(Algorithm::Blake3) if !blake3_registered => return Some(DigestFault::Unregistered),
        Ok(algorithm) => algorithm,
        Err(_) => return Some(DigestFault::Unregistered),
    };
    let right = is_hex(encoded, algorithm.encoded_len());
    (!right).then_some(DigestFault::Encoding)
}

/// Whether a string is `type/subtype` (RFC 6838, section 4.2, as the image specification's schema has it): two names of up to
/// 127 characters, no parameters.
pub(super) fn is_media_type(text: &str) -> bool {
    let mut slashes = 0;
    let mut length = 0;
    for byte in text.bytes() {
        let right = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => true,
            b'!' | b'#' | b'$' | b'&' | b'^' | b'_' | b'.' | b'+' | b'-' => length > 0,
            b'/' => {
                slashes += 1;
                // What follows brings it to zero.
                (1..=127).contains(&std::mem::replace(&mut length, -1))
            }
            _ => false,
        };
        if !right {
            return false;
        }
        length += 1;
    }
    slashes == 1 && (1..=127).contains(&length)
}

/// Whether a string is this many lowercase hexadecimal digits. Eight at a time: the bulk of a manifest is digests.
pub(super) fn is_hex(text: &str, length: usize) -> bool {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    text.len() == length
        && words.iter().all(|word| are_hex(u64::from_le_bytes(*word)))
        && rest
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether each byte of a word is a lowercase hexadecimal digit.
fn are_hex(word: u64) -> bool {
    /// The high bit of each byte that is at least `bound`, where all are ASCII: none carries into the next.
    const fn at_least(word: u64, bound: u8) -> u64 {
        word.wrapping_add(u64::from_ne_bytes([0x80 - bound; 8]))
    }
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let digits = at_least(word, b'0') & !at_least(word, b'9' + 1);
    let letters = at_least(word, b'a') & !at_least(word, b'f' + 1);
    word & HIGH == 0 && (digits | letters) & HIGH == HIGH
}

/// What is wrong with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UriFault {
    /// It has no scheme, or holds control characters.
    NotAbsolute,
    /// It has a scheme, and characters that have to be escaped, or nothing else.
    Characters,
}

/// Whether a string is a URI with a scheme: see [`uri_fault`].
pub(super) fn is_absolute_uri(text: &str) -> bool {
    uri_fault(text).is_none()
}

/// Checks that a string is a URI with a scheme (RFC 3986, sections 2 and 3), as far as its characters tell.
pub(super) fn uri_fault(text: &str) -> Option<UriFault> {
    let Some((scheme, rest)) = text.split_once(':') else {
        return Some(UriFault::NotAbsolute);
    };
    let scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let letter = scheme
        .as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphabetic);
    if !letter
        || !scheme.bytes().all(scheme_byte)
        || rest.bytes().any(|byte| byte.is_ascii_control())
    {
        return Some(UriFault::NotAbsolute);
    }
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        let right = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                hex() && hex()
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !right {
            return Some(UriFault::Characters);
        }
    }
    rest.is_empty().then_some(UriFault::Characters)
}

/// Whether a string is `NAME=value` with some name.
pub(super) fn is_variable(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty())
}

/// Whether a variable's value, not its name, holds a line feed.
pub(super) fn has_line_feed_in_value(variable: &str) -> bool {
    variable
        .split_once('=')
        .is_some_and(|(_, value)| value.contains('\n'))
}

/// Whether a string is a port: its number, and `/tcp` or `/udp` (image specification, `config.md`, "Properties").
pub(super) fn is_port(text: &str) -> bool {
    let number = text
        .strip_suffix("/tcp")
        .or_else(|| text.strip_suffix("/udp"))
        .unwrap_or(text);
    !number.starts_with('+') && number.parse::<u16>().is_ok()
}

/// Whether a string is the name of a signal: `SIG`, letters and digits, and for real-time signals `+1` or `-1`.
pub(super) fn is_signal(text: &str) -> bool {
    let Some(name) = text.strip_prefix("SIG") else {
        return false;
    };
    let (name, offset) = name
        .split_once(&['+', '-'][..])
        .map_or((name, "0"), |(name, offset)| (name, offset));
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !offset.is_empty()
        && offset.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether Go, too, reads a string that [`is_date_time`].
pub(super) fn is_date_time_of_go(text: &str) -> bool {
    let second = text.get(17..19);
    !text.contains(&['t', 'z'][..]) && second != Some("60")
}

/// Whether a string is a `date-time` of RFC 3339, section 5.6.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.as_bytes().split_first_chunk::<10>() else {
        return false;
    };
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
        return false;
    };
    let (Some(century), Some(year), Some(month), Some(day)) = (
        number(y1, y2),
        number(y3, y4),
        number(m1, m2),
        number(d1, d2),
    ) else {
        return false;
    };
    let leap = year % 4 == 0 && (year != 0 || century % 4 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && is_time(rest)
}

/// Whether bytes are `T` and a `full-time`.
fn is_time(bytes: &[u8]) -> bool {
    let Some(([b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2], rest)) =
        bytes.split_first_chunk::<9>()
    else {
        return false;
    };
    let below =
        |tens: u8, ones: u8, bound: u8| number(tens, ones).is_some_and(|value| value < bound);
    // The second 60 is a leap second.
    if !below(*h1, *h2, 24) || !below(*m1, *m2, 60) || !below(*s1, *s2, 61) {
        return false;
    }
    let offset = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
        rest => rest,
    };
    match *offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => below(h1, h2, 24) && below(m1, m2, 60),
        _ => false,
    }
}

/// The value of two decimal digits.
fn number(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::Digest;
    use crate::media_type::MediaType;

    #[test]
    fn a_word_is_hexadecimal_where_each_of_its_bytes_is() {
        for at in 0..8 {
            for byte in 0..=255 {
                let mut word = *b"0f9a5cde";
                word[at] = byte;
                let right = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                assert_eq!(are_hex(u64::from_le_bytes(word)), right, "{byte} at {at}");
            }
        }
        assert!(is_hex("0123456789abcdef01", 18) && is_hex("", 0));
        assert!(!is_hex("0123456789abcdef0g", 18) && !is_hex("01", 3));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn digests_pass_where_the_type_takes_them(
            text in prop_oneof![
                "(sha256|blake3|md5|a[+._-]b|A|):[0-9a-gA-G=_-]{0,3}",
                "(sha256|sha512|blake3):[0-9a-f]{64}",
                "(sha512|sha256):([0-9a-f]{64}){2}",
                "[a-z0-9:+._-]{0,12}",
                ".{0,8}",
            ],
        ) {
            let passes = matches!(digest_fault(&text, true), None | Some(DigestFault::Unregistered));
            prop_assert_eq!(passes, text.parse::<Digest>().is_ok(), "{}", text);
        }

        #[test]
        fn media_types_pass_where_the_type_takes_them(
            text in prop_oneof!["[a-zA-Z0-9!#$&^_.+/;= -]{0,12}", "[a-z]{126,128}/[a-z]{1,2}", "[a-z]/[a-z+.]{126,128}", ".{0,8}"],
        ) {
            prop_assert_eq!(is_media_type(&text), text.parse::<MediaType>().is_ok(), "{}", text);
        }
    }
}
