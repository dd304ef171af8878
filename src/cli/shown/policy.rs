//! The rules of a vault.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, ReasonPattern};

use crate::text::span_text;

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
        "min_import_bits": policy.min_import_bits,
        "newer": policy.is_newer(),
    })
}

pub(crate) fn described(policy: &Policy) -> [(&'static str, String); 8] {
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
        (
            "imported tokens have at least",
            policy.min_import_bits.map_or_else(|| "80 bits, unless allowed".to_owned(), |bits| format!("{bits} bits")),
        ),
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
        policy.min_import_bits.map(|bits| format!("imported tokens of {bits} bits or more")),
        policy.master_key_age.map(age),
        policy.is_newer().then(|| "a rule that this version does not know".to_owned()),
    ];
    let set: Vec<_> = set.into_iter().flatten().collect();
    if set.is_empty() { "no rule is set".to_owned() } else { set.join("; ") }
}
