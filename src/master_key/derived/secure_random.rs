//! Java's `SecureRandom` of the kind SHA1PRNG, which draws from nothing but the seed that it is given first.

use super::batch::{LANES, sha1};
use super::matcher::Matcher;
use super::seeds::arch;

/// Whether one of the numbers, given to `setSeed(long)` or as its text, made the key.
pub(super) fn find(key: &Matcher, seeds: impl Iterator<Item = u64>) -> bool {
    let arch = arch();
    let mut texts: [Vec<u8>; LANES] = std::array::from_fn(|_| vec![]);
    let mut filled = 0;
    let mut judge = |seed: &[u8]| {
        texts[filled].clear();
        texts[filled].extend_from_slice(seed);
        filled = (filled + 1) % LANES;
        filled == 0 && !key.is_over() && drawn(key, arch, &texts)
    };
    let mut number = String::with_capacity(20);
    let found = seeds.into_iter().any(|seed| {
        use std::fmt::Write;
        number.clear();
        let _ = write!(number, "{seed}");
        judge(&seed.to_le_bytes()) || judge(number.as_bytes())
    });
    found || (0..LANES).any(|_| judge(b""))
}

/// The state is the digest of the seed, the first 20 bytes are the digest of the state.
fn drawn(key: &Matcher, arch: pulp::Arch, seeds: &[Vec<u8>; LANES]) -> bool {
    let mut words = [[0; LANES]; 16];
    for (lane, seed) in seeds.iter().enumerate() {
        let mut block = [0; 64];
        block[..seed.len()].copy_from_slice(seed);
        block[seed.len()] = 0x80;
        block[56..].copy_from_slice(&(8 * seed.len() as u64).to_be_bytes());
        for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            words[lane] = u32::from_be_bytes(*bytes);
        }
    }
    let states = arch.dispatch(sha1::Blocks(&words));
    let mut words = [[0; LANES]; 16];
    words[..5].copy_from_slice(&states);
    words[5] = [1 << 31; LANES];
    words[15] = [160; LANES];
    let outputs = arch.dispatch(sha1::Blocks(&words));
    (0..LANES).any(|lane| {
        let bytes: [[u8; 4]; 4] = std::array::from_fn(|at| outputs[at][lane].to_be_bytes());
        key.matches(bytes.as_flattened())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    #[test]
    fn what_java_draws_is_found_from_numbers_and_their_texts() {
        for (hexadecimal, seed) in JAVA {
            let mut key: [u8; 32] = random_array().expect("random");
            let len = hexadecimal.len() / 2;
            base16ct::lower::decode(hexadecimal, &mut key[..len]).expect("hexadecimal");
            let key = Matcher::new(&key);
            assert!(find(&key, seed - 5..seed + 1) && !find(&key, seed + 1..seed + 40), "{seed}");
        }
    }

    /// `SecureRandom random = SecureRandom.getInstance("SHA1PRNG"); random.setSeed(..); random.nextBytes(..)`
    const JAVA: &[(&str, u64)] = &[
        ("d50ac288b90ede2e311b02376bca7c702fb62a27ba1a100ecb1e7ec5d79bbdbd", 42),
        ("1324d097792c7febfecb019dfe62ca11a5c5f5ac1bff1953d3c87ff97d3121e0", 42),
        ("d50ac288b90ede2e311b02376bca7c70", 42),
        ("eb962ebd0bba933a81ba7b97fdd68ea462f81e920c140593a5baf664ad531f0b", 1_764_063_000_123),
        ("26366308a2e884290c2c792a12f7195c35930d392450995db803773d76e63b64", 1_764_063_000_123),
    ];
}
