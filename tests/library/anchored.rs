//! An anchor: what a machine saw of a vault last, kept where who writes the store cannot write.
#![cfg(unix)]

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::past::{Copied, copied, overwrite, put_back};
use crate::support::{Keys, act, version};
use strongroom::anchor::{Anchor, AnchorFault, AnchorStatement};
use strongroom::error::Detail;
use strongroom::policy::Policy;
use strongroom::rotation::RotateOptions;
use strongroom::store::{Rows, Table};
use strongroom::{
    Error, ErrorKind, MemoryStore, NewApiKey, Request, Vault, VaultOptions, Verifier, VerifierKeys, VerifyError,
};

/// One that is kept in memory, and can be made to fail.
#[derive(Clone, Default)]
struct Shelf(Arc<Inside>);

#[derive(Default)]
struct Inside {
    text: Mutex<Option<String>>,
    full: AtomicBool,
    broken: AtomicBool,
}

impl Shelf {
    fn text(&self) -> Option<String> {
        self.0.text.lock().expect("whole").clone()
    }

    fn put(&self, text: Option<String>) {
        *self.0.text.lock().expect("whole") = text;
    }

    fn held(&self) -> AnchorStatement {
        AnchorStatement::parse(&self.text().expect("an anchor"), "shelf").expect("whole")
    }
}

impl Anchor for Shelf {
    fn read(&self) -> Result<Option<String>, AnchorFault> {
        Ok(self.text())
    }

    fn prepare(&self) -> io::Result<()> {
        if self.0.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> io::Result<()> {
        if self.0.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the medium is gone"));
        }
        let mut text = self.0.text.lock().expect("whole");
        if let Some(next) = next(text.as_deref()) {
            *text = Some(next);
        }
        Ok(())
    }

    fn place(&self) -> String {
        "shelf".into()
    }
}

struct Scene {
    keys: Keys,
    store: MemoryStore,
    shelf: Shelf,
    vault: Vault,
}

impl Scene {
    fn new() -> Self {
        let (keys, store, shelf) = (Keys::generate(3), MemoryStore::new(), Shelf::default());
        let options = VaultOptions::new().anchor(shelf.clone());
        let vault = options.create(store.clone(), keys.only([1]), &act()).expect("vault");
        Self { keys, store, shelf, vault }
    }

    fn open(&self) -> Result<Vault, Error> {
        VaultOptions::new().anchor(self.shelf.clone()).open(self.store.clone(), self.keys.only([1, 2, 3]))
    }

    fn issue(&self) -> strongroom::Issued {
        self.vault.issue(&NewApiKey::new("n"), &act()).expect("issued")
    }

    fn back_to(&self, then: &Copied) {
        put_back(&self.store, then, |_, _| true);
    }
}

fn fault(error: &Error) -> &AnchorFault {
    match error.detail() {
        Detail::Anchor(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_anchor_is_made_with_the_vault_and_follows_every_commit() {
    let scene = Scene::new();
    assert_eq!(scene.shelf.held().audit_seq, 1);
    let issued = scene.issue();
    scene.vault.suspend(issued.id, &act()).expect("suspended");
    scene.vault.resume(issued.id, &act()).expect("resumed");
    let held = scene.shelf.held();
    assert_eq!((held.audit_seq, held.keyring_revision, held.acts.len()), (4, 1, 1));
    // What another machine commits is kept at the next look.
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    other.issue(&NewApiKey::new("m"), &act()).expect("issued");
    assert_eq!(scene.shelf.held().audit_seq, 4);
    scene.open().expect("opened");
    assert_eq!(scene.shelf.held().audit_seq, 5);
    other.issue(&NewApiKey::new("o"), &act()).expect("issued");
    scene.vault.catch_up().expect("followed");
    assert_eq!(scene.shelf.held().audit_seq, 6);
    let mut wider = VaultOptions::new().anchor(scene.shelf.clone()).to_rotate(true);
    wider = wider.follow(false);
    let rotating = wider.open(scene.store.clone(), scene.keys.only([1, 2])).expect("opened");
    rotating.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(scene.shelf.held().master_key, version(2));
}

#[test]
fn every_earlier_store_is_refused_wherever_it_is_met() {
    let scene = Scene::new();
    let mut moments = vec![copied(&scene.store)];
    let mut saw = || moments.push(copied(&scene.store));
    let issued = scene.issue();
    saw();
    scene.vault.suspend(issued.id, &act()).expect("suspended");
    saw();
    scene.vault.set_policy(&Policy::new().require_owner(true), &act()).expect("set");
    saw();
    let rotating = scene.open().expect("opened");
    rotating.rotate(&RotateOptions::new().to(version(2)), &act(), |_| ()).expect("rotated");
    saw();
    rotating.rotate(&RotateOptions::new().to(version(3)).rewrap_only(true), &act(), |_| ()).expect("rewrapped");
    saw();
    let running = scene.open().expect("opened");
    running.catch_up().expect("followed");
    let now = moments.pop().expect("the last");
    let seen = scene.shelf.held().audit_seq;
    for (at, then) in moments.iter().enumerate() {
        scene.back_to(then);
        let error = scene.open().expect_err("older");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {error}");
        assert!(matches!(fault(&error), AnchorFault::RolledBack { seen: s, .. } if *s == seen), "{at}: {error}");
        assert_eq!(error.code(), "anchor-rolled-back");
        let changed = running.revoke(issued.id, &act()).expect_err("older");
        assert_eq!(changed.kind(), ErrorKind::Corrupt, "{at}: {changed}");
        running.catch_up().expect_err("older");
        assert!(
            matches!(running.verify(issued.token.expose(), &Request::new()), Err(VerifyError::Unavailable(_))),
            "{at}"
        );
        assert_eq!(scene.shelf.held().audit_seq, seen, "it never goes back");
    }
    scene.back_to(&now);
    scene.open().expect("as it was");
}

#[test]
fn a_store_that_went_another_way_is_refused_even_where_it_went_further() {
    let scene = Scene::new();
    let then = copied(&scene.store);
    scene.issue();
    scene.issue();
    scene.back_to(&then);
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("without an anchor it opens");
    for further in [2, 3, 20] {
        while other.audit_end().expect("whole").seq() < further + 1 {
            other.issue(&NewApiKey::new("another way"), &act()).expect("issued");
        }
        let error = scene.open().expect_err("forked");
        assert!(matches!(fault(&error), AnchorFault::Forked { seen: 3, .. }), "{error}");
    }
}

#[test]
fn an_entry_grafted_onto_another_way_does_not_pass() {
    let scene = Scene::new();
    let then = copied(&scene.store);
    scene.issue();
    let seen = scene.shelf.held();
    let line = scene.store.scan(Table::Audit, Some(&1_u64.to_be_bytes()), 1).expect("read").remove(0);
    scene.back_to(&then);
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    other.issue(&NewApiKey::new("another way"), &act()).expect("issued");
    other.issue(&NewApiKey::new("another way"), &act()).expect("issued");
    overwrite(&scene.store, Table::Audit, &line.0, Some(line.1));
    assert_eq!(seen.audit_seq, 2);
    let error = scene.open().expect_err("grafted");
    assert!(matches!(fault(&error), AnchorFault::Forked { .. }), "{error}");
}

#[test]
fn a_keyring_that_went_back_is_refused_beside_a_log_that_did_not() {
    let scene = Scene::new();
    let then = copied(&scene.store);
    scene.vault.set_policy(&Policy::new().require_owner(true), &act()).expect("set");
    let seen = scene.shelf.held();
    assert_eq!((seen.audit_seq, seen.keyring_revision), (2, 2));
    // Another way from before, as long as what was seen and longer, under the keyring of before.
    scene.back_to(&then);
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    for further in [2, 3, 9] {
        while other.audit_end().expect("whole").seq() < further {
            other.issue(&NewApiKey::new("no owner"), &act()).expect("issued");
        }
        let error = scene.open().expect_err("the policy is gone");
        let AnchorFault::KeyringRolledBack { found, found_master_key, seen, seen_master_key, .. } = fault(&error)
        else {
            panic!("{further}: {error}")
        };
        assert_eq!((*found, *seen), (1, 2), "{further}");
        assert_eq!((*found_master_key, *seen_master_key), (version(1), version(1)), "{further}");
        assert_eq!((error.code(), error.kind()), ("anchor-rolled-back", ErrorKind::Corrupt));
    }
    assert_eq!(scene.shelf.held(), seen, "it never goes back");
}

#[test]
fn a_master_key_that_went_back_is_refused_however_often_the_keyring_changed_since() {
    let scene = Scene::new();
    let then = copied(&scene.store);
    let rotating = scene.open().expect("opened");
    rotating.rotate(&RotateOptions::new().to(version(2)).rewrap_only(true), &act(), |_| ()).expect("rewrapped");
    let seen = scene.shelf.held();
    assert_eq!(seen.master_key, version(2));
    scene.back_to(&then);
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    for owner in [true, false, true, false] {
        other.set_policy(&Policy::new().require_owner(owner), &act()).expect("set");
    }
    let error = scene.open().expect_err("the old master key is active again");
    let AnchorFault::KeyringRolledBack { found, found_master_key, seen_master_key, .. } = fault(&error) else {
        panic!("{error}")
    };
    assert!(*found > seen.keyring_revision, "{found}");
    assert_eq!((*found_master_key, *seen_master_key), (version(1), version(2)));
}

#[test]
fn an_anchor_whose_keyring_is_not_that_of_its_head_is_no_anchor() {
    let scene = Scene::new();
    scene.vault.set_policy(&Policy::new().require_owner(true), &act()).expect("set");
    let mut held = scene.shelf.held();
    held.keyring_revision += 1;
    scene.shelf.put(Some(held.to_text()));
    let error = scene.open().expect_err("the signed head says something else");
    assert!(matches!(fault(&error), AnchorFault::Malformed { .. }), "{error}");
}

#[test]
fn an_anchor_that_is_missing_malformed_newer_or_of_another_vault_says_so() {
    let scene = Scene::new();
    let text = scene.shelf.text().expect("an anchor");
    let other = Scene::new().shelf.text().expect("an anchor");
    let cases = [
        (None, "anchor-missing", ErrorKind::Output),
        (Some(String::new()), "anchor-malformed", ErrorKind::Corrupt),
        (Some(text[..text.len() / 2].into()), "anchor-malformed", ErrorKind::Corrupt),
        (Some(text.replace("\"audit_seq\": 1", "\"audit_seq\": 0")), "anchor-malformed", ErrorKind::Corrupt),
        (Some(text.replace("anchor.v1", "anchor.v2")), "anchor-newer", ErrorKind::Newer),
        (Some("{\"schema\":\"strongroom.error.v1\"}".into()), "anchor-malformed", ErrorKind::Corrupt),
        (Some(other), "anchor-other-vault", ErrorKind::Corrupt),
    ];
    for (text, code, kind) in cases {
        scene.shelf.put(text.clone());
        let error = scene.open().expect_err(code);
        assert_eq!((error.code(), error.kind()), (code, kind), "{text:?}");
        let error = scene.vault.issue(&NewApiKey::new("n"), &act()).expect_err(code);
        assert_eq!(error.code(), code);
    }
    // Whatever byte of it is changed, it is refused or says the same of the store.
    scene.shelf.put(Some(text.clone()));
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(edited) = String::from_utf8(bytes) else { continue };
        scene.shelf.put(Some(edited.clone()));
        if scene.open().is_ok() {
            let held = scene.shelf.held();
            let before = AnchorStatement::parse(&text, "shelf").expect("whole");
            assert_eq!(
                (held.audit_hash, held.keyring_hash, held.line),
                (before.audit_hash, before.keyring_hash, before.line),
                "{edited}"
            );
        }
    }
    scene.shelf.put(Some(text));
    scene.open().expect("whole");
    // A store without its vault is no reason to make a new one.
    let fresh = VaultOptions::new().anchor(scene.shelf.clone()).open_or_create(
        MemoryStore::new(),
        scene.keys.only([1]),
        &act(),
    );
    assert!(matches!(fault(&fresh.expect_err("gone")), AnchorFault::NoVault { .. }));
    // Made again, with a reason.
    scene.shelf.put(None);
    let plain = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    assert_eq!(
        plain.init_anchor(scene.shelf.clone(), &strongroom::Act::by("a")).expect_err("no reason").code(),
        "invalid-act"
    );
    plain.init_anchor(scene.shelf.clone(), &act()).expect("made");
    assert_eq!(plain.init_anchor(scene.shelf.clone(), &act()).expect_err("there").code(), "anchor-exists");
    scene.open().expect("whole");
}

#[test]
fn what_cannot_be_kept_is_not_done_and_what_was_done_is_kept_before_the_next() {
    let scene = Scene::new();
    let entries = || scene.vault.audit_end().expect("whole").seq();
    scene.shelf.0.full.store(true, Ordering::SeqCst);
    let before = entries();
    let error = scene.vault.issue(&NewApiKey::new("n"), &act()).expect_err("no room for the anchor");
    assert_eq!((error.code(), error.kind(), entries()), ("anchor-unwritten", ErrorKind::Output, before));
    scene.shelf.0.full.store(false, Ordering::SeqCst);
    // The medium breaks between the commit and the anchor: the act is done, and said to be.
    scene.shelf.0.broken.store(true, Ordering::SeqCst);
    let issued = scene.issue();
    assert!(scene.vault.anchor_behind().is_some());
    assert_eq!((entries(), scene.shelf.held().audit_seq), (before + 1, before));
    scene.vault.verify(issued.token.expose(), &Request::new()).expect("verification goes on");
    let error = scene.vault.revoke(issued.id, &act()).expect_err("it waits");
    assert_eq!((error.code(), entries()), ("anchor-unwritten", before + 1));
    scene.shelf.0.broken.store(false, Ordering::SeqCst);
    scene.vault.revoke(issued.id, &act()).expect("revoked");
    assert_eq!((scene.vault.anchor_behind(), scene.shelf.held().audit_seq), (None, before + 2));
}

#[test]
fn after_a_restore_the_anchor_waits_to_be_told() {
    let scene = Scene::new();
    let issued = scene.issue();
    let then = copied(&scene.store);
    scene.vault.revoke(issued.id, &act()).expect("revoked");
    scene.back_to(&then);
    scene.open().expect_err("older");
    let plain = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    let held = plain.accept_anchor(scene.shelf.clone(), plain.audit_end().expect("whole"), &act()).expect("accepted");
    let last = held.acts.last().expect("two acts");
    assert_eq!((last.from, last.to, held.acts.len()), (Some(3), 2, 2));
    scene.open().expect("accepted");
    // A process that saw what was given up goes on refusing.
    let error = scene.vault.issue(&NewApiKey::new("n"), &act()).expect_err("it saw more");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_verifier_holds_to_an_anchor_and_writes_none_but_its_own() {
    let scene = Scene::new();
    let key = || scene.vault.issue_verifier_key(version(1), &act()).expect("derived");
    let (first, second) = (key(), key());
    let then = copied(&scene.store);
    let open = |key| {
        let mut keys = VerifierKeys::default();
        keys.insert(version(1), key).expect("new");
        VaultOptions::new().anchor(scene.shelf.clone()).open_verifier(scene.store.clone(), keys)
    };
    let verifier = open(first).expect("opened");
    let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    other.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let held = scene.shelf.held().audit_seq;
    verifier.catch_up().expect("followed");
    assert_eq!(scene.shelf.held().audit_seq, held, "a shared one is not a verifier's to write");
    scene.issue();
    scene.back_to(&then);
    assert!(matches!(fault(&open(second).map(drop).expect_err("older")), AnchorFault::RolledBack { .. }));
    verifier.catch_up().expect_err("older");
    let _: &Verifier = &verifier;
}

#[test]
fn an_older_store_is_refused_as_one_also_where_its_master_key_is_not_there_any_more() {
    let scene = Scene::new();
    let before = copied(&scene.store);
    let rotating = scene.open().expect("opened");
    rotating.rotate(&RotateOptions::new().to(version(2)), &act(), |_| ()).expect("rotated");
    scene.back_to(&before);
    let open = || VaultOptions::new().anchor(scene.shelf.clone()).open(scene.store.clone(), scene.keys.only([2]));
    let refused = open().map(drop).expect_err("older");
    assert!(matches!(fault(&refused), AnchorFault::RolledBack { .. }), "{refused}");
}

#[test]
fn a_garbled_entry_does_not_keep_the_anchor_from_following() {
    let scene = Scene::new();
    let issued = scene.issue();
    let then = copied(&scene.store);
    let seen = scene.shelf.held().audit_seq;
    overwrite(&scene.store, Table::Audit, &seen.to_be_bytes(), Some(b"{}".to_vec()));
    scene.vault.revoke(issued.id, &act()).expect("revoked");
    assert_eq!((scene.shelf.held().audit_seq, scene.vault.anchor_behind()), (seen + 1, None));
    scene.back_to(&then);
    assert!(matches!(fault(&scene.open().expect_err("older")), AnchorFault::RolledBack { .. }));
}

#[test]
fn whoever_saw_less_than_the_anchor_is_held_to_it_as_well() {
    let scene = Scene::new();
    let issued = scene.issue();
    let then = copied(&scene.store);
    let behind = scene.open().expect("opened");
    scene.vault.suspend(issued.id, &act()).expect("suspended");
    scene.back_to(&then);
    // It has not seen the suspension. The anchor has.
    let error = behind.update(issued.id, &strongroom::Update::new().name("m"), &act()).expect_err("older");
    assert!(matches!(fault(&error), AnchorFault::RolledBack { .. }), "{error}");
    behind.catch_up().expect_err("older");
    assert!(matches!(behind.verify(issued.token.expose(), &Request::new()), Err(VerifyError::Unavailable(_))));
}
