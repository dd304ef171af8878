//! Master keys kept back until one of them is to become the active one, so that it can be judged in full before it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::held::MasterKeys;
use crate::master_key::{Finding, MasterKeyError, Severity, Suspect, Waivers};
use crate::versions::MasterKeyVersion;

/// Copies of the keys a vault was opened with, where it was opened to rotate; wiped once the newest of them is judged.
#[derive(Default)]
pub(crate) struct Candidates(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    suspects: BTreeMap<MasterKeyVersion, Suspect>,
    passed: BTreeSet<MasterKeyVersion>,
}

impl Kept {
    /// An older one is never rotated to, and is only there for what a newer one has to do with it.
    fn forget_up_to(&mut self, version: MasterKeyVersion) {
        if self.suspects.last_key_value().is_none_or(|(newest, _)| *newest <= version) {
            self.suspects.clear();
        }
    }
}

impl Candidates {
    /// All of them: that a key follows from another counts as well.
    pub(crate) fn of(keys: &MasterKeys) -> Self {
        let suspects = keys.iter().map(|(version, key)| (version, Suspect::of(key))).collect();
        let known = keys.iter().filter(|(_, key)| key.is_known_random());
        Self(Mutex::new(Kept { suspects, passed: known.map(|(version, _)| version).collect() }))
    }

    /// Judges one of them, when it is here and was not judged before. Once none is newer, all are forgotten, unless it is refused.
    pub(crate) fn judge(&self, version: MasterKeyVersion, waivers: &Waivers) -> Result<(), MasterKeyError> {
        let mut kept = self.kept();
        if kept.suspects.contains_key(&version) && !kept.passed.contains(&version) {
            // What takes no time first.
            judge(&kept.suspects, version, waivers, Suspect::nearly_published)?;
            judge(&kept.suspects, version, waivers, findings)?;
            kept.passed.insert(version);
        }
        kept.forget_up_to(version);
        Ok(())
    }

    /// Whether one of them is nearly another one, or nearly a published one, and no more: it is neither judged nor forgotten.
    pub(crate) fn compare(&self, version: MasterKeyVersion, waivers: &Waivers) -> Result<(), MasterKeyError> {
        let kept = self.kept();
        if kept.passed.contains(&version) {
            Ok(())
        } else {
            judge(&kept.suspects, version, waivers, Suspect::nearly_published)
        }
    }

    /// One of them becomes the active key unjudged.
    pub(crate) fn pass_over(&self, version: MasterKeyVersion) {
        self.kept().forget_up_to(version);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a key for what these checks say of it, or for what it has to do with the others.
fn judge<F: IntoIterator<Item = Finding>>(
    suspects: &BTreeMap<MasterKeyVersion, Suspect>,
    version: MasterKeyVersion,
    waivers: &Waivers,
    findings: impl FnOnce(&Suspect) -> F,
) -> Result<(), MasterKeyError> {
    let Some((suspect, fingerprint)) = suspects.get(&version).and_then(|it| Some((it, it.fingerprint()?))) else {
        return Ok(());
    };
    let mut findings: Vec<_> = findings(suspect).into_iter().collect();
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
    suspect.quick_findings().into_iter().chain(suspect.nearly_published()).collect()
}
