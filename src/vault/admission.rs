//! What an API key may say.

use crate::api_key::Terms;
use crate::error::Error;

/// Whether an API key may be as these terms say. Every new one and every changed one passes here, inside the change that
/// commits it.
pub(super) fn admit(terms: &Terms<'_>) -> Result<(), Error> {
    Ok(terms.check()?)
}
