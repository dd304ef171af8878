//! SIGINT and SIGTERM as a wish to stop at the next good moment. A second signal ends the process at once.
//!
//! Neither is ever ignored: a shell without job control starts what it puts into the background with SIGINT ignored, and somebody who
//! sends it there all the same means it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// A signal ends the process at once, also one that was ignored when it began.
pub(crate) fn heed() {
    // A file that may not grow any more is an error of the write, and no reason to end in the middle.
    let _ = flag::register(SIGXFSZ, Arc::default());
    for signal in [SIGINT, SIGTERM] {
        // Where it cannot be, the signal does what it did before.
        let _ = flag::register_conditional_default(signal, Arc::clone(&AT_ONCE));
    }
}

/// From when it is made until the process ends.
#[derive(Clone)]
pub(crate) struct Interrupt {
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
        let watch = Self { interrupted: Arc::default(), terminated: Arc::default() };
        for (signal, seen) in [(SIGINT, &watch.interrupted), (SIGTERM, &watch.terminated)] {
            // In this order: the first signal only sets the flag, the second finds it set.
            flag::register_conditional_default(signal, Arc::clone(seen))?;
            flag::register(signal, Arc::clone(seen))?;
        }
        Ok(watch)
    }

    /// The exit code of the signal that came.
    pub(crate) fn seen(&self) -> Option<Exit> {
        if self.interrupted.load(Ordering::Relaxed) {
            Some(Exit::Interrupted)
        } else {
            self.terminated.load(Ordering::Relaxed).then_some(Exit::Terminated)
        }
    }
}

static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));
