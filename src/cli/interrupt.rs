//! SIGINT, SIGTERM and SIGHUP as a wish to stop at the next good moment. A second signal ends the process at once.
//!
//! The first two are never ignored: a shell without job control starts what it puts into the background with SIGINT ignored, and somebody who
//! sends it there all the same means it. SIGHUP is, where `nohup` has it so.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// A signal ends the process at once, also one that was ignored when it began.
pub(crate) fn heed() {
    // A file that may not grow any more is an error of the write, and no reason to end in the middle.
    let _ = flag::register(SIGXFSZ, Arc::default());
    let hang_up = (!*UNDER_NOHUP).then_some(SIGHUP);
    for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up) {
        // Where it cannot be, the signal does what it did before.
        let _ = flag::register_conditional_default(signal, Arc::clone(&AT_ONCE));
    }
}

/// From when it is made until the process ends.
#[derive(Clone)]
pub(crate) struct Interrupt {
    hung_up: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let told = |error: io::Error| Told::new(Exit::General, "no-signals", error.to_string());
        let watch = Self::register().map_err(told)?;
        AT_ONCE.store(false, Ordering::Relaxed);
        Ok(watch)
    }

    /// While somebody is asked, a signal ends the process at once: nothing is under way.
    pub(crate) fn at_question<T>(ask: impl FnOnce() -> T) -> T {
        AT_ONCE.store(true, Ordering::Relaxed);
        let answer = ask();
        AT_ONCE.store(false, Ordering::Relaxed);
        answer
    }

    fn register() -> io::Result<Self> {
        let watch = Self { hung_up: Arc::default(), interrupted: Arc::default(), terminated: Arc::default() };
        let hang_up = (!*UNDER_NOHUP).then_some((SIGHUP, &watch.hung_up));
        let signals = [(SIGINT, &watch.interrupted), (SIGTERM, &watch.terminated)];
        for (signal, seen) in signals.into_iter().chain(hang_up) {
            // In this order: the first signal only sets the flag, the second finds it set.
            flag::register_conditional_default(signal, Arc::clone(seen))?;
            flag::register(signal, Arc::clone(seen))?;
        }
        Ok(watch)
    }

    /// The exit code of the signal that came.
    pub(crate) fn seen(&self) -> Option<Exit> {
        let signals = [
            (&self.interrupted, Exit::Interrupted),
            (&self.terminated, Exit::Terminated),
            (&self.hung_up, Exit::HungUp),
        ];
        signals.into_iter().find(|(seen, _)| seen.load(Ordering::Relaxed)).map(|(_, exit)| exit)
    }
}

/// Whether SIGHUP was ignored when the program began: whoever did that wants it to outlive the terminal.
static UNDER_NOHUP: LazyLock<bool> = LazyLock::new(|| {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (SIGHUP - 1) & 1 == 1
});
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));
