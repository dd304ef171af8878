//! How what is shown is written as JSON and the like: as the program's documents have it (docs/cli.md).

use std::time::Duration;

use serde::Serializer;

/// Types that are written as the text they print.
macro_rules! written_as_text {
    ($($shown:ty),+) => {$(
        impl serde::Serialize for $shown {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )+};
}

/// Types that are written as the word that names them.
macro_rules! written_as_word {
    ($($shown:ty),+) => {$(
        impl serde::Serialize for $shown {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }
    )+};
}

pub(crate) use {written_as_text, written_as_word};

/// A span in seconds and parts of them.
pub(crate) fn seconds<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(span.as_secs_f64())
}
