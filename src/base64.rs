//! Base 64 (RFC 4648, section 4), as strictly as an encoder writes it.

/// Why a text is not what an encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is none of Base 64.
    Grammar,
    /// Go's decoder takes it: there are line breaks in it, or bits behind the last byte.
    Lenient,
}

/// Decodes Base 64: the standard alphabet, padded, in the one form that an encoder gives.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0_u32, 0_u8, 0_u8);
    let mut lenient = false;
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if digits + padding < 4 && digits >= 2 => {
                padding += 1;
                continue;
            }
            b'\r' | b'\n' => {
                lenient = true;
                continue;
            }
            _ => return Err(Fault::Grammar),
        };
        if padding > 0 {
            return Err(Fault::Grammar);
        }
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            let [_, group @ ..] = bits.to_be_bytes();
            content.extend_from_slice(&group);
            (bits, digits) = (0, 0);
        }
    }
    if padding > 0 && digits + padding != 4 || padding == 0 && digits != 0 {
        return Err(Fault::Grammar);
    }
    if digits > 0 {
        let spare = u32::from(padding) * 2;
        lenient |= bits & ((1 << spare) - 1) != 0;
        let [_, first, second, _] = (bits << (6 * u32::from(padding))).to_be_bytes();
        content.push(first);
        if padding == 1 {
            content.push(second);
        }
    }
    if lenient {
        return Err(Fault::Lenient);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fault, decode};

    fn encode(content: &[u8]) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in content.chunks(3) {
            let bits = group
                .iter()
                .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - group.len()));
            for at in 0..4 {
                let digit = ALPHABET[(bits >> (18 - 6 * at)) as usize & 63];
                text.push(if at > group.len() { '=' } else { digit.into() });
            }
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_an_encoder_writes_is_read(content in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(encode(&content).as_bytes()), Ok(content));
        }

        #[test]
        fn one_content_has_one_text(text in "[A-Za-z0-9+/=]{0,9}") {
            if let Ok(content) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&content), text);
            }
        }
    }

    #[test]
    fn what_an_encoder_does_not_write_is_refused() {
        for text in [
            "e", "e3", "e30", "e30==", "=e30", "e3=0", "====", "e30=e30=", "e3 0=", "e3-_", "é",
        ] {
            assert_eq!(decode(text.as_bytes()), Err(Fault::Grammar), "{text}");
        }
        for text in ["e31=", "e3\n0=", "e30=\r\n", "eh=="] {
            assert_eq!(decode(text.as_bytes()), Err(Fault::Lenient), "{text}");
        }
    }
}
