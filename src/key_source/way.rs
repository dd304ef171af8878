//! The way to a key file: every folder and every link on it, and who could put another file at its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::text::SourceConcern;
use crate::unsafe_path::UnsafePath;

/// What is expected of the file at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// The service manager decides who may read it, by means that the mode does not show.
    Credential,
    /// Members of this group are trusted.
    File { group: Option<u32> },
}

/// A file that only its owner and root could have put where it is.
pub(super) struct Found {
    /// Without links.
    pub(super) path: PathBuf,
    pub(super) concerns: Vec<SourceConcern>,
    metadata: Metadata,
}

pub(crate) enum Fault {
    NotAFile,
    System(io::Error),
    Unsafe { path: PathBuf, fault: UnsafePath },
}

/// Whether nobody but its owner and root could have put the file that stands there, and nobody else makes files beside it. Where there is
/// none, the same is asked of the folder that it would stand in.
pub(crate) fn judge_way(path: &Path) -> Result<(), Fault> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            return Err(Fault::Unsafe { path: path.to_owned(), fault: UnsafePath::Link });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let (way, end) = Way::along(folder)?;
            return match end {
                None => way.judge_owners(&fs::metadata(&way.at).map_err(Fault::System)?).and(Err(Fault::System(error))),
                Some(_) => Err(Fault::System(io::ErrorKind::NotADirectory.into())),
            };
        }
        Err(error) => return Err(Fault::System(error)),
    }
    let (way, end) = Way::along(path)?;
    let found = end.ok_or(Fault::NotAFile)?;
    judge_file(&way.at, &found, Strictness::Credential, &mut vec![])?;
    way.judge_owners(&found)
}

/// Follows `path` component by component and link by link.
pub(super) fn follow(path: &Path, strictness: Strictness) -> Result<Found, Fault> {
    let group = match strictness {
        Strictness::Credential => None,
        Strictness::File { group } => group,
    };
    let (way, end) = Way::trusting(path, group)?;
    // Nothing: it ends at a folder.
    let metadata = end.ok_or(Fault::NotAFile)?;
    let mut concerns: Vec<_> = way.folders.iter().filter_map(|(path, found)| owner_concern(path, found)).collect();
    judge_file(&way.at, &metadata, strictness, &mut concerns)?;
    let absolute = std::path::absolute(path).map_err(Fault::System)?;
    concerns.extend(link_concern(&absolute, &way.at).filter(|_| strictness != Strictness::Credential));
    let by_group = |found: &Metadata| group.is_some() && mode(found) & 0o1020 == 0o020;
    let written = way.folders.iter().find(|(_, found)| by_group(found)).map(|(path, _)| path.as_path());
    concerns.extend(written.or(by_group(&metadata).then_some(&way.at)).zip(group).map(group_concern));
    Ok(Found { path: way.at, concerns, metadata })
}

/// Whether nobody but those who own the folders on the way could have put another folder at its end.
#[cfg(feature = "sqlite")]
pub(crate) fn judge_way_to_folder(path: &Path) -> Result<FolderFound, Fault> {
    match Way::along(path)? {
        (way, None) => {
            let folders = way.folders.iter().map(|(path, found)| (path.clone(), owner(found))).collect();
            Ok(FolderFound { shared: way.shared, folders })
        }
        (_, Some(_)) => Err(Fault::System(io::ErrorKind::NotADirectory.into())),
    }
}

/// A folder, and the folders that lead there.
#[cfg(feature = "sqlite")]
pub(crate) struct FolderFound {
    /// Others may make files in it, and not exchange those of somebody else.
    pub(crate) shared: bool,
    /// Every folder on the way, without links, and who owns it.
    pub(crate) folders: Vec<(PathBuf, Option<u32>)>,
}

struct Way {
    /// How far it has come; a folder without links on the way.
    at: PathBuf,
    left: VecDeque<OsString>,
    links: usize,
    /// Others may make files in the folder, and not exchange those of somebody else.
    shared: bool,
    /// A group whose members are trusted as the owner is.
    group: Option<u32>,
    /// Those that it came through.
    folders: Vec<(PathBuf, Metadata)>,
}

impl Way {
    /// To the end of a path, and the metadata of the file there; nothing where it ends at a folder.
    fn along(path: &Path) -> Result<(Self, Option<Metadata>), Fault> {
        Self::trusting(path, None)
    }

    fn trusting(path: &Path, group: Option<u32>) -> Result<(Self, Option<Metadata>), Fault> {
        if path.as_os_str().is_empty() {
            return Err(Fault::System(io::ErrorKind::NotFound.into()));
        }
        let absolute = std::path::absolute(path).map_err(Fault::System)?;
        let mut way =
            Self { at: PathBuf::new(), left: parts(&absolute), links: 0, shared: false, group, folders: vec![] };
        while let Some(part) = way.left.pop_front() {
            if let Some(found) = way.step(part)? {
                return Ok((way, Some(found)));
            }
        }
        Ok((way, None))
    }

    /// Nobody but the owner of what stands at the end, and root, owns a folder on the way, and nobody makes files in the last one.
    fn judge_owners(&self, end: &Metadata) -> Result<(), Fault> {
        if let Some((path, found)) = self.folders.last()
            && mode(found) & 0o022 != 0
        {
            return Err(Fault::Unsafe { path: path.clone(), fault: UnsafePath::FolderWritable });
        }
        let foreign = |(_, found): &&(PathBuf, Metadata)| {
            owner(found).is_some_and(|user| user != 0) && owner(found) != owner(end)
        };
        match self.folders.iter().find(foreign) {
            Some((path, _)) => Err(Fault::Unsafe { path: path.clone(), fault: UnsafePath::Owner }),
            None => Ok(()),
        }
    }

    /// One component further; the metadata of what is no folder and no link, at the end of the way.
    fn step(&mut self, part: OsString) -> Result<Option<Metadata>, Fault> {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                self.at.pop();
                return self.judge_folder().map(|()| None);
            }
            Some(Component::CurDir) | None => return Ok(None),
            Some(Component::RootDir | Component::Prefix(_)) => self.at.clear(),
            Some(Component::Normal(_)) => {}
        }
        let next = self.at.join(&part);
        let found = fs::symlink_metadata(&next).map_err(Fault::System)?;
        if self.shared && !is_trusted(&found) {
            return Err(Fault::Unsafe { path: next, fault: UnsafePath::Strangers });
        }
        if found.is_symlink() {
            self.links += 1;
            if self.links > MAX_LINKS {
                return Err(Fault::System(io::Error::other("too many symbolic links")));
            }
            let target = fs::read_link(&next).map_err(Fault::System)?;
            parts(&target).into_iter().rev().for_each(|part| self.left.push_front(part));
            return Ok(None);
        }
        self.at = next;
        if found.is_dir() {
            return self.judge_folder().map(|()| None);
        }
        // More components behind a file lead nowhere.
        if self.left.is_empty() { Ok(Some(found)) } else { Err(Fault::System(io::ErrorKind::NotADirectory.into())) }
    }

    fn judge_folder(&mut self) -> Result<(), Fault> {
        let found = fs::symlink_metadata(&self.at).map_err(Fault::System)?;
        let writable = others_write(&found, self.group);
        self.shared = writable && mode(&found) & 0o1000 != 0;
        if writable && !self.shared {
            return Err(Fault::Unsafe { path: self.at.clone(), fault: UnsafePath::FolderWritable });
        }
        self.folders.push((self.at.clone(), found));
        Ok(())
    }
}

fn judge_file(
    path: &Path,
    found: &Metadata,
    strictness: Strictness,
    concerns: &mut Vec<SourceConcern>,
) -> Result<(), Fault> {
    if !found.is_file() {
        return Err(Fault::NotAFile);
    }
    let trusted = if let Strictness::File { group } = strictness { group } else { None };
    if others_write(found, trusted) {
        return Err(Fault::Unsafe { path: path.to_owned(), fault: UnsafePath::FileWritable });
    }
    concerns.extend(owner_concern(path, found));
    if let Strictness::File { group } = strictness {
        concerns.extend(readers_concern(path, found).filter(|_| !read_by_trusted_alone(found, group)));
    }
    Ok(())
}

/// By somebody else than its owner and the members of a group that is trusted.
fn others_write(found: &Metadata, trusted: Option<u32>) -> bool {
    let by_group = mode(found) & 0o020 != 0 && (trusted.is_none() || group(found) != trusted);
    mode(found) & 0o002 != 0 || by_group
}

fn read_by_trusted_alone(found: &Metadata, trusted: Option<u32>) -> bool {
    mode(found) & 0o004 == 0 && trusted.is_some() && group(found) == trusted
}

/// That somebody trusts a group is seen wherever concerns are.
fn group_concern((path, group): (&Path, u32)) -> SourceConcern {
    SourceConcern {
        id: "key-file-group",
        what: format!(
            "{} can be written by the group {group}, whose members are trusted not to exchange the key",
            path.display()
        ),
        remedy: "mount it read-only, or let nobody but its owner write it, and trust no group".into(),
    }
}

/// Root may own what a service reads through its group: that is how it gets at it at all.
fn readers_concern(path: &Path, found: &Metadata) -> Option<SourceConcern> {
    let by_all = mode(found) & 0o004 != 0;
    let by_group = mode(found) & 0o040 != 0 && is_own(found);
    let who = if by_all { "every user of this machine" } else { "its group" };
    (by_all || by_group).then(|| SourceConcern {
        id: "key-file-readable",
        what: format!("the key file {} can be read by {who}", path.display()),
        remedy: format!("run `chmod {} {}`", if is_own(found) { "600" } else { "o-rwx" }, quoted(path)),
    })
}

fn owner_concern(path: &Path, found: &Metadata) -> Option<SourceConcern> {
    let owner = owner(found).filter(|_| !is_trusted(found))?;
    Some(SourceConcern {
        id: "key-file-owner",
        what: format!("{} belongs to the user with id {owner}, who can exchange the key", path.display()),
        remedy: format!("give it to root or to the user of this process: `chown USER {}`", quoted(path)),
    })
}

/// A name that is a link to a place outside of its folder: whoever looks after the folder may not know of it. Links
/// within the folder, as Kubernetes makes them, change nothing.
fn link_concern(given: &Path, real: &Path) -> Option<SourceConcern> {
    let is_link = fs::symlink_metadata(given).is_ok_and(|found| found.is_symlink());
    let folder = given.parent().and_then(|folder| fs::canonicalize(folder).ok())?;
    (is_link && !real.starts_with(&folder)).then(|| SourceConcern {
        id: "key-file-link",
        what: format!("the key file {} is a symbolic link to {}", given.display(), real.display()),
        remedy: format!("name the file itself: {}", real.display()),
    })
}

/// A key file in the folder of the store it opens: whoever copies the one copies the other.
pub(crate) fn beside(key_file: &Path, store: &Path) -> Option<SourceConcern> {
    let file = fs::canonicalize(key_file).ok();
    let folder = file.as_deref().and_then(Path::parent);
    // The store may not be there yet.
    let beside = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = fs::canonicalize(beside).ok();
    let same = folder.is_some() && folder == beside.as_deref();
    same.then(|| SourceConcern {
        id: "key-file-beside-store",
        what: format!("the key file {} lies beside the store that it opens", key_file.display()),
        remedy: "keep it in another folder, and out of the backups of the store".into(),
    })
}

/// A path as a word for a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

impl Found {
    /// Whether this open file is the one that was found.
    #[cfg(unix)]
    pub(super) fn is(&self, file: &File) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let opened = file.metadata()?;
        Ok((opened.dev(), opened.ino()) == (self.metadata.dev(), self.metadata.ino()))
    }

    #[cfg(not(unix))]
    pub(super) fn is(&self, file: &File) -> io::Result<bool> {
        Ok(file.metadata()?.len() == self.metadata.len())
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components().map(|part| part.as_os_str().to_owned()).collect()
}

/// Root and the user of this process could exchange the key anyway.
#[cfg(unix)]
fn is_trusted(found: &Metadata) -> bool {
    is_own(found) || owner(found) == Some(0)
}

#[cfg(unix)]
fn is_own(found: &Metadata) -> bool {
    owner(found) == Some(rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn owner(found: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(found))
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn group(found: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::gid(found))
}

#[cfg(unix)]
fn mode(found: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(found)
}

/// Elsewhere owners and permissions are not expressed in these terms, and nothing is judged by them.
#[cfg(not(unix))]
fn is_trusted(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn owner(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn group(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

/// What Linux follows.
const MAX_LINKS: usize = 40;
