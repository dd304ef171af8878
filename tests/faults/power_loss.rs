//! Power cut while a rotation runs and a service writes: what was not on the medium is gone, what was acknowledged is not.
//!
//! The vault lies in an ext4 image mounted by loop. At a moment of chance everything that writes is stopped, the image file is
//! copied as it is, without what the file system still holds in memory, and the copy is mounted, which replays its journal.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::mount::{Mounted, make_image};
use crate::process::{Dice, program, signal};
use crate::support::version;
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::{ApiKeyId, NewApiKey, Request, SqliteStore, Vault};

crate::harness::claims! {
    needs [Mount];
    what_was_acknowledged_survives_a_power_cut_at_any_moment_of_a_rotation,
    a_power_cut_takes_what_a_careless_writer_has_acknowledged,
}

/// What a caller was told had happened.
#[derive(Clone, Default)]
struct Acknowledged {
    issued: Vec<(ApiKeyId, String)>,
    revoked: usize,
}

fn what_was_acknowledged_survives_a_power_cut_at_any_moment_of_a_rotation() {
    let rounds: u32 = std::env::var("STRONGROOM_POWER_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let (mut open, mut dice) = (0, Dice::new());
    for round in 0..rounds {
        let folder = tempfile::tempdir().expect("folder");
        let (image, copy) = (folder.path().join("disk.img"), folder.path().join("copy.img"));
        make_image(&image, 32);
        let disk = Mounted::image(&image);
        let keys = Keys::generate(2);
        let before = cut_power(&disk.path, &image, &copy, &keys, dice.below(Duration::from_millis(450)));
        drop(disk);
        let disk = Mounted::image(&copy);
        open += u32::from(check(&disk.path.join("vault.db"), &keys, &before, round));
    }
    eprintln!("{rounds} power cuts, {open} of them with the rotation open");
    assert!(open > 0, "no cut fell into a rotation");
}

/// Works on the vault, stops at a moment, and copies the image as it is.
fn cut_power(disk: &Path, image: &Path, copy: &Path, keys: &Keys, after: Duration) -> Acknowledged {
    let path = disk.join("vault.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("key"); 400], &act()).expect("issued");
    let issued = issued.into_iter().map(|issued| (issued.id, issued.token.expose().to_owned())).collect();
    let told = Mutex::new(Acknowledged { issued, revoked: 0 });
    let vault = Vault::open(SqliteStore::open(&path).expect("store"), keys.only([1, 2])).expect("vault");
    let over = AtomicBool::new(false);
    let mut rotator = program(&path, &keys.variable([1, 2]));
    let mut rotator = rotator
        .args(["rotate-master-key", "--yes", "--quick", "--batch", "10", "--rate", "2000"])
        .spawn()
        .expect("runs");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let mut told = told.lock().expect("no panic");
                // Beside a rotation the store is busy now and then; only what succeeded was acknowledged.
                if let Ok(new) = vault.issue(&NewApiKey::new("late"), &act()) {
                    told.issued.push((new.id, new.token.expose().to_owned()));
                }
                if told.revoked < 300 && vault.revoke(told.issued[told.revoked].0, &act()).is_ok() {
                    told.revoked += 1;
                }
            }
        });
        std::thread::sleep(after);
        // Nothing may write while the copy is made: it is to be one moment. The service first, or it would wait for a
        // lock that the stopped rotation holds.
        let told = told.lock().expect("no panic");
        signal(&rotator, "STOP");
        over.store(true, Ordering::Relaxed);
        std::fs::copy(image, copy).expect("copied");
        let acknowledged = told.clone();
        drop(told);
        let _ = rotator.kill();
        rotator.wait().expect("ended");
        acknowledged
    })
}

/// Whether the rotation was open.
fn check(path: &Path, keys: &Keys, before: &Acknowledged, round: u32) -> bool {
    let assert_tokens = |vault: &Vault| {
        for (at, (_, token)) in before.issued.iter().enumerate() {
            let verdict = vault.verify(token, &Request::new());
            // The one after the last acknowledged revocation may have been revoked or not.
            if at != before.revoked {
                assert_eq!(verdict.is_ok(), at > before.revoked, "round {round}, token {at}: {:?}", verdict.err());
            }
        }
    };
    let vault = Vault::open(SqliteStore::open(path).expect("store"), keys.only([1, 2])).expect("it opens");
    assert_tokens(&vault);
    let symptoms = vault.doctor(|_| {}).expect("doctor").symptoms;
    assert!(symptoms.iter().all(|symptom| symptom.id == "rotation"), "round {round}: {symptoms:?}");
    let status = vault.status().expect("status");
    drop(vault);
    if status.rotation.is_some() || status.active_master_key == version(1) {
        let ended = program(path, &keys.variable([1, 2]))
            .args(["rotate-master-key", "--yes", "--quick"])
            .status()
            .expect("runs");
        assert!(ended.success(), "round {round}: {ended}");
    }
    let vault = Vault::open(SqliteStore::open(path).expect("store"), keys.only([2])).expect("the new key is enough");
    assert_tokens(&vault);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "round {round}");
    status.rotation.is_some()
}

/// The method itself: it loses what was not made durable.
fn a_power_cut_takes_what_a_careless_writer_has_acknowledged() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, copy) = (folder.path().join("disk.img"), folder.path().join("copy.img"));
    make_image(&image, 32);
    let disk = Mounted::image(&image);
    let connection = Connection::open(disk.path.join("careless.db")).expect("database");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (n INTEGER PRIMARY KEY)")
        .expect("table");
    let began = Instant::now();
    let mut acknowledged = 0;
    while began.elapsed() < Duration::from_millis(200) {
        acknowledged += connection.execute("INSERT INTO t DEFAULT VALUES", []).expect("inserted");
    }
    std::fs::copy(&image, &copy).expect("copied");
    drop(connection);
    drop(disk);
    let disk = Mounted::image(&copy);
    let found = Connection::open(disk.path.join("careless.db"))
        .and_then(|connection| connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)));
    let found = usize::try_from(found.unwrap_or(0)).expect("a count");
    eprintln!("a careless writer kept {found} of {acknowledged} rows");
    assert!(found < acknowledged, "nothing was lost: the copy holds what the file system still had in memory");
}
