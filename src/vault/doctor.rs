//! The doctor: what is wrong with a vault, how grave it is, and what to do.

mod audit;
mod checkup;
mod findings;
mod lookups;
mod records;
mod rows;
mod uses;

use crate::arguments::Verdict;
use crate::commitments::Commitments;
use crate::error::Error;
use crate::fence::KnownFence;
use crate::known_backups::KnownBackup;
use crate::ledger::Ledger;
use crate::rotation::copies;
use crate::vault::handle::Vault;

use findings::Findings;

pub use checkup::{Checkup, Depth};
pub use findings::{Symptom, SymptomSeverity};

/// How far the doctor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckupProgress {
    /// API keys whose record was read and counted.
    pub counted: u64,
}

/// What the doctor found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoctorReport {
    /// How far it looked.
    pub depth: Depth,
    /// API keys whose record was read and counted.
    pub counted: u64,
    /// API keys whose every part was opened.
    pub opened: u64,
    /// Whether the digest of all records was compared with the authenticated head.
    pub compared: bool,
    /// Audit entries followed.
    pub audit_entries: u64,
    /// The backups that the vault remembers, oldest first; `None` when their list cannot be believed.
    pub backups: Option<Vec<KnownBackup>>,
    /// Findings, the gravest first; none in a healthy vault.
    pub symptoms: Vec<Symptom>,
}

impl DoctorReport {
    /// The gravest finding.
    pub fn worst(&self) -> Option<SymptomSeverity> {
        self.symptoms.iter().map(|symptom| symptom.severity).max()
    }

    /// Takes in findings from elsewhere, such as of files that the vault does not know of.
    pub fn add(&mut self, symptoms: impl IntoIterator<Item = Symptom>) {
        self.symptoms.extend(symptoms);
        self.symptoms.sort_by_key(|symptom| std::cmp::Reverse(symptom.severity));
    }
}

/// # Examining
impl Vault {
    /// Opens every part of every record at one moment, follows the audit chain, compares the digest of the records
    /// with the authenticated head, checks the lookup index, and asks the engine about its files.
    ///
    /// `watch` is called while records are read, and may stop it; the error is then [`StoreError::Stopped`](crate::store::StoreError::Stopped).
    pub fn doctor<V: Verdict>(&self, watch: impl FnMut(CheckupProgress) -> V) -> Result<DoctorReport, Error> {
        self.examine(&Checkup::new(), watch)
    }

    /// The same, as far as the checkup goes. What is damaged is a finding, and everything else is examined all the same; only
    /// without a keyring that opens there is nothing to examine with.
    pub fn examine<V: Verdict>(
        &self,
        checkup: &Checkup,
        mut watch: impl FnMut(CheckupProgress) -> V,
    ) -> Result<DoctorReport, Error> {
        let (store, now) = (self.ledger.store(), self.ledger.now());
        let snapshot = store.snapshot()?;
        let rows = &*snapshot;
        let keyring = self.ledger.keyring_in(rows)?;
        let mut findings = Findings::default();
        let head = findings.survive(Ledger::head_in(&keyring, rows))?;
        let rotation = rows::rotation(&keyring, rows, &mut findings)?;
        let backups = rows::backups(&keyring, head.as_ref(), rows, &mut findings)?;
        findings.survive(KnownFence::check(rows, &keyring))?;
        let records = head
            .as_ref()
            .map_or(0, |head| head.sets().values().fold(0_u64, |sum, set| sum.saturating_add(set.count())));
        let mut log = (checkup.depth != Depth::Quick).then(|| Commitments::new(keyring.vault(), records));
        let followed = audit::follow(keyring.vault(), rows, head.as_ref(), now, log.as_mut(), &mut findings)?;
        let log = log.filter(|_| followed.whole);
        let mut report = DoctorReport {
            depth: checkup.depth,
            counted: 0,
            opened: 0,
            compared: false,
            audit_entries: followed.entries,
            backups,
            symptoms: vec![],
        };
        if checkup.depth != Depth::Quick {
            let examined =
                records::examine(&keyring, rows, log.as_ref(), checkup.depth, &mut findings, &mut |counted| {
                    watch(CheckupProgress { counted }).flow()
                });
            if let Some(examined) = findings.survive(examined)? {
                (report.counted, report.opened) = (examined.counted, examined.opened);
                if let Some(log) = &log {
                    let missing = records::missing(log, rows, &mut findings);
                    findings.survive(missing)?;
                }
                report.compared = rows::compare(&keyring, head.as_ref(), &rotation, &examined.sets, &mut findings);
            }
            let looked = lookups::examine(&keyring, rows, &mut findings);
            findings.survive(looked)?;
            let counted = uses::examine(&keyring, rows, &mut findings);
            findings.survive(counted)?;
            findings.engine_check(store.check()?);
            findings.copies(copies(store, &keyring)?);
            let looked = rows::unknown(rows, &mut findings);
            findings.survive(looked)?;
        }
        findings.engine(store.concerns()?);
        let ages = checkup.ages.unwrap_or_else(|| keyring.policy().master_key_age_or_default());
        rows::age(&keyring, &ages, now, &mut findings);
        rows::policy(&keyring, &mut findings);
        report.add(findings.into_symptoms());
        Ok(report)
    }
}
