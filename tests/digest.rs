//! Digests and hashers, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use pierhead::Kind;
use pierhead::digest::{Algorithm, Digest, DigestParts, Hasher, Verifier};
use proptest::prelude::*;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3];
const SAVEABLE: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

fn kind_of(text: &str) -> Option<Kind> {
    text.parse::<Digest>().err().map(|error| error.kind())
}

/// The input of BLAKE3's official test vectors: bytes that count from 0 to 250 and begin again.
fn counting(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

mod grammar {
    use super::*;

    #[test]
    fn registered_algorithms_parse_into_their_parts() {
        for algorithm in ALGORITHMS {
            let text = format!("{algorithm}:{}", "0f".repeat(algorithm.encoded_len() / 2));
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.algorithm(), Some(algorithm));
            assert_eq!(digest.algorithm_name(), algorithm.as_str());
            assert_eq!(digest.encoded().len(), algorithm.encoded_len());
            assert_eq!(digest.to_string(), text);
            assert_eq!(digest.require_algorithm().unwrap(), algorithm);
        }
    }

    #[test]
    fn an_unregistered_algorithm_is_well_formed_but_unverifiable() {
        // The first two are examples of the specification.
        for text in [
            "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
            "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
            "a.b_c-d:=",
            "sha384:00",
            "md5:X",
        ] {
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.algorithm(), None, "{text}");
            assert_eq!(
                digest.require_algorithm().unwrap_err().kind(),
                Kind::UnsupportedAlgorithm
            );
            assert_eq!(
                Verifier::new(digest, None).unwrap_err().kind(),
                Kind::UnsupportedAlgorithm
            );
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        let hex = "0f".repeat(32);
        for text in [
            "",
            ":",
            "sha256",
            "sha256:",
            &format!(":{hex}"),
            &format!("SHA256:{hex}"),
            &format!("sha256:{}", hex.to_uppercase()),
            &format!("sha256:{}", &hex[1..]),
            &format!("sha256:{hex}0"),
            &format!("sha512:{hex}"),
            &format!("blake3:{hex}{hex}"),
            &format!("sha256:{}g", &hex[1..]),
            &format!("sha256:{hex}\n"),
            &format!(" sha256:{hex}"),
            &format!("sha256:sha256:{hex}"),
            "sha256+:abc",
            "+sha256:abc",
            "a..b:abc",
            "a+-b:abc",
            "a/b:abc",
            "md5:",
            "md5:a/b",
            "md5:..",
            "md5:a+b",
            "md5:\u{e9}",
            "m\u{e9}5:abc",
            "md5:a\0b",
        ] {
            assert_eq!(kind_of(text), Some(Kind::InvalidDigest), "{text:?}");
        }
    }

    #[test]
    fn the_longest_digest_is_accepted_and_a_longer_one_is_not() {
        let longest = format!("x:{}", "a".repeat(Digest::MAX_LEN - 2));
        assert_eq!(kind_of(&longest), None);
        assert_eq!(kind_of(&format!("{longest}a")), Some(Kind::InvalidDigest));
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let message = |text: &str| text.parse::<Digest>().unwrap_err().to_string();
        assert_eq!(
            message("sha256:abc"),
            "a sha256 digest has 64 hexadecimal digits, not 3"
        );
        assert_eq!(
            message("sha256:ABC"),
            "a sha256 digest is lowercase hexadecimal and cannot hold 'A'"
        );
        assert_eq!(
            message("md5:a\nb"),
            "a digest's encoded part cannot hold '\\n'"
        );
    }

    #[test]
    fn algorithm_names_are_case_sensitive() {
        for algorithm in ALGORITHMS {
            assert_eq!(algorithm.as_str().parse::<Algorithm>().unwrap(), algorithm);
            let upper = algorithm.as_str().to_uppercase().parse::<Algorithm>();
            assert_eq!(upper.unwrap_err().kind(), Kind::UnsupportedAlgorithm);
        }
    }

    #[test]
    fn digests_serialise_as_text_and_their_parts_as_an_object() {
        let digest: Digest = "md5:ab".parse().unwrap();
        assert_eq!(serde_json::to_string(&digest).unwrap(), r#""md5:ab""#);
        let parts = serde_json::to_string(&DigestParts::from(&digest)).unwrap();
        assert_eq!(parts, r#"{"algorithm":"md5","encoded":"ab"}"#);
    }

    proptest! {
        #[test]
        fn whatever_the_grammar_allows_comes_back_as_it_was(
            text in "[a-z0-9]{1,8}([+._-][a-z0-9]{1,8}){0,3}:[a-zA-Z0-9=_-]{1,100}"
        ) {
            let parsed = text.parse::<Digest>();
            let registered = ALGORITHMS.iter().any(|algorithm| text.starts_with(&format!("{algorithm}:")));
            prop_assume!(!registered);
            let digest = parsed.unwrap();
            prop_assert_eq!(digest.as_str(), &text);
            prop_assert_eq!(format!("{}:{}", digest.algorithm_name(), digest.encoded()), text);
        }

        #[test]
        fn no_part_of_an_accepted_digest_leaves_its_folder(text in "[a-z0-9./+:\\\\%\0]{0,20}") {
            if let Ok(digest) = text.parse::<Digest>() {
                for part in [digest.algorithm_name(), digest.encoded()] {
                    prop_assert!(!part.is_empty() && part != "." && part != "..");
                    prop_assert!(!part.contains(['/', '\\', '%', '\0', ':']));
                }
            }
        }
    }
}

mod hashes {
    use super::*;

    // FIPS 180-4 examples (NIST, "SHA256.pdf" and "SHA512.pdf"), and the test vectors of the BLAKE3 repository.
    #[test]
    fn the_vectors_of_the_standards_hold() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let two_long_blocks = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn\
            hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
        let million = vec![b'a'; 1_000_000];
        let vectors: [(&[u8], &str); 13] = [
            (
                b"",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                b"abc",
                "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                two_blocks,
                "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                &million,
                "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
            (
                b"",
                concat!(
                    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce",
                    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
                ),
            ),
            (
                b"abc",
                concat!(
                    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
                    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
                ),
            ),
            (
                two_long_blocks,
                concat!(
                    "sha512:8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018",
                    "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
                ),
            ),
            (
                &million,
                concat!(
                    "sha512:e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb",
                    "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"
                ),
            ),
            (
                b"",
                "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
            (
                b"abc",
                "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            ),
            (
                &counting(1),
                "blake3:2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
            ),
            (
                &counting(1025),
                "blake3:d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
            ),
            (
                &counting(102_400),
                "blake3:bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
            ),
        ];
        for (bytes, expected) in vectors {
            let expected: Digest = expected.parse().unwrap();
            assert_eq!(Digest::of(expected.algorithm().unwrap(), bytes), expected);
        }
    }

    #[test]
    fn a_computed_digest_is_one_that_parses() {
        for algorithm in ALGORITHMS {
            let digest = Digest::of(algorithm, b"pier");
            assert_eq!(digest.as_str().parse::<Digest>().unwrap(), digest);
        }
    }

    #[test]
    fn a_hasher_keeps_what_it_hashes_out_of_its_debug_form() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"secret");
        assert_eq!(
            format!("{hasher:?}"),
            "Hasher { algorithm: Sha256, bytes_hashed: 6, .. }"
        );
    }

    proptest! {
        #[test]
        fn streaming_gives_what_one_call_gives(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12)) {
            let whole = chunks.concat();
            for algorithm in ALGORITHMS {
                let mut hasher = Hasher::new(algorithm);
                for chunk in &chunks {
                    hasher.update(chunk);
                }
                prop_assert_eq!(hasher.algorithm(), algorithm);
                prop_assert_eq!(hasher.bytes_hashed(), whole.len() as u64);
                prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &whole));
            }
        }
    }
}

mod saved_states {
    use super::*;

    #[test]
    fn the_saved_form_is_the_documented_one_and_stays_so() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"abc");
        let initial_hash: [u32; 8] = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        let mut expected = vec![1, 1, 3, 0, 0, 0, 0, 0, 0, 0];
        expected.extend(initial_hash.iter().flat_map(|word| word.to_le_bytes()));
        expected.extend([0; 8]);
        expected.extend(*b"\x03abc");
        expected.extend([0; 60]);
        let checksum = Digest::of(Algorithm::Sha256, &expected);
        for pair in checksum.encoded().as_bytes().chunks(2).take(8) {
            expected.push(u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        }
        assert_eq!(hasher.save().unwrap(), expected);
    }

    #[test]
    fn a_hash_goes_on_from_any_cut() {
        let bytes = counting(400);
        for algorithm in SAVEABLE {
            for cut in 0..=bytes.len() {
                let (before, after) = bytes.split_at(cut);
                let mut hasher = Hasher::new(algorithm);
                hasher.update(before);
                let mut restored = Hasher::restore(algorithm, &hasher.save().unwrap()).unwrap();
                assert_eq!(restored.bytes_hashed(), cut as u64);
                restored.update(after);
                assert_eq!(
                    restored.finish(),
                    Digest::of(algorithm, &bytes),
                    "{algorithm} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn saving_changes_nothing() {
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(b"pier");
        assert_eq!(hasher.save().unwrap(), hasher.save().unwrap());
        hasher.update(b"head");
        assert_eq!(hasher.finish(), Digest::of(Algorithm::Sha512, b"pierhead"));
    }

    #[test]
    fn blake3_says_that_it_cannot() {
        let saved = Hasher::new(Algorithm::Blake3).save();
        assert_eq!(saved.unwrap_err().kind(), Kind::UnsupportedAlgorithm);
        let restored = Hasher::restore(Algorithm::Blake3, &[]);
        assert_eq!(restored.unwrap_err().kind(), Kind::UnsupportedAlgorithm);
    }

    #[test]
    fn a_state_cut_short_or_drawn_out_is_refused() {
        for algorithm in SAVEABLE {
            let saved = Hasher::new(algorithm).save().unwrap();
            for length in 0..saved.len() {
                let error = Hasher::restore(algorithm, &saved[..length]).unwrap_err();
                assert_eq!(error.kind(), Kind::InvalidHashState);
            }
            let longer = [&saved[..], &[0]].concat();
            assert_eq!(
                Hasher::restore(algorithm, &longer).unwrap_err().kind(),
                Kind::InvalidHashState
            );
        }
    }

    #[test]
    fn a_state_with_any_bit_flipped_is_refused() {
        for algorithm in SAVEABLE {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&counting(150));
            let saved = hasher.save().unwrap();
            for bit in 0..saved.len() * 8 {
                let mut damaged = saved.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let error = Hasher::restore(algorithm, &damaged).unwrap_err();
                assert_eq!(error.kind(), Kind::InvalidHashState, "bit {bit}");
            }
        }
    }

    #[test]
    fn a_state_of_the_other_algorithm_is_refused() {
        for (saved, other) in [
            (Algorithm::Sha256, Algorithm::Sha512),
            (Algorithm::Sha512, Algorithm::Sha256),
        ] {
            let state = Hasher::new(saved).save().unwrap();
            assert_eq!(
                Hasher::restore(other, &state).unwrap_err().kind(),
                Kind::InvalidHashState
            );
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused(
            mut bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(any::<u8>(), 122),
                prop::collection::vec(any::<u8>(), 226),
            ],
            honest_header in any::<bool>(),
        ) {
            for (algorithm, tag) in [(Algorithm::Sha256, 1), (Algorithm::Sha512, 2)] {
                if let (true, [version, algorithm_tag, ..]) = (honest_header, &mut bytes[..]) {
                    (*version, *algorithm_tag) = (1, tag);
                }
                let error = Hasher::restore(algorithm, &bytes).unwrap_err();
                prop_assert_eq!(error.kind(), Kind::InvalidHashState);
            }
        }
    }
}
