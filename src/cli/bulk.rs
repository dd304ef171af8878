//! One act after the other on many API keys: each is a commit of its own with an audit entry of its own, so that what is
//! done is done, and the same command goes on where it was stopped.

use serde_json::{Value, json};
use strongroom::{ApiKey, ApiKeyId, Error, ErrorKind, Vault};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::selection::Selected;
use crate::text::counted;
use crate::told::Told;

pub(crate) struct Bulk<'a> {
    /// `revoke`.
    pub(crate) verb: &'static str,
    /// `revoked`.
    pub(crate) past: &'static str,
    /// What else to say in the question.
    pub(crate) lasting: &'a str,
    pub(crate) dry_run: bool,
}

/// What is asked of an act.
pub(crate) enum Deed<'k> {
    /// Whether there is anything to do.
    Judge(&'k ApiKey),
    Do(ApiKeyId),
}

/// What came of one API key.
pub(crate) enum Done {
    /// With what else there is to say of it.
    Changed(Value),
    /// It would be changed.
    Planned,
    /// There is nothing to do, and why.
    Skipped(&'static str),
}

impl Done {
    /// After an act that says whether it has changed anything.
    pub(crate) fn if_changed(changed: bool, otherwise: &'static str) -> Self {
        if changed { Self::Changed(json!({})) } else { Self::Skipped(otherwise) }
    }
}

#[derive(Default)]
struct Counts {
    done: u64,
    planned: u64,
    skipped: u64,
    failed: u64,
}

impl Counts {
    fn all(&self) -> u64 {
        self.done + self.planned + self.skipped + self.failed
    }
}

impl Bulk<'_> {
    pub(crate) fn run(
        &self,
        context: &mut Context<'_>,
        vault: &Vault,
        selected: &Selected,
        mut deed: impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<Exit, Failure> {
        let ids = selected.ids();
        if !ids.is_empty() && !self.dry_run {
            let verb = format!("{}{}", self.verb[..1].to_uppercase(), &self.verb[1..]);
            context.confirm(&format!("{verb} {}{}?", counted(ids.len() as u64, "API key"), self.lasting))?;
        }
        let interrupt = Interrupt::watch()?;
        let (mut counts, mut meter, total) = (Counts::default(), Meter::new(), ids.len() as u64);
        for id in ids {
            // That nobody reads along any more is no reason to leave API keys as they are.
            if interrupt.seen().is_some() || (self.dry_run && context.terminal.closed()) {
                break;
            }
            let done = self.one(vault, *id, &mut deed);
            match done {
                Err(failure) if !is_of_one(&failure) => {
                    self.summary(context, ids.len(), &counts)?;
                    return Err(failure);
                }
                done => self.tell(context, *id, done, &mut counts)?,
            }
            // In JSON the line of each API key tells how far it is.
            if !context.terminal.json() {
                meter.show(context.terminal, self.verb, counts.all(), total);
            }
        }
        self.summary(context, ids.len(), &counts)?;
        match interrupt.seen().filter(|_| counts.all() < total) {
            Some(exit) => {
                let message = format!("stopped after {} of {}", counts.all(), counted(total, "API key"));
                Err(Told::new(exit, "stopped", message).hint(AGAIN).into())
            }
            None if counts.failed > 0 => {
                let message = format!("{} could not be {}", counted(counts.failed, "API key"), self.past);
                Err(Told::new(Exit::Incomplete, "some-failed", message).hint(AGAIN).into())
            }
            None => Ok(Exit::Success),
        }
    }

    fn one(
        &self,
        vault: &Vault,
        id: ApiKeyId,
        deed: &mut impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<Done, Failure> {
        let judged = match vault.show(id) {
            Ok(key) => deed(Deed::Judge(&key))?,
            // What can be done without reading all of it is for the act to say.
            Err(Error::Record { .. }) => Done::Planned,
            Err(error) => return Err(error.into()),
        };
        match judged {
            Done::Planned if !self.dry_run => deed(Deed::Do(id)),
            judged => Ok(judged),
        }
    }

    fn tell(
        &self,
        context: &mut Context<'_>,
        id: ApiKeyId,
        done: Result<Done, Failure>,
        counts: &mut Counts,
    ) -> Result<(), Failure> {
        let (line, mut body) = match done {
            Ok(Done::Changed(more)) => {
                counts.done += 1;
                let also = more["file"].as_str().map(|file| format!(": {file}")).unwrap_or_default();
                (format!("{} {id}{also}", self.past), with(more, "done"))
            }
            Ok(Done::Planned) => {
                counts.planned += 1;
                (format!("would be {} {id}", self.past), with(json!({}), "planned"))
            }
            Ok(Done::Skipped(why)) => {
                counts.skipped += 1;
                (format!("skipped {id}: {why}"), with(json!({ "message": why }), "skipped"))
            }
            Err(failure) => {
                counts.failed += 1;
                let told = failure.explain(&context.place);
                let body = json!({ "code": told.code, "message": told.message, "hint": told.hint });
                (format!("failed {id}: {}", told.message), with(body, "failed"))
            }
        };
        body["id"] = id.to_string().into();
        body["action"] = self.verb.into();
        context.terminal.document("bulk-result", &body)?;
        context.terminal.line(&line)?;
        // What is done is known to whoever reads along, whatever happens next.
        context.terminal.flush()
    }

    fn summary(&self, context: &mut Context<'_>, selected: usize, counts: &Counts) -> Result<(), Failure> {
        let Counts { done, planned, skipped, failed } = *counts;
        let body = json!({
            "action": self.verb, "dry_run": self.dry_run, "selected": selected,
            "done": done, "planned": planned, "skipped": skipped, "failed": failed,
        });
        context.terminal.document("bulk", &body)?;
        let text = if selected == 0 {
            "no API key is like that: nothing to do".into()
        } else if self.dry_run {
            format!("{} would be {}, {skipped} skipped; nothing was done", counted(planned, "API key"), self.past)
        } else {
            format!("{} {}, {skipped} skipped, {failed} failed", counted(done, "API key"), self.past)
        };
        context.terminal.note(&text);
        Ok(())
    }
}

fn with(mut body: Value, outcome: &str) -> Value {
    body["outcome"] = outcome.into();
    body
}

/// Whether this API key alone is concerned, and the others can be gone on with.
fn is_of_one(failure: &Failure) -> bool {
    let Failure::Vault(error) = failure else { return false };
    match error {
        Error::Act(_) => false,
        Error::Record { .. } => true,
        error => matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound),
    }
}

const AGAIN: &str = "run the same command again: what is done is skipped";
