//! Many writers on the same API keys: threads of several processes revoke, update, suspend and reissue while the master key is
//! rotated. Nothing acknowledged is lost or undone, and the audit log has one entry for each act.
#![cfg(feature = "sqlite")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::support::{Keys, version};
use strongroom::api_keys::LifeError;
use strongroom::audit::{Action, AuditEntry, Outcome};
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::{Act, ApiKeyId, Cursor, Error, NewApiKey, Reissue, Request, SqliteStore, Timestamp, Update, Vault};

const THREADS: usize = 8;
const ACTS: usize = 30;
const IDS: usize = 6;
const SCENE: &str = "STRONGROOM_TEST_CONCURRENT";

/// What one act acknowledged, or why it was refused.
type Told = (Action, ApiKeyId, Outcome, Option<ApiKeyId>);

/// One thread's acts, on API keys by chance. Each attribute it sets is its own, so that a lost update shows.
fn work(vault: &Vault, ids: &[ApiKeyId], name: &str, seed: u64) -> Vec<Told> {
    let (mut told, mut dice) = (vec![], seed | 1);
    let mut next = |below: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % below as u64).expect("small")
    };
    for at in 0..ACTS {
        let (id, act) = (ids[next(ids.len())], Act::by(format!("{name}/{at}")));
        let hour = Duration::from_secs(3_600);
        let mut made = None;
        let (action, result) = match next(10) {
            0 if at > ACTS / 2 => (Action::Revoke, vault.revoke(id, &act)),
            1 => {
                let at = Timestamp::now().saturating_add(hour * (1 + u32::try_from(next(100)).expect("small")));
                (Action::ScheduleRevocation, vault.revoke_at(id, at, &act))
            }
            2 => (Action::Suspend, vault.suspend(id, &act)),
            3 => (Action::Resume, vault.resume(id, &act)),
            4 => {
                let issued = vault.reissue(id, &Reissue::new().grace(hour), &act);
                made = issued.as_ref().ok().map(|issued| issued.id);
                (Action::Reissue, issued.map(|_| true))
            }
            5 => {
                // Insists on what it saw: succeeds, or is told that somebody was quicker.
                let seen = vault.show(id).expect("there").revision;
                let update = Update::new().attribute(format!("{name}/{at}"), "v").expect(seen);
                (Action::Update, vault.update(id, &update, &act).map(|_| true))
            }
            _ => {
                let update = Update::new().attribute(format!("{name}/{at}"), "v");
                (Action::Update, vault.update(id, &update, &act).map(|_| true))
            }
        };
        match result.map_err(Error::into_detail) {
            Ok(true) => told.push((action, id, Outcome::Done, made)),
            Ok(false) => {}
            Err(Detail::Life { fault, .. }) => {
                assert!(!matches!(fault, LifeError::Past { .. } | LifeError::Expired { .. }), "{fault}");
                told.push((action, id, Outcome::Refused, None));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    told
}

fn threads(vault: &Vault, ids: &[ApiKeyId], process: &str, count: usize, seed: u64) -> Vec<Told> {
    std::thread::scope(|scope| {
        let work = |n: usize| {
            let name = format!("{process}{n}");
            scope.spawn(move || work(vault, ids, &name, seed.wrapping_mul(31) + n as u64 * 0x9e37_79b9))
        };
        let handles: Vec<_> = (0..count).map(work).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a thread")).collect()
    })
}

/// The second process: this test, run again by the one below.
#[test]
fn the_other_process() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let mut parts = scene.split('|');
    let mut part = || parts.next().expect("a part").to_owned();
    let (path, seed): (PathBuf, u64) = (part().into(), part().parse().expect("a number"));
    let ids: Vec<ApiKeyId> = part().split(',').map(|id| id.parse().expect("an id")).collect();
    let keys = strongroom::MasterKeys::from_env().expect("master keys");
    let vault = open(&path, keys);
    let line = |(action, id, outcome, made): Told| {
        format!("{action} {id} {} {}\n", outcome == Outcome::Done, made.map(|id| id.to_string()).unwrap_or_default())
    };
    let told: String = threads(&vault, &ids, "b", THREADS / 2, seed).into_iter().map(line).collect();
    std::fs::write(path.with_extension("told"), told).expect("written");
}

fn open(path: &Path, keys: strongroom::MasterKeys) -> Vault {
    Vault::open(SqliteStore::open(path).expect("store"), keys).expect("vault")
}

fn told_by_the_other(path: &Path) -> Vec<Told> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let mut word = || words.next().expect("a word");
        let action = serde_json::from_value(word().into()).expect("an action");
        let id = word().parse().expect("an id");
        let outcome = if word() == "true" { Outcome::Done } else { Outcome::Refused };
        (action, id, outcome, word().parse().ok())
    };
    std::fs::read_to_string(path.with_extension("told")).expect("told").lines().map(line).collect()
}

#[test]
fn no_act_of_eight_threads_in_two_processes_is_lost_or_undone_while_the_master_key_is_rotated() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, keys) = (folder.path().join("vault.db"), Keys::generate(4));
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &crate::support::act());
    drop(vault.expect("vault"));
    let vault = open(&path, keys.only([1, 2, 3, 4]));
    let issued = vault.issue_many(&vec![NewApiKey::new("shared"); IDS + 200], &crate::support::act()).expect("issued");
    let ids: Vec<_> = issued.iter().take(IDS).map(|issued| issued.id).collect();
    let before = vault.verify_audit().expect("whole");
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
    let seed = u64::try_from(seed & u128::from(u64::MAX)).expect("masked");
    let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut other = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "concurrent::the_other_process"])
        .env(SCENE, format!("{}|{seed}|{list}", path.display()))
        .env("STRONGROOM_MASTER_KEYS", keys.variable([1, 2, 3, 4]))
        .stdout(Stdio::null())
        .spawn()
        .expect("a second process");

    let rotations = Mutex::new(0);
    let mut told = std::thread::scope(|scope| {
        let rotator = scope.spawn(|| {
            for to in 2..=4 {
                let options = RotateOptions::new().to(version(to)).batch(NonZeroUsize::new(20).expect("not zero"));
                let report = vault.rotate(&options, &crate::support::act(), |_| ()).expect("rotated");
                assert_eq!(report.outcome, RotationOutcome::Finished);
                *rotations.lock().expect("whole") += 1;
            }
        });
        let told = threads(&vault, &ids, "a", THREADS / 2, seed ^ 1 << 40);
        rotator.join().expect("the rotator");
        told
    });
    assert!(other.wait().expect("it ended").success());
    let there = told_by_the_other(&path);
    assert!(there.iter().any(|told| told.2 == Outcome::Done));
    told.extend(there);
    assert_eq!(*rotations.lock().expect("whole"), 3);

    the_log_has_one_entry_for_each_act(&vault, before, &told);
    nothing_is_lost_or_undone(&vault, before, &ids, &told);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms.iter().map(|s| &s.what).collect::<Vec<_>>(), [""; 0]);
    for untouched in &issued[IDS..] {
        vault.verify(untouched.token.expose(), &Request::new()).expect("nobody touched it");
    }
}

fn the_log_has_one_entry_for_each_act(vault: &Vault, before: u64, told: &[Told]) {
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    for (action, id, outcome, made) in told {
        *counts.entry((action.name(), *id, *outcome == Outcome::Done)).or_default() += 1;
        if let Some(made) = made {
            *counts.entry((Action::Issue.name(), *made, true)).or_default() += 1;
        }
    }
    let end = vault.verify_audit().expect("the chain is whole");
    for entry in vault
        .audit_entries(Some(Cursor::after_audit_entry(before)), usize::try_from(end).expect("small"))
        .expect("entries")
        .items
    {
        let Some(id) = entry.key else { continue };
        *counts.entry((entry.action.name(), id, entry.outcome == Outcome::Done)).or_default() -= 1;
    }
    counts.retain(|_, left| *left != 0);
    assert!(counts.is_empty(), "acts without an entry, or entries without an act: {counts:?}");
}

fn nothing_is_lost_or_undone(vault: &Vault, before: u64, ids: &[ApiKeyId], told: &[Told]) {
    let done = |wanted: Action, id: ApiKeyId| {
        told.iter().filter(|(action, of, outcome, _)| (*action, *of, *outcome) == (wanted, id, Outcome::Done)).count()
    };
    let entries = vault.audit_entries(Some(Cursor::after_audit_entry(before)), 100_000).expect("entries").items;
    for id in ids.iter().copied() {
        let key = vault.show(id).expect("there");
        let updates: BTreeSet<_> = entries
            .iter()
            .filter(|entry| (entry.action, entry.key, entry.outcome) == (Action::Update, Some(id), Outcome::Done))
            .map(|entry| entry.actor.clone())
            .collect();
        let labels: BTreeSet<_> = key.attributes.keys().cloned().collect();
        assert_eq!(labels, updates, "every update that was acknowledged is there");
        assert_eq!(updates.len(), done(Action::Update, id));
        assert_eq!(key.revoked_at.is_some(), done(Action::Revoke, id) > 0, "a revocation is for good");
        assert_eq!(done(Action::Reissue, id), usize::from(key.replaced_by.is_some()), "reissued once at most");
        let earliest = entries.iter().filter(|entry| (entry.key, entry.outcome) == (Some(id), Outcome::Done));
        let earliest = earliest.filter_map(|entry| entry.counts.get("at_ms").copied()).min();
        if let Some(at) = earliest {
            let set = key.revoke_at.expect("set").unix_millis();
            assert!(u64::try_from(set).expect("after 1970") <= at, "never put off");
        }
        let switches = |entry: &&AuditEntry| matches!(entry.action, Action::Suspend | Action::Resume);
        let of_it = |entry: &&AuditEntry| (entry.key, entry.outcome) == (Some(id), Outcome::Done);
        let last = entries.iter().filter(of_it).rfind(switches);
        assert_eq!(key.suspended_at.is_some(), last.is_some_and(|entry| entry.action == Action::Suspend));
    }
    assert!(told.iter().any(|told| told.2 == Outcome::Refused), "nobody ever came too late");
}
