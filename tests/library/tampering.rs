//! Somebody who can write the store, and has no key, changes what is there.

use crate::support::past::{damage_of, overwrite};
use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::api_keys::ImportedKey;
use strongroom::error::{Detail, RecordError};
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Rows, Table};
use strongroom::{Cursor, Error, ErrorKind, MemoryStore, NewApiKey, Request, SecretText, Vault, VerifyError};

const HEADER_LEN: usize = 32;

struct Scene {
    store: MemoryStore,
    keys: Keys,
    vault: Vault,
    tokens: Vec<(Vec<u8>, String)>,
}

fn scene(count: usize) -> Scene {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("key {n}"))).collect();
    let issued = vault.issue_many(&new, &act()).expect("issued");
    let rows = store.scan(Table::Keys, None, count).expect("rows");
    let tokens =
        rows.into_iter().zip(issued).map(|((key, _), issued)| (key, issued.token.expose().to_owned())).collect();
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    Scene { store, keys, vault, tokens }
}

fn record(scene: &Scene, at: usize) -> Vec<u8> {
    scene.store.get(Table::Keys, &scene.tokens[at].0).expect("readable").expect("a record")
}

fn is_refused_as_corrupt(vault: &Vault, token: &str) -> bool {
    match vault.verify(token, &Request::new()) {
        Err(VerifyError::Unavailable(error)) => error.kind() == ErrorKind::Corrupt,
        _ => false,
    }
}

#[test]
fn records_exchanged_between_api_keys_do_not_open() {
    let scene = scene(50);
    let before: Vec<_> = (0..50).map(|at| record(&scene, at)).collect();
    for one in 0..50 {
        for other in 0..50 {
            if one == other {
                continue;
            }
            overwrite(&scene.store, Table::Keys, &scene.tokens[one].0, Some(before[other].clone()));
            assert!(is_refused_as_corrupt(&scene.vault, &scene.tokens[one].1));
            // Only the verify part, or only the recover part, of another record.
            let seam = HEADER_LEN + u32::from_be_bytes(before[one][8..12].try_into().expect("4 bytes")) as usize;
            let verify_part =
                [&before[one][..HEADER_LEN], &before[other][HEADER_LEN..seam], &before[one][seam..]].concat();
            if verify_part.len() == before[one].len() && before[other][8..12] == before[one][8..12] {
                overwrite(&scene.store, Table::Keys, &scene.tokens[one].0, Some(verify_part));
                assert!(is_refused_as_corrupt(&scene.vault, &scene.tokens[one].1));
                let recover_part = [&before[one][..seam], &before[other][seam..]].concat();
                overwrite(&scene.store, Table::Keys, &scene.tokens[one].0, Some(recover_part));
                let id =
                    scene.vault.verify(&scene.tokens[one].1, &Request::new()).expect("the verify part is whole").id;
                let error = scene.vault.recover(id, &act()).expect_err("the recover part is another's");
                assert_eq!(error.kind(), ErrorKind::Corrupt);
            }
            overwrite(&scene.store, Table::Keys, &scene.tokens[one].0, Some(before[one].clone()));
        }
    }
    assert_eq!(damage_of(&scene.vault), Vec::<&str>::new());
}

#[test]
fn every_bit_of_a_record_matters() {
    let scene = scene(2);
    let whole = record(&scene, 0);
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        overwrite(&scene.store, Table::Keys, &scene.tokens[0].0, Some(changed));
        let id = scene.vault.verify(&scene.tokens[0].1, &Request::new());
        let recovered = id.ok().and_then(|key| scene.vault.recover(key.id, &act()).ok());
        assert!(recovered.is_none(), "bit {bit} changed and nobody noticed");
        assert!(scene.vault.verify(&scene.tokens[1].1, &Request::new()).is_ok(), "bit {bit} hurt a neighbour");
    }
}

#[test]
fn an_older_copy_a_deletion_and_an_addition_are_noticed_by_the_doctor() {
    let scene = scene(20);
    let old = record(&scene, 3);
    let id = scene.vault.verify(&scene.tokens[3].1, &Request::new()).expect("valid").id;
    scene.vault.revoke(id, &act()).expect("revoked");
    let revoked = record(&scene, 3);
    overwrite(&scene.store, Table::Keys, &scene.tokens[3].0, Some(old.clone()));
    assert_eq!(damage_of(&scene.vault), ["record", "record-set"], "a revocation undone");
    let (name, last) = (id.to_string(), scene.vault.audit_end().expect("whole").seq());
    let what = what_is_damaged(&scene.vault);
    assert!(what.contains(&name) && what.contains(&format!("audit entry {last}")), "{what}");
    overwrite(&scene.store, Table::Keys, &scene.tokens[3].0, None);
    assert_eq!(damage_of(&scene.vault), ["record", "record-set"], "a deleted record");
    assert!(
        what_is_damaged(&scene.vault)
            .contains(&format!("{name}: the record that audit entry {last} left behind is missing"))
    );
    overwrite(&scene.store, Table::Keys, &scene.tokens[3].0, Some(revoked));
    assert_eq!(damage_of(&scene.vault), Vec::<&str>::new());
    overwrite(&scene.store, Table::Keys, &[9; 16], Some(old));
    assert_eq!(damage_of(&scene.vault), ["record", "record-set"], "an added record");
}

#[test]
fn a_rotation_does_not_launder_a_record_that_was_put_back() {
    let scene = scene(20);
    let old = record(&scene, 3);
    let id = scene.vault.verify(&scene.tokens[3].1, &Request::new()).expect("valid").id;
    scene.vault.revoke(id, &act()).expect("revoked");
    let last = scene.vault.audit_end().expect("whole").seq();
    overwrite(&scene.store, Table::Keys, &scene.tokens[3].0, Some(old.clone()));
    // It is named with the entry that it contradicts, and nothing makes it pass.
    for options in [RotateOptions::new(), RotateOptions::new().accept_record_set(true)] {
        let report = scene.vault.rotate(&options, &act(), |_| ()).expect("it ends");
        assert_eq!((report.outcome, report.unreadable.len()), (RotationOutcome::Incomplete, 1), "{report:?}");
        assert_eq!(
            (report.unreadable[0].id, report.unreadable[0].cause),
            (Some(id), RecordError::Differs { seq: last })
        );
        assert_eq!(record(&scene, 3), old, "it has not moved");
    }
    assert!(scene.vault.status().expect("status").rotation.is_some(), "the old generation is kept");
    // Revoked once more, it says what the log says.
    scene.vault.revoke(id, &act()).expect("revoked again");
    let refused = scene.vault.rotate(&RotateOptions::new(), &act(), |_| ());
    assert!(
        matches!(refused.as_ref().map_err(Error::detail), Err(Detail::RecordSet { .. })),
        "the sums tell: {refused:?}"
    );
    let accepted = scene.vault.rotate(&RotateOptions::new().accept_record_set(true), &act(), |_| ());
    assert_eq!(accepted.expect("accepted").outcome, RotationOutcome::Finished);
    assert_eq!(damage_of(&scene.vault), Vec::<&str>::new());
}

#[test]
fn a_rotation_does_not_finish_over_a_record_that_was_removed() {
    let scene = scene(20);
    overwrite(&scene.store, Table::Keys, &scene.tokens[3].0, None);
    let refused = scene.vault.rotate(&RotateOptions::new(), &act(), |_| ());
    assert!(
        matches!(refused.as_ref().map_err(Error::detail), Err(Detail::RecordSet { generation }) if generation.get() == 1),
        "{refused:?}"
    );
    assert!(scene.vault.status().expect("status").rotation.is_some(), "the old generation is kept");
    let accepted = scene.vault.rotate(&RotateOptions::new().accept_record_set(true), &act(), |_| ());
    assert_eq!(accepted.expect("accepted").outcome, RotationOutcome::Finished);
    let last = scene
        .vault
        .audit_entries(Some(Cursor::after_audit_entry(scene.vault.verify_audit().expect("whole") - 1)), 1)
        .expect("entries")
        .items;
    assert_eq!(last[0].counts.get("record_set_accepted"), Some(&1));
    assert_eq!(damage_of(&scene.vault), Vec::<&str>::new(), "and the log says that it is gone");
}

#[test]
fn an_edited_rotation_row_stops_the_rotation_and_hurts_nothing() {
    let scene = scene(40);
    let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    scene.vault.rotate(&options, &act(), stop_after_one_batch).expect("stopped");
    let row = scene.store.get(Table::Vault, b"rotation").expect("readable").expect("a rotation is open");
    for bit in 0..row.len() * 8 {
        let mut changed = row.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        overwrite(&scene.store, Table::Vault, b"rotation", Some(changed));
        let records = scene.store.scan(Table::Keys, None, 100).expect("records");
        let refused = scene.vault.rotate(&options, &act(), |_| ()).expect_err("an edited row is noticed");
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "bit {bit}: {refused}");
        assert_eq!(scene.store.scan(Table::Keys, None, 100).expect("records"), records, "bit {bit} changed records");
    }
    overwrite(&scene.store, Table::Vault, b"rotation", None);
    assert!(!damage_of(&scene.vault).is_empty(), "a deleted rotation row is noticed by the doctor");
    let refused = scene.vault.rotate(&options, &act(), |_| ()).expect_err("a deleted row is noticed");
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    overwrite(&scene.store, Table::Vault, b"rotation", Some(row));
    let report = scene.vault.rotate(&options, &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.verified), (RotationOutcome::Finished, 40));
}

#[test]
fn every_bit_of_the_authenticated_rows_matters() {
    for name in [b"keyring".as_slice(), b"head"] {
        let scene = scene(3);
        let row = scene.store.get(Table::Vault, name).expect("readable").expect("a row");
        for bit in 0..row.len() * 8 {
            let mut changed = row.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            overwrite(&scene.store, Table::Vault, name, Some(changed));
            let refused = Vault::open(scene.store.clone(), scene.keys.only([1, 2])).and_then(|vault| vault.status());
            assert!(refused.is_err(), "bit {bit} of {} changed and nobody noticed", String::from_utf8_lossy(name));
        }
    }
}

#[test]
fn a_changed_audit_line_is_found() {
    let scene = scene(5);
    for seq in 1..=6_u64 {
        let key = seq.to_be_bytes();
        let line = scene.store.get(Table::Audit, &key).expect("readable").expect("an entry");
        let edited = String::from_utf8(line.clone()).expect("text").replace("tester", "nobody");
        overwrite(&scene.store, Table::Audit, &key, Some(edited.into_bytes()));
        assert_eq!(scene.vault.verify_audit().expect_err("edited").kind(), ErrorKind::Corrupt);
        overwrite(&scene.store, Table::Audit, &key, None);
        assert_eq!(scene.vault.verify_audit().expect_err("deleted").kind(), ErrorKind::Corrupt);
        overwrite(&scene.store, Table::Audit, &key, Some(line));
    }
    assert_eq!(scene.vault.verify_audit().expect("whole"), 6);
}

#[test]
fn bad_records_are_listed_by_cause_and_do_not_stop_the_others() {
    let scene = scene(1_000);
    let (one, two) = (record(&scene, 10), record(&scene, 20));
    let originals = [(10, one.clone()), (20, two.clone()), (30, record(&scene, 30)), (40, record(&scene, 40))];
    overwrite(&scene.store, Table::Keys, &scene.tokens[10].0, Some(two));
    overwrite(&scene.store, Table::Keys, &scene.tokens[20].0, Some(one));
    let mut corrupt = record(&scene, 30);
    corrupt[100] ^= 1;
    overwrite(&scene.store, Table::Keys, &scene.tokens[30].0, Some(corrupt));
    let mut relabelled = record(&scene, 40);
    relabelled[7] = 2;
    overwrite(&scene.store, Table::Keys, &scene.tokens[40].0, Some(relabelled));

    let report = scene.vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Incomplete, 996, 996));
    let causes: Vec<_> = report.unreadable.iter().map(|unreadable| unreadable.cause.cause()).collect();
    assert_eq!(causes, ["moved", "moved", "corrupt", "relabelled"]);
    assert!(scene.vault.status().expect("status").rotation.is_some(), "the old generation is kept");

    for (at, bytes) in originals {
        overwrite(&scene.store, Table::Keys, &scene.tokens[at].0, Some(bytes));
    }
    let report = scene.vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Finished, 1_000, 1_000));
    assert_eq!(damage_of(&scene.vault), Vec::<&str>::new());
}

#[test]
fn an_imported_token_led_to_another_api_key_is_not_accepted() {
    let scene = scene(1);
    let import = |token: &str| ImportedKey::new(SecretText::new(token.into()), NewApiKey::new(token)).allow_weak(true);
    scene.vault.import(&[import("first"), import("second")], &act()).expect("imported");
    let rows = scene.store.scan(Table::Lookup, None, 10).expect("rows");
    let (first, second) = (&rows[0], &rows[1]);
    overwrite(&scene.store, Table::Lookup, &first.0, Some(second.1.clone()));
    overwrite(&scene.store, Table::Lookup, &second.0, Some(first.1.clone()));
    for token in ["first", "second"] {
        assert!(is_refused_as_corrupt(&scene.vault, token));
    }
    assert!(damage_of(&scene.vault).contains(&"lookup"));
}

#[test]
fn records_of_another_vault_are_named_foreign() {
    let (here, there) = (scene(2), scene(2));
    overwrite(&here.store, Table::Keys, &here.tokens[0].0, Some(record(&there, 0)));
    let id = here.vault.list(&strongroom::Query::new()).expect("listed").items.remove(0);
    assert!(matches!(id.key, Err(RecordError::Foreign)));
}

#[test]
fn a_rotation_whose_row_is_gone_can_be_finished_when_the_records_are_accepted() {
    let scene = scene(40);
    let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    scene.vault.rotate(&options, &act(), stop_after_one_batch).expect("stopped");
    overwrite(&scene.store, Table::Vault, b"rotation", None);
    let report = scene.vault.rotate(&options.accept_record_set(true), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.verified), (RotationOutcome::Finished, 40));
    assert!(scene.tokens.iter().all(|(_, token)| scene.vault.verify(token, &Request::new()).is_ok()));
    let vault = Vault::open(scene.store.clone(), scene.keys.only([2])).expect("the new master key is enough");
    assert_eq!(damage_of(&vault), Vec::<&str>::new());
}

/// What the doctor says is damaged, in its words.
fn what_is_damaged(vault: &Vault) -> String {
    let report = vault.doctor(|_| ()).expect("doctor");
    report.symptoms.into_iter().map(|symptom| symptom.what).collect::<Vec<_>>().join("\n")
}
