//! Threads of which one runs at a time: which one is chosen by chance, and the chance by a seed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Whoever holds it runs.
pub(crate) struct Baton {
    turn: Mutex<Turn>,
    woken: Vec<Condvar>,
}

struct Turn {
    holder: usize,
    waiting: Vec<bool>,
    dice: Dice,
    /// In how many of 100 steps another thread is chosen.
    restless: usize,
}

impl Baton {
    /// Nobody begins before everybody is there.
    pub(crate) fn new(threads: usize, mut dice: Dice) -> Self {
        let (restless, holder) = (10 + dice.below(90), dice.below(threads));
        let turn = Turn { holder, waiting: vec![true; threads], dice, restless };
        Self { turn: Mutex::new(turn), woken: (0..threads).map(|_| Condvar::new()).collect() }
    }

    /// Waits for the first turn.
    pub(crate) fn enter(&self, me: usize) {
        drop(self.wait(self.turn(), me));
    }

    /// Another thread may run now.
    pub(crate) fn pass(&self, me: usize) {
        let mut turn = self.turn();
        let restless = turn.restless;
        if turn.dice.below(100) < restless {
            self.choose(&mut turn);
            drop(self.wait(turn, me));
        }
    }

    /// The thread runs no more.
    pub(crate) fn leave(&self, me: usize) {
        let mut turn = self.turn();
        turn.waiting[me] = false;
        if turn.waiting.contains(&true) {
            self.choose(&mut turn);
        }
    }

    fn choose(&self, turn: &mut Turn) {
        let waiting: Vec<_> = (0..turn.waiting.len()).filter(|at| turn.waiting[*at]).collect();
        turn.holder = waiting[turn.dice.below(waiting.len())];
        self.woken[turn.holder].notify_one();
    }

    fn wait<'t>(&self, turn: MutexGuard<'t, Turn>, me: usize) -> MutexGuard<'t, Turn> {
        self.woken[me].wait_while(turn, |turn| turn.holder != me).unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers that only look random (SplitMix64), the same for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for something of this number.
    pub(crate) fn apart(&self, number: u64) -> Self {
        Self(Self(self.0 ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93)).next())
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
