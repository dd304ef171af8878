//! The files of a tree, on all cores.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::choice::PathChoice;
use super::content::Sieve;
use super::ignored::{self, OWN_IGNORE_FILE};
use super::reach::{IgnoreFiles, Reach};
use super::report::{Origin, Outlet, ScanPlace};

pub(super) fn tree(reach: &Reach, paths: &[PathBuf], outlet: &Outlet<'_>) {
    let (mut folders, mut roots) = (vec![], Roots::default());
    let mut sieve = Sieve::new(outlet);
    for path in paths.iter().take_while(|_| !outlet.is_stopped()) {
        if !roots.add(path) {
            continue;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() && is_of_kernel(path) => {
                outlet.missed(&Origin { place: ScanPlace::Tree, path }, OF_KERNEL);
            }
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            Ok(metadata) if metadata.is_file() && !reach.choice.takes(&[path]) => {}
            Ok(metadata) if metadata.is_file() => {
                sieve.name(ScanPlace::Tree, path);
                sieve.file(ScanPlace::Tree, path);
            }
            // What was asked for by name is missed, whatever it is.
            Ok(_) => outlet.missed(&Origin { place: ScanPlace::Tree, path }, "neither a file nor a folder"),
            Err(error) => outlet.unreadable(&Origin { place: ScanPlace::Tree, path }, &error),
        }
    }
    drop(sieve);
    let roots = Arc::new(roots);
    let honoured = reach.ignore == IgnoreFiles::All;
    let apart = reach.env_files && reach.ignore != IgnoreFiles::Nothing;
    let odd = Arc::new(Odd::default());
    if let Some(mut builder) = builder(&folders) {
        let (reads, honoured) = match folders.iter().find_map(|folder| ignored::unreadable_around(folder, reach.ignore))
        {
            Some(file) => {
                outlet.missed(&Origin { place: ScanPlace::Tree, path: &file }, ignored::UNREADABLE);
                (false, false)
            }
            None => (reach.ignore != IgnoreFiles::Nothing, honoured),
        };
        builder.git_ignore(honoured).git_exclude(honoured).git_global(honoured).ignore(honoured).require_git(false);
        if reads {
            builder.parents(true).add_custom_ignore_filename(OWN_IGNORE_FILE);
        }
        let roots = Arc::clone(&roots);
        let passed = Arc::new(Passed::of(reach));
        let (seen, set_aside, ignore) = (Arc::clone(&passed), Arc::clone(&odd), reach.ignore);
        builder.filter_entry(move |entry| {
            if seen.is_passed(entry) || (apart && is_env_file(entry)) || roots.has(entry) {
                return false;
            }
            !(reads && set_aside.takes(entry, ignore))
        });
        walk(&mut builder, reach.threads, ScanPlace::Tree, outlet);
        outlet.tally.repositories.fetch_add(passed.repositories.load(Relaxed), Relaxed);
        outlet.tally.special.fetch_add(passed.special.load(Relaxed), Relaxed);
    }
    let odd = odd.all();
    for (_, file) in &odd {
        outlet.missed(&Origin { place: ScanPlace::Tree, path: file }, ignored::UNREADABLE);
    }
    if let Some(mut builder) = builder(&odd.iter().map(|(folder, _)| folder).collect::<Vec<_>>()) {
        let (roots, passed) = (Arc::clone(&roots), Passed::of(reach));
        builder.filter_entry(move |entry| {
            !passed.is_passed(entry) && (!apart || !is_env_file(entry)) && !roots.has(entry)
        });
        walk(&mut builder, reach.threads, ScanPlace::Tree, outlet);
    }
    if let Some(mut builder) = builder(&folders).filter(|_| apart) {
        let passed = Passed::of(reach);
        builder.filter_entry(move |entry| {
            !passed.is_passed(entry) && (is_folder(entry) || is_env_file(entry)) && !roots.has(entry)
        });
        walk(&mut builder, reach.threads, ScanPlace::Tree, outlet);
    }
}

/// What was named. It is read on its own, and not again on the way through a folder around it.
#[derive(Default)]
struct Roots {
    paths: Vec<PathBuf>,
}

impl Roots {
    /// Whether it was not named before, in whatever way.
    fn add(&mut self, path: &Path) -> bool {
        let Ok(path) = path.canonicalize() else { return true };
        let new = !self.paths.contains(&path);
        self.paths.extend(new.then_some(path));
        new
    }

    fn has(&self, entry: &DirEntry) -> bool {
        let named = |root: &&PathBuf| root.file_name() == Some(entry.file_name());
        let mut alike = self.paths.iter().filter(named).peekable();
        if entry.depth() == 0 || entry.path_is_symlink() || alike.peek().is_none() {
            return false;
        }
        entry.path().canonicalize().is_ok_and(|path| alike.any(|root| *root == path))
    }
}

/// Every file below one folder, except under the folders that `skip` names.
pub(super) fn folder(reach: &Reach, folder: &Path, place: ScanPlace, skip: Vec<PathBuf>, outlet: &Outlet<'_>) {
    let mut builder = WalkBuilder::new(folder);
    builder.standard_filters(false).filter_entry(move |entry| !skip.iter().any(|skip| skip == entry.path()));
    walk(&mut builder, reach.threads, place, outlet);
}

/// A walk that leaves nothing out and follows no links, save those given by name.
fn builder(folders: &[&PathBuf]) -> Option<WalkBuilder> {
    let rooted = |folder: &Path| if folder.is_symlink() { folder.join(".") } else { folder.into() };
    let (first, rest) = folders.split_first()?;
    let mut builder = WalkBuilder::new(rooted(first));
    for folder in rest {
        builder.add(rooted(folder));
    }
    builder.standard_filters(false);
    Some(builder)
}

fn walk(builder: &mut WalkBuilder, threads: usize, place: ScanPlace, outlet: &Outlet<'_>) {
    builder.threads(threads).build_parallel().run(|| {
        let mut sieve = Sieve::new(outlet);
        Box::new(move |entry| {
            if outlet.is_stopped() {
                return WalkState::Quit;
            }
            match entry {
                Ok(entry) => visit(&entry, place, &mut sieve, outlet),
                Err(error) => failed(&error, None, place, outlet),
            }
            WalkState::Continue
        })
    });
}

fn visit(entry: &DirEntry, place: ScanPlace, sieve: &mut Sieve<'_, '_>, outlet: &Outlet<'_>) {
    let path = entry.path();
    if entry.depth() > 0 {
        sieve.name(place, path);
    }
    if let Some(error) = entry.error() {
        failed(error, Some(path), place, outlet);
    }
    match entry.file_type() {
        Some(kind) if kind.is_dir() => {}
        Some(kind) if kind.is_symlink() => link(path, place, outlet),
        Some(kind) if kind.is_file() => sieve.file(place, path),
        _ => {
            outlet.tally.special.fetch_add(1, Relaxed);
        }
    }
}

/// A link is not followed: what it leads to inside the tree is scanned where it stands, and what is outside was not asked
/// for. A link that leads in circles is a fault of the tree, and told.
fn link(path: &Path, place: ScanPlace, outlet: &Outlet<'_>) {
    outlet.tally.links.fetch_add(1, Relaxed);
    let circles = match path.canonicalize() {
        Ok(target) => {
            path.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|at| at.starts_with(target))
        }
        Err(error) => error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()),
    };
    if circles {
        outlet.missed(&Origin { place, path }, "the link leads in circles");
    }
}

/// Errors of the walker carry paths, depths and line numbers around the one that counts.
fn failed(error: &ignore::Error, path: Option<&Path>, place: ScanPlace, outlet: &Outlet<'_>) {
    use ignore::Error;
    let told = |path: Option<&Path>, why: &dyn ToString| {
        outlet.missed(&Origin { place, path: path.unwrap_or(Path::new("")) }, why.to_string());
    };
    match error {
        Error::WithPath { path, err } => failed(err, Some(path), place, outlet),
        Error::WithDepth { err, .. } | Error::WithLineNumber { err, .. } => failed(err, path, place, outlet),
        Error::Partial(errors) => errors.iter().for_each(|error| failed(error, path, place, outlet)),
        Error::Loop { child, .. } => told(Some(child), &"the link leads in circles"),
        // A pattern that is none leaves nothing out.
        Error::Glob { .. } => {}
        Error::Io(error) if error.kind() == io::ErrorKind::NotFound && path.is_none() => {}
        Error::Io(error) => told(path, error),
        error => told(path, error),
    }
}

/// What is not entered or read, unless it was asked for by name.
struct Passed {
    choice: Arc<PathChoice>,
    repositories: AtomicU64,
    special: AtomicU64,
}

impl Passed {
    fn of(reach: &Reach) -> Self {
        Self { choice: Arc::clone(&reach.choice), repositories: AtomicU64::new(0), special: AtomicU64::new(0) }
    }

    /// By its path as it is shown, and from the folder that was named.
    fn is_left_out(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 || self.choice.is_all() {
            return false;
        }
        let mut parts = entry.path().components();
        let parents = parts.clone().count().saturating_sub(entry.depth());
        parts.by_ref().take(parents).for_each(drop);
        let paths = [entry.path(), parts.as_path()];
        if is_folder(entry) { !self.choice.enters(&paths) } else { !self.choice.takes(&paths) }
    }

    fn is_passed(&self, entry: &DirEntry) -> bool {
        if self.is_left_out(entry) {
            return true;
        }
        if entry.depth() == 0 || !is_folder(entry) {
            return false;
        }
        let count = if is_insides(entry.path()) {
            &self.repositories
        } else if is_of_kernel(entry.path()) {
            &self.special
        } else {
            return false;
        };
        count.fetch_add(1, Relaxed);
        true
    }
}

/// Folders whose ignore files cannot be read, with those files: nothing is left out there.
#[derive(Default)]
struct Odd(Mutex<Vec<(PathBuf, PathBuf)>>);

impl Odd {
    fn takes(&self, entry: &DirEntry, ignore: IgnoreFiles) -> bool {
        let Some(file) =
            Some(entry).filter(|entry| is_folder(entry)).and_then(|entry| ignored::unreadable_in(entry.path(), ignore))
        else {
            return false;
        };
        self.lock().push((entry.path().into(), file));
        true
    }

    fn all(&self) -> Vec<(PathBuf, PathBuf)> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(PathBuf, PathBuf)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The insides of a repository are `Scan::history`'s: `.git`, and the objects of a bare one, of which packs hold what no reader of
/// files sees.
pub(super) fn is_insides(folder: &Path) -> bool {
    match folder.file_name() {
        Some(name) if name == ".git" => true,
        Some(name) if name == "objects" => folder
            .parent()
            .is_some_and(|parent| parent.join("HEAD").symlink_metadata().is_ok() && parent.join("refs").is_dir()),
        _ => false,
    }
}

/// What looks like files and is made by the kernel when it is read: some of them never end, others wait.
pub(super) fn is_of_kernel(folder: &Path) -> bool {
    let crosses = |parent: &Path| {
        let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
        device(parent) != device(folder)
    };
    // Asked only where another file system begins.
    let begins = folder.parent().is_none_or(|parent| parent.as_os_str().is_empty() || crosses(parent));
    begins && is_made_up(folder)
}

#[cfg(target_os = "linux")]
fn is_made_up(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| OF_KERNELS.contains(&stat.f_type))
}

#[cfg(not(target_os = "linux"))]
fn is_made_up(_: &Path) -> bool {
    false
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_env_file(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let named = name == ".envrc" || name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    named && !is_folder(entry)
}

const OF_KERNEL: &str = "the kernel's own, and no files; --processes reads arguments and environments";

/// procfs, sysfs, debugfs, tracefs, cgroups, securityfs: linux/magic.h.
#[cfg(target_os = "linux")]
const OF_KERNELS: [rustix::fs::FsWord; 7] =
    [0x9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163, 0x0027_e0eb, 0x6367_7270, 0x7363_6673];
