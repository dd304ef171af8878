//! Master keys kept back until one of them is to become the active one, so that it can be judged in full before it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::MasterKeys;
use crate::master_key::{Finding, MasterKeyError, Severity, Suspect, Waivers};
use crate::versions::MasterKeyVersion;

/// Copies of the keys a vault was opened with, where it was opened to rotate; wiped once one of them is judged.
#[derive(Default)]
pub(crate) struct Candidates(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    suspects: BTreeMap<MasterKeyVersion, Suspect>,
    passed: BTreeSet<MasterKeyVersion>,
}

impl Candidates {
    /// All of them: that a key follows from another counts as well.
    pub(crate) fn of(keys: &MasterKeys) -> Self {
        let suspects = keys.iter().map(|(version, key)| (version, Suspect::of(key))).collect();
        let known = keys.iter().filter(|(_, key)| key.is_known_random());
        Self(Mutex::new(Kept { suspects, passed: known.map(|(version, _)| version).collect() }))
    }

    /// Of those that need no judgement, their versions alone.
    pub(crate) fn known_random(keys: &MasterKeys) -> Self {
        let candidates = Self::of(keys);
        candidates.kept().suspects.clear();
        candidates
    }

    /// Judges one of them and forgets all, unless it is refused. Whether it could be judged, or need not be.
    pub(crate) fn judge(&self, version: MasterKeyVersion, waivers: &Waivers) -> Result<bool, MasterKeyError> {
        let mut kept = self.kept();
        if !kept.passed.contains(&version) {
            if !kept.suspects.contains_key(&version) {
                return Ok(false);
            }
            judge(&kept.suspects, version, waivers)?;
            kept.passed.insert(version);
        }
        kept.suspects.clear();
        Ok(true)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a key for what the full checks say of it, or for what it has to do with the others.
fn judge(
    suspects: &BTreeMap<MasterKeyVersion, Suspect>,
    version: MasterKeyVersion,
    waivers: &Waivers,
) -> Result<(), MasterKeyError> {
    let Some((suspect, fingerprint)) = suspects.get(&version).and_then(|it| Some((it, it.fingerprint()?))) else {
        return Ok(());
    };
    let mut findings = findings(suspect);
    let others = suspects.iter().filter(|(other, _)| **other != version);
    findings.extend(others.filter_map(|(number, other)| suspect.relation(other, &format!("master key {number}"))));
    let counts = |finding: &Finding| finding.severity == Severity::Refuse && !waivers.waives(finding, fingerprint);
    findings.retain(counts);
    if findings.is_empty() { Ok(()) } else { Err(MasterKeyError::Weak { fingerprint, findings }) }
}

#[cfg(feature = "strength")]
fn findings(suspect: &Suspect) -> Vec<Finding> {
    // About a second; on a busy machine longer, and not less thorough.
    suspect.findings(crate::time::Timestamp::now())
}

#[cfg(not(feature = "strength"))]
fn findings(suspect: &Suspect) -> Vec<Finding> {
    suspect.quick_findings()
}
