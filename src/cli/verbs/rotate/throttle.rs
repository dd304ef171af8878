//! A limit to the speed of a rotation.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use strongroom::rotation::Phase;

use crate::interrupt::Interrupt;

/// Keeps the work at a number of records in a second, in naps short enough to notice a signal.
pub(super) struct Throttle {
    rate: Option<u64>,
    phase: Option<Phase>,
    /// What the phase had done after the last wait, and when that was.
    done: u64,
    since: Instant,
}

impl Throttle {
    pub(super) fn new(rate: Option<NonZeroU64>) -> Self {
        Self { rate: rate.map(Into::into), phase: None, done: 0, since: Instant::now() }
    }

    pub(super) fn wait(&mut self, phase: Phase, done: u64, interrupt: &Interrupt) {
        let Some(rate) = self.rate.filter(|_| matches!(phase, Phase::Sweep | Phase::Verify)) else { return };
        if self.phase.replace(phase) != Some(phase) {
            self.done = 0;
        }
        // A phase that begins anew counts from nothing again.
        let records = done.checked_sub(self.done).unwrap_or(done);
        let due = self.since + Duration::from_millis(records.saturating_mul(1_000) / rate);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || interrupt.seen().is_some() {
                break;
            }
            std::thread::sleep(left.min(NAP));
        }
        (self.done, self.since) = (done, Instant::now());
    }
}

const NAP: Duration = Duration::from_millis(50);
