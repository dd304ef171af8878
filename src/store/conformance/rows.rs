//! Reading: what was written is found, in order, and nothing else.

use super::{Open, both_views, keys, put};
use crate::store::{Batch, Expected, Row, Table};

/// A new store has every table, and no row in any. A vault is made where there is no row `keyring`: a row that is there
/// would be taken for a vault.
pub fn an_empty_store_has_no_rows(open: &Open<'_>) {
    for rows in both_views(&*open()) {
        for table in Table::ALL {
            assert_eq!(rows.get(table, b"key").expect("get"), None);
            assert_eq!(rows.at_or_after(table, &[0]).expect("at or after"), None);
            assert_eq!(rows.scan(table, None, 10).expect("scan"), []);
        }
    }
}

/// Keys of 1 to 512 bytes and values of 0 to 100,000 come back byte for byte, whatever the bytes are. Values are sealed or
/// authenticated: one byte that is lost, or read as text, and they do not open.
pub fn a_row_reads_as_it_was_written(open: &Open<'_>) {
    let store = &*open();
    let (long_key, long_value) = (vec![0xab; 512], vec![0; 100_000]);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let rows: [(&[u8], &[u8]); 5] =
        [(&[0], b""), (b"text", b"value"), (&all_bytes, &all_bytes), (&long_key, &long_value), (&[0xff; 16], &[0xff])];
    for (key, value) in rows {
        put(store, Table::Keys, key, value, Expected::Absent).expect("commit");
    }
    for view in both_views(store) {
        for (key, value) in rows {
            let found = view.get(Table::Keys, key).expect("get");
            assert!(
                found.as_deref() == Some(value),
                "a value of {} bytes is {:?}",
                value.len(),
                found.map(|v| v.len())
            );
        }
        assert_eq!(view.get(Table::Keys, b"tex").expect("get"), None);
        assert_eq!(view.get(Table::Keys, b"text\0").expect("get"), None);
    }
}

/// The same key in two tables is two rows. API keys and the counts of their uses have the same ids.
pub fn tables_do_not_share_rows(open: &Open<'_>) {
    let store = &*open();
    for table in Table::ALL {
        put(store, table, b"key", table.name().as_bytes(), Expected::Absent).expect("commit");
    }
    for table in Table::ALL {
        assert_eq!(store.get(table, b"key").expect("get").as_deref(), Some(table.name().as_bytes()));
        assert_eq!(store.scan(table, None, 10).expect("scan").len(), 1);
    }
}

/// Keys are ordered as unsigned bytes, a beginning before what it begins. Audit entries are read in the order of their numbers,
/// and a rotation goes on where it stopped: another order skips rows.
pub fn rows_are_ordered_by_their_bytes(open: &Open<'_>) {
    let store = &*open();
    let ordered: [&[u8]; 11] =
        [&[0], &[0, 0], &[0, 1], b"A", b"a", b"a\0", b"ab", b"b", &[0x7f, 0xff], &[0x80], &[0xff, 0xff]];
    for at in [3, 9, 0, 10, 5, 1, 8, 2, 7, 4, 6] {
        put(store, Table::Keys, ordered[at], &[1], Expected::Absent).expect("commit");
    }
    for view in both_views(store) {
        let rows = view.scan(Table::Keys, None, 100).expect("scan");
        assert_eq!(keys(&rows), ordered);
    }
}

/// The row at the key itself if there is one, otherwise the next of the same table. Verification reads by it: with another row
/// every token is refused.
pub fn at_or_after_finds_the_row_or_the_next(open: &Open<'_>) {
    let store = &*open();
    for key in [b"b", b"d"] {
        put(store, Table::Keys, key, &[key[0], 1], Expected::Absent).expect("commit");
    }
    put(store, Table::Lookup, b"z", b"another table", Expected::Absent).expect("commit");
    let cases: [(&[u8], Option<&[u8]>); 8] = [
        (b"", Some(b"b")),
        (b"a", Some(b"b")),
        (b"b", Some(b"b")),
        (b"b\0", Some(b"d")),
        (b"c", Some(b"d")),
        (b"d", Some(b"d")),
        (b"d\0", None),
        (b"e", None),
    ];
    for view in both_views(store) {
        for (key, expected) in cases {
            let found = view.at_or_after(Table::Keys, key).expect("at or after");
            assert_eq!(found, expected.map(|key| (key.to_vec(), vec![key[0], 1])), "at or after {key:?}");
        }
    }
}

/// Pages of any size, each begun after the last key of the one before, give every row once. What a page begins after need not be
/// there. Lists, rotations and the doctor all read so.
pub fn scans_page_through_every_row_once(open: &Open<'_>) {
    let store = &*open();
    let all: Vec<_> = (0..100_u8).map(|at| vec![at, 7]).collect();
    let mut batch = Batch::new();
    for key in &all {
        batch.put(Table::Audit, key.as_slice(), key.as_slice(), Expected::Absent);
    }
    store.commit(&batch).expect("commit");
    for view in both_views(store) {
        for limit in [1, 7, 99, 100, 101, usize::MAX] {
            let mut seen: Vec<Row> = vec![];
            loop {
                let after = seen.last().map(|(key, _)| key.clone());
                let page = view.scan(Table::Audit, after.as_deref(), limit).expect("scan");
                assert!(page.len() <= limit, "a page of {} rows for a limit of {limit}", page.len());
                assert!(seen.len() + page.len() <= all.len(), "pages overlap");
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            assert_eq!(keys(&seen), all, "pages of {limit}");
            assert!(seen.iter().all(|(key, value)| key == value), "a value of another row");
        }
        assert_eq!(view.scan(Table::Audit, None, 0).expect("scan"), []);
        assert_eq!(keys(&view.scan(Table::Audit, Some(&[4, 8]), 1).expect("scan")), [[5, 7]]);
        assert_eq!(view.scan(Table::Audit, Some(&[99, 7]), 1).expect("scan"), []);
    }
}
