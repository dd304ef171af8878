//! `policy show` and `policy set`.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom::Error;
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, ReasonPattern};

use super::args::PolicyArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::keys::reason;
use super::text::Table;

pub(crate) fn show(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let policy = context.open_reading()?.policy()?;
    context.terminal.document("policy", &document(&policy))?;
    let rows: Vec<_> = described(&policy).map(|(rule, value)| vec![rule.to_owned(), value]).to_vec();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
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
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
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
        (Some(warn), refuse) => Some(AgePolicy { warn, refuse: refuse.unwrap_or(warn.saturating_mul(2)) }),
        (None, Some(refuse)) => Some(AgePolicy { refuse, ..present }),
    }
}

pub(crate) fn document(policy: &Policy) -> Value {
    let secs = |span: Option<Duration>| span.map(|span| span.as_secs());
    let age = policy.master_key_age;
    json!({
        "max_key_age_seconds": secs(policy.max_key_age),
        "max_master_key_age_seconds": secs(age.map(|age| age.warn)),
        "refuse_master_key_age_seconds": secs(age.map(|age| age.refuse)),
        "require_expiry": policy.require_expiry,
        "require_owner": policy.require_owner,
        "reason_pattern": policy.reason.as_ref().map(ReasonPattern::as_str),
        "reissue_on_recovery_seconds": secs(policy.reissue_on_recovery),
        "newer": policy.is_newer(),
    })
}

fn described(policy: &Policy) -> [(&'static str, String); 7] {
    let any = |span: Option<Duration>, none: &str| span.map_or_else(|| none.to_owned(), span_text);
    let yes = |rule: bool| if rule { "yes" } else { "no" }.to_owned();
    let (age, default) =
        (policy.master_key_age_or_default(), if policy.master_key_age.is_none() { " (default)" } else { "" });
    [
        ("maximum age of API keys", any(policy.max_key_age, "any")),
        ("master keys are due after", format!("{}{default}", span_text(age.warn))),
        ("master keys are refused after", format!("{}{default}", span_text(age.refuse))),
        ("API keys must expire", yes(policy.require_expiry)),
        ("API keys must have an owner", yes(policy.require_owner)),
        ("reasons must hold", policy.reason.as_ref().map_or("anything", ReasonPattern::as_str).to_owned()),
        ("a recovery reissues, with a grace of", any(policy.reissue_on_recovery, "not forced")),
    ]
}

/// The rules that were set, in one line for a report on the vault.
pub(crate) fn in_force(policy: &Policy) -> String {
    let age =
        |age: AgePolicy| format!("master keys due at {}, refused at {}", span_text(age.warn), span_text(age.refuse));
    let set = [
        policy.max_key_age.map(|span| format!("API keys up to {} old", span_text(span))),
        policy.require_expiry.then(|| "with an expiry".to_owned()),
        policy.require_owner.then(|| "with an owner".to_owned()),
        policy.reason.as_ref().map(|pattern| format!("reasons with {}", pattern.as_str())),
        policy.reissue_on_recovery.map(|grace| format!("recovery reissues within {}", span_text(grace))),
        policy.master_key_age.map(age),
        policy.is_newer().then(|| "a rule that this version does not know".to_owned()),
    ];
    let set: Vec<_> = set.into_iter().flatten().collect();
    if set.is_empty() { "no rule is set".to_owned() } else { set.join("; ") }
}

/// A span as the options take it.
pub(crate) fn span_text(span: Duration) -> String {
    let secs = span.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{secs}s"), |(unit, name)| format!("{}{name}", secs / unit))
}
