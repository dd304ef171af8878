//! Master keys: as a list of them takes one, and by their fingerprints.

use strongroom::{MasterKeyVersion, SecretText, VaultStatus};

/// `VERSION:KEY`, or the key alone where no version is given. Verifier keys are written in the same way.
pub(crate) fn entry(version: Option<MasterKeyVersion>, key: SecretText) -> SecretText {
    let Some(version) = version else { return key };
    // Sized first: growing would leave copies behind.
    let mut entry = String::with_capacity(16 + key.expose().len());
    entry.push_str(&version.to_string());
    entry.push(':');
    entry.push_str(key.expose());
    SecretText::new(entry)
}

/// The fingerprint of a master key that the vault has, or has had.
pub(crate) fn fingerprint(status: &VaultStatus, version: MasterKeyVersion) -> String {
    let found = status.master_keys.iter().find(|key| key.version == version);
    found.map_or_else(|| "unknown".into(), |key| key.fingerprint.to_string())
}
