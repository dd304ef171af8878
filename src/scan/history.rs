//! Every object of a git repository, reachable or not, and the repository's own files.
//!
//! The formats are read here and not by a library: each object that is damaged must cost itself alone, blobs of any
//! length must stream, and no pack is mapped into memory, where a cut would be a signal.

mod delta;
mod loose;
mod object;
mod pack;
mod repository;
mod sweep;
mod trace;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Scan;
use super::report::{GitObject, Origin, Outlet, ScanPlace};
use super::walk;
use object::Kind;
use pack::Pack;
use repository::{Objects, Repository};
use sweep::{ObjectHit, Sweep, Swept};
use trace::{Finder, Seen, trace};

/// The history of each repository that one of the paths is in, once.
pub(super) fn history(scan: &Scan, paths: &[PathBuf], outlet: &Outlet<'_>) {
    let mut seen = BTreeSet::new();
    for path in paths {
        let origin = Origin { place: ScanPlace::History, path };
        match Repository::discover(path) {
            Ok(Some(repository)) => {
                if seen.insert(repository.identity()) {
                    repository.scan(scan, outlet);
                }
            }
            Ok(None) => {
                outlet.missed(&origin, "not in a git repository: leave --history out, or name a path inside one");
            }
            Err(error) => outlet.unreadable(&origin, &error),
        }
    }
}

impl Repository {
    fn scan(&self, scan: &Scan, outlet: &Outlet<'_>) {
        let objects = self.objects(outlet);
        let packs: Vec<_> = objects.iter().flat_map(|objects| packs(objects, outlet)).collect();
        let sweep = Sweep {
            outlet,
            root: &self.root,
            threads: scan.threads,
            packs: &packs,
            broken: Mutex::default(),
            swept: Mutex::default(),
        };
        sweep.packs();
        for (at, folder) in objects.iter().enumerate() {
            sweep.loose(folder, &objects[..at]);
        }
        let swept = sweep.swept.into_inner().expect("no holder panics");
        self.tell(swept, &mut Finder::new(&packs, &objects), outlet);
        // Configuration, hooks, reflogs, notes that were begun: everything that is no object.
        let skip = objects.into_iter().map(|objects| objects.folder).collect();
        walk::folder(scan, &self.common, ScanPlace::History, skip, outlet);
    }

    /// Tells of every hit, with path and commit where there are any.
    fn tell(&self, swept: Swept, finder: &mut Finder<'_>, outlet: &Outlet<'_>) {
        let wanted = swept.hits.iter().filter(|hit| matches!(hit.kind, Kind::Blob | Kind::Tree)).map(|hit| hit.id);
        let seen = trace(wanted.collect(), swept.commits, finder);
        for hit in swept.hits {
            let seen = seen.get(&hit.id);
            self.tell_one(hit, seen, outlet);
        }
    }

    fn tell_one(&self, found: ObjectHit, seen: Option<&Seen>, outlet: &Outlet<'_>) {
        let ObjectHit { id, kind, inside, hit } = found;
        let commit = if kind == Kind::Commit { Some(id) } else { seen.map(|seen| seen.commit) };
        let object = GitObject { id: id.to_string(), kind: kind.name(), commit: commit.map(|id| id.to_string()) };
        let path = seen.map(|seen| self.root.join(&seen.path)).unwrap_or_default();
        outlet.found(&Origin { place: ScanPlace::History, path: &path }, &inside, Some(object), hit);
    }
}

/// The packs of one folder that can be opened; the others are missed.
fn packs(objects: &Objects, outlet: &Outlet<'_>) -> Vec<Pack> {
    let folder = objects.folder.join("pack");
    let missed = |path: &Path, error: &io::Error| {
        outlet.unreadable(&Origin { place: ScanPlace::History, path }, error);
    };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return vec![],
        Err(error) => {
            missed(&folder, &error);
            return vec![];
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let with = |extension: &'static str| {
        paths.iter().filter(move |path| path.extension().is_some_and(|found| found == extension))
    };
    for path in with("pack").filter(|path| !path.with_extension("idx").exists()) {
        outlet.missed(&Origin { place: ScanPlace::History, path }, "the pack has no index; `git index-pack` makes one");
    }
    let open = |index: &PathBuf| match Pack::open(index, objects.id_len) {
        Ok(pack) => Some(pack),
        Err(error) => {
            missed(index, &error);
            None
        }
    };
    with("idx").filter_map(open).collect()
}
