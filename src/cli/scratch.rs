//! A folder of one's own, removed when it is no longer needed, by this process or, where that was killed, by the next that needs one.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

pub(crate) struct Scratch {
    path: PathBuf,
    keep: bool,
    /// Says that somebody still needs it.
    _lock: File,
}

impl Scratch {
    /// Makes it, with a name that nobody can have made before.
    pub(crate) fn new(keep: bool) -> Result<Self, Failure> {
        for left in left_behind() {
            // What cannot be removed is encrypted litter.
            let _ = fs::remove_dir_all(left);
        }
        Self::make(keep).map_err(|error| {
            let message = format!("cannot make a scratch folder: {error}");
            Told::new(Exit::General, "no-scratch-folder", message).hint("name a writable folder with TMPDIR").into()
        })
    }

    fn make(keep: bool) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let prefix = if keep { KEPT } else { OWN };
        let path = std::env::temp_dir().join(format!("{prefix}{:016x}", u64::from_be_bytes(random)));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path)?;
        lock.try_lock()?;
        Ok(Self { path, keep, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed is encrypted litter.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Folders of this user's processes that were killed.
pub(crate) fn left_behind() -> Vec<PathBuf> {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_own_name));
    named.map(|entry| entry.path()).filter(|path| is_left_behind(path).unwrap_or(false)).collect()
}

fn is_own_name(name: &str) -> bool {
    name.strip_prefix(OWN).is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_left_behind(path: &Path) -> io::Result<bool> {
    let found = path.symlink_metadata()?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o777 == 0o700;
    // One that is just being made has no lock yet.
    let old = found.modified()?.elapsed().is_ok_and(|age| age > JUST_MADE);
    Ok(ours && old && File::open(path)?.try_lock().is_ok())
}

const OWN: &str = "strongroom-";
const KEPT: &str = "strongroom-kept-";
const JUST_MADE: Duration = Duration::from_secs(60);
