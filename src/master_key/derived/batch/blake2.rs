//! BLAKE2s and BLAKE2b, without a key, of one block in each lane (RFC 7693).
#![expect(clippy::inline_always, clippy::needless_range_loop, reason = "lanes that the compiler makes vectors of")]

use super::LANES;

/// So many texts at a time of BLAKE2b, whose words are twice as long.
pub(super) const WIDTH: usize = 8;

/// Texts as little-endian words without padding, their lengths, and the length of the digest.
pub(super) struct Large<'a> {
    pub(super) words: &'a [[u64; WIDTH]; 7],
    pub(super) lens: &'a [u64; WIDTH],
    pub(super) digest_len: u64,
}

/// The same for BLAKE2s, whose digest has 32 bytes.
pub(super) struct Small<'a> {
    pub(super) words: &'a [[u32; LANES]; 16],
    pub(super) lens: &'a [u32; LANES],
}

macro_rules! compress {
    ($word:ty, $width:expr, $rounds:expr, $turns:expr, $words:expr, $lens:expr, $start:expr, $first:expr) => {{
        let words: &[[$word; $width]; 16] = $words;
        let mut begin: [[$word; $width]; 8] = $start.map(|word| [word; $width]);
        begin[0] = [$start[0] ^ $first; $width];
        let mut state = [[0; $width]; 16];
        state[..8].copy_from_slice(&begin);
        for at in 0..8 {
            state[8 + at] = [$start[at]; $width];
        }
        for lane in 0..$width {
            state[12][lane] ^= $lens[lane];
            state[14][lane] = !state[14][lane];
        }
        for round in 0..$rounds {
            let order = &ORDERS[round % 10];
            for (at, places) in MIXED.iter().enumerate() {
                let [mut a, mut b, mut c, mut d] = places.map(|place| state[place]);
                let (one, two) = (&words[order[2 * at]], &words[order[2 * at + 1]]);
                for lane in 0..$width {
                    a[lane] = a[lane].wrapping_add(b[lane]).wrapping_add(one[lane]);
                    d[lane] = (d[lane] ^ a[lane]).rotate_right($turns[0]);
                    c[lane] = c[lane].wrapping_add(d[lane]);
                    b[lane] = (b[lane] ^ c[lane]).rotate_right($turns[1]);
                    a[lane] = a[lane].wrapping_add(b[lane]).wrapping_add(two[lane]);
                    d[lane] = (d[lane] ^ a[lane]).rotate_right($turns[2]);
                    c[lane] = c[lane].wrapping_add(d[lane]);
                    b[lane] = (b[lane] ^ c[lane]).rotate_right($turns[3]);
                }
                for (place, words) in places.iter().zip([a, b, c, d]) {
                    state[*place] = words;
                }
            }
        }
        for at in 0..8 {
            for lane in 0..$width {
                begin[at][lane] ^= state[at][lane] ^ state[8 + at][lane];
            }
        }
        begin
    }};
}

impl pulp::WithSimd for Large<'_> {
    type Output = [[u64; WIDTH]; 8];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let mut words = [[0; WIDTH]; 16];
        words[..7].copy_from_slice(self.words);
        let first = 0x0101_0000 ^ self.digest_len;
        compress!(u64, WIDTH, 12, [32, 24, 16, 63], &words, self.lens, super::sha512::STARTS[0], first)
    }
}

impl pulp::WithSimd for Small<'_> {
    type Output = [[u32; LANES]; 8];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        compress!(
            u32,
            LANES,
            10,
            [16, 12, 8, 7],
            self.words,
            self.lens,
            super::super::sha256::SHA256_START,
            0x0101_0020
        )
    }
}

/// The words that a round mixes: four columns, then four diagonals.
const MIXED: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// Which words of the message each round takes.
const ORDERS: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
