//! One act after the other on many API keys: each is a commit of its own with an audit entry of its own, so that what is
//! done is done, and the same command goes on where it was stopped.

use serde_json::{Value, json};
use strongroom::error::Detail;
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
    /// Whether there is anything to do. This is asked before the question too, and again when somebody else was quicker.
    Judge(&'k ApiKey),
    /// Done to the API key as it was judged, or to one whose record does not open. An act that holds it to its revision is asked once
    /// more, with what is there then, when it lost against another writer.
    Do(ApiKeyId, Option<&'k ApiKey>),
}

/// What came of one API key.
pub(crate) enum Done {
    /// With what else there is to say of it.
    Changed(Value),
    /// It would be changed, and what would be set.
    Planned(Value),
    /// There is nothing to do, and why.
    Skipped(&'static str),
}

impl Done {
    /// It would be changed, and nothing is to be said of how.
    pub(crate) fn planned() -> Self {
        Self::Planned(json!({}))
    }

    /// After an act that says whether it has changed anything, to what is set then.
    pub(crate) fn if_changed(changed: bool, set: Value, otherwise: &'static str) -> Self {
        if changed { Self::Changed(set) } else { Self::Skipped(otherwise) }
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
        let may_act = !self.dry_run && !ids.is_empty() && self.ask(context, vault, ids, &mut deed)?;
        let interrupt = Interrupt::watch()?;
        let (mut counts, mut meter, total) = (Counts::default(), Meter::new(), ids.len() as u64);
        for id in ids {
            // That nobody reads along any more is no reason to leave API keys as they are.
            if interrupt.seen().is_some() || (self.dry_run && context.terminal.closed()) {
                break;
            }
            let done = Self::one(vault, *id, may_act, &mut deed);
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
                let hint = format!("do what the messages ask for first; then {AGAIN}");
                Err(Told::new(Exit::Incomplete, "some-failed", message).hint(hint).into())
            }
            None => Ok(Exit::Success),
        }
    }

    /// Asks with the number of those that will change. It takes a look at each, which `--yes` spares. `false` says that there is nothing
    /// to change: nobody was asked then, and nothing may be done to what comes to fit only later.
    fn ask(
        &self,
        context: &mut Context<'_>,
        vault: &Vault,
        ids: &[ApiKeyId],
        deed: &mut impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<bool, Failure> {
        let (all, mut concerned) = (ids.len() as u64, ids.len() as u64);
        for id in ids.iter().filter(|_| !context.yes) {
            match Self::look(vault, *id, deed) {
                Ok((Done::Skipped(_), _)) => concerned -= 1,
                Ok(_) => context.require_consent()?,
                Err(failure) if !is_of_one(&failure) => return Err(failure),
                // One that fails is told of in its turn.
                Err(_) => concerned -= 1,
            }
        }
        if concerned == 0 {
            return Ok(false);
        }
        let verb = format!("{}{}", self.verb[..1].to_uppercase(), &self.verb[1..]);
        let some = if concerned < all { format!("{concerned} of ") } else { String::new() };
        context.confirm(&format!("{verb} {some}{}{}?", counted(all, "API key"), self.lasting))?;
        Ok(true)
    }

    fn one(
        vault: &Vault,
        id: ApiKeyId,
        may_act: bool,
        deed: &mut impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<Done, Failure> {
        match Self::one_try(vault, id, may_act, deed) {
            Err(Failure::Vault(error)) if error.code() == CHANGED => Self::one_try(vault, id, may_act, deed),
            done => done,
        }
    }

    fn one_try(
        vault: &Vault,
        id: ApiKeyId,
        may_act: bool,
        deed: &mut impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<Done, Failure> {
        match Self::look(vault, id, deed)? {
            (Done::Planned(_), key) if may_act => deed(Deed::Do(id, key.as_ref())),
            (judged, _) => Ok(judged),
        }
    }

    /// What is there, and whether there is anything to do.
    fn look(
        vault: &Vault,
        id: ApiKeyId,
        deed: &mut impl FnMut(Deed<'_>) -> Result<Done, Failure>,
    ) -> Result<(Done, Option<ApiKey>), Failure> {
        match vault.show(id).map_err(Error::into_detail) {
            Ok(key) => Ok((deed(Deed::Judge(&key))?, Some(key))),
            // What can be done without reading all of it is for the act to say.
            Err(Detail::Record { .. }) => Ok((Done::planned(), None)),
            Err(error) => Err(error.into()),
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
                let file = more["file"].as_str().map(|file| format!(": {file}")).unwrap_or_default();
                (format!("{} {id}{file}", self.past), with(more, "done"))
            }
            Ok(Done::Planned(set)) => {
                counts.planned += 1;
                (format!("would be {} {id}{}", self.past, listed(&set)), with(set, "planned"))
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

/// What would be set, in words.
fn listed(set: &Value) -> String {
    let texts = set.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let texts: Vec<_> = texts.map(|(name, value)| format!("{} {value}", name.replace('_', " "))).collect();
    if texts.is_empty() { String::new() } else { format!(": {}", texts.join(", ")) }
}

fn with(mut body: Value, outcome: &str) -> Value {
    body["outcome"] = outcome.into();
    body
}

/// Whether this API key alone is concerned, and the others can be gone on with.
fn is_of_one(failure: &Failure) -> bool {
    let Failure::Vault(error) = failure else { return false };
    match error.detail() {
        Detail::Act(_) => false,
        Detail::Record { .. } => true,
        _ => matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound),
    }
}

/// The code of a change that was held to what its caller had seen, and lost against another writer.
const CHANGED: &str = "changed";

const AGAIN: &str = "run the same command again: what is done is skipped";
