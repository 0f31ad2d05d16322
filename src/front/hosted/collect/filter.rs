//! Sets of what is in use, in bounded memory.

use crate::digest::{Algorithm, Digest};

/// How many bits an entry sets.
const HASHES: usize = 7;

/// A Bloom filter: it may take something for an entry that is none, so what it has not is none. What it wrongly has is kept once, and
/// not again: every run has a salt of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    salt: String,
    bits: Vec<u8>,
}

impl Filter {
    /// A filter of so many bytes without an entry. With ten bits for each entry it takes one in a hundred others for one.
    pub(super) fn new(salt: &str, bytes: usize) -> Self {
        Self {
            salt: salt.to_owned(),
            bits: vec![0; bytes.max(1)],
        }
    }

    /// A filter that was saved with [`Self::bits`].
    pub(super) fn restored(salt: &str, bits: Vec<u8>) -> Self {
        let mut filter = Self::new(salt, 1);
        if !bits.is_empty() {
            filter.bits = bits;
        }
        filter
    }

    /// What is to be saved of it, beside its salt.
    pub(super) fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Adds an entry; gives whether it was not there.
    pub(super) fn add(&mut self, entry: &str) -> bool {
        let mut added = false;
        for (byte, bit) in self.places(entry) {
            if let Some(byte) = self.bits.get_mut(byte) {
                added |= *byte & bit == 0;
                *byte |= bit;
            }
        }
        added
    }

    /// Takes everything for an entry.
    pub(super) fn fill(&mut self) {
        self.bits.fill(u8::MAX);
    }

    /// Forgets all entries.
    pub(super) fn clear(&mut self) {
        self.bits.fill(0);
    }

    /// Whether it may have an entry.
    pub(super) fn has(&self, entry: &str) -> bool {
        self.places(entry)
            .all(|(byte, bit)| self.bits.get(byte).is_some_and(|bits| bits & bit != 0))
    }

    /// The byte and the bit of each hash: by two of them, as all others may be made of those.
    fn places(&self, entry: &str) -> impl Iterator<Item = (usize, u8)> + use<> {
        let salted = [self.salt.as_str(), "\n", entry].concat();
        let hash = Digest::of(Algorithm::Sha256, salted.as_bytes());
        let half = |digits: Option<&str>| {
            digits
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                .unwrap_or_default()
        };
        let first = half(hash.encoded().get(..16));
        let second = half(hash.encoded().get(16..32)) | 1;
        let count = self.bits.len() as u64 * 8;
        (0..HASHES as u64).map(move |number| {
            let place = first.wrapping_add(number.wrapping_mul(second)) % count;
            // Within the bits, whose number is a usize.
            ((place / 8) as usize, 1 << (place % 8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32) -> String {
        format!("entry {number}")
    }

    #[test]
    fn what_was_added_is_there_and_next_to_nothing_else() {
        let mut filter = Filter::new("salt", 2500);
        for number in 0..2000 {
            filter.add(&entry(number));
        }
        assert!((0..2000).all(|number| filter.has(&entry(number))));
        let wrong = (2000..12_000)
            .filter(|number| filter.has(&entry(*number)))
            .count();
        assert!(wrong < 200, "{wrong} of 10,000");
    }

    #[test]
    fn what_one_run_wrongly_keeps_another_does_not() {
        let fill = |salt: &str| {
            let mut filter = Filter::new(salt, 250);
            (0..400).for_each(|number| {
                filter.add(&entry(number));
            });
            filter
        };
        let (first, second) = (fill("a"), fill("b"));
        let wrong: Vec<_> = (400..5000)
            .filter(|number| first.has(&entry(*number)))
            .collect();
        assert!(!wrong.is_empty());
        let again = wrong.iter().filter(|number| second.has(&entry(**number)));
        assert!(again.count() * 4 < wrong.len());
    }

    #[test]
    fn it_says_whether_an_entry_is_new_and_comes_back_as_it_was_saved() {
        let mut filter = Filter::new("salt", 100);
        assert!(filter.add("a"));
        assert!(!filter.add("a"));
        let restored = Filter::restored("salt", filter.bits().to_vec());
        assert_eq!(restored, filter);
        assert!(!Filter::restored("salt", Vec::new()).has("a"));
        filter.fill();
        assert!(filter.has("b"));
        filter.clear();
        assert!(!filter.has("a") && !filter.has("b"));
    }
}
