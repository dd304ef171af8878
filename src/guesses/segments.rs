//! The shortest description of a text as a row of segments: words, sequences, repetitions, dates, numbers, and single characters.
//!
//! What precedes decides what the beginning of a segment costs: between single characters one is rare, behind another it is not. The
//! costs of all that can follow make a code.

use super::vocabulary;

/// In bits, where a single character costs what `single` says.
pub(super) fn shortest(text: &[char], single: impl Fn(char) -> f64) -> f64 {
    let (len, usual) = (text.len(), text.iter().copied().find(|c| is_mark(*c)));
    // What the text from a place on costs: behind a single character, behind a segment, behind a mark between segments.
    let (mut loose, mut close, mut parted) = (vec![0.0_f64; len + 1], vec![0.0_f64; len + 1], vec![0.0_f64; len + 1]);
    let mut repeats = vec![0_u16; len + 1];
    for at in (0..len).rev() {
        let longest = longest_repeat(text, at, &mut repeats);
        let rest = &text[at..];
        let mut word = f64::INFINITY;
        words(rest, &mut |len, bits| word = word.min(bits + close[at + len]));
        let mut segment = word + WORD;
        let mut take = |len: usize, bits: f64| segment = segment.min(bits + close[at + len]);
        repetition(at, longest, &mut take);
        sequences(rest, single(rest[0]), &mut take);
        numbers(rest, &mut take);
        dates(rest, &mut take);
        if is_mark(rest[0]) {
            let which = if usual == Some(rest[0]) { 0.4 } else { 2.0 + WHICH_MARK };
            segment = segment.min(MARK + which + parted[at + 1]);
        }
        let one = single(rest[0]) + loose[at + 1];
        loose[at] = (one + 0.1).min(segment + 4.0);
        close[at] = (one + 2.0).min(segment + 0.4);
        parted[at] = (one + 2.5).min(segment + 2.3).min(word + 0.7);
    }
    // Most texts that are not random begin with a segment.
    close[0] + if usual.is_some() { WHICH_MARK } else { 0.0 }
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

fn sequences(rest: &[char], each: f64, take: &mut impl FnMut(usize, f64)) {
    for step in [0, 1, 2, -1, -2] {
        let len = run(rest, |one, other| follows(one, other, step));
        if len >= 3 {
            take(len, SEQUENCE + 1.0 + each + 2.4 + gamma(len - 2));
        }
    }
    for row in ROWS {
        for way in [1, -1] {
            let place = |c: char| row.chars().position(|key| key == c.to_ascii_lowercase());
            let neighbours = |one, other| {
                place(one).zip(place(other)).is_some_and(|(one, other)| one.checked_add_signed(way) == Some(other))
            };
            let len = run(rest, neighbours);
            if len >= 3 {
                // A row and a key of it, the way, and whether in capitals.
                take(len, SEQUENCE + 1.0 + 5.6 + 2.0 + gamma(len - 2));
            }
        }
    }
}

/// How many characters from the first on go on like this.
fn run(rest: &[char], goes_on: impl Fn(char, char) -> bool) -> usize {
    1 + rest.windows(2).take_while(|pair| goes_on(pair[0], pair[1])).count()
}

/// Whether one comes so many places behind the other among digits or among letters, beginning anew at the end.
fn follows(one: char, other: char, step: i32) -> bool {
    let of = |first: char, count: i32| {
        let [one, other] = [one, other].map(|c| u32::from(c).cast_signed() - u32::from(first).cast_signed());
        (0..count).contains(&one) && (0..count).contains(&other) && (one + step).rem_euclid(count) == other
    };
    (step == 0 && one == other) || of('0', 10) || of('a', 26) || of('A', 26)
}

/// Digits, or letters of one case, whatever stands beside them.
fn numbers(rest: &[char], take: &mut impl FnMut(usize, f64)) {
    type Class = (fn(&char) -> bool, f64, f64);
    let classes: [Class; 3] = [
        (char::is_ascii_digit, 1.0, 10.0),
        (char::is_ascii_lowercase, 2.0, 26.0),
        (char::is_ascii_uppercase, 2.0, 26.0),
    ];
    for (class, which, size) in classes {
        let len = rest.iter().take_while(|c| class(c)).count();
        if len > 0 {
            take(len, NUMBER + which + gamma(len) + length(len) * size.log2());
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
/// Of keyboards.
const ROWS: [&str; 4] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"];
