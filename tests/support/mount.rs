//! File systems of a test's own, mounted for as long as it runs.
//!
//! Mounting needs root and, for images, `mkfs.ext4`. Without them a test says so and passes; with
//! `STRONGROOM_REQUIRE_MOUNT` set, it fails instead.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system, unmounted when this is dropped.
pub(crate) struct Mounted {
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Mounted {
    /// A file system in memory of this size, such as `6m`.
    pub(crate) fn tmpfs(size: &str) -> Option<Self> {
        Self::new(&["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"])
    }

    /// The file system in an image. Mounting a copy of an image that was in use replays its journal, as after a power cut.
    pub(crate) fn image(image: &Path) -> Option<Self> {
        Self::new(&["-o", "loop", image.to_str().expect("text")])
    }

    fn new(arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().to_owned();
        if !succeeds(Command::new("mount").args(arguments).arg(&path)) {
            return skipped("a file system could not be mounted (it takes root)");
        }
        let mounted = Self { path, _folder: folder };
        std::fs::set_permissions(&mounted.path, std::fs::Permissions::from_mode(0o700)).expect("private");
        Some(mounted)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a child that was killed may still be on its way out.
        let _ = succeeds(Command::new("umount").arg("-l").arg(&self.path));
    }
}

/// Makes an image with an empty ext4 file system of so many MiB.
pub(crate) fn make_image(image: &Path, mebibytes: u64) -> Option<()> {
    std::fs::File::create(image).and_then(|file| file.set_len(mebibytes << 20)).expect("an image");
    if succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image)) {
        Some(())
    } else {
        skipped("mkfs.ext4 failed")
    }
}

fn succeeds(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

fn skipped<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("STRONGROOM_REQUIRE_MOUNT").is_none(), "required, and {why}");
    eprintln!("SKIPPED: {why}");
    None
}
