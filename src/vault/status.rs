//! What an operator asks first: which keys, how many records, is a rotation open.

use crate::error::Error;
use crate::keyring::MasterKeyVersion;
use crate::master_key::{Finding, Fingerprint};
use crate::policy::Policy;
use crate::rotation::{Census, OpenRotation, census, open_in};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::vault::Vault;
use crate::vault_id::VaultId;

/// The state of a vault at one moment, without opening any record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultStatus {
    /// The vault's id.
    pub vault: VaultId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The suite of new seals.
    pub suite: Suite,
    /// Every master key version it has had, oldest first.
    pub master_keys: Vec<MasterKeyVersion>,
    /// The active version.
    pub active_master_key: u32,
    /// Versions and fingerprints this process was given.
    pub configured: Vec<(u32, Fingerprint)>,
    /// The generation of every new seal.
    pub active_generation: u32,
    /// API keys by generation, revoked and expired ones included.
    pub census: Vec<Census>,
    /// The rules it is under.
    pub policy: Policy,
    /// Audit entries.
    pub audit_entries: u64,
    /// Imported tokens that only a retired lookup key finds.
    pub stale_lookups: u64,
    /// The rotation that is open.
    pub rotation: Option<OpenRotation>,
}

impl VaultStatus {
    /// API keys of all generations.
    pub fn record_count(&self) -> u64 {
        self.census.iter().fold(0, |sum, census| sum.saturating_add(census.records))
    }

    /// What the policy says of the age of the active master key.
    pub fn age_finding(&self, now: Timestamp) -> Option<Finding> {
        let active = self.master_keys.iter().find(|key| key.version == self.active_master_key)?;
        self.policy.master_key_age_or_default().judge(active.version, active.added_at, now)
    }

    /// Configured versions that nothing in this vault needs any more.
    pub fn removable(&self) -> impl Iterator<Item = u32> {
        let retired = |version: &u32| self.master_keys.iter().any(|m| m.version == *version && m.retired_at.is_some());
        self.configured.iter().map(|(version, _)| *version).filter(retired)
    }
}

impl Vault {
    /// The state of the vault. Reads three rows.
    pub fn status(&self) -> Result<VaultStatus, Error> {
        let snapshot = self.ledger.store().snapshot()?;
        let (keyring, head) = self.ledger.read_together(&*snapshot)?;
        let open = open_in(&keyring, &*snapshot)?;
        Ok(VaultStatus {
            vault: keyring.vault(),
            created_at: keyring.created_at(),
            suite: keyring.suite(),
            master_keys: keyring.masters().collect(),
            active_master_key: keyring.active_master(),
            configured: self.ledger.keks().versions().collect(),
            active_generation: keyring.active_generation(),
            census: census(&self.ledger, &*snapshot)?,
            policy: keyring.policy().clone(),
            audit_entries: head.chain.seq,
            stale_lookups: keyring.stale_lookup_rows(),
            rotation: open.map(|state| OpenRotation::of(&state, self.ledger.now())),
        })
    }
}
