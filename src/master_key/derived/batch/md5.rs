//! MD5 of one block in each lane (RFC 1321).
#![expect(clippy::inline_always, clippy::needless_range_loop, reason = "lanes that the compiler makes vectors of")]

use super::LANES;

type Words = [u32; LANES];

/// Padded texts as little-endian words, with their lengths at the end.
pub(super) struct Blocks<'a>(pub(super) &'a [Words; 16]);

impl pulp::WithSimd for Blocks<'_> {
    type Output = [Words; 4];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let start = START.map(|word| [word; LANES]);
        let [mut a, mut b, mut c, mut d] = start;
        for at in (0..64).step_by(4) {
            let places: [usize; 4] = std::array::from_fn(|more| match (at + more, at / 16) {
                (at, 0) => at,
                (at, 1) => (5 * at + 1) % 16,
                (at, 2) => (3 * at + 5) % 16,
                (at, _) => 7 * at % 16,
            });
            let shifts = SHIFTS[at / 16];
            step(at, &mut a, (&b, &c, &d), &self.0[places[0]], shifts[0]);
            step(at + 1, &mut d, (&a, &b, &c), &self.0[places[1]], shifts[1]);
            step(at + 2, &mut c, (&d, &a, &b), &self.0[places[2]], shifts[2]);
            step(at + 3, &mut b, (&c, &d, &a), &self.0[places[3]], shifts[3]);
        }
        let mut sums = [a, b, c, d];
        for (sum, start) in sums.iter_mut().zip(START) {
            for lane in 0..LANES {
                sum[lane] = sum[lane].wrapping_add(start);
            }
        }
        sums
    }
}

#[inline(always)]
fn step(at: usize, a: &mut Words, (b, c, d): (&Words, &Words, &Words), words: &Words, shift: u32) {
    for lane in 0..LANES {
        let (b, c, d) = (b[lane], c[lane], d[lane]);
        let mixed = match at / 16 {
            0 => d ^ b & (c ^ d),
            1 => c ^ d & (b ^ c),
            2 => b ^ c ^ d,
            _ => c ^ (b | !d),
        };
        let sum = a[lane].wrapping_add(mixed).wrapping_add(words[lane]).wrapping_add(SINES[at]);
        a[lane] = b.wrapping_add(sum.rotate_left(shift));
    }
}

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];
