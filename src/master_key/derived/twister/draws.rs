//! The ways in which programs draw 32 bytes.

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
    all
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
