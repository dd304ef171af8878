//! `audit prove` and `audit check-proof`: that the log only grew since a checkpoint, and that an entry is in it.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use strongroom::audit::{AuditProof, CheckpointFault, MadeProof, ProofFault, ProveError};
use strongroom::error::Detail;

use super::entries::{HEADING, row};
use super::opening::{self, remedy};
use crate::args::{AuditCheckProofArgs, AuditProveArgs};
use crate::checkpoints::{self, said};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::short_text;
use crate::new_file::Reserved;
use crate::told::Told;

pub(crate) fn prove(context: &mut Context<'_>, args: &AuditProveArgs) -> Result<Exit, Failure> {
    if args.out.is_none() {
        context.terminal.must_take_data()?;
    }
    let read = |path: &Option<_>| path.as_deref().map(checkpoints::read).transpose();
    let (from, to) = (read(&args.from)?, read(&args.to)?);
    let made = match (&to, args.entry, &from) {
        // No key is needed: what was signed are the checkpoints.
        (Some(to), Some(seq), _) => opening::open(context, None, &[])?.prove_audit_entry(seq, to),
        (Some(to), None, Some(from)) => opening::open(context, None, &[])?.prove_audit_between(from, to),
        (None, Some(seq), _) => {
            let vault = context.open_to_read()?;
            vault.prove_audit_entry(seq, &vault.audit_checkpoint()?)
        }
        (None, None, Some(from)) => context.open_to_read()?.prove_audit_since(from),
        (_, None, None) => unreachable!("the parser asks for one of the two"),
    };
    let made = made.map_err(|error| not_made(error, context))?;
    give(context, &made, args.out.as_deref())?;
    Ok(Exit::Success)
}

fn give(
    context: &mut Context<'_>,
    MadeProof { proof, wrong_subtrees, .. }: &MadeProof,
    out: Option<&Path>,
) -> Result<(), Failure> {
    let text = proof.to_text();
    if let Some(path) = out {
        let file = Reserved::create(path).map_err(|error| unwritten(path, &error))?;
        let written = file.file().write_all(text.as_bytes()).and_then(|()| file.finish());
        written.map_err(|error| unwritten(path, &error))?;
    }
    let document = json!({
        "kind": kind(proof), "from": proof.grown_from(), "entry": proof.entry_seq(), "to": proof.checkpoint().seq,
        "wrong_subtrees": wrong_subtrees, "path": out.map(|path| path.display().to_string()), "proof": text,
    });
    context.terminal.document("audit-proof", &document)?;
    match out {
        Some(path) => context.terminal.line(&format!("{}: written to {}", claim(proof), path.display()))?,
        None if !context.terminal.json() => context.terminal.raw(&text)?,
        None => {}
    }
    if !wrong_subtrees.is_empty() {
        let which: Vec<_> = wrong_subtrees.iter().map(u64::to_string).collect();
        let what = format!(
            "the store holds wrong hashes of the audit log (subtree {}): somebody wrote them. The proof was made from the entries",
            which.join(", ")
        );
        let remedy = format!(
            "find out who can write the store; `strongroom doctor{}` says what else is wrong",
            context.place.option()
        );
        context.terminal.caution("subtree-wrong", &what, &remedy);
    }
    Ok(())
}

pub(crate) fn check_proof(context: &mut Context<'_>, args: &AuditCheckProofArgs) -> Result<Exit, Failure> {
    let proof = read(&args.proof)?;
    let from = args.from.as_deref().map(checkpoints::read).transpose()?;
    if args.pin.is_empty() {
        let message =
            "a proof is as true as the keys that signed its checkpoints, and no --pin says which are believed";
        return Err(Told::new(Exit::NotValid, "pin-missing", message).hint(remedy(context)).into());
    }
    let entry = match (&from, proof.entry_seq()) {
        (Some(from), None) => proof.check_growth(from, &args.pin).map(|()| None).map_err(refused)?,
        (None, Some(_)) => proof.check_entry(&args.pin).map(Some).map_err(refused)?,
        (None, None) => {
            let hint = "name the older checkpoint, which you kept, with --from FILE";
            return Err(Failure::input("the proof is of two checkpoints, and holds the newer one", hint));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::input("the proof is of one entry, and needs no older checkpoint", "leave --from out"));
        }
    };
    let document = json!({
        "kind": kind(&proof), "from": proof.grown_from(), "to": proof.checkpoint().seq, "at": proof.checkpoint().at,
        "vault": proof.checkpoint().vault, "entry": entry,
    });
    context.terminal.document("audit-proof-check", &document)?;
    context.terminal.line(&format!("proven: {}", claim(&proof)))?;
    if let Some(entry) = &entry {
        context.terminal.table(&[HEADING.map(String::from).to_vec(), row(entry)])?;
    }
    Ok(Exit::Success)
}

fn kind(proof: &AuditProof) -> &'static str {
    if proof.entry_seq().is_some() { "entry" } else { "growth" }
}

fn claim(proof: &AuditProof) -> String {
    let made = proof.checkpoint();
    match (proof.grown_from(), proof.entry_seq()) {
        (Some(from), _) => {
            format!("the log up to entry {} ({}) begins with the one up to entry {from}", made.seq, made.at)
        }
        (_, Some(seq)) => format!("entry {seq} is in the log up to entry {} ({})", made.seq, made.at),
        _ => "nothing".into(),
    }
}

fn refused(fault: ProofFault) -> Failure {
    let hint = match fault {
        ProofFault::Unsigned { .. } => {
            "give each public key that is still believed with a --pin of its own: `strongroom audit public-key` lists them with \
             their entries"
        }
        ProofFault::OtherStart { .. } | ProofFault::OtherVault { .. } => {
            "name the checkpoint that the proof was made from with --from FILE, or have one made from this"
        }
        ProofFault::NoLine => "have it made with `strongroom audit prove --entry SEQ`, which puts the line beside it",
        _ => "have it made once more; when that is refused as well, the log is not the one that the checkpoint saw",
    };
    Told::new(Exit::Corrupt, "proof-refused", fault.to_string()).hint(hint).into()
}

fn not_made(error: ProveError, context: &Context<'_>) -> Failure {
    match error {
        ProveError::Checkpoint { fault: CheckpointFault::Log(fault), .. } => Detail::Audit(fault).into(),
        ProveError::Checkpoint { seq, fault } => match checkpoints::told(&fault, &context.place.option()) {
            Some(told) => Told { message: format!("the checkpoint of entry {seq}: {}", told.message), ..told }.into(),
            None => Failure::input(fault.to_string(), "name another checkpoint"),
        },
        ProveError::Failed(error) => error.into(),
        error => Failure::input(
            error.to_string(),
            format!(
                "`strongroom audit list{}` shows the entries; --from names the older checkpoint, and --to the newer one",
                context.place.option()
            ),
        ),
    }
}

fn read(path: &Path) -> Result<AuditProof, Failure> {
    let wrong = |why: String| {
        let hint = "give a file that `strongroom audit prove` has written";
        Failure::from(Told::new(Exit::Usage, "proof-file", format!("{}: {why}", path.display())).hint(hint))
    };
    let text = short_text(path).map_err(|error| wrong(error.to_string()))?;
    AuditProof::parse(&said("proof", text)).map_err(|error| wrong(error.to_string()))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let exit = if error.kind() == io::ErrorKind::AlreadyExists { Exit::Conflict } else { Exit::General };
    let message = format!("cannot write {}: {error}", path.display());
    Told::new(exit, "proof-unwritten", message).hint("name a new file, where there is room, with --out FILE").into()
}
