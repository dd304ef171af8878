//! The audit log: one JSON line for each administrative act, each holding the hash of the one before.

mod act;
mod action;
mod chain;
mod entry;
mod fault;
mod filter;

pub use act::{Act, ActError};
pub use action::Action;
pub(crate) use chain::{ChainEnd, Draft, EVENTS, row_key};
pub(crate) use entry::rfc3339;
pub use entry::{AuditEntry, Outcome};
pub use fault::AuditFault;
pub use filter::AuditFilter;
