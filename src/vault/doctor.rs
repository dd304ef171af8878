//! The doctor: what is wrong with a vault, how grave it is, and what to do.

mod chain;
mod checkup;
mod findings;
mod lookups;
mod records;
mod rows;
mod uses;

use crate::error::Error;
use crate::known_backups::KnownBackup;
use crate::ledger::Ledger;
use crate::vault::Vault;

use findings::Findings;

pub use checkup::{Checkup, Depth};
pub use findings::{Symptom, SymptomSeverity};

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

impl Vault {
    /// Opens every part of every record at one moment, follows the audit chain, compares the digest of the records
    /// with the authenticated head, checks the lookup index, and asks the engine about its files. `watch` learns how many
    /// records have been read.
    pub fn doctor(&self, watch: impl FnMut(u64)) -> Result<DoctorReport, Error> {
        self.examine(&Checkup::new(), watch)
    }

    /// The same, as far as the checkup goes. What is damaged is a finding, and everything else is examined all the same; only
    /// without a keyring that opens there is nothing to examine with.
    pub fn examine(&self, checkup: &Checkup, mut watch: impl FnMut(u64)) -> Result<DoctorReport, Error> {
        let (store, now) = (self.ledger.store(), self.ledger.now());
        let snapshot = store.snapshot()?;
        let rows = &*snapshot;
        let keyring = self.ledger.keyring_in(rows)?;
        let mut findings = Findings::default();
        let head = findings.survive(Ledger::head_in(&keyring, rows))?;
        let rotation = rows::rotation(&keyring, rows, &mut findings)?;
        let backups = rows::backups(&keyring, rows, &mut findings)?;
        let mut report = DoctorReport {
            depth: checkup.depth,
            counted: 0,
            opened: 0,
            compared: false,
            audit_entries: chain::follow(keyring.vault(), rows, head.as_ref(), now, &mut findings)?,
            backups,
            symptoms: vec![],
        };
        if checkup.depth != Depth::Quick {
            let examined = records::examine(&keyring, rows, checkup.depth, &mut findings, &mut watch);
            if let Some(examined) = findings.survive(examined)? {
                (report.counted, report.opened) = (examined.counted, examined.opened);
                report.compared = rows::compare(&keyring, head.as_ref(), &rotation, &examined.sets, &mut findings);
            }
            let looked = lookups::examine(&keyring, rows, &mut findings);
            findings.survive(looked)?;
            let counted = uses::examine(&keyring, rows, &mut findings);
            findings.survive(counted)?;
            findings.engine_check(store.check()?);
        }
        findings.engine(store.concerns()?);
        let ages = checkup.ages.unwrap_or_else(|| keyring.policy().master_key_age_or_default());
        rows::age(&keyring, &ages, now, &mut findings);
        rows::policy(&keyring, &mut findings);
        report.add(findings.into_symptoms());
        Ok(report)
    }
}
