//! What the next commit would hold and the last one does not.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::index;
use super::object::{self, Kind, ObjectId};
use super::repository::{Repository, packs};
use super::trace::Finder;
use crate::plain_file;
use crate::scan::content::Sieve;
use crate::scan::reach::Reach;
use crate::scan::report::{Origin, Outlet, ScanPlace};

/// The files that are staged in the repository that a path is in. `index` is the file that git names to its hooks.
pub(in crate::scan) fn staged(reach: &Reach, path: &Path, index: Option<&Path>, outlet: &Outlet<'_>) {
    let origin = Origin { place: ScanPlace::Staged, path };
    match Repository::discover(path) {
        Ok(Some(repository)) => repository.staged(reach, index, outlet),
        Ok(None) => outlet.missed(&origin, "not in a git repository: leave --staged out, or name a path inside one"),
        Err(error) => outlet.unreadable(&origin, &error),
    }
}

impl Repository {
    fn staged(&self, reach: &Reach, index: Option<&Path>, outlet: &Outlet<'_>) {
        let objects = self.own_objects(outlet);
        let id_len = objects.first().map_or(20, |objects| objects.id_len);
        let file = index.map_or_else(|| self.own.join("index"), |index| self.root.join(index));
        let origin = Origin { place: ScanPlace::Staged, path: &file };
        let entries = match plain_file::read(&file, MAX_INDEX) {
            Ok(bytes) => index::entries(&bytes, id_len),
            // Nothing was ever staged.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(vec![]),
            Err(error) => return outlet.unreadable(&origin, &error),
        };
        let Some(entries) = entries else { return outlet.missed(&origin, UNREAD_INDEX) };
        let packs: Vec<_> = objects.iter().flat_map(|objects| packs(objects, outlet)).collect();
        let mut finder = Finder::new(&packs, &objects);
        let committed = self.head().and_then(|head| committed(&head, &mut finder)).unwrap_or_default();
        let mut sieve = Sieve::new(outlet);
        for entry in entries {
            if outlet.is_stopped() {
                return;
            }
            let path = self.root.join(&entry.path);
            if committed.get(&entry.path) == Some(&entry.id) || !reach.choice.takes(&[&entry.path, &path]) {
                continue;
            }
            sieve.name(ScanPlace::Staged, &path);
            let origin = Origin { place: ScanPlace::Staged, path: &path };
            match finder.find(&entry.id) {
                Some((Kind::Blob, content)) => sieve.stream(&origin, content.as_slice()),
                _ => outlet.missed_object(&origin, entry.id.to_string(), UNREAD_BLOB, 1),
            }
        }
    }

    /// The commit that is checked out; `None` where there is none yet.
    fn head(&self) -> Option<ObjectId> {
        let mut text = plain_file::text(&self.own.join("HEAD"), MAX_REFERENCE).ok()?;
        for _ in 0..DEEPEST {
            let Some(name) = text.trim().strip_prefix("ref: ") else { break };
            text = self.reference(name)?;
        }
        ObjectId::from_hex(text.trim().as_bytes())
    }

    fn reference(&self, name: &str) -> Option<String> {
        let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return None;
        }
        plain_file::text(&self.common.join(name), MAX_REFERENCE).ok().or_else(|| {
            let packed = plain_file::text(&self.common.join("packed-refs"), MAX_INDEX).ok()?;
            let found = packed.lines().find_map(|line| line.split_once(' ').filter(|(_, found)| *found == name));
            found.map(|(id, _)| id.to_owned())
        })
    }
}

/// Every file of a commit.
fn committed(commit: &ObjectId, finder: &mut Finder<'_>) -> Option<HashMap<PathBuf, ObjectId>> {
    let (Kind::Commit, content) = finder.find(commit)? else { return None };
    let tree = object::Commit::parse(*commit, &content)?.tree;
    let mut files = HashMap::new();
    let mut trees = vec![(tree, PathBuf::new())];
    while let Some((tree, path)) = trees.pop() {
        // Who cannot be read is taken for what is new.
        let Some((Kind::Tree, content)) = finder.find(&tree) else { continue };
        for entry in object::entries(&content, tree.as_bytes().len()) {
            let below = path.join(OsStr::from_bytes(entry.name));
            if entry.is_tree {
                trees.push((entry.id, below));
            } else {
                files.insert(below, entry.id);
            }
            if files.len() + trees.len() > MOST {
                return None;
            }
        }
    }
    Some(files)
}

const UNREAD_INDEX: &str = "the index is damaged, or of a kind that is not read here (split, or of a later version): nothing of what is staged was read";
const UNREAD_BLOB: &str = "the object is not there, is damaged, or is longer than 64 MiB";
const DEEPEST: usize = 5;
const MAX_INDEX: usize = 1 << 30;
const MAX_REFERENCE: usize = 4096;
/// More files than any repository has.
const MOST: usize = 20_000_000;
