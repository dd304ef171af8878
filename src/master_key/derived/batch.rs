//! MD5 and SHA-256 of many short texts. MD5 is computed side by side in lanes; for SHA-256 processors have instructions.
#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "RFC 1321, in lanes that the compiler makes vectors of"
)]

use md5::Md5;
use sha2::{Digest, Sha256};

use super::matcher::Matcher;
use super::seeds::arch;

/// Texts on their way to be compared.
pub(super) struct Batch<'k> {
    key: &'k Matcher,
    words: [[u32; LANES]; 16],
    filled: usize,
    arch: pulp::Arch,
}

impl<'k> Batch<'k> {
    pub(super) fn new(key: &'k Matcher) -> Self {
        Self { key, words: [[0; LANES]; 16], filled: 0, arch: arch() }
    }

    /// SHA-256 of the text, and of it with the newline that `echo` leaves, and MD5, of this text or of one before.
    #[inline]
    pub(super) fn commonest(&mut self, text: &[u8]) -> Option<&'static str> {
        if self.key.matches(&sha256(text)) || self.key.matches(&sha256_of_line(text)) {
            return Some("SHA-256");
        }
        self.md5(text)
    }

    /// MD5 of this text or of one before.
    fn md5(&mut self, text: &[u8]) -> Option<&'static str> {
        let Some(mut block) = padded(text) else { return self.key.matches(&Md5::digest(text)).then_some("MD5") };
        block[56..].copy_from_slice(&(8 * text.len() as u64).to_le_bytes());
        for (word, bytes) in self.words.iter_mut().zip(block.as_chunks().0) {
            word[self.filled] = u32::from_le_bytes(*bytes);
        }
        self.filled += 1;
        if self.filled == LANES { self.finish() } else { None }
    }

    /// What is left.
    pub(super) fn finish(&mut self) -> Option<&'static str> {
        let digests = self.arch.dispatch(Lanes(&self.words));
        let filled = std::mem::take(&mut self.filled);
        let mut digests = (0..filled).map(|lane| {
            let words = digests.map(|word| word[lane].to_le_bytes());
            <[u8; 16]>::try_from(words.as_flattened()).expect("four words")
        });
        digests.any(|digest| self.key.matches(&digest)).then_some("MD5")
    }
}

/// The digest of a text, in one step where it is short.
#[inline]
pub(super) fn sha256(text: &[u8]) -> [u8; 32] {
    padded(text).map_or_else(|| Sha256::digest(text).into(), |block| sha256_of_block(block, text.len()))
}

/// The digest of a text and a newline.
#[inline]
fn sha256_of_line(text: &[u8]) -> [u8; 32] {
    let Some(mut block) = padded(text).filter(|_| text.len() < 55) else {
        return Sha256::new_with_prefix(text).chain_update(b"\n").finalize().into();
    };
    block[text.len()..text.len() + 2].copy_from_slice(&[b'\n', 0x80]);
    sha256_of_block(block, text.len() + 1)
}

#[inline]
fn sha256_of_block(mut block: [u8; 64], len: usize) -> [u8; 32] {
    block[56..].copy_from_slice(&(8 * len as u64).to_be_bytes());
    let mut state = SHA256_START;
    sha2::block_api::compress256(&mut state, &[block]);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// The only block of a text that is short enough, but for its length.
#[inline]
fn padded(text: &[u8]) -> Option<[u8; 64]> {
    let mut block = [0; 64];
    block.get_mut(..text.len()).filter(|_| text.len() < 56)?.copy_from_slice(text);
    block[text.len()] = 0x80;
    Some(block)
}

/// One block in each lane.
struct Lanes<'a>(&'a [[u32; LANES]; 16]);

impl pulp::WithSimd for Lanes<'_> {
    type Output = [[u32; LANES]; 4];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let start = MD5_START.map(|word| [word; LANES]);
        let [mut a, mut b, mut c, mut d] = start;
        for at in (0..64).step_by(4) {
            let places: [usize; 4] = std::array::from_fn(|more| match (at + more, at / 16) {
                (at, 0) => at,
                (at, 1) => (5 * at + 1) % 16,
                (at, 2) => (3 * at + 5) % 16,
                (at, _) => 7 * at % 16,
            });
            let shifts = MD5_SHIFTS[at / 16];
            step(at, &mut a, (&b, &c, &d), &self.0[places[0]], shifts[0]);
            step(at + 1, &mut d, (&a, &b, &c), &self.0[places[1]], shifts[1]);
            step(at + 2, &mut c, (&d, &a, &b), &self.0[places[2]], shifts[2]);
            step(at + 3, &mut b, (&c, &d, &a), &self.0[places[3]], shifts[3]);
        }
        let mut sums = [a, b, c, d];
        for (sum, start) in sums.iter_mut().zip(MD5_START) {
            for lane in 0..LANES {
                sum[lane] = sum[lane].wrapping_add(start);
            }
        }
        sums
    }
}

type Words = [u32; LANES];

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
        let sum = a[lane].wrapping_add(mixed).wrapping_add(words[lane]).wrapping_add(MD5_SINES[at]);
        a[lane] = b.wrapping_add(sum.rotate_left(shift));
    }
}

const LANES: usize = 16;
const SHA256_START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
const MD5_START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const MD5_SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
const MD5_SINES: [u32; 64] = [
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    #[test]
    fn texts_of_every_length_are_digested_as_their_functions_say() {
        let text: [u8; 64] = random_array().expect("random");
        for len in 0..=64 {
            let text = &text[..len];
            assert_eq!(sha256(text), <[u8; 32]>::from(Sha256::digest(text)), "{len}");
            let line = [text, b"\n"].concat();
            assert_eq!(sha256_of_line(text), <[u8; 32]>::from(Sha256::digest(line)), "{len}");
        }
    }

    #[test]
    fn md5_is_found_in_every_lane_and_in_none_without_it() {
        let text: [u8; 64] = random_array().expect("random");
        for len in 0..=64 {
            let mut key = [0; 32];
            key[..16].copy_from_slice(&Md5::digest(&text[..len]));
            let (key, other) = (Matcher::new(&key), Matcher::new(&random_array().expect("random")));
            for (key, expected) in [(&key, Some("MD5")), (&other, None)] {
                let mut batch = Batch::new(key);
                let found = (0..=64).find_map(|len| batch.commonest(&text[..len])).or_else(|| batch.finish());
                assert_eq!(found, expected, "{len}");
            }
        }
    }
}
