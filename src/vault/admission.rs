//! What the vault lets an API key say, and what it lets an administrator do.

use crate::api_key::Terms;
use crate::error::Error;

/// Whether an API key may be as these terms say. Every new one and every changed one passes here, inside the change that
/// commits it.
pub(super) fn admit(terms: &Terms<'_>) -> Result<(), Error> {
    Ok(terms.check()?)
}

/// Whether a token may be recovered by an act that reissues the API key, or by one that does not. Every recovery passes here,
/// inside the change that commits its audit entry: this is where a rule of the vault can insist on a reissue.
#[expect(clippy::unnecessary_wraps, reason = "there is no such rule yet")]
pub(super) fn admit_recovery(_reissues: bool) -> Result<(), Error> {
    Ok(())
}
