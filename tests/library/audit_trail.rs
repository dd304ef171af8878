//! The audit trail as it is shown, and what an attacker with the store can do to it.

use crate::support::past::{self, copied, put_back};
use crate::support::{Keys, act, generation, version};
use strongroom::api_keys::ImportedKey;
use strongroom::audit::{Action, AuditCheckpoint, AuditFault, AuditFilter, CheckpointFault, Outcome};
use strongroom::error::Detail;
use strongroom::rotation::RotateOptions;
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{Act, ApiKeyId, Cursor, Error, MemoryStore, NewApiKey, SecretText, Vault, Verifier, VerifierKeys};

/// A vault of so many audit entries.
fn vault_of(entries: usize) -> (MemoryStore, Keys, Vault) {
    let (store, keys) = (MemoryStore::new(), Keys::generate(3));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    grow(&vault, entries - 1);
    (store, keys, vault)
}

fn grow(vault: &Vault, entries: usize) {
    vault.issue_many(&vec![NewApiKey::new("key"); entries], &act()).expect("issued");
}

fn overwrite(store: &MemoryStore, seq: u64, value: Option<Vec<u8>>) {
    past::overwrite(store, Table::Audit, &seq.to_be_bytes(), value);
}

fn faults(vault: &Vault, checkpoints: &[AuditCheckpoint]) -> Vec<&'static str> {
    let check = vault.check_audit(checkpoints).expect("checked");
    let of = check.checkpoints.iter().filter_map(|check| check.fault.as_ref().map(CheckpointFault::name));
    check.fault.iter().map(AuditFault::name).chain(of).collect()
}

#[test]
fn a_log_that_grew_agrees_with_its_checkpoints_also_after_a_rotation() {
    let (store, keys, vault) = vault_of(5);
    let early = vault.audit_checkpoint().expect("checkpoint");
    assert_eq!((early.seq, early.records, early.generation), (5, 4, generation(1)));
    assert_eq!(AuditCheckpoint::parse(&early.to_text()), Ok(early.clone()));
    grow(&vault, 3);
    let late = vault.audit_checkpoint().expect("checkpoint");
    let check = vault.check_audit(&[early.clone(), late.clone()]).expect("checked");
    let said: Vec<_> = check.checkpoints.iter().map(|c| (c.authenticated, c.entries_since, &c.fault)).collect();
    assert_eq!((check.entries, check.fault, said), (8, None, vec![(true, 3, &None), (true, 0, &None)]));
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    let check = vault.check_audit(&[early, late]).expect("checked");
    assert!(check.checkpoints.iter().all(|c| c.authenticated && c.fault.is_none()), "{check:?}");
    let mut verifier = VerifierKeys::default();
    verifier.insert(version(2), vault.issue_verifier_key(version(2), &act()).expect("key")).expect("new");
    let verifier = Verifier::open(store, verifier).expect("verifier");
    let made = vault.audit_checkpoint().expect("checkpoint");
    assert!(vault.check_audit(std::slice::from_ref(&made)).expect("checked").checkpoints[0].authenticated);
    assert!(verifier.check_audit(&[made]).expect("checked").checkpoints[0].fault.is_none());
}

#[test]
fn while_a_rotation_is_open_checkpoints_agree() {
    let (store, keys, vault) = vault_of(40);
    let before = vault.audit_checkpoint().expect("checkpoint");
    let vault = Vault::open(store, keys.only([1, 2])).expect("vault");
    let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    vault.rotate(&options, &act(), crate::support::stop_after_one_batch).expect("stopped");
    let amid = vault.audit_checkpoint().expect("checkpoint");
    assert_eq!(amid.records, 39);
    vault.rotate(&options, &act(), crate::support::stop_after_one_batch).expect("stopped");
    assert_eq!(faults(&vault, &[before, amid]), Vec::<&str>::new());
}

/// Every one of a hundred entries edited, deleted, doubled and exchanged; the log cut, put back and forked at each.
#[test]
fn whatever_is_done_to_one_of_a_hundred_entries_is_noticed_and_named() {
    let (store, _, vault) = vault_of(100);
    let checkpoint = vault.audit_checkpoint().expect("checkpoint");
    let whole = copied(&store);
    let all = |_: Table, _: &[u8]| true;
    let line = |seq: u64| store.get(Table::Audit, &seq.to_be_bytes()).expect("readable").expect("an entry");
    let one = std::slice::from_ref(&checkpoint);
    let mut noticed = 0;
    let mut expect = |what: &str, seq: u64, kinds: &[&str]| {
        let found = faults(&vault, one);
        assert!(!found.is_empty() && found.iter().all(|kind| kinds.contains(kind)), "{what} {seq}: {found:?}");
        put_back(&store, &whole, all);
        noticed += 1;
    };
    for seq in 1..=100_u64 {
        let text = String::from_utf8(line(seq)).expect("text");
        overwrite(&store, seq, Some(text.replace("tester", "nobody").into_bytes()));
        expect("edited", seq, &["broken", "end", "forked"]);
        overwrite(&store, seq, None);
        expect("deleted", seq, &["missing", "cut", "rolled-back"]);
        let (mine, other) = (line(seq), line(seq % 100 + 1));
        overwrite(&store, seq, Some(other));
        overwrite(&store, seq % 100 + 1, Some(mine));
        expect("exchanged", seq, &["broken", "forked", "end"]);
        // Inserted: all after it move up by one place.
        for moved in (seq..=100).rev() {
            overwrite(&store, moved + 1, Some(line(moved)));
        }
        expect("inserted", seq, &["broken", "forked", "end"]);
        for cut in seq..=100 {
            overwrite(&store, cut, None);
        }
        expect("cut", seq, &["cut", "missing"]);
    }
    assert_eq!(noticed, 500);
}

#[test]
fn a_store_put_back_or_cut_with_its_head_is_told_by_a_checkpoint_alone() {
    let (store, keys, vault) = vault_of(1);
    let mut copies = vec![copied(&store)];
    for _ in 1..100 {
        grow(&vault, 1);
        copies.push(copied(&store));
    }
    let checkpoint = vault.audit_checkpoint().expect("checkpoint");
    let whole = copied(&store);
    let reopened = || Vault::open(store.clone(), keys.only([1])).expect("opened");
    for copy in &copies[..99] {
        put_back(&store, copy, |_, _| true);
        let vault = reopened();
        assert_eq!(faults(&vault, &[]), Vec::<&str>::new(), "from inside it looks like the truth");
        assert_eq!(faults(&vault, std::slice::from_ref(&checkpoint)), ["rolled-back"]);
        // It goes on from there, past the checkpoint.
        grow(&vault, 100);
        assert_eq!(faults(&vault, std::slice::from_ref(&checkpoint)), ["forked"]);
        put_back(&store, &whole, |_, _| true);
        // Only the log and its head.
        put_back(&store, copy, |table, key| table == Table::Audit || (table == Table::Vault && key == b"head"));
        assert_eq!(faults(&reopened(), std::slice::from_ref(&checkpoint)), ["rolled-back"]);
        put_back(&store, &whole, |_, _| true);
    }
    assert_eq!(faults(&reopened(), &[checkpoint]), Vec::<&str>::new());
}

#[test]
fn every_edit_of_a_checkpoint_is_noticed() {
    let (_, _, vault) = vault_of(20);
    let checkpoint = vault.audit_checkpoint().expect("checkpoint");
    let text = checkpoint.to_text();
    let mut edits = 0;
    for at in 0..text.len() {
        let mut edited = text.clone().into_bytes();
        edited[at] = if edited[at] == b'1' { b'2' } else { b'1' };
        let Some(edited) = std::str::from_utf8(&edited).ok().and_then(|text| AuditCheckpoint::parse(text).ok()) else {
            continue;
        };
        edits += 1;
        assert_eq!(faults(&vault, &[edited]).len(), 1, "byte {at}");
    }
    assert!(edits > 150, "{edits}");
}

#[test]
fn what_is_no_checkpoint_of_this_vault_is_told_apart() {
    let (_, _, vault) = vault_of(5);
    let checkpoint = vault.audit_checkpoint().expect("checkpoint");
    let text = checkpoint.to_text();
    let refused = |text: &str| AuditCheckpoint::parse(text).expect_err("no checkpoint").to_string();
    let root = text.lines().nth(2).expect("a root");
    for malformed in [
        "",
        "{}",
        &text[1..],
        &text[..text.len() - 1],
        &text.replace("\n5\n", "\n05\n"),
        &text.replace(root, &root[1..]),
        &text.replace("\nchain ", "\nchains "),
        &text.replace("\nmaster-key 1\n", "\n"),
        &text.replace("\nkeyring 1 ", "\nkeyring +1 "),
        &text.replace("strongroom/", "elsewhere/"),
    ] {
        assert!(refused(malformed).starts_with("this is no audit checkpoint: "), "{malformed}: {}", refused(malformed));
    }
    // What a witness adds is passed over, and what it signs is all of it.
    let witnessed = format!("{text}\u{2014} witness.example/w1 {}\n", "AAAAAQ".repeat(12));
    let read = AuditCheckpoint::parse(&witnessed).expect("read");
    assert_eq!(read.to_text(), witnessed);
    let (_, _, other) = vault_of(5);
    assert_eq!(faults(&other, &[checkpoint]), ["other-vault"]);
}

#[test]
fn a_checkpoint_from_the_future_is_told() {
    let (store, keys, _) = vault_of(5);
    let at = |shift: u64| {
        let options = strongroom::VaultOptions::new();
        let now = move || strongroom::Timestamp::now().saturating_add(std::time::Duration::from_secs(shift));
        options.clock(now).open(store.clone(), keys.only([1])).expect("vault")
    };
    let checkpoint = at(3_600).audit_checkpoint().expect("checkpoint");
    assert_eq!(faults(&at(0), std::slice::from_ref(&checkpoint)), ["future"]);
    assert_eq!(faults(&at(3_500), &[checkpoint]), Vec::<&str>::new(), "clocks of two machines differ a little");
}

#[test]
fn refused_acts_of_every_kind_are_kept_with_their_cause() {
    let (store, keys, vault) = vault_of(2);
    let id: ApiKeyId = "01000000000000000000000000".parse().expect("an id");
    let import = |token: &str| ImportedKey::new(SecretText::new(token.into()), NewApiKey::new("n")).allow_weak(true);
    vault.import(&[import("taken")], &act()).expect("imported");
    let vault = Vault::open(store, keys.only([1])).map(|_| vault).expect("vault");
    assert!(vault.revoke(id, &act()).is_err());
    assert!(vault.recover(id, &act()).is_err());
    assert!(vault.recover(id, &Act::by("tester")).is_err());
    assert!(vault.issue(&NewApiKey::new(""), &act()).is_err());
    assert!(vault.import(&[import("taken")], &act()).is_err());
    assert!(vault.import(&[import("new"), import("new")], &act()).is_err());
    assert!(vault.issue_verifier_key(version(9), &act()).is_err());
    assert!(vault.issue_verifier_key(version(1), &Act::by("tester")).is_err());
    assert!(vault.rotate(&RotateOptions::new(), &act(), |_| ()).is_err());
    assert!(vault.rotate(&RotateOptions::new().rewrap_only(true), &act(), |_| ()).is_err());
    assert!(vault.rotate(&RotateOptions::new().resume_only(true), &act(), |_| ()).is_err());
    let kept = vault.audit_entries(Some(Cursor::after_audit_entry(3)), 100).expect("entries").items;
    assert!(kept.iter().all(|entry| entry.outcome == Outcome::Refused && entry.actor == "tester"));
    let kept: Vec<_> = kept.iter().map(|entry| (entry.action, entry.cause.as_deref().unwrap_or_default())).collect();
    let expected = [
        (Action::Revoke, "not-found"),
        (Action::Recover, "not-found"),
        (Action::Recover, "invalid-act"),
        (Action::Issue, "limit"),
        (Action::Import, "import-line"),
        (Action::Import, "import-line"),
        (Action::VerifierKey, "master-key-missing"),
        (Action::VerifierKey, "invalid-act"),
        (Action::RotationStarted, "rotation-target"),
        (Action::Rewrap, "rotation-target"),
        (Action::RotationStarted, "no-rotation"),
    ];
    assert_eq!(kept, expected);
    assert_eq!(vault.verify_audit().expect("whole"), 14);
}

#[test]
fn the_log_is_followed_from_a_place_that_was_seen() {
    let (store, _, vault) = vault_of(3);
    let seen = vault.audit_end().expect("end");
    assert_eq!(vault.audit_position(3).expect("place"), seen);
    assert_eq!(vault.audit_since(seen, 10).expect("followed").0, []);
    grow(&vault, 5);
    let (lines, next) = vault.audit_since(seen, 2).expect("followed");
    assert_eq!((lines.len(), lines[0].seq(), next.seq()), (2, 4, 5));
    let whole = copied(&store);
    let fault = |seen| match vault.audit_since(seen, 10).map_err(Error::into_detail) {
        Err(Detail::Audit(fault)) => fault.name(),
        other => panic!("{other:?}"),
    };
    let line = String::from_utf8(store.get(Table::Audit, &7_u64.to_be_bytes()).expect("readable").expect("entry"));
    overwrite(&store, 7, Some(line.expect("text").replace("tester", "nobody").into_bytes()));
    let (lines, at) = vault.audit_since(next, 10).expect("what stands before it is shown");
    assert_eq!((lines.len(), fault(at)), (2, "broken"));
    put_back(&store, &whole, |_, _| true);
    overwrite(&store, 8, None);
    let (_, at) = vault.audit_since(next, 10).expect("what is there is shown");
    assert_eq!(fault(at), "cut");
    put_back(&store, &whole, |_, _| true);
    overwrite(&store, 5, None);
    assert_eq!(fault(next), "missing");
}

#[test]
fn an_edited_last_entry_is_never_shown_as_one_of_the_log() {
    let (store, _, vault) = vault_of(4);
    let places: Vec<_> = (0..=4).map(|seq| vault.audit_position(seq).expect("a place")).collect();
    let line = store.get(Table::Audit, &4_u64.to_be_bytes()).expect("readable").expect("an entry");
    let text = String::from_utf8(line.clone()).expect("text");
    // No entry behind it names its hash: the head alone does. An entry behind the last one is as little of the log.
    let edited = text.replace("tester", "nobody");
    let behind = text.replace(r#""seq":4"#, r#""seq":5"#).replace(
        text.split(r#""prev":""#).nth(1).expect("a hash").split('"').next().expect("a hash"),
        &vault.audit_end().expect("the end").hash(),
    );
    for (seq, bytes) in [(4, edited), (5, behind)] {
        overwrite(&store, seq, Some(bytes.into_bytes()));
        for limit in [1, 2, 10] {
            for seen in &places[..usize::try_from(seq).expect("small")] {
                let mut at = *seen;
                let fault = loop {
                    match vault.audit_since(at, limit) {
                        Ok((lines, end)) => {
                            assert!(
                                lines.iter().all(|line| line.seq() < seq),
                                "entry {seq} is shown, {limit} at a time"
                            );
                            assert!(end.seq() > at.seq(), "it ends without a word, {limit} at a time");
                            at = end;
                        }
                        Err(error) => break error,
                    }
                };
                assert!(matches!(fault.detail(), Detail::Audit(AuditFault::End { .. })), "{fault}");
            }
        }
        overwrite(&store, seq, Some(line.clone()).filter(|_| seq == 4));
    }
    assert_eq!(vault.audit_since(places[0], 10).expect("whole").0.len(), 4);
}

#[test]
fn an_entry_that_is_none_hides_no_other() {
    let (store, _, vault) = vault_of(6);
    overwrite(&store, 3, Some(b"nonsense\xff".to_vec()));
    let mut batch = Batch::new();
    (0..5_u8).for_each(|n| batch.put(Table::Audit, [0, 0, 0, 0, 0, 0, 0, 3, n], b"x".to_vec(), Expected::Absent));
    store.commit(&batch).expect("written");
    let (mut seen, mut after) = (vec![], None);
    loop {
        let page = vault.audit_lines(after, 1).expect("lines");
        let [line] = &page.items[..] else { panic!("{page:?}") };
        seen.push(line.seq());
        assert_eq!(line.entry().is_ok(), line.seq() != 3);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    assert!(
        AuditFilter::new()
            .admits(&vault.audit_entries(Some(Cursor::after_audit_entry(4)), 1).expect("entries").items[0])
    );
}
