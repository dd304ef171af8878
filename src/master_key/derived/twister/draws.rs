//! The ways in which programs draw 32 bytes.
#![expect(clippy::cast_possible_truncation, clippy::precedence, reason = "bytes are cut out of words")]

/// 32 bytes in each way: whole words (`randbytes`, `getrandbits(256)`), a byte of each word, `randint(0, 255)`,
/// `int(random() * 256)`, `randint(1, 255)`, `randrange(255)`, `sample(range(256), 32)` and a shuffle's beginning.
pub(super) fn draws(words: &[u32]) -> Vec<[u8; 32]> {
    let bytes = |each: &dyn Fn(usize) -> u8| -> [u8; 32] { std::array::from_fn(each) };
    let top = |word: u32| word.to_be_bytes()[0];
    let mut all: Vec<[u8; 32]> = vec![
        bytes(&|at| words[at / 4].to_le_bytes()[at % 4]),
        bytes(&|at| words[at / 4].to_be_bytes()[at % 4]),
        bytes(&|at| top(words[at])),
        bytes(&|at| words[at].to_le_bytes()[0]),
        bytes(&|at| top(words[at] << 1)),
        bytes(&|at| (words[at] >> 1).to_le_bytes()[0]),
        bytes(&|at| top(words[2 * at])),
        bytes(&|at| (u64::from(words[2 * at] >> 5) * 255 >> 27).to_le_bytes()[0]),
    ];
    for (bits, limit, offset) in
        [(9, 256, 0), (8, 255, 0), (8, 255, 1), (8, 254, 1), (8, 128, 0), (7, 128, 0), (8, 256, 0)]
    {
        let accepted = words.iter().map(|word| word >> (32 - bits)).filter(|value| *value < limit);
        let drawn: Vec<u8> = accepted.take(32).map(|value| (value + offset).to_le_bytes()[0]).collect();
        all.extend(<[u8; 32]>::try_from(drawn).ok());
    }
    all.push(sample(words));
    // Two numbers of 128 bits, and UUIDs of version 4 made of them.
    let pair = bytes(&|at| words[7 - 4 * (1 - at / 16) - at / 4 % 4].to_be_bytes()[at % 4]);
    let mut ids = pair;
    for half in ids.as_chunks_mut::<16>().0 {
        half[6] = half[6] & 0x0f | 0x40;
        half[8] = half[8] & 0x3f | 0x80;
    }
    all.extend([pair, ids]);
    all
}

/// The first of 256 bytes that Python's `shuffle` has shuffled.
pub(super) fn shuffled(words: &[u32]) -> [u8; 32] {
    let mut all: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut words = words.iter();
    for last in (1..256_u32).rev() {
        let bits = 32 - (last + 1).leading_zeros();
        let at = words.by_ref().map(|word| word >> (32 - bits)).find(|at| *at <= last).unwrap_or(0);
        all.swap(last as usize, at as usize);
    }
    std::array::from_fn(|at| all[at])
}

/// SHA-256 of what `str(random())`, `str(randint(0, 2**32 - 1))` and `str(getrandbits(n))` are.
pub(super) fn spelled(words: &[u32]) -> Vec<[u8; 32]> {
    use sha2::{Digest, Sha256};
    let fraction = (f64::from(words[0] >> 5) * 67_108_864.0 + f64::from(words[1] >> 6)) / 9_007_199_254_740_992.0;
    let wide = |count: usize| (0..count).rev().fold(0_u128, |sum, at| sum << 32 | u128::from(words[at]));
    let texts = [
        fraction.to_string(),
        words[0].to_string(),
        wide(2).to_string(),
        wide(4).to_string(),
        format!("{:032x}", wide(4)),
    ];
    texts.iter().map(|text| Sha256::digest(text).into()).collect()
}

/// Python's `random.sample(range(256), 32)`: by a set, since 32 is small beside 256.
pub(super) fn sample(words: &[u32]) -> [u8; 32] {
    let mut pool: Vec<u8> = (0..=255).collect();
    let mut words = words.iter();
    std::array::from_fn(|drawn| {
        let left = 256 - drawn;
        let bits = 32 - u32::try_from(left).unwrap_or(1).leading_zeros();
        let at = words.by_ref().map(|word| (word >> (32 - bits)) as usize).find(|at| *at < left).unwrap_or(0);
        let chosen = pool[at];
        pool[at] = pool[left - 1];
        chosen
    })
}

/// Digests of what small programs draw: the decimal text of `random()` is left out, its bits are not.
pub(super) fn texts(words: &[u32]) -> Vec<[u8; 32]> {
    use sha2::{Digest, Sha256};
    let first: Vec<u8> = words[..4].iter().flat_map(|word| word.to_le_bytes()).collect();
    let whole: Vec<u8> = words[..8].iter().flat_map(|word| word.to_le_bytes()).collect();
    [&first[..], &whole, &first[..8], &first[..4]].map(|bytes| Sha256::digest(bytes).into()).to_vec()
}
