//! The shortest description of a text as a row of segments: words, sequences, repetitions, dates, numbers, and single characters.
//!
//! What precedes decides what the beginning of a segment costs: between single characters one is rare, behind another it is not. The
//! costs of all that can follow make a code.

use std::f64::consts::LOG2_10;
use std::mem;

use super::vocabulary;

/// What a single character costs, in bits.
#[derive(Clone, Copy)]
pub(super) struct Single {
    pub(super) mark: f64,
    pub(super) other: f64,
}

impl Single {
    fn of(self, c: char) -> f64 {
        if is_mark(c) { self.mark } else { self.other }
    }
}

/// In bits: the least of what it takes with each of these costs of single characters.
pub(super) fn shortest(text: &[char], singles: &[Single]) -> f64 {
    let (len, usual) = (text.len(), text.iter().copied().find(|c| is_mark(*c)));
    let mut ways: Vec<_> = singles.iter().map(|single| Way::new(*single, len)).collect();
    let mut repeats = vec![0_u16; len + 1];
    for at in (0..len).rev() {
        let longest = longest_repeat(text, at, &mut repeats);
        let rest = &text[at..];
        words(rest, &mut |len, bits| {
            for way in &mut ways {
                way.word = way.word.min(bits + way.close[at + len]);
            }
        });
        let mut take = |len: usize, bits: f64| {
            for way in &mut ways {
                way.take(at + len, bits);
            }
        };
        repetition(at, longest, &mut take);
        numbers(rest, &mut take);
        dates(rest, &mut take);
        if let Some(len) = going_on(rest, key_step, 1) {
            // A row and a key of it, the way, and whether in capitals.
            take(len, SEQUENCE + 1.0 + 5.6 + 2.0 + gamma(len - 2));
        }
        if let Some(len) = going_on(rest, circle_step, 2) {
            for way in &mut ways {
                way.take(at + len, SEQUENCE + 1.0 + way.single.of(rest[0]) + 2.4 + gamma(len - 2));
            }
        }
        for way in &mut ways {
            way.arrive(at, rest[0], usual);
        }
    }
    // Most texts that are not random begin with a segment.
    let least = ways.iter().map(|way| way.close[0]).fold(f64::INFINITY, f64::min);
    least + if usual.is_some() { WHICH_MARK } else { 0.0 }
}

/// What the text from each place on costs: behind a single character, behind a segment, behind a mark between segments.
struct Way {
    single: Single,
    loose: Vec<f64>,
    close: Vec<f64>,
    parted: Vec<f64>,
    /// The least from the present place on that begins with a word, and with another segment.
    word: f64,
    segment: f64,
}

impl Way {
    fn new(single: Single, len: usize) -> Self {
        let [loose, close, parted] = [(); 3].map(|()| vec![0.0; len + 1]);
        Self { single, loose, close, parted, word: f64::INFINITY, segment: f64::INFINITY }
    }

    fn take(&mut self, end: usize, bits: f64) {
        self.segment = self.segment.min(bits + self.close[end]);
    }

    fn arrive(&mut self, at: usize, c: char, usual: Option<char>) {
        let [word, segment] = [&mut self.word, &mut self.segment].map(|least| mem::replace(least, f64::INFINITY));
        let mut segment = segment.min(word + WORD);
        if is_mark(c) {
            let which = if usual == Some(c) { 0.4 } else { 2.0 + WHICH_MARK };
            segment = segment.min(MARK + which + self.parted[at + 1]);
        }
        let one = self.single.of(c) + self.loose[at + 1];
        self.loose[at] = (one + 0.1).min(segment + 4.0);
        self.close[at] = (one + 2.0).min(segment + 0.4);
        self.parted[at] = (one + 2.5).min(segment + 2.3).min(word + 0.7);
    }
}

/// Whether it stands between the pieces of a text.
pub(super) fn is_mark(c: char) -> bool {
    MARKS.contains(&c)
}

fn words(rest: &[char], take: &mut impl FnMut(usize, f64)) {
    vocabulary::each_word_at(rest, &mut |len, rank, exchanged| {
        let written = &rest[..len];
        let letters = written.iter().filter(|c| c.is_ascii_alphabetic()).count();
        let upper = written.iter().filter(|c| c.is_ascii_uppercase()).count();
        let case = match upper {
            0 => 0.4,
            1 if written[0].is_ascii_uppercase() => 3.0,
            _ if upper == letters => 4.0,
            _ => 4.0 + length(letters),
        };
        // Which of those letters that can be exchanged were.
        let signs =
            if exchanged == 0 { 0.1 } else { 4.0 + length(written.iter().filter(|c| is_exchangeable(**c)).count()) };
        let which = match rank {
            0..=256 => 2.0 + 8.0,
            257..=8_192 => 1.0 + 13.0,
            _ => 2.0 + 16.0,
        };
        take(len, which + case + signs);
    });
}

fn is_exchangeable(c: char) -> bool {
    u8::try_from(c).is_ok_and(|c| !vocabulary::read_as(c).is_empty() || b"aeilost".contains(&c.to_ascii_lowercase()))
}

/// What stands here stood before: from where on, and how much of it.
fn repetition(at: usize, longest: usize, take: &mut impl FnMut(usize, f64)) {
    if longest >= 2 {
        take(longest, REPETITION + length(at).log2() + gamma(longest - 1));
    }
}

/// The length of the longest repeat at this place. `repeats` has, for each place before, how long the two go on alike from the next
/// place on.
fn longest_repeat(text: &[char], at: usize, repeats: &mut [u16]) -> usize {
    let mut longest = 0;
    for before in 0..at {
        repeats[before] = if text[before] == text[at] { repeats[before + 1] + 1 } else { 0 };
        longest = longest.max(usize::from(repeats[before]));
    }
    longest
}

/// How many characters from the first on go on by the same step, which is no longer than this; three at least.
fn going_on(rest: &[char], step: impl Fn(char, char) -> Option<i8>, longest: i8) -> Option<usize> {
    let mut steps = rest.windows(2).map(|pair| step(pair[0], pair[1]));
    let first = steps.next()?.filter(|first| (-longest..=longest).contains(first))?;
    let len = 2 + steps.take_while(|step| *step == Some(first)).count();
    (len >= 3).then_some(len)
}

/// From one character to another among digits or letters of one case, the shorter way around: they begin anew at the end. Of any
/// other it is known only that it is the same.
fn circle_step(one: char, other: char) -> Option<i8> {
    let step = |first: u8, count: i8| {
        let [one, other] = [one, other].map(|c| u8::try_from(c).ok()?.checked_sub(first)?.try_into().ok());
        let [one, other]: [i8; 2] = [one?, other?];
        let forward = (one < count && other < count).then(|| (other - one).rem_euclid(count))?;
        Some(if forward > count / 2 { forward - count } else { forward })
    };
    if one == other { Some(0) } else { CIRCLES.into_iter().find_map(|(first, count)| step(first, count)) }
}

/// From one key to a different one in the same row of a keyboard, in capitals or not.
fn key_step(one: char, other: char) -> Option<i8> {
    let key = |c: char| KEYS[u8::try_from(c).ok().filter(u8::is_ascii).map(usize::from)?];
    let [(row, place), (other_row, other_place)] = [key(one)?, key(other)?];
    (row == other_row && place != other_place).then_some(other_place - place)
}

/// Digits, or letters of one case, whatever stands beside them.
fn numbers(rest: &[char], take: &mut impl FnMut(usize, f64)) {
    type Class = (fn(&char) -> bool, f64, f64);
    let classes: [Class; 3] = [
        (char::is_ascii_digit, 1.0, LOG2_10),
        (char::is_ascii_lowercase, 2.0, LOG2_26),
        (char::is_ascii_uppercase, 2.0, LOG2_26),
    ];
    for (class, which, each) in classes {
        let len = rest.iter().take_while(|c| class(c)).count();
        if len > 0 {
            take(len, NUMBER + which + gamma(len) + length(len) * each);
        }
    }
}

fn dates(rest: &[char], take: &mut impl FnMut(usize, f64)) {
    let number = |from: usize, len: usize| {
        let digits = rest.get(from..from + len)?;
        digits.iter().try_fold(0, |number, c| Some(number * 10 + c.to_digit(10)?))
    };
    let mark = |at: usize| rest.get(at).copied().filter(|c| is_mark(*c));
    let year = |at| number(at, 4).is_some_and(|year| (1950..2050).contains(&year));
    let month = |at| number(at, 2).is_some_and(|month| (1..=12).contains(&month));
    let day = |at| number(at, 2).is_some_and(|day| (1..=31).contains(&day));
    if year(0) {
        take(4, DATE + 1.0 + 6.7);
    }
    let forms: [(usize, bool); 4] = [
        (8, year(0) && month(4) && day(6)),
        (8, year(4) && month(2) && day(0)),
        (10, year(0) && month(5) && day(8) && mark(4).is_some() && mark(4) == mark(7)),
        (10, year(6) && month(3) && day(0) && mark(2).is_some() && mark(2) == mark(5)),
    ];
    for (len, fits) in forms {
        if fits {
            take(len, DATE + 1.0 + 2.0 + 15.2 + if len == 10 { 2.6 } else { 0.0 });
        }
    }
}

/// A number from 1 on, by the code of Elias.
fn gamma(number: usize) -> f64 {
    2.0 * f64::from(number.ilog2()) + 1.0
}

#[expect(clippy::cast_precision_loss, reason = "short")]
fn length(len: usize) -> f64 {
    len as f64
}

// What says of which kind a segment is: together a code.
const WORD: f64 = 1.0;
const MARK: f64 = 2.0;
const REPETITION: f64 = 4.0;
const SEQUENCE: f64 = 4.0;
const NUMBER: f64 = 4.0;
const DATE: f64 = 4.0;

/// Between words.
const MARKS: [char; 7] = ['-', '_', '.', ' ', ':', '/', '@'];
const WHICH_MARK: f64 = 2.8;
const LOG2_26: f64 = 4.700_439_718_141_092;

/// The first of each, and how many there are.
const CIRCLES: [(u8, i8); 3] = [(b'0', 10), (b'a', 26), (b'A', 26)];
/// Of keyboards.
const ROWS: [&[u8]; 4] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm", b"1234567890"];

/// The row and the place of each character of ASCII.
const KEYS: [Option<(i8, i8)>; 128] = {
    let mut keys = [None; 128];
    let mut row = 0;
    while row < ROWS.len() {
        let mut at = 0;
        while at < ROWS[row].len() {
            let key = ROWS[row][at];
            #[expect(clippy::cast_possible_truncation, reason = "four rows of ten keys at most")]
            let place = Some((row as i8, at as i8));
            keys[key as usize] = place;
            keys[key.to_ascii_uppercase() as usize] = place;
            at += 1;
        }
        row += 1;
    }
    keys
};
