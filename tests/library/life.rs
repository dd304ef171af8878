//! The life of an API key: reissued with a grace, suspended and resumed, revoked now and later, changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::support::{Keys, act};
use proptest::prelude::*;
use strongroom::api_keys::{ImportedKey, LifeError};
use strongroom::audit::{Action, Outcome};
use strongroom::error::Detail;
use strongroom::{
    ApiKeyId, Cursor, Error, ErrorKind, Issued, MemoryStore, NewApiKey, Refusal, Reissue, Request, SecretText,
    Timestamp, Update, Vault, VaultOptions,
};

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

    fn wait(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    fn issue(&self, key: &NewApiKey) -> Issued {
        self.vault.issue(key, &act()).expect("issued")
    }

    fn refusal(&self, issued: &Issued) -> Option<Refusal> {
        self.vault.verify(issued.token.expose(), &Request::new()).err().map(|error| error.refusal().expect("judged"))
    }

    fn life<T: std::fmt::Debug>(result: Result<T, Error>) -> LifeError {
        match result.map_err(Error::into_detail) {
            Err(Detail::Life { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Action, API key and outcome of the entries after the first `skip`.
    fn log(&self, skip: u64) -> Vec<(Action, Option<ApiKeyId>, Outcome)> {
        let entries = self.vault.audit_entries(Some(Cursor::after_audit_entry(skip)), 1_000).expect("entries").items;
        entries.iter().map(|entry| (entry.action, entry.key, entry.outcome)).collect()
    }
}

const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MS: i64 = 3_600_000;

#[test]
fn an_expiry_in_a_span_counts_from_the_issue_by_the_clock_of_the_vault() {
    let room = Room::new();
    let key = NewApiKey::new("made early").expires_in(HOUR);
    room.wait(HOUR_MS * 1_000);
    let issued = room.issue(&key);
    assert_eq!(room.vault.show(issued.id).expect("shown").expires_at, Some(room.at(HOUR)));
    room.wait(HOUR_MS - 1);
    assert_eq!(room.refusal(&issued), None);
    room.wait(1);
    assert_eq!(room.refusal(&issued), Some(Refusal::Expired));

    let later = room.issue(&key);
    assert_eq!(room.vault.show(later.id).expect("shown").expires_at, Some(room.at(HOUR)), "of the same words");
    let imported =
        ImportedKey::new(SecretText::new("legacy".into()), key.clone()).allow_weak(true).created_at(room.now());
    room.wait(HOUR_MS / 2);
    let ids = room.vault.import(&[imported], &act()).expect("imported");
    assert_eq!(room.vault.show(ids[0]).expect("shown").expires_at, Some(room.at(HOUR)), "from the import");

    let never = room.vault.issue(&key.clone().not_before(room.at(HOUR)), &act()).expect_err("it ends as it begins");
    assert_eq!(never.to_string(), "the API key would end before it begins to be valid");
    let last = key.expires_at(room.at(2 * HOUR)).expires_in(None).expires_at(None::<Timestamp>);
    let issued = room.issue(&last);
    assert_eq!(room.vault.show(issued.id).expect("shown").expires_at, Some(room.at(2 * HOUR)), "what was said last");
}

#[test]
fn inside_the_grace_both_tokens_work_and_at_its_end_exactly_one_does() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker").owner("acme").scope("read").attribute("plan", "gold"));
    let new = room.vault.reissue(old.id, &Reissue::new().grace(HOUR), &act()).expect("reissued");
    let end = room.at(HOUR);
    assert_eq!(new.replaces.map(|old| (old.id, old.until)), Some((old.id, end)));
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None));
    room.wait(HOUR_MS - 1_000);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None), "one second before");
    room.wait(999);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None), "one millisecond before");
    room.wait(1);
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
    room.vault.update(old.id, &Update::new().never_expires(true), &act()).expect("updated");
    room.wait(HOUR_MS - 1);
    assert_eq!((room.refusal(&old), room.refusal(&new)), (None, None));
    room.wait(1);
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
    room.wait(HOUR_MS);
    assert_eq!(Room::life(room.vault.reissue(short.id, &Reissue::new(), &act())), LifeError::Expired { at: end });
    let past = room.vault.reissue(short.id, &Reissue::new().expires_at(room.now()), &act());
    assert!(matches!(Room::life(past), LifeError::Past { .. }));
    let renewed = room.vault.reissue(short.id, &Reissue::new().grace(HOUR).expires_at(room.at(HOUR)), &act());
    let renewed = renewed.expect("with an expiry to come");
    assert_eq!((room.refusal(&short), room.refusal(&renewed)), (Some(Refusal::Revoked), None));
    let refused = room.log(0).into_iter().filter(|(_, _, outcome)| *outcome == Outcome::Refused).count();
    assert_eq!(refused, 4, "each refusal is in the log");
    assert!(room.vault.doctor(|_| ()).expect("doctor").symptoms.is_empty());
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

#[test]
fn an_api_key_is_valid_from_its_beginning_and_never_while_it_is_suspended() {
    let room = Room::new();
    let key = room.issue(&NewApiKey::new("worker").not_before(room.at(HOUR)).expires_at(room.at(3 * HOUR)));
    room.wait(HOUR_MS - 1);
    assert_eq!(room.refusal(&key), Some(Refusal::NotYetValid));
    room.wait(1);
    assert_eq!(room.refusal(&key), None);
    assert!(room.vault.suspend(key.id, &act()).expect("suspended"));
    assert!(!room.vault.suspend(key.id, &act()).expect("suspended before"));
    assert_eq!(room.refusal(&key), Some(Refusal::Suspended));
    assert!(room.vault.resume(key.id, &act()).expect("resumed"));
    assert!(!room.vault.resume(key.id, &act()).expect("not suspended"));
    assert_eq!(room.refusal(&key), None);
    // Acts that change nothing leave nothing in the log.
    let acts: Vec<_> = room.log(2).into_iter().map(|(action, ..)| action).collect();
    assert_eq!(acts, [Action::Suspend, Action::Resume]);
    // A suspension stops no clock.
    room.vault.suspend(key.id, &act()).expect("suspended");
    room.wait(2 * HOUR_MS);
    room.vault.resume(key.id, &act()).expect("resumed");
    assert_eq!(room.refusal(&key), Some(Refusal::Expired));
}

#[test]
fn a_revocation_that_is_set_holds_for_the_api_key_issued_in_its_place() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker"));
    let end = room.at(2 * HOUR);
    room.vault.revoke_at(old.id, end, &act()).expect("set");
    let reissue = Reissue::new().grace(HOUR).never_expires(true);
    let new = room.vault.reissue(old.id, &reissue, &act()).expect("reissued");
    let newest = room.vault.reissue(new.id, &Reissue::new().grace(9 * HOUR), &act()).expect("reissued");
    let until = |issued: &Issued| issued.replaces.map(|old| old.until);
    assert_eq!((until(&new), until(&newest)), (Some(room.at(HOUR)), Some(end)));
    room.wait(2 * HOUR_MS - 1);
    assert_eq!((room.refusal(&new), room.refusal(&newest)), (None, None));
    room.wait(1);
    assert_eq!((room.refusal(&new), room.refusal(&newest)), (Some(Refusal::Revoked), Some(Refusal::Revoked)));
}

#[test]
fn a_revocation_that_is_set_moves_to_earlier_times_only() {
    let room = Room::new();
    let key = room.issue(&NewApiKey::new("worker"));
    assert!(matches!(Room::life(room.vault.revoke_at(key.id, room.now(), &act())), LifeError::Past { .. }));
    assert!(room.vault.revoke_at(key.id, room.at(2 * HOUR), &act()).expect("set"));
    let later = Room::life(room.vault.revoke_at(key.id, room.at(3 * HOUR), &act()));
    assert_eq!(later, LifeError::RevokedEarlier { at: room.at(2 * HOUR) });
    assert!(!room.vault.revoke_at(key.id, room.at(2 * HOUR), &act()).expect("the same"));
    assert!(room.vault.revoke_at(key.id, room.at(HOUR), &act()).expect("earlier"));
    room.wait(HOUR_MS - 1);
    assert_eq!(room.refusal(&key), None);
    room.wait(1);
    assert_eq!(room.refusal(&key), Some(Refusal::Revoked));
    let changes = [
        room.vault.suspend(key.id, &act()).err(),
        room.vault.resume(key.id, &act()).err(),
        room.vault.revoke_at(key.id, room.at(HOUR), &act()).err(),
        room.vault.update(key.id, &Update::new().name("n"), &act()).err(),
        room.vault.reissue(key.id, &Reissue::new(), &act()).err(),
    ];
    for error in changes {
        assert!(
            matches!(error.as_ref().map(Error::detail), Some(Detail::Life { fault: LifeError::Revoked, .. })),
            "{error:?}"
        );
    }
    // Said again it holds whatever the clock says.
    assert!(room.vault.revoke(key.id, &act()).expect("revoked"));
    assert!(!room.vault.revoke(key.id, &act()).expect("revoked before"));
    room.wait(-10 * HOUR_MS);
    assert_eq!(room.refusal(&key), Some(Refusal::Revoked));
}

#[test]
fn an_update_changes_what_it_names_and_insists_on_what_was_seen() {
    let room = Room::new();
    let end = room.at(9 * HOUR);
    let key =
        NewApiKey::new("worker").owner("acme").scope("read").attribute("a", "1").attribute("b", "2").expires_at(end);
    let key = room.issue(&key);
    let seen = room.vault.show(key.id).expect("there");
    let update = Update::new().without_owner(true).attribute("b", "3").without_attribute("a").scopes(["write", "read"]);
    let updated = room.vault.update(key.id, &update.clone().expect(seen.revision), &act()).expect("updated");
    assert_eq!((updated.owner.as_deref(), updated.name.as_str(), updated.expires_at), (None, "worker", Some(end)));
    assert_eq!(updated.attributes.into_iter().collect::<Vec<_>>(), [("b".into(), "3".into())]);
    assert_eq!(updated.scopes, ["write", "read"]);
    assert_eq!(room.vault.show(key.id).expect("there").revision, updated.revision);
    // What was seen is no more: nothing changes, and the error says what is.
    let late = Room::life(room.vault.update(key.id, &Update::new().name("late").expect(seen.revision), &act()));
    assert_eq!(late, LifeError::Changed { expected: seen.revision, current: updated.revision });
    // The same again changes nothing, and leaves no entry.
    let entries = room.log(0).len();
    assert_eq!(room.vault.update(key.id, &update, &act()).expect("the same").revision, updated.revision);
    assert_eq!(room.log(0).len(), entries);
    let bad = [
        Update::new().name(""),
        Update::new().attribute("k", "v".repeat(9_000)),
        Update::new().scopes(["a b"]),
        Update::new().not_before(room.at(10 * HOUR)),
        Update::new().expires_at(room.now()),
        Update::new().not_before(room.now()),
    ];
    for update in &bad {
        let refused = room.vault.update(key.id, update, &act()).expect_err("a limit");
        assert_eq!(refused.kind(), ErrorKind::Input, "{update:?}");
    }
    assert_eq!(room.vault.show(key.id).expect("there").revision, updated.revision);
    // An expiry moves both ways, and an expired API key comes back with it.
    room.vault.update(key.id, &Update::new().expires_at(room.at(HOUR)), &act()).expect("earlier");
    room.wait(HOUR_MS);
    assert_eq!(room.refusal(&key), Some(Refusal::Expired));
    room.vault.update(key.id, &Update::new().never_expires(true), &act()).expect("none");
    assert_eq!(room.refusal(&key), None);
}

#[test]
fn an_imported_token_is_reissued_in_the_shape_of_strongroom_and_a_suspended_one_stays_so() {
    let room = Room::new();
    let imported =
        ImportedKey::new(SecretText::new("legacy/1".into()), NewApiKey::new("legacy").owner("acme")).allow_weak(true);
    let id = room.vault.import(&[imported], &act()).expect("imported")[0];
    room.vault.suspend(id, &act()).expect("suspended");
    let new = room.vault.reissue(id, &Reissue::new().grace(HOUR), &act()).expect("reissued");
    assert!(new.token.expose().starts_with("sr_"));
    assert_eq!(room.refusal(&new), Some(Refusal::Suspended));
    room.vault.resume(new.id, &act()).expect("resumed");
    assert_eq!(room.refusal(&new), None);
    let key = room.vault.show(new.id).expect("there");
    assert_eq!((key.imported, key.recoverable, key.owner.as_deref()), (false, true, Some("acme")));
    let recovered = room.vault.recover(new.id, &act()).expect("recovered");
    assert_eq!(recovered.expose(), new.token.expose());
    let other = room.vault.reissue(new.id, &Reissue::new().prefix("my_app"), &act()).expect("reissued");
    assert!(other.token.expose().starts_with("my_app_"));
    let chain = room.vault.chain(new.id).expect("a chain");
    assert_eq!(chain.iter().map(|listed| listed.id).collect::<Vec<_>>(), [id, new.id, other.id]);
    let odd = room.vault.reissue(other.id, &Reissue::new().prefix("No!"), &act()).expect_err("no prefix");
    assert_eq!(odd.kind(), ErrorKind::Input);
    assert!(room.vault.doctor(|_| ()).expect("doctor").symptoms.is_empty());
}

#[test]
fn a_token_that_cannot_be_kept_is_not_issued() {
    let room = Room::new();
    let old = room.issue(&NewApiKey::new("worker"));
    let mut offered = None;
    let failed = room.vault.reissue_keeping(old.id, &Reissue::new(), &act(), |issued| {
        offered = Some((issued.id, issued.token.expose().to_owned()));
        Err(std::io::ErrorKind::StorageFull.into())
    });
    assert!(matches!(failed.as_ref().map_err(Error::detail), Err(Detail::NotKept { .. })));
    let (id, token) = offered.expect("it was called");
    assert_eq!(room.vault.show(id).expect_err("it is not there").kind(), ErrorKind::NotFound);
    assert!(room.vault.verify(&token, &Request::new()).is_err());
    assert_eq!(room.refusal(&old), None, "the old one goes on");
    assert_eq!(room.log(2).len(), 0);
}

/// Something that is done to an API key, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    Issue {
        delay: Option<u8>,
        life: Option<u8>,
    },
    Reissue {
        at: usize,
        grace: u8,
        life: Option<u8>,
    },
    Suspend(usize),
    Resume(usize),
    Revoke(usize),
    RevokeAt {
        at: usize,
        ahead: u8,
    },
    Expire {
        at: usize,
        life: Option<u8>,
    },
    Wait(u8),
    /// To one millisecond before the next moment at which anything changes, and then to it.
    Edge,
}

fn step() -> impl Strategy<Value = Step> {
    let span = || prop::option::of(any::<u8>());
    prop_oneof![
        3 => (span(), span()).prop_map(|(delay, life)| Step::Issue { delay, life }),
        4 => (any::<usize>(), any::<u8>(), span()).prop_map(|(at, grace, life)| Step::Reissue { at, grace, life }),
        1 => any::<usize>().prop_map(Step::Suspend),
        2 => any::<usize>().prop_map(Step::Resume),
        1 => any::<usize>().prop_map(Step::Revoke),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(at, ahead)| Step::RevokeAt { at, ahead }),
        2 => (any::<usize>(), span()).prop_map(|(at, life)| Step::Expire { at, life }),
        2 => any::<u8>().prop_map(Step::Wait),
        5 => Just(Step::Edge),
    ]
}

/// What is known of an API key, kept beside the vault in the plainest way.
#[derive(Default)]
struct Model {
    begin: Option<i64>,
    expiry: Option<i64>,
    suspended: bool,
    revoked: bool,
    /// No later than this, whatever anybody does: graces that ended, expiries that were there at a reissue, revocations.
    end: Option<i64>,
    replaced: bool,
}

impl Model {
    fn expected(&self, now: i64) -> Option<Refusal> {
        if self.revoked || self.end.is_some_and(|end| now >= end) {
            Some(Refusal::Revoked)
        } else if self.expiry.is_some_and(|at| now >= at) {
            Some(Refusal::Expired)
        } else if self.suspended {
            Some(Refusal::Suspended)
        } else {
            self.begin.filter(|at| now < *at).map(|_| Refusal::NotYetValid)
        }
    }

    fn limit(&mut self, end: i64) {
        self.end = Some(self.end.map_or(end, |old| old.min(end)));
    }
}

struct World {
    room: Room,
    known: Vec<(Issued, Model)>,
    entries: usize,
}

impl World {
    fn now(&self) -> i64 {
        self.room.clock.load(Ordering::SeqCst)
    }

    fn time(&self, ahead: u8) -> (i64, Timestamp) {
        let at = self.now() + 1 + i64::from(ahead) * 1_000;
        (at, Timestamp::from_unix_millis(at).expect("in range"))
    }

    fn take(&mut self, step: Step) {
        let (now, vault) = (self.now(), &self.room.vault);
        let at = match step {
            Step::Reissue { at, .. }
            | Step::RevokeAt { at, .. }
            | Step::Expire { at, .. }
            | Step::Suspend(at)
            | Step::Resume(at)
            | Step::Revoke(at) => at,
            _ => 0,
        };
        let at = at.checked_rem(self.known.len()).unwrap_or(0);
        let dead = self.known.get(at).is_some_and(|(_, model)| model.expected(now) == Some(Refusal::Revoked));
        match step {
            Step::Issue { delay, life } => {
                let (begin, expiry) = (delay.map(|delay| self.time(delay)), life.map(|life| self.time(life)));
                let never = begin.zip(expiry).is_some_and(|((begin, _), (expiry, _))| begin >= expiry);
                let key = NewApiKey::new("key").not_before(begin.map(|(_, at)| at));
                let key = key.expires_at(expiry.map(|(_, at)| at));
                let issued = vault.issue(&key, &act());
                assert_eq!(issued.is_err(), never);
                // The refusal is in the audit log as well.
                self.entries += 1;
                let Ok(issued) = issued else { return };
                let model = Model { begin: begin.map(|b| b.0), expiry: expiry.map(|e| e.0), ..Model::default() };
                self.known.push((issued, model));
            }
            Step::Wait(secs) => self.room.wait(i64::from(secs) * 100),
            Step::Edge => {
                let of = |model: &Model| {
                    [model.begin, model.expiry, model.end].into_iter().flatten().filter(|at| *at > now).min()
                };
                let Some(next) = self.known.iter().filter_map(|(_, model)| of(model)).min() else { return };
                self.room.clock.store(next - 1, Ordering::SeqCst);
                self.check();
                self.room.clock.store(next, Ordering::SeqCst);
            }
            _ if self.known.is_empty() => {}
            Step::Reissue { grace, life, .. } => {
                let (span, expiry) = (Duration::from_secs(grace.into()), life.map(|life| self.time(life)));
                let reissue = Reissue::new().grace(span).expires_at(expiry.map(|(_, at)| at));
                let new_expiry = expiry.map(|e| e.0);
                let model = &self.known[at].1;
                let expires = new_expiry.or(model.expiry);
                let never = model.begin.zip(expires).is_some_and(|(begin, end)| begin >= end);
                let refused = dead || model.replaced || expires.is_some_and(|end| end <= now) || never;
                let issued = vault.reissue(self.known[at].0.id, &reissue, &act());
                assert_eq!(issued.is_err(), refused, "{issued:?}");
                self.entries += if refused { 1 } else { 2 };
                let Ok(issued) = issued else { return };
                let old = &mut self.known[at].1;
                let (begin, suspended, end) = (old.begin, old.suspended, old.end);
                let new = Model { begin, expiry: expires, suspended, end, ..Model::default() };
                let end = old.expiry.map_or(i64::MAX, |expiry| expiry).min(now + i64::from(grace) * 1_000).max(now);
                old.replaced = true;
                old.limit(end);
                assert_eq!(issued.replaces.expect("the old one").until.unix_millis(), old.end.expect("set"));
                self.known.push((issued, new));
            }
            Step::Suspend(_) | Step::Resume(_) => {
                let suspend = matches!(step, Step::Suspend(_));
                let id = self.known[at].0.id;
                let done = if suspend { vault.suspend(id, &act()) } else { vault.resume(id, &act()) };
                let model = &mut self.known[at].1;
                let changes = model.suspended != suspend;
                assert_eq!(done.as_ref().ok().copied(), (!dead).then_some(changes));
                self.entries += usize::from(dead || changes);
                model.suspended = if dead { model.suspended } else { suspend };
            }
            Step::Revoke(_) => {
                let (issued, model) = &mut self.known[at];
                let changed = vault.revoke(issued.id, &act()).expect("revoked");
                // One whose grace is over is revoked once more, for clocks that are set back.
                assert!(changed || model.revoked || model.end.is_some());
                self.entries += usize::from(changed);
                model.revoked = true;
            }
            Step::RevokeAt { ahead, .. } => {
                let (moment, time) = self.time(ahead);
                let set = self.known[at].1.end;
                let done = vault.revoke_at(self.known[at].0.id, time, &act());
                let refused = dead || set.is_some_and(|set| set < moment);
                assert_eq!(done.as_ref().ok().copied(), (!refused).then_some(set != Some(moment)), "{done:?}");
                self.entries += usize::from(refused || set != Some(moment));
                if !refused {
                    self.known[at].1.limit(moment);
                }
            }
            Step::Expire { life, .. } => {
                let expiry = life.map(|life| self.time(life));
                let update = Update::new();
                let update = expiry.map_or(update.clone().never_expires(true), |(_, at)| update.expires_at(at));
                let model = &self.known[at].1;
                let never = model.begin.zip(expiry).is_some_and(|(begin, (end, _))| begin >= end);
                let (refused, same) = (dead || never, model.expiry == expiry.map(|e| e.0));
                let done = vault.update(self.known[at].0.id, &update, &act());
                assert_eq!(done.is_err(), refused, "{done:?}");
                self.entries += usize::from(refused || !same);
                if !refused {
                    self.known[at].1.expiry = expiry.map(|e| e.0);
                }
            }
        }
    }

    fn check(&self) {
        for (issued, model) in &self.known {
            assert_eq!(self.room.refusal(issued), model.expected(self.now()), "{:?}", self.room.vault.show(issued.id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_life_of_api_keys_is_that_of_a_plain_model(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World { room: Room::new(), known: vec![], entries: 1 };
        for step in steps {
            world.take(step);
            world.check();
        }
        prop_assert_eq!(world.room.vault.verify_audit().expect("whole"), world.entries as u64);
        let symptoms = world.room.vault.doctor(|_| ()).expect("doctor").symptoms;
        prop_assert_eq!(symptoms, vec![]);
    }
}
