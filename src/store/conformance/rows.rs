//! Reading: what was written is found, in order, and nothing else.

use super::answer::{Asked, Keys, View, commits, needs, of, put, same, text, views};
use super::ground::Ground;
use crate::store::{Effect, Expected, Row, RowChange, Table};

pub(super) fn an_empty_store_has_no_rows(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let snapshot = store.snapshot()?;
    for view in views(store, &*snapshot) {
        for &table in Table::ALL {
            view.get(table, b"key", None)?;
            view.at_or_after(table, &[0], None)?;
            view.all(table, &[])?;
        }
    }
    Ok(())
}

pub(super) fn a_row_reads_as_it_was_written(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let (long_key, long_value) = (vec![0xab; Table::MAX_KEY_LEN], vec![0; Table::MAX_VALUE_LEN]);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let first = &all_bytes[..Table::MAX_KEY_LEN];
    let rows: [(&[u8], &[u8]); 5] =
        [(&[0], b""), (b"text", b"value"), (first, &all_bytes), (&long_key, &long_value), (&[0xff; 16], &[0xff])];
    for (key, value) in rows {
        put(store, Table::Keys, key, value, Expected::Absent)?;
    }
    let snapshot = store.snapshot()?;
    for view in views(store, &*snapshot) {
        for (key, value) in rows {
            view.get(Table::Keys, key, Some(value))?;
        }
        view.get(Table::Keys, b"tex", None)?;
        view.get(Table::Keys, b"text\0", None)?;
    }
    Ok(())
}

pub(super) fn tables_do_not_share_rows(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    for &table in Table::ALL {
        put(store, table, b"key", table.name().as_bytes(), Expected::Absent)?;
    }
    for &table in Table::ALL {
        View::of(store).get(table, b"key", Some(table.name().as_bytes()))?;
        View::of(store).all(table, &[(b"key", table.name().as_bytes())])?;
    }
    Ok(())
}

pub(super) fn rows_are_ordered_by_their_bytes(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let ordered: [&[u8]; 11] =
        [&[0], &[0, 0], &[0, 1], b"A", b"a", b"a\0", b"ab", b"b", &[0x7f, 0xff], &[0x80], &[0xff, 0xff]];
    for at in [3, 9, 0, 10, 5, 1, 8, 2, 7, 4, 6] {
        put(store, Table::Keys, ordered[at], &[1], Expected::Absent)?;
    }
    let snapshot = store.snapshot()?;
    for view in views(store, &*snapshot) {
        view.keys(Table::Keys, None, 100, &ordered)?;
    }
    Ok(())
}

pub(super) fn at_or_after_finds_the_row_or_the_next(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    for key in [b"b", b"d"] {
        put(store, Table::Keys, key, &[key[0], 1], Expected::Absent)?;
    }
    put(store, Table::Lookup, b"z", b"another table", Expected::Absent)?;
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
    let snapshot = store.snapshot()?;
    for view in views(store, &*snapshot) {
        for (key, needed) in cases {
            view.at_or_after(Table::Keys, key, needed.map(|key| (key.to_vec(), vec![key[0], 1])))?;
        }
    }
    Ok(())
}

pub(super) fn scans_page_through_every_row_once(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let all: Vec<_> = (0..100_u8).map(|at| vec![at, 7]).collect();
    let change =
        |key: &Vec<u8>| RowChange::new(Table::Audit, key.as_slice(), Expected::Absent, Effect::Put(key.clone()));
    commits(store, &of(all.iter().map(change)))?;
    let snapshot = store.snapshot()?;
    for view in views(store, &*snapshot) {
        for limit in [1, 7, 99, 100, 101, usize::MAX] {
            paged(&view, limit, &all)?;
        }
        view.keys::<[u8; 2]>(Table::Audit, None, 0, &[])?;
        view.keys(Table::Audit, Some(&[4, 8]), 1, &[[5, 7]])?;
        view.keys::<[u8; 2]>(Table::Audit, Some(&[99, 7]), 1, &[])?;
    }
    Ok(())
}

fn paged(view: &View<'_>, limit: usize, all: &[Vec<u8>]) -> Asked {
    let case = format!("{}, pages of {limit} rows", view.way);
    let mut seen: Vec<Row> = vec![];
    loop {
        let after = seen.last().map(|(key, _)| key.clone());
        let page = view.scan(Table::Audit, after.as_deref(), limit)?;
        needs(page.len() <= limit, || format!("{case}: the engine gave {} rows in one", page.len()))?;
        needs(seen.len() + page.len() <= all.len(), || {
            let after = after.as_deref().map_or_else(|| "nothing".into(), text);
            format!("{case}: the engine gave rows again after {after}, the vault needs each once")
        })?;
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    needs(seen.iter().all(|(key, value)| key == value), || format!("{case}: the engine gave a value of another row"))?;
    same(case, &Keys(seen.into_iter().map(|(key, _)| key).collect()), &Keys(all.to_vec()))
}
