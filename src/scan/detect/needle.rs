//! The writings of a key that are text: every spelling a search has to know.

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::classes::{base64_value, fold};
use super::radix;

/// One writing of a key. Searched by its letters and digits alone, so that it is found whatever stands between them;
/// what else it has is compared afterwards.
pub(super) struct Needle {
    pub(super) kind: &'static str,
    /// Which key, by its place in the list.
    pub(super) key: usize,
    /// The whole spelling.
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Its letters and digits.
    pub(super) dense: Zeroizing<Vec<u8>>,
    /// Whether the case of letters is free.
    pub(super) any_case: bool,
    /// How many characters in a row make 24 bits.
    pub(super) weak: usize,
    /// Base64 characters beside the text of which some bits are known.
    pub(super) edges: [Option<Edge>; 2],
}

/// Some bits of a base64 character.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    mask: u8,
    bits: u8,
}

impl Edge {
    pub(super) fn fits(self, byte: u8) -> bool {
        base64_value(byte).is_some_and(|value| value & self.mask == self.bits)
    }
}

impl Needle {
    /// Whether a character of the content is the one at `place` of the letters and digits.
    pub(super) fn fits(&self, place: usize, byte: u8) -> bool {
        alike(self.dense[place], byte, self.any_case)
    }

    /// Whether a character of the content is this one of the text, in either alphabet of base64.
    pub(super) fn same(&self, wanted: u8, byte: u8) -> bool {
        alike(wanted, byte, self.any_case) || self.is_base64() && base64_value(wanted) == base64_value(byte)
    }

    /// How many characters in a row are no accident.
    pub(super) fn strong(&self) -> usize {
        self.weak * 2
    }

    /// How far apart the fragments are that the search knows: the usual writings are found in any pieces, the others in
    /// pieces of seven characters.
    pub(super) fn stride(&self) -> usize {
        if matches!(self.kind, "base64" | "hex") { 1 } else { 4 }
    }

    pub(super) fn is_base64(&self) -> bool {
        self.kind.contains("base64")
    }
}

fn alike(wanted: u8, byte: u8, any_case: bool) -> bool {
    wanted == byte || any_case && wanted.eq_ignore_ascii_case(&byte)
}

/// All textual writings of a key.
pub(super) fn writings(key: usize, bytes: &[u8; 32]) -> Vec<Needle> {
    let mut all = Collected { key, needles: vec![] };
    let reversed_bytes = reversed(bytes);
    let url = base64url(bytes);
    let standard = Zeroizing::new(Base64Unpadded::encode_string(bytes).into_bytes());
    all.add("base64", &url, BASE64);
    all.add("base64-reversed", &reversed(&url), BASE64);
    all.add("rot13", &rot13(&url), BASE64);
    all.add("base64-reversed-bytes", &base64url(&reversed_bytes), BASE64);
    for align in 0..3 {
        all.add_inside("base64-inside", bytes, align);
    }
    for text in spellings(&url, &standard) {
        all.add("hex-of-text", &hex(text), HEX);
        for align in 0..3 {
            let nested = all.add_inside("base64-of-base64", text, align);
            for align in 0..3 {
                all.add_inside("base64-of-base64", &nested, align);
            }
        }
    }
    for text in spellings(&url, &standard) {
        let wide: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().flat_map(|byte| [*byte, 0]).collect());
        // Without the last zero, which is the first of the next character where the order is the other.
        for align in 0..3 {
            all.add_inside("base64-of-utf-16", &wide[..wide.len() - 1], align);
        }
    }
    let text = hex(bytes);
    all.add("hex-of-text", &hex(&text), HEX);
    all.add("hex-of-text", &hex(&text.to_ascii_uppercase()), HEX);
    all.add("hex", &text, HEX);
    all.add("hex-reversed", &reversed(&text), HEX);
    all.add("hex-reversed-bytes", &hex(&reversed_bytes), HEX);
    // As an integer: `hex(value)` leaves zeros out in front.
    for (kind, text) in [("hex", &text), ("hex-reversed-bytes", &hex(&reversed_bytes))] {
        if text.starts_with(b"0") {
            all.add(kind, &text[text.iter().take_while(|digit| **digit == b'0').count()..], HEX);
        }
    }
    for align in 0..3 {
        all.add_inside("base64-of-hex", &text, align);
        all.add_inside("base64-of-hex", &text.to_ascii_uppercase(), align);
    }
    for width in [2, 4, 8] {
        all.add("hex-words", &hex(&swapped(bytes, width)), HEX);
    }
    for alphabet in [radix::BASE32, radix::BASE32_HEX, radix::BECH32, radix::CROCKFORD, radix::Z_BASE32] {
        all.add("base32", &radix::base32(bytes, alphabet), BASE32);
    }
    for alphabet in [radix::CRYPT, radix::BCRYPT, radix::XXENCODE] {
        all.add("crypt64", &radix::base64(&url, alphabet), BASE64);
    }
    all.add("base58", &radix::integer(bytes, radix::BASE58), BASE64);
    all.add("base36", &radix::integer(bytes, radix::BASE36), BASE32);
    for alphabet in [radix::BASE62, radix::BASE62_LOWER_FIRST] {
        all.add("base62", &radix::integer(bytes, alphabet), BASE64);
    }
    all.add("base45", &radix::base45(bytes), BASE64);
    all.add("integer", &radix::integer(bytes, radix::OCTAL), DECIMAL);
    all.add("base85", &radix::base85(bytes, radix::BASE85), BASE64);
    all.add("ascii85", &radix::base85(bytes, &radix::ascii85()), BASE64);
    all.add("z85", &radix::base85(bytes, radix::Z85), BASE64);
    all.add("integer", &radix::integer(bytes, radix::DECIMAL), DECIMAL);
    all.add("integer", &radix::integer(&reversed_bytes, radix::DECIMAL), DECIMAL);
    all.needles
}

/// The text in URL-safe base64, without padding.
pub(super) fn base64url(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Base64UrlUnpadded::encode_string(bytes).into_bytes())
}

/// Whether the case of letters is free, and how many characters make 24 bits.
type Alphabet = (bool, usize);

const BASE32: Alphabet = (true, 5);
const BASE64: Alphabet = (false, 4);
const DECIMAL: Alphabet = (true, 8);
const HEX: Alphabet = (true, 6);

struct Collected {
    key: usize,
    needles: Vec<Needle>,
}

impl Collected {
    fn add(&mut self, kind: &'static str, text: &[u8], alphabet: Alphabet) {
        self.add_between(kind, text, alphabet, [None, None]);
    }

    fn add_between(&mut self, kind: &'static str, text: &[u8], alphabet: Alphabet, edges: [Option<Edge>; 2]) {
        let (any_case, weak) = alphabet;
        let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
        dense.extend(text.iter().copied().filter(|byte| fold(*byte).is_some()));
        let (key, text) = (self.key, Zeroizing::new(text.to_vec()));
        if dense.len() >= LEAST_DENSE {
            self.needles.push(Needle { kind, key, text, dense, any_case, weak, edges });
        }
    }

    /// The base64 of something that holds `inner`, `align` bytes after a multiple of three: the characters that
    /// depend on `inner` alone, and bits of those beside them.
    fn add_inside(&mut self, kind: &'static str, inner: &[u8], align: usize) -> Zeroizing<Vec<u8>> {
        let mut padded = Zeroizing::new(vec![0; align]);
        padded.extend_from_slice(inner);
        let text = Zeroizing::new(Base64Unpadded::encode_string(&padded).into_bytes());
        let (start, end) = ((align * 8).div_ceil(6), padded.len() * 8 / 6);
        let edge = |place: usize, mask: u8| {
            let value = text.get(place).copied().and_then(base64_value)?;
            (mask != 0).then_some(Edge { mask, bits: value & mask })
        };
        let low = (1_u8 << (start * 6 - align * 8)) - 1;
        let high = !(0x3f_u8 >> (padded.len() * 8 - end * 6)) & 0x3f;
        let edges = [start.checked_sub(1).and_then(|place| edge(place, low)), edge(end, high)];
        let sure = Zeroizing::new(text[start..end].to_vec());
        self.add_between(kind, &sure, BASE64, edges);
        sure
    }
}

fn spellings<'a>(url: &'a [u8], standard: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    std::iter::once(url).chain((url != standard).then_some(standard))
}

fn hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(base16ct::lower::encode_string(bytes).into_bytes())
}

fn reversed(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.iter().rev().copied().collect())
}

/// Each word of `width` bytes the other way round.
pub(super) fn swapped(bytes: &[u8], width: usize) -> Zeroizing<Vec<u8>> {
    let mut swapped = Zeroizing::new(Vec::with_capacity(bytes.len()));
    swapped.extend(bytes.chunks(width).flat_map(|word| word.iter().rev()));
    swapped
}

fn rot13(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let turn = |byte: u8| match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    };
    Zeroizing::new(text.iter().copied().map(turn).collect())
}

/// Fewer letters and digits than this say too little; no random key comes near it.
const LEAST_DENSE: usize = 12;
