//! The files that leave others out of a scan, before somebody else's code opens them: a pipe would keep it waiting.

use std::path::{Path, PathBuf};

use super::reach::IgnoreFiles;

/// The ignore file in a folder that is no file to read, if there is one.
pub(super) fn unreadable_in(folder: &Path, ignore: IgnoreFiles) -> Option<PathBuf> {
    let names: &[&str] = match ignore {
        IgnoreFiles::All => &[OWN_IGNORE_FILE, ".gitignore", ".ignore", ".git/info/exclude", ".git/commondir"],
        IgnoreFiles::Own => &[OWN_IGNORE_FILE],
        IgnoreFiles::Nothing => &[],
    };
    names.iter().map(|name| folder.join(name)).find(|file| !is_readable(file))
}

/// The same in a folder and in those around it.
pub(super) fn unreadable_around(folder: &Path, ignore: IgnoreFiles) -> Option<PathBuf> {
    let real = folder.canonicalize().ok()?;
    real.ancestors().find_map(|folder| unreadable_in(folder, ignore))
}

/// Whether it is not there, or a regular file that somebody may have written by hand.
pub(super) fn is_readable(file: &Path) -> bool {
    file.metadata().map_or(true, |found| found.is_dir() || (found.is_file() && found.len() <= MAX_LEN))
}

pub(super) const OWN_IGNORE_FILE: &str = ".strongroomignore";

pub(super) const UNREADABLE: &str =
    "an ignore file that is not a regular file, or longer than 16 MiB: nothing is left out beside it";

const MAX_LEN: u64 = 16 << 20;
