//! The fingerprints of a vault's master keys, for those who have none of the keys.

use crate::error::{Detail, Error};
use crate::keyring::{self, MasterKeyVersion};
use crate::ledger::KEYRING;
use crate::store::{Rows, Table};

/// Every master key version that the vault in a store has had, retired ones included, without any master key.
///
/// Nothing is authenticated then: whoever can write the store could have changed what this returns. It is good enough to
/// look for leaked keys, and for nothing that decides about access.
pub fn known_fingerprints(store: &impl Rows) -> Result<Vec<MasterKeyVersion>, Error> {
    let row = store.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
    Ok(keyring::claimed_masters(&row)?)
}
