//! From where and for what a token may be used: networks it is kept from, scopes that stand for others, and what the keyring says of them.

use strongroom::api_keys::{ImportedKey, LimitError};
use strongroom::error::Detail;
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Rows, Table};
use strongroom::{
    Issued, MemoryStore, Network, NewApiKey, Refusal, Reissue, Request, SecretText, Update, Vault, VaultOptions,
    Verifier,
};

use crate::support::{Keys, act};

fn network(text: &str) -> Network {
    text.parse().expect(text)
}

fn refusal(vault: &Verifier, issued: &Issued, request: &Request<'_>) -> Option<Refusal> {
    vault.verify(issued.token.expose(), request).err().and_then(|error| error.refusal())
}

fn from(address: &str) -> Request<'static> {
    Request::new().address(address.parse::<std::net::IpAddr>().expect("an address"))
}

fn names_deny_lists(store: &MemoryStore) -> bool {
    let row = store.get(Table::Vault, b"keyring").expect("read").expect("there");
    row.windows(10).any(|window| window == b"deny-lists")
}

#[test]
fn an_api_key_is_not_used_from_networks_it_is_kept_from_nor_from_nowhere() {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let denied = |key: NewApiKey| key.deny_networks([network("10.1.0.0/16"), network("2001:db8:1::/48")]);
    let open = vault.issue(&denied(NewApiKey::new("n")), &act()).expect("issued");
    let bound = NewApiKey::new("n").networks([network("10.0.0.0/8"), network("2001:db8::/32")]);
    let bound = vault.issue(&denied(bound), &act()).expect("issued");
    let address = Some(Refusal::Address);
    for (from_where, of_open, of_bound) in [
        (Request::new(), address, address),
        (from("10.1.2.3"), address, address),
        (from("::ffff:10.1.2.3"), address, address),
        (from("2001:db8:1::7"), address, address),
        (from("10.2.2.3"), None, None),
        (from("2001:db8:2::7"), None, None),
        (from("192.0.2.1"), None, address),
    ] {
        assert_eq!(refusal(&vault, &open, &from_where), of_open, "{from_where:?}");
        assert_eq!(refusal(&vault, &bound, &from_where), of_bound, "{from_where:?}");
    }
    let shown = vault.show(bound.id).expect("there");
    assert_eq!(shown.denied_networks, [network("10.1.0.0/16"), network("2001:db8:1::/48")]);
    // A reissue takes them over, an update replaces them.
    let next = vault.reissue(bound.id, &Reissue::new(), &act()).expect("reissued");
    assert_eq!(refusal(&vault, &next, &from("10.1.2.3")), address);
    vault.update(next.id, &Update::new().denied_networks([network("10.2.0.0/16")]), &act()).expect("updated");
    assert_eq!((refusal(&vault, &next, &from("10.1.2.3")), refusal(&vault, &next, &from("10.2.2.3"))), (None, address));
    vault.update(open.id, &Update::new().denied_networks([]), &act()).expect("updated");
    assert_eq!(refusal(&vault, &open, &Request::new()), None, "it may be used from everywhere again");
    let many = NewApiKey::new("n").deny_networks(vec![network("10.0.0.0/8"); 65]);
    let refused = vault.issue(&many, &act()).expect_err("too many").into_detail();
    assert!(matches!(refused, Detail::Limit(LimitError::TooMany { what: "denied networks", .. })), "{refused}");
}

#[test]
fn the_keyring_names_deny_lists_from_the_first_on_and_for_good() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let vault_of_another_process = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let plain = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    assert!(!names_deny_lists(&store));
    let key = NewApiKey::new("n").deny_network(network("10.0.0.0/8"));
    let denied = vault.issue(&key, &act()).expect("issued");
    assert!(names_deny_lists(&store));
    assert_eq!(refusal(&vault_of_another_process, &denied, &from("10.0.0.1")), Some(Refusal::Address));
    assert_eq!(refusal(&vault_of_another_process, &denied, &from("11.0.0.1")), None);
    vault.revoke(denied.id, &act()).expect("revoked");
    vault.update(plain.id, &Update::new().name("m"), &act()).expect("updated");
    assert!(names_deny_lists(&store), "the record is there all the same");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    assert!(names_deny_lists(&store));
    let symptoms = Vault::open(store, keys.only([2])).expect("vault").doctor(|_| {}).expect("looked").symptoms;
    assert!(symptoms.is_empty(), "{symptoms:?}");
}

#[test]
fn every_way_that_leads_to_a_deny_list_names_it_in_the_keyring() {
    type Way = fn(&Vault, strongroom::ApiKeyId);
    let ways: [(&str, Way); 3] = [
        ("an update", |vault, id| {
            vault.update(id, &Update::new().denied_networks([network("10.0.0.0/8")]), &act()).expect("updated");
        }),
        ("an import", |vault, _| {
            let key = NewApiKey::new("n").deny_network(network("10.0.0.0/8"));
            let token = SecretText::new("acme_9m83fei8pNM5igsr4MGeVKFk5wsCqbet".into());
            vault.import(&[ImportedKey::new(token, key)], &act()).expect("imported");
        }),
        ("an import line", |vault, _| {
            let line = r#"{"token":"acme_9m83fei8pNM5igsr4MGeVKFk5wsCqbet","name":"n","denied_networks":["10.0.0.0/8"],"wildcard_scopes":true}"#;
            let key = ImportedKey::parse(line).expect("a line");
            assert!(ImportedKey::parse(key.to_line().expose()).is_ok());
            let id = vault.import(&[key], &act()).expect("imported")[0];
            let shown = vault.show(id).expect("there");
            assert_eq!((shown.denied_networks, shown.wildcard_scopes), (vec![network("10.0.0.0/8")], true));
        }),
    ];
    for (what, way) in ways {
        let store = MemoryStore::new();
        let vault = Vault::create(store.clone(), Keys::generate(1).only([1]), &act()).expect("vault");
        let id = vault.issue(&NewApiKey::new("n"), &act()).expect("issued").id;
        assert!(!names_deny_lists(&store), "before {what}");
        way(&vault, id);
        assert!(names_deny_lists(&store), "{what}");
    }
}

#[test]
fn the_first_deny_list_waits_for_the_end_of_a_rotation_and_later_ones_do_not() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(3));
    Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let vault = Vault::open(store.clone(), keys.only([1, 2, 3])).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("n"); 20], &act()).expect("issued");
    let denied = NewApiKey::new("n").deny_network(network("10.0.0.0/8"));
    let issue_in_rotation = |to: u32| {
        let mut seen = vec![];
        let options = RotateOptions::new()
            .batch(std::num::NonZeroUsize::MIN)
            .to(strongroom::MasterKeyVersion::try_from(to).expect("a version"));
        let report = vault.rotate(&options, &act(), |at| {
            if at.phase == Phase::Sweep && seen.is_empty() {
                seen.push(vault.issue(&denied, &act()).map(drop).map_err(|error| error.code()));
            }
        });
        assert_eq!(report.expect("rotated").outcome, RotationOutcome::Finished);
        seen
    };
    assert_eq!(issue_in_rotation(2), [Err("rotation-open")]);
    assert!(!names_deny_lists(&store));
    vault.issue(&denied, &act()).expect("issued");
    assert_eq!(issue_in_rotation(3), [Ok(())]);
    assert!(vault.doctor(|_| {}).expect("looked").symptoms.is_empty());
}

#[test]
fn threads_that_issue_deny_lists_at_once_all_succeed() {
    let store = MemoryStore::new();
    let vault = VaultOptions::new().create(store.clone(), Keys::generate(1).only([1]), &act()).expect("vault");
    std::thread::scope(|scope| {
        for at in 0..8 {
            let vault = vault.clone();
            scope.spawn(move || {
                for n in 0..10 {
                    let key = NewApiKey::new(format!("{at} {n}"));
                    let key = if n % 2 == at % 2 { key.deny_network(network("10.0.0.0/8")) } else { key };
                    vault.issue(&key, &act()).expect("issued");
                }
            });
        }
    });
    assert!(names_deny_lists(&store));
    assert_eq!(vault.status().expect("status").record_count(), 80);
    assert!(vault.doctor(|_| {}).expect("looked").symptoms.is_empty());
}

#[test]
fn a_scope_stands_for_others_only_where_the_api_key_says_so() {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let key = || NewApiKey::new("n").scopes(["invoices:*", "files/read"]);
    let exact = vault.issue(&key(), &act()).expect("issued");
    let wild = vault.issue(&key().wildcard_scopes(true), &act()).expect("issued");
    let has = |issued: &Issued, scope: &str| {
        let admitted = refusal(&vault, issued, &Request::new().scope(scope)).is_none();
        assert_eq!(vault.show(issued.id).expect("there").has_scope(scope), admitted, "{scope}");
        admitted
    };
    for (scope, of_exact, of_wild) in [
        ("invoices:*", true, true),
        ("invoices:read", false, true),
        ("invoices:", false, false),
        ("invoice", false, false),
        ("files/read", true, true),
        ("files/write", false, false),
    ] {
        assert_eq!((has(&exact, scope), has(&wild, scope)), (of_exact, of_wild), "{scope}");
    }
    let either = Request::new().any_of(["files/write", "invoices:read"]);
    assert_eq!((refusal(&vault, &exact, &either), refusal(&vault, &wild, &either)), (Some(Refusal::Scope), None));
    vault.update(exact.id, &Update::new().wildcard_scopes(true), &act()).expect("updated");
    vault.update(wild.id, &Update::new().wildcard_scopes(false), &act()).expect("updated");
    assert!(has(&exact, "invoices:read") && !has(&wild, "invoices:read"));
    let bad = vault.update(exact.id, &Update::new().scopes(["inv*"]), &act()).expect_err("it has wildcards");
    assert!(matches!(bad.into_detail(), Detail::Limit(LimitError::ScopeWildcard)));
    vault.update(wild.id, &Update::new().scopes(["inv*"]), &act()).expect("a scope of that name");
    vault.update(wild.id, &Update::new().wildcard_scopes(true), &act()).expect_err("that would stand for nothing");
}
