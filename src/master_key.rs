//! A master key: 32 bytes from outside that wrap the data keys, and its fingerprint.

mod age;
mod check;
#[cfg(feature = "strength")]
mod derived;
mod finding;
mod fingerprint;
mod format;
mod key;
mod published;
mod quick;
mod relations;
mod slips;
mod structure;
mod waivers;

pub use age::AgePolicy;
pub use check::Suspect;
pub use finding::{Finding, Severity};
pub use fingerprint::Fingerprint;
pub use key::{MasterKey, MasterKeyError};
#[cfg(feature = "scan")]
pub(crate) use quick::quick as quick_findings;
pub use waivers::Waivers;
