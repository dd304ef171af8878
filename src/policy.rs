//! What a vault demands of the acts on it: rules that administrators set, kept in the authenticated keyring.

mod rules;
mod stored;

pub use rules::{Policy, PolicyChange, PolicyError, ReasonPattern};
pub(crate) use stored::RawPolicy;
