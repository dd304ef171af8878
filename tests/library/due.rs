//! What is due, and what is not.

use std::time::Duration;

use crate::support::{Keys, act, version};
use strongroom::api_keys::ImportedKey;
use strongroom::due::{DueCause, DueRules};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{
    Act, ApiKeyId, MemoryStore, NewApiKey, Query, Reissue, SecretText, Timestamp, Update, Vault, VaultOptions,
    VerifierKeys,
};

const DAY: Duration = Duration::from_secs(86_400);

fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

fn day(number: u32) -> Timestamp {
    start().saturating_add(number * DAY)
}

/// The vault as somebody sees it on that day.
fn on(number: u32, store: &MemoryStore, keys: &Keys) -> Vault {
    VaultOptions::new().clock(move || day(number)).open(store.clone(), keys.only([1])).expect("it opens")
}

fn made() -> (MemoryStore, Keys) {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    VaultOptions::new().clock(start).create(store.clone(), keys.only([1]), &act()).expect("vault");
    (store, keys)
}

/// Why each API key is due, page by page.
fn due(vault: &Vault, rules: &DueRules) -> Vec<(ApiKeyId, Vec<&'static str>)> {
    let (mut all, mut after) = (vec![], None);
    loop {
        let page = vault.due(rules, after).expect("a page");
        all.extend(page.items.iter().map(|due| (due.id, due.causes.iter().map(DueCause::name).collect())));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// Why one is.
fn causes(vault: &Vault, rules: &DueRules, id: ApiKeyId) -> Vec<&'static str> {
    due(vault, rules).into_iter().find(|(due, _)| *due == id).map(|(_, causes)| causes).unwrap_or_default()
}

#[test]
fn an_expiry_is_due_from_the_day_it_is_near_until_the_day_it_has_come() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let id = vault.issue(&NewApiKey::new("n").expires_at(day(20)), &act()).expect("issued").id;
    vault.issue(&NewApiKey::new("never"), &act()).expect("issued");
    let rules = DueRules::new();
    for (today, expected) in [(0, None), (5, None), (6, Some("expiring")), (19, Some("expiring")), (20, None)] {
        let found: Vec<_> = expected.into_iter().collect();
        assert_eq!(causes(&on(today, &store, &keys), &rules, id), found, "day {today}");
    }
    assert_eq!(causes(&vault, &rules.clone().within(20 * DAY), id), ["expiring"]);
    let rules = rules.expired_for(5 * DAY);
    assert_eq!(causes(&on(24, &store, &keys), &rules, id), [""; 0]);
    assert_eq!(causes(&on(25, &store, &keys), &rules, id), ["expired"]);
    on(25, &store, &keys).revoke(id, &act()).expect("revoked");
    assert_eq!(due(&on(30, &store, &keys), &rules), []);
}

#[test]
fn a_maximum_age_makes_older_api_keys_due_and_leaves_them_valid() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    vault.change_policy(|policy| policy.max_key_age = Some(90 * DAY), &act()).expect("set");
    let rules = DueRules::new();
    for (today, expected) in [(75, None), (76, Some("aging")), (89, Some("aging")), (90, Some("old"))] {
        let found: Vec<_> = expected.into_iter().collect();
        assert_eq!(causes(&on(today, &store, &keys), &rules, issued.id), found, "day {today}");
    }
    let late = on(400, &store, &keys);
    assert!(late.verify(issued.token.expose(), &strongroom::Request::new()).is_ok());
    let page = late.due(&rules, None).expect("a page");
    assert_eq!(page.items[0].causes, [DueCause::Old { since: day(90) }]);
    assert!(page.items[0].causes[0].calls_for_reissue());
    // Reissued, the old one is due again when its client has 3 days left, and the new one when it is old itself.
    let new = late.reissue(issued.id, &Reissue::new().grace(14 * DAY), &act()).expect("reissued");
    assert_eq!(due(&on(410, &store, &keys), &rules), []);
    assert_eq!(due(&on(411, &store, &keys), &rules), [(issued.id, vec!["ending"])]);
    let page = on(411, &store, &keys).due(&rules, None).expect("a page");
    assert_eq!(page.items[0].causes, [DueCause::Ending { at: day(414), by: Some(new.id) }]);
    assert_eq!(due(&on(414, &store, &keys), &rules), []);
    assert_eq!(causes(&on(490, &store, &keys), &rules, new.id), ["old"]);
}

#[test]
fn a_forgotten_suspension_is_due() {
    let (store, keys) = made();
    let id = on(0, &store, &keys).issue(&NewApiKey::new("n"), &act()).expect("issued").id;
    on(1, &store, &keys).suspend(id, &act()).expect("suspended");
    assert_eq!(causes(&on(30, &store, &keys), &DueRules::new(), id), [""; 0]);
    assert_eq!(causes(&on(31, &store, &keys), &DueRules::new(), id), ["suspended"]);
    assert_eq!(causes(&on(31, &store, &keys), &DueRules::new().suspended_for(60 * DAY), id), [""; 0]);
    on(32, &store, &keys).resume(id, &act()).expect("resumed");
    assert_eq!(causes(&on(90, &store, &keys), &DueRules::new(), id), [""; 0]);
}

#[test]
fn what_breaks_a_rule_that_came_later_or_was_imported_exempt_is_due() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let early = vault.issue(&NewApiKey::new("n").expires_at(day(300)), &act()).expect("issued").id;
    vault
        .change_policy(
            |policy| {
                (policy.require_owner, policy.require_expiry) = (true, true);
                policy.max_key_age = Some(90 * DAY);
            },
            &act(),
        )
        .expect("set");
    let key = ImportedKey::new(SecretText::new("fake".into()), NewApiKey::new("i").owner("o"))
        .allow_weak(true)
        .exempt_from_policy(true);
    let imported = vault.import(&[key], &act()).expect("imported")[0];
    assert_eq!(causes(&vault, &DueRules::new(), early), ["no-owner", "late-expiry"]);
    assert_eq!(causes(&vault, &DueRules::new(), imported), ["no-expiry"]);
    let mended = Update::new().owner("o").expires_at(day(90));
    vault.update(early, &mended, &act()).expect("updated");
    vault.revoke(imported, &act()).expect("revoked");
    assert_eq!(due(&vault, &DueRules::new()), []);
}

#[test]
fn what_a_leaked_master_key_exposed_is_due_until_it_is_reissued_or_revoked() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    // Those of one batch are in the order of their ids.
    let issued = vault.issue_many(&[NewApiKey::new("n"), NewApiKey::new("n")], &act()).expect("issued");
    let (first, second) = (issued[0].id, issued[1].id);
    let options = || VaultOptions::new().clock(start);
    let vault = options().open(store.clone(), keys.only([1, 2])).expect("it opens");
    let leaked = strongroom::rotation::RotateOptions::new().compromised(true);
    vault.rotate(&leaked, &act(), |_| std::ops::ControlFlow::Continue(())).expect("rotated");
    assert_eq!(due(&vault, &DueRules::new()), [(first, vec!["exposed"]), (second, vec!["exposed"])]);
    vault.reissue(first, &Reissue::new(), &act()).expect("reissued");
    vault.revoke(second, &act()).expect("revoked");
    assert_eq!(due(&vault, &DueRules::new()), []);
}

#[test]
fn pages_look_at_everything_once_filters_hold_and_a_bad_record_hides_nothing() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let new: Vec<_> = (0..1_200).map(|n| NewApiKey::new(format!("n{n}")).owner(["a", "b"][n % 2])).collect();
    let soon = |key: NewApiKey| key.expires_at(day(7));
    let issued = vault.issue_many(&new.into_iter().map(soon).collect::<Vec<_>>(), &act()).expect("issued");
    let rules = DueRules::new();
    let (mut examined, mut after, mut pages) = (0, None, 0);
    loop {
        let page = vault.due(&rules, after).expect("a page");
        (examined, after, pages) = (examined + page.examined, page.next, pages + 1);
        if after.is_none() {
            break;
        }
    }
    assert_eq!((examined, pages), (1_200, 3));
    assert_eq!(due(&vault, &rules).len(), 1_200);
    assert_eq!(due(&vault, &rules.clone().among(Query::new().owner("b"))).len(), 600);
    let id = issued[700].id;
    let (row, record) = store.scan(Table::Keys, None, 1_000).expect("readable").swap_remove(700);
    let mut damaged = record.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    damaged[60] ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Keys, row, damaged, Expected::Exactly(record));
    store.commit(&batch).expect("damaged");
    let found = due(&vault, &rules.among(Query::new().owner("nobody")));
    assert_eq!(found, [(id, vec![])], "listed whatever the filters say");
}

#[test]
fn a_verifier_sees_the_same() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    vault.issue(&NewApiKey::new("n").expires_at(day(7)), &act()).expect("issued");
    let mut verifier_keys = VerifierKeys::default();
    let key = vault.issue_verifier_key(version(1), &Act::by("tester").because("to look")).expect("a key");
    verifier_keys.insert(version(1), key).expect("new");
    let verifier = VaultOptions::new().clock(start).open_verifier(store, verifier_keys).expect("it opens");
    let page = verifier.due(&DueRules::new(), None).expect("a page");
    assert_eq!(page, vault.due(&DueRules::new(), None).expect("a page"));
    assert_eq!(verifier.policy().expect("read"), vault.policy().expect("read"));
}

#[test]
fn what_nobody_uses_is_due_since_its_last_use_or_its_beginning() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let new = [NewApiKey::new("never"), NewApiKey::new("used"), NewApiKey::new("later").not_before(day(50))];
    let issued: Vec<_> = new.iter().map(|new| vault.issue(new, &act()).expect("issued")).collect();
    let [never, used, later] = [0, 1, 2].map(|at: usize| issued[at].id);
    let used_on = |today: u32| {
        let vault = on(today, &store, &keys);
        vault.verify(issued[1].token.expose(), &strongroom::Request::new()).expect("valid");
        vault.flush_usage().expect("written");
    };
    used_on(40);
    let rules = DueRules::new().unused(90 * DAY);
    let unused = |today: u32| due(&on(today, &store, &keys), &rules);
    assert_eq!(unused(89), []);
    assert_eq!(unused(90), [(never, vec!["unused"])]);
    assert_eq!(due(&on(500, &store, &keys), &DueRules::new()), [], "only if somebody asks");
    let sorted = |today: u32| unused(today).into_iter().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(129), [never].into());
    assert_eq!(sorted(130), [never, used].into());
    assert_eq!(sorted(140), [never, used, later].into());
    let page = on(140, &store, &keys).due(&rules, None).expect("a page");
    let cause = |id: ApiKeyId| page.items.iter().find(|due| due.id == id).expect("due").causes[0];
    assert_eq!(cause(used), DueCause::Unused { since: day(40), used: true });
    assert_eq!(cause(later), DueCause::Unused { since: day(50), used: false });
    assert!(!cause(never).calls_for_reissue());
    used_on(140);
    on(140, &store, &keys).suspend(never, &act()).expect("suspended");
    assert_eq!(sorted(141), [later].into());
    on(141, &store, &keys).revoke(later, &act()).expect("revoked");
    assert_eq!(unused(141), []);
}

#[test]
fn an_old_import_has_its_time_from_the_making_of_the_vault_and_damaged_counts_accuse_nobody() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let import = |text: &str| {
        let key = ImportedKey::new(SecretText::new(text.into()), NewApiKey::new(text)).allow_weak(true);
        key.created_at("2020-01-01T00:00:00Z".parse::<Timestamp>().expect("a time"))
    };
    let imported = vault.import(&[import("idle"), import("busy")], &act()).expect("imported");
    vault.verify("busy", &strongroom::Request::new()).expect("valid");
    vault.flush_usage().expect("written");
    let rules = DueRules::new().unused(30 * DAY);
    assert_eq!(due(&on(29, &store, &keys), &rules), []);
    assert_eq!(due(&on(30, &store, &keys), &rules).len(), 2);
    let key = imported[1].to_string().parse::<ApiKeyId>().expect("an id");
    let (row, count) = store.scan(Table::Usage, None, 9).expect("rows").remove(0);
    let mut edited = count.clone();
    *edited.last_mut().expect("bytes") ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Usage, row, edited, Expected::Exactly(count));
    store.commit(&batch).expect("damaged");
    let page = on(30, &store, &keys).due(&rules, None).expect("a page");
    assert_eq!((page.usage_damaged, page.items.len()), (1, 1));
    assert_ne!(page.items[0].id, key);
    assert_eq!(on(30, &store, &keys).due(&DueRules::new(), None).expect("a page").usage_damaged, 0);
}

#[test]
fn uses_are_found_across_pages_and_filters() {
    let (store, keys) = made();
    let vault = on(0, &store, &keys);
    let new: Vec<_> = (0..1_200).map(|n| NewApiKey::new(format!("n{n}")).owner(["a", "b"][n % 2])).collect();
    let issued = vault.issue_many(&new, &act()).expect("issued");
    let later = on(50, &store, &keys);
    for at in (0..1_200).step_by(7) {
        later.verify(issued[at].token.expose(), &strongroom::Request::new()).expect("valid");
    }
    later.flush_usage().expect("written");
    let rules = DueRules::new().unused(60 * DAY);
    let found = |rules: &DueRules| {
        due(&on(60, &store, &keys), rules).into_iter().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>()
    };
    let idle = |keep: &dyn Fn(usize) -> bool| {
        (0..1_200).filter(|at| at % 7 != 0 && keep(*at)).map(|at| issued[at].id).collect()
    };
    assert_eq!(found(&rules), idle(&|_| true));
    assert_eq!(found(&rules.clone().among(Query::new().owner("b"))), idle(&|at| at % 2 == 1));
}
