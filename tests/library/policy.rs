//! What a vault's policy forbids, and what it leaves alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::support::{Keys, act, stop_after_one_batch, version};
use strongroom::api_keys::ImportedKey;
use strongroom::audit::{Action, Outcome};
use strongroom::error::Detail;
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, PolicyError, ReasonPattern};
use strongroom::rotation::RotateOptions;
use strongroom::strength::Severity;
use strongroom::{
    Act, ApiKeyId, Cursor, Error, ErrorKind, MasterKeys, MemoryStore, NewApiKey, Reissue, Request, SecretText,
    Timestamp, Update, Vault, VaultOptions,
};

const DAY: Duration = Duration::from_secs(86_400);

/// A vault whose clock the test sets.
struct Timed {
    store: MemoryStore,
    keys: Keys,
    vault: Vault,
    millis: Arc<AtomicI64>,
}

impl Timed {
    fn new() -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(2));
        let millis = Arc::new(AtomicI64::new(1_772_366_400_000));
        let vault = options(&millis).create(store.clone(), keys.only([1]), &act()).expect("vault");
        Self { store, keys, vault, millis }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.millis.load(Ordering::Relaxed)).expect("a time")
    }

    fn pass(&self, span: Duration) {
        self.millis.fetch_add(span.as_millis().try_into().expect("fits"), Ordering::Relaxed);
    }

    fn opened(&self, keys: MasterKeys) -> Vault {
        options(&self.millis).open(self.store.clone(), keys).expect("it opens")
    }

    fn set(&self, edit: impl Fn(&mut Policy)) {
        self.vault.change_policy(edit, &act()).expect("set");
    }

    /// The causes of refused acts in the audit log, oldest first.
    fn refusals(&self) -> Vec<(Action, Option<ApiKeyId>, String)> {
        let entries = self.vault.audit_entries(None, 10_000).expect("entries").items.into_iter();
        let refused = entries.filter(|entry| entry.outcome == Outcome::Refused);
        refused.map(|entry| (entry.action, entry.key, entry.cause.expect("a cause"))).collect()
    }
}

fn options(millis: &Arc<AtomicI64>) -> VaultOptions {
    let millis = Arc::clone(millis);
    VaultOptions::new().clock(move || Timestamp::from_unix_millis(millis.load(Ordering::Relaxed)).expect("a time"))
}

fn pattern(text: &str) -> ReasonPattern {
    ReasonPattern::new(text).expect("a pattern")
}

type Try<'a> = Box<dyn Fn(&Act) -> Result<(), Error> + 'a>;

fn cause<T: std::fmt::Debug>(judged: Result<T, Error>) -> &'static str {
    let error = judged.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    error.code()
}

#[test]
fn a_new_vault_has_no_rules_and_a_changed_policy_holds_for_every_process_and_is_audited() {
    let timed = Timed::new();
    assert_eq!(timed.vault.policy().expect("read"), Policy::default());
    let beside = timed.opened(timed.keys.only([1]));
    let change = timed.vault.change_policy(|policy| policy.require_owner = true, &act()).expect("set");
    assert!(!change.before.require_owner && change.after.require_owner);
    // The other process has not looked since, and its write is refused all the same.
    assert_eq!(cause(beside.issue(&NewApiKey::new("n"), &act())), "policy-owner");
    assert!(beside.issue(&NewApiKey::new("n").owner("o"), &act()).is_ok());
    let entries = timed.vault.audit_entries(Some(Cursor::after_audit_entry(1)), 1).expect("entries").items;
    assert_eq!((entries[0].action, entries[0].counts.get("require_owner")), (Action::Policy, Some(&1)));
    // What changes nothing leaves nothing.
    let before = timed.vault.status().expect("status").audit_entries;
    timed.set(|policy| policy.require_owner = true);
    assert_eq!(timed.vault.status().expect("status").audit_entries, before);
    timed.set(|policy| *policy = Policy::default());
    assert!(beside.issue(&NewApiKey::new("n"), &act()).is_ok());
    assert_eq!(timed.vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn owner_expiry_and_age_are_demanded_of_new_api_keys_and_nothing_is_written_when_one_breaks_a_rule() {
    let timed = Timed::new();
    timed.set(|policy| {
        policy.require_owner = true;
        policy.require_expiry = true;
        policy.max_key_age = Some(90 * DAY);
    });
    let owned = |days: u32| NewApiKey::new("n").owner("o").expires_at(timed.now().saturating_add(days * DAY));
    let vault = &timed.vault;
    assert_eq!(
        cause(vault.issue(&NewApiKey::new("n").expires_at(timed.now().saturating_add(DAY)), &act())),
        "policy-owner"
    );
    assert_eq!(cause(vault.issue(&NewApiKey::new("n").owner("o"), &act())), "policy-expiry");
    assert_eq!(cause(vault.issue(&owned(91), &act())), "policy-age");
    assert_eq!(cause(vault.issue_many(&[owned(1), owned(91)], &act())), "policy-age");
    assert_eq!(vault.status().expect("status").record_count(), 0);
    assert!(vault.issue(&owned(90), &act()).is_ok(), "on the day is in time");
    let issue = |word: &str| (Action::Issue, None, word.to_owned());
    let expected = ["policy-owner", "policy-expiry", "policy-age", "policy-age"].map(issue);
    assert_eq!(timed.refusals(), expected);
    vault.verify_audit().expect("whole");
}

#[test]
fn a_maximum_age_alone_demands_no_expiry() {
    let timed = Timed::new();
    timed.set(|policy| policy.max_key_age = Some(90 * DAY));
    assert!(timed.vault.issue(&NewApiKey::new("n"), &act()).is_ok());
}

#[test]
fn api_keys_that_were_there_stay_valid_and_their_updates_are_judged_by_what_they_change() {
    let timed = Timed::new();
    let vault = &timed.vault;
    let issued = vault.issue(&NewApiKey::new("old"), &act()).expect("issued");
    timed.pass(400 * DAY);
    timed.set(|policy| {
        policy.require_owner = true;
        policy.require_expiry = true;
        policy.max_key_age = Some(90 * DAY);
    });
    assert!(vault.verify(issued.token.expose(), &Request::new()).is_ok(), "a policy turns nothing away");
    let update = |update: Update| vault.update(issued.id, &update, &act());
    assert!(update(Update::new().name("renamed")).is_ok());
    assert!(update(Update::new().without_owner(true).never_expires(true)).is_ok(), "it says so already");
    assert!(update(Update::new().owner("acme")).is_ok());
    assert_eq!(cause(update(Update::new().without_owner(true))), "policy-owner");
    assert_eq!(timed.refusals().last().expect("one").1, Some(issued.id));
    // Reissued it is as new: it needs an expiry then, and 90 days count from now.
    assert_eq!(cause(vault.reissue(issued.id, &Reissue::new(), &act())), "policy-expiry");
    let late = Reissue::new().expires_at(timed.now().saturating_add(91 * DAY));
    assert_eq!(cause(vault.reissue(issued.id, &late, &act())), "policy-age");
    assert!(vault.verify(issued.token.expose(), &Request::new()).is_ok(), "nothing half done");
    let good = Reissue::new().expires_at(timed.now().saturating_add(90 * DAY));
    assert!(vault.reissue(issued.id, &good, &act()).is_ok());
}

#[test]
fn an_update_that_brings_an_api_key_nearer_to_the_rules_is_taken_and_one_that_loosens_is_judged() {
    let timed = Timed::new();
    let ahead = |days: u32| timed.now().saturating_add(days * DAY);
    let [endless, long] = [NewApiKey::new("endless"), NewApiKey::new("long").expires_at(ahead(400))]
        .map(|key| timed.vault.issue(&key.owner("acme"), &act()).expect("issued").id);
    timed.set(|policy| {
        policy.require_expiry = true;
        policy.max_key_age = Some(90 * DAY);
    });
    let update = |id, update: Update| timed.vault.update(id, &update, &act());
    for (id, days) in [(endless, 300), (endless, 200), (long, 399), (long, 200), (long, 200)] {
        let updated = update(id, Update::new().expires_at(ahead(days))).expect("it ends no later than before");
        assert_eq!(updated.expires_at, Some(ahead(days)));
    }
    for id in [endless, long] {
        assert_eq!(cause(update(id, Update::new().expires_at(ahead(201)))), "policy-age");
        assert_eq!(cause(update(id, Update::new().never_expires(true))), "policy-expiry");
        assert_eq!(cause(update(id, Update::new().name("n").expires_at(ahead(300)))), "policy-age", "all or nothing");
        assert!(update(id, Update::new().expires_at(ahead(80))).is_ok());
        assert!(update(id, Update::new().expires_at(ahead(90))).is_ok(), "later, and inside the rule");
        assert_eq!(cause(update(id, Update::new().expires_at(ahead(91)))), "policy-age");
    }
    timed.pass(95 * DAY);
    assert_eq!(
        cause(update(long, Update::new().expires_at(ahead(1)))),
        "policy-age",
        "it has ended, and would begin anew"
    );
}

#[test]
fn an_import_keeps_the_policy_unless_it_is_exempt_or_revoked() {
    let timed = Timed::new();
    timed.set(|policy| policy.require_owner = true);
    let key =
        |name: &str| ImportedKey::new(SecretText::new(format!("fake-{name}")), NewApiKey::new(name)).allow_weak(true);
    let error = timed.vault.import(&[key("a").revoked(true), key("b")], &act()).expect_err("no owner");
    assert_eq!((error.code(), error.to_string().starts_with("line 2: ")), ("policy-owner", true), "{error}");
    assert!(timed.vault.check_import(&[key("b")]).is_err());
    let ids =
        timed.vault.import(&[key("a").revoked(true), key("b").exempt_from_policy(true)], &act()).expect("imported");
    assert!(timed.vault.verify("fake-b", &Request::new()).is_ok());
    let entries = timed.vault.audit_entries(Some(Cursor::after_audit_entry(3)), 10).expect("entries").items;
    let exempt = |at: usize| (entries[at].key, entries[at].counts.get("policy_exempt").copied());
    assert_eq!((exempt(0), exempt(1)), ((Some(ids[0]), None), (Some(ids[1]), Some(1))));
    assert_eq!(timed.refusals(), [(Action::Import, None, "policy-owner".to_owned())]);
}

#[test]
fn an_import_that_was_issued_in_times_to_come_grows_as_old_as_any_other() {
    let timed = Timed::new();
    timed.set(|policy| policy.max_key_age = Some(30 * DAY));
    let far = timed.now().saturating_add(10_000 * DAY);
    let key = |name: &str, at: Timestamp| {
        let key = NewApiKey::new(name).expires_at(at);
        ImportedKey::new(SecretText::new(format!("fake-{name}")), key).allow_weak(true).created_at(far)
    };
    let late = key("a", far.saturating_add(20 * DAY));
    assert_eq!(cause(timed.vault.import(&[late], &act())), "policy-age");
    let ids = timed.vault.import(&[key("b", timed.now().saturating_add(30 * DAY))], &act()).expect("in time");
    assert_eq!(timed.vault.show(ids[0]).expect("there").created_at, timed.now());
    let later = Update::new().expires_at(timed.now().saturating_add(31 * DAY));
    assert_eq!(cause(timed.vault.update(ids[0], &later, &act())), "policy-age");
}

#[test]
fn a_reason_pattern_holds_for_every_act_and_reading_needs_none() {
    let timed = Timed::new();
    let vault = timed.opened(timed.keys.only([1, 2]));
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let (good, bad, none) =
        (Act::by("tester").because("OPS-17 rotates"), Act::by("tester").because("because"), Act::by("tester"));
    vault.change_policy(|policy| policy.reason = Some(pattern("^OPS-[0-9]+")), &good).expect("set");
    let (id, key) = (issued.id, NewApiKey::new("n"));
    let at = timed.now().saturating_add(DAY);
    let acts: [(&str, Try<'_>); 11] = [
        ("issue", Box::new(|act| vault.issue(&key, act).map(drop))),
        (
            "import",
            Box::new(|act| {
                vault
                    .import(&[ImportedKey::new(SecretText::new("fake".into()), key.clone()).allow_weak(true)], act)
                    .map(drop)
            }),
        ),
        ("update", Box::new(|act| vault.update(id, &Update::new().name("other"), act).map(drop))),
        ("suspend", Box::new(|act| vault.suspend(id, act).map(drop))),
        ("resume", Box::new(|act| vault.resume(id, act).map(drop))),
        ("recover", Box::new(|act| vault.recover(id, act).map(drop))),
        ("revoke at", Box::new(|act| vault.revoke_at(id, at, act).map(drop))),
        ("reissue", Box::new(|act| vault.reissue(id, &Reissue::new(), act).map(drop))),
        ("verifier key", Box::new(|act| vault.issue_verifier_key(version(1), act).map(drop))),
        ("policy", Box::new(|act| vault.change_policy(|policy| policy.require_owner ^= true, act).map(drop))),
        ("rotate", Box::new(|act| vault.rotate(&RotateOptions::new(), act, |_| ()).map(drop))),
    ];
    for (name, attempt) in &acts {
        let (entries, refused) = (vault.status().expect("status").audit_entries, timed.refusals().len());
        for act in [&bad, &none] {
            let error = attempt(act).expect_err(name);
            let known = ["policy-reason", "invalid-act"].contains(&error.code());
            assert!(known && error.kind() == ErrorKind::Input, "{name}: {error}");
        }
        assert_eq!(cause(attempt(&bad)), "policy-reason", "{name}");
        assert!(vault.status().expect("status").audit_entries - entries >= 2, "{name}: refusals are recorded");
        assert!(timed.refusals().len() - refused >= 2, "{name}: and nothing else is");
    }
    assert_eq!(vault.show(id).expect("shown").name, "n", "nothing was done");
    for (name, attempt) in &acts {
        attempt(&good).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(vault.list(&strongroom::Query::new()).is_ok());
    vault.verify_audit().expect("whole");
}

#[test]
fn no_pattern_can_be_set_that_the_reason_of_setting_it_does_not_keep() {
    let timed = Timed::new();
    let set = |text: &'static str, reason: &str| {
        timed.vault.change_policy(|policy| policy.reason = Some(pattern(text)), &Act::by("tester").because(reason))
    };
    assert_eq!(cause(set("^never$", "OPS-1")), "policy-reason");
    set("^OPS-", "OPS-1").expect("set");
    assert_eq!(cause(set("^SEC-", "SEC-1")), "policy-reason", "the old rule holds for the change of it");
    set("^(OPS|SEC)-", "OPS-2").expect("set");
    timed.vault.change_policy(|policy| policy.reason = None, &Act::by("tester").because("SEC-2")).expect("removed");
    assert_eq!(timed.refusals().len(), 2);
}

#[test]
fn a_forced_reissue_refuses_a_bare_recovery() {
    let timed = Timed::new();
    let issued = timed.vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    timed.set(|policy| policy.reissue_on_recovery = Some(DAY));
    assert_eq!(timed.vault.policy().expect("read").reissue_on_recovery, Some(DAY));
    assert_eq!(cause(timed.vault.recover(issued.id, &act())), "policy-reissue");
    assert_eq!(timed.refusals(), [(Action::Recover, Some(issued.id), "policy-reissue".to_owned())]);
    assert_eq!(cause(timed.vault.export_page(None, 10, &act())), "policy-reissue");
    let reissue = |span| timed.vault.recover_and_reissue(issued.id, &Reissue::new().grace(span), &act());
    assert_eq!(cause(reissue(2 * DAY)), "policy-reissue");
    let (token, _) = reissue(DAY).expect("together with a reissue");
    assert_eq!(token.expose(), issued.token.expose());
    timed.set(|policy| policy.reissue_on_recovery = None);
    assert!(timed.vault.recover(issued.id, &act()).is_ok());
}

#[test]
fn a_policy_outlives_rewraps_and_rotations_and_stands_still_while_one_is_open() {
    let timed = Timed::new();
    let vault = timed.opened(timed.keys.only([1, 2]));
    vault.issue_many(&vec![NewApiKey::new("n").owner("o"); 2_500], &act()).expect("issued");
    timed.set(|policy| {
        policy.require_owner = true;
        policy.reason = Some(pattern("a test"));
        policy.master_key_age = Some(AgePolicy::new(30 * DAY, 60 * DAY));
    });
    let expected = vault.status().expect("status").policy;
    assert!(expected.require_owner);
    vault.rotate(&RotateOptions::new(), &act(), stop_after_one_batch).expect("stopped");
    let error = vault.change_policy(|policy| policy.require_owner = false, &act()).expect_err("open");
    assert!(matches!(error.detail(), Detail::RotationOpen { to } if to.get() == 2), "{error}");
    // Continued without the reason it is refused before it moves anything, and not after.
    let bare = vault.rotate(&RotateOptions::new(), &Act::by("tester"), |_| -> () { panic!("it went on") });
    assert_eq!(cause(bare), "policy-reason");
    assert_eq!(cause(vault.issue(&NewApiKey::new("n"), &act())), "policy-owner");
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    let vault = timed.opened(timed.keys.only([2]));
    assert_eq!(vault.policy().expect("read"), expected);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn the_age_of_the_master_key_is_judged_by_the_policy() {
    let timed = Timed::new();
    timed.set(|policy| policy.master_key_age = Some(AgePolicy::new(30 * DAY, 60 * DAY)));
    let judged = |days: u32| {
        timed.pass(days * DAY);
        let finding = timed.vault.status().expect("status").age_finding(timed.now());
        let symptoms = timed.vault.doctor(|_| ()).expect("doctor").symptoms;
        assert_eq!(finding.is_some(), symptoms.iter().any(|symptom| symptom.id == "master-key-age"));
        finding.map(|finding| finding.severity)
    };
    assert_eq!(
        [judged(29), judged(1), judged(29), judged(1)],
        [None, Some(Severity::Warn), Some(Severity::Warn), Some(Severity::Refuse)]
    );
}

#[test]
fn rules_that_cannot_be_are_refused_and_change_nothing() {
    let timed = Timed::new();
    let set = |edit: fn(&mut Policy)| timed.vault.change_policy(edit, &act());
    assert_eq!(cause(set(|policy| policy.max_key_age = Some(Duration::ZERO))), "policy-span");
    let backwards = |policy: &mut Policy| policy.master_key_age = Some(AgePolicy::new(2 * DAY, DAY));
    assert_eq!(cause(set(backwards)), "policy-span");
    let error = timed.vault.change_policy(|_| (), &Act::by("tester")).expect_err("no reason");
    assert_eq!(error.code(), "invalid-act");
    assert_eq!(timed.vault.policy().expect("read"), Policy::default());
    assert!(matches!(ReasonPattern::new("["), Err(PolicyError::Pattern { .. })));
}

#[test]
fn administrators_who_change_different_rules_at_once_lose_none() {
    let timed = Timed::new();
    std::thread::scope(|scope| {
        let edits: [fn(&mut Policy); 4] = [
            |policy| policy.require_owner = true,
            |policy| policy.require_expiry = true,
            |policy| policy.max_key_age = Some(90 * DAY),
            |policy| policy.reissue_on_recovery = Some(DAY),
        ];
        for edit in edits {
            let vault = timed.opened(timed.keys.only([1]));
            scope.spawn(move || vault.change_policy(edit, &act()).expect("set"));
        }
    });
    let policy = timed.opened(timed.keys.only([1])).policy().expect("read");
    assert!(policy.require_owner && policy.require_expiry, "{policy:?}");
    assert_eq!((policy.max_key_age, policy.reissue_on_recovery), (Some(90 * DAY), Some(DAY)));
}
