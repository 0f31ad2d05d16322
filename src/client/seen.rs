//! What has come already.

/// Texts that have come, each by eight bytes of a hash: lists can be long. A false hit is one in millions of millions, and its price is
/// an entry that is not repeated.
#[derive(Debug)]
pub(super) struct Seen {
    /// Open addressing; a power of two of places, at most half of them taken; 0 is free.
    places: Vec<u64>,
    taken: usize,
    /// So that nobody can know which texts collide.
    seed: u64,
}

impl Seen {
    pub(super) fn new(seed: u32) -> Self {
        Self {
            places: vec![0; 64],
            taken: 0,
            seed: u64::from(seed),
        }
    }

    /// Whether this text comes for the first time.
    pub(super) fn is_new(&mut self, text: &str) -> bool {
        // FNV-1a, and a last step that mixes what the mask looks at.
        let mut hash = self.seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 29;
        let is_new = self.put(hash.max(1));
        if is_new && self.taken * 2 > self.places.len() {
            let larger = vec![0; self.places.len() * 2];
            let old = std::mem::replace(&mut self.places, larger);
            self.taken = 0;
            for hash in old {
                if hash != 0 {
                    self.put(hash);
                }
            }
        }
        is_new
    }

    fn put(&mut self, hash: u64) -> bool {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(place) = self.places.get_mut(at) {
            if *place == hash {
                return false;
            }
            if *place == 0 {
                *place = hash;
                self.taken += 1;
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_new_once_however_many_there_are() {
        let mut seen = Seen::new(7);
        for number in 0..10_000 {
            assert!(seen.is_new(&format!("v{number}")));
        }
        for number in 0..10_000 {
            assert!(!seen.is_new(&format!("v{number}")));
        }
        assert!(seen.is_new(""));
        assert!(!seen.is_new(""));
    }
}
