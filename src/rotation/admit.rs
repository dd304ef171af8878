//! The strength of the master key that a rotation goes to, judged before the rotation begins.

use super::options::RotateOptions;
use super::row::read_state;
use crate::error::{Detail, Error};
use crate::ledger::Ledger;
use crate::versions::MasterKeyVersion;

/// Refuses a new master key that the strength checks refuse, where the vault was opened to rotate and has kept it. One that is the
/// active one already is not judged: the rotation to it goes on.
pub(super) fn admit(ledger: &Ledger, options: &RotateOptions) -> Result<(), Error> {
    let keyring = ledger.reload()?;
    let goes_on = read_state(ledger)?.is_some_and(|open| !options.replace(&open.state, &keyring));
    if keyring.retiring_generation().is_some() || goes_on {
        return Ok(());
    }
    // A target that cannot be is refused where the rotation begins, which also looks whether others are at it.
    let Ok(to) = options.target(&keyring, ledger.keks()) else { return Ok(()) };
    if options.quick {
        compare(ledger, options, to)?;
        ledger.keks().candidates().pass_over(to);
        return Ok(());
    }
    judge(ledger, options, to)
}

/// For a plan: whether the rotation to a key would be refused, as far as anybody can say who has not the key at hand.
pub(super) fn foresee(ledger: &Ledger, options: &RotateOptions, to: MasterKeyVersion) -> Result<(), Error> {
    if options.quick { compare(ledger, options, to) } else { judge(ledger, options, to) }
}

/// That a key is nearly another one is never what somebody wanted, however quick it has to be.
fn compare(ledger: &Ledger, options: &RotateOptions, version: MasterKeyVersion) -> Result<(), Error> {
    let compared = ledger.keks().candidates().compare(version, &options.waivers);
    compared.map_err(|fault| Detail::MasterKeyWeak { version, fault }.into())
}

fn judge(ledger: &Ledger, options: &RotateOptions, version: MasterKeyVersion) -> Result<(), Error> {
    let judged = ledger.keks().candidates().judge(version, &options.waivers);
    judged.map_err(|fault| Detail::MasterKeyWeak { version, fault }.into())
}
