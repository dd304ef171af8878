//! `suspend` and `resume`: take API keys out of use, and back into it.

use serde_json::json;
use strongroom::{Act, ApiKey, ApiKeyId, Error, Vault};

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
        was_so: |key| key.suspended_at.is_some(),
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
        was_so: |key| key.suspended_at.is_none(),
        before: "not suspended",
        before_of_one: "was not suspended:",
        act: Vault::resume,
        act_on_many: Vault::resume_many,
    };
    resume.run(context, args)
}

/// One of the two, and the words for it.
struct Change {
    verb: &'static str,
    past: &'static str,
    /// Whether there is nothing to do.
    was_so: fn(&ApiKey) -> bool,
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
                let judge =
                    |key: &ApiKey| if (self.was_so)(key) { Done::Skipped(self.before) } else { Done::planned() };
                let act = |ids: &[ApiKeyId]| (self.act_on_many)(&vault, ids, &act);
                bulk.run(context, &vault, &selected, &mut Acts { judge, act, set: json!({}), otherwise: self.before })
            }
        }
    }
}
