//! Finds master keys where they should not lie.

mod detect;

pub use detect::{Hit, ScanMode, Scanned, Scanner};
