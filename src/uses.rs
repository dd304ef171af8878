//! How an API key is used: how often, when last and from where, for what, and why its token was refused.

mod counters;
mod endpoint;
mod stored;
mod tally;
mod usage;

pub(crate) use counters::{Counters, Pending};
pub use stored::UsageError;
pub(crate) use stored::{UsageRow, UsageSealer};
pub use usage::Usage;
