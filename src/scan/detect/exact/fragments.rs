//! Four letters or digits in a row, for all needles at once.

use zeroize::{Zeroize, Zeroizing};

use crate::scan::detect::classes::{SHIFTS, fold};
use crate::scan::detect::needle::Needle;

/// Which fragments the needles have, and where.
pub(super) struct Fragments {
    /// One bit for each value of a hash: nearly all that is read stops here.
    first: Filter,
    /// The same with another hash, asked when the first says yes.
    second: Filter,
    /// Sorted: the fragment, the needle, and the place of the fragment's last character.
    places: Zeroizing<Vec<u64>>,
}

/// Of a fixed length, so that a place in it needs no check.
type Filter = Box<[u64; FILTER_LEN]>;

impl Default for Fragments {
    fn default() -> Self {
        let filter = || vec![0; FILTER_LEN].try_into().expect("the length of a filter");
        Self { first: filter(), second: filter(), places: Zeroizing::default() }
    }
}

impl Drop for Fragments {
    fn drop(&mut self) {
        self.first.zeroize();
        self.second.zeroize();
    }
}

impl Fragments {
    pub(super) fn of(needles: &[Needle]) -> Self {
        let mut all = Self::default();
        for (index, needle) in needles.iter().enumerate() {
            for (start, four) in needle.dense.windows(FRAGMENT).enumerate().step_by(needle.stride()) {
                let fragment =
                    four.iter().filter_map(|byte| fold(*byte)).fold(0, |all, class| all << 6 | u32::from(class));
                let place = (index as u64) << 16 | (start + FRAGMENT - 1) as u64;
                all.places.push(u64::from(fragment) << 40 | place);
                set(&mut all.first, fragment, FIRST);
                set(&mut all.second, fragment, SECOND);
            }
        }
        all.places.sort_unstable();
        all
    }

    /// The next place at which a fragment may end, and the letters and digits up to there.
    #[inline(never)]
    pub(super) fn next(&self, window: &[u8], from: usize, recent: u32) -> Option<(usize, u32)> {
        let filter: &[u64; FILTER_LEN] = &self.first;
        let (mut from, mut recent) = (from, recent);
        // In most groups of eight no fragment ends: one question for all of them.
        for eight in window[from..].as_chunks::<8>().0 {
            let (mut last, mut any) = (recent, 0);
            for byte in eight {
                last = append(last, *byte).0;
                any |= bit(filter, last, FIRST);
            }
            if any & 1 == 1
                && let Some((at, recent)) = first_of(filter, eight, recent)
            {
                return Some((from + at, recent));
            }
            recent = last;
            from += eight.len();
        }
        first_of(filter, &window[from..], recent).map(|(at, recent)| (from + at, recent))
    }

    /// The needles that have it, and the places of its last character in them.
    pub(super) fn holding(&self, recent: u32) -> impl Iterator<Item = (usize, usize)> {
        let fragment = u64::from(recent & FRAGMENT_MASK);
        let places = if bit(&self.second, recent, SECOND) & 1 == 1 {
            &self.places[self.places.partition_point(|place| place >> 40 < fragment)..]
        } else {
            &[]
        };
        let same = places.iter().take_while(move |place| **place >> 40 == fragment);
        same.map(|place| ((place >> 16 & 0xff_ffff) as usize, (place & 0xffff) as usize))
    }
}

/// The first place at which a fragment may end, and the letters and digits up to there.
#[inline(never)]
fn first_of(filter: &[u64; FILTER_LEN], bytes: &[u8], mut recent: u32) -> Option<(usize, u32)> {
    for (at, byte) in bytes.iter().enumerate() {
        let (next, is_new) = append(recent, *byte);
        recent = next;
        if is_new && bit(filter, recent, FIRST) & 1 == 1 {
            return Some((at, recent));
        }
    }
    None
}

/// The letters and digits with what this byte adds to them, and whether that is one.
#[inline]
fn append(recent: u32, byte: u8) -> (u32, bool) {
    let (shift, class) = SHIFTS[usize::from(byte)];
    (recent << (shift & 31) | u32::from(class), shift > 0)
}

/// The lowest bit says whether the filter has the fragment.
#[inline]
fn bit(filter: &[u64; FILTER_LEN], fragment: u32, hash: u32) -> u64 {
    let slot = slot(fragment, hash);
    filter[slot / 64] >> (slot % 64)
}

fn set(filter: &mut [u64; FILTER_LEN], fragment: u32, hash: u32) {
    let slot = slot(fragment, hash);
    filter[slot / 64] |= 1 << (slot % 64);
}

/// Of the last four characters: what stands before them is shifted out.
#[inline]
fn slot(fragment: u32, hash: u32) -> usize {
    (fragment.wrapping_mul(hash << 8) >> (32 - FILTER_BITS)) as usize
}

const FRAGMENT: usize = 4;
const FRAGMENT_MASK: u32 = 0xff_ffff;
const FIRST: u32 = 0x9e37_79b1;
const SECOND: u32 = 0x85eb_ca77;

/// A hundred bits for each fragment of one key; what fits into the caches.
const FILTER_BITS: u32 = 18;
const FILTER_LEN: usize = 1 << (FILTER_BITS - 6);
