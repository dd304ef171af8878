//! `master-key split`: a master key as shares, in files or as words.

mod folder;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use strongroom::error::{Detail, KeyringError};
use strongroom::escrow::{KeyShare, Split};
use strongroom::master::MasterKeyError;
use strongroom::{Error, MasterKey, MasterKeyVersion, SecretText};

use crate::age::Recipients;
use crate::args::SplitArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::counted;
use crate::told::Told;
use folder::{Folder, heading};

pub(crate) fn split(context: &mut Context<'_>, args: &SplitArgs) -> Result<Exit, Failure> {
    context.without_shares();
    let number = args.number.to_str().and_then(|number| number.parse().ok()).unwrap_or(0);
    if args.threshold < 2 || args.threshold > number {
        let message = format!("{} of {number} shares cannot be asked for", args.threshold);
        return Err(Failure::input(message, "the threshold is at least 2, and no more than there are shares"));
    }
    let recipients = Recipients::parse(&args.recipients)?;
    if recipients.len() != 0 && recipients.len() != usize::from(number) {
        let message = format!("there are {number} shares and {}", counted(recipients.len() as u64, "recipient"));
        return Err(Failure::input(message, "give --recipient once for each share: each person keeps one"));
    }
    let keys = context.keys_to_open()?;
    let newest = || keys.versions().last().map(|(version, _)| version);
    let version = args.version.or_else(newest).unwrap_or(MasterKeyVersion::FIRST);
    let key = keys.key(version).ok_or(Detail::Keyring(KeyringError::NotConfigured { version }))?;
    let split = Split::new(number, args.threshold).version(version);
    let folder = args.out_dir.as_deref().map(|path| Folder::prepare(path, args, version, number)).transpose()?;
    let fingerprint = key.fingerprint().to_string();
    let at_hand = context.place.is_named() || context.place.path.exists();
    if folder.is_none() {
        context.terminal.must_take_secret()?;
    }
    let shares = if at_hand {
        let act = context.act(args.reason.as_deref());
        // Opening takes the keys over.
        let key = MasterKey::parse_accepting(key.to_text().expose(), &context.waivers).map_err(refused)?;
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
        None => show_words(context, &head, &shares).map_err(Failure::of_secret)?,
    }
    context.terminal.note(&format!(
        "any {} of these {number} shares give master key {version} ({}) back; give each to another person, and try `strongroom \
         master-key combine` before you count on them",
        args.threshold, head.fingerprint
    ));
    if !at_hand {
        context.terminal.note("there is no vault here: the shares name none, and no audit log records them");
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Head {
    version: MasterKeyVersion,
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
        context.terminal.line(&heading(share))?;
        context.terminal.flush()?;
        words.expose().lines().try_for_each(|line| context.terminal.secret(&SecretText::new(line.to_owned())))?;
        context.terminal.line("")?;
    }
    Ok(())
}

/// A key that was read a moment ago.
fn refused(error: MasterKeyError) -> Failure {
    let error = Error::from(error);
    let told = Told::new(error.kind().into(), error.code(), error.to_string());
    told.hint("look at it with `strongroom master-key check`").into()
}
