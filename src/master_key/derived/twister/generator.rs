//! One MT19937, seeded in either way.

use super::shape::Seeding;

/// One generator.
pub(in super::super) struct Twister {
    state: [u32; 624],
    at: usize,
}

impl Twister {
    pub(in super::super) fn seeded(seeding: Seeding, words: &[u32]) -> Self {
        match seeding {
            Seeding::Single => Self { state: single(words[0]), at: 624 },
            Seeding::Array => Self { state: array(words), at: 624 },
        }
    }

    /// Python's seeding by a text or bytes: the bytes and their SHA-512, as one number.
    pub(in super::super) fn of_python_text(text: &[u8]) -> Self {
        use sha2::{Digest, Sha512};
        let mut number = text.to_vec();
        number.extend_from_slice(&Sha512::digest(text));
        let words: Vec<u32> =
            number.rchunks(4).map(|chunk| chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))).collect();
        let len = words.iter().rposition(|word| *word != 0).map_or(1, |last| last + 1);
        Self::seeded(Seeding::Array, &words[..len])
    }

    fn refill(&mut self) {
        for at in 0..624 {
            self.state[at] = twist(self.state[at], self.state[(at + 1) % 624], self.state[(at + 397) % 624]);
        }
        self.at = 0;
    }
}

impl Iterator for Twister {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.at == 624 {
            self.refill();
        }
        self.at += 1;
        Some(temper(self.state[self.at - 1]))
    }
}

pub(super) fn single(seed: u32) -> [u32; 624] {
    let mut state = [seed; 624];
    for at in 1..624 {
        let before = state[at - 1];
        state[at] = (before ^ before >> 30).wrapping_mul(1_812_433_253).wrapping_add(at as u32);
    }
    state
}

fn array(words: &[u32]) -> [u32; 624] {
    let mut state = single(ARRAY_START);
    let (mut at, mut word) = (1, 0);
    let mix = |state: &mut [u32; 624], at: usize, factor: u32| {
        let mixed = (state[at - 1] ^ state[at - 1] >> 30).wrapping_mul(factor);
        state[at] ^= mixed;
    };
    for _ in 0..words.len().max(624) {
        mix(&mut state, at, 1_664_525);
        state[at] = state[at].wrapping_add(words[word]).wrapping_add(word as u32);
        at += 1;
        word = (word + 1) % words.len();
        if at == 624 {
            state[0] = state[623];
            at = 1;
        }
    }
    for _ in 1..624 {
        mix(&mut state, at, 1_566_083_941);
        state[at] = state[at].wrapping_sub(at as u32);
        at += 1;
        if at == 624 {
            state[0] = state[623];
            at = 1;
        }
    }
    state[0] = 0x8000_0000;
    state
}

#[inline(always)]
pub(super) fn twist(word: u32, next: u32, far: u32) -> u32 {
    let mixed = (word & 0x8000_0000) | (next & 0x7fff_ffff);
    far ^ mixed >> 1 ^ (mixed & 1).wrapping_neg() & 0x9908_b0df
}

#[inline(always)]
pub(super) fn temper(mut word: u32) -> u32 {
    word ^= word >> 11;
    word ^= word << 7 & 0x9d2c_5680;
    word ^= word << 15 & 0xefc6_0000;
    word ^ word >> 18
}

/// `init_by_array` begins here.
pub(super) const ARRAY_START: u32 = 19_650_218;
