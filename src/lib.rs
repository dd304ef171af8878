//! strongroom
mod time;
mod secret;
mod suite;
mod master_key;
mod master_keys;
mod keyring;
mod token;
mod api_key;
mod record;
mod record_set;
mod audit;
mod store;

pub use api_key::*;
pub use audit::*;
pub use master_key::*;
pub use master_keys::*;
pub use store::*;
pub use suite::Suite;
pub use time::*;
pub use token::*;
