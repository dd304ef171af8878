//! SIGINT and SIGTERM as a wish to stop at the next good moment. A second signal ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// From when it is made until the process ends.
#[derive(Clone)]
pub(crate) struct Interrupt {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let told = |error: io::Error| Told::new(Exit::General, "no-signals", error.to_string());
        Ok(Self::register().map_err(told)?)
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
