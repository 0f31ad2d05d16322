//! The saved form of a hash in the middle of its work.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of this form: 1 |
//! | 1 | algorithm: 1 SHA-256, 2 SHA-512 |
//! | 8 | how many bytes have been hashed, little-endian |
//! | 104 or 208 | `sha2`'s own state: chaining value, blocks hashed, bytes of the unfinished block and those bytes |
//! | 8 | the first bytes of the SHA-256 of all the above |
//!
//! Upload sessions outlive deployments, so this form never changes: a new one gets a new version.

use sha2::digest::Digest as _;
use sha2::digest::array::Array;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Sha256, Sha512};

use crate::error::{Error, Kind, Result};

const VERSION: u8 = 1;
const HEADER_LEN: usize = 10;
const CHECKSUM_LEN: usize = 8;

/// The most bytes that a saved hash may have seen: what JavaScript can count. SHA-256 itself ends at 2^61 bytes, and `sha2` does
/// not check that; from here no one gets there.
const MAX_BYTES_HASHED: u64 = (1 << 53) - 1;

/// An algorithm whose state `sha2` gives out.
pub(super) trait Saveable: SerializableState {
    const TAG: u8;
    /// Bytes of a block.
    const BLOCK_LEN: u128;
    /// Where, in `sha2`'s state, the count of blocks stands, as a little-endian number.
    const BLOCK_COUNT_AT: std::ops::Range<usize>;
}

impl Saveable for Sha256 {
    const TAG: u8 = 1;
    const BLOCK_LEN: u128 = 64;
    const BLOCK_COUNT_AT: std::ops::Range<usize> = 32..40;
}

impl Saveable for Sha512 {
    const TAG: u8 = 2;
    const BLOCK_LEN: u128 = 128;
    const BLOCK_COUNT_AT: std::ops::Range<usize> = 64..80;
}

pub(super) fn save<A: Saveable>(engine: &A, bytes_hashed: u64) -> Vec<u8> {
    let inner = engine.serialize();
    let mut saved = Vec::with_capacity(HEADER_LEN + inner.len() + CHECKSUM_LEN);
    saved.extend([VERSION, A::TAG]);
    saved.extend(bytes_hashed.to_le_bytes());
    saved.extend(inner);
    let checksum = checksum(&saved);
    saved.extend(checksum);
    saved
}

pub(super) fn restore<A: Saveable>(saved: &[u8]) -> Result<(A, u64)> {
    try_restore(saved).map_err(|reason| Error::new(Kind::InvalidHashState, reason))
}

fn try_restore<A: Saveable>(saved: &[u8]) -> Result<(A, u64), &'static str> {
    let Some((body, sum)) = saved.split_last_chunk::<CHECKSUM_LEN>() else {
        return Err("the hash state is too short");
    };
    let Some((&[version, tag], rest)) = body.split_first_chunk::<2>() else {
        return Err("the hash state is too short");
    };
    if version != VERSION {
        return Err("the hash state is of a version that is not known");
    }
    if tag != A::TAG {
        return Err("the hash state is of another algorithm");
    }
    let Some((count, inner)) = rest.split_first_chunk::<8>() else {
        return Err("the hash state is too short");
    };
    let Ok(inner) = <&SerializedState<A>>::try_from(inner) else {
        return Err("the hash state has the wrong length");
    };
    if checksum(body) != *sum {
        return Err("the hash state is damaged: its checksum is wrong");
    }
    let bytes_hashed = u64::from_le_bytes(*count);
    if bytes_hashed > MAX_BYTES_HASHED || inner_count::<A>(inner) != Some(u128::from(bytes_hashed))
    {
        return Err("the hash state contradicts its own count of bytes");
    }
    match A::deserialize(inner) {
        Ok(engine) => Ok((engine, bytes_hashed)),
        Err(_) => Err("the hash state holds an impossible block"),
    }
}

/// How many bytes `sha2` believes to have seen: whole blocks, and the unfinished one.
fn inner_count<A: Saveable>(inner: &SerializedState<A>) -> Option<u128> {
    let blocks = inner.get(A::BLOCK_COUNT_AT)?;
    let blocks = blocks
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u128::from(*byte));
    let unfinished = inner.get(A::BLOCK_COUNT_AT.end)?;
    blocks
        .checked_mul(A::BLOCK_LEN)?
        .checked_add(u128::from(*unfinished))
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    let Array(hash) = Sha256::digest(bytes);
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
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
