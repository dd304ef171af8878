//! `master-key split` and `master-key combine`: a master key as shares, and shares as the master key.

mod files;
mod told;

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use strongroom::error::{Detail, KeyringError};
use strongroom::escrow::{Combined, KeyShare, Split};
use strongroom::master::known_fingerprints;
use strongroom::{Error, MasterKey, SecretText, SqliteStore};

use super::age::{Identities, Recipients};
use super::args::{CombineArgs, SplitArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::master_key::{entry, refuse_existing, unwritten, write_new};

pub(crate) fn split(context: &mut Context<'_>, args: &SplitArgs) -> Result<Exit, Failure> {
    context.without_shares();
    let number = args.number.to_str().and_then(|number| number.parse().ok()).unwrap_or(0);
    if args.threshold < 2 || args.threshold > number {
        let message = format!("{} of {number} shares cannot be", args.threshold);
        return Err(Failure::input(message, "the threshold is at least 2, and no more than there are shares"));
    }
    let recipients = Recipients::parse(&args.recipients)?;
    if recipients.len() != 0 && recipients.len() != usize::from(number) {
        let message = format!("there are {number} shares and {} recipients", recipients.len());
        return Err(Failure::input(message, "give --recipient once for each share: each person keeps one"));
    }
    let keys = context.keys_to_open()?;
    let newest = || keys.versions().last().map(|(version, _)| version);
    let version = args.version.map(NonZeroU32::get).or_else(newest).unwrap_or(1);
    let key = keys.key(version).ok_or(Detail::Keyring(KeyringError::NotConfigured { version }))?;
    let split = Split::new(number, args.threshold).version(version);
    let folder = args.out_dir.as_deref().map(|path| files::Folder::prepare(path, args, version, number)).transpose()?;
    let fingerprint = key.fingerprint().to_string();
    let at_hand = context.place.is_named() || context.place.path.exists();
    let shares = if at_hand {
        let act = context.act(args.reason.as_deref());
        // Opening takes the keys over.
        let key = MasterKey::parse_accepting(key.to_text().expose(), &context.waivers).map_err(told::refused)?;
        context.open_with(keys)?.split_master_key(&key, &split, &act)?
    } else {
        key.split(&split).map_err(Error::from)?
    };
    context.warn();
    let set = shares.first().map(KeyShare::set).unwrap_or_default();
    let vault = shares.first().and_then(KeyShare::vault).map(|vault| vault.to_string());
    let head = Head { version, fingerprint, set, threshold: args.threshold, number, vault };
    match folder {
        Some(folder) => {
            let written = folder.write(&shares, &recipients)?;
            show_files(context, &head, &written, &recipients)?;
        }
        None => show_words(context, &head, &shares)?,
    }
    context.terminal.note(&format!(
        "any {} of these {number} shares give master key {version} ({}) back; give each to another person, and try `strongroom \
         master-key combine` before you count on them",
        args.threshold, head.fingerprint
    ));
    if !at_hand {
        context.terminal.note("there is no vault here: the shares name none, and no audit log tells of them");
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Head {
    version: u32,
    fingerprint: String,
    set: String,
    threshold: u8,
    number: u8,
    vault: Option<String>,
}

fn show_files(
    context: &mut Context<'_>,
    head: &Head,
    written: &[PathBuf],
    recipients: &Recipients,
) -> Result<(), Failure> {
    let names = recipients.names();
    let share = |(at, path): (usize, &PathBuf)| json!({ "index": at + 1, "path": path.display().to_string(), "recipient": names.get(at) });
    let shares: Vec<_> = written.iter().enumerate().map(share).collect();
    context.terminal.document("key-shares", &WithShares { head, shares: &shares })?;
    for (at, path) in written.iter().enumerate() {
        let to = names.get(at).map(|name| format!(" for {name}")).unwrap_or_default();
        context.terminal.line(&format!("share {} of {} written to {}{to}", at + 1, head.number, path.display()))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct WithShares<'a, S: Serialize> {
    #[serde(flatten)]
    head: &'a Head,
    shares: &'a [S],
}

#[derive(Serialize)]
struct Words<'a> {
    index: u8,
    words: &'a str,
}

fn show_words(context: &mut Context<'_>, head: &Head, shares: &[KeyShare]) -> Result<(), Failure> {
    let words: Vec<_> = shares.iter().map(|share| (share.index(), share.to_words())).collect();
    if context.terminal.json() {
        let shares: Vec<_> =
            words.iter().map(|(index, words)| Words { index: *index, words: words.expose() }).collect();
        return context.terminal.secret_document("key-shares", &WithShares { head, shares: &shares });
    }
    for (share, (_, words)) in shares.iter().zip(&words) {
        context.terminal.line(&files::heading(share))?;
        context.terminal.flush()?;
        words.expose().lines().try_for_each(|line| context.terminal.secret(&SecretText::new(line.to_owned())))?;
        context.terminal.line("")?;
    }
    Ok(())
}

pub(crate) fn combine(context: &mut Context<'_>, args: &CombineArgs) -> Result<Exit, Failure> {
    args.out.as_deref().map_or(Ok(()), refuse_existing)?;
    if args.out.is_none() && !args.reveal {
        super::reveal::refuse_terminal("the master key")?;
    }
    let (combined, noted) = put_together(context, &args.files)?;
    let Combined { key, version, .. } = &combined;
    let proven_by = prove_by_store(context, &combined)?;
    let (fingerprint, vault) = (key.fingerprint().to_string(), combined.vault.map(|vault| vault.to_string()));
    let mut document = Document { version: *version, fingerprint, vault, proven_by, noted, key: None, path: None };
    let how = format!("master key {version} with fingerprint {}", document.fingerprint);
    if let Some(path) = &args.out {
        write_new(path, &entry(key, Some(*version))).map_err(|error| unwritten(path, &error))?;
        document.path = Some(path.display().to_string());
        context.terminal.document("combined-master-key", &document)?;
        context.terminal.line(&format!("{how} written to {}", path.display()))?;
    } else if context.terminal.json() {
        let text = key.to_text();
        document.key = Some(text.expose());
        context.terminal.secret_document("combined-master-key", &document)?;
    } else {
        context.terminal.secret(&entry(key, Some(*version)))?;
        context.terminal.note(&format!("this is {how}"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    fingerprint: String,
    vault: Option<String>,
    proven_by: &'static str,
    #[serde(flatten)]
    noted: Noted,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// Files that were of no use, although the others gave the key.
#[derive(Serialize)]
pub(crate) struct Noted {
    wrong: Vec<String>,
    repeated: Vec<String>,
}

/// Reads shares, and gives the key that they prove. What was wrong with some, although the others were enough, is said.
pub(crate) fn put_together(context: &mut Context<'_>, files: &[PathBuf]) -> Result<(Combined, Noted), Failure> {
    let identities = Identities::open(&context.identities)?;
    let (mut shares, mut names, mut broken) = (vec![], vec![], vec![]);
    for path in files {
        match files::read(path, &identities)? {
            Ok(share) => {
                shares.push(share);
                names.push(path.display().to_string());
            }
            Err(error) => broken.push((path.display().to_string(), error)),
        }
    }
    let combined = KeyShare::combine(&shares, &context.waivers);
    let combined = combined.map_err(|error| told::uncombined(&error, &shares, &names, &broken))?;
    let named = |places: &[usize]| -> Vec<String> { places.iter().map(|at| names[*at].clone()).collect() };
    for (name, error) in &broken {
        context.terminal.note(&format!("{name} was left out: {error}"));
    }
    for name in named(&combined.wrong) {
        context.terminal.note(&format!("{name} is wrong: it does not fit the other shares, and was left out"));
    }
    for name in named(&combined.repeated) {
        context.terminal.note(&format!("{name} repeats another share, and was left out"));
    }
    let wrong = broken.into_iter().map(|(name, _)| name).chain(named(&combined.wrong)).collect();
    let noted = Noted { wrong, repeated: named(&combined.repeated) };
    Ok((combined, noted))
}

/// The vault at hand must know the key, when one was named.
fn prove_by_store(context: &Context<'_>, combined: &Combined) -> Result<&'static str, Failure> {
    if !context.place.is_named() {
        return Ok("shares");
    }
    let known = known_fingerprints(&SqliteStore::open_read_only(&context.place.path)?)?;
    let print = combined.key.fingerprint();
    match known.iter().find(|master| master.version == combined.version) {
        Some(master) if master.fingerprint == print => Ok("store"),
        _ => Err(told::stranger(combined.version, print, &context.place.path)),
    }
}
