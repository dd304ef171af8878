//! The strength of the master key that a rotation goes to, judged before the rotation begins.

use super::options::RotateOptions;
use super::row::read_state;
use crate::error::{Detail, Error};
use crate::ledger::Ledger;

/// Refuses a new master key that the full strength checks refuse. One that is the active one already is not judged: the rotation to
/// it goes on.
pub(super) fn admit(ledger: &Ledger, options: &RotateOptions) -> Result<(), Error> {
    if !cfg!(feature = "strength") || options.quick {
        return Ok(());
    }
    let keyring = ledger.reload()?;
    if keyring.retiring_generation().is_some() || read_state(ledger)?.is_some() {
        return Ok(());
    }
    // A target that cannot be is refused where the rotation begins, which also looks whether others are at it.
    let Ok(to) = options.target(&keyring, ledger.keks()) else { return Ok(()) };
    match ledger.keks().candidates().judge(to, &options.waivers) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Detail::MasterKeyUnjudged { version: to }.into()),
        Err(fault) => Err(Detail::MasterKeyWeak { version: to, fault }.into()),
    }
}
