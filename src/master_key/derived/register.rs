//! Generators whose outputs are linear in the bits of their state, or whose state is all there to be seen: V8's
//! `Math.random()`, xorshift generators of 32, 64 and 128 bits, SplitMix64 and its relatives. Any seed is recognised.

use super::matcher::Matcher;

/// Whether one of them made the bytes.
pub(super) fn find(key: &Matcher) -> Option<&'static str> {
    let mut backward = *key.key();
    backward.reverse();
    [key.key(), &backward].into_iter().find_map(|key| {
        let found = mixed_counters(key).then_some("a SplitMix or hash-mixed counter");
        found.or_else(|| xorshift_words(key).then_some("an xorshift generator")).or_else(|| linear_bytes(key))
    })
}

/// Bits of a state, each as the set of the first state's bits that it is the sum of.
#[derive(Clone)]
struct Symbols(Vec<u128>);

impl Symbols {
    fn first(bits: usize) -> Self {
        Self((0..bits).map(|bit| 1 << bit).collect())
    }

    /// `word ^= word << by`, or `>>` for negative `by`, within bits `from..from + width`.
    fn fold(&mut self, from: usize, width: usize, by: isize) {
        let before = self.0.clone();
        for bit in 0..width {
            let source = bit.checked_add_signed(-by).filter(|source| *source < width);
            if let Some(source) = source {
                self.0[from + bit] ^= before[from + source];
            }
        }
    }

    fn add(&mut self, to: usize, from: usize, width: usize) {
        for bit in 0..width {
            let added = self.0[from + bit];
            self.0[to + bit] ^= added;
        }
    }
}

/// Equations over GF(2) in up to 128 unknowns, kept in echelon form.
#[derive(Clone)]
struct Equations {
    rows: [(u128, bool); 128],
}

impl Equations {
    fn new() -> Self {
        Self { rows: [(0, false); 128] }
    }

    /// Whether the equation does not contradict the others.
    fn take(&mut self, mut mask: u128, mut value: bool) -> bool {
        while mask != 0 {
            let top = 127 - mask.leading_zeros() as usize;
            let (row, right) = self.rows[top];
            if row == 0 {
                self.rows[top] = (mask, value);
                return true;
            }
            mask ^= row;
            value ^= right;
        }
        !value
    }
}

/// Whether the bytes are eight bits, from bit `low` on, of the states in this order.
fn consistent<'a>(bytes: impl Iterator<Item = (u8, &'a Symbols)>, low: usize) -> bool {
    let mut equations = Equations::new();
    let mut bytes = bytes;
    bytes.all(|(byte, state)| (0..8).all(|bit| equations.take(state.0[low + bit], byte >> bit & 1 == 1)))
}

fn linear_bytes(key: &[u8; 32]) -> Option<&'static str> {
    let states = |bits: usize, count: usize, step: &dyn Fn(&mut Symbols)| -> Vec<Symbols> {
        let mut state = Symbols::first(bits);
        (0..count)
            .map(|_| {
                step(&mut state);
                state.clone()
            })
            .collect()
    };
    let straight = |states: &[Symbols], low: usize| consistent(key.iter().copied().zip(states), low);
    let v8 = states(128, 160, &v8_step);
    // It draws 64 numbers at once, and hands them out from the last to the first.
    let from_cache = (0..64).any(|first| {
        let order = (0..32).map(|at| if at <= first { first - at } else { 64 + 63 - (at - first - 1) });
        consistent(key.iter().copied().zip(order.map(|at| &v8[at])), 56)
    });
    if from_cache || straight(&v8, 56) {
        return Some("Math.random() of V8");
    }
    let xorshifts: [(usize, [isize; 3]); 8] = [
        (32, [13, -17, 5]),
        (32, [5, -17, 13]),
        (32, [-13, 17, -5]),
        (32, [7, -1, 9]),
        (64, [13, -7, 17]),
        (64, [-12, 25, -27]),
        (64, [21, -35, 4]),
        (64, [-7, 9, -8]),
    ];
    let found = xorshifts.iter().any(|(width, shifts)| {
        let all = states(*width, 32, &|state| shifts.iter().for_each(|by| state.fold(0, *width, *by)));
        [0, width - 8, width / 2].iter().any(|low| straight(&all, *low))
    });
    let marsaglia = states(128, 32, &xorshift128_step);
    let found = found || [96, 96 + 24].iter().any(|low| straight(&marsaglia, *low));
    found.then_some("an xorshift generator")
}

/// xorshift128+ without its sum, which V8 does not use: state 0 in bits 0 to 63, state 1 above.
fn v8_step(state: &mut Symbols) {
    let kept = state.0[64..].to_vec();
    state.fold(0, 64, 23);
    state.fold(0, 64, -17);
    state.add(0, 64, 64);
    let before = state.0.clone();
    for bit in 0..64 - 26 {
        state.0[bit] ^= before[64 + bit + 26];
    }
    let made = state.0[..64].to_vec();
    state.0 = [kept, made].concat();
}

/// Marsaglia's xorshift128 over x, y, z, w; the newest word is the last.
fn xorshift128_step(state: &mut Symbols) {
    let mut x = Symbols(state.0[..32].to_vec());
    let mut w = Symbols(state.0[96..].to_vec());
    x.fold(0, 32, 11);
    x.fold(0, 32, -8);
    let newest = w.0.clone();
    w.fold(0, 32, -19);
    let made: Vec<u128> = w.0.iter().zip(&x.0).map(|(w, x)| w ^ x).collect();
    state.0 = [state.0[32..96].to_vec(), newest, made].concat();
}

/// Words that are the states of an xorshift generator of 32 or 64 bits, with any three shifts.
fn xorshift_words(key: &[u8; 32]) -> bool {
    let four = key.as_chunks::<4>().0;
    let eight = key.as_chunks::<8>().0;
    let orders: [fn(&[u8; 4]) -> u32; 2] = [|bytes| u32::from_le_bytes(*bytes), |bytes| u32::from_be_bytes(*bytes)];
    let small = orders.iter().any(|read| {
        let words: Vec<u32> = four.iter().map(read).collect();
        any_shifts(32, |shifts| {
            let step = |word: u32| {
                shifts.iter().fold(word, |word, (left, by)| word ^ if *left { word << by } else { word >> by })
            };
            words.windows(2).all(|pair| step(pair[0]) == pair[1])
        })
    });
    let wide: [fn(&[u8; 8]) -> u64; 2] = [|bytes| u64::from_le_bytes(*bytes), |bytes| u64::from_be_bytes(*bytes)];
    small
        || wide.iter().any(|read| {
            let words: Vec<u64> = eight.iter().map(read).collect();
            any_shifts(64, |shifts| {
                let step = |word: u64| {
                    shifts.iter().fold(word, |word, (left, by)| word ^ if *left { word << by } else { word >> by })
                };
                words.windows(2).all(|pair| step(pair[0]) == pair[1])
                    || words.windows(2).all(|pair| step(unstarred(pair[0])) == unstarred(pair[1]))
            })
        })
}

/// xorshift64* multiplies its state on the way out.
fn unstarred(word: u64) -> u64 {
    word.wrapping_mul(inverse(0x2545_f491_4f6c_dd1d))
}

fn any_shifts(width: u32, mut holds: impl FnMut(&[(bool, u32); 3]) -> bool) -> bool {
    [[true, false, true], [false, true, false]].iter().any(|sides| {
        (1..width)
            .any(|a| (1..width).any(|b| (1..width).any(|c| holds(&[(sides[0], a), (sides[1], b), (sides[2], c)]))))
    })
}

/// Words that a finisher has mixed from states in even steps: SplitMix64, SplittableRandom, MurmurHash3, and 32-bit ones.
fn mixed_counters(key: &[u8; 32]) -> bool {
    let readings64: [fn(&[u8; 8]) -> u64; 2] = [|bytes| u64::from_le_bytes(*bytes), |bytes| u64::from_be_bytes(*bytes)];
    let wide = readings64.iter().any(|read| {
        let words: Vec<u64> = key.as_chunks::<8>().0.iter().map(read).collect();
        FINISHERS64.iter().any(|finisher| even(words.iter().map(|word| finisher.undone(*word)), u64::MAX))
    });
    let readings32: [fn(&[u8; 4]) -> u32; 2] = [|bytes| u32::from_le_bytes(*bytes), |bytes| u32::from_be_bytes(*bytes)];
    wide || readings32.iter().any(|read| {
        let words: Vec<u32> = key.as_chunks::<4>().0.iter().map(read).collect();
        FINISHERS32
            .iter()
            .any(|finisher| even(words.iter().map(|word| finisher.undone(u64::from(*word))), u64::from(u32::MAX)))
    })
}

fn even(words: impl Iterator<Item = u64>, mask: u64) -> bool {
    let words: Vec<u64> = words.collect();
    let step = words[1].wrapping_sub(words[0]) & mask;
    words.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) & mask == step)
}

/// `x ^= x >> a; x *= f; x ^= x >> b; x *= g; x ^= x >> c`.
struct Finisher {
    width: u32,
    shifts: [u32; 3],
    factors: [u64; 2],
}

impl Finisher {
    /// What was mixed.
    fn undone(&self, word: u64) -> u64 {
        let mask = u64::MAX >> (64 - self.width);
        let unshifted = |word: u64, by: u32| (0..self.width / by).fold(word, |found, _| word ^ found >> by);
        let word = unshifted(word, self.shifts[2]);
        let word = unshifted(word.wrapping_mul(inverse(self.factors[1])) & mask, self.shifts[1]);
        unshifted(word.wrapping_mul(inverse(self.factors[0])) & mask, self.shifts[0])
    }
}

const FINISHERS64: &[Finisher] = &[
    Finisher { width: 64, shifts: [30, 27, 31], factors: [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] },
    Finisher { width: 64, shifts: [33, 33, 33], factors: [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] },
    Finisher { width: 64, shifts: [32, 32, 32], factors: [0xd6e8_feb8_6659_fd93, 0xd6e8_feb8_6659_fd93] },
    Finisher { width: 64, shifts: [32, 29, 32], factors: [0xdaba_0b6e_b093_22e3, 0xdaba_0b6e_b093_22e3] },
];

const FINISHERS32: &[Finisher] = &[
    Finisher { width: 32, shifts: [16, 13, 16], factors: [0x85eb_ca6b, 0xc2b2_ae35] },
    Finisher { width: 32, shifts: [16, 15, 16], factors: [0x7feb_352d, 0x846c_a68b] },
    Finisher { width: 32, shifts: [16, 15, 16], factors: [0x21f0_aaad, 0x735a_2d97] },
];

fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |found, _| found.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(found))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn found(key: [u8; 32]) -> Option<&'static str> {
        find(&Matcher::new(&key))
    }

    fn words(mut next: impl FnMut() -> u64) -> [u8; 32] {
        let bytes: Vec<u8> = (0..4).flat_map(|_| next().to_le_bytes()).collect();
        bytes.try_into().expect("32 bytes")
    }

    fn seed() -> u64 {
        u64::from_le_bytes(random_array().expect("random"))
    }

    #[test]
    fn v8_is_recognised_at_any_place_of_its_cache() {
        for used in [0, 20, 40, 63] {
            let (mut one, mut two) = (seed(), seed());
            let mut cache = vec![];
            let mut draws: Vec<u8> = (0..96 + used)
                .map(|_| {
                    if cache.is_empty() {
                        cache = (0..64)
                            .map(|_| {
                                let (mut s1, s0) = (one, two);
                                one = s0;
                                s1 ^= s1 << 23;
                                s1 ^= s1 >> 17;
                                s1 ^= s0 ^ s0 >> 26;
                                two = s1;
                                one.to_be_bytes()[0]
                            })
                            .collect();
                    }
                    cache.pop().expect("filled")
                })
                .collect();
            let key = draws.split_off(used)[..32].try_into().expect("32 bytes");
            assert_eq!(found(key), Some("Math.random() of V8"), "{used}");
        }
    }

    #[test]
    fn states_and_mixed_counters_are_recognised() {
        let mut state = seed() | 1;
        assert!(
            found(words(|| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            }))
            .is_some()
        );
        assert!(
            found(words(|| {
                state ^= state >> 12;
                state ^= state << 25;
                state ^= state >> 27;
                state.wrapping_mul(0x2545_f491_4f6c_dd1d)
            }))
            .is_some()
        );
        assert!(
            found(words(|| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^ mixed >> 31
            }))
            .is_some()
        );
        let mut small = 2_463_534_242_u32;
        let bytes: [u8; 32] = std::array::from_fn(|_| {
            small ^= small << 13;
            small ^= small >> 17;
            small ^= small << 5;
            small.to_le_bytes()[0]
        });
        assert!(found(bytes).is_some());
    }

    #[test]
    fn random_bytes_come_from_none() {
        for _ in 0..5 {
            assert_eq!(found(random_array().expect("random")), None);
        }
    }
}
