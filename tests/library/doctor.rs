//! The doctor: everything that is wrong is found, and nothing that is wrong hides another.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::support::past::{damage, edit, overwrite};
use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::api_keys::ImportedKey;
use strongroom::doctor::{Checkup, Depth, DoctorReport, SymptomSeverity};
use strongroom::rotation::RotateOptions;
use strongroom::store::{Rows, Table};
use strongroom::{MemoryStore, NewApiKey, SecretText, Timestamp, Vault, VaultOptions};

fn vault_of(count: usize) -> (MemoryStore, Keys, Vault) {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("key {n}"))).collect();
    new.chunks(5_000).for_each(|keys| drop(vault.issue_many(keys, &act()).expect("issued")));
    (store, keys, vault)
}

fn record_keys(store: &MemoryStore, count: usize) -> Vec<Vec<u8>> {
    store.scan(Table::Keys, None, count).expect("rows").into_iter().map(|(key, _)| key).collect()
}

fn examined(vault: &Vault, depth: Depth) -> DoctorReport {
    vault.examine(&Checkup::new().depth(depth), |_| ()).expect("examined")
}

fn part(part: u32, parts: u32) -> Depth {
    let number = |n| NonZeroU32::new(n).expect("not zero");
    Depth::Subset { part: number(part), parts: number(parts) }
}

#[test]
fn a_doctor_who_is_stopped_goes_no_further() {
    let (_, _, vault) = vault_of(2_500);
    let mut seen = vec![];
    let stopped = vault.doctor(|progress| {
        seen.push(progress.counted);
        if progress.counted >= 1_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped.expect_err("stopped").to_string(), "stopped");
    assert!(seen.last().is_some_and(|last| (1_000..2_500).contains(last)), "{seen:?}");
    assert_eq!(seen.iter().filter(|counted| **counted >= 1_000).count(), 1, "{seen:?}");
    assert_eq!(examined(&vault, Depth::Deep).counted, 2_500, "and another time to the end");
}

#[test]
fn a_healthy_vault_has_no_finding_at_any_depth() {
    let (_, _, vault) = vault_of(2_500);
    let mut seen = vec![];
    let report = vault.doctor(|progress| seen.push(progress.counted)).expect("examined");
    assert_eq!((report.symptoms.as_slice(), report.counted, report.opened), ([].as_slice(), 2_500, 2_500));
    assert!(report.compared && report.audit_entries == 2_501 && seen.is_sorted() && seen.last() == Some(&2_500));
    let quick = examined(&vault, Depth::Quick);
    assert_eq!((quick.symptoms.as_slice(), quick.counted, quick.opened, quick.compared), ([].as_slice(), 0, 0, false));
    let parts: Vec<_> = (1..=7).map(|n| examined(&vault, part(n, 7))).collect();
    assert!(parts.iter().all(|report| report.symptoms.is_empty() && report.compared && report.counted == 2_500));
    assert_eq!(parts.iter().map(|report| report.opened).sum::<u64>(), 2_500, "each record in exactly one part");
}

#[test]
fn a_record_that_does_not_open_is_found_in_one_part_of_all_and_never_by_the_quick_look() {
    let (store, _, vault) = vault_of(500);
    let keys = record_keys(&store, 500);
    for at in [0, 100, 300, 499] {
        edit(&store, Table::Keys, &keys[at], |value| value[70] ^= 1);
        assert_eq!(damage(&examined(&vault, Depth::Deep)), ["record", "record-set"]);
        let parts: Vec<_> = (1..=5).map(|n| examined(&vault, part(n, 5))).collect();
        assert!(parts.iter().all(|report| damage(report).contains(&"record-set")), "the digest covers every byte");
        let found = parts.iter().filter(|report| damage(report).contains(&"record")).count();
        assert_eq!(found, 1);
        assert_eq!(damage(&examined(&vault, Depth::Quick)), Vec::<&str>::new());
        edit(&store, Table::Keys, &keys[at], |value| value[70] ^= 1);
    }
    overwrite(&store, Table::Keys, &keys[7], None);
    for n in 1..=5 {
        let found = damage(&examined(&vault, part(n, 5)));
        assert_eq!(found, ["record", "record-set"], "every part counts all records, and misses what the log knows");
    }
}

#[test]
fn behind_a_damaged_head_everything_else_is_examined() {
    let (store, _, vault) = vault_of(100);
    edit(&store, Table::Keys, &record_keys(&store, 1)[0], |value| value[70] ^= 1);
    edit(&store, Table::Audit, &5_u64.to_be_bytes(), |value| value[20] ^= 1);
    let head = store.get(Table::Vault, b"head").expect("readable").expect("a head");
    for broken in [None, Some(head[..head.len() - 1].to_vec()), Some(vec![]), Some([&[9], &head[1..]].concat())] {
        overwrite(&store, Table::Vault, b"head", broken);
        let report = examined(&vault, Depth::Deep);
        assert_eq!(damage(&report), ["head", "audit", "record"], "{report:?}");
        assert_eq!((report.counted, report.opened, report.compared), (100, 99, false));
    }
}

#[test]
fn behind_a_damaged_rotation_row_everything_else_is_examined() {
    let (store, keys, _) = vault_of(100);
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    vault.rotate(&options, &act(), stop_after_one_batch).expect("stopped");
    let keys = record_keys(&store, 100);
    // One on each side of the cursor.
    for at in [2, 90] {
        edit(&store, Table::Keys, &keys[at], |value| value[70] ^= 1);
    }
    edit(&store, Table::Vault, b"rotation", |value| value[20] ^= 1);
    let report = examined(&vault, Depth::Deep);
    assert_eq!(damage(&report), ["rotation", "record", "record"]);
    assert_eq!((report.counted, report.opened, report.compared), (100, 98, false));
    edit(&store, Table::Vault, b"rotation", |value| value[20] ^= 1);
    let report = examined(&vault, Depth::Deep);
    assert_eq!((damage(&report), report.compared), (vec!["record", "record", "record-set", "record-set"], true));
}

#[test]
fn an_imported_token_that_is_not_indexed_is_found_before_and_during_a_rotation() {
    let (store, keys, vault) = vault_of(0);
    let import = |n: u32| ImportedKey::new(SecretText::new(format!("token {n}")), NewApiKey::new("n")).allow_weak(true);
    vault.import(&(0..40).map(import).collect::<Vec<_>>(), &act()).expect("imported");
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let (index, row) = store.scan(Table::Lookup, None, 1).expect("rows").remove(0);
    overwrite(&store, Table::Lookup, &index, None);
    let report = examined(&vault, Depth::Deep);
    assert_eq!((damage(&report), report.opened), (vec!["record"], 39));
    assert!(report.symptoms[0].what.contains("(not-indexed)"), "{report:?}");
    overwrite(&store, Table::Lookup, &index, Some(row));
    let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    vault.rotate(&options, &act(), stop_after_one_batch).expect("stopped");
    assert_eq!(damage(&examined(&vault, Depth::Deep)), Vec::<&str>::new());
    let (index, _) = store.scan(Table::Lookup, None, 1).expect("rows").remove(0);
    overwrite(&store, Table::Lookup, &index, None);
    assert_eq!(damage(&examined(&vault, Depth::Deep)), ["record"]);
    vault.rotate(&options, &act(), |_| ()).expect("rotated");
}

#[test]
fn however_much_is_damaged_the_page_is_one_page() {
    let (store, _, vault) = vault_of(3_000);
    for key in record_keys(&store, 3_000) {
        edit(&store, Table::Keys, &key, |value| value[70] ^= 1);
    }
    let report = examined(&vault, Depth::Deep);
    assert_eq!((report.symptoms.len(), report.opened), (52, 0));
    assert!(report.symptoms[50].what.contains("2950 more"), "{:?}", report.symptoms[50]);
    let distinct: BTreeSet<_> = report.symptoms.iter().map(|symptom| &symptom.what).collect();
    assert_eq!(distinct.len(), 52);
}

#[test]
fn a_clock_that_went_back_is_a_notice_and_one_in_the_future_a_warning() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(1));
    let start = Timestamp::now();
    let at = |shift: i64| {
        let now = Timestamp::from_unix_millis(start.unix_millis() + shift * 1_000).expect("a time");
        VaultOptions::new().clock(move || now)
    };
    drop(at(0).create(store.clone(), keys.only([1]), &act()).expect("vault"));
    let issue = |shift: i64| {
        at(shift)
            .open(store.clone(), keys.only([1]))
            .expect("vault")
            .issue(&NewApiKey::new("n"), &act())
            .expect("issued")
    };
    issue(-59);
    let found = |shift: i64| {
        let report = at(shift).open(store.clone(), keys.only([1])).expect("vault").doctor(|_| ()).expect("examined");
        let found = report.symptoms.iter().map(|symptom| (symptom.id, symptom.severity)).collect::<Vec<_>>();
        (found, report.symptoms.first().map_or_else(String::new, |symptom| symptom.what.clone()))
    };
    assert_eq!(found(0).0, [], "the clocks of two machines differ a little");
    issue(0);
    issue(-3_600);
    let (notice, what) = found(0);
    assert_eq!(notice, [("clock-went-back", SymptomSeverity::Notice)]);
    assert!(what.contains("once, first by 3600 s at entry 4"), "{what}");
    issue(7_200);
    let (both, _) = found(0);
    assert_eq!(both, [("clock", SymptomSeverity::Warning), ("clock-went-back", SymptomSeverity::Notice)]);
    assert_eq!(found(8_000).0.len(), 1);
}

#[test]
fn the_ages_of_the_checkup_decide_whether_a_master_key_is_old() {
    let (_, _, vault) = vault_of(1);
    std::thread::sleep(Duration::from_millis(5));
    let ages = strongroom::master::AgePolicy::new(Duration::from_millis(1), Duration::from_secs(900));
    let report = vault.examine(&Checkup::new().ages(ages), |_| ()).expect("examined");
    assert_eq!(report.symptoms.iter().map(|symptom| symptom.id).collect::<Vec<_>>(), ["master-key-age"]);
    assert_eq!(report.worst(), Some(SymptomSeverity::Warning));
}
