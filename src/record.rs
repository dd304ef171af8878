//! An API key as stored: a header, the sealed verify part, and the sealed recover part.

mod batch;
mod commitment;
mod error;
mod layout;
mod reseal;
mod sealed;

pub(crate) use batch::{MAX_UNDER_PREFIX, Nonces, Opener, Sealer};
pub(crate) use commitment::Commitment;
pub use error::RecordError;
pub(crate) use layout::{Part, Plain, RECOGNISED_IN, generations_in};
pub(crate) use reseal::{ResealError, Resealer};
#[cfg(any(test, fuzzing))]
pub(crate) use sealed::seal;
pub(crate) use sealed::{Record, sentinel};

#[cfg(test)]
mod tests;
