//! What an operator asks first: which keys, how many records, is a rotation open.

use serde::{Serialize, Serializer};

use crate::error::{Detail, Error};
use crate::keyring::{self, KnownMasterKey};
use crate::ledger::KEYRING;
use crate::master_key::{Finding, Fingerprint};
use crate::policy::Policy;
use crate::rotation::{Census, OpenRotation, census, open_in};
use crate::store::{Rows, Table};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::vault::handle::Verifier;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

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
    pub master_keys: Vec<KnownMasterKey>,
    /// The active version.
    pub active_master_key: MasterKeyVersion,
    /// Versions and fingerprints this process was given.
    pub configured: Vec<(MasterKeyVersion, Fingerprint)>,
    /// The generation of every new seal.
    pub active_generation: Generation,
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
    pub fn removable(&self) -> impl Iterator<Item = MasterKeyVersion> {
        let retired = |version: &MasterKeyVersion| {
            self.master_keys.iter().any(|m| m.version == *version && m.retired_at.is_some())
        };
        self.configured.iter().map(|(version, _)| *version).filter(retired)
    }
}

impl Serialize for VaultStatus {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written {
            vault: self.vault,
            created_at: self.created_at,
            suite: self.suite,
            master_keys: &self.master_keys,
            active_master_key: self.active_master_key,
            configured: self
                .configured
                .iter()
                .map(|&(version, fingerprint)| Configured { version, fingerprint })
                .collect(),
            removable: self.removable().collect(),
            records: self.record_count(),
            generations: &self.census,
            active_generation: self.active_generation,
            audit_entries: self.audit_entries,
            stale_lookups: self.stale_lookups,
            policy: &self.policy,
            rotation: self.rotation.as_ref(),
        }
        .serialize(to)
    }
}

#[derive(Serialize)]
struct Written<'a> {
    vault: VaultId,
    created_at: Timestamp,
    suite: Suite,
    master_keys: &'a [KnownMasterKey],
    active_master_key: MasterKeyVersion,
    configured: Vec<Configured>,
    removable: Vec<MasterKeyVersion>,
    records: u64,
    generations: &'a [Census],
    active_generation: Generation,
    audit_entries: u64,
    stale_lookups: u64,
    policy: &'a Policy,
    rotation: Option<&'a OpenRotation>,
}

#[derive(Serialize)]
struct Configured {
    version: MasterKeyVersion,
    fingerprint: Fingerprint,
}

/// # Status
impl Verifier {
    /// The state of the vault. Reads three rows. What is configured are the master keys, or of a [`Verifier::open`] the
    /// verifier keys.
    pub fn status(&self) -> Result<VaultStatus, Error> {
        self.at_one_moment(|rows, keyring, head| {
            let open = open_in(keyring, rows)?;
            Ok(VaultStatus {
                vault: keyring.vault(),
                created_at: keyring.created_at(),
                suite: keyring.suite(),
                master_keys: keyring.masters().collect(),
                active_master_key: keyring.active_master(),
                configured: self.ledger.keks().versions().collect(),
                active_generation: keyring.active_generation(),
                census: census(&self.ledger, rows)?,
                policy: keyring.policy().clone(),
                audit_entries: head.chain.seq,
                stale_lookups: keyring.stale_lookup_rows(),
                rotation: open.map(|state| OpenRotation::of(&state, self.ledger.now())),
            })
        })
    }
}

/// Every master key version that the vault in a store has had, retired ones included, without any master key.
///
/// Nothing is authenticated then: whoever can write the store could have changed what this returns. It is good enough to
/// look for leaked keys, and for nothing that decides about access.
pub fn known_fingerprints(store: &impl Rows) -> Result<Vec<KnownMasterKey>, Error> {
    let row = store.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
    Ok(keyring::claimed_masters(&row)?)
}
