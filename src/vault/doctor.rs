//! The doctor: reads everything in the store and says what is wrong with it.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::{LookupRow, SENTINEL_INDEX};
use crate::record::{Record, RecordError};
use crate::record_set::RecordSet;
use crate::rotation::{Phase, open_in};
use crate::store::{Rows, Table};
use crate::token::ApiKeyId;
use crate::vault::Vault;
use crate::vault::admin::verify_chain;

/// What the doctor found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoctorReport {
    /// API keys whose every part was opened.
    pub opened: u64,
    /// Audit entries followed.
    pub audit_entries: u64,
    /// Findings, the gravest first; none in a healthy vault.
    pub symptoms: Vec<Symptom>,
}

impl DoctorReport {
    /// The gravest finding.
    pub fn worst(&self) -> Option<SymptomSeverity> {
        self.symptoms.iter().map(|symptom| symptom.severity).max()
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Symptom {
    /// A stable name for scripts.
    pub id: &'static str,
    /// How grave it is.
    pub severity: SymptomSeverity,
    /// What was found.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SymptomSeverity {
    /// Should be looked after.
    Warning,
    /// Stored bytes are not what strongroom wrote.
    Damage,
}

impl Vault {
    /// Opens every part of every record at one moment, follows the audit chain, compares the digest of the records
    /// with the authenticated head, checks the lookup index, and asks the engine about its files.
    pub fn doctor(&self, mut watch: impl FnMut(u64)) -> Result<DoctorReport, Error> {
        let snapshot = self.ledger.store().snapshot()?;
        let rows = &*snapshot;
        let (keyring, head) = self.ledger.read_together(rows)?;
        let open = open_in(&keyring, rows)?;
        let mut examination = Examination { keyring: &keyring, rows, symptoms: vec![] };
        let (opened, found) = examination.records(&mut watch)?;
        let moved = open.as_ref().map(|state| &state.sets);
        for generation in keyring.generations() {
            let of = |sets: &BTreeMap<u32, RecordSet>| sets.get(&generation).copied().unwrap_or_default();
            let expected = of(head.sets()).plus(moved.map(of).unwrap_or_default());
            examination.compare(generation, expected, of(&found));
        }
        examination.lookups()?;
        let audit_entries = examination.audit(head.chain)?;
        match &open {
            Some(state) => examination.rotation(state.phase, state.to_master),
            None if keyring.retiring_generation().is_some() => {
                let what = "there are two generations, and the row of the rotation between them is missing";
                examination.damage("rotation", what.into(), RESTORE);
            }
            None => {}
        }
        examination.engine(self.ledger.store().concerns()?);
        let mut symptoms = examination.symptoms;
        // A last entry that is damaged has been reported as such.
        let last = self.audit_entries(audit_entries.saturating_sub(1), 1).unwrap_or_default();
        if let Some(last) = last.first().filter(|last| last.at > self.ledger.now()) {
            let what = format!("the last audit entry is dated {}, in the future", last.at);
            symptoms.push(warning("clock", what, SET_CLOCK));
        }
        let active = keyring.masters().find(|master| master.version == keyring.active_master());
        let aged = active
            .and_then(|key| keyring.policy().master_key_age().judge(key.version, key.added_at, self.ledger.now()));
        if let Some(finding) = aged {
            symptoms.push(warning("master-key-age", finding.what.into_owned(), ROTATE));
        }
        symptoms.sort_by_key(|symptom| std::cmp::Reverse(symptom.severity));
        Ok(DoctorReport { opened, audit_entries, symptoms })
    }
}

struct Examination<'a> {
    keyring: &'a Keyring,
    rows: &'a dyn Rows,
    symptoms: Vec<Symptom>,
}

impl Examination<'_> {
    fn records(&mut self, watch: &mut dyn FnMut(u64)) -> Result<(u64, BTreeMap<u32, RecordSet>), Error> {
        let (mut opened, mut sets, mut sentinel) = (0, BTreeMap::<u32, RecordSet>::new(), false);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.rows.scan(Table::Keys, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, bytes) in &page {
                let id = ApiKeyId::from_row(key);
                sentinel |= id == Some(ApiKeyId::SENTINEL);
                match self.record(id, bytes, &mut sets) {
                    Ok(()) => opened += u64::from(id != Some(ApiKeyId::SENTINEL)),
                    Err(error) => {
                        let place = id.map_or_else(|| "a row that is no id".into(), |id| id.to_string());
                        self.damage("record", format!("API key {place}: {error} ({})", error.cause()), RESTORE_RECORD);
                    }
                }
            }
            watch(opened);
        }
        if !sentinel {
            self.damage("sentinel", "the sentinel record is missing".into(), RESTORE_RECORD);
        }
        Ok((opened, sets))
    }

    fn record(
        &self,
        id: Option<ApiKeyId>,
        bytes: &[u8],
        sets: &mut BTreeMap<u32, RecordSet>,
    ) -> Result<(), RecordError> {
        let record = Record::parse(bytes)?;
        if let Some(keys) = self.keyring.generation(record.generation()) {
            sets.entry(record.generation()).or_default().add(&keys.record_set, &record);
        }
        let id = id.ok_or(RecordError::Malformed)?;
        record.open_both(self.keyring, id)?;
        record.attributes(self.keyring, id)?;
        let secret = record.open_recover(self.keyring, id)?;
        let Some(token) = secret.filter(|_| record.imported()) else { return Ok(()) };
        let found = self.keyring.lookups().any(|(_, key)| {
            let index = key.index(token.expose());
            let row = self.rows.get(Table::Lookup, &index).ok().flatten();
            row.and_then(|value| LookupRow::open(self.keyring, &index, &value)).is_some_and(|row| row.id == id)
        });
        if found { Ok(()) } else { Err(RecordError::NotIndexed) }
    }

    fn compare(&mut self, generation: u32, expected: RecordSet, found: RecordSet) {
        if expected == found {
            return;
        }
        let what = match found.count().cmp(&expected.count()) {
            std::cmp::Ordering::Less => format!("records missing: {}", expected.count() - found.count()),
            std::cmp::Ordering::Greater => format!("records too many: {}", found.count() - expected.count()),
            std::cmp::Ordering::Equal => "a record is not the one last written".into(),
        };
        self.damage("record-set", format!("generation {generation}, by the authenticated head: {what}"), RESTORE);
    }

    fn lookups(&mut self) -> Result<(), Error> {
        let (mut after, mut sentinel): (Option<Vec<u8>>, bool) = (None, false);
        loop {
            let page = self.rows.scan(Table::Lookup, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (index, value) in &page {
                sentinel |= *index == SENTINEL_INDEX;
                match LookupRow::open(self.keyring, index, value) {
                    None => self.damage("lookup", "a row of the lookup index failed authentication".into(), RESTORE),
                    Some(row) if self.rows.get(Table::Keys, &row.id.to_bytes())?.is_none() => {
                        self.damage(
                            "lookup",
                            format!("an imported token leads to {}, which is not there", row.id),
                            RESTORE,
                        );
                    }
                    Some(_) => {}
                }
            }
        }
        if !sentinel {
            self.damage("lookup", "the last row of the lookup index is missing".into(), RESTORE);
        }
        Ok(())
    }

    fn audit(&mut self, end: crate::audit::ChainEnd) -> Result<u64, Error> {
        match verify_chain(self.keyring, self.rows, end) {
            Ok(entries) => Ok(entries),
            Err(Error::Audit(fault)) => {
                self.damage("audit", fault.to_string(), RESTORE);
                Ok(end.seq)
            }
            Err(error) => Err(error),
        }
    }

    fn rotation(&mut self, phase: Phase, to: u32) {
        let what = format!("a rotation to master key {to} is open ({})", phase.name());
        self.symptoms.push(warning("rotation", what, "run `strongroom rotate-master-key` to finish it"));
    }

    fn engine(&mut self, concerns: Vec<String>) {
        for what in concerns {
            self.symptoms.push(warning(
                "store",
                what,
                "run `chmod 600` on it, or restore a backup if SQLite reports damage",
            ));
        }
    }

    fn damage(&mut self, id: &'static str, what: String, remedy: &'static str) {
        self.symptoms.push(Symptom { id, severity: SymptomSeverity::Damage, what, remedy });
    }
}

fn warning(id: &'static str, what: String, remedy: &'static str) -> Symptom {
    Symptom { id, severity: SymptomSeverity::Warning, what, remedy }
}

const PAGE: usize = 1_000;
const RESTORE: &str = "find out who can write the store, and restore a backup";
const RESTORE_RECORD: &str = "restore the row from a backup, or revoke the API key at the client and issue a new one";
const ROTATE: &str = "make a new key with `strongroom master-key generate`, then `strongroom rotate-master-key`";
const SET_CLOCK: &str = "set the clock of this machine";
