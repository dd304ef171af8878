//! What is done beside the records: verifier keys and shares of a master key that are given into other hands, and repairs.

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
#[cfg(feature = "escrow")]
use crate::key_share::{KeyShare, Split};
use crate::keyring::KeyringError;
#[cfg(feature = "escrow")]
use crate::master_key::MasterKey;
use crate::vault::handle::Vault;
use crate::verifier_key::VerifierKey;
use crate::versions::MasterKeyVersion;

/// # Examining
impl Vault {
    /// Writes into the audit log that the store of the vault was mended, and how many of each kind: files, what was left behind, and what
    /// stood in the store (`Vault::mend`, with SQLite, which this makes durable). A reason is required. What the program's `doctor --repair`
    /// does is recorded with it.
    pub fn record_repair<'a>(&self, mended: impl IntoIterator<Item = (&'a str, u64)>, act: &Act) -> Result<(), Error> {
        let draft = mended.into_iter().fold(Draft::of(Action::Repair), |draft, (what, count)| draft.count(what, count));
        let recorded = act.check_with_reason().map_err(Error::from).and_then(|()| {
            self.ledger.change(act, |change| {
                change.audit(draft.clone());
                Ok(())
            })
        });
        self.ledger.keep_refusal(act, draft, recorded)
    }
}

/// # Keys for other hands
impl Vault {
    /// The verifier key of a configured master key version, for this vault. A reason is required. The audit entry is
    /// durable before the key is returned; when it cannot be written, there is no key.
    pub fn issue_verifier_key(&self, version: MasterKeyVersion, act: &Act) -> Result<VerifierKey, Error> {
        let subject = Draft::of(Action::VerifierKey).count("master_key", version.into());
        self.ledger.keep_refusal(act, subject.clone(), self.hand_out(version, act, subject))
    }

    /// Splits a master key that this vault was opened with into shares that name the vault. The audit entry is durable before
    /// the shares are returned; when it cannot be written, there are none.
    #[cfg(feature = "escrow")]
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

    fn hand_out(&self, version: MasterKeyVersion, act: &Act, subject: Draft) -> Result<VerifierKey, Error> {
        act.check_with_reason()?;
        let key = self.ledger.keks().verifier_key(version, self.ledger.keyring().vault());
        let key = key.ok_or(KeyringError::NotConfigured { version })?;
        self.ledger.change(act, |change| {
            change.audit(subject.clone());
            Ok(())
        })?;
        Ok(key)
    }
}
