//! Giving out verifier keys.

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::keyring::KeyringError;
use crate::vault::handle::Vault;
use crate::verifier_key::VerifierKey;

impl Vault {
    /// The verifier key of a configured master key version, for this vault. A reason is required. The audit entry is
    /// durable before the key is returned; when it cannot be written, there is no key.
    pub fn issue_verifier_key(&self, version: u32, act: &Act) -> Result<VerifierKey, Error> {
        let subject = Draft::of(Action::VerifierKey).count("master_key", version.into());
        self.ledger.keep_refusal(act, subject.clone(), self.hand_out(version, act, subject))
    }

    fn hand_out(&self, version: u32, act: &Act, subject: Draft) -> Result<VerifierKey, Error> {
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
