//! Letters or digits in a row, for all needles at once: four of the usual writings, six of the others.

use zeroize::{Zeroize, Zeroizing};

use crate::scan::detect::classes::{SHIFTS, fold};
use crate::scan::detect::needle::Needle;

/// Which fragments the needles have, and where.
#[derive(Default)]
pub(super) struct Fragments {
    four: Table<FOUR>,
    six: Table<SIX>,
}

/// Fragments of one length.
#[derive(Default)]
struct Table<const CHARACTERS: u32> {
    /// One bit for each value of a hash: nearly all that is read stops here.
    filter: Vec<u64>,
    /// By the first bits of another hash, where the places of such fragments begin.
    starts: Vec<u32>,
    /// The fragment, the needle, and the place of the fragment's last character.
    places: Zeroizing<Vec<u64>>,
}

impl<const CHARACTERS: u32> Drop for Table<CHARACTERS> {
    fn drop(&mut self) {
        self.filter.zeroize();
        self.starts.zeroize();
    }
}

impl Fragments {
    pub(super) fn of(needles: &[Needle], keys: usize) -> Self {
        let (mut four, mut six) = (vec![], vec![]);
        for (index, needle) in needles.iter().enumerate() {
            let classes: Zeroizing<Vec<u8>> =
                Zeroizing::new(needle.dense.iter().filter_map(|byte| fold(*byte)).collect());
            if needle.stride() == 1 {
                // The case of letters is part of what is looked up, where it is not free: that is nine of ten chance matches fewer.
                let (dense, ends) = (&needle.dense, FOUR as usize..=classes.len());
                let case =
                    |end: usize| if needle.any_case { ANY_CASE } else { cases(&dense[end - FOUR as usize..end]) };
                four.extend(ends.map(|end| place::<FOUR>(&classes, index, end) | case(end) << CASES));
                continue;
            }
            // A piece of seven holds one of these four with two more on one of its sides.
            for start in (0..classes.len()).step_by(needle.stride()) {
                let ends =
                    [start + 6, start + 4].into_iter().filter(|end| (SIX as usize..=classes.len()).contains(end));
                six.extend(ends.map(|end| place::<SIX>(&classes, index, end)));
            }
        }
        let (small, large) = match keys {
            0..=2 => (SMALL, SMALL),
            3..=16 => (SMALL, MEDIUM),
            _ => (LARGE_FOUR, LARGE_SIX),
        };
        Self { four: Table::of(four, small), six: Table::of(six, large) }
    }

    /// The next place at which a fragment may end, and the letters and digits up to there.
    pub(super) fn next(&self, window: &[u8], from: usize, recent: u64) -> Option<(usize, u64)> {
        let (four, six) = (&self.four.filter[..], &self.six.filter[..]);
        match four.len() {
            SMALL if six.len() == SMALL => next::<SMALL, SMALL>(four, six, window, from, recent),
            SMALL => next::<SMALL, MEDIUM>(four, six, window, from, recent),
            _ => next::<LARGE_FOUR, LARGE_SIX>(four, six, window, from, recent),
        }
    }

    /// The needles that have what ends at `at`, and the places of its last character in them.
    pub(super) fn holding(&self, window: &[u8], at: usize, recent: u64) -> impl Iterator<Item = (usize, usize)> {
        let mut seen = None;
        let four = self.four.holding(recent).filter(move |place| {
            let wanted = place >> CASES & CASE_BITS;
            wanted == ANY_CASE || wanted == *seen.get_or_insert_with(|| cases_before(window, at))
        });
        let places = four.chain(self.six.holding(recent));
        places.map(|place| ((place >> PLACE_BITS & NEEDLES) as usize, (place & PLACES) as usize))
    }
}

impl<const CHARACTERS: u32> Table<CHARACTERS> {
    fn of(mut places: Vec<u64>, filter: usize) -> Self {
        let bits = places.len().next_power_of_two().trailing_zeros().clamp(8, 20);
        let bucket = |place: u64| bucket(fragment_of::<CHARACTERS>(place), bits);
        places.sort_unstable_by_key(|place| (bucket(*place), *place));
        let mut table = Self { filter: vec![0; filter], starts: vec![0; (1 << bits) + 1], places: places.into() };
        for place in table.places.iter() {
            table.starts[bucket(*place) + 1] += 1;
            let slot = slot::<CHARACTERS>(fragment_of::<CHARACTERS>(*place), filter);
            table.filter[slot / 64] |= 1 << (slot % 64);
        }
        (1..table.starts.len()).for_each(|at| table.starts[at] += table.starts[at - 1]);
        table
    }

    fn holding(&self, recent: u64) -> impl Iterator<Item = u64> {
        let fragment = recent & mask(CHARACTERS);
        let slot = slot::<CHARACTERS>(fragment, self.filter.len());
        let places = if self.filter[slot / 64] >> (slot % 64) & 1 == 1 {
            let bucket = bucket(fragment, (self.starts.len() - 1).trailing_zeros());
            &self.places[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
        } else {
            &[]
        };
        places.iter().copied().filter(move |place| fragment_of::<CHARACTERS>(*place) == fragment)
    }
}

/// The fragment that ends before `end`, with where it is from.
fn place<const CHARACTERS: u32>(classes: &[u8], needle: usize, end: usize) -> u64 {
    let fragment = classes[end - CHARACTERS as usize..end].iter().fold(0, |all, class| all << 6 | u64::from(*class));
    let (needle, place) = (needle as u64, end as u64 - 1);
    assert!(needle <= NEEDLES && place <= PLACES, "more than 10,000 keys");
    fragment << (NEEDLE_BITS + PLACE_BITS) | needle << PLACE_BITS | place
}

fn fragment_of<const CHARACTERS: u32>(place: u64) -> u64 {
    place >> (NEEDLE_BITS + PLACE_BITS) & mask(CHARACTERS)
}

/// One bit for each character: whether it is a capital.
fn cases(characters: &[u8]) -> u64 {
    characters.iter().fold(0, |cases, byte| cases << 1 | u64::from(byte.is_ascii_uppercase()))
}

/// The same of the last four letters and digits up to `at`.
fn cases_before(window: &[u8], at: usize) -> u64 {
    let last = window[..=at].iter().rev().filter(|byte| fold(**byte).is_some()).take(FOUR as usize);
    last.enumerate().fold(0, |cases, (place, byte)| cases | u64::from(byte.is_ascii_uppercase()) << place)
}

/// Of a fixed length, so that a place in a filter needs no check.
#[inline(never)]
fn next<const A: usize, const B: usize>(
    four: &[u64],
    six: &[u64],
    window: &[u8],
    from: usize,
    recent: u64,
) -> Option<(usize, u64)> {
    let (four, six): (&[u64; A], &[u64; B]) = (four.try_into().ok()?, six.try_into().ok()?);
    let (mut from, mut recent) = (from, recent);
    // In most groups of eight no fragment ends: one question for all of them.
    for eight in window[from..].as_chunks::<8>().0 {
        let (mut last, mut any) = (recent, 0);
        for byte in eight {
            last = append(last, *byte).0;
            any |= bits(four, six, last);
        }
        if any & 1 == 1
            && let Some((at, recent)) = first_of(four, six, eight, recent)
        {
            return Some((from + at, recent));
        }
        recent = last;
        from += eight.len();
    }
    first_of(four, six, &window[from..], recent).map(|(at, recent)| (from + at, recent))
}

/// The first place at which a fragment may end, and the letters and digits up to there.
#[inline(never)]
fn first_of<const A: usize, const B: usize>(
    four: &[u64; A],
    six: &[u64; B],
    bytes: &[u8],
    mut recent: u64,
) -> Option<(usize, u64)> {
    for (at, byte) in bytes.iter().enumerate() {
        let (next, is_new) = append(recent, *byte);
        recent = next;
        if is_new && bits(four, six, recent) & 1 == 1 {
            return Some((at, recent));
        }
    }
    None
}

/// The letters and digits with what this byte adds to them, and whether that is one.
#[inline]
fn append(recent: u64, byte: u8) -> (u64, bool) {
    let (shift, class) = SHIFTS[usize::from(byte)];
    (recent << (shift & 63) | u64::from(class), shift > 0)
}

/// The lowest bit says whether one of the filters has what ends here.
#[inline]
fn bits<const A: usize, const B: usize>(four: &[u64; A], six: &[u64; B], recent: u64) -> u64 {
    let (one, two) = (slot::<FOUR>(recent, A), slot::<SIX>(recent, B));
    four[one / 64 % A] >> (one % 64) | six[two / 64 % B] >> (two % 64)
}

/// Of the last characters: what stands before them is shifted out.
#[inline]
fn slot<const CHARACTERS: u32>(recent: u64, filter: usize) -> usize {
    let hash = recent.wrapping_mul(HASH << (64 - 6 * CHARACTERS));
    usize::try_from(hash >> (64 - 6 - filter.trailing_zeros())).expect("below the length of the filter")
}

/// Not by the bits that the filter goes by.
fn bucket(fragment: u64, bits: u32) -> usize {
    usize::try_from(fragment.wrapping_mul(0xd6e8_feb8_6659_fd93) >> (64 - bits)).expect("20 bits at most")
}

const fn mask(characters: u32) -> u64 {
    (1 << (6 * characters)) - 1
}

const FOUR: u32 = 4;
const SIX: u32 = 6;
const HASH: u64 = 0x9e37_79b9_7f4a_7c15;

/// A needle and a place in it, beside 36 bits of a fragment: no writing has more than 256 letters and digits, and a key has fewer than
/// a hundred writings.
const NEEDLE_BITS: u32 = 20;
const PLACE_BITS: u32 = 8;
/// Where the case of four characters stands: above them, where a fragment of six has two more.
const CASES: u32 = NEEDLE_BITS + PLACE_BITS + 6 * FOUR;
const CASE_BITS: u64 = 0x1f;
const ANY_CASE: u64 = 0x10;
const NEEDLES: u64 = (1 << NEEDLE_BITS) - 1;
const PLACES: u64 = (1 << PLACE_BITS) - 1;

/// Lengths of filters in words of 64 bits: 64 bits and more for each fragment, and what fits into the caches.
const SMALL: usize = 1 << 12;
const MEDIUM: usize = 1 << 15;
const LARGE_FOUR: usize = 1 << 14;
const LARGE_SIX: usize = 1 << 17;
