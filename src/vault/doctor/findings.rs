//! What was found, and what to do about it: one page of it, however much is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Detail, Error, ErrorKind};
use crate::store::StoreError;
use crate::written::written_as_word;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Symptom {
    /// A stable name for scripts.
    pub id: &'static str,
    /// How grave it is.
    pub severity: SymptomSeverity,
    /// What was found.
    pub what: String,
    /// What to do.
    pub remedy: Cow<'static, str>,
}

impl Symptom {
    /// A finding of the caller's own, for [`DoctorReport::add`](crate::doctor::DoctorReport::add).
    pub fn new(
        id: &'static str,
        severity: SymptomSeverity,
        what: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { id, severity, what: what.into(), remedy: remedy.into() }
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SymptomSeverity {
    /// Good to know; nothing is wrong.
    Notice,
    /// Should be looked after.
    Warning,
    /// Stored bytes are not what strongroom wrote.
    Damage,
}

impl SymptomSeverity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::Notice => "notice",
            Self::Warning => "warning",
        }
    }
}

written_as_word!(SymptomSeverity);

#[derive(Default)]
pub(super) struct Findings {
    symptoms: Vec<Symptom>,
    counts: BTreeMap<&'static str, u64>,
}

impl Findings {
    pub(super) fn damage(&mut self, id: &'static str, what: impl Into<String>, remedy: &'static str) {
        self.push(Symptom::new(id, SymptomSeverity::Damage, what, remedy));
    }

    pub(super) fn warning(&mut self, id: &'static str, what: impl Into<String>, remedy: &'static str) {
        self.push(Symptom::new(id, SymptomSeverity::Warning, what, remedy));
    }

    pub(super) fn notice(&mut self, id: &'static str, what: impl Into<String>, remedy: &'static str) {
        self.push(Symptom::new(id, SymptomSeverity::Notice, what, remedy));
    }

    /// Damage of one thing is a finding, and hides no other. Any other failure ends the examination.
    pub(super) fn survive<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let id = match error.detail() {
                    Detail::Audit(_) => "audit",
                    Detail::RowFormat { row, .. } | Detail::Tampered { row, .. } => row.name(),
                    _ => "store",
                };
                self.damage(id, error.to_string(), RESTORE);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What an operator should know of the files of the store.
    pub(super) fn engine(&mut self, concerns: Vec<String>) {
        for what in concerns {
            self.warning("store", what, PERMISSIONS);
        }
    }

    /// What the engine finds in its own files.
    pub(super) fn engine_check(&mut self, lines: Vec<String>) {
        for what in lines {
            let remedy = match &*what {
                what if what.contains("no bytes") || what.contains("for its key") => RETYPE,
                what if what.contains("list of free pages") => BUILD,
                _ => RESTORE,
            };
            self.damage("store", what, remedy);
        }
    }

    /// Where somebody keeps copies of rows.
    pub(super) fn copies(&mut self, found: Vec<StoreError>) {
        for error in found {
            match error {
                StoreError::Stranger { .. } => self.warning("store", error.to_string(), MEND_OR_TAKE_AWAY),
                error => self.damage("store", error.to_string(), DROP),
            }
        }
    }

    pub(super) fn into_symptoms(self) -> Vec<Symptom> {
        let mut symptoms = self.symptoms;
        for (id, count) in self.counts.into_iter().filter(|(_, count)| *count > MAX_OF_A_KIND) {
            let last = symptoms.iter().rposition(|symptom| symptom.id == id).unwrap_or_default();
            let like = symptoms[last].clone();
            let what = format!("and {} more of this kind", count - MAX_OF_A_KIND);
            symptoms.insert(last + 1, Symptom { what, ..like });
        }
        symptoms
    }

    fn push(&mut self, symptom: Symptom) {
        let count = self.counts.entry(symptom.id).or_default();
        *count += 1;
        if *count <= MAX_OF_A_KIND {
            self.symptoms.push(symptom);
        }
    }
}

/// Whoever has more of one kind looks at `list`.
const MAX_OF_A_KIND: u64 = 50;
pub(super) const RESTORE: &str = "find out who can write the store, and restore a backup";
pub(super) const TAKE_AWAY: &str =
    "find out who can write the store; `strongroom doctor --repair --reason TEXT` takes it away";
const DROP: &str =
    "find out who made it; `strongroom doctor --repair --reason TEXT` takes it away: a rotation begins only then";
const BUILD: &str = "stop what has the store open, and write nothing to it: `strongroom doctor --repair --reason TEXT` builds the file anew from \
    its rows";
const MEND_OR_TAKE_AWAY: &str = "find out who made it, and mend or drop it with the tool that did; otherwise \
    `strongroom doctor --repair --reason TEXT` takes it away: a rotation begins only then";
const RETYPE: &str = "find out who can write the store; `strongroom doctor --repair --reason TEXT` mends it where its bytes are the right ones; \
    otherwise restore a backup";
const PERMISSIONS: &str =
    "make the store's files and folder belong to the user that runs strongroom, with `chmod 600` and `chmod 700`";
