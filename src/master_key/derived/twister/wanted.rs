//! What the first outputs of a generator are if it made the key.

use super::shape::{FIRST_LOOK, OUTPUTS, WIDTH};

/// What outputs 2 to 13 are, in each way of drawing. Output 1 takes word 1, which is the last to be made.
pub(super) struct Wanted {
    words: [u32; 4],
    /// Output 3 where two numbers of 128 bits stand one after the other, most significant byte first.
    pair: u32,
    key: [u8; 32],
    sample: Option<[u32; 32]>,
}

impl Wanted {
    pub(super) fn of(key: &[u8; 32]) -> Self {
        let mut backward = *key;
        backward.reverse();
        let word = |key: &[u8; 32]| u32::from_le_bytes([key[8], key[9], key[10], key[11]]);
        let words = [word(key), word(&backward)];
        Self {
            words: [words[0], words[1], words[0].swap_bytes(), words[1].swap_bytes()],
            pair: u32::from_be_bytes([key[0], key[1], key[2], key[3]]),
            key: *key,
            sample: sampled_places(key),
        }
    }

    /// For each lane, whether its outputs may be the key's in one of the ways.
    #[inline(always)]
    pub(super) fn agree(&self, outputs: &[[u32; WIDTH]; OUTPUTS]) -> [u32; WIDTH] {
        let mut found = [0; WIDTH];
        for lane in 0..WIDTH {
            let first = outputs[0][lane];
            found[lane] = self.words.iter().fold(0, |found, word| found | u32::from(*word == first));
            found[lane] |= u32::from(outputs[1][lane] == self.pair);
        }
        // The same words after others.
        for output in &outputs[1..] {
            for lane in 0..WIDTH {
                found[lane] |= u32::from(output[lane] == self.words[0]) | u32::from(output[lane] == self.words[1]);
            }
        }
        self.in_step(outputs, |word| word >> 24, 2, 1, &mut found);
        self.in_step(outputs, |word| word & 255, 2, 1, &mut found);
        self.in_step(outputs, |word| word << 1 >> 24, 2, 1, &mut found);
        self.in_step(outputs, |word| word >> 1 & 255, 2, 1, &mut found);
        self.in_step(outputs, |word| word >> 24, 1, 2, &mut found);
        self.in_step(outputs, |word| (u64::from(word >> 5) * 255 >> 27) as u32, 1, 2, &mut found);
        for start in 0..3 {
            self.accepted(outputs, (23, 256, 0), start, &mut found);
            self.accepted(outputs, (24, 255, 0), start, &mut found);
            self.accepted(outputs, (24, 255, 1), start, &mut found);
        }
        if let Some(places) = &self.sample {
            (0..3).for_each(|start| Self::sampled(places, start, outputs, &mut found));
        }
        found
    }

    /// A sample of which `start` places were drawn by outputs 0 and 1.
    #[inline(always)]
    fn sampled(places: &[u32; 32], start: usize, outputs: &[[u32; WIDTH]; OUTPUTS], found: &mut [u32; WIDTH]) {
        let packed = places[start..start + 4].iter().rfold(0, |packed, place| packed << 8 | place);
        let (mut next, mut wrong) = ([packed; WIDTH], [0; WIDTH]);
        let mut left = [256 - start as u32; WIDTH];
        let last = 256 - (start as u32 + 4);
        for output in &outputs[..FIRST_LOOK] {
            for lane in 0..WIDTH {
                // Nine bits for the first draw, eight for the others.
                let value = output[lane] >> (24 - (left[lane] >> 8));
                let taken = u32::from(value < left[lane]).wrapping_neg();
                let compared = taken & u32::from(left[lane] > last).wrapping_neg();
                wrong[lane] |= compared & (value ^ next[lane] & 255);
                next[lane] ^= taken & (next[lane] ^ next[lane] >> 8);
                left[lane] = left[lane].wrapping_add(taken);
            }
        }
        let same = wrong.map(|wrong| u32::from(wrong == 0));
        for lane in 0..WIDTH {
            found[lane] |= same[lane];
        }
    }

    fn still_sampled(&self, outputs: &[u32; OUTPUTS]) -> bool {
        let Some(places) = &self.sample else { return false };
        (0..3).any(|start| {
            let mut at = start;
            outputs.iter().all(|word| {
                let left = 256 - at as u32;
                let value = if left == 256 { word >> 23 } else { word >> 24 };
                let taken = value < left;
                let agrees = !taken || value == places[at];
                at += usize::from(taken);
                agrees
            })
        })
    }

    /// The second look at a candidate, with all outputs.
    pub(super) fn still_agrees(&self, outputs: [u32; OUTPUTS]) -> bool {
        let rejecting = |shift: u32, limit: u32, offset: u32| {
            (0..3).any(|start| {
                let mut wanted = self.key[start..].iter();
                let looked = if shift == 23 { OUTPUTS } else { 4 };
                outputs[..looked]
                    .iter()
                    .map(|word| word >> shift)
                    .filter(|value| *value < limit)
                    .all(|value| wanted.next().is_some_and(|byte| u32::from(*byte) == value + offset))
            })
        };
        // A draw that rejects nothing has been compared in full.
        let straight = |byte: fn(u32) -> u8, at: usize, step: usize| {
            let each = outputs.iter().step_by(step).zip(&self.key[at..]);
            each.take(5).all(|(word, wanted)| byte(*word).wrapping_sub(*wanted) <= 1 || byte(*word) == *wanted)
        };
        self.words.contains(&outputs[0])
            || outputs[1] == self.pair
            || outputs.iter().any(|output| self.words[..2].contains(output))
            || rejecting(23, 256, 0)
            || rejecting(24, 255, 0)
            || rejecting(24, 255, 1)
            || straight(|word| word.to_be_bytes()[0], 2, 1)
            || straight(|word| word.to_le_bytes()[0], 2, 1)
            || straight(|word| (word << 1).to_be_bytes()[0], 2, 1)
            || straight(|word| (word >> 1).to_le_bytes()[0], 2, 1)
            || straight(|word| word.to_be_bytes()[0], 1, 2)
            || self.still_sampled(&outputs)
    }

    /// Every output, or every second, is a byte of the key from `at` on.
    #[inline(always)]
    fn in_step(
        &self,
        outputs: &[[u32; WIDTH]; OUTPUTS],
        byte: impl Fn(u32) -> u32,
        at: usize,
        step: usize,
        found: &mut [u32; WIDTH],
    ) {
        let mut same = [1; WIDTH];
        for (number, wanted) in self.key[at..at + 5].iter().enumerate() {
            let output = &outputs[step * number];
            for lane in 0..WIDTH {
                same[lane] &= u32::from(byte(output[lane]) == u32::from(*wanted));
            }
        }
        for lane in 0..WIDTH {
            found[lane] |= same[lane];
        }
    }

    /// What a rejecting draw accepts of the outputs follows in the key from byte `start` on.
    #[inline(always)]
    fn accepted(
        &self,
        outputs: &[[u32; WIDTH]; OUTPUTS],
        (shift, limit, offset): (u32, u32, u32),
        start: usize,
        found: &mut [u32; WIDTH],
    ) {
        let packed =
            |at: usize| u32::from_le_bytes([self.key[at], self.key[at + 1], self.key[at + 2], self.key[at + 3]]);
        let (mut next, mut later) = ([packed(start); WIDTH], [packed(start + 4); WIDTH]);
        let mut wrong = [0; WIDTH];
        // Where few are rejected, few outputs are enough.
        let looked = if shift == 23 { FIRST_LOOK } else { 4 };
        for output in &outputs[..looked] {
            for lane in 0..WIDTH {
                let value = output[lane] >> shift;
                let taken = u32::from(value < limit).wrapping_neg();
                wrong[lane] |= taken & (value + offset ^ next[lane] & 255);
                next[lane] ^= taken & (next[lane] ^ (next[lane] >> 8 | later[lane] << 24));
                later[lane] ^= taken & (later[lane] ^ later[lane] >> 8);
            }
        }
        let same = wrong.map(|wrong| u32::from(wrong == 0));
        for lane in 0..WIDTH {
            found[lane] |= same[lane];
        }
    }
}

/// The numbers that a sample which is the key has drawn; `None` where a byte comes twice.
pub(super) fn sampled_places(key: &[u8; 32]) -> Option<[u32; 32]> {
    let mut pool: Vec<u8> = (0..=255).collect();
    let mut places = [0; 32];
    for (place, byte) in places.iter_mut().zip(key) {
        let at = pool.iter().position(|value| value == byte)?;
        pool.swap_remove(at);
        *place = at as u32;
    }
    Some(places)
}
