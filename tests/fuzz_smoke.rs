//! The checks of `fuzz/`, without a fuzzer: each runs over its seeds, and over a fixed number of mutations of them, the same in
//! every run. `FUZZ_SMOKE_MUTATIONS` sets another number.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;

#[path = "../fuzz/checks/digest.rs"]
mod digest;
#[cfg(feature = "front")]
#[path = "../fuzz/checks/front/mod.rs"]
mod front;
#[path = "../fuzz/checks/json.rs"]
mod json;
#[path = "../fuzz/checks/reference.rs"]
mod reference;
#[path = "../fuzz/checks/validate.rs"]
mod validate;

#[cfg(feature = "front")]
#[path = "front/body.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of the front use more of it"
)]
mod body;
#[cfg(feature = "front")]
#[path = "front/schedule.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of the front use more of it"
)]
mod schedule;
#[cfg(feature = "front")]
#[path = "front/store.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of the front use more of it"
)]
mod store;

const MUTATIONS: usize = 10_000;
/// Each of the front's inputs is dozens of requests.
#[cfg(feature = "front")]
const FRONT_MUTATIONS: usize = 2_000;

#[test]
fn digests_and_saved_states_keep_their_promises() {
    smoke(
        "digest",
        digest::check,
        &[
            "sha256:",
            "sha512:",
            "blake3:",
            ":",
            "+",
            "..",
            "/",
            "A",
            "\0",
            "0123456789abcdef",
        ],
        MUTATIONS,
    );
}

#[cfg(feature = "front")]
#[test]
fn the_registry_keeps_its_promises_whatever_it_is_asked() {
    let pieces = [
        "\0\0",
        "\u{1}",
        "\r",
        "\u{e}",
        "\u{f}",
        "\u{2}\0\0",
        "\u{5}\0\0",
        "/v2/a/",
        "..",
        "%2F",
        "bytes=0-",
        "application/vnd.oci.image.index.v1+json",
    ];
    smoke("front", front::check, &pieces, FRONT_MUTATIONS);
}

#[test]
fn references_keep_their_promises() {
    let pieces = [
        "docker.io/",
        "index.docker.io/",
        "localhost",
        "[::1]",
        ":5000",
        "/",
        "..",
        "__",
        "@sha256:",
        ":",
        "0x",
        ".1",
        "A",
    ];
    smoke("reference", reference::check, &pieces, MUTATIONS);
}

#[test]
fn the_json_reader_and_serde_json_read_one_text_one_way() {
    let pieces = [
        "{\"a\":",
        "\"a\"",
        ",",
        "[",
        "]",
        "}",
        ":",
        "\\u0061",
        "\\ud83d\\ude00",
        "\\ud800",
        "1e308",
        "1e309",
        "-0",
        "0.",
        "null",
        "true",
        "9007199254740993",
        "\u{feff}",
        "\u{e9}",
        "\t",
        " ",
    ];
    smoke("json", json::check, &pieces, MUTATIONS);
}

#[test]
fn verdicts_keep_their_promises() {
    let pieces = [
        "\"layers\":[",
        "\"manifests\":[],",
        "\"mediaType\":",
        "\"Layers\":[],",
        "\"config\":{}",
        "\"schemaVersion\":1,",
        "\"platform\":{\"os\":",
        "\"annotations\":{\"\":",
        "\"rootfs\":{\"type\":\"layers\"",
        "\"size\":-1,",
        "null,",
        "{},",
        "[],",
        "\"a/b\"",
        "\"sha256:\"",
        "\\u0073",
        "\n",
        "9007199254740993",
        "\u{17f}",
    ];
    smoke("validate", validate::check, &pieces, MUTATIONS);
}

fn smoke(target: &'static str, check: fn(&[u8]), pieces: &[&str], most: usize) {
    let seeds = seeds(target);
    for seed in &seeds {
        run(target, check, seed);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..mutations(most) {
        let input = mutate(&seeds, pieces, &mut random);
        run(target, check, &input);
    }
}

fn run(target: &'static str, check: fn(&[u8]), input: &[u8]) {
    let _report = Report { target, input };
    check(input);
}

/// Names the input when a check panics.
struct Report<'a> {
    target: &'a str,
    input: &'a [u8],
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{}: the input was b\"{}\"",
                self.target,
                self.input.escape_ascii()
            );
        }
    }
}

fn mutations(most: usize) -> usize {
    match std::env::var("FUZZ_SMOKE_MUTATIONS") {
        Ok(number) => number.parse().expect("FUZZ_SMOKE_MUTATIONS is a number"),
        Err(_) => most,
    }
}

/// The seeds of a target, in the order of their names: the order of a folder differs between machines.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seeds", folder.display());
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn mutate(seeds: &[Vec<u8>], pieces: &[&str], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(seeds).clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let length = random.below(input.len() - at + 1);
        match random.below(6) {
            0 => drop(input.splice(at..at, random.pick(pieces).bytes())),
            1 => drop(input.splice(at..at + length, random.pick(pieces).bytes())),
            2 => drop(input.drain(at..at + length.min(8))),
            3 => input.truncate(at),
            4 => {
                let other = random.pick(seeds);
                let start = random.below(other.len() + 1);
                drop(input.splice(at.., other[start..].iter().copied()));
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    input
}

/// Marsaglia's xorshift64: as random as mutations need to be, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
