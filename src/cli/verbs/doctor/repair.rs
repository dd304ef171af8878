//! Mending what needs no guess, after a backup, with an audit entry.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;
use strongroom::{Act, Timestamp};

use crate::args::DoctorArgs;
use crate::backup_file::{explain_place, watched};
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::scratch::left_behind;
use crate::text::counted;
use crate::told::Told;

/// Mends what there is to mend.
pub(super) fn repair(context: &mut Context<'_>, args: &DoctorArgs) -> Result<(), Failure> {
    let act = context.act(Some(reason(args.reason.as_deref().unwrap_or_default())?));
    let (writable, scratch) = (writable_by_others(&context.place.path), left_behind());
    let total = (writable.len() + scratch.len()) as u64;
    if total == 0 {
        context.terminal.note("there was nothing to mend");
        return Ok(());
    }
    context.require_consent()?;
    let backup = args.backup.clone().unwrap_or_else(|| beside(&context.place.path));
    context.confirm(&format!("Mend {}, after a backup to {}?", counted(total, "thing"), backup.display()))?;
    // A store that others can write is not opened.
    for (path, mode) in &writable {
        fs::set_permissions(path, Permissions::from_mode(*mode)).map_err(|error| unmended(path, &error))?;
    }
    take_backup(context, &backup, &act)?;
    for path in &scratch {
        fs::remove_dir_all(path).map_err(|error| unmended(path, &error))?;
    }
    let counts = [("modes", writable.len() as u64), ("scratch", scratch.len() as u64)];
    context.open()?.record_repair(counts, &act)?;
    let shown = |paths: Vec<&PathBuf>| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let (modes, scratch) = (shown(writable.iter().map(|(path, _)| path).collect()), shown(scratch.iter().collect()));
    let document = json!({ "backup": backup.display().to_string(), "modes": modes, "scratch": scratch });
    context.terminal.document("repair", &document)?;
    for path in modes {
        context.terminal.line(&format!("mended: others can write {path} no more"))?;
    }
    for path in scratch {
        context.terminal.line(&format!("mended: removed {path}"))?;
    }
    context.terminal.line(&format!("a backup of before is {}", backup.display()))
}

fn take_backup(context: &mut Context<'_>, file: &Path, act: &Act) -> Result<(), Failure> {
    let (vault, interrupt, mut meter) = (context.open()?, Interrupt::watch()?, Meter::new());
    let taken = vault.backup(file, act, |progress| watched(context.terminal, &mut meter, &interrupt, progress));
    taken
        .map(drop)
        .map_err(|error| explain_place(error, file, &interrupt, "there is no backup, and nothing else was mended"))
}

/// Files of the store, and its folder, that are ours and that others can write, with the modes they should have. That others read them
/// may be wanted.
fn writable_by_others(store: &Path) -> Vec<(PathBuf, u32)> {
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = |suffix: &&str| {
        let mut name = store.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let paths = ["", "-wal", "-shm", "-journal", "-rotate"].iter().map(part).chain([folder.to_owned()]);
    let judged = paths.filter_map(|path| {
        let found = path.symlink_metadata().ok()?;
        let ours = found.uid() == rustix::process::geteuid().as_raw() && (found.is_file() || found.is_dir());
        // Everybody makes files in a sticky folder such as /tmp, and it is not for this program to end that.
        let meant = found.is_dir() && found.mode() & 0o1000 != 0;
        (ours && !meant && found.mode() & 0o022 != 0).then(|| (path, found.mode() & 0o7755))
    });
    judged.collect()
}

fn beside(store: &Path) -> PathBuf {
    let now: String = Timestamp::now().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let mut name = store.as_os_str().to_owned();
    name.push(format!("-before-repair-{now}"));
    name.into()
}

fn unmended(path: &Path, error: &std::io::Error) -> Failure {
    Told::new(Exit::General, "not-mended", format!("cannot mend {}: {error}", path.display()))
        .hint("run the command as the user whose file it is, or as root")
        .into()
}
