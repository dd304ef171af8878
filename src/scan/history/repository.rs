//! Where the objects of a git repository are: its own folder, alternates, submodules.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::pack::Pack;
use crate::plain_file;
use crate::scan::report::{Origin, Outlet, ScanPlace};

/// A repository: bare or not, a worktree of another, shallow or whole.
pub(super) struct Repository {
    /// What its paths begin with.
    pub(super) root: PathBuf,
    /// The folder with `objects` and `refs`: of a worktree, that of the repository it belongs to.
    pub(super) common: PathBuf,
    /// The folder with its own `HEAD` and index, which of a worktree is another one.
    pub(super) own: PathBuf,
}

/// One folder of objects.
pub(super) struct Objects {
    pub(super) folder: PathBuf,
    pub(super) id_len: usize,
}

impl Repository {
    /// The repository that a path is in; `None` when there is none at the path, nor above it.
    pub(super) fn discover(path: &Path) -> io::Result<Option<Self>> {
        let real = path.canonicalize()?;
        let found = real.ancestors().enumerate().find_map(|(level, folder)| {
            // As it was given, where it is the root itself.
            let root = if level == 0 { path } else { folder };
            Some(Self { root: root.to_owned(), common: git_folder(root)?, own: own_folder(root) })
        });
        Ok(found)
    }

    /// What two paths into the same repository have in common.
    pub(super) fn identity(&self) -> PathBuf {
        self.common.canonicalize().unwrap_or_else(|_| self.common.clone())
    }

    /// Every folder of objects: its own, those of submodules, and those that they borrow from.
    pub(super) fn objects(&self, outlet: &Outlet<'_>) -> Vec<Objects> {
        let mut found = vec![];
        let mut seen = BTreeSet::new();
        let mut repositories = vec![self.common.clone()];
        while let Some(common) = repositories.pop() {
            self.tell_of_gaps(&common, outlet);
            let id_len = if uses_sha256(&common) { 32 } else { 20 };
            borrowed(common.join("objects"), id_len, &mut seen, &mut found, outlet);
            repositories.extend(submodules(&common.join("modules")));
        }
        found
    }

    /// Its own folder of objects, and those that it borrows from.
    pub(super) fn own_objects(&self, outlet: &Outlet<'_>) -> Vec<Objects> {
        let mut found = vec![];
        let id_len = if uses_sha256(&self.common) { 32 } else { 20 };
        borrowed(self.common.join("objects"), id_len, &mut BTreeSet::new(), &mut found, outlet);
        found
    }

    /// Objects that were never fetched are not here to be scanned.
    fn tell_of_gaps(&self, common: &Path, outlet: &Outlet<'_>) {
        let origin = Origin { place: ScanPlace::History, path: &self.root };
        if common.join("shallow").metadata().is_ok_and(|metadata| metadata.len() > 0) {
            outlet.missed(&origin, "a shallow clone: older history is not here; `git fetch --unshallow` brings it");
        }
        let config = config(common);
        if config.contains("partialclone") || config.contains("promisor") {
            outlet.missed(&origin, "a partial clone: objects that were not fetched are not here");
        }
    }
}

/// A folder of objects, and those that it borrows from.
fn borrowed(
    folder: PathBuf,
    id_len: usize,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Vec<Objects>,
    outlet: &Outlet<'_>,
) {
    let missed = |path: &Path, error: &io::Error| {
        outlet.unreadable(&Origin { place: ScanPlace::History, path }, error);
    };
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let real = match folder.canonicalize() {
            Ok(real) => real,
            Err(error) => {
                missed(&folder, &error);
                continue;
            }
        };
        // Alternates may name each other.
        if !seen.insert(real) {
            continue;
        }
        match plain_file::read(&folder.join("info/alternates"), MAX_LEN) {
            Ok(list) => {
                let lines = list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#');
                folders.extend(lines.map(|line| folder.join(OsStr::from_bytes(line))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => missed(&folder.join("info/alternates"), &error),
        }
        found.push(Objects { folder, id_len });
    }
}

/// The folder with objects and refs of the repository at `folder`, if one is there.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let dot_git = folder.join(".git");
    if is_repository(&dot_git) {
        return Some(dot_git);
    }
    if dot_git.is_file() {
        let linked = folder.join(line_of(&dot_git)?.strip_prefix("gitdir: ")?);
        return common_of(linked);
    }
    // A bare one, or the insides of another.
    if is_repository(folder) { Some(folder.into()) } else { common_of(folder.into()) }
}

/// Where there is a repository, the folder that is of this working folder alone.
fn own_folder(folder: &Path) -> PathBuf {
    let dot_git = folder.join(".git");
    if dot_git.is_dir() {
        return dot_git;
    }
    let linked = line_of(&dot_git).and_then(|line| Some(folder.join(line.strip_prefix("gitdir: ")?)));
    linked.unwrap_or_else(|| folder.into())
}

/// What a worktree's own folder shares with the repository.
fn common_of(folder: PathBuf) -> Option<PathBuf> {
    match line_of(&folder.join("commondir")) {
        Some(common) => Some(folder.join(common)).filter(|common| is_repository(common)),
        None => Some(folder).filter(|folder| is_repository(folder)),
    }
}

fn is_repository(folder: &Path) -> bool {
    folder.join("HEAD").symlink_metadata().is_ok() && folder.join("objects").is_dir() && folder.join("refs").exists()
}

/// The repositories below a folder of modules, whose names may have several parts.
fn submodules(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    folders.flat_map(|folder| if is_repository(&folder) { vec![folder] } else { submodules(&folder) }).collect()
}

fn uses_sha256(common: &Path) -> bool {
    let config = config(common);
    config.lines().any(|line| {
        line.split_once('=').is_some_and(|(name, value)| name.trim() == "objectformat" && value.trim() == "sha256")
    })
}

/// The configuration in lower case: names in it have no other meaning in another case.
fn config(common: &Path) -> String {
    String::from_utf8_lossy(&plain_file::read(&common.join("config"), MAX_LEN).unwrap_or_default()).to_lowercase()
}

fn line_of(file: &Path) -> Option<String> {
    let text = plain_file::text(file, MAX_LEN).ok()?;
    Some(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// The packs of one folder that can be opened; the others are missed.
pub(super) fn packs(objects: &Objects, outlet: &Outlet<'_>) -> Vec<Pack> {
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

/// Far longer than any list of alternates or configuration.
const MAX_LEN: usize = 16 << 20;
