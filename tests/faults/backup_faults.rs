//! `backup` and `restore` stopped at each system call that writes: killed there, out of space there, failing there.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::fs;
use std::path::Path;
use std::process::ExitStatus;

use crate::injected::{Calls, Fault};
use crate::process::Scene;
use crate::support::past::{files_in, put_files_back};
use strongroom::backup::Backup;
use strongroom::{SqliteStore, Vault};

crate::harness::claims! {
    needs [Strace];
    killed_at_every_write_of_a_backup_it_is_whole_or_not_there_and_the_next_one_succeeds,
    killed_at_every_write_of_a_restore_the_vault_is_whole_or_not_there_and_the_next_one_succeeds,
    out_of_space_or_failing_at_any_write_of_a_backup_nothing_half_done_is_left,
    out_of_space_or_failing_at_any_write_of_a_restore_nothing_half_done_is_left,
    what_is_published_is_synced_before_it_has_its_name_and_its_folder_after,
}

const RECORDS: usize = 200;

fn killed_at_every_write_of_a_backup_it_is_whole_or_not_there_and_the_next_one_succeeds() {
    let scene = Prepared::new();
    let points = scene.every_point(Fault::Kill, &scene.backup_arguments(), Prepared::assert_backup);
    eprintln!("killed at {points} points of a backup");
    assert!(points > 20, "only {points} points");
}

fn killed_at_every_write_of_a_restore_the_vault_is_whole_or_not_there_and_the_next_one_succeeds() {
    let scene = Prepared::with_backup();
    let points = scene.every_point(Fault::Kill, &scene.restore_arguments(), Prepared::assert_restore);
    eprintln!("killed at {points} points of a restore");
    assert!(points > 20, "only {points} points");
}

fn out_of_space_or_failing_at_any_write_of_a_backup_nothing_half_done_is_left() {
    let scene = Prepared::new();
    for error in ["ENOSPC", "EIO"] {
        let points = scene.every_point(Fault::FailsFrom(error), &scene.backup_arguments(), Prepared::assert_backup);
        eprintln!("{error} from {points} points of a backup on");
        assert!(points > 20, "only {points} points");
    }
}

fn out_of_space_or_failing_at_any_write_of_a_restore_nothing_half_done_is_left() {
    let scene = Prepared::with_backup();
    for error in ["ENOSPC", "EIO"] {
        let points = scene.every_point(Fault::FailsFrom(error), &scene.restore_arguments(), Prepared::assert_restore);
        eprintln!("{error} from {points} points of a restore on");
        assert!(points > 20, "only {points} points");
    }
}

/// What no kill shows: a power loss takes what was not synced, of the file and of its name in the folder.
fn what_is_published_is_synced_before_it_has_its_name_and_its_folder_after() {
    let scene = Prepared::new();
    let folder = scene.scene.folder.path().canonicalize().expect("a folder");
    let (backup, restored) = (scene.file("b"), scene.file("r.db"));
    let to = format!("sqlite:{restored}");
    let acts: [&[&str]; 2] = [&["backup", &backup], &["restore", &backup, "--to", &to, "--yes"]];
    for arguments in acts {
        let calls = Calls::in_words(&scene.scene.command(&[1], arguments));
        // What it is called before, in a folder that has its name from chance.
        let unfinished = "/file";
        let place = |what: &str, wanted: &dyn Fn(&str) -> bool| {
            let places: Vec<_> = calls.iter().enumerate().filter(|(_, call)| wanted(call)).map(|(at, _)| at).collect();
            assert!(!places.is_empty(), "{}: {what}, in\n{}", arguments[0], calls.join("\n"));
            places
        };
        let syncs = |call: &str| call.contains("fsync(") || call.contains("fdatasync(");
        let ends = format!("{unfinished}>)");
        assert!(calls.iter().any(|call| call.contains("strongroom-unfinished-")));
        let whole = place("the file is synced", &|call| syncs(call) && call.contains(&ends));
        let named = place("it gets its name", &|call| {
            (call.contains("rename") || call.contains("link")) && call.contains(&format!("{unfinished}\""))
        });
        let of_folder = format!("<{}>)", folder.display());
        let kept = place("the folder is synced", &|call| syncs(call) && call.contains(&of_folder));
        // Nothing is written into it between the two.
        let written = calls.iter().enumerate().filter(|(_, call)| call.contains("write") && call.contains(unfinished));
        let last_write = written.map(|(at, _)| at).next_back().expect("it is written");
        let in_order = |sync: &usize| *sync > last_write && *sync < named[0];
        assert!(whole.iter().any(in_order), "{}: synced as it is\n{}", arguments[0], calls.join("\n"));
        // Later ones may be SQLite's, for files of its own.
        assert!(kept.contains(&(named[0] + 1)), "{}: the name is durable\n{}", arguments[0], calls.join("\n"));
    }
}

/// A vault of 200 records, and its files as they were before anything happened.
struct Prepared {
    scene: Scene,
    before: Vec<(String, Vec<u8>)>,
}

impl Prepared {
    fn new() -> Self {
        let mut prepared = Self { scene: Scene::new(RECORDS, 1), before: vec![] };
        prepared.before = files_in(prepared.scene.folder.path());
        prepared
    }

    fn with_backup() -> Self {
        let mut prepared = Self::new();
        assert!(prepared.scene.command(&[1], &["backup", &prepared.file("b")]).status().expect("runs").success());
        prepared.before = files_in(prepared.scene.folder.path());
        prepared
    }

    /// Runs it with a fault at its first call that writes, then at its second, and so on until there is none left. `look` is told how each
    /// run ended.
    fn every_point(&self, fault: Fault, arguments: &[String], look: fn(&Self, ExitStatus, &str)) -> usize {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let command = self.scene.command(&[1], &arguments);
        put_files_back(self.scene.folder.path(), &self.before);
        let calls = Calls::of(&command);
        let (usual, mut points) = (if matches!(fault, Fault::Kill) { 1 } else { 2 }, 0);
        for point in calls.points(usual) {
            put_files_back(self.scene.folder.path(), &self.before);
            let ended = calls.stop(&command, point, fault).status().expect("strace runs");
            assert!(point < calls.len() || ended.success(), "without a fault: {ended}");
            look(self, ended, &format!("{fault:?} at call {point}"));
            points += usize::from(point < calls.len());
        }
        points
    }

    fn backup_arguments(&self) -> [String; 2] {
        ["backup".into(), self.file("b")]
    }

    fn restore_arguments(&self) -> [String; 5] {
        ["restore".into(), self.file("b"), "--to".into(), format!("sqlite:{}", self.file("r.db")), "--yes".into()]
    }

    fn again(&self, arguments: &[String]) -> ExitStatus {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        self.scene.command(&[1], &arguments).status().expect("runs")
    }

    fn assert_backup(&self, ended: ExitStatus, fault: &str) {
        let file = self.file("b");
        let vault = self.scene.open([1]);
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{fault}");
        let known = vault.backups().expect("the list");
        if Path::new(&file).exists() {
            self.assert_whole(&file, fault);
            assert_eq!(known.len(), 1, "{fault}: no backup exists unknown");
            fs::remove_file(&file).expect("removed");
        } else {
            assert!(!ended.success(), "{fault}: it said it was done");
            assert!(known.iter().all(|backup| !backup.finished), "{fault}: one that never was is listed as finished");
        }
        drop(vault);
        assert!(ended.code() != Some(101), "{fault}: {ended}");
        assert!(self.again(&self.backup_arguments()).success(), "{fault}: the next one");
        self.assert_whole(&file, fault);
        self.assert_nothing_unfinished(fault);
    }

    fn assert_restore(&self, ended: ExitStatus, fault: &str) {
        let to = self.file("r.db");
        if Path::new(&to).exists() {
            self.assert_restored(&to, fault);
        } else {
            assert!(!ended.success(), "{fault}: it said it was done");
            let again = self.again(&self.restore_arguments());
            assert!(again.success(), "{fault}: the next one: {again}");
            self.assert_restored(&to, fault);
        }
        assert!(ended.code() != Some(101), "{fault}: {ended}");
        self.scene.assert_tokens(&self.scene.open([1]), &[]);
        // A target that is there keeps the next one from beginning, so that litter beside it waits for one that begins.
        let third = ["restore", &self.file("b"), "--to", &format!("sqlite:{}", self.file("third.db")), "--yes"];
        assert!(self.scene.command(&[1], &third).status().expect("runs").success(), "{fault}: another one");
        self.assert_nothing_unfinished(fault);
    }

    fn assert_whole(&self, file: &str, fault: &str) {
        let backup = Backup::open(file).unwrap_or_else(|error| panic!("{fault}: {error}"));
        let verified = backup.verify(&self.scene.keys.only([1]), |_| ());
        assert_eq!(verified.unwrap_or_else(|error| panic!("{fault}: {error}")).records, RECORDS as u64, "{fault}");
    }

    fn assert_restored(&self, path: &str, fault: &str) {
        let vault = Vault::open(SqliteStore::open(path).expect("store"), self.scene.keys.only([1])).expect("vault");
        self.scene.assert_tokens(&vault, &[]);
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{fault}");
    }

    fn assert_nothing_unfinished(&self, fault: &str) {
        for (name, _) in files_in(self.scene.folder.path()) {
            assert!(!name.contains("strongroom-unfinished"), "{fault}: {name} is left");
        }
    }

    fn file(&self, name: &str) -> String {
        self.scene.folder.path().join(name).display().to_string()
    }
}
