//! The saved form of a hash in the middle of its work.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of this form: 1 |
//! | 1 | algorithm: 1 SHA-256, 2 SHA-512 |
//! | 8 | how many bytes have been hashed, little-endian |
//! | 32 or 64 | the words of the hash, little-endian |
//! | 8 or 16 | how many whole blocks have been hashed, little-endian |
//! | 1 | how many bytes of the next block are there |
//! | 63 or 127 | those bytes, and zeros behind them |
//! | 8 | the first bytes of the SHA-256 of all the above |
//!
//! Upload sessions outlive deployments, so this form never changes: a new one gets a new version.

use super::sha::{Sha, Variant};
use crate::error::{Error, Kind, Result};

const VERSION: u8 = 1;
const CHECKSUM_LEN: usize = 8;

/// The most bytes that a saved hash may have seen: what JavaScript can count.
const MAX_BYTES_HASHED: u64 = (1 << 53) - 1;

fn tag(variant: Variant) -> u8 {
    match variant {
        Variant::Sha256 => 1,
        Variant::Sha512 => 2,
    }
}

pub(super) fn save(engine: &Sha, bytes_hashed: u64) -> Vec<u8> {
    let (word_len, block_len) = (engine.variant.word_len(), engine.variant.block_len());
    let mut saved = vec![VERSION, tag(engine.variant)];
    saved.extend_from_slice(&bytes_hashed.to_le_bytes());
    for word in engine.words {
        saved.extend_from_slice(word.to_le_bytes().split_at(word_len).0);
    }
    let unfinished_at = saved.len() + 2 * word_len;
    saved.extend_from_slice(&(bytes_hashed / block_len as u64).to_le_bytes());
    saved.resize(unfinished_at, 0);
    saved.push(engine.unfinished.len() as u8);
    saved.extend_from_slice(&engine.unfinished);
    saved.resize(unfinished_at + block_len, 0);
    let checksum = checksum(&saved);
    saved.extend_from_slice(&checksum);
    saved
}

pub(super) fn restore(variant: Variant, saved: &[u8]) -> Result<(Sha, u64)> {
    try_restore(variant, saved).map_err(|reason| Error::new(Kind::InvalidHashState, reason))
}

fn try_restore(variant: Variant, saved: &[u8]) -> Result<(Sha, u64), &'static str> {
    const TOO_SHORT: &str = "the hash state is too short";
    let (body, sum) = saved.split_last_chunk::<CHECKSUM_LEN>().ok_or(TOO_SHORT)?;
    let (&[version, tag], rest) = body.split_first_chunk().ok_or(TOO_SHORT)?;
    if version != VERSION {
        return Err("the hash state is of a version that is not known");
    }
    if tag != self::tag(variant) {
        return Err("the hash state is of another algorithm");
    }
    let (count, inner) = rest.split_first_chunk::<8>().ok_or(TOO_SHORT)?;
    let (word_len, block_len) = (variant.word_len(), variant.block_len());
    if inner.len() != (8 + 2) * word_len + block_len {
        return Err("the hash state has the wrong length");
    }
    if checksum(body) != sum {
        return Err("the hash state is damaged: its checksum is wrong");
    }
    let (words, rest) = inner.split_at(8 * word_len);
    let (blocks, rest) = rest.split_at(2 * word_len);
    let (&length, block) = rest.split_first().ok_or(TOO_SHORT)?;
    let (low, high) = blocks.split_at(8);
    let whole_blocks = number(low).checked_mul(block_len as u64);
    let bytes_hashed = number(count);
    if bytes_hashed > MAX_BYTES_HASHED
        || whole_blocks.and_then(|bytes| bytes.checked_add(u64::from(length))) != Some(bytes_hashed)
        || number(high) > 0
    {
        return Err("the hash state contradicts its own count of bytes");
    }
    let unfinished = match block.split_at_checked(usize::from(length)) {
        Some((unfinished, rest)) if rest.iter().all(|byte| *byte == 0) => unfinished.to_vec(),
        _ => return Err("the hash state holds an impossible block"),
    };
    let mut engine = Sha::new(variant);
    for (word, bytes) in engine.words.iter_mut().zip(words.chunks_exact(word_len)) {
        *word = number(bytes);
    }
    engine.unfinished = unfinished;
    Ok((engine, bytes_hashed))
}

/// The number of these bytes, at most eight, little-endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn checksum(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Sha::new(Variant::Sha256);
    hasher.update(bytes);
    let mut checksum = hasher.finish(bytes.len() as u64);
    checksum.truncate(CHECKSUM_LEN);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_LEN: usize = 10;
    use crate::digest::{Algorithm, Hasher};

    fn with_checksum(mut body: Vec<u8>) -> Vec<u8> {
        let sum = checksum(&body);
        body.extend(sum);
        body
    }

    fn body(algorithm: Algorithm, bytes: usize) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&vec![7; bytes]);
        let mut saved = hasher.save().unwrap();
        saved.truncate(saved.len() - CHECKSUM_LEN);
        saved
    }

    fn refusal(algorithm: Algorithm, body: Vec<u8>) -> String {
        let error = Hasher::restore(algorithm, &with_checksum(body)).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidHashState);
        error.message().to_owned()
    }

    #[test]
    fn a_saved_state_has_the_documented_length() {
        assert_eq!(body(Algorithm::Sha256, 100).len() + CHECKSUM_LEN, 122);
        assert_eq!(body(Algorithm::Sha512, 300).len() + CHECKSUM_LEN, 226);
    }

    #[test]
    fn a_count_that_the_state_contradicts_is_refused_even_with_a_right_checksum() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let mut body = body(algorithm, 100);
            body[2] += 1;
            assert!(refusal(algorithm, body).contains("contradicts"));
        }
    }

    #[test]
    fn a_count_that_javascript_cannot_hold_is_refused() {
        let mut body = body(Algorithm::Sha256, 0);
        body[2..10].copy_from_slice(&(1_u64 << 53).to_le_bytes());
        body[HEADER_LEN + 32..HEADER_LEN + 40].copy_from_slice(&(1_u64 << 47).to_le_bytes());
        assert!(refusal(Algorithm::Sha256, body).contains("contradicts"));
    }

    #[test]
    fn a_count_of_blocks_that_overflows_is_refused() {
        let mut body = body(Algorithm::Sha512, 0);
        body[HEADER_LEN + 64..HEADER_LEN + 80].fill(0xff);
        assert!(refusal(Algorithm::Sha512, body).contains("contradicts"));
    }

    #[test]
    fn an_unfinished_block_that_is_full_is_refused() {
        let mut body = body(Algorithm::Sha256, 0);
        body[2] = 64;
        body[HEADER_LEN + 40] = 64;
        assert!(refusal(Algorithm::Sha256, body).contains("impossible"));
    }

    #[test]
    fn bytes_behind_the_unfinished_block_are_refused() {
        let mut body = body(Algorithm::Sha256, 3);
        *body.last_mut().unwrap() = 1;
        assert!(refusal(Algorithm::Sha256, body).contains("impossible"));
    }

    #[test]
    fn another_version_and_another_algorithm_are_told_apart() {
        let mut newer = body(Algorithm::Sha256, 3);
        newer[0] = 2;
        assert!(refusal(Algorithm::Sha256, newer).contains("version"));
        assert!(
            refusal(Algorithm::Sha512, body(Algorithm::Sha256, 3)).contains("another algorithm")
        );
    }
}
