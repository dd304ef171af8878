//! strongroom
mod api_key;
mod audit;
mod keyring;
mod master_key;
mod master_keys;
mod record;
mod record_set;
mod secret;
mod store;
mod suite;
mod time;
mod token;

pub use api_key::*;
pub use audit::*;
pub use master_key::*;
pub use master_keys::*;
pub use store::*;
pub use suite::Suite;
pub use time::*;
pub use token::*;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
