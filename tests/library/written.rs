//! What is shown is written with serde as the program's documents have it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::{Keys, act};
use serde::Serialize;
use serde_json::{Value, json};
use strongroom::audit::Action;
use strongroom::due::DueRules;
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, ReasonPattern};
use strongroom::rotation::RotateOptions;
use strongroom::{
    Act, MemoryStore, NewApiKey, Query, Refusal, Reissue, Request, Status, Suite, Timestamp, Vault, VaultOptions,
};

#[test]
fn an_api_key_is_written_with_texts_for_times_ids_and_networks() {
    let (vault, keys) = made();
    let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().expect("a network"));
    let key = NewApiKey::new("billing").owner("acme").scopes(["a", "b"]).networks(networks).attribute("plan", "gold");
    let old = vault.issue(&key.expires_at(at(90)), &act()).expect("issued");
    let new = vault.reissue(old.id, &Reissue::new(), &act()).expect("reissued");
    assert_eq!(
        value(new.replaces.expect("the old one")),
        json!({ "id": old.id.to_string(), "until": "1970-01-01T00:00:10Z" })
    );
    vault.suspend(new.id, &act()).expect("suspended");
    let shown = vault.show(new.id).expect("shown");
    let expected = json!({
        "id": new.id.to_string(), "name": "billing", "owner": "acme", "scopes": ["a", "b"],
        "networks": ["10.0.0.0/8", "2001:db8::/32"], "wildcard_scopes": false, "denied_networks": [], "attributes": { "plan": "gold" },
        "created_at": "1970-01-01T00:00:10Z", "not_before": null, "expires_at": "1970-01-01T00:01:30Z",
        "suspended_at": "1970-01-01T00:00:10Z", "revoke_at": null, "revoked_at": null, "exposed_at": null,
        "prefix": "sr", "recoverable": true, "imported": false, "replaces": old.id.to_string(), "replaced_by": null,
        "revision": shown.revision.to_string(),
    });
    assert_eq!(value(&shown), expected);
    documented("api-key", &value(&shown));
    let page = vault.list(&Query::new().limit(1)).expect("listed");
    assert_eq!(value(&page)["next"], json!(page.next.expect("another").to_string()));
    let listed = vault.list(&Query::new()).expect("listed").items;
    assert_eq!(listed.iter().find(|listed| listed.id == new.id).map(value), Some(expected));
    assert!(!value(&listed).to_string().contains(new.token.expose()));
    drop(keys);
}

#[test]
fn a_line_with_uses_is_the_api_key_and_its_uses() {
    let (vault, _) = made();
    let issued = vault.issue(&NewApiKey::new("billing"), &act()).expect("issued");
    vault.verify(issued.token.expose(), &Request::new().address([192, 0, 2, 7]).endpoint("/v1")).expect("valid");
    let line = value(&vault.list_usage(&Query::new()).expect("listed").items[0]);
    documented("api-key", &line);
    assert_eq!((&line["id"], &line["name"]), (&json!(issued.id.to_string()), &json!("billing")));
    assert_eq!((&line["verifications"], &line["last_address"]), (&json!(1), &json!("192.0.2.7")));
    assert_eq!((&line["endpoints"], &line["refused"]), (&json!({ "/v1": 1 }), &json!(0)));
}

#[test]
fn words_are_written_as_they_are_named() {
    for status in Status::ALL {
        assert_eq!(value(status), json!(status.name()));
    }
    for suite in Suite::ALL {
        assert_eq!(value(suite), json!(suite.name()));
    }
    assert_eq!(value(Refusal::NotYetValid), json!("token-not-yet-valid"));
    assert_eq!(value(Action::RotationStarted), json!("rotation-started"));
    assert_eq!(value(Timestamp::from_unix_millis(1_500)), json!("1970-01-01T00:00:01.5Z"));
}

#[test]
fn a_vault_its_rules_its_uses_and_what_is_due_are_written_as_documented() {
    let (vault, _) = made();
    let policy = Policy::new().max_key_age(Duration::from_secs(60)).master_key_age(AgePolicy::default());
    let policy = policy.require_owner(true).reason(ReasonPattern::new("test").expect("a pattern"));
    let why = Act::by("tester").because("a test");
    let issued = vault.issue(&NewApiKey::new("n"), &why).expect("issued");
    let change = vault.set_policy(&policy, &why).expect("set");
    assert_eq!(
        value(&change).as_object().map(|fields| fields.keys().cloned().collect()),
        Some(vec!["after".to_owned(), "before".to_owned()])
    );
    let written = value(&policy);
    documented("policy", &written);
    assert_eq!((&written["max_key_age_seconds"], &written["reason_pattern"]), (&json!(60), &json!("test")));
    assert_eq!((&written["reissue_on_recovery_seconds"], &written["require_owner"]), (&json!(null), &json!(true)));

    vault.verify(issued.token.expose(), &Request::new().address([203, 0, 113, 7]).endpoint("/a")).expect("valid");
    vault.verify(issued.token.expose(), &Request::new().scope("none")).expect_err("no scope");
    let usage = value(vault.usage(issued.id).expect("read").expect("used"));
    documented("api-key", &usage);
    let expected = json!({
        "last_used_at": "1970-01-01T00:00:10Z", "last_address": "203.0.113.7", "verifications": 1, "refused": 1,
        "refusals": { "scope": 1 }, "endpoints": { "/a": 1 }, "other_endpoints": 0,
    });
    assert_eq!(usage, expected);

    let due = value(vault.due(&DueRules::new(), None).expect("judged").items);
    assert_eq!(due[0]["id"], json!(issued.id.to_string()));
    let causes = json!([{ "cause": "aging", "at": "1970-01-01T00:01:10Z" }, { "cause": "no-owner", "at": null }]);
    assert_eq!(due[0]["causes"], causes);
}

#[test]
fn a_status_a_plan_and_a_report_are_written_as_documented() {
    let (vault, keys) = made();
    vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let plan = value(vault.plan_rotation(&RotateOptions::new()).expect("planned"));
    documented("rotation-plan", &plan);
    assert_eq!((&plan["from_master_key"], &plan["to_master_key"], &plan["open"]), (&json!(1), &json!(2), &json!(null)));
    assert_eq!(plan["generations"], json!([{ "generation": 1, "master_key": 1, "records": 1 }]));
    vault.rotate(&RotateOptions::new(), &act(), crate::support::stop_after_one_batch).expect("stopped");
    let status = value(vault.status().expect("read"));
    documented("status", &status);
    assert_eq!((&status["active_master_key"], &status["records"]), (&json!(2), &json!(1)));
    let print = |version: u32| keys.only([version]).versions().next().expect("one").1.to_string();
    assert_eq!(status["configured"][1], json!({ "version": 2, "fingerprint": print(2) }));
    assert_eq!(status["master_keys"][0]["retired_at"], json!("1970-01-01T00:00:10Z"));
    assert_eq!(status["rotation"]["phase"], json!("sweep"));
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| std::ops::ControlFlow::Continue(())).expect("rotated");
    documented("rotation", &value(&report));
    assert_eq!(value(&report)["outcome"], json!("finished"));
    assert_eq!(value(vault.status().expect("read"))["removable"], json!([1]));
}

/// Every field has the name that docs/cli.md gives it in the document of this name.
fn documented(schema: &str, written: &Value) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md")).expect("docs/cli.md");
    let section = text.split(&format!("### `strongroom.{schema}.v1`\n")).nth(1).expect(schema);
    let table = section.lines().take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| `"));
    let names: BTreeSet<&str> =
        table.filter_map(|line| line.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let inner = |name: &str| {
        names.iter().any(|other| other.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '['])))
    };
    assert!(names.len() > 3 && written.as_object().is_some_and(|fields| fields.len() > 3), "{schema}");
    check("", written, &names, &inner);
}

fn check(at: &str, value: &Value, names: &BTreeSet<&str>, inner: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(fields) if at.is_empty() || inner(at.trim_end_matches("[]")) => {
            for (name, value) in fields {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                assert!(names.contains(at.as_str()), "{at} is not documented");
                check(&at, value, names, inner);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(&format!("{at}[]"), item, names, inner)),
        _ => {}
    }
}

fn value(shown: impl Serialize) -> Value {
    serde_json::to_value(shown).expect("it can be written")
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_millis(secs * 1_000).expect("in range")
}

/// A vault in which it is always ten seconds past the beginning.
fn made() -> (Vault, Keys) {
    let keys = Keys::generate(2);
    let options = || VaultOptions::new().clock(|| at(10));
    let store = MemoryStore::new();
    drop(options().create(store.clone(), keys.only([1]), &act()).expect("vault"));
    (options().open(store, keys.only([1, 2])).expect("vault"), keys)
}
