//! The backups that the vault remembers: whether there are any, how old the last is, and which master keys they need.

use std::time::Duration;

use strongroom::backup::KnownBackup;
use strongroom::doctor::{DoctorReport, Symptom, SymptomSeverity};
use strongroom::{MasterKeyVersion, Timestamp, VaultStatus};

use crate::place::Place;
use crate::shown::backup::{last_finished, last_told, needing_others_told, needs_retired_key};

/// Nothing where the list cannot be believed: that is a finding already.
pub(super) fn judge(
    report: &DoctorReport,
    status: Option<&VaultStatus>,
    max_age: Duration,
    place: &Place,
) -> Vec<Symptom> {
    let Some(known) = &report.backups else { return vec![] };
    let needing = status.and_then(|status| needing_others(known, status.active_master_key, place));
    age(known, max_age, place).into_iter().chain(needing).collect()
}

fn age(known: &[KnownBackup], max: Duration, place: &Place) -> Option<Symptom> {
    let store = place.option();
    let Some(last) = last_finished(known) else {
        let remedy = format!("take one with `strongroom backup{store} FILE`, unless other tools copy the store");
        return Some(Symptom::new("backup-none", SymptomSeverity::Notice, "no finished backup is known", remedy));
    };
    if Timestamp::now().since(last.at) <= max {
        return None;
    }
    let remedy = format!(
        "take one with `strongroom backup{store} FILE`; where other tools copy the store now, `strongroom backup forget{store} --all`"
    );
    let what = format!("the last backup is of {}", last_told(known));
    Some(Symptom::new("backup-old", SymptomSeverity::Warning, what, remedy))
}

fn needing_others(known: &[KnownBackup], active: MasterKeyVersion, place: &Place) -> Option<Symptom> {
    let (what, store) = (needing_others_told(known, active)?, place.option());
    let current = last_finished(known).is_some_and(|last| !needs_retired_key(last, active));
    let instead = format!("take one that the active master key opens with `strongroom backup{store} FILE`, then ");
    let remedy = format!(
        "{}delete those of `strongroom backup list{store}` that nobody needs, and `strongroom backup forget{store} ID` each, or \
         all of them with --needing-other-keys",
        if current { "" } else { &instead }
    );
    Some(Symptom::new("backup-needs-retired-key", SymptomSeverity::Warning, what, remedy))
}
