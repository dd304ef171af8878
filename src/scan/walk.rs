//! The files of a tree, on all cores.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::content::Sieve;
use super::report::{Origin, Outlet, ScanPlace};
use super::{IgnoreFiles, Scan};

pub(super) fn tree(scan: &Scan, paths: &[PathBuf], outlet: &Outlet<'_>) {
    let (mut folders, mut roots) = (vec![], Roots::default());
    let mut sieve = Sieve::new(outlet);
    for path in paths {
        if !roots.add(path) {
            continue;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
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
    let honoured = scan.ignore == IgnoreFiles::All;
    let apart = scan.env_files && scan.ignore != IgnoreFiles::Nothing;
    if let Some(mut builder) = builder(&folders) {
        builder.git_ignore(honoured).git_exclude(honoured).git_global(honoured).ignore(honoured).require_git(false);
        if scan.ignore != IgnoreFiles::Nothing {
            builder.parents(true).add_custom_ignore_filename(OWN_IGNORE_FILE);
        }
        let roots = Arc::clone(&roots);
        builder.filter_entry(move |entry| !is_git(entry) && (!apart || !is_env_file(entry)) && !roots.has(entry));
        walk(&mut builder, scan.threads, ScanPlace::Tree, outlet);
    }
    if let Some(mut builder) = builder(&folders).filter(|_| apart) {
        builder
            .filter_entry(move |entry| !is_git(entry) && (is_folder(entry) || is_env_file(entry)) && !roots.has(entry));
        walk(&mut builder, scan.threads, ScanPlace::Tree, outlet);
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
pub(super) fn folder(scan: &Scan, folder: &Path, place: ScanPlace, skip: Vec<PathBuf>, outlet: &Outlet<'_>) {
    let mut builder = WalkBuilder::new(folder);
    builder.standard_filters(false).filter_entry(move |entry| !skip.iter().any(|skip| skip == entry.path()));
    walk(&mut builder, scan.threads, place, outlet);
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

/// The insides of a repository are `Scan::history`'s, unless they were asked for by name.
fn is_git(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == ".git" && is_folder(entry)
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_env_file(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let named = name == ".envrc" || name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    named && !is_folder(entry)
}

const OWN_IGNORE_FILE: &str = ".strongroomignore";
