//! The program, run and interrupted from outside.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use strongroom::{Issued, NewApiKey, Request, SqliteStore, Vault};

use crate::support::{Keys, act};

/// A folder with a vault in it, and what was issued.
pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keys: Keys,
    pub(crate) issued: Vec<Issued>,
}

impl Scene {
    /// A vault under master key 1 with this many API keys.
    pub(crate) fn new(count: usize, versions: u32) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let keys = Keys::generate(versions);
        let store = SqliteStore::create(folder.path().join("vault.db")).expect("store");
        let vault = Vault::create(store, keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("key").owner("acme"); count], &act()).expect("issued");
        drop(vault);
        Self { folder, keys, issued }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    pub(crate) fn open(&self, versions: impl IntoIterator<Item = u32>) -> Vault {
        Vault::open(SqliteStore::open(self.path()).expect("store"), self.keys.only(versions)).expect("vault")
    }

    /// The program on this vault, with these master keys, saying nothing.
    pub(crate) fn command(&self, versions: &[u32], arguments: &[&str]) -> Command {
        let mut command = program(&self.path(), &self.keys.variable(versions.iter().copied()));
        command.args(arguments);
        command
    }

    /// Every token answers as it should: those revoked are refused, all others verify.
    pub(crate) fn assert_tokens(&self, vault: &Vault, revoked: &[usize]) {
        for (at, issued) in self.issued.iter().enumerate() {
            let valid = vault.verify(issued.token.expose(), &Request::new());
            assert_eq!(valid.is_ok(), !revoked.contains(&at), "token {at}: {:?}", valid.err());
        }
    }
}

/// Where the program is: the one built with the tests, or another that `STRONGROOM_PROGRAM` names, as the one that ships.
pub(crate) fn program_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        std::env::var("STRONGROOM_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_strongroom").to_owned())
    });
    &PATH
}

/// The program with an environment of its own.
pub(crate) fn program(store: &Path, master_keys: &str) -> Command {
    let mut command = Command::new(program_path());
    command
        .env_clear()
        .env("STRONGROOM_STORE", format!("sqlite:{}", store.display()))
        .env("STRONGROOM_MASTER_KEYS", master_keys)
        .env("STRONGROOM_ACTOR", "tester")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Sends a signal by name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.expect("kill runs").success(), "no signal sent");
}

/// Waits, but not for ever.
pub(crate) fn ends_within(child: &mut Child, limit: Duration) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        assert!(start.elapsed() < limit, "the program hangs");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Moments and places by chance; nothing secret depends on it.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
        Self::seeded(u64::try_from(seed & u128::from(u64::MAX)).expect("masked"))
    }

    /// The same ones for the same seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: Duration) -> Duration {
        limit.mul_f64(f64::from(u32::try_from(self.next() % 10_000).expect("small")) / 10_000.0)
    }
}
