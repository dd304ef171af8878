//! Somebody who can write the store, and has copies of how it was, puts old rows back: one, or some of them together.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::support::past::{Copied, copied, damage_of, overwrite};
use crate::support::{Keys, act, stop_after_one_batch, version};
use strongroom::doctor::SymptomSeverity;
use strongroom::error::RecordError;
use strongroom::policy::Policy;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{ApiKeyId, ErrorKind, MemoryStore, NewApiKey, Reissue, Timestamp, Update, Vault};

/// A moment in the life of a vault: what was done last, and every row.
struct Moment {
    after: &'static str,
    rows: Copied,
}

struct Life {
    keys: Keys,
    store: MemoryStore,
    moments: Vec<Moment>,
}

impl Life {
    /// A vault to which much of what there is has happened.
    fn lived() -> Self {
        let keys = Keys::generate(5);
        let store = MemoryStore::new();
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let mut life = Self { keys, store, moments: vec![] };
        life.saw("made");
        let issue = |vault: &Vault, n: usize| -> Vec<ApiKeyId> {
            let key = |n| NewApiKey::new(format!("key {n}")).scopes(["read", "write"]);
            (0..n).map(|n| vault.issue(&key(n), &act()).expect("issued").id).collect()
        };
        let ids = issue(&vault, 12);
        life.saw("issue");
        vault.suspend(ids[0], &act()).expect("suspended");
        life.saw("suspend");
        vault.update(ids[1], &Update::new().scopes(["read"]), &act()).expect("narrowed");
        life.saw("update");
        vault.set_policy(&Policy::new().require_owner(true), &act()).expect("set");
        life.saw("policy");
        vault.set_policy(&Policy::new(), &act()).expect("unset");
        life.saw("policy unset");
        vault.revoke(ids[2], &act()).expect("revoked");
        life.saw("revoke");
        let vault = life.open();
        vault.rotate(&RotateOptions::new().to(version(2)).rewrap_only(true), &act(), |_| ()).expect("rewrapped");
        life.saw("rewrap");
        let ahead = strongroom::Timestamp::now().saturating_add(Duration::from_secs(3_600));
        vault.revoke_at(ids[3], ahead, &act()).expect("set");
        life.saw("schedule-revocation");
        let options = || RotateOptions::new().batch(NonZeroUsize::new(4).expect("not zero"));
        vault.rotate(&options().to(version(3)), &act(), stop_after_one_batch).expect("stopped");
        life.saw("rotation open");
        vault.suspend(ids[4], &act()).expect("suspended");
        life.saw("suspend beside a rotation");
        vault.resume(ids[0], &act()).expect("resumed");
        life.saw("resume beside a rotation");
        vault.rotate(&options().to(version(3)), &act(), |_| ()).expect("finished");
        life.saw("rotation finished");
        vault.reissue(ids[5], &Reissue::new(), &act()).expect("reissued");
        life.saw("reissue");
        vault.rotate(&options().to(version(4)).compromised(true), &act(), stop_after_one_batch).expect("stopped");
        life.saw("rotation for a leak open");
        vault.rotate(&options().to(version(4)), &act(), |_| ()).expect("finished");
        life.saw("rotation for a leak finished");
        issue(&vault, 2);
        life.saw("issue at last");
        life
    }

    fn open(&self) -> Vault {
        Vault::open(self.store.clone(), self.keys.only([1, 2, 3, 4])).expect("vault")
    }

    fn saw(&mut self, after: &'static str) {
        self.moments.push(Moment { after, rows: copied(&self.store) });
    }

    /// Who notices that these rows stand together: the one who opens them, or the doctor.
    fn noticed(&self, rows: &Copied) -> Option<&'static str> {
        let store = MemoryStore::new();
        let mut batch = Batch::new();
        for (table, key, value) in rows {
            batch.put(*table, key.clone(), value.clone(), Expected::Absent);
        }
        store.commit(&batch).expect("written");
        let vault = match Vault::open(store, self.keys.only([1, 2, 3, 4])) {
            Ok(vault) => vault,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:#}");
                return Some("open");
            }
        };
        let report = vault.doctor(|_| ()).expect("examined");
        let damage = report.symptoms.iter().any(|symptom| symptom.severity == SymptomSeverity::Damage);
        damage.then_some("doctor")
    }
}

/// `now` with these rows as they were.
fn with(now: &Copied, past: &Copied, chosen: &[(Table, Vec<u8>)]) -> Copied {
    let is_chosen =
        |row: &(Table, Vec<u8>, Vec<u8>)| chosen.iter().any(|(table, key)| (table, key) == (&row.0, &row.1));
    let kept = now.iter().filter(|row| !is_chosen(row));
    kept.chain(past.iter().filter(|row| is_chosen(row))).cloned().collect()
}

/// The rows of a table that are not the same at both moments.
fn changed(now: &Copied, past: &Copied, table: Table) -> Vec<(Table, Vec<u8>)> {
    let differs = |row: &&(Table, Vec<u8>, Vec<u8>), other: &Copied| row.0 == table && !other.contains(row);
    let mut keys: Vec<_> = now.iter().filter(|row| differs(row, past)).map(|row| row.1.clone()).collect();
    keys.extend(past.iter().filter(|row| differs(row, now)).map(|row| row.1.clone()));
    keys.sort();
    keys.dedup();
    // A fence that no keyring names is nobody's.
    let fenced = now.iter().any(|row| row.1 == b"fence");
    keys.retain(|key| fenced || !key.starts_with(b"fence"));
    keys.into_iter().map(|key| (table, key)).collect()
}

#[test]
fn whatever_rows_of_the_vault_are_put_back_together_is_noticed() {
    let life = Life::lived();
    let mut tried = [0_u32; 2];
    for (at, now) in life.moments.iter().enumerate() {
        assert_eq!(life.noticed(&now.rows), None, "nothing is wrong after {}", now.after);
        for past in &life.moments[..at] {
            let rows = changed(&now.rows, &past.rows, Table::Vault);
            for subset in 1..1_usize << rows.len() {
                let chosen: Vec<_> =
                    rows.iter().enumerate().filter(|(n, _)| subset >> n & 1 == 1).map(|(_, row)| row.clone()).collect();
                let by = life.noticed(&with(&now.rows, &past.rows, &chosen));
                let names: Vec<_> = chosen.iter().map(|(_, key)| String::from_utf8_lossy(key)).collect();
                let by =
                    by.unwrap_or_else(|| panic!("{names:?} of after {}, put back after {}", past.after, now.after));
                tried[usize::from(by == "doctor")] += 1;
            }
        }
    }
    assert!(tried[0] > 300 && tried[1] > 10, "noticed by opening and by the doctor: {tried:?}");
}

#[test]
fn whatever_record_or_entry_is_put_back_alone_is_noticed() {
    let life = Life::lived();
    let mut tried = 0;
    for (at, now) in life.moments.iter().enumerate() {
        for past in &life.moments[..at] {
            for table in [Table::Keys, Table::Audit] {
                for row in changed(&now.rows, &past.rows, table) {
                    let by = life.noticed(&with(&now.rows, &past.rows, std::slice::from_ref(&row)));
                    assert!(by.is_some(), "{row:?} of after {}, put back after {}", past.after, now.after);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn a_process_that_saw_the_present_takes_no_older_keyring() {
    let life = Life::lived();
    let now = life.moments.last().expect("a moment");
    for past in &life.moments {
        let chosen = changed(&now.rows, &past.rows, Table::Vault);
        if !chosen.iter().any(|(_, key)| key == b"keyring") {
            continue;
        }
        // Its keyring alone, and all of the store.
        for rows in [with(&now.rows, &past.rows, &[(Table::Vault, b"keyring".to_vec())]), past.rows.clone()] {
            let store = MemoryStore::new();
            fill(&store, &now.rows);
            let vault = Vault::open(store.clone(), life.keys.only([1, 2, 3, 4])).expect("vault");
            fill(&store, &rows);
            let refused = vault.status().expect_err(past.after);
            assert_eq!((refused.kind(), refused.code()), (ErrorKind::Corrupt, "keyring-put-back"), "{}", past.after);
            let refused = vault.issue(&NewApiKey::new("n"), &act()).expect_err(past.after);
            assert_eq!(refused.kind(), ErrorKind::Corrupt, "{}", past.after);
        }
    }
}

/// Makes these all the rows that there are.
fn fill(store: &MemoryStore, rows: &Copied) {
    let mut batch = Batch::new();
    for (table, key, value) in copied(store) {
        batch.delete(table, key, Expected::Exactly(value));
    }
    store.commit(&batch).expect("emptied");
    let mut batch = Batch::new();
    for (table, key, value) in rows {
        batch.put(*table, key.clone(), value.clone(), Expected::Absent);
    }
    store.commit(&batch).expect("written");
}

#[test]
fn a_process_that_wrote_takes_no_older_head() {
    let (keys, store) = (Keys::generate(2), MemoryStore::new());
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let id = vault.issue(&NewApiKey::new("n"), &act()).expect("issued").id;
    let before = copied(&store);
    vault.revoke(id, &act()).expect("revoked");
    fill(&store, &before);
    let refused = vault.issue(&NewApiKey::new("n"), &act()).expect_err("the log went back");
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Corrupt, "audit-rolled-back"), "{refused:#}");
    // One that went another way from there.
    let other = Vault::open(store.clone(), keys.only([1])).expect("vault");
    other.suspend(id, &act()).expect("suspended");
    let refused = vault.issue(&NewApiKey::new("n"), &act()).expect_err("the log went another way");
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Corrupt, "audit-forked"), "{refused:#}");
}

#[test]
fn a_planted_row_of_a_subtree_stops_nobody() {
    let (keys, store) = (Keys::generate(2), MemoryStore::new());
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let planted = [b"subtree/".as_slice(), &0_u64.to_be_bytes()].concat();
    let mut batch = Batch::new();
    batch.put(Table::Vault, planted.clone(), vec![7; 32], Expected::Absent);
    store.commit(&batch).expect("planted");
    let keys: Vec<_> = (0..5_000).map(|n| NewApiKey::new(format!("key {n}"))).collect();
    assert_eq!(vault.issue_many(&keys, &act()).expect("issued").len(), 5_000);
    assert_eq!(vault.verify_audit().expect("whole"), 5_001);
    assert_eq!(store.get(Table::Vault, &planted).expect("read"), Some(vec![7; 32]), "it proves nothing, and stays");
}

/// An act that reads the record of an API key and writes an audit entry.
type ReadingAct = (&'static str, fn(&Vault, ApiKeyId) -> Result<(), strongroom::Error>);

const READING_ACTS: [ReadingAct; 7] = [
    ("update", |vault, id| vault.update(id, &Update::new().name("another"), &act()).map(drop)),
    ("resume", |vault, id| vault.resume(id, &act()).map(drop)),
    ("revoke-at", |vault, id| vault.revoke_at(id, Timestamp::now().saturating_add(DAY), &act()).map(drop)),
    ("reissue", |vault, id| vault.reissue(id, &Reissue::new().grace(DAY), &act()).map(drop)),
    ("recover", |vault, id| vault.recover(id, &act()).map(drop)),
    ("recover and reissue", |vault, id| vault.recover_and_reissue(id, &Reissue::new().grace(DAY), &act()).map(drop)),
    ("export", |vault, _| vault.export_page(None, 10, &act()).map(drop)),
];

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn an_act_on_a_record_that_was_put_back_does_not_make_it_pass() {
    for (name, on_it) in READING_ACTS {
        let (keys, store) = (Keys::generate(2), MemoryStore::new());
        let open = |newest: u32| Vault::open(store.clone(), keys.only(1..=newest)).expect("opened");
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let id = vault.issue(&NewApiKey::new("n").scope("all"), &act()).expect("issued").id;
        if name == "resume" {
            vault.suspend(id, &act()).expect("suspended");
        }
        let (row, before) = store.scan(Table::Keys, None, 1).expect("read").remove(0);
        vault.update(id, &Update::new().scopes(["few"]), &act()).expect("narrowed");
        drop(vault);
        // A process that has only begun knows nothing of the record yet.
        overwrite(&store, Table::Keys, &row, Some(before));
        let vault = open(1);
        let seq = vault.audit_end().expect("whole").seq() + 1;
        on_it(&vault, id).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(damage_of(&vault).contains(&"record"), "{name}");
        drop(vault);
        let vault = open(2);
        for options in [RotateOptions::new(), RotateOptions::new().accept_record_set(true)] {
            let report = vault.rotate(&options, &act(), |_| ()).expect("it ends");
            let causes: Vec<_> = report.unreadable.iter().map(|record| (record.id, record.cause)).collect();
            assert_eq!(causes, [(Some(id), RecordError::Continued { seq })], "{name}");
        }
        // The way out that every list names.
        vault.revoke(id, &act()).expect("revoked");
        let accepted = vault.rotate(&RotateOptions::new().accept_record_set(true), &act(), |_| ()).expect("it ends");
        assert_eq!(accepted.outcome, RotationOutcome::Finished, "{name}");
        assert_eq!(damage_of(&vault), Vec::<&str>::new(), "{name}");
    }
}
