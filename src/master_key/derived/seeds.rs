//! The seeds that people and clocks give, and the search among them.

use std::ops::Range;

use super::matcher::Matcher;
use crate::time::Timestamp;

/// Every small number, days written as numbers, round times since 2015, and famous numbers.
pub(super) fn usual(small: u32) -> impl Iterator<Item = u32> {
    let days = (1950..=2035).flat_map(|year| {
        (1..=12).flat_map(move |month| {
            (1..=31).flat_map(move |day| [10_000 * year + 100 * month + day, 1_000_000 * day + 10_000 * month + year])
        })
    });
    let hours = (394_464..571_000).map(|hour| 3_600 * hour);
    let thousands = (0..=2_100).flat_map(|million| [0, 1, 2, 3, 7, 42, 123].map(|more| 1_000_000 * million + more));
    let tens = (140_000..210_000).map(|number| 10_000 * number);
    let repeated = (1..=9).flat_map(|digit| (6..=9).map(move |len| (0..len).fold(0, |number, _| 10 * number + digit)));
    let powers = (16..32).flat_map(|bit| [1_u32 << bit, (1 << bit) - 1, (1 << bit) + 1]);
    (0..=small)
        .chain(FAMOUS.iter().copied())
        .chain(days)
        .chain(repeated)
        .chain(powers)
        .chain(hours)
        .chain(tens)
        .chain(thousands)
}

/// Every small number, and famous ones.
pub(super) fn famous(small: u32) -> impl Iterator<Item = u32> {
    (0..=small).chain(FAMOUS.iter().copied())
}

/// The seconds since `first`, and a day after now: clocks differ.
pub(super) fn since(first: u32, now: Timestamp) -> Range<u32> {
    first..end(now)
}

/// The last seconds before now, and a day after it.
pub(super) fn recent(now: Timestamp, secs: u32) -> Range<u32> {
    end(now).saturating_sub(secs.saturating_add(DAY))..end(now)
}

fn end(now: Timestamp) -> u32 {
    u32::try_from(now.unix_millis() / 1_000).unwrap_or(0).saturating_add(DAY)
}

/// One of several equal parts of a range, for searches side by side.
pub(super) fn part(seeds: Range<u32>, number: u32, of: u32) -> Range<u32> {
    let len = seeds.end.saturating_sub(seeds.start).div_ceil(of);
    let start = seeds.start.saturating_add(number * len);
    start..seeds.end.min(start.saturating_add(len))
}

/// The instructions for loops that the compiler makes vectors of: of AVX-512 it makes poor use.
pub(super) fn arch() -> pulp::Arch {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Arch::V3(simd);
    }
    pulp::Arch::new()
}

/// Whether one of the seeds made the key. `suspects` looks at many side by side, and what it does not mark with 0 is judged by
/// `made`.
pub(super) fn any_made<const WIDTH: usize>(
    key: &Matcher,
    mut seeds: impl Iterator<Item = u32>,
    mut suspects: impl FnMut(&[u32; WIDTH]) -> [u32; WIDTH],
    made: impl Fn(u32) -> bool,
) -> bool {
    loop {
        let mut batch = [0; WIDTH];
        let mut count = 0;
        for (place, seed) in batch.iter_mut().zip(&mut seeds) {
            *place = seed;
            count += 1;
        }
        if count == 0 || key.is_over() {
            return false;
        }
        let marks = suspects(&batch);
        if batch.iter().zip(&marks).take(count).any(|(seed, mark)| *mark != 0 && made(*seed)) {
            return true;
        }
    }
}

/// The places that are not 0, which are few.
pub(super) fn marked(marks: &[u8]) -> impl Iterator<Item = u64> {
    let chunks = marks.as_chunks::<MARKS>().0.iter().enumerate();
    chunks.filter(|(_, chunk)| u128::from_ne_bytes(**chunk) != 0).flat_map(|(number, chunk)| {
        let places = chunk.iter().enumerate().filter(|(_, mark)| **mark != 0);
        places.map(move |(place, _)| (MARKS * number + place) as u64)
    })
}

const DAY: u32 = 86_400;

/// That are looked at in one go.
const MARKS: usize = 16;

const FAMOUS: &[u32] = &[
    0xdead_beef,
    0xcafe_babe,
    0xbaad_f00d,
    0xfeed_face,
    0x8bad_f00d,
    0xc0ff_ee00,
    0x00c0_ffee,
    0xdead_c0de,
    0x1337,
    31_337,
    1_337,
    8_675_309,
    123_456,
    1_234_567,
    12_345_678,
    123_456_789,
    1_234_567_890,
    987_654_321,
    654_321,
    7_654_321,
    87_654_321,
    314_159,
    3_141_592,
    31_415_926,
    314_159_265,
    3_141_592_653,
    271_828,
    2_718_281,
    27_182_818,
    271_828_182,
    2_718_281_828,
    161_803,
    1_618_033,
    161_803_398,
    1_618_033_988,
    5_489,
    4_357,
    19_650_218,
    1_000_003,
    15_485_863,
    104_729,
    0xabcd_ef01,
    0x1234_5678,
    0x8765_4321,
    0xffff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xaaaa_aaaa,
    0x5555_5555,
    1_299_709,
    1_000_000_007,
    999_999_937,
    998_244_353,
    0x9e37_79b9,
    0x6a09_e667,
    0x243f_6a88,
    2_463_534_242,
];

/// Numbers that are given as texts, as Python programs do with what comes from the environment.
pub(super) const NUMBERS: &[&str] = &[
    "", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "42", "99", "100", "1337", "31337", "2024",
    "2025", "2026",
];
