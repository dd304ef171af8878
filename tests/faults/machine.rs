//! A vault, and beside it the anchor of the machine that uses it.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Scene;
use crate::support::past::{files_in, put_files_back};
use strongroom::anchor::{AnchorStatement, FileAnchor};
use strongroom::store::{Rows, Table};
use strongroom::{Error, SqliteStore, Vault, VaultOptions};

/// A vault in one folder, and in another the place of an anchor, if there is to be one.
pub(crate) struct Machine {
    pub(crate) scene: Scene,
    pub(crate) anchor: Option<PathBuf>,
    folder: tempfile::TempDir,
    kept: [Vec<(String, Vec<u8>)>; 2],
}

impl Machine {
    /// With a vault of so many API keys under master key 1, and without an anchor.
    pub(crate) fn unanchored(count: usize, versions: u32) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut machine = Self { scene: Scene::new(count, versions), anchor: None, folder, kept: [vec![], vec![]] };
        machine.keep();
        machine
    }

    /// The same where the place of an anchor is configured, and nothing there.
    pub(crate) fn to_be_anchored(count: usize, versions: u32) -> Self {
        let mut machine = Self::unanchored(count, versions);
        machine.anchor = Some(machine.folder.path().join("anchor"));
        machine
    }

    /// The same with an anchor that holds the vault.
    pub(crate) fn anchored(count: usize, versions: u32) -> Self {
        Self::to_be_anchored(count, versions).with_anchor()
    }

    /// The same with the anchor in another folder.
    pub(crate) fn anchored_in(folder: &Path, count: usize, versions: u32) -> Self {
        let mut machine = Self::unanchored(count, versions);
        machine.anchor = Some(folder.join("anchor"));
        machine.with_anchor()
    }

    fn with_anchor(mut self) -> Self {
        self.must(&[1], &INIT);
        self.keep();
        self
    }

    /// Remembers every file as it is.
    pub(crate) fn keep(&mut self) {
        self.kept = [files_in(self.scene.folder.path()), files_in(self.folder.path())];
    }

    /// Remembers that there was no file.
    pub(crate) fn keep_nothing(&mut self) {
        self.kept = [vec![], vec![]];
    }

    /// Makes every file what it was.
    pub(crate) fn put_back(&self) {
        self.put_store_back();
        put_files_back(self.folder.path(), &self.kept[1]);
    }

    /// Makes the store what it was, and leaves the anchor.
    pub(crate) fn put_store_back(&self) {
        put_files_back(self.scene.folder.path(), &self.kept[0]);
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.scene.folder.path().join(name).display().to_string()
    }

    /// What the environment names the anchor.
    pub(crate) fn variable(&self) -> Option<String> {
        self.anchor.as_ref().map(|path| format!("file:{}", path.display()))
    }

    /// The program on this vault with this anchor.
    pub(crate) fn command(&self, versions: &[u32], arguments: &[&str]) -> Command {
        let mut command = self.scene.command(versions, arguments);
        command.envs(self.variable().map(|anchor| (FileAnchor::VARIABLE, anchor)));
        command
    }

    /// Runs the program, which succeeds.
    pub(crate) fn must(&self, versions: &[u32], arguments: &[&str]) {
        let ended = self.command(versions, arguments).status().expect("runs");
        assert!(ended.success(), "{arguments:?}: {ended}");
    }

    /// Restores the backup `b` of this vault beside it.
    pub(crate) fn restoring(&self) -> Command {
        let to = format!("sqlite:{}", self.file("r.db"));
        self.command(&[1], &["restore", &self.file("b"), "--to", &to, "--yes"])
    }

    /// Puts what was restored in the place of the vault that was there.
    pub(crate) fn exchange(&self) {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", self.file("vault.db")));
        }
        fs::rename(self.file("r.db"), self.scene.path()).expect("exchanged");
    }

    /// Opens the vault as a process that has just begun.
    pub(crate) fn open(&self, versions: &[u32]) -> Result<Vault, Error> {
        let mut options = VaultOptions::new();
        if let Some(anchor) = &self.anchor {
            options = options.anchor(FileAnchor::new(anchor));
        }
        options.open(SqliteStore::open(self.scene.path())?, self.scene.keys.only(versions.iter().copied()))
    }

    /// The last entry of the log, whatever an anchor says.
    pub(crate) fn end(&self) -> u64 {
        let store = SqliteStore::open(self.scene.path()).expect("store");
        let (last, _) = store.scan(Table::Audit, None, usize::MAX).expect("rows").pop().expect("an entry");
        u64::from_be_bytes(last.try_into().expect("a number"))
    }

    /// What the anchor holds, which is whole wherever it is there.
    pub(crate) fn seen(&self) -> Option<AnchorStatement> {
        let text = fs::read_to_string(self.anchor.as_ref()?).ok()?;
        Some(AnchorStatement::parse(&text, "the anchor").expect("whole"))
    }

    /// The next change is made by another process, and the anchor holds it.
    pub(crate) fn assert_goes_on(&self, versions: &[u32], at: &str) {
        let before = self.end();
        let ended = self.command(versions, &["issue", "--name", "next"]).status().expect("runs");
        assert!(ended.success(), "{at}: the next change: {ended}");
        assert_eq!(self.end(), before + 1, "{at}");
        assert_eq!(self.seen().map(|seen| seen.audit_seq), self.anchor.as_ref().map(|_| before + 1), "{at}");
    }
}

pub(crate) const INIT: [&str; 5] = ["anchor", "init", "--json", "--reason", "the first day"];
pub(crate) const ACCEPT: [&str; 6] = ["anchor", "accept", "--json", "--reason", "restored", "--yes"];
