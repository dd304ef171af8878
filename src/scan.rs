//! Looks for master keys where they should not lie: in trees of files, in the history of git repositories, and in other
//! places of a machine. Reads on all cores, in bounded memory, and never hands out what it found.

mod baseline;
mod choice;
mod content;
mod detect;
mod drawn;
mod format;
mod history;
mod holes;
mod ignored;
mod places;
mod reach;
mod report;
mod secrets;
mod unpack;
mod walk;

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

pub use baseline::Baseline;
pub use choice::{PathChoice, PatternError};
pub use detect::Scanner;
pub use detect::hit::{Hit, ScanMode, Scanned};
pub use detect::marks::Marks;
pub use drawn::secrets_in;
pub use reach::IgnoreFiles;
pub use report::{Found, GitObject, Missed, ScanCounts, ScanEvent, ScanPlace};
pub use secrets::{Secret, Secrets};

use crate::arguments::{Maybe, Verdict};
use content::Sieve;
use reach::Reach;
use report::Origin;

/// A scan: what to look for, and how to go about it. Each method reads one kind of place, tells `watch` what it finds and
/// what it could not read, and returns the counts. `watch` is called on the calling thread, and may stop the scan: it is then
/// told nothing more, and the counts are [`stopped`](ScanCounts::stopped). That is heeded between two reads: one that waits, such
/// as for what is typed, is not broken off.
///
/// ```
/// # use strongroom::scan::{Scan, ScanEvent, Scanner};
/// # use strongroom::{MasterKey, MasterKeyVersion, MasterKeys};
/// # let folder = tempfile::tempdir()?;
/// let key = MasterKey::generate()?;
/// std::fs::write(folder.path().join("settings.py"), format!("KEY = '{}'\n", key.to_text().expose()))?;
///
/// let scan = Scan::new(Scanner::exact(&MasterKeys::single(key)));
/// let mut found = vec![];
/// let counts = scan.tree(&[folder.path().to_owned()], |event| {
///     if let ScanEvent::Found(leak) = event {
///         found.push((leak.path, leak.hit.line, leak.hit.version));
///     }
/// });
/// assert_eq!(found, [(folder.path().join("settings.py"), 1, Some(MasterKeyVersion::FIRST))]);
/// assert_eq!((counts.files, counts.missed), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Scan {
    scanner: Scanner,
    reach: Reach,
}

impl Scan {
    /// A scan on all cores.
    pub fn new(scanner: Scanner) -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            scanner,
            reach: Reach {
                ignore: IgnoreFiles::default(),
                env_files: false,
                choice: PathChoice::all().into(),
                threads,
            },
        }
    }

    /// On so many threads.
    #[must_use]
    pub fn threads(mut self, threads: impl Maybe<NonZeroUsize>) -> Self {
        self.reach.threads = threads.maybe().map_or(self.reach.threads, NonZeroUsize::get);
        self
    }

    /// Which ignore files count in [`Scan::tree`].
    #[must_use]
    pub fn ignore_files(mut self, ignore: impl Maybe<IgnoreFiles>) -> Self {
        self.reach.ignore = ignore.maybe().unwrap_or(self.reach.ignore);
        self
    }

    /// Whether [`Scan::tree`] reads `.env`, `.env.*`, `*.env` and `.envrc` though an ignore file leaves them out.
    #[must_use]
    pub fn env_files(mut self, always: bool) -> Self {
        self.reach.env_files = always;
        self
    }

    /// Which files [`Scan::tree`] reads, and of which [`Scan::history`] tells.
    #[must_use]
    pub fn choosing(mut self, choice: PathChoice) -> Self {
        self.reach.choice = choice.into();
        self
    }

    /// Files, and folders with all they hold save the insides of `.git`. A link is not followed unless it is one of
    /// `paths`. What is neither file nor folder is never opened.
    pub fn tree<V: Verdict>(&self, paths: &[PathBuf], watch: impl FnMut(ScanEvent) -> V) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| walk::tree(&self.reach, paths, outlet))
    }

    /// Every object of the git repositories at or above `paths`, reachable or not, in packs, loose and in alternates, those
    /// of their submodules, and each repository's own files: configuration, hooks, reflogs.
    pub fn history<V: Verdict>(&self, paths: &[PathBuf], watch: impl FnMut(ScanEvent) -> V) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| history::history(&self.reach, paths, outlet))
    }

    /// The files that are staged in the git repository at or above `path`, as they would be committed, and that its last commit does not
    /// hold so. `index` is the file of what is staged, if git has named another than its own (`GIT_INDEX_FILE`).
    pub fn staged<V: Verdict>(
        &self,
        path: &Path,
        index: Option<&Path>,
        watch: impl FnMut(ScanEvent) -> V,
    ) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| history::staged(&self.reach, path, index, outlet))
    }

    /// What a reader gives, such as standard input.
    pub fn reader<V: Verdict>(
        &self,
        name: &str,
        reader: impl Read + Send,
        watch: impl FnMut(ScanEvent) -> V,
    ) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| {
            let origin = Origin { place: ScanPlace::Input, path: Path::new(name) };
            Sieve::new(outlet).stream(&origin, reader);
        })
    }

    /// The executable of this process.
    pub fn executable<V: Verdict>(&self, watch: impl FnMut(ScanEvent) -> V) -> ScanCounts {
        report::run(&self.scanner, watch, places::executable)
    }

    /// The arguments and the environment of this process, and of others of the same user where the system shows them.
    /// Variables that are named in `allowed` may hold keys.
    pub fn processes<V: Verdict>(&self, allowed: &[&str], watch: impl FnMut(ScanEvent) -> V) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| places::processes(allowed, outlet))
    }

    /// What shells and other programs with a prompt remember, in this home folder and in files elsewhere.
    pub fn shell_history<V: Verdict>(
        &self,
        home: Option<&Path>,
        others: &[PathBuf],
        watch: impl FnMut(ScanEvent) -> V,
    ) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| places::shell_history(home, others, outlet))
    }

    /// Unit files of systemd with their drop-ins, and the folders of environment files beside them; those of the user
    /// whose home folder this is, too.
    pub fn units<V: Verdict>(&self, home: Option<&Path>, watch: impl FnMut(ScanEvent) -> V) -> ScanCounts {
        report::run(&self.scanner, watch, |outlet| places::units(&self.reach, home, outlet))
    }
}
