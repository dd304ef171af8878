//! Claims about backups, by the library.
#![cfg(feature = "sqlite")]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strongroom::error::{Detail, VaultRow};

use crate::support::past::{edit, overwrite};
use crate::support::{Keys, act, generation, stop_after_one_batch, version};
use strongroom::api_keys::ImportedKey;
use strongroom::audit::{Action, Outcome};
use strongroom::backup::{Backup, BackupProgress, BackupReport};
use strongroom::rotation::RotateOptions;
use strongroom::store::{Rows, StoreError, Table};
use strongroom::{
    Act, Cursor, Error, ErrorKind, Issued, MemoryStore, NewApiKey, Reissue, Request, SecretText, SqliteStore,
    Timestamp, Vault,
};

#[test]
fn a_restored_backup_is_the_vault_of_that_moment() {
    let scene = Scene::new(300);
    let vault = scene.vault([1]);
    vault
        .import(
            &[ImportedKey::new(SecretText::new("legacy-token".into()), NewApiKey::new("legacy")).allow_weak(true)],
            &act(),
        )
        .expect("imported");
    vault.revoke(scene.issued[7].id, &act()).expect("revoked");
    let report = scene.backup(&vault, "b");
    assert!(report.recorded);
    vault.revoke(scene.issued[8].id, &act()).expect("revoked");
    let late = vault.issue(&NewApiKey::new("late"), &act()).expect("issued");

    let manifest = scene.restore("b", "restored.db", [1]).expect("restored");
    assert_eq!(manifest, report.manifest);
    assert_eq!((manifest.records, manifest.audit_entries), (301, 304));
    let restored = scene.open("restored.db", [1]);
    for (at, issued) in scene.issued.iter().enumerate() {
        assert_eq!(restored.verify(issued.token.expose(), &Request::new()).is_ok(), at != 7, "token {at}");
    }
    assert!(restored.verify("legacy-token", &Request::new()).is_ok());
    assert!(restored.verify(late.token.expose(), &Request::new()).is_err());
    let token = restored.recover(scene.issued[0].id, &act()).expect("recovered");
    assert_eq!(token.expose(), scene.issued[0].token.expose());
    assert_eq!(restored.doctor(|_| ()).expect("doctor").symptoms, []);
    let entries =
        restored.audit_entries(Some(Cursor::after_audit_entry(manifest.audit_entries - 1)), 10).expect("entries").items;
    assert_eq!(entries[0].action, Action::Backup);
    assert_eq!((entries[1].action, entries[1].counts["backup_seq"]), (Action::Restore, manifest.audit_entries));
    assert!(restored.backups().expect("list")[0].finished, "it knows the backup that it is from");
    assert_eq!(left_in(&scene), ["b", "restored.db", "vault.db"].map(String::from), "and nothing else is there");
}

#[test]
fn a_backup_begun_beside_writers_ends_and_holds_what_was_acknowledged_before() {
    let scene = Scene::new(2_000);
    let (stop, acknowledged) = (AtomicBool::new(false), std::sync::Mutex::new(vec![]));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let vault = scene.vault([1]);
                while !stop.load(Ordering::Relaxed) {
                    let issued = vault.issue(&NewApiKey::new("beside"), &act()).expect("issued");
                    acknowledged.lock().expect("no panic").push(issued);
                }
            });
        }
        let vault = scene.vault([1]);
        for round in 0..5 {
            let before = acknowledged.lock().expect("no panic").len();
            let report = scene.backup(&vault, &format!("b{round}"));
            assert!(report.manifest.records >= 2_000 + before as u64);
            let name = format!("r{round}.db");
            scene.restore(&format!("b{round}"), &name, [1]).expect("restored");
            let restored = scene.open(&name, [1]);
            for issued in &acknowledged.lock().expect("no panic")[..before] {
                restored.verify(issued.token.expose(), &Request::new()).expect("acknowledged before");
            }
            assert_eq!(restored.doctor(|_| ()).expect("doctor").symptoms, []);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(acknowledged.lock().expect("no panic").len() > 5, "the writers wrote");
}

#[test]
fn a_backup_within_a_rotation_opens_with_the_new_master_key_alone_and_is_rotated_on() {
    let scene = Scene::new(200);
    let vault = scene.vault([1, 2]);
    let options = RotateOptions::new().batch(NonZeroUsize::new(20));
    vault.rotate(&options, &act(), stop_after_one_batch).expect("stopped");
    let manifest = scene.backup(&vault, "b").manifest;
    assert_eq!(manifest.opens_with.iter().map(|(version, _)| version.get()).collect::<Vec<_>>(), [2]);
    assert_eq!(manifest.generations, [1, 2].map(generation));
    assert_eq!(
        manifest.rotation.map(|open| (open.from_master_key, open.to_master_key)),
        Some((version(1), version(2)))
    );
    let refused = scene.restore("b", "x.db", [1]).expect_err("the old master key");
    assert_eq!(refused.kind(), ErrorKind::MasterKey);
    scene.restore("b", "r.db", [2]).expect("restored");
    let restored = scene.open("r.db", [2]);
    restored.rotate(&RotateOptions::new(), &act(), |_| ()).expect("finished");
    scene.assert_tokens(&restored);
    assert_eq!(restored.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn the_list_says_which_master_key_each_backup_needs_and_outlives_rotations() {
    let scene = Scene::new(10);
    scene.backup(&scene.vault([1]), "b1");
    let vault = scene.vault([1, 2]);
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    scene.backup(&vault, "b2");
    vault.rotate(&RotateOptions::new().to(version(2)), &act(), |_| ()).expect_err("active already");
    let vault = scene.vault([2, 3]);
    vault.rotate(&RotateOptions::new().rewrap_only(true), &act(), |_| ()).expect("rewrapped");
    let known = vault.backups().expect("list");
    let said: Vec<_> = known.iter().map(|b| (b.file_name.as_str(), b.master_key, b.records, b.finished)).collect();
    assert_eq!(said, [("b1", version(1), 10, true), ("b2", version(2), 10, true)]);
    for backup in &known {
        let entry =
            &vault.audit_entries(Some(Cursor::after_audit_entry(backup.audit_seq - 1)), 1).expect("entries").items[0];
        assert_eq!((entry.action, entry.at), (Action::Backup, backup.at));
    }
    // And the fingerprints are true: each opens with its own.
    scene.restore("b1", "r1.db", [1]).expect("restored");
    scene.restore("b2", "r2.db", [2]).expect("restored");
    assert_eq!(scene.restore("b1", "x.db", [2, 3]).expect_err("not those").kind(), ErrorKind::MasterKey);
    vault.forget_backup(known[0].id, &act()).expect("forgotten");
    assert_eq!(vault.backups().expect("list"), known[1..]);
    let unknown = vault.forget_backup(known[0].id, &act()).expect_err("gone");
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let last = vault.audit_entries(None, 1_000).expect("entries").items.pop().expect("an entry");
    assert_eq!((last.action, last.outcome), (Action::BackupForgotten, Outcome::Refused));
    assert_eq!(last.cause.as_deref(), Some("backup-unknown"));
}

#[test]
fn the_list_keeps_the_last_hundred() {
    let scene = Scene::new(0);
    let vault = scene.vault([1]);
    for round in 0..Backup::MAX_KNOWN + 3 {
        scene.backup(&vault, &format!("b{round}"));
        fs::remove_file(scene.file(&format!("b{round}"))).expect("removed");
    }
    let known = vault.backups().expect("list");
    assert_eq!((known.len(), known[0].file_name.as_str()), (Backup::MAX_KNOWN, "b3"));
}

#[test]
fn a_list_that_was_tampered_with_stops_a_rotation_until_it_is_begun_anew() {
    let scene = Scene::new(5);
    scene.backup(&scene.vault([1]), "b");
    let store = SqliteStore::open(scene.file("vault.db")).expect("store");
    let row = store.get(Table::Vault, b"backups").expect("read").expect("a row");
    for at in 0..row.len() {
        let mut edited = row.clone();
        edited[at] ^= 1;
        overwrite(&store, Table::Vault, b"backups", Some(edited));
        let refused = scene.vault([1]).backups().expect_err("edited");
        assert_eq!(refused.kind(), ErrorKind::Corrupt, "byte {at}");
    }
    let vault = scene.vault([1, 2]);
    let refused = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err("edited");
    assert!(matches!(refused.detail(), Detail::Tampered { row: VaultRow::Backups, .. }), "{refused}");
    assert_eq!(vault.status().expect("status").active_master_key, version(1), "nothing was begun");
    vault.forget_all_backups(&act()).expect("anew");
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(vault.backups().expect("list"), []);
}

#[test]
fn what_was_done_since_is_told_and_two_histories_are_told_apart() {
    let scene = Scene::new(5);
    let vault = scene.vault([1]);
    scene.backup(&vault, "b");
    let backup = Backup::open(scene.file("b")).expect("a backup");
    let behind = backup.behind(&vault).expect("compared");
    assert_eq!((behind.related, behind.entries, behind.last_at), (true, 0, None));
    vault.revoke(scene.issued[1].id, &act()).expect("revoked");
    vault.issue(&NewApiKey::new("late"), &act()).expect("issued");
    vault.recover(scene.issued[1].id, &Act::by("tester")).expect_err("no reason");
    let behind = backup.behind(&vault).expect("compared");
    assert_eq!((behind.related, behind.revoked.clone()), (true, [scene.issued[1].id].into()));
    assert_eq!(behind.acts, BTreeMap::from([("issue", 1), ("revoke", 1)]));
    assert!(behind.entries >= 2 && behind.last_at.is_some());

    // The older one goes its own way, and a backup of either is of no use to compare the other with.
    scene.restore("b", "r.db", [1]).expect("restored");
    let restored = scene.open("r.db", [1]);
    assert!(restored.verify(scene.issued[1].token.expose(), &Request::new()).is_ok(), "back to life");
    let taken = restored.backup(scene.file("b2"), &act(), |_| ()).expect("taken").manifest;
    assert!(taken.audit_entries <= vault.status().expect("status").audit_entries);
    let behind = Backup::open(scene.file("b2")).expect("a backup").behind(&vault).expect("compared");
    assert!(!behind.related);

    let other = Scene::new(1);
    let refused = backup.behind(&other.vault([1])).expect_err("another vault");
    assert!(matches!(refused.detail(), Detail::BackupOfOther { .. }) && refused.kind() == ErrorKind::Conflict);
}

#[test]
fn every_token_that_a_restore_would_bring_back_is_listed_and_none_that_it_would_not() {
    let scene = Scene::new(6);
    let vault = scene.vault([1]);
    let id = |at: usize| scene.issued[at].id;
    vault.suspend(id(5), &act()).expect("suspended");
    scene.backup(&vault, "b");
    vault.revoke(id(0), &act()).expect("revoked");
    let new = vault.reissue(id(1), &Reissue::new(), &act()).expect("reissued, and ended").id;
    vault.recover_and_reissue(id(2), &Reissue::new().grace(HOUR), &act()).expect("recovered, and ends in an hour");
    vault.revoke_at(id(3), Timestamp::now().saturating_add(HOUR), &act()).expect("set");
    for at in [3, 4] {
        vault.suspend(id(at), &act()).expect("suspended");
    }
    vault.resume(id(3), &act()).expect("resumed");
    vault.resume(id(5), &act()).expect("resumed");
    // Nothing of these is in the backup.
    let late = vault.issue(&NewApiKey::new("late"), &act()).expect("issued").id;
    vault.suspend(late, &act()).expect("suspended");
    vault.revoke(new, &act()).expect("revoked");

    let behind = Backup::open(scene.file("b")).expect("a backup").behind(&vault).expect("compared");
    assert_eq!(behind.revoked, [0, 1, 2, 3].map(id).into());
    assert_eq!(behind.suspended, [4].map(id).into());
    scene.restore("b", "r.db", [1]).expect("restored");
    let restored = scene.open("r.db", [1]);
    for at in [0, 1, 4] {
        vault.verify(scene.issued[at].token.expose(), &Request::new()).expect_err("out of use");
        restored.verify(scene.issued[at].token.expose(), &Request::new()).expect("back to life");
    }
}

#[test]
fn no_file_gets_a_name_that_sqlite_takes_for_a_part_of_another() {
    let scene = Scene::new(1);
    let vault = scene.vault([1]);
    scene.backup(&vault, "b");
    for name in ["vault.db-journal", "other-wal", "other.db-shm"] {
        let refused = vault.backup(scene.file(name), &act(), |_| ()).expect_err("a part");
        assert!(matches!(refused.detail(), Detail::Store(StoreError::Unsafe { .. })), "{name}: {refused}");
        let refused = scene.restore("b", name, [1]).expect_err("a part");
        assert!(matches!(refused.detail(), Detail::Store(StoreError::Unsafe { .. })), "{name}: {refused}");
    }
    assert_eq!(left_in(&scene), ["b", "vault.db"].map(String::from));
}

#[test]
fn a_reason_that_the_policy_does_not_take_is_refused_before_anything_is_copied() {
    let scene = Scene::new(1);
    let vault = scene.vault([1]);
    let good = Act::by("tester").because("OPS-1");
    let pattern = strongroom::policy::ReasonPattern::new("^OPS-").expect("a pattern");
    vault.change_policy(|policy| policy.reason = Some(pattern.clone()), &good).expect("set");
    vault.backup(scene.file("b"), &good, |_| ()).expect("a backup");
    assert_eq!(vault.backup(scene.file("c"), &act(), |_| ()).expect_err("no reason").code(), "policy-reason");
    assert_eq!(vault.forget_all_backups(&act()).expect_err("no reason").code(), "policy-reason");
    let mut refused = vault.audit_entries(None, 100).expect("entries").items;
    refused.retain(|entry| entry.outcome == Outcome::Refused);
    assert_eq!(refused.iter().map(|entry| entry.action).collect::<Vec<_>>(), [Action::Backup, Action::BackupForgotten]);
    let keys = scene.keys.only([1]);
    let backup = Backup::open(scene.file("b")).expect("a backup");
    let restored = backup.restore(scene.file("r.db"), &keys, &act(), |_| -> () { panic!("copied") });
    assert_eq!(restored.expect_err("no reason").code(), "policy-reason");
    backup.restore(scene.file("r.db"), &keys, &good, |_| ()).expect("restored");
}

#[test]
fn an_engine_without_backups_says_so() {
    let keys = Keys::generate(1);
    let vault = Vault::create(MemoryStore::new(), keys.only([1]), &act()).expect("vault");
    let file = std::env::temp_dir().join("strongroom-never-made");
    let refused = vault.backup(&file, &act(), |_| ()).expect_err("memory");
    assert!(
        matches!(refused.detail(), Detail::Store(StoreError::Unsupported { .. })) && refused.kind() == ErrorKind::Input
    );
    assert!(vault.backups().expect("list").is_empty() && !file.exists());
    let last = vault.audit_entries(None, 10).expect("entries").items.pop().expect("an entry");
    assert_eq!((last.action, last.outcome), (Action::Backup, Outcome::Refused));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_of_what_was_refused() {
    let scene = Scene::new(3);
    let vault = scene.vault([1]);
    scene.backup(&vault, "b");
    let before = fs::read(scene.file("b")).expect("readable");
    let take = |name: &str| vault.backup(scene.file(name), &act(), |_| ()).expect_err(name);
    assert_eq!(take("b").kind(), ErrorKind::Conflict);
    assert_eq!(take("vault.db").kind(), ErrorKind::Conflict);
    fs::write(scene.file("stale-wal"), "x").expect("written");
    assert_eq!(take("stale").kind(), ErrorKind::Conflict, "SQLite would read the log of another file");
    std::os::unix::fs::symlink("nowhere", scene.file("link")).expect("linked");
    assert_eq!(take("link").kind(), ErrorKind::Unsafe);
    assert_eq!(take("missing/b").kind(), ErrorKind::NoStore);
    fs::create_dir(scene.file("open")).expect("made");
    let mode =
        |path: &str, mode| fs::set_permissions(scene.file(path), std::os::unix::fs::PermissionsExt::from_mode(mode));
    mode("open", 0o777).expect("mode");
    assert_eq!(take("open/b").kind(), ErrorKind::Unsafe);
    assert_eq!(scene.restore("b", "vault.db", [1]).expect_err("there").kind(), ErrorKind::Conflict);
    assert_eq!(scene.restore("b", "stale", [1]).expect_err("a log there").kind(), ErrorKind::Conflict);
    assert_eq!(scene.restore("b", "open/r.db", [1]).expect_err("unsafe").kind(), ErrorKind::Unsafe);
    assert_eq!(scene.restore("vault.db", "r.db", [1]).expect_err("a store").kind(), ErrorKind::NoStore);
    assert_eq!(
        SqliteStore::open(scene.file("b")).err().expect("a backup").to_string(),
        format!("{} is a backup", scene.file("b").display())
    );
    assert_eq!(fs::read(scene.file("b")).expect("readable"), before);
    assert_eq!(left_in(&scene), ["b", "link", "open", "stale-wal", "vault.db"].map(String::from));
    assert_eq!(vault.backups().expect("list").len(), 1);
}

#[test]
fn a_backup_that_is_stopped_or_does_not_hold_up_leaves_nothing() {
    let scene = Scene::new(3_000);
    let vault = scene.vault([1]);
    for phase in ["copy", "verify"] {
        let stop = |progress: BackupProgress| {
            if progress.phase.name() == phase { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let stopped = vault.backup(scene.file("b"), &act(), stop).expect_err("stopped");
        assert!(matches!(stopped.detail(), Detail::Store(StoreError::Stopped)), "{phase}: {stopped}");
        assert_eq!((vault.backups().expect("list"), left_in(&scene)), (vec![], LEFT.map(String::from).to_vec()));
    }
    // A record that is not the one written must not end as the only copy there is.
    let store = SqliteStore::open(scene.file("vault.db")).expect("store");
    let key = row_key(&store, &scene, 5);
    edit(&store, Table::Keys, &key, |row| row[40] ^= 1);
    let refused = vault.backup(scene.file("b"), &act(), |_| ()).expect_err("damaged");
    assert!(
        matches!(refused.detail(), Detail::BackupDamaged { what } if what.contains(&scene.issued[5].id.to_string())),
        "{refused}"
    );
    assert_eq!((vault.backups().expect("list"), left_in(&scene)), (vec![], LEFT.map(String::from).to_vec()));
}

#[test]
fn the_unfinished_file_of_a_process_that_is_at_it_is_left_alone_and_one_of_a_process_that_is_gone_swept_away() {
    let scene = Scene::new(3);
    let vault = scene.vault([1]);
    let folder = |digit: &str| {
        let folder = scene.file(&format!(".strongroom-unfinished-{}", digit.repeat(16)));
        fs::create_dir(&folder).expect("made");
        folder
    };
    let others = folder("a");
    let held = fs::File::create_new(others.join("file")).expect("made");
    held.try_lock().expect("locked");
    fs::write(others.join("file-journal"), "x").expect("written");
    for (round, name) in ["b1", "b2"].into_iter().enumerate() {
        let (left, empty) = (folder("b"), folder("c"));
        fs::write(left.join("file"), "").expect("written");
        scene.backup(&vault, name);
        assert!(others.exists(), "another process is at it");
        scene.restore(name, &format!("r{round}.db"), [1]).expect("restored");
        assert!(others.join("file").exists() && others.join("file-journal").exists());
        assert!(!left.exists() && !empty.exists(), "its maker is gone");
    }
    // Two that are at it at once, in one folder.
    let both = vault.backup(scene.file("b3"), &act(), |_| {
        if !scene.file("b4").exists() {
            scene.backup(&scene.vault([1]), "b4");
        }
    });
    assert!(both.is_ok_and(|report| report.recorded) && scene.file("b3").exists());
    drop(held);
    scene.backup(&vault, "b5");
    assert!(!others.exists(), "now it is gone");
}

#[test]
fn nothing_of_somebody_elses_is_swept_away_whatever_its_name() {
    let scene = Scene::new(3);
    let vault = scene.vault([1]);
    let names = [
        "x-rotate",
        "x-strongroom-unfinished",
        ".strongroom-unfinished-0123456789abcdef",
        "x-scratch-0123456789abcdef",
    ];
    // Backups, which have all that a work file of ours has, under names that somebody gave them.
    for (at, name) in names.iter().enumerate() {
        scene.backup(&vault, &format!("y{at}"));
        fs::rename(scene.file(&format!("y{at}")), scene.file(name)).expect("renamed");
    }
    // Folders that are no work of ours, by their names or by what is in them.
    let folders = [
        ".strongroom-unfinished-0123456789abcde",
        ".strongroom-unfinished-0123456789ABCDEF",
        ".strongroom-unfinished-fedcba9876543210",
    ];
    for name in folders {
        fs::create_dir(scene.file(name)).expect("made");
        fs::write(scene.file(name).join("mine"), "mine").expect("written");
    }
    // And with the names of our files in them.
    let alike = [
        (".strongroom-unfinished-00000000000000aa/file", &b"mine"[..]),
        (".strongroom-unfinished-00000000000000ab/file", &[b'm'; 4096]),
        (".strongroom-unfinished-00000000000000ac/file-wal", b"mine"),
        (".strongroom-unfinished-00000000000000ad/file-journal", b""),
    ];
    for (name, bytes) in alike {
        fs::create_dir(scene.file(name).parent().expect("a folder")).expect("made");
        fs::write(scene.file(name), bytes).expect("written");
    }
    let before = |name: &str| fs::read(scene.file(name)).expect("it is there");
    let kept: Vec<_> = names.iter().map(|name| before(name)).collect();
    scene.backup(&vault, "b");
    scene.restore("b", "r.db", [1]).expect("restored");
    drop(vault);
    scene.vault([1, 2]).rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    for (name, kept) in names.iter().zip(&kept) {
        assert_eq!(before(name), *kept, "{name}");
    }
    for name in folders {
        assert_eq!(fs::read(scene.file(name).join("mine")).expect("it is there"), b"mine", "{name}");
    }
    for (name, bytes) in alike {
        assert_eq!(before(name), bytes, "{name}");
    }
    // A vault whose lock would stand where one of them is.
    scene.restore("b", "x", [1]).expect("restored");
    let store = SqliteStore::open(scene.file("x")).expect("store");
    let vault = Vault::open(store, scene.keys.only([1, 2])).expect("vault");
    let refused = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err("its lock is a backup");
    assert!(refused.kind() == ErrorKind::Unsafe && refused.to_string().contains("x-rotate"), "{refused}");
    assert_eq!(before("x-rotate"), kept[0]);
}

#[test]
fn a_backup_cut_anywhere_is_not_restored() {
    let scene = Scene::new(300);
    scene.backup(&scene.vault([1]), "b");
    let whole = fs::read(scene.file("b")).expect("readable");
    for part in 0..64 {
        scene.write("cut", &whole[..whole.len() * part / 64]);
        let refused = scene.restore("cut", "r.db", [1]).expect_err("cut");
        assert!(matches!(refused.kind(), ErrorKind::Corrupt | ErrorKind::NoStore), "{part}: {refused}");
        assert!(!scene.file("r.db").exists());
    }
}

#[test]
fn a_flipped_bit_anywhere_is_detected_or_changes_nothing() {
    let scene = Scene::new(40);
    scene.backup(&scene.vault([1]), "b");
    let whole = fs::read(scene.file("b")).expect("readable");
    // Every byte of the header and the schema, and one in some of the rest, none twice the same distance apart.
    let spots = (0..400).chain((400..whole.len()).step_by(23)).filter(|at| whole[*at] != 0);
    let (mut detected, mut harmless) = (0, 0);
    for at in spots {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        scene.write("flipped", &flipped);
        match scene.restore("flipped", "r.db", [1]) {
            Err(error) => {
                assert!(!matches!(error.kind(), ErrorKind::General | ErrorKind::Input), "byte {at}: {error}");
                assert!(!scene.file("r.db").exists());
                detected += 1;
            }
            Ok(_) => {
                let restored = scene.open("r.db", [1]);
                scene.assert_tokens(&restored);
                assert_eq!(restored.doctor(|_| ()).expect("doctor").symptoms, [], "byte {at}");
                restored.issue(&NewApiKey::new("more"), &act()).expect("it works");
                drop(restored);
                fs::remove_file(scene.file("r.db")).expect("removed");
                harmless += 1;
            }
        }
    }
    assert!(detected > 400 && harmless < detected / 10, "{detected} detected, {harmless} harmless");
}

#[test]
fn parts_of_other_backups_do_not_pass_for_parts_of_this_one() {
    let scene = Scene::new(20);
    let vault = scene.vault([1]);
    scene.backup(&vault, "old");
    vault.revoke(scene.issued[3].id, &act()).expect("revoked");
    scene.backup(&vault, "new");
    let key = row_key(&SqliteStore::open(scene.file("vault.db")).expect("store"), &scene, 3);
    for (table, key) in [
        ("vault", b"manifest".to_vec()),
        ("vault", b"head".to_vec()),
        ("keys", key),
        ("audit", 2_u64.to_be_bytes().to_vec()),
    ] {
        fs::copy(scene.file("new"), scene.file("mixed")).expect("copied");
        let mixed = rusqlite::Connection::open(scene.file("mixed")).expect("opened");
        mixed.execute("ATTACH ?1 AS old", [scene.file("old").to_str()]).expect("attached");
        let sql = format!("UPDATE main.{table} SET v = (SELECT o.v FROM old.{table} o WHERE o.k = ?1) WHERE k = ?1");
        assert_eq!(mixed.execute(&sql, [&key]).expect("done"), 1);
        drop(mixed);
        let restored = scene.restore("mixed", "r.db", [1]);
        if key == 2_u64.to_be_bytes() {
            restored.expect("the entry is the same in both");
            fs::remove_file(scene.file("r.db")).expect("removed");
        } else {
            assert_eq!(restored.expect_err("mixed").kind(), ErrorKind::Corrupt, "{table}");
        }
        fs::remove_file(scene.file("mixed")).expect("removed");
    }
    for sql in [
        "CREATE TRIGGER t AFTER UPDATE ON keys BEGIN DELETE FROM keys; END",
        "CREATE TABLE more (x)",
        "CREATE VIEW v AS SELECT * FROM keys",
        "DELETE FROM vault WHERE k = CAST('manifest' AS BLOB)",
        "DELETE FROM vault WHERE k = CAST('backups' AS BLOB)",
        "DELETE FROM audit WHERE k = (SELECT max(k) FROM audit)",
        "DELETE FROM keys WHERE k = (SELECT min(k) FROM keys)",
    ] {
        fs::copy(scene.file("new"), scene.file("mixed")).expect("copied");
        rusqlite::Connection::open(scene.file("mixed")).expect("opened").execute_batch(sql).expect("done");
        let restored = scene.restore("mixed", "r.db", [1]);
        assert_eq!(restored.expect_err(sql).kind(), ErrorKind::Corrupt, "{sql}");
        let _ = fs::remove_file(scene.file("r.db"));
        fs::remove_file(scene.file("mixed")).expect("removed");
    }
}

#[test]
fn old_ciphertext_of_a_finished_rotation_is_not_in_a_later_backup() {
    let scene = Scene::new(200);
    let store = SqliteStore::open(scene.file("vault.db")).expect("store");
    let old: Vec<Vec<u8>> = store.scan(Table::Keys, None, 1_000).expect("rows").into_iter().map(|(_, v)| v).collect();
    drop(store);
    let vault = scene.vault([1, 2]);
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    scene.backup(&vault, "b");
    let bytes = fs::read(scene.file("b")).expect("readable");
    for record in old {
        // Past the header, which the new record may share.
        let piece = &record[32..64];
        assert!(!bytes.windows(piece.len()).any(|window| window == piece));
    }
}

/// A folder with a vault of so many API keys.
const HOUR: Duration = Duration::from_secs(3_600);

struct Scene {
    folder: tempfile::TempDir,
    keys: Keys,
    issued: Vec<Issued>,
}

impl Scene {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let keys = Keys::generate(3);
        let store = SqliteStore::create(folder.path().join("vault.db")).expect("store");
        let vault = Vault::create(store, keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("key"); count], &act()).expect("issued");
        Self { folder, keys, issued }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).expect("written");
    }

    fn vault(&self, versions: impl IntoIterator<Item = u32>) -> Vault {
        self.open("vault.db", versions)
    }

    fn open(&self, name: &str, versions: impl IntoIterator<Item = u32>) -> Vault {
        let store = SqliteStore::open(self.file(name)).expect("store");
        Vault::open(store, self.keys.only(versions)).expect("vault")
    }

    fn backup(&self, vault: &Vault, name: &str) -> BackupReport {
        vault.backup(self.file(name), &act(), |_| ()).expect("a backup")
    }

    fn restore(
        &self,
        from: &str,
        to: &str,
        versions: impl IntoIterator<Item = u32>,
    ) -> Result<strongroom::backup::BackupManifest, Error> {
        let keys = self.keys.only(versions);
        Backup::open(self.file(from))?.restore(self.file(to), &keys, &act(), |_| ())
    }

    fn assert_tokens(&self, vault: &Vault) {
        for issued in &self.issued {
            vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        }
    }
}

/// The names in the folder, without what SQLite keeps beside an open store.
fn left_in(scene: &Scene) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("entry").file_name().into_string().expect("text");
    let mut names: Vec<_> = fs::read_dir(scene.folder.path()).expect("folder").map(name).collect();
    names.retain(|name| {
        !["-shm", "-wal"].iter().any(|end| name.ends_with(end)) || Path::new(name) == Path::new("stale-wal")
    });
    names.sort();
    names
}

/// Ids sort as their rows do.
fn row_key(store: &SqliteStore, scene: &Scene, number: usize) -> Vec<u8> {
    let mut ids: Vec<_> = scene.issued.iter().map(|issued| issued.id.to_string()).collect();
    ids.sort();
    let at = ids.iter().position(|id| *id == scene.issued[number].id.to_string()).expect("issued");
    store.scan(Table::Keys, None, at + 1).expect("rows").pop().expect("a row").0
}

const LEFT: [&str; 1] = ["vault.db"];
