use sha2::block_api::{compress256, compress512};

use super::Algorithm;

/// What both algorithms begin from (FIPS 180-4, section 5.3): SHA-512 from these words, SHA-256 from their upper halves.
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// SHA-256 or SHA-512 (FIPS 180-4) in the middle of its work: what stands around `sha2`'s functions for whole blocks, once for both.
#[derive(Clone)]
pub(super) struct Sha {
    pub(super) variant: Variant,
    /// The hash of the blocks so far. SHA-256 has words of half that width.
    pub(super) words: [u64; 8],
    /// Less than a block.
    pub(super) unfinished: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Sha256,
    Sha512,
}

impl Variant {
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha512 => Algorithm::Sha512,
        }
    }

    /// Bytes of a word. A block is sixteen of them, and the count of bits behind the last byte is two.
    pub(super) fn word_len(self) -> usize {
        match self {
            Self::Sha256 => 4,
            Self::Sha512 => 8,
        }
    }

    /// Bytes of a block.
    pub(super) fn block_len(self) -> usize {
        16 * self.word_len()
    }
}

impl Sha {
    pub(super) fn new(variant: Variant) -> Self {
        let mut words = INITIAL;
        if variant == Variant::Sha256 {
            for word in &mut words {
                *word >>= 32;
            }
        }
        Self {
            variant,
            words,
            unfinished: Vec::new(),
        }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let block_len = self.variant.block_len();
        if !self.unfinished.is_empty() {
            let missing = (block_len - self.unfinished.len()).min(bytes.len());
            let (head, rest) = bytes.split_at(missing);
            self.unfinished.extend_from_slice(head);
            bytes = rest;
            if self.unfinished.len() < block_len {
                return;
            }
            let block = std::mem::take(&mut self.unfinished);
            self.compress(&block);
        }
        let (blocks, rest) = bytes.split_at(bytes.len() - bytes.len() % block_len);
        self.compress(blocks);
        self.unfinished.extend_from_slice(rest);
    }

    /// The hash of all `count` bytes.
    pub(super) fn finish(mut self, count: u64) -> Vec<u8> {
        let (word_len, block_len) = (self.variant.word_len(), self.variant.block_len());
        // A one, zeros, and how many bits there were (section 5.1). More than 2^61 bytes are never counted.
        let mut end = std::mem::take(&mut self.unfinished);
        end.push(0x80);
        let length = (end.len() + 2 * word_len).next_multiple_of(block_len);
        end.resize(length - size_of::<u64>(), 0);
        end.extend_from_slice(&(count << 3).to_be_bytes());
        self.compress(&end);
        let mut hash = Vec::new();
        for word in self.words {
            let word = word.to_be_bytes();
            hash.extend_from_slice(word.split_at(word.len() - word_len).1);
        }
        hash
    }

    /// Takes whole blocks in.
    fn compress(&mut self, blocks: &[u8]) {
        match self.variant {
            Variant::Sha256 => {
                let mut words = self.words.map(|word| word as u32);
                compress256(&mut words, blocks.as_chunks().0);
                self.words = words.map(u64::from);
            }
            Variant::Sha512 => compress512(&mut self.words, blocks.as_chunks().0),
        }
    }
}
