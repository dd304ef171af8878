//! Encryption for people: age files (age-encryption.org/v1). Without the feature `age` the program neither writes nor reads them.

#[cfg(feature = "age")]
mod built_in;
#[cfg(not(feature = "age"))]
mod left_out;
mod plain;

#[cfg(feature = "age")]
pub(crate) use built_in::{Identities, Recipients};
#[cfg(not(feature = "age"))]
pub(crate) use left_out::{Identities, Recipients};
