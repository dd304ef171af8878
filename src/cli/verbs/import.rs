//! `import`: takes in API keys with tokens from elsewhere: from lines, from an age file of lines, or from an export.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;
use std::str;

use serde_json::json;
use strongroom::api_keys::{ImportError, Imported, ImportedKey, Taken};
use strongroom::error::Detail;
use strongroom::{Act, Error, Vault};
use zeroize::Zeroizing;

use crate::age::Identities;
use crate::args::ImportArgs;
use crate::context::Context;
use crate::digest::Digesting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{Lines, unreadable_file, whole};
use crate::interrupt::Interrupt;
use crate::manifest::Manifest;
use crate::plain_file;
use crate::progress::Meter;
use crate::text::counted;
use crate::told::Told;

pub(crate) fn import(context: &mut Context<'_>, args: &ImportArgs) -> Result<Exit, Failure> {
    let act = context.act(args.reason.as_deref());
    let identities = Identities::open(&context.identities)?;
    let vault = context.open()?;
    if args.file.as_os_str() != "-"
        && let Some(export) = Manifest::of(&args.file)?
    {
        return import_export(context, &vault, &export, &identities, args, &act);
    }
    let (source, interrupt) = (Source::open(&args.file)?, Interrupt::watch()?);
    let (mut meter, mut done, mut written) = (Meter::new(), None, Ok(()));
    let keys = || Keys::of(&source, &identities, args, &interrupt);
    let report = vault.import_from(keys, &act, |taken| {
        done = Some((taken.line, taken.lines));
        if written.is_ok() {
            written = show(context, taken);
        }
        meter.show(context.terminal, "import", taken.line, taken.lines);
    });
    let report = report.map_err(|failure| begun(context, failure, done))?;
    written?;
    if report == Imported::default() {
        return Err(Failure::input("there is nothing to import", "`strongroom import --help` shows what a line holds"));
    }
    let Imported { imported, there_before, weak, .. } = report;
    context
        .terminal
        .document("import", &json!({ "imported": imported, "there_before": there_before, "weak": weak }))?;
    context.terminal.note(&format!("imported {}; what is in use verifies from now on", counted(imported, "API key")));
    if there_before > 0 {
        context
            .terminal
            .note(&format!("{} there already, from a run that was stopped", counted(there_before, "API key")));
    }
    note_weak(context, weak);
    if args.exempt_from_policy {
        let store = context.place.option();
        context.terminal.note(&format!(
            "warning: they were taken whatever the policy says; `strongroom due{store}` lists those that do not keep it"
        ));
    }
    Ok(Exit::Success)
}

/// The ids of those that are in, at once: whoever reads along knows them, whatever happens next.
fn show(context: &mut Context<'_>, taken: &Taken<'_>) -> Result<(), Failure> {
    let ids: Vec<_> = taken.ids.iter().map(ToString::to_string).collect();
    let document = json!({ "ids": ids, "line": taken.line, "lines": taken.lines });
    context.terminal.document("import-ids", &document)?;
    ids.iter().try_for_each(|id| context.terminal.line(id))?;
    context.terminal.flush()
}

/// Of a failure behind the first commit: what is in stays.
fn begun(context: &Context<'_>, failure: Failure, done: Option<(u64, u64)>) -> Failure {
    let Some((line, lines)) = done else { return failure };
    let mut told = failure.explain(&context.place);
    told.message = format!("lines 1 to {line} of {lines} are imported, and the others are not: {}", told.message);
    let first = told.hint.map(|hint| format!("{hint}; then ")).unwrap_or_default();
    told.hint = Some(format!("{first}run the same command again with the same lines: it goes on behind them"));
    told.into()
}

/// What is read twice: a file, or all that came through a pipe.
enum Source {
    File { name: String, file: File },
    Memory { name: String, bytes: Zeroizing<Vec<u8>> },
}

impl Source {
    fn open(path: &Path) -> Result<Self, Failure> {
        let (name, mut file) = Lines::file(path)?;
        // A device may let itself be rewound, and give something else the next time.
        if file.metadata().is_ok_and(|found| found.is_file()) && file.rewind().is_ok() {
            return Ok(Self::File { name, file });
        }
        let bytes = whole(file, MAX_PIPED_LEN).map_err(|error| unreadable_file(&name, &error))?;
        let Some(bytes) = bytes else {
            let message = format!("{name} is longer than {} MiB, and cannot be read twice", MAX_PIPED_LEN >> 20);
            let hint = "name a file, which is read twice; one that is encrypted with age is read with --identity FILE";
            return Err(Failure::input(message, hint));
        };
        Ok(Self::Memory { name, bytes })
    }

    fn lines(&self, identities: &Identities) -> Result<Lines<'_>, Failure> {
        let (name, reader) = match self {
            Self::File { name, file } => {
                let mut from_start = file;
                from_start.rewind().map_err(|error| unreadable_file(name, &error))?;
                (name, identities.reader(file, name)?)
            }
            Self::Memory { name, bytes } => (name, identities.reader(&***bytes, name)?),
        };
        Ok(Lines::of(reader, name.clone()))
    }
}

/// The API keys of the lines.
struct Keys<'r> {
    lines: Lines<'r>,
    count: usize,
    args: &'r ImportArgs,
    interrupt: &'r Interrupt,
}

impl<'r> Keys<'r> {
    fn of(
        source: &'r Source,
        identities: &Identities,
        args: &'r ImportArgs,
        interrupt: &'r Interrupt,
    ) -> Result<Self, Failure> {
        Ok(Self { lines: source.lines(identities)?, count: 0, args, interrupt })
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<ImportedKey, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(exit) = self.interrupt.seen() {
            return Some(Err(Told::new(exit, "stopped", "stopped").into()));
        }
        self.count += 1;
        let line = self.lines.next().transpose()?;
        let key = line.and_then(|line| read(line, self.count));
        Some(key.map(|key| key.exempt_from_policy(self.args.exempt_from_policy).allow_weak(self.args.allow_weak)))
    }
}

/// How many were taken in although their tokens can be guessed. Nobody asks where none could be.
fn weak_among(keys: &[ImportedKey], args: &ImportArgs) -> u64 {
    if args.allow_weak { keys.iter().filter(|key| key.is_weak()).count() as u64 } else { 0 }
}

fn note_weak(context: &mut Context<'_>, weak: u64) {
    if weak > 0 {
        let store = context.place.option();
        context.terminal.note(&format!(
            "warning: {} can be guessed by who has the store and a verifier key; `strongroom reissue{store} ID` gives a strong one",
            counted(weak, "token")
        ));
    }
}

fn lines_of<'r>(path: &Path, identities: &Identities) -> Result<Lines<'r>, Failure> {
    let (name, file) = Lines::file(path)?;
    Ok(Lines::of(identities.reader(file, &name)?, name))
}

fn read_all(vault: &Vault, mut lines: Lines<'_>, args: &ImportArgs) -> Result<Vec<ImportedKey>, Failure> {
    let mut keys = vec![];
    while let Some(line) = lines.next()? {
        let number = keys.len() + 1;
        match read(line, number) {
            Ok(key) => keys.push(key.exempt_from_policy(args.exempt_from_policy).allow_weak(args.allow_weak)),
            Err(fault) => {
                // A line before it may be one that the vault would not take.
                vault.check_import(&keys)?;
                return Err(fault);
            }
        }
    }
    Ok(keys)
}

fn read(line: &[u8], number: usize) -> Result<ImportedKey, Failure> {
    let text = str::from_utf8(line).map_err(|_| not_text(number))?;
    Ok(ImportedKey::parse(text).map_err(|fault| Detail::Import { line: number, fault })?)
}

fn not_text(line: usize) -> Failure {
    Failure::input(format!("line {line}: not UTF-8"), "nothing was imported: mend the line and run the command again")
}

/// Part after part, each all or nothing, so that a run that was stopped goes on where it was.
fn import_export(
    context: &mut Context<'_>,
    vault: &Vault,
    export: &Manifest,
    identities: &Identities,
    args: &ImportArgs,
    act: &Act,
) -> Result<Exit, Failure> {
    if !export.complete {
        let hint = "finish it with `strongroom recover --all --resume`, or import the parts that are there one by one";
        return Err(Told::new(Exit::Incomplete, "export-incomplete", "the export is not complete").hint(hint).into());
    }
    let (mut meter, mut imported, mut before, mut weak) = (Meter::new(), 0, 0, 0);
    for part in &export.parts {
        let path = export.part_path(part.number);
        check_part(&path, &part.sha256)?;
        let keys = read_all(vault, lines_of(&path, identities)?, args)?;
        if keys.len() as u64 != part.keys {
            return Err(damaged(&path, "holds another number of API keys than the export says"));
        }
        match vault.import(&keys, act).map_err(Error::into_detail) {
            Ok(ids) => {
                imported += ids.len() as u64;
                weak += weak_among(&keys, args);
            }
            Err(Detail::Import { line: 1, fault: ImportError::Exists }) if all_there(vault, &keys)? => {
                before += keys.len() as u64;
            }
            Err(error) => return Err(in_part(context, error.into(), &path)),
        }
        meter.show(context.terminal, "import", imported + before, export.keys());
    }
    let left_out = export.left_out().count() as u64;
    let document = json!({ "imported": imported, "there_before": before, "left_out": left_out, "weak": weak });
    context.terminal.document("imported-export", &document)?;
    context.terminal.line(&format!("imported {}", counted(imported, "API key")))?;
    note_weak(context, weak);
    if before > 0 {
        context.terminal.note(&format!("{} there already", counted(before, "API key")));
    }
    if left_out > 0 {
        context.terminal.note(&format!("{} had been left out of the export", counted(left_out, "API key")));
    }
    Ok(Exit::Success)
}

/// Whether an earlier run took this part in.
fn all_there(vault: &Vault, keys: &[ImportedKey]) -> Result<bool, Failure> {
    for key in keys {
        match vault.check_import(std::slice::from_ref(key)).map_err(Error::into_detail) {
            Err(Detail::Import { fault: ImportError::Exists, .. }) => {}
            Ok(()) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

fn check_part(path: &Path, expected: &str) -> Result<(), Failure> {
    let name = path.display().to_string();
    let digest = plain_file::open(path).and_then(|file| Digesting::of(BufReader::new(file)));
    let digest = digest.map_err(|error| unreadable_file(&name, &error))?;
    if digest == expected { Ok(()) } else { Err(damaged(path, "is not the part that the export names")) }
}

fn damaged(path: &Path, why: &str) -> Failure {
    Told::new(Exit::Corrupt, "export-damaged", format!("{} {why}", path.display()))
        .hint("take another copy of the export; what was imported before stays")
        .into()
}

fn in_part(context: &Context<'_>, error: Error, path: &Path) -> Failure {
    let mut told = Failure::from(error).explain(&context.place);
    told.message = format!("{}: {}", path.display(), told.message);
    told.into()
}

/// What comes through a pipe is kept until it is taken in: some hundred thousand lines.
const MAX_PIPED_LEN: usize = 64 << 20;
