//! File systems of a test's own, mounted for as long as it runs.
//!
//! Mounting needs root and, for images, `mkfs.ext4`.
#![allow(dead_code, reason = "each test file uses its own part")]

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
    pub(crate) fn tmpfs(size: &str) -> Self {
        Self::new(&["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"])
    }

    /// The file system in an image. Mounting a copy of an image that was in use replays its journal, as after a power cut.
    pub(crate) fn image(image: &Path) -> Self {
        Self::new(&["-o", "loop", image.to_str().expect("text")])
    }

    /// Lets nothing be written any more, or again: `ro` or `rw`.
    pub(crate) fn remount(&self, how: &str) {
        let remounted = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.path).status();
        assert!(remounted.is_ok_and(|status| status.success()), "not remounted {how}");
    }

    fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().to_owned();
        assert!(succeeds(Command::new("mount").args(arguments).arg(&path)), "mount {arguments:?} failed");
        let mounted = Self { path, _folder: folder };
        std::fs::set_permissions(&mounted.path, std::fs::Permissions::from_mode(0o700)).expect("private");
        mounted
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a child that was killed may still be on its way out.
        let _ = succeeds(Command::new("umount").arg("-l").arg(&self.path));
    }
}

/// Makes an image with an empty ext4 file system of so many MiB.
pub(crate) fn make_image(image: &Path, mebibytes: u64) {
    std::fs::File::create(image).and_then(|file| file.set_len(mebibytes << 20)).expect("an image");
    assert!(succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image)), "mkfs.ext4 failed");
}

/// Whether all of this can be done here.
pub(crate) fn can_mount() -> bool {
    let folder = tempfile::tempdir().expect("folder");
    let (image, at) = (folder.path().join("image"), folder.path().join("at"));
    let made =
        std::fs::File::create(&image).and_then(|file| file.set_len(8 << 20)).and_then(|()| std::fs::create_dir(&at));
    let mounted = made.is_ok()
        && succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))
        && succeeds(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at));
    mounted && succeeds(Command::new("umount").arg(&at))
}

fn succeeds(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
