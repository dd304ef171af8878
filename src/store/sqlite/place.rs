//! The place of a store: which file is there, and which log and index beside it.
//!
//! While a connection has the store open, SQLite keeps the log and its index where they are: only the last connection of all removes
//! them. So what was there once the file was read stays there until it is closed, or somebody else has taken it away.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::keep_log;
use super::raw::{first_bytes, read_first};
use super::{files, locks};
use crate::store::error::StoreError;

pub(super) struct Place {
    /// Whatever folder the process works in later.
    path: PathBuf,
    /// Of the log and its index.
    beside: [PathBuf; 2],
    seen: Which,
    /// From when a connection stays that has them open.
    parts: OnceLock<Parts>,
    log: OnceLock<File>,
    opened: Instant,
    /// When it was there last, in milliseconds since it was opened.
    looked: AtomicU64,
}

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(files::failed)?;
        let (beside, seen) = (NAMES.map(|suffix| files::beside(&path, suffix)), files::which(&path));
        let (parts, log) = (OnceLock::new(), OnceLock::new());
        Ok(Self { path, beside, seen, parts, log, opened: Instant::now(), looked: AtomicU64::new(0) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The log and its index, which a connection that stays has open from now on. With `keeps_log` there is one.
    pub(super) fn hold_parts(&self, keeps_log: bool) -> Result<(), StoreError> {
        let parts = self.parts_now();
        if parts.is_open_here().unwrap_or(!keeps_log) {
            self.must_have(*self.parts.get_or_init(|| parts))
        } else {
            Err(moved(self.log()))
        }
    }

    fn log(&self) -> &Path {
        &self.beside[0]
    }

    pub(super) fn parts_now(&self) -> Parts {
        Parts(self.beside.each_ref().map(|path| files::which(path)))
    }

    pub(super) fn must_have(&self, parts: Parts) -> Result<(), StoreError> {
        let found = self.parts_now();
        match self.beside.iter().zip(parts.0.iter().zip(&found.0)).find(|(_, (held, found))| held != found) {
            Some((path, _)) => Err(moved(path)),
            None => Ok(()),
        }
    }

    /// Refuses when not all that was opened is there.
    pub(super) fn must_be_there(&self) -> Result<(), StoreError> {
        self.looked.store(NEVER, Ordering::Relaxed);
        let now = self.now();
        if files::which(&self.path) != self.seen {
            return Err(moved(&self.path));
        }
        self.parts.get().map_or(Ok(()), |parts| self.must_have(*parts))?;
        self.looked.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// The same as of a moment ago at the latest: for reads, which are many, and of which nothing is acknowledged, and before a commit,
    /// after which it is looked at in any case.
    pub(super) fn must_have_been_there(&self) -> Result<(), StoreError> {
        let looked = self.looked.load(Ordering::Relaxed);
        if looked == NEVER || self.now() >= looked + A_MOMENT { self.must_be_there() } else { Ok(()) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The same after a commit: what was committed stands in the log, behind a header that only SQLite writes.
    pub(super) fn must_hold_commit(&self) -> Result<(), StoreError> {
        self.must_be_there()?;
        if self.has_log() { Ok(()) } else { Err(moved(self.log())) }
    }

    /// Whether the log begins as SQLite writes it. One that was just emptied has nothing to lose.
    fn has_log(&self) -> bool {
        let mut magic = [0; 4];
        match self.held_log().and_then(|log| read_first(log, &mut magic)) {
            Ok(0) => true,
            Ok(4) => MAGIC.contains(&u32::from_be_bytes(magic)),
            Ok(_) | Err(_) => false,
        }
    }

    /// The log, opened once. SQLite has no locks on it that would go when this is closed.
    fn held_log(&self) -> io::Result<&File> {
        if let Some(log) = self.log.get() {
            return Ok(log);
        }
        let log = File::open(self.log())?;
        match self.parts.get() {
            Some(parts) if parts.0[0] != Some(files::identity(&log.metadata()?)) => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(self.log.get_or_init(|| log)),
        }
    }

    /// Before the connection is closed. The last one moves what is in its log into the file, and removes what is there under the name
    /// of the log: neither is for a log that somebody else has begun since. Where there is none nobody loses anything, and what only
    /// this process has gets into the file.
    pub(super) fn before_close(&self, connection: &Connection) {
        if !self.may_be_emptied() {
            let _ = keep_log(connection, true);
        }
    }

    fn may_be_emptied(&self) -> bool {
        let Some(held) = self.parts.get() else { return true };
        match fs::symlink_metadata(self.log()) {
            Err(_) => true,
            Ok(found) if found.len() == 0 && files::which(&self.path) == self.seen => true,
            Ok(_) => self.parts_now() == *held && self.has_log(),
        }
    }
}

/// The log and its index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts([Which; 2]);

impl Parts {
    /// Whether this process has this log open: another can have been put there since the connection was made.
    fn is_open_here(self) -> Option<bool> {
        self.0[0].map(locks::is_open_here)
    }
}

/// Refuses a store that others have open while its log is gone: what they have committed nobody sees who opens it now.
pub(super) fn refuse_lost_log(path: &Path) -> Result<(), StoreError> {
    let log = files::beside(path, files::LOG);
    // Whoever opens it at this moment has the lock a little before the log, and whoever closes it a little longer.
    for _ in 0..LOOKS {
        if fs::symlink_metadata(&log).is_ok() || !locks::is_shared(path) {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    if keeps_log(path) { Err(moved(&log)) } else { Ok(()) }
}

/// Whether the file says that it has a write-ahead log.
fn keeps_log(path: &Path) -> bool {
    first_bytes::<20>(path).is_some_and(|header| header[18..] == [2, 2])
}

fn moved(path: &Path) -> StoreError {
    StoreError::Moved { path: path.display().to_string() }
}

type Which = Option<(u64, u64)>;

/// Where it was not there, too: the next look is at once.
const NEVER: u64 = u64::MAX;
/// Milliseconds.
const A_MOMENT: u64 = 20;
const LOOKS: u32 = 6;
const LOOK: Duration = Duration::from_millis(10);
const NAMES: [&str; 2] = [files::LOG, files::INDEX];
/// What a log begins with (SQLite's Database File Format, section 4.1).
const MAGIC: [u32; 2] = [0x377f_0682, 0x377f_0683];
