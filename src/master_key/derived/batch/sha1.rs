//! SHA-1 of one block in each lane (FIPS 180-4).
#![expect(clippy::inline_always, clippy::needless_range_loop, reason = "lanes that the compiler makes vectors of")]

use super::LANES;

type Words = [u32; LANES];

/// Padded blocks as big-endian words, with their lengths at the end.
pub(in crate::master_key::derived) struct Blocks<'a>(pub(in crate::master_key::derived) &'a [Words; 16]);

impl pulp::WithSimd for Blocks<'_> {
    type Output = [Words; 5];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let mut schedule = [[0; LANES]; 80];
        schedule[..16].copy_from_slice(self.0);
        for at in 16..80 {
            let (a, b, c, d) = (schedule[at - 3], schedule[at - 8], schedule[at - 14], schedule[at - 16]);
            for lane in 0..LANES {
                schedule[at][lane] = (a[lane] ^ b[lane] ^ c[lane] ^ d[lane]).rotate_left(1);
            }
        }
        let start = START.map(|word| [word; LANES]);
        let [mut a, mut b, mut c, mut d, mut e] = start;
        for at in 0..80 {
            let mut next = [0; LANES];
            for lane in 0..LANES {
                let (b, c, d) = (b[lane], c[lane], d[lane]);
                let mixed = match at / 20 {
                    0 => d ^ (b & (c ^ d)),
                    2 => (b & c) | (d & (b | c)),
                    _ => b ^ c ^ d,
                };
                next[lane] = a[lane]
                    .rotate_left(5)
                    .wrapping_add(mixed)
                    .wrapping_add(e[lane])
                    .wrapping_add(ROUNDS[at / 20])
                    .wrapping_add(schedule[at][lane]);
            }
            (e, d, c, b, a) = (d, c, b.map(|word| word.rotate_left(30)), a, next);
        }
        let mut sums = [a, b, c, d, e];
        for (sum, start) in sums.iter_mut().zip(START) {
            for lane in 0..LANES {
                sum[lane] = sum[lane].wrapping_add(start);
            }
        }
        sums
    }
}

const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
const ROUNDS: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];
