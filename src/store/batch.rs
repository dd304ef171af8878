//! Changes that happen together, each with what it expects.

use std::fmt;

use super::table::Table;

/// Changes that happen together, each with what must be true of the value before. A batch names no row twice, and
/// every key has at least one byte.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<RowChange>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a value where `expected` holds.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(RowChange { table, key: key.into(), expected, effect: Effect::Put(value.into()) });
    }

    /// Deletes a row where `expected` holds.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(RowChange { table, key: key.into(), expected, effect: Effect::Delete });
    }

    /// Changes nothing, and conflicts unless `expected` holds.
    pub fn check(&mut self, table: Table, key: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(RowChange { table, key: key.into(), expected, effect: Effect::Check });
    }

    /// The changes, in the order they were added.
    pub fn changes(&self) -> &[RowChange] {
        &self.changes
    }

    /// Appends another batch's changes.
    pub fn append(&mut self, mut other: Self) {
        self.changes.append(&mut other.changes);
    }

    /// Keeps the first `len` changes.
    pub fn truncate(&mut self, len: usize) {
        self.changes.truncate(len);
    }

    /// Keeps the changes that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&RowChange) -> bool) {
        self.changes.retain(keep);
    }
}

impl FromIterator<RowChange> for Batch {
    fn from_iter<I: IntoIterator<Item = RowChange>>(changes: I) -> Self {
        Self { changes: changes.into_iter().collect() }
    }
}

/// One change of a batch.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowChange {
    /// Where.
    pub table: Table,
    /// The key of the row.
    pub key: Vec<u8>,
    /// What must be true of the value before.
    pub expected: Expected,
    /// What happens to the row.
    pub effect: Effect,
}

impl RowChange {
    /// A change of a row.
    pub fn new(table: Table, key: impl Into<Vec<u8>>, expected: Expected, effect: Effect) -> Self {
        Self { table, key: key.into(), expected, effect }
    }
}

impl fmt::Debug for RowChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Check => "check",
            Effect::Delete => "delete",
            Effect::Put(_) => "put",
        };
        write!(out, "{effect} {}/{}", self.table.name(), crate::secret::hex(&self.key))
    }
}

/// What a change does to its row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an engine that passes over an effect loses a write: a new one must not compile"
)]
pub enum Effect {
    /// Nothing: only the expectation counts.
    Check,
    /// The row goes away.
    Delete,
    /// The row gets this value.
    Put(Vec<u8>),
}

/// What must be true of a row's value before a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an engine that passes over an expectation undoes what others did: a new one must not compile"
)]
pub enum Expected {
    /// There is no row.
    Absent,
    /// The row has exactly this value. Sealed values never repeat, so this is compare-and-swap.
    Exactly(Vec<u8>),
}

impl Expected {
    /// Whether the value found is the one expected.
    pub fn holds(&self, found: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Exactly(bytes) => found == Some(bytes.as_slice()),
        }
    }
}
