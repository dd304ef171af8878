//! The backups that a vault remembers.

use serde_json::{Value, json};
use strongroom::backup::KnownBackup;
use strongroom::{MasterKeyVersion, Timestamp, Vault, VaultStatus};

use crate::text::counted;

/// Whether it opens only with another master key than the active one.
pub(crate) fn needs_retired_key(backup: &KnownBackup, active: MasterKeyVersion) -> bool {
    backup.master_key != active
}

/// Those that need another master key than `active`, for programs.
pub(crate) fn needing_others(known: &[KnownBackup], active: MasterKeyVersion) -> Value {
    known.iter().filter(|backup| needs_retired_key(backup, active)).map(document).collect()
}

/// A backup in a report on its vault.
pub(crate) fn document(backup: &KnownBackup) -> Value {
    json!({
        "id": backup.id.to_string(), "at": backup.at.to_string(), "file_name": backup.file_name,
        "master_key": backup.master_key, "fingerprint": backup.fingerprint.to_string(),
    })
}

/// The same in words; nothing where there are none.
pub(crate) fn needing_others_told(known: &[KnownBackup], active: MasterKeyVersion) -> Option<String> {
    let needing: Vec<_> = known.iter().filter(|backup| needs_retired_key(backup, active)).collect();
    let mut versions: Vec<_> = needing.iter().map(|backup| backup.master_key).collect();
    versions.sort_unstable();
    versions.dedup();
    let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
    let (newest, count) = (needing.last()?, needing.len() as u64);
    let need = if count == 1 { "needs" } else { "need" };
    Some(format!(
        "{} {need} master key {}: keep it apart as long as they are kept (the newest is of {})",
        counted(count, "backup"),
        versions.join(", "),
        newest.at
    ))
}

/// When the last one was finished, in words.
pub(crate) fn last_told(known: &[KnownBackup]) -> String {
    let Some(last) = last_finished(known) else { return "none known".into() };
    let days = Timestamp::now().since(last.at).as_secs() / 86_400;
    let age = if days == 0 { "today".to_owned() } else { format!("{} ago", counted(days, "day")) };
    format!("{}, {age}, opens with master key {}", last.at, last.master_key)
}

pub(crate) fn last_finished(known: &[KnownBackup]) -> Option<&KnownBackup> {
    known.iter().rev().find(|backup| backup.finished)
}

/// The vault's backups for a report on it. A list that cannot be read is for the doctor to tell.
pub(crate) fn known_or_none(vault: &Vault) -> Vec<KnownBackup> {
    vault.backups().unwrap_or_default()
}

/// Keeps what `status` says of a vault and its backups in one place.
pub(crate) fn status_rows(status: &VaultStatus, known: &[KnownBackup]) -> Vec<(&'static str, String)> {
    let needing = needing_others_told(known, status.active_master_key).map(|told| ("old backups", told));
    [("last backup", last_told(known))].into_iter().chain(needing).collect()
}
