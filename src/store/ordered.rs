//! Rows whose order is looked at before anybody goes on by it.
//!
//! Whoever reads a table page by page begins each page after the last key of the one before. An engine that reads a damaged medium
//! may give keys that do not ascend, and such a reader would come back to where it was, for ever. So no page is believed whose keys
//! do not ascend from the one that it begins after, whatever the engine.

use std::path::Path;

use super::batch::Batch;
use super::engine::{EachStray, RotationClaim, Rows, Scrub, Store, UnfinishedBackup};
use super::error::{CommitError, StoreError};
use super::table::{Row, Table};
use crate::secret::hex;

/// The same rows, or [`StoreError::OutOfOrder`].
pub(crate) struct Ordered<S>(pub(crate) S);

impl<R: Rows> Rows for Ordered<R> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        match self.0.at_or_after(table, key)? {
            Some((found, _)) if found.as_slice() < key => Err(out_of_order(table, &found)),
            row => Ok(row),
        }
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let page = self.0.scan(table, after, limit)?;
        let mut last = after.unwrap_or_default();
        for (key, _) in &page {
            // No key is empty.
            if key.as_slice() <= last {
                return Err(out_of_order(table, key));
            }
            last = key;
        }
        Ok(page)
    }
}

impl<S: Store> Store for Ordered<S> {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        self.0.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        Ok(Box::new(Ordered(self.0.snapshot()?)))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.0.scrub()
    }

    fn each_stray(&self, each: &mut EachStray<'_>) -> Result<(), StoreError> {
        self.0.each_stray(each)
    }

    fn each_byte(&self, overlap: usize, each: &mut dyn FnMut(&[u8])) -> Result<Option<u64>, StoreError> {
        self.0.each_byte(overlap, each)
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.0.compact()
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        self.0.claim_rotation()
    }

    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        self.0.concerns()
    }

    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        self.0.begin_backup(to)
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.0.check()
    }
}

pub(super) fn out_of_order(table: Table, key: &[u8]) -> StoreError {
    StoreError::OutOfOrder { table: table.name(), key: hex(key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    /// Gives what it was told to give.
    struct Given(Vec<Row>);

    impl Rows for Given {
        fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(None)
        }

        fn at_or_after(&self, _: Table, _: &[u8]) -> Result<Option<Row>, StoreError> {
            Ok(self.0.first().cloned())
        }

        fn scan(&self, _: Table, _: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
            Ok(self.0.iter().take(limit).cloned().collect())
        }
    }

    fn given(keys: &[&[u8]]) -> Ordered<Given> {
        Ordered(Given(keys.iter().map(|key| (key.to_vec(), vec![])).collect()))
    }

    #[test]
    fn a_page_that_does_not_ascend_from_the_one_before_is_damage() {
        let refused = |keys: &[&[u8]], after: Option<&[u8]>| match given(keys).scan(Table::Usage, after, 10) {
            Err(StoreError::OutOfOrder { table: "usage", key }) => Some(key),
            Err(error) => panic!("{error}"),
            Ok(page) => {
                assert_eq!(page.len(), keys.len());
                None
            }
        };
        assert_eq!(refused(&[b"a", b"b"], None), None);
        assert_eq!(refused(&[b"b", b"ba", b"c"], Some(b"a")), None);
        assert_eq!(refused(&[], Some(b"a")), None);
        assert_eq!(refused(&[b"a", b"c"], Some(b"b")).as_deref(), Some("61"), "before where it begins");
        assert_eq!(refused(&[b"b", b"c"], Some(b"b")).as_deref(), Some("62"), "where it begins");
        assert_eq!(refused(&[b"b", b"d", b"c"], Some(b"a")).as_deref(), Some("63"), "within the page");
        assert_eq!(refused(&[b"b", b"b"], None).as_deref(), Some("62"), "twice");
        assert_eq!(refused(&[b"", b"b"], None).as_deref(), Some(""), "no key");
    }

    #[test]
    fn a_row_before_the_one_asked_for_is_damage() {
        assert!(given(&[b"b"]).at_or_after(Table::Keys, b"b").is_ok_and(|row| row.is_some()));
        let found = given(&[b"a"]).at_or_after(Table::Keys, b"b");
        assert!(matches!(found, Err(StoreError::OutOfOrder { table: "keys", .. })), "{found:?}");
    }

    #[test]
    fn snapshots_are_looked_at_as_well() {
        struct Turned(MemoryStore);
        impl Rows for Turned {
            fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                self.0.get(table, key)
            }
            fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
                self.0.at_or_after(table, key)
            }
            fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
                self.0.scan(table, after, limit)
            }
        }
        impl Store for Turned {
            fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
                self.0.commit(batch)
            }
            fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
                Ok(Box::new(Given(vec![(b"b".to_vec(), vec![]), (b"a".to_vec(), vec![])])))
            }
            fn scrub(&self) -> Result<Scrub, StoreError> {
                self.0.scrub()
            }
        }
        let store = Ordered(Turned(MemoryStore::new()));
        let rows = store.snapshot().expect("a moment");
        assert!(matches!(rows.scan(Table::Audit, None, 10), Err(StoreError::OutOfOrder { .. })));
    }
}
