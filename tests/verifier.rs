//! Verifiers, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest, Verifier};
use proptest::prelude::*;

fn verify(expected: &Digest, size: Option<u64>, chunks: &[&[u8]]) -> Result<u64, pierhead::Error> {
    let mut verifier = Verifier::new(expected.clone(), size)?;
    for chunk in chunks {
        verifier.update(chunk)?;
    }
    verifier.finish()
}

#[test]
fn the_right_bytes_pass_and_are_counted() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3] {
        let expected = Digest::of(algorithm, b"pierhead");
        assert_eq!(
            verify(&expected, Some(8), &[b"pier", b"", b"head"]).unwrap(),
            8
        );
        assert_eq!(verify(&expected, None, &[b"pierhead"]).unwrap(), 8);
    }
}

#[test]
fn nothing_is_a_body_too() {
    let expected = Digest::of(Algorithm::Sha256, b"");
    assert_eq!(verify(&expected, Some(0), &[]).unwrap(), 0);
    assert_eq!(
        verify(&expected, Some(0), &[b"x"]).unwrap_err().kind(),
        Kind::SizeMismatch
    );
}

#[test]
fn other_bytes_of_the_right_size_are_a_digest_mismatch() {
    let expected = Digest::of(Algorithm::Sha256, b"pier");
    let error = verify(&expected, Some(4), &[b"peer"]).unwrap_err();
    assert_eq!(error.kind(), Kind::DigestMismatch);
    assert_eq!(error.expected(), Some(expected.as_str()));
    assert_eq!(
        error.actual(),
        Some(Digest::of(Algorithm::Sha256, b"peer").as_str())
    );
}

#[test]
fn a_body_that_ends_early_is_truncated_even_if_no_byte_of_it_is_wrong() {
    let expected = Digest::of(Algorithm::Sha256, b"pier");
    let error = verify(&expected, Some(5), &[b"pier"]).unwrap_err();
    assert_eq!(error.kind(), Kind::BodyTruncated);
    assert_eq!((error.expected(), error.actual()), (Some("5"), Some("4")));
}

#[test]
fn a_body_that_goes_on_is_refused_at_the_first_byte_too_many() {
    let mut verifier = Verifier::new(Digest::of(Algorithm::Sha256, b"pier"), Some(4)).unwrap();
    verifier.update(b"pie").unwrap();
    assert_eq!((verifier.received(), verifier.remaining()), (3, Some(1)));
    let error = verifier.update(b"r!").unwrap_err();
    assert_eq!(error.kind(), Kind::SizeMismatch);
    assert_eq!((error.expected(), error.actual()), (Some("4"), Some("5")));
    assert_eq!(verifier.received(), 3, "the bytes too many were hashed");
}

#[test]
fn a_body_that_was_too_long_stays_so() {
    let mut verifier = Verifier::new(Digest::of(Algorithm::Sha256, b"pier"), Some(4)).unwrap();
    assert!(verifier.update(b"pier!").is_err());
    assert_eq!(
        verifier.update(b"pier").unwrap_err().kind(),
        Kind::SizeMismatch
    );
    assert_eq!(verifier.finish().unwrap_err().kind(), Kind::SizeMismatch);
}

proptest! {
    #[test]
    fn only_the_exact_bytes_pass(
        bytes in prop::collection::vec(any::<u8>(), 1..200),
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let expected = Digest::of(Algorithm::Sha256, &bytes);
        let size = Some(bytes.len() as u64);
        let (before, after) = bytes.split_at(cut.index(bytes.len()));
        prop_assert_eq!(verify(&expected, size, &[before, after]).unwrap(), bytes.len() as u64);
        prop_assert_eq!(verify(&expected, size, &[before]).unwrap_err().kind(), Kind::BodyTruncated);
        prop_assert_eq!(verify(&expected, None, &[before]).unwrap_err().kind(), Kind::DigestMismatch);
        let mut wrong = bytes.clone();
        wrong[flip.index(bytes.len())] ^= 1;
        prop_assert_eq!(verify(&expected, size, &[&wrong]).unwrap_err().kind(), Kind::DigestMismatch);
        prop_assert_eq!(verify(&expected, size, &[&bytes, b"!"]).unwrap_err().kind(), Kind::SizeMismatch);
    }
}
