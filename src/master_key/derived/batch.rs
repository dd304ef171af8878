//! Digests of many short texts. For SHA-256 processors have instructions; the others are computed side by side in lanes.

mod blake2;
mod keccak;
mod md5;
pub(super) mod sha1;
mod sha512;

use ::md5::Md5;
use sha2::{Digest, Sha256};

use super::functions;
use super::matcher::Matcher;
use super::seeds::arch;
use super::sha256::{SHA224_START, digest_of_block, padded, sha256, sha256_of_line};
use crate::secret::hex;

/// Texts on their way to be compared.
pub(super) struct Batch<'k> {
    key: &'k Matcher,
    reach: Reach,
    /// Little-endian words without padding: one text in each lane.
    words: [[u64; LANES]; 7],
    lens: [usize; LANES],
    filled: usize,
    arch: pulp::Arch,
}

/// How many functions a text is tried with: each of these tries those of the ones before it as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// SHA-256, of the text and of it with the newline that `echo` leaves, and MD5.
    Commonest,
    /// SHA-1 and SHA-512.
    Common,
    /// SHA-384, SHA-512/256, SHA-224, BLAKE2s and BLAKE2b; SHA-256 of SHA-256 and of the text of MD5.
    Most,
    /// SHA-3, SHAKE and Keccak; SHA-256 of the text of SHA-256.
    All,
}

impl<'k> Batch<'k> {
    pub(super) fn new(key: &'k Matcher, reach: Reach) -> Self {
        Self { key, reach, words: [[0; LANES]; 7], lens: [0; LANES], filled: 0, arch: arch() }
    }

    /// What made the key of this text, or of one before.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8]) -> Option<&'static str> {
        #[cfg(test)]
        recorded(text);
        let digest = sha256(text);
        if self.key.matches(&digest) || self.key.matches(&sha256_of_line(text)) {
            return Some("SHA-256");
        }
        let mut padded = [0; 56];
        let Some(start) = padded.get_mut(..text.len()).filter(|_| text.len() < 56) else {
            return self.long(text);
        };
        start.copy_from_slice(text);
        if self.reach >= Reach::Most
            && let Some(found) = self.again(&digest, text)
        {
            return Some(found);
        }
        for (words, bytes) in self.words.iter_mut().zip(padded.as_chunks().0) {
            words[self.filled] = u64::from_le_bytes(*bytes);
        }
        self.lens[self.filled] = text.len();
        self.filled += 1;
        if self.filled == LANES { self.finish() } else { None }
    }

    /// What is left.
    pub(super) fn finish(&mut self) -> Option<&'static str> {
        match std::mem::take(&mut self.filled) {
            0 => None,
            filled => self.digests().find(filled),
        }
    }

    fn digests(&self) -> Digests<'_, 'k> {
        let mut padded = self.words;
        for (lane, len) in self.lens.into_iter().enumerate() {
            padded[len / 8][lane] |= 0x80 << (8 * (len % 8));
        }
        Digests { batch: self, padded }
    }

    /// Those that are made of SHA-256, and its shorter sister.
    fn again(&self, digest: &[u8; 32], text: &[u8]) -> Option<&'static str> {
        let key = self.key;
        if key.matches(&sha256(digest)) {
            return Some("SHA-256 of SHA-256");
        }
        if self.reach == Reach::All && key.matches(&Sha256::digest(hex(digest))) {
            return Some("SHA-256 of the text of SHA-256");
        }
        let block = padded(text)?;
        key.matches(&digest_of_block(SHA224_START, block, text.len())[..28]).then_some("SHA-224")
    }

    #[cold]
    fn long(&self, text: &[u8]) -> Option<&'static str> {
        match self.reach {
            Reach::Commonest => self.key.matches(&Md5::digest(text)).then_some("MD5"),
            Reach::Common => functions::common(self.key, text),
            Reach::Most | Reach::All => functions::any(self.key, text),
        }
    }
}

/// A full batch, with the first byte of the padding that all but BLAKE2 and SHA-3 have.
struct Digests<'b, 'k> {
    batch: &'b Batch<'k>,
    padded: [[u64; LANES]; 7],
}

impl Digests<'_, '_> {
    fn find(&self, filled: usize) -> Option<&'static str> {
        let Batch { key, reach, .. } = *self.batch;
        let md5 = self.md5();
        let digests = |lane: usize| md5.map(|word| word[lane].to_le_bytes());
        for lane in 0..filled {
            if key.may_begin(u64::from(md5[0][lane]) | u64::from(md5[1][lane]) << 32)
                && key.matches(digests(lane).as_flattened())
            {
                return Some("MD5");
            }
            if reach >= Reach::Most && key.matches(&sha256(hex(digests(lane).as_flattened()).as_bytes())) {
                return Some("SHA-256 of the text of MD5");
            }
        }
        let found = (reach >= Reach::Common).then(|| self.sha1(filled).or_else(|| self.sha512(filled))).flatten();
        let found = found.or_else(|| (reach >= Reach::Most).then(|| self.blake2(filled)).flatten());
        found.or_else(|| (reach == Reach::All).then(|| self.sha3(filled)).flatten())
    }

    fn md5(&self) -> [[u32; LANES]; 4] {
        self.batch.arch.dispatch(md5::Blocks(&self.short_words(|word| word, |len| [len, 0])))
    }

    fn sha1(&self, filled: usize) -> Option<&'static str> {
        let words = self.short_words(u32::swap_bytes, |len| [0, len]);
        let digests = self.batch.arch.dispatch(sha1::Blocks(&words));
        self.any_short(&digests.map(|words| words.map(u32::swap_bytes)), filled).then_some("SHA-1")
    }

    /// The padded texts as 16 words of four bytes; the last two say how many bits there are.
    fn short_words(&self, order: fn(u32) -> u32, ending: fn(u32) -> [u32; 2]) -> [[u32; LANES]; 16] {
        let mut words = split(&self.padded);
        for words in &mut words {
            *words = words.map(order);
        }
        for (lane, len) in self.batch.lens.into_iter().enumerate() {
            let [one, two] = ending(8 * narrow(len));
            (words[14][lane], words[15][lane]) = (one, two);
        }
        words
    }

    fn sha512(&self, filled: usize) -> Option<&'static str> {
        let most = self.batch.reach >= Reach::Most;
        let starts = if most { &sha512::STARTS[..] } else { &sha512::STARTS[..1] };
        (0..filled).step_by(sha512::WIDTH).find_map(|first| {
            let words = part(&self.padded, first).map(|words| words.map(u64::swap_bytes));
            let blocks = sha512::Blocks { words: &words, lens: &self.part_of_lens(first), starts };
            let digests = self.batch.arch.dispatch(blocks);
            let names = [("SHA-512", 64), ("SHA-384", 48), ("SHA-512/256", 32)];
            let mut named = digests.iter().zip(names).take(starts.len());
            named.find_map(|(words, (name, len))| {
                self.any_long(&words.map(|words| words.map(u64::swap_bytes)), len, filled - first).then_some(name)
            })
        })
    }

    fn blake2(&self, filled: usize) -> Option<&'static str> {
        let lens = self.batch.lens.map(narrow);
        let small = blake2::Small { words: &split(&self.batch.words), lens: &lens };
        if self.any_short(&self.batch.arch.dispatch(small), filled) {
            return Some("BLAKE2s");
        }
        (0..filled).step_by(blake2::WIDTH).find_map(|first| {
            [32, 64].into_iter().find_map(|digest_len| {
                let (words, lens) = (&part(&self.batch.words, first), &self.part_of_lens(first));
                let digests = self.batch.arch.dispatch(blake2::Large { words, lens, digest_len });
                let len = if digest_len == 32 { 32 } else { 64 };
                self.any_long(&digests, len, filled - first).then_some("BLAKE2b")
            })
        })
    }

    fn sha3(&self, filled: usize) -> Option<&'static str> {
        const FUNCTIONS: [(&str, u64, usize, usize); 6] = [
            ("SHA-3", 0x06, 136, 32),
            ("SHA-3", 0x06, 104, 48),
            ("SHA-3", 0x06, 72, 64),
            ("SHAKE128", 0x1f, 168, 32),
            ("SHAKE256", 0x1f, 136, 32),
            ("Keccak", 0x01, 136, 32),
        ];
        (0..filled).step_by(keccak::WIDTH).find_map(|first| {
            FUNCTIONS.into_iter().find_map(|(name, pad, rate, len)| {
                let mut words: [[u64; keccak::WIDTH]; 7] = part(&self.batch.words, first);
                for lane in 0..keccak::WIDTH {
                    let len = self.batch.lens[first + lane];
                    words[len / 8][lane] |= pad << (8 * (len % 8));
                }
                let digests = self.batch.arch.dispatch(keccak::Blocks { words: &words, rate });
                self.any_long(&digests, len, filled - first).then_some(name)
            })
        })
    }

    /// Whether one of the digests, in little-endian words, stands in the key.
    fn any_short<const COUNT: usize>(&self, digests: &[[u32; LANES]; COUNT], filled: usize) -> bool {
        (0..filled).any(|lane| {
            let head = u64::from(digests[0][lane]) | u64::from(digests[1][lane]) << 32;
            self.batch.key.may_begin(head) && {
                let bytes = digests.map(|words| words[lane].to_le_bytes());
                self.batch.key.matches(bytes.as_flattened())
            }
        })
    }

    /// The same of those that have so many bytes.
    fn any_long<const WIDTH: usize>(&self, digests: &[[u64; WIDTH]; 8], len: usize, filled: usize) -> bool {
        (0..filled.min(WIDTH)).any(|lane| {
            let (first, last) = (digests[0][lane], digests[len / 8 - 4][lane]);
            (self.batch.key.may_begin(first) || self.batch.key.may_begin(last)) && {
                let bytes = digests.map(|words| words[lane].to_le_bytes());
                self.batch.key.matches(&bytes.as_flattened()[..len])
            }
        })
    }

    fn part_of_lens<const WIDTH: usize>(&self, first: usize) -> [u64; WIDTH] {
        std::array::from_fn(|lane| self.batch.lens[first + lane] as u64)
    }
}

/// Some of the lanes.
fn part<const WIDTH: usize>(words: &[[u64; LANES]; 7], first: usize) -> [[u64; WIDTH]; 7] {
    words.map(|words| *words[first..].first_chunk().expect("a divisor of the lanes"))
}

/// Words of eight bytes as words of four.
#[expect(clippy::cast_possible_truncation, reason = "the lower half, then the upper one")]
fn split(words: &[[u64; LANES]; 7]) -> [[u32; LANES]; 16] {
    let mut halves = [[0; LANES]; 16];
    for (pair, words) in halves.as_chunks_mut::<2>().0.iter_mut().zip(words) {
        *pair = [words.map(|word| word as u32), words.map(|word| (word >> 32) as u32)];
    }
    halves
}

fn narrow(len: usize) -> u32 {
    u32::try_from(len).expect("below 56")
}

pub(super) const LANES: usize = 16;

#[cfg(test)]
thread_local! {
    /// Texts that a test looks for among all that are tried.
    pub(super) static SOUGHT: std::cell::RefCell<std::collections::HashSet<Vec<u8>>> = std::cell::RefCell::default();
}

#[cfg(test)]
fn recorded(text: &[u8]) {
    SOUGHT.with_borrow_mut(|sought| {
        if !sought.is_empty() {
            sought.remove(text);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    type Function = fn(&[u8]) -> Vec<u8>;

    /// By the crates, which know nothing of lanes.
    const FUNCTIONS: &[(Reach, &str, Function)] = &[
        (Reach::Commonest, "MD5", |text| Md5::digest(text).to_vec()),
        (Reach::Commonest, "SHA-256", |text| Sha256::digest([text, b"\n"].concat()).to_vec()),
        (Reach::Common, "SHA-1", |text| ::sha1::Sha1::digest(text).to_vec()),
        (Reach::Common, "SHA-512", |text| sha2::Sha512::digest(text).to_vec()),
        (Reach::Common, "SHA-512", |text| sha2::Sha512::digest(text)[32..].to_vec()),
        (Reach::Most, "SHA-384", |text| sha2::Sha384::digest(text).to_vec()),
        (Reach::Most, "SHA-384", |text| sha2::Sha384::digest(text)[16..].to_vec()),
        (Reach::Most, "SHA-512/256", |text| sha2::Sha512_256::digest(text).to_vec()),
        (Reach::Most, "SHA-224", |text| sha2::Sha224::digest(text).to_vec()),
        (Reach::Most, "BLAKE2s", |text| ::blake2::Blake2s256::digest(text).to_vec()),
        (Reach::Most, "BLAKE2b", |text| ::blake2::Blake2b256::digest(text).to_vec()),
        (Reach::Most, "BLAKE2b", |text| ::blake2::Blake2b512::digest(text)[32..].to_vec()),
        (Reach::Most, "SHA-256 of SHA-256", |text| Sha256::digest(Sha256::digest(text)).to_vec()),
        (Reach::Most, "SHA-256 of the text of MD5", |text| Sha256::digest(hex(&Md5::digest(text))).to_vec()),
        (Reach::All, "SHA-256 of the text of SHA-256", |text| Sha256::digest(hex(&Sha256::digest(text))).to_vec()),
        (Reach::All, "SHA-3", |text| sha3::Sha3_256::digest(text).to_vec()),
        (Reach::All, "SHA-3", |text| sha3::Sha3_384::digest(text).to_vec()),
        (Reach::All, "SHA-3", |text| sha3::Sha3_512::digest(text)[32..].to_vec()),
        (Reach::All, "Keccak", |text| sha3::Keccak256::digest(text).to_vec()),
        (Reach::All, "SHAKE128", |text| shaken(sha3::Shake128::default(), text)),
        (Reach::All, "SHAKE256", |text| shaken(sha3::Shake256::default(), text)),
    ];

    fn shaken(mut function: impl sha3::digest::Update + sha3::digest::ExtendableOutput, text: &[u8]) -> Vec<u8> {
        use sha3::digest::XofReader;
        let mut out = vec![0; 32];
        function.update(text);
        function.finalize_xof().read(&mut out);
        out
    }

    #[test]
    fn every_function_is_found_in_every_lane_by_those_that_reach_it_and_by_no_others() {
        let text: [u8; 64] = random_array().expect("random");
        for (wanted, name, function) in FUNCTIONS {
            for len in 0..=64 {
                let mut key: [u8; 32] = random_array().expect("random");
                let digest = function(&text[..len]);
                let kept = digest.len().min(32);
                key[..kept].copy_from_slice(&digest[..kept]);
                let key = Matcher::new(&key);
                for reach in [Reach::Commonest, Reach::Common, Reach::Most, Reach::All] {
                    let mut batch = Batch::new(&key, reach);
                    let found = (0..=64).find_map(|len| batch.add(&text[..len])).or_else(|| batch.finish());
                    let expected = reach >= *wanted || len >= 56 && reach == Reach::Most;
                    assert_eq!(found.is_some(), expected, "{name} of {len}");
                    assert!(found.is_none_or(|found| found == *name || len >= 56), "{name} of {len}");
                }
            }
        }
    }
}
