//! The frequent words in order, so that those that begin at a place of a text are found letter by letter.

use std::ops::Range;
use std::sync::OnceLock;

use crate::words;

/// Calls `found` with the length, the rank from 1, and the letters that were written as digits or signs, of each word at the beginning
/// of this text, whatever its case.
pub(super) fn each_word_at(text: &[char], found: &mut impl FnMut(usize, u32, usize)) {
    let letter = |at| text.get(at).and_then(|c| u8::try_from(*c).ok()).filter(u8::is_ascii);
    let [Some(one), Some(two), Some(three)] = [letter(0), letter(1), letter(2)] else { return };
    let vocabulary = vocabulary();
    for (first, by) in readings(one) {
        for (second, and_by) in readings(two) {
            if readings(three).any(|(third, _)| vocabulary.may_begin(first, second, third)) {
                walk(&vocabulary.words, text, 2, vocabulary.with_start(first, second), by + and_by, found);
            }
        }
    }
}

/// Whether this is one of the frequent words, whatever its case.
pub(super) fn has(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    vocabulary().words.binary_search_by_key(&lower.as_str(), |word| word.text).is_ok()
}

fn walk(
    words: &[Word],
    text: &[char],
    depth: usize,
    range: Range<usize>,
    exchanged: usize,
    found: &mut impl FnMut(usize, u32, usize),
) {
    if depth >= SHORTEST && words[range.start].text.len() == depth {
        found(depth, words[range.start].rank, exchanged);
    }
    let Some(c) = text.get(depth).and_then(|c| u8::try_from(*c).ok()) else { return };
    for (letter, one) in readings(c) {
        let narrowed = narrow(words, &range, depth, letter);
        if !narrowed.is_empty() {
            walk(words, text, depth + 1, narrowed, exchanged + one, found);
        }
    }
}

/// Those of the range that have this letter at this place. They have the same letters before it.
fn narrow(words: &[Word], range: &Range<usize>, depth: usize, letter: u8) -> Range<usize> {
    let letter_of = |word: &Word| word.text.as_bytes().get(depth).copied();
    let within = &words[range.clone()];
    let start = within.partition_point(|word| letter_of(word) < Some(letter));
    let len = within[start..].partition_point(|word| letter_of(word) == Some(letter));
    range.start + start..range.start + start + len
}

/// What a character can stand for, and how many exchanges that takes.
fn readings(c: u8) -> impl Iterator<Item = (u8, usize)> {
    std::iter::once((c.to_ascii_lowercase(), 0)).chain(read_as(c).iter().map(|letter| (*letter, 1)))
}

/// The letters that this digit or sign is written for.
pub(super) fn read_as(c: u8) -> &'static [u8] {
    match c {
        b'0' => b"o",
        b'1' | b'!' => b"il",
        b'3' => b"e",
        b'4' | b'@' => b"a",
        b'5' | b'$' => b"s",
        b'7' => b"t",
        _ => b"",
    }
}

struct Word {
    text: &'static str,
    rank: u32,
}

struct Vocabulary {
    /// In order.
    words: Vec<Word>,
    /// Where the words begin that have these first two characters, or later ones.
    starts: Vec<usize>,
    /// A bit for each three characters: most that are random begin no word, and need not be looked for.
    threes: Vec<u64>,
}

impl Vocabulary {
    fn with_start(&self, first: u8, second: u8) -> Range<usize> {
        self.starts[place(first, second)]..self.starts[place(first, second) + 1]
    }

    /// Of others it says so too, and seldom.
    fn may_begin(&self, first: u8, second: u8, third: u8) -> bool {
        let three = three(first, second, third);
        self.threes[three / 64] >> (three % 64) & 1 == 1
    }
}

/// Words have no capitals, so that 64 characters remain.
fn three(first: u8, second: u8, third: u8) -> usize {
    [first, second, third]
        .into_iter()
        .fold(0, |three, c| three << 6 | usize::from(if c < 96 { c.wrapping_sub(32) } else { c } & 63))
}

fn place(first: u8, second: u8) -> usize {
    usize::from(first) << 7 | usize::from(second)
}

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    VOCABULARY.get_or_init(|| {
        let mut words: Vec<_> = (1..)
            .zip(words::frequent())
            .filter(|(_, text)| {
                text.len() >= SHORTEST && text.is_ascii() && !text.bytes().any(|c| c.is_ascii_uppercase())
            })
            .map(|(rank, text)| Word { text, rank })
            .collect();
        words.sort_unstable_by_key(|word| word.text);
        let place_of = |word: &Word| place(word.text.as_bytes()[0], word.text.as_bytes()[1]);
        let starts = (0..=1 << 14).map(|place| words.partition_point(|word| place_of(word) < place)).collect();
        let mut threes = vec![0; (1 << 18) / 64];
        for word in &words {
            let three = three(word.text.as_bytes()[0], word.text.as_bytes()[1], word.text.as_bytes()[2]);
            threes[three / 64] |= 1 << (three % 64);
        }
        Vocabulary { words, starts, threes }
    })
}

/// Shorter ones save nothing.
const SHORTEST: usize = 3;
