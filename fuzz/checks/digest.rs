//! What must hold of digests and saved hash states, whatever the bytes.

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest, Hasher};

/// Panics if the bytes, taken as a digest or as a saved state, break a promise.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_digest(text);
    }
    check_state(bytes);
    check_cut(bytes);
}

fn check_digest(text: &str) {
    match text.parse::<Digest>() {
        Ok(digest) => {
            assert!(is_digest(text), "accepted {text:?}");
            assert_eq!(digest.to_string(), text);
            assert_eq!(
                format!("{}:{}", digest.algorithm_name(), digest.encoded()),
                text
            );
            for part in [digest.algorithm_name(), digest.encoded()] {
                assert!(
                    !matches!(part, "" | "." | "..") && !part.contains(['/', '\\', '\0']),
                    "{part:?} is no file name"
                );
            }
        }
        Err(error) => {
            assert!(!is_digest(text), "refused {text:?}: {error}");
            assert_eq!(error.kind(), Kind::InvalidDigest);
        }
    }
}

/// The grammar of the image specification once more, told by states instead of by parts.
fn is_digest(text: &str) -> bool {
    let Some(colon) = text.find(':') else {
        return false;
    };
    let (name, encoded) = (&text[..colon], &text[colon + 1..]);
    let mut after_letter = false;
    for byte in name.bytes() {
        after_letter = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'+' | b'.' | b'_' | b'-' if after_letter => false,
            _ => return false,
        };
    }
    let hex = |length| {
        encoded.len() == length
            && encoded
                .bytes()
                .all(|byte| b"0123456789abcdef".contains(&byte))
    };
    let encoded_fits = match name {
        "sha256" | "blake3" => hex(64),
        "sha512" => hex(128),
        _ => {
            !encoded.is_empty()
                && encoded
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte))
        }
    };
    after_letter && encoded_fits && text.len() <= Digest::MAX_LEN
}

fn check_state(bytes: &[u8]) {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        match Hasher::restore(algorithm, bytes) {
            Ok(mut hasher) => {
                assert_eq!(
                    hasher.save().ok().as_deref(),
                    Some(bytes),
                    "a state has one form"
                );
                hasher.update(&[0; 200]);
                assert_eq!(hasher.finish().algorithm(), Some(algorithm));
            }
            Err(error) => assert_eq!(error.kind(), Kind::InvalidHashState),
        }
    }
}

/// A hash that is saved and restored between two parts is that of the whole. The first byte says where the cut is.
fn check_cut(bytes: &[u8]) {
    let cut = usize::from(bytes.first().copied().unwrap_or_default()).min(bytes.len());
    let (before, after) = bytes.split_at(cut);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(before);
        let restored = hasher
            .save()
            .and_then(|state| Hasher::restore(algorithm, &state));
        let Ok(mut hasher) = restored else {
            panic!("{algorithm} cannot go on after {cut} bytes")
        };
        hasher.update(after);
        assert_eq!(
            hasher.finish(),
            Digest::of(algorithm, bytes),
            "{algorithm} cut at {cut}"
        );
    }
}
