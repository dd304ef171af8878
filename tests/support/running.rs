//! Runs the built program in an environment of its own.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use strongroom::{NewApiKey, SqliteStore, Vault};
use tempfile::TempDir;

use crate::process::program_path;
use crate::support::{Keys, act};

/// A folder with a vault, and master keys 1 to 3 for it.
pub(crate) struct Room {
    pub(crate) folder: TempDir,
    pub(crate) keys: Keys,
}

impl Room {
    /// Without a vault.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("private");
        Self { folder, keys: Keys::generate(3) }
    }

    /// With an empty vault under master key 1.
    pub(crate) fn new() -> Self {
        Self::with(0)
    }

    /// With a vault of so many API keys.
    pub(crate) fn with(count: usize) -> Self {
        let room = Self::empty();
        let store = SqliteStore::create(room.path()).expect("store");
        let vault = Vault::create(store, room.keys.only([1]), &act()).expect("vault");
        let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("client {n}")).owner("acme")).collect();
        new.chunks(5_000).for_each(|keys| drop(vault.issue_many(keys, &act()).expect("issued")));
        room
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.file("vault.db")
    }

    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path()).expect("store")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, on the vault, with master key 1.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with([1], arguments)
    }

    pub(crate) fn run_with(&self, versions: impl IntoIterator<Item = u32>, arguments: &[&str]) -> Run {
        let run = Run::bare(arguments).env("STRONGROOM_MASTER_KEYS", &self.keys.variable(versions));
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", self.path().display()))
    }

    /// Issues an API key with more arguments: its id and token.
    pub(crate) fn issue(&self, arguments: &[&str]) -> (String, String) {
        let ran = self.run(&[&["issue", "--json"], arguments].concat()).ends(0);
        let issued = ran.json();
        (text(&issued["id"]), text(&issued["token"]))
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Every verb there is: the completion script names them, each after its parent, but for the hidden one.
pub(crate) fn every_verb() -> BTreeSet<String> {
    let script = Run::bare(&["completions", "bash"]).ends(0).out;
    let mut paths = BTreeMap::from([("strongroom", String::new())]);
    let lines: Vec<_> = script.lines().map(str::trim).collect();
    for pair in lines.windows(2) {
        let state = pair[0].strip_suffix(')').and_then(|state| state.split_once(','));
        let named = pair[1].strip_prefix("cmd=\"").and_then(|name| name.strip_suffix('"'));
        if let (Some((parent, word)), Some(name)) = (state, named)
            && let Some(path) = paths.get(parent)
        {
            let path = format!("{path} {word}").trim().to_owned();
            paths.insert(name, path);
        }
    }
    let hidden = std::iter::once("rehearsal-step".to_owned());
    paths.into_values().filter(|path| !path.is_empty()).chain(hidden).collect()
}

/// A run of the program in the making.
pub(crate) struct Run {
    pub(crate) command: Command,
    stdin: Vec<u8>,
    shown: String,
}

impl Run {
    /// Nothing in the environment.
    pub(crate) fn bare(arguments: &[&str]) -> Self {
        Self::through(Command::new(program_path()), arguments)
    }

    /// Started by another program, such as a shell.
    pub(crate) fn through(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments).env_clear().current_dir("/");
        Self { command, stdin: vec![], shown: arguments.join(" ") }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    pub(crate) fn spawn(&mut self) -> Child {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        loop {
            match command.spawn() {
                // A copy of the program just made: a child that another test forked meanwhile still has it open to write.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                spawned => return spawned.expect("started"),
            }
        }
    }

    pub(crate) fn go(mut self) -> Ran {
        let mut child = self.spawn();
        // A program that does not read its input may be gone already.
        let _ = child.stdin.take().expect("piped").write_all(&self.stdin);
        Ran::of(child, &self.shown)
    }

    /// Runs it, and it ends with this code.
    pub(crate) fn ends(self, code: i32) -> Ran {
        let ran = self.go();
        assert_eq!(ran.code, Some(code), "{}: stdout {:?}, stderr {:?}", ran.shown, ran.out, ran.err);
        ran
    }

    /// Runs it with standard output going to a file.
    pub(crate) fn ends_writing_to(mut self, path: &Path, code: i32) -> Ran {
        let file = std::fs::OpenOptions::new().write(true).open(path).expect("opened");
        let mut command = self.command;
        let mut child = command.stdin(Stdio::piped()).stdout(file).stderr(Stdio::piped()).spawn().expect("started");
        let _ = child.stdin.take().expect("piped").write_all(&std::mem::take(&mut self.stdin));
        let ran = Ran::of(child, &self.shown);
        assert_eq!(ran.code, Some(code), "{}: stderr {:?}", ran.shown, ran.err);
        ran
    }
}

/// How a run ended, and what it said.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) shown: String,
}

impl Ran {
    pub(crate) fn of(child: Child, shown: &str) -> Self {
        let output = child.wait_with_output().expect("ended");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr), shown: shown.into() }
    }

    /// Standard output as one document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{}: {error}: {:?}", self.shown, self.out))
    }

    /// Standard output as one document a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// Standard error holds this.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{}: {:?} does not say {text:?}", self.shown, self.err);
        self
    }
}
