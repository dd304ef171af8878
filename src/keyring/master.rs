//! The master keys that a keyring names.

use serde::Serialize;

use crate::authority::PublicKey;
use crate::master_key::Fingerprint;
use crate::time::Timestamp;
use crate::versions::MasterKeyVersion;

/// What a master key version is in the life of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KnownMasterKey {
    /// The version.
    pub version: MasterKeyVersion,
    /// Names the key of this version.
    pub fingerprint: Fingerprint,
    /// When the vault began to use it.
    pub added_at: Timestamp,
    /// When another version took its place; `None` for the active one.
    pub retired_at: Option<Timestamp>,
    /// The public key of its authority for this vault, which signed the rows and statements of its time.
    pub public_key: PublicKey,
    /// The last audit entry that its authority speaks for; `None` for the active one.
    pub ended: Option<u64>,
    /// Whether the authority of the version before signed that this one follows. It did not for the first version, nor where the version
    /// before had leaked.
    pub handed_over: bool,
}

/// Stored times were written by a clock; one outside the calendar is shown as the epoch.
pub(crate) fn clamped(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis).unwrap_or_else(|| Timestamp::from(std::time::UNIX_EPOCH))
}
