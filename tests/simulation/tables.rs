//! Rows in memory, of which a copy costs nothing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use strongroom::store::{Effect, Row, RowChange, Rows, StoreError, Table};

/// Every table, as it stands at one moment.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables(pub(crate) Arc<Cells>);

type Cells = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

impl Tables {
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Option<&Vec<u8>> {
        self.0.get(&(table, key.to_vec()))
    }

    pub(crate) fn from(&self, table: Table, from: Bound<&[u8]>, limit: usize) -> Vec<Row> {
        let from = match from {
            Bound::Excluded(key) => Bound::Excluded((table, key.to_vec())),
            Bound::Included(key) => Bound::Included((table, key.to_vec())),
            Bound::Unbounded => Bound::Unbounded,
        };
        let rows = self.0.range((from, Bound::Unbounded)).take_while(|((of, _), _)| *of == table);
        rows.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }

    pub(crate) fn apply<'c>(&mut self, changes: impl Iterator<Item = &'c RowChange>) {
        let rows = Arc::make_mut(&mut self.0);
        for change in changes {
            match &change.effect {
                Effect::Check => {}
                Effect::Delete => drop(rows.remove(&(change.table, change.key.clone()))),
                Effect::Put(value) => drop(rows.insert((change.table, change.key.clone()), value.clone())),
            }
        }
    }
}

impl Rows for Tables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Self::get(self, table, key).cloned())
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(self.from(table, Bound::Included(key), 1).pop())
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        Ok(self.from(table, after.map_or(Bound::Included(&[]), Bound::Excluded), limit))
    }
}
