//! Why a keyring does not open.

use crate::master_key::Fingerprint;
use crate::secret::RandomError;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

/// Why the keyring does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Written by a later version of strongroom.
    #[error("the keyring has format version {found}, which this version of strongroom does not know")]
    Format {
        /// The version found.
        found: u8,
    },
    /// The vault uses something that came with a later version of strongroom.
    #[error("the vault uses {name:?}, which this version of strongroom does not know")]
    Feature {
        /// Its name in docs/format.md, or in that of the later version.
        name: String,
    },
    /// Not a keyring at all.
    #[error("the keyring is malformed")]
    Malformed,
    /// The active master key is not among the configured ones.
    #[error("master key {version} with fingerprint {fingerprint} is needed, and {}", configured_text(.configured))]
    MissingMasterKey {
        /// The version the vault needs.
        version: MasterKeyVersion,
        /// Its fingerprint.
        fingerprint: Fingerprint,
        /// What is configured instead.
        configured: Vec<(MasterKeyVersion, Fingerprint)>,
    },
    /// A version was asked for that is not configured.
    #[error("master key {version} is not configured")]
    NotConfigured {
        /// The version.
        version: MasterKeyVersion,
    },
    /// The verifier key of the active master key is not among the configured ones.
    #[error(
        "the verifier key of master key {version} with fingerprint {fingerprint} is needed, and {}",
        configured_text(.configured)
    )]
    MissingVerifierKey {
        /// The master key version the vault needs.
        version: MasterKeyVersion,
        /// Its fingerprint.
        fingerprint: Fingerprint,
        /// What is configured instead.
        configured: Vec<(MasterKeyVersion, Fingerprint)>,
    },
    /// The vault was put back to a backup, or another copy of it stands in its place: not the one that was opened.
    #[error(
        "the vault is on another line than the one that was opened: it was restored from a backup, or exchanged for a copy"
    )]
    OtherLine,
    /// An older keyring stands where a newer one was seen.
    #[error(
        "the keyring has revision {found}, and does not follow the one of revision {seen} that was seen before: an older one was put back"
    )]
    PutBack {
        /// The revision that stands there.
        found: u64,
        /// The highest one that was seen.
        seen: u64,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key of a new version has been used by this vault before.
    #[error("master key {version} is the same key as version {used_as}")]
    RetiredKey {
        /// The new version.
        version: MasterKeyVersion,
        /// The version it has been.
        used_as: MasterKeyVersion,
    },
    /// The version has been used by this vault before.
    #[error("master key version {version} has been used before")]
    RetiredVersion {
        /// The version.
        version: MasterKeyVersion,
    },
    /// The signature of the row is wrong.
    #[error("the keyring failed authentication")]
    Unauthentic,
    /// A wrap does not open although the master key is the right one.
    #[error("a data key of generation {generation} does not unwrap")]
    Unwrap {
        /// The generation.
        generation: Generation,
    },
    /// A verifier key is for another vault.
    #[error("verifier key {version} is for vault {found}, and this is vault {expected}")]
    VerifierKeyVault {
        /// The version.
        version: MasterKeyVersion,
        /// The vault that was opened.
        expected: VaultId,
        /// The vault it is for.
        found: VaultId,
    },
    /// This needs a master key, and there are only verifier keys.
    #[error("this needs a master key, and only verifier keys are configured")]
    VerifierOnly,
    /// The key configured for a version is not the vault's.
    #[error(
        "master key {version} should have fingerprint {expected} and has {found}{}",
        belongs_text(*.belongs_to)
    )]
    WrongMasterKey {
        /// The version.
        version: MasterKeyVersion,
        /// What the vault knows.
        expected: Fingerprint,
        /// What is configured.
        found: Fingerprint,
        /// The version the configured key really is.
        belongs_to: Option<MasterKeyVersion>,
    },
    /// The verifier key configured for a version is that of another master key.
    #[error(
        "verifier key {version} should be that of the master key with fingerprint {expected}, and is that of {found}{}",
        belongs_text(*.belongs_to)
    )]
    WrongVerifierKey {
        /// The version.
        version: MasterKeyVersion,
        /// What the vault knows.
        expected: Fingerprint,
        /// What is configured.
        found: Fingerprint,
        /// The version it really is of.
        belongs_to: Option<MasterKeyVersion>,
    },
}

/// Why a public key that was pinned does not lead to the one of today.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// It is that of a version that has ended, and nothing that was kept shows where that was: who holds the old key could have made the
    /// hand-over.
    #[error(
        "the pinned public key is that of master key {version}, which ended with audit entry {ended}, and no checkpoint that it signed \
         up to there was given: who has kept the old key could have made this hand-over"
    )]
    Ended {
        /// The version.
        version: MasterKeyVersion,
        /// The last audit entry that it speaks for.
        ended: u64,
    },
    /// A hand-over is there, and was not signed by the version before.
    #[error("the hand-over to master key {version} is not signed by the version before")]
    HandOver {
        /// The version after.
        version: MasterKeyVersion,
    },
    /// The keyring itself.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The version before had leaked, or somebody took the hand-over away.
    #[error(
        "nothing was handed over to master key {version}, as after a leak of the one before: the public key has to be pinned anew"
    )]
    NotHandedOver {
        /// The version after.
        version: MasterKeyVersion,
    },
    /// It names another vault.
    #[error("the pinned key names vault {found}, and this is vault {expected}")]
    OtherVault {
        /// The vault that was opened.
        expected: VaultId,
        /// The one that was pinned.
        found: VaultId,
    },
    /// No version of the vault has this public key.
    #[error(
        "the pinned public key is that of no master key version of this vault: it is another vault's, or another store, or an older \
         one, stands in its place"
    )]
    Unknown,
}

fn configured_text(configured: &[(MasterKeyVersion, Fingerprint)]) -> String {
    let named: Vec<_> = configured.iter().map(|(version, print)| format!("{version} ({print})")).collect();
    if named.is_empty() { "none is configured".into() } else { format!("configured is {}", named.join(", ")) }
}

fn belongs_text(belongs_to: Option<MasterKeyVersion>) -> String {
    belongs_to.map(|version| format!(", which is the fingerprint of version {version}")).unwrap_or_default()
}
