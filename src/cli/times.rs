//! Times that were given, and that must lie ahead.

use std::time::Duration;

use strongroom::Timestamp;

use crate::args::Expiry;
use crate::failure::Failure;

/// Refuses what the option says when it is past.
pub(crate) fn to_come(option: &str, at: Timestamp, hint: &str) -> Result<Timestamp, Failure> {
    let past = || Failure::input(format!("{option} lies in the past"), hint);
    Some(at).filter(|at| *at > Timestamp::now()).ok_or_else(past)
}

pub(crate) fn from_now(span: Duration) -> Timestamp {
    Timestamp::now().saturating_add(span)
}

/// The time of expiry asked for.
pub(crate) fn new_expiry(expiry: &Expiry) -> Result<Option<Timestamp>, Failure> {
    let ahead = |at| to_come("--expires-at", at, "give a time to come");
    Ok(expiry.expires_at.map(ahead).transpose()?.or(expiry.expires_in.map(from_now)))
}
