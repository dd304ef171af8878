//! `anchor`: what this machine saw of the vault last, made, shown, and made anew after a restore.

use std::path::Path;

use serde_json::json;
use strongroom::Verifier;
use strongroom::anchor::{Anchor, AnchorFault, AnchorStatement, FileAnchor};
use strongroom::audit::AuditEntry;
use strongroom::error::Detail;

use crate::args::{AnchorAcceptArgs, AnchorInitArgs};
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Lines;
use crate::plain_file;
use crate::text::counted;
use crate::told::Told;

pub(crate) fn init(context: &mut Context<'_>, args: &AnchorInitArgs) -> Result<Exit, Failure> {
    let (anchor, act) = (named()?, context.act(Some(reason(&args.reason)?)));
    let made = context.open_unanchored()?.init_anchor(anchor.clone(), &act)?;
    context.terminal.document("anchor", &document(&anchor, &made))?;
    let place = anchor.path().display();
    context
        .terminal
        .line(&format!("made the anchor {place}: it holds audit entry {} of vault {}", made.audit_seq, made.vault))?;
    Ok(Exit::Success)
}

pub(crate) fn show(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let anchor = named()?;
    let held = held(&anchor)?;
    context.terminal.document("anchor", &document(&anchor, &held))?;
    for line in lines(&held) {
        context.terminal.line(&line)?;
    }
    Ok(Exit::Success)
}

/// Says from where to where, and what is lost, before it asks.
pub(crate) fn accept(context: &mut Context<'_>, args: &AnchorAcceptArgs) -> Result<Exit, Failure> {
    let (anchor, act) = (named()?, context.act(Some(reason(&args.reason)?)));
    let vault = context.open_unanchored()?;
    let before = held(&anchor);
    let end = vault.audit_end()?;
    let from = match &before {
        Ok(before) => format!("audit entry {} of vault {}, seen at {}", before.audit_seq, before.vault, before.seen_at),
        Err(Failure::Vault(error)) if matches!(error.detail(), Detail::Anchor(AnchorFault::Malformed { .. })) => {
            "something that cannot be read".into()
        }
        Err(_) => return Err(before.expect_err("it failed")),
    };
    let reaching = before.as_ref().ok().filter(|before| vault.status().is_ok_and(|now| now.vault == before.vault));
    let undone = args.audit_log.as_deref().map(|log| undone(&vault, log, reaching)).transpose()?;
    if !context.terminal.json() {
        context.terminal.line(&format!(
            "the anchor holds {from}; the log of vault {} ends with entry {}",
            vault.status()?.vault,
            end.seq()
        ))?;
        for line in undone.iter().flatten() {
            context.terminal.line(&format!("lost: {}", described(line)))?;
        }
        if let Some(undone) = &undone {
            context
                .terminal
                .line(&format!("{} of that log that the vault does not have", counted(undone.len() as u64, "entry")))?;
        }
        context.terminal.flush()?;
    }
    context.confirm("hold the vault as it stands now, and give up what was seen before?")?;
    let held = vault.accept_anchor(anchor.clone(), end, &act)?;
    let mut body = document(&anchor, &held);
    body["lost"] = json!(undone);
    context.terminal.document("anchor", &body)?;
    context.terminal.line(&format!("the anchor holds audit entry {} now", held.audit_seq))?;
    context.terminal.note("restart the services of this vault: each refuses what it has not seen until then");
    Ok(Exit::Success)
}

/// The anchor that the environment names.
fn named() -> Result<FileAnchor, Failure> {
    let unset = || AnchorFault::Where { what: format!("{}, which is not set,", FileAnchor::VARIABLE) };
    Ok(FileAnchor::from_env().and_then(|named| named.ok_or_else(unset)).map_err(Detail::from)?)
}

fn held(anchor: &FileAnchor) -> Result<AnchorStatement, Failure> {
    let place = anchor.place();
    let text = anchor.read().map_err(Detail::from)?;
    let text = text.ok_or_else(|| Detail::from(AnchorFault::Missing { place: place.clone() }))?;
    Ok(AnchorStatement::parse(&text, &place).map_err(Detail::from)?)
}

fn document(anchor: &FileAnchor, statement: &AnchorStatement) -> serde_json::Value {
    let mut body = serde_json::to_value(statement).expect("a statement has nothing that JSON cannot hold");
    body["path"] = anchor.path().display().to_string().into();
    body
}

fn lines(held: &AnchorStatement) -> Vec<String> {
    let mut lines = vec![
        format!("vault {}, line {}", held.vault, held.line),
        format!("audit entry {} ({}), seen at {}", held.audit_seq, held.audit_hash, held.seen_at),
        format!(
            "keyring revision {}, master key {}, public key {}",
            held.keyring_revision, held.master_key, held.public_key
        ),
    ];
    lines.extend(held.acts.iter().map(|act| {
        let kind = serde_json::to_value(act.act).expect("a word");
        let why = act.reason.as_deref().unwrap_or("no reason");
        format!("{} at {} by {}: {why} (entry {})", kind.as_str().unwrap_or_default(), act.at, act.actor, act.to)
    }));
    lines
}

/// The entries of another copy of the log that this one does not have.
fn undone(vault: &Verifier, log: &Path, reaching: Option<&AnchorStatement>) -> Result<Vec<AuditEntry>, Failure> {
    let unreadable = |problem: String| -> Failure {
        let what = format!("cannot read the audit log {}: {problem}", log.display());
        Told::new(Exit::Usage, "input-unreadable", what)
            .hint("name a file that `strongroom audit export` has written")
            .into()
    };
    let file = plain_file::open(log).map_err(|error| unreadable(error.to_string()))?;
    let mut lines = Lines::of(Box::new(file), log.display().to_string());
    let (mut undone, mut parted, mut number, mut last) = (vec![], false, 0_u64, 0);
    while let Some(line) = lines.next()? {
        number += 1;
        let entry: AuditEntry =
            serde_json::from_slice(line).map_err(|_| unreadable(format!("line {number} is no audit entry")))?;
        last = entry.seq;
        // From the first that is another one on, nothing of it is in the vault, whatever has the same number there.
        parted = parted || vault.audit_line(entry.seq)?.is_none_or(|there| there.bytes() != line);
        if parted {
            undone.push(entry);
        }
    }
    if let Some(seen) = reaching.map(|seen| seen.audit_seq).filter(|seen| last < *seen) {
        let what = format!(
            "the audit log {} ends with entry {last}, and this machine saw entry {seen}: what was lost after it is not in there",
            log.display()
        );
        let hint = format!("give a copy of the log that goes to entry {seen}, or leave out --audit-log");
        return Err(Told::new(Exit::Usage, "input-unreadable", what).hint(hint).into());
    }
    Ok(undone)
}

fn described(entry: &AuditEntry) -> String {
    let AuditEntry { seq, at, actor, action, .. } = entry;
    let key = entry.key.map(|key| format!(" {key}")).unwrap_or_default();
    format!("entry {seq} at {at}: {action}{key} by {actor}")
}
