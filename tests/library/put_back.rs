//! Somebody who can write the store, and has copies of how it was, puts old rows back: one, or some of them together.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::support::past::{Copied, copied, damage_of, overwrite};
use crate::support::shelf::Shelf;
use crate::support::{Keys, act, stop_after_one_batch, version};
use strongroom::backup::Backup;
use strongroom::doctor::SymptomSeverity;
use strongroom::error::{Detail, RecordError};
use strongroom::policy::Policy;
use strongroom::rotation::{Phase, Progress, RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::usage::UsageOptions;
use strongroom::{
    ApiKeyId, ErrorKind, MemoryStore, NewApiKey, Reissue, Request, Timestamp, Update, Vault, VaultOptions, VerifyError,
};

/// A moment in the life of a vault: what was done last, and every row.
struct Moment {
    after: &'static str,
    line: Line,
    rows: Copied,
}

/// A restored vault has another line than the one that went on. What was on one of them is no past of the other, and whoever writes the
/// store may have copies of both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    First,
    Restored,
}

struct Life {
    keys: Keys,
    shelf: Shelf,
    store: MemoryStore,
    /// That of an API key that nobody changes.
    token: String,
    moments: Vec<Moment>,
}

impl Life {
    /// A vault to which much of what there is has happened.
    fn lived() -> Self {
        let (keys, shelf, store) = (Keys::generate(5), Shelf::default(), MemoryStore::new());
        let vault = Vault::create(shelf.over(&store), keys.only([1]), &act()).expect("vault");
        let mut life = Self { keys, shelf, store, token: String::new(), moments: vec![] };
        life.saw("made");
        let key = |n| NewApiKey::new(format!("key {n}")).scopes(["read", "write"]);
        let issued: Vec<_> = (0..12).map(|n| vault.issue(&key(n), &act()).expect("issued")).collect();
        let ids: Vec<_> = issued.iter().map(|issued| issued.id).collect();
        life.token = issued[11].token.expose().into();
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
        vault.verify(&life.token, &Request::new()).expect("valid");
        vault.flush_usage().expect("flushed");
        life.saw("usage");
        vault
            .backup("monday", &act(), |progress| life.saw_once("backup listed and not there", progress.done > 0))
            .expect("taken");
        life.saw("backup");
        let vault = life.open();
        vault.rotate(&RotateOptions::new().to(version(2)).rewrap_only(true), &act(), |_| ()).expect("rewrapped");
        life.saw("rewrap");
        vault.revoke_at(ids[3], Timestamp::now().saturating_add(DAY), &act()).expect("set");
        life.saw("schedule-revocation");
        let options = || RotateOptions::new().batch(NonZeroUsize::new(4).expect("not zero"));
        vault.rotate(&options().to(version(3)), &act(), stop_after_one_batch).expect("stopped");
        life.saw("rotation open");
        vault.suspend(ids[4], &act()).expect("suspended");
        life.saw("suspend beside a rotation");
        vault.resume(ids[0], &act()).expect("resumed");
        life.saw("resume beside a rotation");
        let scrubs = |life: &mut Self, progress: Progress| {
            life.saw_once("rotation scrubbing", progress.phase == Phase::Scrub);
        };
        vault.rotate(&options().to(version(3)), &act(), |progress| scrubs(&mut life, progress)).expect("finished");
        life.saw("rotation finished");
        vault.reissue(ids[5], &Reissue::new(), &act()).expect("reissued");
        life.saw("reissue");
        vault.rotate(&options().to(version(4)).compromised(true), &act(), stop_after_one_batch).expect("stopped");
        life.saw("rotation for a leak open");
        vault.rotate(&options().to(version(4)), &act(), |_| ()).expect("finished");
        life.saw("rotation for a leak finished");
        vault.forget_all_backups(&act()).expect("forgotten");
        life.saw("backups forgotten");
        vault.issue(&key(12), &act()).expect("issued");
        life.saw("issue at last");

        let backup = Backup::open_with(life.shelf.clone(), "monday").expect("a backup");
        backup.restore("restored", &life.keys.only([1]), &act(), |_| ()).expect("restored");
        let restored = || life.shelf.open_at("restored".as_ref()).expect("it stands there");
        let moment = |after| Moment { after, line: Line::Restored, rows: copied(&restored()) };
        let mut moments = vec![moment("restore")];
        let vault = Vault::open(restored(), life.keys.only([1, 2])).expect("vault");
        vault.revoke(ids[6], &act()).expect("revoked");
        moments.push(moment("revoke in the restored one"));
        life.moments.extend(moments);
        life
    }

    fn open(&self) -> Vault {
        Vault::open(self.shelf.over(&self.store), self.keys.only([1, 2, 3, 4])).expect("vault")
    }

    fn saw(&mut self, after: &'static str) {
        self.moments.push(Moment { after, line: Line::First, rows: copied(&self.store) });
    }

    /// The first time that it is so.
    fn saw_once(&mut self, after: &'static str, now: bool) {
        if now && self.moments.iter().all(|moment| moment.after != after) {
            self.saw(after);
        }
    }

    /// Each moment with each whose rows could be put back into it: an earlier one, or one of the other line.
    fn pairs(&self) -> impl Iterator<Item = (&Moment, &Moment)> {
        self.moments.iter().enumerate().flat_map(|(at, now)| {
            let earlier = move |(before, past): &(usize, &Moment)| *before < at || past.line != now.line;
            self.moments.iter().enumerate().filter(earlier).map(move |(_, past)| (now, past))
        })
    }

    /// Who notices first that these rows stand together: the one who opens them, one who verifies, or the doctor.
    fn noticed(&self, rows: &Copied) -> Option<&'static str> {
        let store = MemoryStore::new();
        let mut batch = Batch::new();
        for (table, key, value) in rows {
            batch.put(*table, key.clone(), value.clone(), Expected::Absent);
        }
        store.commit(&batch).expect("written");
        let options = VaultOptions::new().follow(false).usage(UsageOptions::off());
        let vault = match options.open(store, self.keys.only([1, 2, 3, 4])) {
            Ok(vault) => vault,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:#}");
                return Some("open");
            }
        };
        if let Err(VerifyError::Unavailable(error)) = vault.verify(&self.token, &Request::new()) {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:#}");
            return Some("verify");
        }
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
#[allow(clippy::print_stderr, reason = "it says who notices what")]
fn whatever_rows_of_the_vault_are_put_back_together_is_noticed() {
    let life = Life::lived();
    assert!(life.moments.len() >= 20, "{}", life.moments.len());
    for now in &life.moments {
        assert_eq!(life.noticed(&now.rows), None, "nothing is wrong after {}", now.after);
    }
    let (mut by_rows, mut decides_nothing) = (BTreeMap::<_, BTreeMap<_, u32>>::new(), vec![]);
    for (now, past) in life.pairs() {
        let rows = changed(&now.rows, &past.rows, Table::Vault);
        for subset in 1..1_usize << rows.len() {
            let chosen: Vec<_> =
                rows.iter().enumerate().filter(|(n, _)| subset >> n & 1 == 1).map(|(_, row)| row.clone()).collect();
            let by = life.noticed(&with(&now.rows, &past.rows, &chosen));
            let names = named(&chosen);
            let Some(by) = by else {
                decides_nothing.push((names, past.after, now.after));
                continue;
            };
            *by_rows.entry(names).or_default().entry(by).or_default() += 1;
        }
    }
    for (names, by) in &by_rows {
        eprintln!("{names}: {by:?}");
    }
    // A rotation of which only the scrub is left: its row says no more than that.
    for (names, past, now) in &decides_nothing {
        let scrubs = |moment: &str| moment == "rotation scrubbing";
        assert!(names == "rotation" && (scrubs(past) || scrubs(now)), "{names} of after {past}, put back after {now}");
    }
    // Keyring, head and the end of the log are looked at on opening; the rows that stand beside them are not.
    for (names, by) in &by_rows {
        let on_opening = names.split(" + ").any(|name| ["head", "keyring"].contains(&name));
        let noticed: Vec<_> = by.keys().copied().collect();
        if on_opening {
            assert_eq!(noticed, ["open"], "{names}");
        } else {
            assert!(!noticed.contains(&"open"), "{names}: {noticed:?}");
        }
    }
    let sum = |who| by_rows.values().filter_map(|by| by.get(who)).sum::<u32>();
    assert!(sum("open") > 1_000 && sum("doctor") > 100, "{by_rows:?}");
}

#[test]
fn the_row_of_a_rotation_that_only_scrubs_decides_nothing_whether_it_is_taken_away_or_put_back() {
    let life = Life::lived();
    let at = |after| life.moments.iter().find(|moment| moment.after == after).expect("a moment");
    let (scrubbing, later) = (at("rotation scrubbing"), at("reissue"));
    let row = [(Table::Vault, b"rotation".to_vec())];
    for (rows, expected) in [
        // Taken away: nobody scrubs, and there is no certificate. Records and keys are those of the end.
        (with(&scrubbing.rows, &at("made").rows, &row), None),
        // Put back: it is scrubbed once more, and the certificate says what the entry says.
        (with(&later.rows, &scrubbing.rows, &row), Some(3)),
    ] {
        let store = MemoryStore::new();
        fill(&store, &rows);
        let vault = Vault::open(store.clone(), life.keys.only([1, 2, 3])).expect("vault");
        assert_eq!(damage_of(&vault), Vec::<&str>::new());
        let before = (store.scan(Table::Keys, None, 100), vault.audit_end());
        let open = vault.status().expect("status").rotation;
        assert_eq!(open.map(|open| open.to_master_key.get()), expected);
        if expected.is_some() {
            let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("it ends");
            let check = vault.check_certificate(&report.certificate.expect("a certificate")).expect("checked");
            assert_eq!((check.faults, check.authenticated), (vec![], true));
        }
        assert!(vault.status().expect("status").rotation.is_none());
        assert_eq!((store.scan(Table::Keys, None, 100).ok(), vault.audit_end().ok()), (before.0.ok(), before.1.ok()));
        vault.verify(&life.token, &Request::new()).expect("valid");
    }
}

/// The names of rows; those of a fence are one thing.
fn named(rows: &[(Table, Vec<u8>)]) -> String {
    let mut names: Vec<_> = rows.iter().map(|(_, key)| String::from_utf8_lossy(key)).collect();
    for name in names.iter_mut().filter(|name| name.starts_with("fence/")) {
        *name = "fence/".into();
    }
    names.join(" + ")
}

#[test]
fn whatever_record_or_entry_is_put_back_alone_is_noticed() {
    let life = Life::lived();
    let mut tried = BTreeMap::<_, u32>::new();
    for (now, past) in life.pairs() {
        for table in [Table::Keys, Table::Audit] {
            for row in changed(&now.rows, &past.rows, table) {
                let by = life.noticed(&with(&now.rows, &past.rows, std::slice::from_ref(&row)));
                let by = by.unwrap_or_else(|| panic!("{row:?} of after {}, put back after {}", past.after, now.after));
                *tried.entry((table.name(), by)).or_default() += 1;
            }
        }
    }
    assert!(tried.values().sum::<u32>() > 1_000, "{tried:?}");
}

#[test]
fn a_process_that_saw_the_present_takes_no_older_keyring() {
    let life = Life::lived();
    let last_of = |line| life.moments.iter().rfind(|moment| moment.line == line).expect("a moment");
    for (now, past) in life.pairs().filter(|(now, _)| std::ptr::eq(*now, last_of(now.line))) {
        let chosen = changed(&now.rows, &past.rows, Table::Vault);
        if !chosen.iter().any(|(_, key)| key == b"keyring") {
            continue;
        }
        let code = if now.line == past.line { "keyring-put-back" } else { "other-line" };
        // Its keyring alone, and all of the store.
        for rows in [with(&now.rows, &past.rows, &[(Table::Vault, b"keyring".to_vec())]), past.rows.clone()] {
            let store = MemoryStore::new();
            fill(&store, &now.rows);
            let vault = Vault::open(store.clone(), life.keys.only([1, 2, 3, 4])).expect("vault");
            fill(&store, &rows);
            let refused = vault.status().expect_err(past.after);
            assert_eq!((refused.kind(), refused.code()), (ErrorKind::Corrupt, code), "{}", past.after);
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

const READING_ACTS: [ReadingAct; 4] = [
    ("update", |vault, id| vault.update(id, &Update::new().name("another"), &act()).map(drop)),
    ("revoke-at", |vault, id| vault.revoke_at(id, Timestamp::now().saturating_add(DAY), &act()).map(drop)),
    ("recover", |vault, id| vault.recover(id, &act()).map(drop)),
    ("export", |vault, _| vault.export_page(None, 10, &act()).map(drop)),
];

/// After them something is valid that was not.
const REVIVING_ACTS: [ReadingAct; 3] = [
    ("resume", |vault, id| vault.resume(id, &act()).map(drop)),
    ("reissue", |vault, id| vault.reissue(id, &Reissue::new().grace(DAY), &act()).map(drop)),
    ("recover and reissue", |vault, id| vault.recover_and_reissue(id, &Reissue::new().grace(DAY), &act()).map(drop)),
];

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_record_that_was_put_back_is_neither_resumed_nor_reissued_by_who_has_not_followed_the_log() {
    for (name, on_it) in REVIVING_ACTS {
        let (keys, store) = (Keys::generate(1), MemoryStore::new());
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let id = vault.issue(&NewApiKey::new("n").scope("all"), &act()).expect("issued").id;
        vault.suspend(id, &act()).expect("suspended");
        let (row, before) = store.scan(Table::Keys, None, 1).expect("read").remove(0);
        vault.revoke(id, &act()).expect("revoked");
        drop(vault);
        overwrite(&store, Table::Keys, &row, Some(before));
        let vault = VaultOptions::new().follow(false).open(store.clone(), keys.only([1])).expect("opened");
        let records = || store.scan(Table::Keys, None, 10).expect("read").len();
        let before = records();
        let refused = on_it(&vault, id).expect_err(name);
        assert!(
            matches!(refused.detail(), Detail::Record { fault: RecordError::Differs { .. }, .. }),
            "{name}: {refused}"
        );
        assert_eq!(records(), before, "{name}");
    }
}

#[test]
fn an_act_on_a_record_that_was_put_back_does_not_make_it_pass() {
    for (name, on_it) in READING_ACTS {
        let (keys, store) = (Keys::generate(2), MemoryStore::new());
        let open = |newest: u32| Vault::open(store.clone(), keys.only(1..=newest)).expect("opened");
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let id = vault.issue(&NewApiKey::new("n").scope("all"), &act()).expect("issued").id;
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
