//! MT19937 with small and recent seeds: Python, Ruby, NumPy's legacy generator, PHP and C++ use it.
//!
//! Seeding is all the work. The first outputs need few of the 624 words, so candidates are seeded side by side in lanes, only
//! as far as outputs 2 to 13 need, and those that agree there are made in full.
#![expect(
    clippy::cast_possible_truncation,
    clippy::inline_always,
    clippy::needless_range_loop,
    clippy::precedence,
    reason = "arithmetic modulo a power of two, in lanes that the compiler makes vectors of"
)]

mod draws;
mod generator;
mod lanes;
mod shape;
mod wanted;

use super::matcher::Matcher;
use super::seeds::{any_made, arch};
use draws::{draws, shuffled, spelled, texts};
pub(super) use generator::Twister;
use lanes::Lanes;
pub(super) use shape::Seeding;
use shape::{OUTPUTS, WIDTH};
use wanted::Wanted;

/// Whether a generator seeded with one of `seeds` made the key.
pub(super) fn find(key: &Matcher, seeding: Seeding, seeds: impl Iterator<Item = u32>) -> bool {
    let wanted = Wanted::of(key.key());
    let mut lanes = Lanes::new(seeding);
    let arch = arch();
    let suspects = |batch: &[u32; WIDTH]| arch.dispatch(Trial { lanes: &mut lanes, seeds: batch, wanted: &wanted });
    any_made(key, seeds, suspects, |seed| made_by(key, Twister::seeded(seeding, &[seed])))
}

/// One batch, in the widest vectors of the processor. A closure would not be compiled for them.
struct Trial<'a> {
    lanes: &'a mut Lanes,
    seeds: &'a [u32; WIDTH],
    wanted: &'a Wanted,
}

impl pulp::WithSimd for Trial<'_> {
    type Output = [u32; WIDTH];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [u32; WIDTH] {
        self.lanes.seed(self.seeds);
        self.lanes.agreeing(self.wanted)
    }
}

/// Whether the outputs of a generator, in one of the ways that bytes are drawn, are the key.
pub(super) fn made_by(key: &Matcher, generator: Twister) -> bool {
    let words: Vec<u32> = generator.take(TRIED).collect();
    // Whole words may come after others.
    let later = words.windows(8).take(OUTPUTS + 1).any(|eight| {
        let whole: [u8; 32] = std::array::from_fn(|at| eight[at / 4].to_le_bytes()[at % 4]);
        let mut backward = whole;
        backward.reverse();
        key.matches(&whole) || key.matches(&backward)
    });
    later
        || draws(&words).iter().any(|drawn| key.matches(drawn))
        || texts(&words).iter().any(|drawn| key.matches(drawn))
}

/// What is told by no first output: shuffles of 256 bytes, digests of numbers as text, and every draw after others.
pub(super) fn find_slowly(
    key: &Matcher,
    seeding: Seeding,
    seeds: impl Iterator<Item = u32>,
    skipped: &[usize],
) -> bool {
    seeds.into_iter().take_while(|_| !key.is_over()).any(|seed| {
        let words: Vec<u32> = Twister::seeded(seeding, &[seed]).take(LONG).collect();
        key.matches(&shuffled(&words))
            || spelled(&words).iter().any(|drawn| key.matches(drawn))
            || skipped.iter().any(|first| draws(&words[*first..]).iter().any(|drawn| key.matches(drawn)))
    })
}

/// A rejecting draw of 32 bytes takes 64 words on average, and hardly ever more than these.
const TRIED: usize = 160;
/// A shuffle of 256 takes 370 of them.
const LONG: usize = 624;

#[cfg(test)]
mod tests {
    use super::draws::sample;
    use super::wanted::sampled_places;
    use super::*;
    use crate::secret::random_array;

    /// Every way of drawing, from a seed that stands somewhere among others.
    #[test]
    fn every_draw_is_found_among_other_seeds() {
        for seeding in [Seeding::Array, Seeding::Single] {
            let seed = 1_700_000_000 + u32::from(random_array::<1>().expect("random")[0]) % 200;
            let words: Vec<u32> = Twister::seeded(seeding, &[seed]).take(TRIED).collect();
            // A key of small bytes alone is found by its structure.
            let draws = draws(&words);
            let large = draws.iter().enumerate().filter(|(_, key)| key.iter().any(|byte| *byte >= 128));
            // `randint(1, 254)` is looked for as `randint(1, 255)`: not found where the one draws again and the other does not.
            let drawn_again = words[..OUTPUTS + 2].iter().any(|word| word >> 24 == 254);
            for (way, key) in large {
                let key = Matcher::new(key);
                let found = find(&key, seeding, 1_700_000_000..1_700_000_200);
                assert!(found || way == 11 && drawn_again, "{way} of {seed}");
                assert!(!find(&key, seeding, 1_600_000_000..1_600_000_200), "{way} of {seed}");
            }
        }
    }

    /// `random.seed(0); x = list(range(256)); random.shuffle(x); x[:8]`, and `str(random.random())` after the same seed.
    #[test]
    fn shuffles_texts_and_later_draws_are_found() {
        let words: Vec<u32> = Twister::seeded(Seeding::Array, &[0]).take(LONG).collect();
        assert_eq!(shuffled(&words)[..8], [1, 88, 132, 233, 162, 39, 185, 237]);

        let text = super::super::batch::sha256(b"0.8444218515250481");
        assert_eq!(spelled(&words)[0], text);
        for key in [shuffled(&words), text, draws(&words[8..])[2]] {
            let key = Matcher::new(&key);
            assert!(find_slowly(&key, Seeding::Array, 0..3, &[1, 8]));
            assert!(!find_slowly(&key, Seeding::Array, 1..3, &[1, 8]));
        }
        // `getrandbits(128)` twice, and `randbytes(32)` after `randbytes(16)`.
        let pair = *draws(&words).iter().rev().nth(1).expect("a draw");
        let later: [u8; 32] = std::array::from_fn(|at| words[4 + at / 4].to_le_bytes()[at % 4]);
        for key in [pair, draws(&words).pop().expect("a draw"), later] {
            assert!(
                find(&Matcher::new(&key), Seeding::Array, 0..64) && !find(&Matcher::new(&key), Seeding::Array, 1..65)
            );
        }
    }

    #[test]
    fn a_sample_gives_its_places_away() {
        // Of `random.Random(2026).sample(range(256), 32)`, some of whose later draws hit places that were drawn before.
        for seed in 0..300 {
            let key = sample(&Twister::seeded(Seeding::Array, &[seed]).take(TRIED).collect::<Vec<_>>());
            assert!(find(&Matcher::new(&key), Seeding::Array, seed..=seed), "{seed}");
        }
        assert_eq!(sampled_places(&[7; 32]), None);
    }
}
