//! What is done to a store past its vault: rows and files read, changed and put back.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::fs;
use std::path::Path;

use strongroom::Vault;
use strongroom::doctor::{DoctorReport, SymptomSeverity};
use strongroom::store::{Batch, Expected, Store, Table};

/// Writes or deletes a row, whatever is there.
pub(crate) fn overwrite(store: &dyn Store, table: Table, key: &[u8], value: Option<Vec<u8>>) {
    let old = store.get(table, key).expect("readable").map_or(Expected::Absent, Expected::Exactly);
    let mut batch = Batch::new();
    match value {
        Some(value) => batch.put(table, key, value, old),
        None => batch.delete(table, key, old),
    }
    store.commit(&batch).expect("written");
}

/// Changes the value of a row that is there.
pub(crate) fn edit(store: &dyn Store, table: Table, key: &[u8], edit: impl FnOnce(&mut Vec<u8>)) {
    let mut value = store.get(table, key).expect("readable").expect("a row");
    edit(&mut value);
    overwrite(store, table, key, Some(value));
}

/// Turns one bit of the n-th record, in its last byte, which belongs to the secret; its key, and what it was.
pub(crate) fn damage_record(store: &dyn Store, at: usize) -> (Vec<u8>, Vec<u8>) {
    damage_at(store, at, |record| record.len() - 1)
}

/// The same in the part that a list opens.
pub(crate) fn damage_listed_record(store: &dyn Store, at: usize) -> (Vec<u8>, Vec<u8>) {
    damage_at(store, at, |_| 70)
}

fn damage_at(store: &dyn Store, at: usize, place: fn(&[u8]) -> usize) -> (Vec<u8>, Vec<u8>) {
    let (key, whole) = store.scan(Table::Keys, None, at + 1).expect("rows").pop().expect("a record");
    edit(store, Table::Keys, &key, |value| {
        let place = place(value);
        value[place] ^= 1;
    });
    (key, whole)
}

/// The key of an API key's row.
pub(crate) fn row_key(id: strongroom::ApiKeyId) -> Vec<u8> {
    let digit = |c: char| "0123456789abcdefghjkmnpqrstvwxyz".find(c).expect("a digit") as u128;
    id.to_string().chars().fold(0, |id, c| (id << 5) | digit(c)).to_be_bytes().to_vec()
}

/// Every row of a store.
pub(crate) type Copied = Vec<(Table, Vec<u8>, Vec<u8>)>;

pub(crate) fn copied(store: &dyn Store) -> Copied {
    let rows = |&table| store.scan(table, None, usize::MAX).expect("rows").into_iter().map(move |(k, v)| (table, k, v));
    Table::ALL.iter().flat_map(rows).collect()
}

/// Makes the rows that are wanted what they were.
pub(crate) fn put_back(store: &dyn Store, copy: &Copied, wanted: impl Fn(Table, &[u8]) -> bool) {
    for (table, key, _) in copied(store) {
        if wanted(table, &key) && !copy.iter().any(|(t, k, _)| (*t, k) == (table, &key)) {
            overwrite(store, table, &key, None);
        }
    }
    for (table, key, value) in copy.iter().filter(|(table, key, _)| wanted(*table, key)) {
        overwrite(store, *table, key, Some(value.clone()));
    }
}

/// The damage that a report names.
pub(crate) fn damage(report: &DoctorReport) -> Vec<&'static str> {
    let damage = report.symptoms.iter().filter(|symptom| symptom.severity == SymptomSeverity::Damage);
    damage.map(|symptom| symptom.id).collect()
}

/// The damage that the doctor finds.
pub(crate) fn damage_of(vault: &Vault) -> Vec<&'static str> {
    damage(&vault.doctor(|_| {}).expect("doctor"))
}

/// The files of a folder and of the folders in it, by name, in order.
pub(crate) fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry")) {
        let name = entry.file_name().into_string().expect("text");
        if entry.file_type().expect("a type").is_dir() {
            files.extend(files_in(&entry.path()).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
            // One that is empty is there as well.
            files.push((name + "/", vec![]));
        } else {
            files.push((name, fs::read(entry.path()).expect("readable")));
        }
    }
    files.sort();
    files
}

/// Makes a folder hold these files, and no others.
#[cfg(unix)]
pub(crate) fn put_files_back(folder: &Path, files: &[(String, Vec<u8>)]) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
    }
    for (name, bytes) in files {
        let path = folder.join(name);
        if name.ends_with('/') {
            fs::create_dir(&path).expect("made");
            fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("mode");
            continue;
        }
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("mode");
    }
}
