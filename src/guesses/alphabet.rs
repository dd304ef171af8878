//! The alphabet that a text keeps to, and how evenly it uses it.

use zeroize::Zeroizing;

/// What one more character costs: the base-2 logarithm of the smallest usual alphabet that has them all.
pub(super) fn bits_each(text: impl Iterator<Item = char> + Clone) -> f64 {
    let fits = |alphabet: &&Alphabet| text.clone().all(|c| u8::try_from(c).is_ok_and(alphabet.has));
    ALPHABETS.iter().find(fits).map_or_else(|| scripts(text.clone()), |alphabet| alphabet.size.log2())
}

/// The code that learns how often each character comes (Krichevsky and Trofimov), over an alphabet with so many bits each.
pub(super) fn adaptive(text: &[char], each: f64) -> f64 {
    let mut seen = Zeroizing::new(Vec::with_capacity(text.len()));
    let (half, mut bits, mut all) = (each.exp2() / 2.0, 0.0, 0.0);
    for c in text {
        let at = seen.iter().position(|(other, _): &(char, u16)| other == c);
        let count = at.map_or(0, |at| seen[at].1);
        bits += ((all + half) / (f64::from(count) + 0.5)).log2();
        all += 1.0;
        match at {
            Some(at) => seen[at].1 += 1,
            None => seen.push((*c, 1)),
        }
    }
    bits
}

/// Printable ASCII, and 64 characters for each block of Unicode that it uses.
fn scripts(text: impl Iterator<Item = char>) -> f64 {
    let mut blocks: Vec<_> = text.filter(|c| !matches!(c, ' '..='~')).map(|c| u32::from(c) / 64).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let blocks = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
    (95.0 + 64.0 * f64::from(blocks)).log2()
}

struct Alphabet {
    size: f64,
    has: fn(u8) -> bool,
}

/// The smallest first.
const ALPHABETS: &[Alphabet] = &[
    Alphabet { size: 10.0, has: |c| c.is_ascii_digit() },
    Alphabet { size: 16.0, has: |c| matches!(c, b'0'..=b'9' | b'a'..=b'f') },
    Alphabet { size: 16.0, has: |c| matches!(c, b'0'..=b'9' | b'A'..=b'F') },
    Alphabet { size: 22.0, has: |c| c.is_ascii_hexdigit() },
    Alphabet { size: 26.0, has: |c| c.is_ascii_lowercase() },
    Alphabet { size: 26.0, has: |c| c.is_ascii_uppercase() },
    Alphabet { size: 32.0, has: |c| matches!(c, b'2'..=b'7' | b'A'..=b'Z') },
    Alphabet { size: 32.0, has: |c| matches!(c, b'2'..=b'7' | b'a'..=b'z') },
    Alphabet { size: 32.0, has: |c| c.is_ascii_digit() || c.is_ascii_uppercase() && !b"ILOU".contains(&c) },
    Alphabet { size: 32.0, has: |c| c.is_ascii_digit() || c.is_ascii_lowercase() && !b"ilou".contains(&c) },
    Alphabet { size: 36.0, has: |c| c.is_ascii_digit() || c.is_ascii_uppercase() },
    Alphabet { size: 36.0, has: |c| c.is_ascii_digit() || c.is_ascii_lowercase() },
    Alphabet { size: 52.0, has: |c| c.is_ascii_alphabetic() },
    Alphabet { size: 58.0, has: |c| c.is_ascii_alphanumeric() && !b"0OIl".contains(&c) },
    Alphabet { size: 62.0, has: |c| c.is_ascii_alphanumeric() },
    Alphabet { size: 64.0, has: |c| c.is_ascii_alphanumeric() || b"-_".contains(&c) },
    Alphabet { size: 64.0, has: |c| c.is_ascii_alphanumeric() || b"+/".contains(&c) },
    Alphabet { size: 95.0, has: |c| matches!(c, b' '..=b'~') },
];
