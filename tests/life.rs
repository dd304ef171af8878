//! The life of an API key: reissued with a grace, suspended and resumed, revoked now and later, changed.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use strongroom::{
    Action, ApiKeyId, Error, ErrorKind, Issued, LifeError, MemoryStore, NewApiKey, Outcome, Refusal, Reissue, Request,
    Timestamp, Update, Vault, VaultOptions,
};
use support::{Keys, act};

/// A vault whose clock is moved by hand.
struct Room {
    vault: Vault,
    clock: Arc<AtomicI64>,
}

impl Room {
    fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000_000_000));
        let time = Arc::clone(&clock);
        let now = move || Timestamp::from_unix_millis(time.load(Ordering::SeqCst)).expect("in range");
        let keys = Keys::generate(1);
        let vault = VaultOptions::new().clock(now).create(MemoryStore::new(), keys.only([1]), &act()).expect("vault");
        Self { vault, clock }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.clock.load(Ordering::SeqCst)).expect("in range")
    }

    fn at(&self, ahead: Duration) -> Timestamp {
        self.now().saturating_add(ahead)
    }

    fn wait(&self, span: Duration) {
        self.clock.fetch_add(i64::try_from(span.as_millis()).expect("short"), Ordering::SeqCst);
    }

    fn issue(&self, key: &NewApiKey) -> Issued {
        self.vault.issue(key, &act()).expect("issued")
    }

    fn refusal(&self, issued: &Issued) -> Option<Refusal> {
        self.vault.verify(issued.token.expose(), &Request::new()).err().map(|error| error.refusal().expect("judged"))
    }

    fn life<T: std::fmt::Debug>(result: Result<T, Error>) -> LifeError {
        match result {
            Err(Error::Life { source, .. }) => source,
            other => panic!("{other:?}"),
        }
    }

    /// Action, API key and outcome of the entries after the first `skip`.
    fn log(&self, skip: u64) -> Vec<(Action, Option<ApiKeyId>, Outcome)> {
        let entries = self.vault.audit_entries(skip, 1_000).expect("entries");
        entries.iter().map(|entry| (entry.action, entry.key, entry.outcome)).collect()
    }
}

const HOUR: Duration = Duration::from_secs(3_600);
const INSTANT: Duration = Duration::from_millis(1);

#[test]
fn inside_the_grace_both_tokens_work_and_at_its_end_exactly_one_does() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker").owner("acme").scope("read").attribute("plan", "gold"));
    let new = room.vault.reissue(old.id, &Reissue::new().grace(HOUR), &act()).expect("reissued");
    let end = room.at(HOUR);
    assert_eq!(new.replaces.map(|old| (old.id, old.until)), Some((old.id, end)));
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None));
    room.wait(HOUR - Duration::from_secs(1));
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None), "one second before");
    room.wait(Duration::from_secs(1) - INSTANT);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None), "one millisecond before");
    room.wait(INSTANT);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (Some(Refusal::Revoked), None), "at the end");

    let (old, new) = (room.vault.show(old.id).expect("old"), room.vault.show(new.id).expect("new"));
    assert_eq!((old.replaced_by, new.replaces), (Some(new.id), Some(old.id)));
    assert_eq!(
        (&new.name, &new.owner, &new.scopes, &new.attributes),
        (&old.name, &old.owner, &old.scopes, &old.attributes)
    );
    assert_eq!((old.revoke_at, old.revoked_at, old.revoked_since(room.now())), (Some(end), None, Some(end)));
    assert_eq!((new.revoke_at, new.created_at.saturating_add(HOUR)), (None, end));
}

#[test]
fn a_grace_never_passes_the_expiry_that_the_old_one_had() {
    let room = Room::new();
    let end = room.at(HOUR);
    let old = room.issue(&NewApiKey::new("worker").expires_at(end));
    let reissue = Reissue::new().grace(10 * HOUR).expires_at(room.at(100 * HOUR));
    let new = room.vault.reissue(old.id, &reissue, &act()).expect("reissued");
    assert_eq!(new.replaces.map(|old| old.until), Some(end));
    // Not even when the expiry is moved afterwards.
    room.vault.update(old.id, &Update::new().never_expires(), &act()).expect("updated");
    room.wait(HOUR - INSTANT);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None));
    room.wait(INSTANT);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (Some(Refusal::Revoked), None));
}

#[test]
fn without_a_grace_the_old_token_ends_at_once_whatever_becomes_of_the_clock() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker"));
    let new = room.vault.reissue(old.id, &Reissue::new(), &act()).expect("reissued");
    assert_eq!((room.refusal(&old), room.refusal(&new)), (Some(Refusal::Revoked), None));
    room.clock.fetch_sub(3_600_000, Ordering::SeqCst);
    assert_eq!(room.refusal(&old), Some(Refusal::Revoked));
}

#[test]
fn a_reissue_is_two_entries_in_a_row_and_says_what_cannot_be_reissued() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker"));
    let new = room.vault.reissue(old.id, &Reissue::new().grace(HOUR), &act()).expect("reissued");
    assert_eq!(
        room.log(2),
        [(Action::Reissue, Some(old.id), Outcome::Done), (Action::Issue, Some(new.id), Outcome::Done)]
    );
    let again = Room::life(room.vault.reissue(old.id, &Reissue::new(), &act()));
    assert_eq!(again, LifeError::Replaced { by: new.id });
    let newest = room.vault.reissue(new.id, &Reissue::new().grace(HOUR), &act()).expect("the newest of the chain");
    room.vault.revoke(newest.id, &act()).expect("revoked");
    assert_eq!(Room::life(room.vault.reissue(newest.id, &Reissue::new(), &act())), LifeError::Revoked);

    let end = room.at(HOUR);
    let short = room.issue(&NewApiKey::new("short").expires_at(end));
    room.wait(HOUR);
    assert_eq!(Room::life(room.vault.reissue(short.id, &Reissue::new(), &act())), LifeError::Expired { at: end });
    let past = room.vault.reissue(short.id, &Reissue::new().expires_at(room.now()), &act());
    assert!(matches!(Room::life(past), LifeError::Past { .. }));
    let renewed = room.vault.reissue(short.id, &Reissue::new().grace(HOUR).expires_at(room.at(HOUR)), &act());
    let renewed = renewed.expect("with an expiry to come");
    assert_eq!((room.refusal(&short), room.refusal(&renewed)), (Some(Refusal::Revoked), None));
    let refused = room.log(0).into_iter().filter(|(_, _, outcome)| *outcome == Outcome::Refused).count();
    assert_eq!(refused, 4, "each refusal is in the log");
    assert!(room.vault.doctor(|_| {}).expect("doctor").symptoms.is_empty());
}

#[test]
fn an_unknown_api_key_cannot_be_changed_in_any_way() {
    let room = Room::new();
    let other = Room::new().issue(&NewApiKey::new("elsewhere")).id;
    let kinds = [
        room.vault.reissue(other, &Reissue::new(), &act()).err(),
        room.vault.suspend(other, &act()).err(),
        room.vault.resume(other, &act()).err(),
        room.vault.revoke_at(other, room.at(HOUR), &act()).err(),
        room.vault.update(other, &Update::new().name("n"), &act()).err(),
    ];
    assert!(kinds.iter().all(|error| error.as_ref().is_some_and(|error| error.kind() == ErrorKind::NotFound)));
    assert_eq!(room.log(1).len(), kinds.len());
}
