//! Claims about verifier keys: what a process can do with them, and what not.
#![cfg(unix)]

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::process::program_path;
use crate::running::{Room, Run, text};
use crate::support::faulty::{FaultyStore, Moment};
use crate::support::version;
use crate::support::{Keys, act};
use strongroom::audit::{ActError, Action};
use strongroom::error::{Detail, KeyringError};
use strongroom::master::VerifierKey;
use strongroom::rotation::RotateOptions;
use strongroom::store::{Batch, CommitError, Store, StoreError};
use strongroom::{
    Act, Cursor, Error, ErrorKind, MemoryStore, NewApiKey, Query, Request, SqliteStore, Vault, Verifier, VerifierKeys,
    VerifyError,
};

#[test]
fn a_verifier_answers_as_the_vault_does() {
    let home = Home::new();
    let new = NewApiKey::new("n").owner("acme").scope("read");
    let issued = home.vault.issue_many(&vec![new; 20], &act()).expect("issued");
    home.vault.revoke(issued[3].id, &act()).expect("revoked");
    let verifier = Verifier::open(home.store.clone(), home.verifier(&[1])).expect("opened");
    for (at, key) in issued.iter().enumerate() {
        let (token, request) = (key.token.expose(), Request::new().scope("read"));
        match (home.vault.verify(token, &request), verifier.verify(token, &request)) {
            (Ok(expected), Ok(found)) => assert_eq!(expected, found),
            (Err(expected), Err(found)) => assert_eq!((expected.refusal(), at), (found.refusal(), 3)),
            other => panic!("{other:?}"),
        }
        assert_eq!(verifier.show(key.id).expect("shown"), home.vault.show(key.id).expect("shown"));
    }
    let unknown = verifier.verify("sr_nobody", &Request::new()).expect_err("unknown");
    assert!(unknown.refusal().is_some());
    assert_eq!(verifier.list(&Query::new()).expect("listed"), home.vault.list(&Query::new()).expect("listed"));
    let (status, expected) = (verifier.status().expect("status"), home.vault.status().expect("status"));
    assert_eq!((status.record_count(), status.active_master_key), (20, expected.active_master_key));
    assert_eq!(status.configured, [(version(1), home.keys.only([1]).versions().next().expect("a key").1)]);
    assert_eq!(verifier.verify_audit().expect("whole"), expected.audit_entries);
    assert_eq!(
        verifier.audit_entries(None, 100).expect("read").items,
        home.vault.audit_entries(None, 100).expect("read").items
    );
}

#[test]
fn a_verifier_sees_what_is_revoked_and_issued_after_it_was_opened() {
    let home = Home::new();
    let verifier = Verifier::open(home.store.clone(), home.verifier(&[1])).expect("opened");
    let issued = home.vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    assert!(verifier.verify(issued.token.expose(), &Request::new()).is_ok());
    home.vault.revoke(issued.id, &act()).expect("revoked");
    assert!(verifier.verify(issued.token.expose(), &Request::new()).is_err());
}

#[test]
fn a_verifier_that_only_reads_is_not_turned_away_by_writers_that_come_and_go() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, keys) = (folder.path().join("v.db"), Keys::generate(1));
    let vault = Vault::create(SqliteStore::create(&path).expect("created"), keys.only([1]), &act()).expect("vault");
    let mut verifier_keys = VerifierKeys::default();
    verifier_keys
        .insert(version(1), vault.issue_verifier_key(version(1), &act().because("test")).expect("key"))
        .expect("inserted");
    drop(vault);
    let verifier = Verifier::open(SqliteStore::open_read_only(&path).expect("opened"), verifier_keys).expect("opened");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for _ in 0..40 {
                let store = SqliteStore::open(&path).expect("opened");
                let vault = Vault::open(store, keys.only([1])).expect("opened");
                vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            verifier.status().expect("status");
            verifier.verify_audit().expect("whole");
        }
    });
    assert_eq!(verifier.status().expect("status").record_count(), 40);
}

#[test]
fn with_the_next_verifier_key_it_follows_a_rotation_and_without_it_it_fails_closed() {
    let home = Home::new();
    let issued = home.vault.issue_many(&vec![NewApiKey::new("n"); 3], &act()).expect("issued");
    let (both, first) = (home.verifier(&[1, 2]), home.verifier(&[1]));
    let following = Verifier::open(home.store.clone(), both).expect("opened");
    let left_behind = Verifier::open(home.store.clone(), first).expect("opened");
    let verify = |verifier: &strongroom::Verifier| {
        issued.iter().try_for_each(|key| verifier.verify(key.token.expose(), &Request::new()).map(drop))
    };
    verify(&left_behind).expect("before");
    // At every step of the rotation, and after it.
    let options = RotateOptions::new().to(version(2)).batch(NonZeroUsize::MIN);
    home.vault
        .rotate(&options, &act(), |_| {
            verify(&following).expect("while it runs");
            ControlFlow::Continue(())
        })
        .expect("rotated");
    verify(&following).expect("after");
    let fingerprint = home.keys.only([2]).versions().next().expect("a key").1;
    let is_left_behind = |error: &Error| {
        let named = matches!(error.detail(), Detail::Keyring(KeyringError::MissingVerifierKey { version, fingerprint: found, .. }) if *found == fingerprint && version.get() == 2);
        named && error.kind() == ErrorKind::MasterKey && error.to_string().contains(&fingerprint.to_string())
    };
    match verify(&left_behind) {
        Err(VerifyError::Unavailable(error)) => assert!(is_left_behind(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(left_behind.show(issued[0].id).is_err_and(|error| is_left_behind(&error)));
    let opened = Verifier::open(home.store.clone(), home.verifier(&[1])).expect_err("too late");
    assert!(is_left_behind(&opened));
    // Afterwards the new one alone is enough.
    verify(&Verifier::open(home.store.clone(), home.verifier(&[2])).expect("opened")).expect("verified");
}

#[test]
fn a_verifier_key_of_another_vault_or_version_is_named() {
    let (home, other) = (Home::new(), Home::new());
    let opened = Verifier::open(home.store.clone(), other.verifier(&[1])).expect_err("of another vault");
    assert!(
        matches!(opened.detail(), Detail::Keyring(KeyringError::VerifierKeyVault { version, .. }) if version.get() == 1),
        "{opened}"
    );
    let (ours, theirs) = (home.vault.status().expect("status").vault, other.vault.status().expect("status").vault);
    assert!(opened.to_string().contains(&ours.to_string()) && opened.to_string().contains(&theirs.to_string()));
    let mut keys = VerifierKeys::default();
    keys.insert(version(1), home.derive(2)).expect("inserted");
    let opened = Verifier::open(home.store.clone(), keys).expect_err("of another version");
    assert!(
        matches!(opened.detail(), Detail::Keyring(KeyringError::WrongVerifierKey { version, .. }) if version.get() == 1),
        "{opened}"
    );
    assert!(Verifier::open(home.store.clone(), VerifierKeys::default()).is_err());
}

#[test]
fn a_verifier_key_leaves_the_vault_with_a_reason_and_an_audit_entry_or_not_at_all() {
    let home = Home::new();
    let unreasoned = home.vault.issue_verifier_key(version(1), &Act::by("alice"));
    assert!(matches!(unreasoned.as_ref().map_err(Error::detail), Err(Detail::Act(ActError::NoReason))));
    let unknown = home.vault.issue_verifier_key(version(7), &act());
    assert!(matches!(
        unknown.as_ref().map_err(Error::detail),
        Err(Detail::Keyring(KeyringError::NotConfigured { version })) if version.get() == 7));
    assert_eq!(home.vault.status().expect("status").audit_entries, 3, "two refusals");
    let key = home.vault.issue_verifier_key(version(2), &act()).expect("issued");
    assert_eq!(key.to_text().expose(), home.derive(2).to_text().expose());
    let entry = home.vault.audit_entries(Some(Cursor::after_audit_entry(3)), 1).expect("read").items.remove(0);
    assert_eq!((entry.action, entry.counts.get("master_key")), (Action::VerifierKey, Some(&2)));
    let store = FaultyStore::default();
    let vault = Vault::create(store.clone(), home.keys.only([1]), &act()).expect("vault");
    store.break_at(1, Moment::Before);
    assert!(vault.issue_verifier_key(version(1), &act()).is_err(), "no entry, no key");
}

#[test]
fn the_program_verifies_lists_and_shows_with_verifier_keys_alone_and_does_nothing_else() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let list = made(&room, 1);
    let run = |arguments: &[&str]| with_keys(&room, arguments, &list);
    assert_eq!(run(&["verify"]).stdin(&token).ends(0).out, format!("valid {id} n\n"));
    run(&["verify"]).stdin("sr_x").ends(3);
    assert!(run(&["list"]).ends(0).out.contains(&id));
    assert!(run(&["show", &id]).ends(0).out.contains("status"));
    assert!(run(&["status"]).ends(0).out.contains("verifier keys"));
    assert_eq!(run(&["status", "--json"]).ends(0).json()["access"], "verifier-keys");
    run(&["audit", "verify"]).ends(0);
    let entries = run(&["audit", "list", "--json"]).ends(0).json_lines();
    assert_eq!(text(&entries.last().expect("an entry")["action"]), "verifier-key");
    let refused: [&[&str]; 9] = [
        &["issue", "--name", "m"],
        &["recover", &id, "--reason", "r", "--yes"],
        &["revoke", &id, "--reason", "r", "--yes"],
        &["rotate-master-key", "--yes", "--quick"],
        &["rotate-master-key", "--dry-run"],
        &["rotate-master-key", "--status"],
        &["doctor"],
        &["import", concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/django_tokens.jsonl")],
        &["master-key", "verifier", "--version", "1", "--reason", "r"],
    ];
    for arguments in refused {
        let ran = run(arguments).ends(12).says("only verifier keys are configured").says("STRONGROOM_MASTER_KEYS");
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
    Room::empty().run(&["init"]).unset("STRONGROOM_MASTER_KEYS").env("STRONGROOM_VERIFIER_KEYS", &list).ends(12);
    run(&["master-key", "check", "--quick"]).ends(12).says("only verifier keys are configured");
    // With both, the master keys count.
    let both = room.run(&["issue", "--name", "m"]).env("STRONGROOM_VERIFIER_KEYS", "nonsense");
    both.ends(0);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    run(&["verify"]).stdin(&token).ends(12).says("verifier key of master key 2").says("--version 2");
    let next = room.run_with([2], &["master-key", "verifier", "--version", "2", "--reason", "r"]).ends(0).out;
    with_keys(&room, &["verify"], &format!("{list} {next}")).stdin(&token).ends(0);
}

#[test]
fn malformed_verifier_keys_end_with_12_and_never_show_themselves() {
    let room = Room::with(1);
    let (good, other) = (made(&room, 1), made(&Room::with(1), 1));
    let master = room.keys.variable([1]);
    let key = good.trim().strip_prefix("1:").expect("an entry");
    let cases = [
        (master.clone(), "written like a master key"),
        (format!("1:{}", &key[..80]), "128 characters"),
        (
            format!("1:{}{}{}", &key[..40], if &key[40..41] == "A" { "B" } else { "A" }, &key[41..]),
            "check does not fit",
        ),
        (format!("1:{key} 1:{key}"), "given twice"),
        (format!("1:{key} 2:{key}"), "are the same key"),
        (format!("2:{key}"), "needed"),
        (format!("one:{key}"), "not a number"),
        ("srv1-".into(), "128 characters"),
        (" ".into(), "empty"),
        (other.clone(), "is for vault"),
    ];
    for (list, cause) in cases {
        let ran = with_keys(&room, &["list"], &list).ends(12).says(cause).says("hint: ");
        assert!(
            ![&key[30..], &master[4..], &other[40..]].iter().any(|secret| ran.err.contains(&secret[..20])),
            "{}",
            ran.err
        );
    }
    room.run(&["list"])
        .env("STRONGROOM_MASTER_KEYS", &good)
        .ends(12)
        .says("is a verifier key")
        .says("STRONGROOM_VERIFIER_KEYS");
    with_keys(&room, &["list"], key).ends(0);
    with_keys(&room, &["list"], &format!("{{\"1\": \"{key}\"}}")).ends(0);
    let file = room.file("verifier.keys");
    fs::write(&file, &good).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).expect("set");
    let from_file = || {
        let run = room.run(&["list"]).unset("STRONGROOM_MASTER_KEYS");
        run.env("STRONGROOM_VERIFIER_KEYS_FILE", &file.display().to_string())
    };
    from_file().ends(15).says("chmod go-w");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
    from_file().ends(0).says("can be read by every user");
}

#[test]
fn making_a_verifier_key_keeps_the_rules_of_making_a_master_key() {
    let room = Room::with(1);
    let make = |arguments: &[&str]| room.run(&[&["master-key", "verifier", "--version", "1"], arguments].concat());
    make(&[]).ends(2).says("--reason");
    make(&["--reason", " "]).ends(2).says("reason is empty");
    let ran = make(&["--reason", "r"]).ends(0);
    assert!(
        ran.out.starts_with("1:srv1-") && ran.out.lines().count() == 1 && !ran.err.contains("srv1-"),
        "{}",
        ran.out
    );
    let out = room.file("verifier.key");
    let shown = out.display().to_string();
    let mut umask = Command::new("/bin/sh");
    umask.args(["-c", r#"umask 000; exec "$0" "$@""#, program_path()]);
    let arguments = ["master-key", "verifier", "--version", "1", "--reason", "r", "--out", &shown];
    let run = Run::through(umask, &arguments).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1]));
    let said = run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display())).ends(0);
    assert_eq!(fs::metadata(&out).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&out).expect("read"), ran.out);
    assert!(!said.out.contains("srv1-") && !said.err.contains("srv1-"));
    let entries = |room: &Room| room.run(&["status", "--json"]).ends(0).json()["audit_entries"].clone();
    let before = entries(&room);
    make(&["--reason", "r", "--out", &shown]).ends(5).says("new file");
    assert_eq!(entries(&room), before, "nothing was made, so nothing is told");
    let vault = text(&room.run(&["status", "--json"]).ends(0).json()["vault"]);
    assert_eq!(make(&["--vault", &vault]).ends(0).out, ran.out);
    assert_eq!(make(&["--vault", &vault, "--store", "sqlite:/nonexistent/x.db"]).ends(0).out, ran.out);
    assert_eq!(entries(&room), before, "without the store there is no entry");
    let document = make(&["--reason", "r", "--json"]).ends(0).json();
    assert_eq!((&document["vault"], &document["version"]), (&vault.into(), &1.into()));
    assert_eq!(format!("1:{}\n", text(&document["key"])), ran.out);
    make(&["--vault", "xyz"]).ends(2).says("32 lower-case");
    make(&["--reason", "r", "--version", "2"]).ends(2);
    room.run(&["master-key", "verifier", "--version", "2", "--reason", "r"])
        .ends(12)
        .says("master key 2 is not configured");
    make(&["--reason", "r"]).ends_writing_to(Path::new("/dev/full"), 74);
}

#[test]
fn a_process_that_may_only_read_the_store_verifies_with_it() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let list = made(&room, 1);
    // A service that may write has it open.
    let service = Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault");
    service.issue(&NewApiKey::new("late"), &act()).expect("issued");
    let reader = ReadOnly::of(&room);
    assert!(reader.run(&["list"], &list).ends(0).out.contains("late"));
    assert_eq!(reader.run(&["verify"], &list).stdin(&token).ends(0).out, format!("valid {id} n\n"));
    service.revoke(id.parse().expect("an id"), &act()).expect("revoked");
    reader.run(&["verify"], &list).stdin(&token).ends(3).says("revoked");
    reader.run(&["status"], &list).ends(0);
    reader.run(&["audit", "verify"], &list).ends(0);
    let file = fs::metadata(room.path()).expect("there").permissions().mode() & 0o777;
    assert_eq!(file & 0o022, 0, "nobody else writes it");
    drop(service);
}

#[test]
fn a_store_that_nobody_has_open_is_read_without_a_file_being_made() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let list = made(&room, 1);
    let names = || {
        let found = fs::read_dir(room.folder.path()).expect("read");
        let mut names: Vec<_> = found.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let reader = ReadOnly::of(&room);
    let before = names();
    assert!(!before.iter().any(|name| name.to_string_lossy().contains("-wal")), "{before:?}");
    reader.run(&["verify"], &list).stdin(&token).ends(0);
    for arguments in [&["list"][..], &["show", &id], &["status"], &["audit", "list"], &["audit", "verify"]] {
        reader.run(arguments, &list).ends(0);
    }
    assert_eq!(names(), before);
    let store = SqliteStore::open_read_only(room.path()).expect("opened");
    let refused = store.commit(&Batch::new());
    assert!(matches!(refused, Err(CommitError::Store(StoreError::ReadOnly))), "{refused:?}");
    assert!(matches!(store.scrub(), Err(StoreError::ReadOnly)));
    assert!(matches!(store.claim_rotation(), Err(StoreError::ReadOnly)));
}

#[test]
fn a_verifier_that_only_reads_follows_writers_that_come_and_go() {
    let room = Room::new();
    let mut keys = VerifierKeys::default();
    let vault = || Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault");
    keys.insert(version(1), vault().issue_verifier_key(version(1), &act()).expect("issued")).expect("inserted");
    let verifier = Verifier::open(SqliteStore::open_read_only(room.path()).expect("store"), keys).expect("opened");
    let valid = |token: &str| verifier.verify(token, &Request::new()).is_ok();
    // Each of these opens the vault, writes, and closes it.
    for _ in 0..3 {
        let issued = vault().issue(&NewApiKey::new("n"), &act()).expect("issued");
        assert!(valid(issued.token.expose()));
        vault().revoke(issued.id, &act()).expect("revoked");
        assert!(!valid(issued.token.expose()));
    }
    let living = vault();
    let issued = living.issue(&NewApiKey::new("n"), &act()).expect("issued");
    assert!(valid(issued.token.expose()));
    drop(living);
    assert!(valid(issued.token.expose()));
    assert_eq!(verifier.list(&Query::new()).expect("listed").items.len(), 4);
    vault().revoke(issued.id, &act()).expect("revoked");
    assert!(!valid(issued.token.expose()));
}

/// A process that may read the store and write nothing: another user where that can be, else without the rights.
struct ReadOnly<'r> {
    room: &'r Room,
    program: std::path::PathBuf,
    root: bool,
}

impl<'r> ReadOnly<'r> {
    fn of(room: &'r Room) -> Self {
        let root = rustix::process::geteuid().is_root();
        let program = room.file("strongroom");
        fs::copy(program_path(), &program).expect("copied");
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        mode(&program, 0o755);
        for suffix in ["", "-wal", "-shm"] {
            let file = room.file(&format!("vault.db{suffix}"));
            if file.exists() {
                mode(&file, if root { 0o644 } else { 0o444 });
            }
        }
        mode(room.folder.path(), if root { 0o755 } else { 0o555 });
        Self { room, program, root }
    }

    fn run(&self, arguments: &[&str], keys: &str) -> Run {
        let mut command = Command::new(&self.program);
        if self.root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let run = Run::through(command, arguments).env("STRONGROOM_VERIFIER_KEYS", keys);
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", self.room.path().display()))
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        // So that the folder can be removed.
        let _ = fs::set_permissions(self.room.folder.path(), fs::Permissions::from_mode(0o700));
    }
}

/// A vault in memory under master key 1.
struct Home {
    store: MemoryStore,
    keys: Keys,
    vault: Vault,
}

impl Home {
    fn new() -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(2));
        drop(Vault::create(store.clone(), keys.only([1]), &act()).expect("vault"));
        let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
        Self { store, keys, vault }
    }

    fn derive(&self, number: u32) -> VerifierKey {
        let vault = self.vault.status().expect("status").vault;
        VerifierKey::derive(self.keys.only([number]).key(version(number)).expect("a key"), vault)
    }

    fn verifier(&self, versions: &[u32]) -> VerifierKeys {
        let mut keys = VerifierKeys::default();
        for number in versions {
            keys.insert(version(*number), self.derive(*number)).expect("inserted");
        }
        keys
    }
}

/// As the program prints it.
fn made(room: &Room, version: u32) -> String {
    let version = version.to_string();
    room.run_with([1, 2], &["master-key", "verifier", "--version", &version, "--reason", "a test"]).ends(0).out
}

fn with_keys(room: &Room, arguments: &[&str], list: &str) -> Run {
    room.run(arguments).unset("STRONGROOM_MASTER_KEYS").env("STRONGROOM_VERIFIER_KEYS", list)
}

const NOBODY: u32 = 65534;
