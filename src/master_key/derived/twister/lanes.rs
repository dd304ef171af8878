//! Many states at once, as far as the first outputs need them.

use super::generator::{ARRAY_START, single, temper, twist};
use super::shape::{LANES, LAST_NEEDED, OUTPUTS, ROWS, Seeding, WIDTH};
use super::wanted::Wanted;

/// Many states at once, as far as they are needed.
pub(super) struct Lanes {
    seeding: Seeding,
    start: [u32; 624],
    state: Vec<[u32; WIDTH]>,
}

impl Lanes {
    pub(super) fn new(seeding: Seeding) -> Self {
        Self { seeding, start: single(ARRAY_START), state: vec![[0; WIDTH]; LAST_NEEDED + 1] }
    }

    #[inline(always)]
    pub(super) fn seed(&mut self, seeds: &[u32; WIDTH]) {
        match self.seeding {
            Seeding::Single => self.seed_single(seeds),
            Seeding::Array => self.seed_array(seeds),
        }
    }

    #[inline(always)]
    fn seed_single(&mut self, seeds: &[u32; WIDTH]) {
        let mut last: Rows = split(seeds);
        for at in 1..=LAST_NEEDED {
            each(&mut last, |last| mixed(last, 1_812_433_253).wrapping_add(at as u32));
            if Self::is_kept(at) {
                self.state[at].as_chunks_mut().0.copy_from_slice(&last);
            }
        }
    }

    /// The first of the two passes is made again beside the second: that is cheaper than to keep its words.
    #[inline(always)]
    fn seed_array(&mut self, seeds: &[u32; WIDTH]) {
        let seeds: Rows = split(seeds);
        let mut lasts = [[self.start[0]; LANES]; ROWS];
        for start in &self.start[1..] {
            for row in 0..ROWS {
                seeded(&mut lasts[row], *start, &seeds[row]);
            }
        }
        // Row by row, so that the words stay in registers.
        for row in 0..ROWS {
            let (seeds, mut last) = (&seeds[row], lasts[row]);
            let mut first = [self.start[0]; LANES];
            seeded(&mut first, self.start[1], seeds);
            for lane in 0..LANES {
                last[lane] = (first[lane] ^ mixed(last[lane], 1_664_525)).wrapping_add(seeds[lane]);
            }
            for at in 2..=LAST_NEEDED {
                seeded(&mut first, self.start[at], seeds);
                for lane in 0..LANES {
                    last[lane] = (first[lane] ^ mixed(last[lane], 1_566_083_941)).wrapping_sub(at as u32);
                }
                if Self::is_kept(at) {
                    self.state[at].as_chunks_mut().0[row] = last;
                }
            }
        }
    }

    /// Whether an output takes the word.
    #[inline(always)]
    fn is_kept(at: usize) -> bool {
        at <= OUTPUTS + 2 || at >= LAST_NEEDED - OUTPUTS
    }

    /// The lanes whose outputs 2 to 13 agree.
    #[inline(always)]
    pub(super) fn agreeing(&self, wanted: &Wanted) -> [u32; WIDTH] {
        let mut outputs = [[0; WIDTH]; OUTPUTS];
        for (number, output) in outputs.iter_mut().enumerate() {
            let (word, next, far) = (&self.state[number + 2], &self.state[number + 3], &self.state[number + 399]);
            for lane in 0..WIDTH {
                output[lane] = temper(twist(word[lane], next[lane], far[lane]));
            }
        }
        let mut found = wanted.agree(&outputs);
        for lane in 0..WIDTH {
            if found[lane] != 0 && !wanted.still_agrees(outputs.map(|output| output[lane])) {
                found[lane] = 0;
            }
        }
        found
    }
}

type Rows = [[u32; LANES]; ROWS];

#[inline(always)]
fn split(words: &[u32; WIDTH]) -> Rows {
    std::array::from_fn(|row| std::array::from_fn(|lane| words[row * LANES + lane]))
}

#[inline(always)]
fn each(words: &mut Rows, change: impl Fn(u32) -> u32) {
    for row in words {
        for lane in 0..LANES {
            row[lane] = change(row[lane]);
        }
    }
}

/// A step of the first pass of `init_by_array`.
#[inline(always)]
fn seeded(words: &mut [u32; LANES], start: u32, seeds: &[u32; LANES]) {
    for lane in 0..LANES {
        words[lane] = (start ^ mixed(words[lane], 1_664_525)).wrapping_add(seeds[lane]);
    }
}

#[inline(always)]
fn mixed(word: u32, factor: u32) -> u32 {
    (word ^ word >> 30).wrapping_mul(factor)
}
