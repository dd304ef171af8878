//! Mending what needs no guess, after a backup, with an audit entry.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use strongroom::anchor::{AnchorFault, FileAnchor};
use strongroom::error::Detail;
use strongroom::store::{Mended, SqliteRepair};
use strongroom::{Act, Error, ErrorKind, Timestamp};

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

/// Mends what there is to mend. Whether it was only shown.
pub(super) fn repair(context: &mut Context<'_>, args: &DoctorArgs) -> Result<bool, Failure> {
    let act = context.act(Some(reason(args.reason.as_deref().unwrap_or_default())?));
    let place = context.place.path.clone();
    let around = Around { modes: writable_by_others(&place), scratch: left_behind() };
    // A store that others can write is looked into when they cannot any more.
    let inside = if around.modes.is_empty() { look_inside(context)? } else { Inside::default() };
    if args.dry_run {
        around.show_plan(context, &inside)?;
        return Ok(true);
    }
    let total = around.count() + inside.mended.len() as u64;
    if total == 0 {
        inside.warn_of_unmended(context);
        context.terminal.note("there was nothing that a repair can mend");
        return Ok(false);
    }
    context.require_consent()?;
    let backup = args.backup.clone().unwrap_or_else(|| beside(&place));
    context.confirm(&format!("Mend {}, after a backup to {}?", counted(total, "thing"), backup.display()))?;
    for (path, mode) in &around.modes {
        fs::set_permissions(path, Permissions::from_mode(*mode)).map_err(|error| unmended(path, &error))?;
    }
    let inside = if around.modes.is_empty() { inside } else { look_inside(context)? };
    let as_it_was = inside.mended.iter().any(Mended::changes_content);
    if as_it_was {
        copy_store(context, &backup)?;
    } else {
        take_backup(context, &backup, &act)?;
    }
    for path in &around.scratch {
        fs::remove_dir_all(path).map_err(|error| unmended(path, &error))?;
    }
    let inside = mend_inside(context, &around, inside, &act).inspect_err(|_| {
        let what = if as_it_was { "the store as it was" } else { "a backup of before" };
        context.terminal.note(&format!("the repair was not finished; {what} is {}", backup.display()));
    })?;
    around.show(context, &inside, &backup, as_it_was)
}

/// What stands around the store.
struct Around {
    modes: Vec<(PathBuf, u32)>,
    scratch: Vec<PathBuf>,
}

/// What stands in it.
#[derive(Default)]
struct Inside {
    mended: Vec<Mended>,
    left: Vec<String>,
}

impl Around {
    fn count(&self) -> u64 {
        (self.modes.len() + self.scratch.len()) as u64
    }

    fn modes(&self) -> Vec<String> {
        self.modes.iter().map(|(path, _)| path.display().to_string()).collect()
    }

    fn scratch(&self) -> Vec<String> {
        self.scratch.iter().map(|path| path.display().to_string()).collect()
    }

    fn show_plan(&self, context: &mut Context<'_>, inside: &Inside) -> Result<(), Failure> {
        let document = json!({
            "dry_run": true, "backup": null, "modes": self.modes(), "scratch": self.scratch(), "store": inside.document(),
            "unmended": inside.left,
        });
        context.terminal.document("repair", &document)?;
        for line in self.modes().iter().chain(&self.scratch()).chain(inside.mended.iter().map(|mended| &mended.what)) {
            context.terminal.line(&format!("would mend: {line}"))?;
        }
        inside.warn_of_unmended(context);
        if !self.modes.is_empty() {
            context.terminal.note("the store is looked into when nobody else can write it any more");
        }
        let what = if self.count() == 0 && inside.mended.is_empty() { "nothing to mend" } else { "nothing was done" };
        context.terminal.note(&format!("a dry run: {what}"));
        Ok(())
    }

    fn show(
        &self,
        context: &mut Context<'_>,
        inside: &Inside,
        backup: &Path,
        as_it_was: bool,
    ) -> Result<bool, Failure> {
        let document = json!({
            "dry_run": false, "backup": backup.display().to_string(), "backup_is": if as_it_was { "copy" } else { "backup" },
            "modes": self.modes(), "scratch": self.scratch(), "store": inside.document(), "unmended": inside.left,
        });
        context.terminal.document("repair", &document)?;
        for path in self.modes() {
            context.terminal.line(&format!("mended: others can write {path} no more"))?;
        }
        for path in self.scratch() {
            context.terminal.line(&format!("mended: removed {path}"))?;
        }
        for Mended { what, .. } in &inside.mended {
            context.terminal.line(&format!("mended: {what}"))?;
        }
        inside.warn_of_unmended(context);
        let backup = backup.display();
        context.terminal.line(&if as_it_was {
            format!("the store as it was is {backup}: it holds what was removed, so delete it when nobody needs it")
        } else {
            format!("a backup of before is {backup}")
        })?;
        Ok(false)
    }
}

impl Inside {
    fn of(repair: &SqliteRepair) -> Self {
        Self { mended: repair.mended(), left: repair.unmended() }
    }

    fn document(&self) -> Vec<Value> {
        let one = |Mended { kind, count, what, .. }: &Mended| json!({ "kind": kind, "count": count, "what": what });
        self.mended.iter().map(one).collect()
    }

    fn warn_of_unmended(&self, context: &mut Context<'_>) {
        for line in &self.left {
            context.terminal.note(&format!("not mended, since nobody can tell what it should be: {line}"));
        }
    }
}

/// What would be mended in the store. Nothing of it is done.
fn look_inside(context: &mut Context<'_>) -> Result<Inside, Failure> {
    let repair = Arc::new(SqliteRepair::rehearse(&context.place.path)?);
    let vault = context.open_to_mend(Arc::clone(&repair))?;
    vault.mend(&repair)?;
    let inside = Inside::of(&repair);
    // It is written with the commit that says what was mended.
    if !inside.mended.is_empty() {
        vault.check_anchor().map_err(|error| refused_by_anchor(error, context))?;
    }
    Ok(inside)
}

/// An anchor is told to hold another store only once that can be opened.
fn refused_by_anchor(error: Error, context: &Context<'_>) -> Failure {
    let store = context.place.option();
    let accept = match error.detail() {
        Detail::Anchor(AnchorFault::Missing { .. }) => "init",
        Detail::Anchor(AnchorFault::Malformed { .. }) => "accept",
        Detail::Anchor(_) if error.kind() == ErrorKind::Corrupt => "accept",
        _ => return error.into(),
    };
    let variable = FileAnchor::VARIABLE;
    Told::new(error.kind().into(), error.code(), error.to_string())
        .hint(format!(
            "find out whether an older store was put back. If this one is to be used: `env -u {variable} strongroom doctor --repair{store} \
             --reason TEXT` mends it, and then `strongroom anchor {accept}{store} --reason TEXT`"
        ))
        .into()
}

/// Mends it, and says so in the audit log with the same commit.
fn mend_inside(context: &mut Context<'_>, around: &Around, planned: Inside, act: &Act) -> Result<Inside, Failure> {
    let repair = Arc::new(SqliteRepair::begin(&context.place.path)?);
    let vault = context.open_to_mend(Arc::clone(&repair))?;
    vault.mend(&repair)?;
    let mut inside = Inside::of(&repair);
    // The journal mode is set by whoever opens the store, and the backup did.
    let is_there = |kind| inside.mended.iter().any(|mended| mended.kind == kind);
    let set_before = planned.mended.into_iter().filter(|mended| mended.kind == "journal" && !is_there("journal"));
    let set_before: Vec<_> = set_before.collect();
    inside.mended.splice(0..0, set_before);
    let mut counts = BTreeMap::from([("modes", around.modes.len() as u64), ("scratch", around.scratch.len() as u64)]);
    for Mended { kind, count, .. } in &inside.mended {
        *counts.entry(*kind).or_default() += count;
    }
    vault.record_repair(counts, act)?;
    repair.finish()?;
    Ok(inside)
}

/// A sealed backup would not hold what is to be removed, and cannot be taken of what does not open.
fn copy_store(context: &mut Context<'_>, file: &Path) -> Result<(), Failure> {
    let interrupt = Interrupt::watch()?;
    SqliteRepair::copy(&context.place.path, file)
        .map_err(|error| explain_place(error.into(), file, &interrupt, "there is no copy, and nothing else was mended"))
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
