//! One act on many API keys, some at a time: those of one commit are done together, each with an audit entry of its own. What is done is
//! done, and the same command goes on where it was stopped.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use strongroom::error::Detail;
use strongroom::{ApiKey, ApiKeyId, Error, ErrorKind, Vault};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::selection::Selected;
use crate::shown::api_key::described;
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

/// An act, as it is asked of by [`Bulk::run`].
pub(crate) trait Deed {
    /// Whether there is anything to do, from what was read. It changes nothing: it is asked before the question too.
    fn judge(&self, key: &ApiKey) -> Done;

    /// Done in one commit to API keys where there is something to do, and to those whose records do not open: what came of each, in their
    /// order. A failure is one of all of them.
    fn act(&mut self, ids: &[ApiKeyId]) -> Result<Vec<Result<Done, Failure>>, Failure>;
}

/// An act that tells of each API key whether it has changed anything.
pub(crate) struct Acts<J, A> {
    pub(crate) judge: J,
    pub(crate) act: A,
    /// What is set then.
    pub(crate) set: Value,
    /// Why nothing was, where there was nothing to do after all.
    pub(crate) otherwise: &'static str,
}

impl<J, A> Deed for Acts<J, A>
where
    J: Fn(&ApiKey) -> Done,
    A: FnMut(&[ApiKeyId]) -> Result<Vec<Result<bool, Error>>, Error>,
{
    fn judge(&self, key: &ApiKey) -> Done {
        (self.judge)(key)
    }

    fn act(&mut self, ids: &[ApiKeyId]) -> Result<Vec<Result<Done, Failure>>, Failure> {
        let done = (self.act)(ids)?.into_iter().map(|done| match done {
            Ok(true) => Ok(Done::Changed(self.set.clone())),
            Ok(false) => Ok(Done::Skipped(self.otherwise)),
            Err(error) => Err(error.into()),
        });
        Ok(done.collect())
    }
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
        deed: &mut dyn Deed,
    ) -> Result<Exit, Failure> {
        let ids = selected.ids();
        let may_act = !self.dry_run && !ids.is_empty() && self.ask(context, vault, ids, deed)?;
        let interrupt = Interrupt::watch()?;
        let (mut counts, mut meter, total) = (Counts::default(), Meter::new(), ids.len() as u64);
        let (mut rest, mut pace) = (ids, Pace::new());
        while !rest.is_empty() {
            // That nobody reads along any more is no reason to leave API keys as they are.
            if interrupt.seen().is_some() || (self.dry_run && context.terminal.closed()) {
                break;
            }
            let (some, later) = rest.split_at(pace.together.min(rest.len()));
            rest = later;
            let done = match pace.keep(|| Self::some(vault, some, may_act, deed)) {
                Ok(done) => done,
                Err(failure) => {
                    self.summary(context, ids.len(), &counts)?;
                    return Err(failure);
                }
            };
            for (id, done) in some.iter().zip(done) {
                self.tell(context, *id, done, &mut counts)?;
            }
            // What is done is known to whoever reads along, whatever happens next.
            context.terminal.flush()?;
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
        deed: &dyn Deed,
    ) -> Result<bool, Failure> {
        let (all, mut concerned) = (ids.len() as u64, ids.len() as u64);
        let mut named = vec![];
        for id in ids.iter().filter(|_| !context.yes) {
            match look(vault, *id, deed)? {
                // One that fails is told of in its turn.
                Ok(Done::Skipped(_)) | Err(_) => concerned -= 1,
                Ok(_) => {
                    context.require_consent()?;
                    if named.len() < NAMED {
                        named.push(vault.show(*id).map_or_else(|_| format!("API key {id}"), |key| described(&key)));
                    }
                }
            }
        }
        if concerned == 0 {
            return Ok(false);
        }
        for name in &named {
            context.terminal.ask_about(&format!("  {name}"));
        }
        if !named.is_empty() && concerned > named.len() as u64 {
            context.terminal.ask_about(&format!("  and {} more", concerned - named.len() as u64));
        }
        let verb = format!("{}{}", self.verb[..1].to_uppercase(), &self.verb[1..]);
        let some = if concerned < all { format!("{concerned} of ") } else { String::new() };
        context.confirm(&format!("{verb} {some}{}{}?", counted(all, "API key"), self.lasting))?;
        Ok(true)
    }

    /// What came of some, those that are done to in one commit.
    fn some(
        vault: &Vault,
        ids: &[ApiKeyId],
        may_act: bool,
        deed: &mut dyn Deed,
    ) -> Result<Vec<Result<Done, Failure>>, Failure> {
        let mut all = ids.iter().map(|id| look(vault, *id, deed)).collect::<Result<Vec<_>, _>>()?;
        if !may_act {
            return Ok(all);
        }
        let is_planned = |done: &Result<Done, Failure>| matches!(done, Ok(Done::Planned(_)));
        let wanted: Vec<_> = ids.iter().zip(&all).filter(|(_, done)| is_planned(done)).map(|(id, _)| *id).collect();
        if !wanted.is_empty() {
            let done = deed.act(&wanted)?;
            all.iter_mut().filter(|done| is_planned(done)).zip(done).for_each(|(planned, done)| *planned = done);
        }
        Ok(all)
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
        context.terminal.line(&line)
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
            let all = if counts.all() < selected as u64 {
                format!(
                    "; the output was closed when {} of {} had been looked at",
                    counts.all(),
                    counted(selected as u64, "API key")
                )
            } else {
                String::new()
            };
            format!("{} would be {}, {skipped} skipped; nothing was done{all}", counted(planned, "API key"), self.past)
        } else {
            format!("{} {}, {skipped} skipped, {failed} failed", counted(done, "API key"), self.past)
        };
        context.terminal.note(&text);
        Ok(())
    }
}

/// How many go together: few at first, so that there is soon something to see, and then so many that a commit is worth it and that a
/// signal is heeded soon.
struct Pace {
    together: usize,
}

impl Pace {
    fn new() -> Self {
        Self { together: AT_FIRST }
    }

    fn keep<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        let took = begun.elapsed();
        if took < QUICK {
            self.together = (self.together * 2).min(AT_MOST);
        } else if took > SLOW {
            self.together = (self.together / 2).max(1);
        }
        done
    }
}

/// What is there, and whether there is anything to do. Inside what concerns this API key alone.
fn look(vault: &Vault, id: ApiKeyId, deed: &dyn Deed) -> Result<Result<Done, Failure>, Failure> {
    match vault.show(id) {
        Ok(key) => Ok(Ok(deed.judge(&key))),
        // What can be done without reading all of it is for the act to say.
        Err(error) if matches!(error.detail(), Detail::Record { .. }) => Ok(Ok(Done::planned())),
        Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound) => {
            Ok(Err(error.into()))
        }
        Err(error) => Err(error.into()),
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

/// As many are named in a question.
const NAMED: usize = 10;
const AT_FIRST: usize = 16;
const AT_MOST: usize = 4_096;
const QUICK: Duration = Duration::from_millis(100);
const SLOW: Duration = Duration::from_millis(400);
const AGAIN: &str = "run the same command again: what is done is skipped";
