//! Many API keys changed in one commit: each is told apart, and none of them fails its neighbours.

use std::io;
use std::time::Duration;

use crate::support::past::{copied, damage_listed_record, damage_record, overwrite, row_key};
use crate::support::{Keys, act};
use strongroom::audit::{Action, AuditEntry, Outcome};
use strongroom::rotation::RotateOptions;
use strongroom::store::{Rows, Table};
use strongroom::{ApiKeyId, Error, Issued, MemoryStore, NewApiKey, Reissue, Request, Status, Timestamp, Update, Vault};

fn made(count: usize) -> (MemoryStore, Keys, Vault, Vec<Issued>) {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("n{n}"))).collect();
    let issued = vault.issue_many(&new, &act()).expect("issued");
    (store, keys, vault, issued)
}

fn ids(issued: &[Issued]) -> Vec<ApiKeyId> {
    issued.iter().map(|issued| issued.id).collect()
}

/// The codes of those that failed, with their places.
fn failed<T>(each: &[Result<T, Error>]) -> Vec<(usize, &'static str)> {
    each.iter().enumerate().filter_map(|(at, one)| Some((at, one.as_ref().err()?.code()))).collect()
}

fn entries_after(vault: &Vault, seq: u64) -> Vec<AuditEntry> {
    let all = vault.audit_entries(None, usize::MAX).expect("entries").items;
    all.into_iter().filter(|entry| entry.seq > seq).collect()
}

#[test]
fn of_many_changed_together_each_is_told_apart() {
    let (store, _, vault, issued) = made(8);
    let mut ids = ids(&issued);
    vault.suspend(ids[1], &act()).expect("suspended");
    vault.revoke(ids[2], &act()).expect("revoked");
    damage_listed_record(&store, 3);
    damage_record(&store, 4);
    let unknown: ApiKeyId = "01000000000000000000000000".parse().expect("an id");
    ids[5] = unknown;
    let before = vault.audit_end().expect("an end").seq();

    let each = vault.suspend_many(&ids, &act()).expect("a commit");
    let expected = [(2, "revoked"), (3, "record-unreadable"), (4, "record-unreadable"), (5, "not-found")];
    assert_eq!(failed(&each), expected);
    assert_eq!(each.iter().flatten().collect::<Vec<_>>(), [&true, &false, &true, &true]);
    let entries = entries_after(&vault, before);
    let told: Vec<_> = entries.iter().map(|entry| (entry.key, entry.outcome)).collect();
    let done = [0, 6, 7].map(|at| (Some(ids[at]), Outcome::Done));
    let refused = [2, 5].map(|at| (Some(ids[at]), Outcome::Refused));
    assert_eq!(told, [&done[..], &refused].concat());
    assert!(entries.iter().all(|entry| entry.act == entries[0].act && entry.action == Action::Suspend), "one commit");
    for at in [0, 1, 6, 7] {
        assert_eq!(vault.show(ids[at]).expect("shown").status(Timestamp::now()), Status::Suspended);
    }

    // A revocation needs nothing of the secret.
    let each = vault.revoke_many(&ids, &act()).expect("a commit");
    assert_eq!(failed(&each), [(3, "record-unreadable"), (5, "not-found")]);
    assert_eq!(each.iter().flatten().collect::<Vec<_>>(), [&true, &true, &false, &true, &true, &true]);
    let each = vault.update_many(&ids, &Update::new().name("m"), &act()).expect("a commit");
    assert_eq!(failed(&each).len(), 8, "{:?}", failed(&each));
    assert!(vault.verify_audit().is_ok());
}

#[test]
fn where_all_are_refused_nothing_but_the_refusals_is_written() {
    let (_, _, vault, issued) = made(3);
    let ids = ids(&issued);
    vault.revoke_many(&ids, &act()).expect("revoked");
    let before = vault.audit_end().expect("an end").seq();
    let each = vault.resume_many(&ids, &act()).expect("judged");
    assert_eq!(failed(&each), [(0, "revoked"), (1, "revoked"), (2, "revoked")]);
    let entries = entries_after(&vault, before);
    assert!(entries.len() == 3 && entries.iter().all(|entry| entry.outcome == Outcome::Refused), "{entries:?}");
}

#[test]
fn an_id_that_stands_twice_is_changed_once() {
    let (_, _, vault, issued) = made(2);
    let [first, second] = [issued[0].id, issued[1].id];
    let each = vault.revoke_many(&[first, second, first, first], &act()).expect("commits");
    assert_eq!(each.into_iter().map(|one| one.expect("done")).collect::<Vec<_>>(), [true, true, false, false]);
    let each = vault.reissue_many_keeping(&[first, first], &Reissue::new(), &act(), |_| Ok(())).expect("judged");
    assert_eq!(failed(&each), [(0, "revoked"), (1, "revoked")]);
    assert_eq!(vault.revoke_many(&[], &act()).expect("nothing").len(), 0);
}

#[test]
fn a_record_that_was_put_back_fails_alone() {
    let (store, _, vault, issued) = made(4);
    let ids = ids(&issued);
    vault.catch_up().expect("followed");
    let copy = copied(&store);
    vault.suspend(ids[1], &act()).expect("suspended");
    let row = row_key(ids[1]);
    let old = copy.iter().find(|(table, key, _)| *table == Table::Keys && *key == row).expect("a record").2.clone();
    overwrite(&store, Table::Keys, &row, Some(old));
    let each = vault.update_many(&ids, &Update::new().name("m"), &act()).expect("a commit");
    assert_eq!(failed(&each), [(1, "record-unreadable")]);
    assert_eq!(vault.show(ids[2]).expect("shown").name, "m");
    // A revocation is written over it all the same.
    let each = vault.revoke_many(&ids, &act()).expect("a commit");
    assert!(each.iter().all(|one| matches!(one, Ok(true))), "{each:?}");
    assert_eq!(vault.show(ids[1]).expect("shown").status(Timestamp::now()), Status::Revoked);
}

#[test]
fn what_another_process_moved_to_a_new_generation_is_read_again() {
    let (store, keys, vault, issued) = made(3);
    let ids = ids(&issued);
    let late = Vault::open(store.clone(), keys.only([1, 2])).expect("opened");
    drop(vault);
    let other = Vault::open(store, keys.only([1, 2])).expect("opened");
    other.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    // Under the keyring that it knows none of them opens.
    let each = late.suspend_many(&ids, &act()).expect("a commit");
    assert!(each.iter().all(|one| matches!(one, Ok(true))), "{each:?}");
}

#[test]
fn many_are_reissued_only_once_their_tokens_are_kept() {
    let (_, _, vault, issued) = made(6);
    let mut ids = ids(&issued);
    vault.revoke(ids[2], &act()).expect("revoked");
    ids.swap(0, 5);
    let reissue = Reissue::new().grace(Duration::from_secs(60));
    let refused = vault.reissue_many_keeping(&ids, &reissue, &act(), |_| Err(io::ErrorKind::StorageFull.into()));
    assert_eq!(refused.expect_err("not kept").code(), "token-not-kept");
    assert!(ids.iter().all(|id| vault.show(*id).expect("shown").replaced_by.is_none()), "nothing was done");

    let mut kept = vec![];
    let each = vault.reissue_many_keeping(&ids, &reissue, &act(), |issued| {
        assert!(issued.iter().all(|new| vault.show(new.id).is_err()), "none of them is there yet");
        kept.extend(issued.iter().map(|new| (new.replaces.expect("one").id, new.id, new.token.expose().to_owned())));
        Ok(())
    });
    let each = each.expect("a commit");
    assert_eq!(failed(&each), [(2, "revoked")]);
    assert_eq!(kept.len(), 5);
    for (old, new, token) in kept {
        assert_eq!(vault.show(old).expect("shown").replaced_by, Some(new));
        let key = vault.verify(&token, &Request::new()).expect("valid");
        assert_eq!((key.id, key.replaces), (new, Some(old)));
    }
    assert!(vault.doctor(|_| {}).expect("doctor").symptoms.is_empty());
    let scanned = vault.audit_entries(None, usize::MAX).expect("entries").items;
    let acts: Vec<_> =
        scanned.iter().filter(|entry| entry.outcome == Outcome::Done).map(|entry| entry.action).collect();
    let pairs = acts.windows(2).filter(|pair| pair == &[Action::Reissue, Action::Issue]).count();
    assert_eq!(pairs, 5, "each old one, and after it the new one");
}

#[test]
fn two_writers_of_many_lose_nothing() {
    let (store, keys, vault, issued) = made(60);
    let ids = ids(&issued);
    std::thread::scope(|scope| {
        for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
            let vault = Vault::open(store.clone(), keys.only([1])).expect("opened");
            let ids = &ids;
            scope.spawn(move || {
                for some in ids.chunks(7 + at) {
                    let update = Update::new().attribute(name, "1");
                    vault
                        .update_many(some, &update, &act())
                        .expect("a commit")
                        .into_iter()
                        .for_each(|one| assert!(one.expect("done")));
                }
            });
        }
    });
    for id in &ids {
        assert_eq!(vault.show(*id).expect("shown").attributes.len(), 3);
    }
    assert_eq!(store.scan(Table::Keys, None, 100).expect("rows").len(), 61);
    assert!(vault.doctor(|_| {}).expect("doctor").symptoms.is_empty());
}
