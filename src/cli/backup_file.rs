//! The file of a backup, that is made or read: how far it is, and what went wrong with it.

use std::ops::ControlFlow;
use std::path::Path;

use strongroom::backup::{BackupManifest, BackupProgress};
use strongroom::error::{Detail, UnsafePath};
use strongroom::store::StoreError;
use strongroom::{Error, ErrorKind};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::terminal::Terminal;
use crate::text::quoted;
use crate::told::Told;

/// Shows how far it has come; a signal stops it.
pub(crate) fn watched(
    terminal: &mut Terminal,
    meter: &mut Meter,
    interrupt: &Interrupt,
    progress: BackupProgress,
) -> ControlFlow<()> {
    meter.show(terminal, progress.phase.name(), progress.done, progress.total);
    if interrupt.seen().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// What to tell when a signal stopped it.
pub(crate) fn interrupted(error: &Error, interrupt: &Interrupt, state: &str) -> Option<Told> {
    let exit = interrupt.seen().filter(|_| matches!(error.detail(), Detail::Store(StoreError::Stopped)))?;
    Some(Told::new(exit, "stopped", format!("stopped: {state}")).hint("run the command again"))
}

/// What the library says, under its own code and the exit code of its kind, with a better hint than it has by itself.
fn told(error: &Error, message: String, hint: String) -> Failure {
    Told::new(error.kind().into(), error.code(), message).hint(hint).because(error).into()
}

/// Of a new file that could not be made.
pub(crate) fn explain_place(error: Error, file: &Path, interrupt: &Interrupt, state: &str) -> Failure {
    if let Some(told) = interrupted(&error, interrupt, state) {
        return told.into();
    }
    let (message, hint) = match error.detail() {
        Detail::Store(StoreError::AlreadyExists { path }) if Path::new(path) == file => {
            (error.to_string(), "nothing is ever overwritten: name another file".to_owned())
        }
        Detail::Store(StoreError::AlreadyExists { path }) => (
            error.to_string(),
            format!(
                "SQLite would take {} for a part of the new file: find out whose it is, or name another file",
                quoted(path)
            ),
        ),
        Detail::Store(StoreError::Unsafe { fault: UnsafePath::PartOfAnother, .. }) => {
            (error.to_string(), "name a file that ends in none of -wal, -shm, -journal and -rotate".into())
        }
        Detail::Store(StoreError::Unsafe { path, fault: UnsafePath::Link }) => {
            (error.to_string(), format!("name a file that is not there yet, and not the link {}", quoted(path)))
        }
        Detail::Store(StoreError::NotFound { path }) => {
            (format!("there is no folder {path}"), format!("`mkdir -p -m 700 {}`", quoted(path)))
        }
        // Also of a commit in doubt: a copy that was to become a store is gone, and what a store has on its list is no file.
        Detail::Store(
            StoreError::Engine { .. } | StoreError::Full | StoreError::InDoubt { .. } | StoreError::ReadOnly,
        ) => (
            error.to_string(),
            format!(
                "nothing is left of the attempt; look at the folder of {} and its medium: `ls -ld` and `df` show it",
                quoted(&file.display().to_string())
            ),
        ),
        _ => return error.into(),
    };
    told(&error, message, hint)
}

/// Of a backup that was to be read.
pub(crate) fn explain_file(error: Error, file: &Path) -> Failure {
    let (message, hint) = match error.detail() {
        Detail::Store(StoreError::NotFound { .. }) => (
            format!("there is no file {}", file.display()),
            "`strongroom backup list` shows the names of those that were taken".to_owned(),
        ),
        _ if error.kind() == ErrorKind::Corrupt => {
            let message = match error.detail() {
                Detail::Store(StoreError::Corrupt { message }) => format!("the backup is damaged: {message}"),
                _ => error.to_string(),
            };
            let hint = "do not restore it; look at another copy of it, or at an older backup, with `strongroom backup verify FILE`";
            (message, hint.to_owned())
        }
        _ => return error.into(),
    };
    told(&error, message, hint)
}

/// The master keys that open it.
pub(crate) fn opens_with(manifest: &BackupManifest) -> String {
    let named = manifest.opens_with.iter().map(|(version, print)| format!("master key {version} ({print})"));
    named.collect::<Vec<_>>().join(" or ")
}
