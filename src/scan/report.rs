//! What a scan tells: what it found, what it could not read, and how far it is.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use super::detect::Scanner;
use super::detect::hit::{Hit, Scanned};
use super::drawn::secrets_in;
use super::unpack::Inside;
use crate::arguments::Verdict;

/// One thing a scan has to say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ScanEvent {
    /// A key lies there.
    Found(Found),
    /// Something could not be read, and the scan is incomplete.
    Missed(Missed),
    /// How far the scan is, now and then.
    Progress(ScanCounts),
}

/// Where a key lies. Holds no part of it: names that do are hidden.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The kind of place.
    pub place: ScanPlace,
    /// The file; in a git object the path it has in `object.commit`, and empty when none is known.
    pub path: PathBuf,
    /// What had to be opened to see it, the outermost first: `gzip`, `tar: app/settings.py`, or the `name` of the file itself.
    pub inside: Vec<Cow<'static, str>>,
    /// The git object that holds it.
    pub object: Option<GitObject>,
    /// What it is, and where in the file.
    pub hit: Hit,
}

/// A git object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitObject {
    /// Its id in hex.
    pub id: String,
    /// `blob`, `commit`, `tag` or `tree`.
    pub kind: &'static str,
    /// The first commit, by the committers' clocks, that holds it; `None` when no commit does.
    pub commit: Option<String>,
    /// When that was committed, in seconds since 1970.
    pub committed_at: Option<i64>,
}

/// Something that could not be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Missed {
    /// The kind of place.
    pub place: ScanPlace,
    /// The file, or the repository of the object.
    pub path: PathBuf,
    /// The id of the git object, when it is one.
    pub object: Option<String>,
    /// Why, as a fact.
    pub why: String,
}

/// The kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScanPlace {
    /// This process's own executable.
    Executable,
    /// A git repository.
    History,
    /// What was given to [`Scan::reader`](super::Scan::reader).
    Input,
    /// The arguments or the environment of a process.
    Process,
    /// What a program with a prompt remembers.
    ShellHistory,
    /// What the next commit of a git repository would hold.
    Staged,
    /// A tree of files.
    Tree,
    /// Unit files, and environment files beside them.
    Units,
}

impl ScanPlace {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executable => "executable",
            Self::History => "history",
            Self::Input => "input",
            Self::Process => "process",
            Self::ShellHistory => "shell-history",
            Self::Staged => "staged",
            Self::Tree => "tree",
            Self::Units => "units",
        }
    }
}

/// What a scan has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanCounts {
    /// Keys found.
    pub found: u64,
    /// Finds that a mark in the same line allows.
    pub allowed: u64,
    /// Files, objects and folders that could not be read, wholly or in part.
    pub missed: u64,
    /// Files read.
    pub files: u64,
    /// Git objects read.
    pub objects: u64,
    /// Objects there are, as far as is known.
    pub objects_total: u64,
    /// Bytes looked at, those inside of gzip included.
    pub bytes: u64,
    /// Links that were not followed.
    pub links: u64,
    /// Entries that are neither file, folder nor link, and file systems of the kernel: they were not opened.
    pub special: u64,
    /// Repositories below the folders of [`Scan::tree`](super::Scan::tree), whose objects it does not read.
    pub repositories: u64,
    /// Whether the watcher stopped it: what it had not come to was not read, and is not among what was missed.
    pub stopped: bool,
}

impl ScanCounts {
    /// Adds those of another scan.
    pub fn add(&mut self, other: Self) {
        self.found += other.found;
        self.allowed += other.allowed;
        self.missed += other.missed;
        self.files += other.files;
        self.objects += other.objects;
        self.objects_total += other.objects_total;
        self.bytes += other.bytes;
        self.links += other.links;
        self.special += other.special;
        self.repositories += other.repositories;
        self.stopped |= other.stopped;
    }
}

/// Where a content comes from.
pub(super) struct Origin<'a> {
    pub(super) place: ScanPlace,
    pub(super) path: &'a Path,
}

/// Runs `work`, which may start threads of its own, and hands what they say to `watch` on this thread.
pub(super) fn run<V: Verdict>(
    scanner: &Scanner,
    mut watch: impl FnMut(ScanEvent) -> V,
    work: impl FnOnce(&Outlet<'_>) + Send,
) -> ScanCounts {
    let tally = Tally::default();
    let (sender, events) = mpsc::sync_channel(QUEUE);
    thread::scope(|scope| {
        let outlet = Outlet { scanner, tally: &tally, sender };
        scope.spawn(move || work(&outlet));
        loop {
            let event = match events.recv_timeout(TICK) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => ScanEvent::Progress(tally.counts()),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // The workers may have much to say until they see it.
            if !tally.is_stopped() && watch(event).flow().is_break() {
                tally.stopped.store(true, Relaxed);
            }
        }
    });
    tally.counts()
}

/// What workers need: the scanner, and somebody to tell.
pub(super) struct Outlet<'s> {
    pub(super) scanner: &'s Scanner,
    pub(super) tally: &'s Tally,
    sender: SyncSender<ScanEvent>,
}

impl Outlet<'_> {
    /// Whether nobody wants to hear more. Asked before each thing that takes time.
    pub(super) fn is_stopped(&self) -> bool {
        self.tally.is_stopped()
    }

    /// A reader that ends when the scan is stopped.
    pub(super) fn until_stopped<R: Read>(&self, reader: R) -> impl Read + use<'_, R> {
        UntilStopped { tally: self.tally, reader }
    }

    /// Tells of every hit.
    pub(super) fn scanned(&self, origin: &Origin<'_>, inside: &Inside, scanned: Scanned) {
        self.count(&scanned);
        if scanned.cut > 0 {
            self.missed(origin, CUT);
        }
        for hit in scanned.hits {
            self.found(origin, inside, None, hit);
        }
    }

    pub(super) fn count(&self, scanned: &Scanned) {
        self.tally.bytes.fetch_add(scanned.bytes, Relaxed);
        self.tally.allowed.fetch_add(scanned.allowed, Relaxed);
    }

    pub(super) fn found(&self, origin: &Origin<'_>, inside: &Inside, object: Option<GitObject>, hit: Hit) {
        self.tally.found.fetch_add(1, Relaxed);
        let path = self.shown(origin.path);
        let inside = inside.iter().map(|layer| self.shown_layer(layer).into()).collect();
        self.send(ScanEvent::Found(Found { place: origin.place, path, inside, object, hit }));
    }

    /// A fault with what had to be opened to see it.
    pub(super) fn within(&self, inside: &Inside, why: &str) -> String {
        let layers: Vec<_> = inside.iter().map(|layer| self.shown_layer(layer)).collect();
        if layers.is_empty() { why.to_owned() } else { format!("in {}: {why}", layers.join(", in ")) }
    }

    /// The name of a member may hold a key as that of a file may.
    fn shown_layer(&self, layer: &str) -> String {
        match layer.split_once(": ") {
            None => layer.to_owned(),
            Some((format, name)) => format!("{format}: {}", self.shown(Path::new(name)).display()),
        }
    }

    pub(super) fn missed(&self, origin: &Origin<'_>, why: impl ToString) {
        if self.is_stopped() {
            return;
        }
        self.tally.missed.fetch_add(1, Relaxed);
        self.tell_missed(origin, None, why.to_string());
    }

    /// One fault that hides so many objects.
    pub(super) fn missed_object(&self, origin: &Origin<'_>, id: String, why: impl ToString, count: u64) {
        if self.is_stopped() {
            return;
        }
        self.tally.missed.fetch_add(count, Relaxed);
        self.tell_missed(origin, Some(id), why.to_string());
    }

    /// A read that failed: what is gone by now was not there to be read.
    pub(super) fn unreadable(&self, origin: &Origin<'_>, error: &io::Error) {
        self.missed(origin, error);
    }

    fn tell_missed(&self, origin: &Origin<'_>, object: Option<String>, why: String) {
        let path = self.shown(origin.path);
        self.send(ScanEvent::Missed(Missed { place: origin.place, path, object, why }));
    }

    fn send(&self, event: ScanEvent) {
        // The receiver outlives every worker.
        let _ = self.sender.send(event);
    }

    /// The path as it may be shown: without a part that holds a key.
    fn shown(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix(".").ok().filter(|rest| *rest != Path::new("")).unwrap_or(path);
        let holds_key = |bytes: &[u8]| self.scanner.is_in_name(bytes);
        let parts = path.as_os_str().as_bytes().split(|byte| *byte == b'/');
        // A slash is a character of base64: a part may be a key where the whole is none, and the other way round.
        let shown: Vec<_> = parts.map(|part| if holds_key(part) { HIDDEN } else { part }).collect();
        let mut shown = shown.join(&b'/');
        if holds_key(&shown) {
            return OsStr::from_bytes(HIDDEN).into();
        }
        for secret in secrets_in(&shown).into_iter().rev() {
            shown.splice(secret, HIDDEN.iter().copied());
        }
        OsString::from_vec(shown).into()
    }
}

struct UntilStopped<'t, R> {
    tally: &'t Tally,
    reader: R,
}

impl<R: Read> Read for UntilStopped<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.tally.is_stopped() { Ok(0) } else { self.reader.read(into) }
    }
}

/// Counts that every worker adds to.
#[derive(Default)]
pub(super) struct Tally {
    found: AtomicU64,
    allowed: AtomicU64,
    missed: AtomicU64,
    pub(super) files: AtomicU64,
    pub(super) objects: AtomicU64,
    pub(super) objects_total: AtomicU64,
    bytes: AtomicU64,
    pub(super) links: AtomicU64,
    pub(super) special: AtomicU64,
    pub(super) repositories: AtomicU64,
    stopped: AtomicBool,
}

impl Tally {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    fn counts(&self) -> ScanCounts {
        ScanCounts {
            found: self.found.load(Relaxed),
            allowed: self.allowed.load(Relaxed),
            missed: self.missed.load(Relaxed),
            files: self.files.load(Relaxed),
            objects: self.objects.load(Relaxed),
            objects_total: self.objects_total.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            links: self.links.load(Relaxed),
            special: self.special.load(Relaxed),
            repositories: self.repositories.load(Relaxed),
            stopped: self.is_stopped(),
        }
    }
}

/// A path as a name for the scanner, which judges by extension and well-known names.
pub(super) fn name_of(path: &Path) -> Cow<'_, str> {
    path.as_os_str().to_string_lossy()
}

/// Why content is incomplete that has unpacked to too much.
pub(super) const CUT: &str = "what is packed inside unpacks to more than 1 GiB and a hundred times its length, or is in thousands of \
                              pieces beside each other: the rest was not unpacked";
const HIDDEN: &[u8] = b"[REDACTED]";
const QUEUE: usize = 1024;
const TICK: Duration = Duration::from_millis(100);
