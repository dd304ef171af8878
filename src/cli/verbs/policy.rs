//! `policy show` and `policy set`.

use serde_json::json;
use strongroom::Error;
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, ReasonPattern};

use crate::args::PolicyArgs;
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::policy::{described, document};

pub(crate) fn show(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let policy = context.open_reading()?.policy()?;
    context.terminal.document("policy", &document(&policy))?;
    context.terminal.pairs(described(&policy))?;
    if policy.is_newer() {
        context.terminal.note("warning: there is a rule that this version does not know; use the one that set it");
    }
    Ok(Exit::Success)
}

pub(crate) fn set(context: &mut Context<'_>, args: &PolicyArgs) -> Result<Exit, Failure> {
    let pattern = args.reason_pattern.clone().map(ReasonPattern::new).transpose().map_err(Error::from)?;
    let edit = |policy: &mut Policy| edit(policy, args, pattern.clone());
    let given = args.reason.as_deref().map(reason).transpose()?;
    let act = context.act(given);
    let vault = context.open()?;
    let change = if args.dry_run { vault.plan_policy(edit)? } else { vault.change_policy(edit, &act)? };
    let changed = change.before != change.after;
    context.terminal.document(
        "policy-change",
        &json!({
            "before": document(&change.before), "after": document(&change.after),
            "changed": changed && !args.dry_run, "dry_run": args.dry_run,
        }),
    )?;
    let mut rows = vec![["RULE", "BEFORE", "AFTER"].map(String::from).to_vec()];
    let pairs = described(&change.before).into_iter().zip(described(&change.after));
    rows.extend(pairs.map(|((rule, before), (_, after))| vec![rule.to_owned(), before, after]));
    context.terminal.table(&rows)?;
    let store = context.place.option();
    context.terminal.note(&match (changed, args.dry_run) {
        (false, _) => "these rules hold already".to_owned(),
        (true, true) => "nothing was changed: leave out --dry-run to do it".to_owned(),
        (true, false) => format!("set; `strongroom due{store}` lists the API keys that do not keep the rules"),
    });
    Ok(Exit::Success)
}

fn edit(policy: &mut Policy, args: &PolicyArgs, pattern: Option<ReasonPattern>) {
    let age = master_key_age(policy.master_key_age_or_default(), args);
    change(&mut policy.master_key_age, age, args.no_max_master_key_age);
    change(&mut policy.max_key_age, args.max_key_age, args.no_max_key_age);
    change(&mut policy.reason, pattern, args.no_reason_pattern);
    change(&mut policy.reissue_on_recovery, args.reissue_on_recovery, args.no_reissue_on_recovery);
    change(&mut policy.min_import_bits, args.min_import_bits, args.no_min_import_bits);
    policy.require_expiry = (policy.require_expiry || args.require_expiry) && !args.no_require_expiry;
    policy.require_owner = (policy.require_owner || args.require_owner) && !args.no_require_owner;
}

fn change<T>(rule: &mut Option<T>, given: Option<T>, removed: bool) {
    match given {
        Some(value) => *rule = Some(value),
        None if removed => *rule = None,
        None => {}
    }
}

fn master_key_age(present: AgePolicy, args: &PolicyArgs) -> Option<AgePolicy> {
    match (args.max_master_key_age, args.refuse_master_key_age) {
        (None, None) => None,
        (Some(warn), refuse) => Some(AgePolicy::new(warn, refuse.unwrap_or(warn.saturating_mul(2)))),
        (None, Some(refuse)) => Some(AgePolicy::new(present.warn, refuse)),
    }
}
