//! Builders take what callers have: a value or an option of one, a flag, a list.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use crate::support::{Keys, act};
use strongroom::api_keys::ImportedKey;
use strongroom::audit::{Action, AuditFilter, Outcome};
use strongroom::doctor::{Checkup, Depth};
use strongroom::master::AgePolicy;
use strongroom::policy::{Policy, ReasonPattern};
use strongroom::{
    Act, ApiKeyId, Cursor, MemoryStore, Network, NewApiKey, Query, Reissue, Request, Revision, SecretText, Status,
    Timestamp, Update, Vault,
};

#[test]
fn nothing_is_said_by_none_false_or_an_empty_list() {
    let none = NO_TEXT;
    let said = NewApiKey::new("n").owner(none).prefix(none).not_before(NO_TIME).expires_at(NO_TIME).expires_in(None);
    assert_eq!(said.recoverable(true).scopes(none).networks(None).attributes(NO_PAIR), NewApiKey::new("n"));
    let said = Update::new().name(none).owner(none).without_owner(false).not_before(NO_TIME).expires_at(NO_TIME);
    let said = said.without_not_before(false).never_expires(false).attributes(NO_PAIR).without_attributes(none);
    assert_eq!(said.expect(None), Update::new());
    let said = Reissue::new().grace(None).expires_at(NO_TIME).never_expires(false).prefix(none).expect(None);
    assert_eq!(said, Reissue::new());
    let said = AuditFilter::new().actor(none).action(None).key(None).outcome(None).reason_contains(none);
    assert_eq!(said.since(NO_TIME).until(NO_TIME), AuditFilter::new());
    assert_eq!(Checkup::new().depth(None).ages(None), Checkup::new());
    let said = Policy::new().max_key_age(None).master_key_age(None).require_expiry(false).require_owner(false);
    assert_eq!(said.reason(None).reissue_on_recovery(None), Policy::default());
    assert_eq!(Act::by("a").because(none), Act::by("a"));
}

#[test]
fn none_takes_nothing_back() {
    let (at, day) = (Timestamp::now(), Duration::from_secs(86_400));
    let key = NewApiKey::new("n").owner("o").prefix("p").not_before(at).expires_in(day).scope("s").attribute("k", "v");
    let after = key.clone().owner(NO_TEXT).prefix(NO_TEXT).not_before(NO_TIME).expires_at(NO_TIME).expires_in(None);
    assert_eq!(after.scopes(NO_TEXT).networks(None).attributes(NO_PAIR), key);
    let update = Update::new().name("n").owner("o").not_before(at).never_expires(true).attribute("k", "v");
    let after = update.clone().name(NO_TEXT).owner(NO_TEXT).without_owner(false).not_before(NO_TIME);
    assert_eq!(after.never_expires(false).expires_at(NO_TIME).attributes(NO_PAIR), update);
    let reissue = Reissue::new().grace(day).expires_at(at).prefix("p").expect(revision());
    let after = reissue.clone().grace(None).expires_at(NO_TIME).never_expires(false).prefix(NO_TEXT).expect(None);
    assert_eq!(after, reissue);
    let filter = AuditFilter::new().actor("a").action(Action::Issue).key(id()).outcome(Outcome::Done);
    let filter = filter.reason_contains("r").since(at).until(at);
    let after = filter.clone().actor(NO_TEXT).action(None).key(None).outcome(None).reason_contains(NO_TEXT);
    assert_eq!(after.since(NO_TIME).until(NO_TIME), filter);
    let checkup = Checkup::new().depth(Depth::Quick).ages(AgePolicy::default());
    assert_eq!(checkup.clone().depth(None).ages(None), checkup);
    let policy = Policy::new().max_key_age(day).master_key_age(AgePolicy::default()).reissue_on_recovery(day);
    let policy = policy.reason(ReasonPattern::new("x").expect("a pattern"));
    let after = policy.clone().max_key_age(None).master_key_age(None).reissue_on_recovery(None).reason(None);
    assert_eq!(after, policy);
}

#[test]
fn a_text_a_time_and_an_address_are_taken_as_they_come() {
    let (text, now) = (String::from("o"), SystemTime::now());
    let same = [
        NewApiKey::new("n").owner("o").expires_at(now),
        NewApiKey::new("n").owner(&text).expires_at(Some(now)),
        NewApiKey::new("n").owner(text.clone()).expires_at(Timestamp::from(now)),
        NewApiKey::new("n").owner(Some("o")).expires_at(Some(Timestamp::from(now))),
        NewApiKey::new("n").owner(Some(&text)).expires_at(now).expires_at(NO_TIME),
        NewApiKey::new("n").owner(Some(text.clone())).expires_at(now),
    ];
    assert!(same.iter().all(|key| *key == same[0]), "{same:?}");
    let [v4, network]: [&str; 2] = ["203.0.113.7", "203.0.113.7/32"];
    let [v4, v4_in_any]: [IpAddr; 2] = [v4.parse().expect("an address"), Ipv4Addr::new(203, 0, 113, 7).into()];
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let networks: [Network; 1] = [network.parse().expect("a network")];
    let issued = vault.issue(&NewApiKey::new("n").networks(networks).scopes(["a", "b"]), &act()).expect("issued");
    for request in [
        Request::new().address(v4),
        Request::new().address(Some(v4_in_any)).address(None::<IpAddr>),
        Request::new().address([203, 0, 113, 7]).endpoint(text.as_str()).endpoint(NO_TEXT),
        Request::new().address(Ipv4Addr::new(203, 0, 113, 7)).endpoint(Some("/a")),
    ] {
        let key = vault.verify(issued.token.expose(), &request).expect("valid");
        assert!(key.has_scope("a") && key.has_scope("b") && !key.has_scope("A") && !key.has_scope("ab"));
    }
    assert!(vault.verify(issued.token.expose(), &Request::new().address(None::<IpAddr>)).is_err());
}

#[test]
fn filters_that_say_nothing_find_all_and_others_are_kept() {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let [first, second] = ["first", "second"].map(|name| {
        let key = NewApiKey::new(name).owner(name).scope(name).recoverable(name == "first");
        vault.issue(&key, &act()).expect("issued").id
    });
    let found = |query: Query| vault.list(&query).expect("listed").items.iter().map(|it| it.id).collect::<Vec<_>>();
    let nothing = |query: Query| {
        query
            .owner(NO_TEXT)
            .name_contains(NO_TEXT)
            .scope(NO_TEXT)
            .status(None)
            .statuses([])
            .expires_after(NO_TIME)
            .after(None)
    };
    let mut both = vec![first, second];
    both.sort_unstable();
    assert_eq!(found(nothing(Query::new()).limit(None).exposed(false)), both);
    for query in [Query::new().owner("first"), Query::new().name_contains("first"), Query::new().scope("first")] {
        assert_eq!(found(nothing(query)), [first]);
    }
    assert_eq!(found(nothing(Query::new().status(Status::Revoked))), []);
    assert_eq!(found(nothing(Query::new().after(Cursor::after_api_key(both[0])))), both[1..]);
    assert_eq!(found(nothing(Query::new().limit(1)).limit(None)), both[..1]);
    assert_eq!(found(Query::new().exposed(true)), []);
    assert!(vault.show(first).expect("shown").recoverable && !vault.show(second).expect("shown").recoverable);
    let imported =
        |token: &str| ImportedKey::new(SecretText::new(token.into()), NewApiKey::new(token)).allow_weak(true);
    let keys = [imported("a").revoked(true), imported("b").revoked(true).revoked(false).created_at(NO_TIME)];
    let ids = vault.import(&keys, &act()).expect("imported");
    assert_eq!(ids.iter().filter(|id| vault.show(**id).expect("shown").revoked_at.is_some()).count(), 1);
}

#[test]
fn a_query_takes_several_states_and_a_moment_that_expiries_pass() {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let ahead = |days: u64| Timestamp::now().saturating_add(Duration::from_secs(days * 86_400));
    let [active, suspended, revoked] = [Some(ahead(10)), None, Some(ahead(30))]
        .map(|at| vault.issue(&NewApiKey::new("n").expires_at(at), &act()).expect("issued").id);
    vault.suspend(suspended, &act()).expect("suspended");
    vault.revoke(revoked, &act()).expect("revoked");
    let found =
        |query: Query| vault.list(&query).expect("listed").items.iter().map(|it| it.id).collect::<BTreeSet<_>>();
    let alive = Query::new().statuses([Status::Active, Status::Suspended]);
    assert_eq!(found(alive.clone()), [active, suspended].into());
    assert_eq!(found(alive.clone().status(Status::Revoked)), [active, suspended, revoked].into());
    assert_eq!(found(Query::new().expires_after(ahead(20))), [suspended, revoked].into(), "never is after all");
    assert_eq!(found(alive.expires_after(ahead(20))), [suspended].into());
}

fn id() -> ApiKeyId {
    "00000000000000000000000001".parse().expect("an id")
}

fn revision() -> Revision {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    vault.show(issued.id).expect("shown").revision
}

const NO_TEXT: Option<&str> = None;
const NO_TIME: Option<Timestamp> = None;
const NO_PAIR: Option<(&str, &str)> = None;
