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
        let bits = (places.len().max(1) * FILTER_SPARSENESS).next_power_of_two().max(1 << 12);
        let mut fragments =
            Self { filter: Zeroizing::new(vec![0; bits / 64]), shift: 32 - bits.trailing_zeros().min(32), places };
        for at in 0..fragments.places.len() {
            let slot = fragments.slot(low(fragments.places[at] >> 40));
            fragments.filter[slot / 64] |= 1 << (slot % 64);
        }
        fragments
    }

    /// Whether a needle may have the fragment that the last 24 bits are.
    #[inline]
    pub(super) fn may_hold(&self, recent: u32) -> bool {
        let slot = self.slot(recent & FRAGMENT_MASK);
        self.filter[slot / 64] >> (slot % 64) & 1 == 1
    }

    /// The needles that have it, and the places of its last character in them.
    pub(super) fn holding(&self, recent: u32) -> impl Iterator<Item = (usize, usize)> {
        let fragment = u64::from(recent & FRAGMENT_MASK);
        let first = self.places.partition_point(|place| place >> 40 < fragment);
        let same = self.places[first..].iter().take_while(move |place| **place >> 40 == fragment);
        same.map(|place| ((place >> 16 & 0xff_ffff) as usize, (place & 0xffff) as usize))
    }

    #[inline]
    fn slot(&self, fragment: u32) -> usize {
        (fragment.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }
}

fn low(fragment: u64) -> u32 {
    u32::try_from(fragment).expect("24 bits")
}

const FRAGMENT: usize = 4;
const FRAGMENT_MASK: u32 = 0xff_ffff;

/// Bits of the filter for each fragment.
const FILTER_SPARSENESS: usize = 32;
