//! `suspend` and `resume`: take API keys out of use, and back into it.

use serde_json::json;
use strongroom::{Act, ApiKey, ApiKeyId, Error, Status, Timestamp, Vault};

use crate::args::SuspendArgs;
use crate::bulk::{Acts, Bulk, Done};
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::selection::{self, Selected};
use crate::shown::api_key::changed;

pub(crate) fn suspend(context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
    let suspend = Change {
        verb: "suspend",
        past: "suspended",
        was_so: |key, _| match key.suspended_at {
            // Out of use for good.
            _ if is_revoked(key) => Some("revoked"),
            at => at.map(|_| "suspended before"),
        },
        before: "suspended before",
        before_of_one: "suspended before:",
        act: Vault::suspend,
        act_on_many: Vault::suspend_many,
    };
    suspend.run(context, args)
}

pub(crate) fn resume(context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
    let resume = Change {
        verb: "resume",
        past: "resumed",
        was_so: |key, found| match key.suspended_at {
            // Whoever names one expects it back; a filter finds what it finds.
            Some(_) => (found && is_revoked(key)).then_some("revoked"),
            None => Some("not suspended"),
        },
        before: "not suspended",
        before_of_one: "was not suspended:",
        act: Vault::resume,
        act_on_many: Vault::resume_many,
    };
    resume.run(context, args)
}

fn is_revoked(key: &ApiKey) -> bool {
    key.status(Timestamp::now()) == Status::Revoked
}

/// One of the two, and the words for it.
struct Change {
    verb: &'static str,
    past: &'static str,
    /// Why there is nothing to do, to one that a filter has found or that was named.
    was_so: fn(&ApiKey, bool) -> Option<&'static str>,
    before: &'static str,
    before_of_one: &'static str,
    act: fn(&Vault, ApiKeyId, &Act) -> Result<bool, Error>,
    act_on_many: OnMany,
}

type OnMany = fn(&Vault, &[ApiKeyId], &Act) -> Result<Vec<Result<bool, Error>>, Error>;

impl Change {
    fn run(&self, context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
        selection::require_some(&args.selection)?;
        let act = context.act(Some(reason(&args.reason)?));
        let vault = context.open()?;
        let bulk = Bulk { verb: self.verb, past: self.past, lasting: "", dry_run: args.selection.dry_run };
        match selection::select(context, &vault, &args.selection)? {
            Selected::One(id) if !bulk.dry_run => {
                let done = (self.act)(&vault, id, &act)?;
                changed(context.terminal, &vault.show(id)?, if done { self.past } else { self.before_of_one })
            }
            selected => {
                let found = matches!(selected, Selected::Found(_));
                let judge = |key: &ApiKey| (self.was_so)(key, found).map_or_else(Done::planned, Done::Skipped);
                let act = |ids: &[ApiKeyId]| (self.act_on_many)(&vault, ids, &act);
                bulk.run(context, &vault, &selected, &mut Acts { judge, act, set: json!({}), otherwise: self.before })
            }
        }
    }
}
