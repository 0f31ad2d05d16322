//! The lexical half of the reader: spaces, strings and numbers, by the grammar of RFC 8259.

use super::fault::{Cause, Fault};
use super::node::{ESCAPED, INTEGER, UNSAFE};

/// The largest integer that JavaScript holds exactly: 2^53 - 1 (RFC 7493, section 2.2).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Numbers of 10^308 and beyond are refused: some parsers read the next few as infinity, others as an error.
const OVERFLOW_EXPONENT: i64 = 308;

/// The first byte at or after `from` that is not white space, as its offset.
pub(super) fn skip_space(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Reads the string whose opening quote stands at `start`; gives the offset after its closing quote, and its flags.
pub(super) fn string(bytes: &[u8], start: usize) -> Result<(usize, u8), Fault> {
    let mut at = start + 1;
    let mut flags = 0;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, flags)),
            Some(b'\\') => {
                flags = ESCAPED;
                at = escape(bytes, at)?;
            }
            Some(_) => return Err(Fault::new(Cause::ControlCharacter, at)),
            None => return Err(Fault::new(Cause::UnexpectedEnd, at)),
        }
    }
}

/// The offset of the first byte at or after `from` that ends a run of plain string content: a quote, a backslash, a
/// control character, or the end. Eight bytes at a time: the bulk of a manifest is digests, and this is where they are read.
fn plain_end(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ QUOTES;
        let backslash = word ^ BACKSLASHES;
        // The high bit of each byte that is a quote, a backslash or below a space. A borrow can mark a byte falsely only
        // above one that is marked truly, so the lowest mark is always right.
        let marks = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | word.wrapping_sub(SPACES) & !word)
            & HIGH;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < b' ' {
            break;
        }
        at += 1;
    }
    at
}

/// Reads the escape whose backslash stands at `at`; gives the offset after it.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match code_unit(bytes, at) {
            None => Err(Fault::new(Cause::Escape, at)),
            Some(0xD800..=0xDBFF) => match code_unit(bytes, at + 6) {
                Some(0xDC00..=0xDFFF) => Ok(at + 12),
                _ => Err(Fault::new(Cause::Surrogate, at)),
            },
            Some(0xDC00..=0xDFFF) => Err(Fault::new(Cause::Surrogate, at)),
            Some(_) => Ok(at + 6),
        },
        Some(_) => Err(Fault::new(Cause::Escape, at)),
        None => Err(Fault::new(Cause::UnexpectedEnd, at + 1)),
    }
}

/// The UTF-16 code unit of the `\uXXXX` at `at`, if one stands there.
pub(super) fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6)? else {
        return None;
    };
    digits.iter().try_fold(0, |unit, &digit| {
        Some(unit * 16 + char::from(digit).to_digit(16)?)
    })
}

/// Reads the number that starts at `start`; gives the offset after it, and its flags.
pub(super) fn number(bytes: &[u8], start: usize) -> Result<(usize, u8), Fault> {
    let whole_start = if bytes.get(start) == Some(&b'-') {
        start + 1
    } else {
        start
    };
    let whole_end = required_digits(bytes, whole_start)?;
    if bytes.get(whole_start) == Some(&b'0') && whole_end - whole_start > 1 {
        return Err(Fault::new(Cause::LeadingZero, whole_start));
    }
    let mut at = whole_end;
    let mut integer = true;
    let mut fraction_start = at;
    if bytes.get(at) == Some(&b'.') {
        integer = false;
        fraction_start = at + 1;
        at = required_digits(bytes, fraction_start)?;
    }
    let fraction_end = at;
    let mut exponent = 0;
    if let Some(b'e' | b'E') = bytes.get(at) {
        integer = false;
        at += 1;
        let negative = bytes.get(at) == Some(&b'-');
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        let end = required_digits(bytes, at)?;
        let magnitude = value(bytes, at, end);
        exponent = if negative { -magnitude } else { magnitude };
        at = end;
    }
    if overflows(
        bytes,
        whole_start..whole_end,
        fraction_start..fraction_end,
        exponent,
    ) {
        return Err(Fault::new(Cause::Overflow, start));
    }
    let mut flags = 0;
    if integer {
        flags |= INTEGER;
        // 2^53 has sixteen digits: with fewer there is nothing to compute.
        if whole_end - whole_start > 15
            && value(bytes, whole_start, whole_end).unsigned_abs() > MAX_SAFE_INTEGER
        {
            flags |= UNSAFE;
        }
    }
    Ok((at, flags))
}

/// Whether the number is 10^308 or more, by the place of its first significant digit: no rounding, no table of powers.
fn overflows(
    bytes: &[u8],
    whole: std::ops::Range<usize>,
    fraction: std::ops::Range<usize>,
    exponent: i64,
) -> bool {
    // The usual number: too short to overflow.
    if exponent == 0 && whole.len() <= 308 {
        return false;
    }
    let power = if bytes.get(whole.start) != Some(&b'0') {
        whole.len() as i64 - 1
    } else {
        let fraction = bytes.get(fraction).unwrap_or_default();
        match fraction.iter().position(|&digit| digit != b'0') {
            Some(zeros) => -1 - zeros as i64,
            // Zero, whatever its exponent.
            None => return false,
        }
    };
    power.saturating_add(exponent) >= OVERFLOW_EXPONENT
}

/// The value of a run of decimal digits; saturates.
fn value(bytes: &[u8], start: usize, end: usize) -> i64 {
    bytes.get(start..end).map_or(0, |digits| {
        digits.iter().fold(0_i64, |value, digit| {
            value
                .saturating_mul(10)
                .saturating_add(i64::from(digit & 0x0F))
        })
    })
}

fn digits(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

fn required_digits(bytes: &[u8], from: usize) -> Result<usize, Fault> {
    let end = digits(bytes, from);
    if end == from {
        Err(unexpected(bytes, from))
    } else {
        Ok(end)
    }
}

/// The fault of finding, at `at`, something that cannot stand there.
pub(super) fn unexpected(bytes: &[u8], at: usize) -> Fault {
    match bytes.get(at) {
        Some(_) => Fault::new(Cause::Unexpected, at),
        None => Fault::new(Cause::UnexpectedEnd, at),
    }
}
