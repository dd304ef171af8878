//! Every object of a git repository, reachable or not, and the repository's own files.
//!
//! The formats are read here and not by a library: each object that is damaged must cost itself alone, blobs of any
//! length must stream, and no pack is mapped into memory, where a cut would be a signal.

mod delta;
mod index;
mod loose;
mod object;
mod pack;
mod repository;
mod staged;
mod sweep;
mod trace;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::ignored;
use super::reach::{IgnoreFiles, Reach};
use super::report::{GitObject, Origin, Outlet, ScanPlace};
use super::walk;
use object::{Kind, ObjectId};
use repository::{Repository, packs};
pub(super) use staged::staged;
use sweep::{ObjectHit, Sweep, Swept};
use trace::{Finder, Seen, ordered, trace};

/// The history of each repository that one of the paths is in, once.
pub(super) fn history(reach: &Reach, paths: &[PathBuf], outlet: &Outlet<'_>) {
    let mut seen = BTreeSet::new();
    for path in paths.iter().take_while(|_| !outlet.is_stopped()) {
        let origin = Origin { place: ScanPlace::History, path };
        let below = below(path, outlet);
        let found = !below.is_empty();
        for repository in below.iter().filter_map(|folder| Repository::discover(folder).ok()?) {
            if seen.insert(repository.identity()) {
                repository.scan(reach, outlet);
            }
        }
        match Repository::discover(path) {
            Ok(Some(repository)) => {
                if seen.insert(repository.identity()) {
                    repository.scan(reach, outlet);
                }
            }
            Ok(None) if found => {}
            Ok(None) => {
                outlet.missed(&origin, "not in a git repository: leave --history out, or name a path inside one");
            }
            Err(error) => outlet.unreadable(&origin, &error),
        }
    }
}

/// The folders below a path that are repositories, bare ones as well. Submodules are not: theirs is the one around them.
fn below(path: &Path, outlet: &Outlet<'_>) -> Vec<PathBuf> {
    let insides = Arc::new(Mutex::new(vec![]));
    let told = Arc::clone(&insides);
    let mut builder = WalkBuilder::new(path);
    builder.standard_filters(false).filter_entry(move |entry| {
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let inside = folder && entry.depth() > 0 && walk::is_insides(entry.path());
        if inside && let Some(parent) = entry.path().parent() {
            told.lock().expect("no holder panics").push(parent.to_owned());
        }
        folder && !inside && !walk::is_of_kernel(entry.path())
    });
    builder.build().take_while(|_| !outlet.is_stopped()).for_each(drop);
    let mut found = std::mem::take(&mut *insides.lock().expect("no holder panics"));
    found.sort();
    found
}

impl Repository {
    fn scan(&self, reach: &Reach, outlet: &Outlet<'_>) {
        let objects = self.objects(outlet);
        let packs: Vec<_> = objects.iter().flat_map(|objects| packs(objects, outlet)).collect();
        let sweep = Sweep {
            outlet,
            root: &self.root,
            threads: reach.threads,
            packs: &packs,
            broken: Mutex::default(),
            swept: Mutex::default(),
        };
        sweep.packs();
        for (at, folder) in objects.iter().enumerate() {
            sweep.loose(folder, &objects[..at]);
        }
        if outlet.is_stopped() {
            return;
        }
        let swept = sweep.swept.into_inner().expect("no holder panics");
        self.tell(reach, swept, &mut Finder::new(&packs, &objects), outlet);
        // Configuration, hooks, reflogs, notes that were begun: everything that is no object.
        let skip = objects.into_iter().map(|objects| objects.folder).collect();
        walk::folder(reach, &self.common, ScanPlace::History, skip, outlet);
    }

    /// Tells of every hit and of what could not be read, with path and commit where there are any.
    fn tell(&self, reach: &Reach, swept: Swept, finder: &mut Finder<'_>, outlet: &Outlet<'_>) {
        let Swept { mut hits, commits, missed } = swept;
        let commits = ordered(commits);
        let traced = hits.iter().filter(|hit| matches!(hit.kind, Kind::Blob | Kind::Tree)).map(|hit| hit.id);
        let wanted = traced.chain(missed.iter().map(|(id, _)| *id)).collect();
        let times: HashMap<_, _> =
            commits.iter().enumerate().map(|(at, commit)| (commit.id, (at, commit.at))).collect();
        let ignoring = self.ignoring(reach);
        let choice = &reach.choice;
        let is_ignored = |path: &Path| {
            ignoring.matched_path_or_any_parents(path, false).is_ignore()
                || !choice.takes(&[path, &self.root.join(path)])
        };
        let chooses = !ignoring.is_empty() || !choice.is_all();
        let is_ignored: Option<&dyn Fn(&Path) -> bool> = if chooses { Some(&is_ignored) } else { None };
        let seen = trace(wanted, commits, is_ignored, finder);
        let left_out = |id: &ObjectId| seen.get(id).is_some_and(|seen: &Seen| seen.ignored);
        // The oldest first: who hears of two at the same time takes the first.
        hits.sort_by_cached_key(|hit| {
            let commit = commit_of(hit, seen.get(&hit.id));
            (commit.and_then(|commit| times.get(&commit)).map_or(usize::MAX, |(at, _)| *at), hit.id, hit.hit.line)
        });
        for hit in hits.into_iter().filter(|hit| !left_out(&hit.id)) {
            let seen = seen.get(&hit.id);
            self.tell_one(hit, seen, &times, outlet);
        }
        for (id, why) in missed.into_iter().filter(|(id, _)| !left_out(id)) {
            let path = seen.get(&id).map_or_else(|| self.root.clone(), |seen| self.root.join(&seen.path));
            outlet.missed_object(&Origin { place: ScanPlace::History, path: &path }, id.to_string(), why, 1);
        }
    }

    /// What the scanner's own ignore file in the working folder leaves out, in the history as well.
    fn ignoring(&self, reach: &Reach) -> Gitignore {
        if reach.ignore == IgnoreFiles::Nothing {
            return Gitignore::empty();
        }
        // A pattern that is none leaves nothing out.
        let mut builder = GitignoreBuilder::new("");
        if ignored::is_readable(&self.root.join(ignored::OWN_IGNORE_FILE)) {
            let _ = builder.add(self.root.join(ignored::OWN_IGNORE_FILE));
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }

    fn tell_one(&self, found: ObjectHit, seen: Option<&Seen>, times: &Times, outlet: &Outlet<'_>) {
        let commit = commit_of(&found, seen);
        let committed_at = commit.and_then(|commit| Some(times.get(&commit)?.1)).filter(|at| *at < i64::MAX);
        let ObjectHit { id, kind, inside, hit } = found;
        let commit = commit.map(|id| id.to_string());
        let object = GitObject { id: id.to_string(), kind: kind.name(), commit, committed_at };
        let path = seen.map(|seen| self.root.join(&seen.path)).unwrap_or_default();
        outlet.found(&Origin { place: ScanPlace::History, path: &path }, &inside, Some(object), hit);
    }
}

/// The place of each commit in the order of their times, and its time.
type Times = HashMap<ObjectId, (usize, i64)>;

/// The first commit that holds the object.
fn commit_of(found: &ObjectHit, seen: Option<&Seen>) -> Option<ObjectId> {
    if found.kind == Kind::Commit { Some(found.id) } else { seen.map(|seen| seen.commit) }
}
