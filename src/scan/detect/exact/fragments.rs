//! Four letters or digits in a row, for all needles at once.

use zeroize::Zeroizing;

use crate::scan::detect::classes::fold;
use crate::scan::detect::needle::Needle;

/// Which fragments the needles have, and where.
#[derive(Default)]
pub(super) struct Fragments {
    /// One bit for each value of a hash: most of what is read stops here.
    filter: Zeroizing<Vec<u64>>,
    /// How far the hash is shifted down to the length of the filter.
    shift: u32,
    /// The same with another hash, asked when the first says yes.
    second: Zeroizing<Vec<u64>>,
    /// Sorted: the fragment, the needle, and the place of the fragment's last character.
    places: Zeroizing<Vec<u64>>,
}

impl Fragments {
    pub(super) fn of(needles: &[Needle]) -> Self {
        let mut places: Zeroizing<Vec<u64>> = Zeroizing::new(vec![]);
        for (index, needle) in needles.iter().enumerate() {
            for (start, four) in needle.dense.windows(FRAGMENT).enumerate() {
                let fragment =
                    four.iter().filter_map(|byte| fold(*byte)).fold(0, |all, class| all << 6 | u64::from(class));
                places.push(fragment << 40 | (index as u64) << 16 | (start + FRAGMENT - 1) as u64);
            }
        }
        places.sort_unstable();
        let bits = (places.len().max(1) * FILTER_SPARSENESS).next_power_of_two().clamp(1 << 12, 1 << 24);
        let filter = || Zeroizing::new(vec![0; bits / 64]);
        let mut all = Self { filter: filter(), shift: 32 - bits.trailing_zeros(), second: filter(), places };
        for at in 0..all.places.len() {
            let fragment = u32::try_from(all.places[at] >> 40).expect("24 bits");
            let (first, second) = (all.slot(fragment, FIRST), all.slot(fragment, SECOND));
            all.filter[first / 64] |= 1 << (first % 64);
            all.second[second / 64] |= 1 << (second % 64);
        }
        all
    }

    /// Whether a needle may have the fragment that the last 24 bits are.
    #[inline]
    pub(super) fn may_hold(&self, recent: u32) -> bool {
        let slot = self.slot(recent & FRAGMENT_MASK, FIRST);
        self.filter[slot / 64] >> (slot % 64) & 1 == 1
    }

    /// The needles that have it, and the places of its last character in them.
    pub(super) fn holding(&self, recent: u32) -> impl Iterator<Item = (usize, usize)> {
        let slot = self.slot(recent & FRAGMENT_MASK, SECOND);
        let fragment = u64::from(recent & FRAGMENT_MASK);
        let places = match self.second[slot / 64] >> (slot % 64) & 1 {
            0 => &[],
            _ => &self.places[self.places.partition_point(|place| place >> 40 < fragment)..],
        };
        let same = places.iter().take_while(move |place| **place >> 40 == fragment);
        same.map(|place| ((place >> 16 & 0xff_ffff) as usize, (place & 0xffff) as usize))
    }

    #[inline]
    fn slot(&self, fragment: u32, hash: u32) -> usize {
        (fragment.wrapping_mul(hash) >> self.shift) as usize
    }
}

const FRAGMENT: usize = 4;
const FRAGMENT_MASK: u32 = 0xff_ffff;
const FIRST: u32 = 0x9e37_79b1;
const SECOND: u32 = 0x85eb_ca77;

/// Bits of the filter for each fragment.
const FILTER_SPARSENESS: usize = 32;
