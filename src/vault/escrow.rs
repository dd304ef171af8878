//! Splitting a master key of the vault into shares.

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::key_share::{KeyShare, Split};
use crate::keyring::KeyringError;
use crate::master_key::MasterKey;
use crate::vault::handle::Vault;

impl Vault {
    /// Splits a master key that this vault was opened with into shares that name the vault. The audit entry is durable before
    /// the shares are returned; when it cannot be written, there are none.
    pub fn split_master_key(&self, key: &MasterKey, split: &Split, act: &Act) -> Result<Vec<KeyShare>, Error> {
        act.check()?;
        let version = split.version;
        if self.ledger.keks().fingerprint(version) != Some(key.fingerprint()) {
            return Err(KeyringError::NotConfigured { version }.into());
        }
        let split = split.vault(self.ledger.keyring().vault());
        let shares = key.split(&split)?;
        let draft = Draft::of(Action::Split).count("master_key", version.into());
        let draft = draft.count("shares", split.number.into()).count("threshold", split.threshold.into());
        let recorded = self.ledger.change(act, |change| {
            change.audit(draft.clone());
            Ok(())
        });
        self.ledger.keep_refusal(act, draft, recorded)?;
        Ok(shares)
    }
}
