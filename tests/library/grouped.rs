//! Changes of several threads that wait for one another go into one commit: each with its own entry and its own answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::support::between::{Between, Through};
use crate::support::{Keys, act};
use strongroom::audit::AuditEntry;
use strongroom::store::{Batch, CommitError, Store, StoreError};
use strongroom::{ApiKeyId, Issued, MemoryStore, NewApiKey, Request, Update, Vault};

/// A store whose next commit waits until it is let go, and that counts them.
#[derive(Default)]
struct Gate {
    commits: AtomicUsize,
    shut: Mutex<bool>,
    opened: Condvar,
    arrived: AtomicBool,
    /// What becomes of the next commit but one.
    then: Mutex<Option<Then>>,
}

#[derive(Clone, Copy)]
enum Then {
    InDoubt,
    Panic,
    /// Nothing of it happens.
    Full,
}

impl Between for Gate {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let mut shut = self.shut.lock().expect("sound");
        if *shut {
            self.arrived.store(true, Ordering::SeqCst);
            while *shut {
                shut = self.opened.wait(shut).expect("sound");
            }
            self.commits.fetch_add(1, Ordering::SeqCst);
            return rows.commit(batch);
        }
        drop(shut);
        self.commits.fetch_add(1, Ordering::SeqCst);
        let then = self.then.lock().map_or(None, |mut then| then.take());
        match then {
            None => rows.commit(batch),
            Some(Then::InDoubt) => {
                rows.commit(batch)?;
                Err(StoreError::in_doubt("the test cut it off").into())
            }
            Some(Then::Panic) => panic!("the test has the commit panic"),
            Some(Then::Full) => Err(StoreError::Full.into()),
        }
    }
}

struct Grouped {
    vault: Vault,
    store: Through<Gate>,
    keys: Keys,
    issued: Vec<Issued>,
}

impl Grouped {
    fn new() -> Self {
        let (store, keys) = (Through::<Gate>::default(), Keys::generate(1));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("n"); 16], &act()).expect("issued");
        Self { vault, store, keys, issued }
    }

    fn id(&self, at: usize) -> ApiKeyId {
        self.issued[at].id
    }

    /// Does all of it while one commit, an issue, is under way; what came of each, and how many commits it took.
    fn meanwhile<T: Send>(&self, acts: Acts<'_, T>) -> (Vec<std::thread::Result<T>>, usize) {
        let gate = &*self.store;
        *gate.shut.lock().expect("sound") = true;
        gate.arrived.store(false, Ordering::SeqCst);
        let before = gate.commits.load(Ordering::SeqCst);
        let done = std::thread::scope(|scope| {
            let first = scope.spawn(|| self.vault.issue(&NewApiKey::new("first"), &act()).expect("issued"));
            while !gate.arrived.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            let waiting: Vec<_> = acts.into_iter().map(|act| scope.spawn(move || act(&self.vault))).collect();
            // Long enough for each of them to have come; one that comes later takes a commit of its own.
            std::thread::sleep(Duration::from_millis(300));
            *gate.shut.lock().expect("sound") = false;
            gate.opened.notify_all();
            first.join().expect("issued");
            waiting.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        (done, gate.commits.load(Ordering::SeqCst) - before)
    }

    fn log(&self) -> Vec<AuditEntry> {
        self.vault.verify_audit().expect("whole");
        self.vault.audit_entries(None, 1_000).expect("read").items
    }

    fn assert_sound(&self) {
        assert_eq!(self.vault.doctor(|_| {}).expect("doctor").symptoms, []);
        // Also for who has seen nothing of it.
        let other = Vault::open(self.store.rows.clone(), self.keys.only([1])).expect("opened");
        assert_eq!(other.doctor(|_| {}).expect("doctor").symptoms, []);
    }

    fn is_valid(&self, at: usize) -> bool {
        self.vault.verify(self.issued[at].token.expose(), &Request::new()).is_ok()
    }
}

type Acts<'a, T> = Vec<Box<dyn FnOnce(&Vault) -> T + Send + 'a>>;

#[test]
fn changes_that_wait_are_committed_together_each_with_its_own_entry_and_answer() {
    let grouped = Grouped::new();
    let before = grouped.log().len();
    let revoke = |at: usize| {
        let id = grouped.id(at);
        Box::new(move |vault: &Vault| vault.revoke(id, &act()).map(|done| done.to_string())) as Box<_>
    };
    let mut acts: Acts<'_, Result<String, strongroom::Error>> = (0..6).map(revoke).collect();
    acts.push(Box::new(|vault| vault.issue(&NewApiKey::new("late"), &act()).map(|new| new.token.expose().into())));
    let recovered = grouped.id(7);
    acts.push(Box::new(move |vault| vault.recover(recovered, &act()).map(|token| token.expose().into())));
    let (done, commits) = grouped.meanwhile(acts);
    let done: Vec<_> = done.into_iter().map(|done| done.expect("no panic").expect("done")).collect();
    assert!((2..=4).contains(&commits), "{commits} commits for nine changes");
    assert!(done[..6].iter().all(|done| done == "true") && (0..6).all(|at| !grouped.is_valid(at)));
    assert!(grouped.vault.verify(&done[6], &Request::new()).is_ok(), "the token that was shown");
    assert_eq!(done[7], grouped.issued[7].token.expose());
    assert_eq!(grouped.log().len(), before + 9, "an entry for each");
    grouped.assert_sound();
}

#[test]
fn one_that_is_refused_or_has_nothing_to_do_fails_none_of_its_neighbours() {
    let grouped = Grouped::new();
    grouped.vault.revoke(grouped.id(0), &act()).expect("revoked");
    let name = |at: usize| {
        let id = grouped.id(at);
        Box::new(move |vault: &Vault| vault.update(id, &Update::new().name("m"), &act()).map(drop)) as Box<_>
    };
    let unknown: ApiKeyId = "01m8q5t09r5cntr6rattv2496q".parse().expect("an id");
    let mut acts: Acts<'_, Result<(), strongroom::Error>> = (0..4).map(name).collect();
    acts.push(Box::new(move |vault| vault.suspend(unknown, &act()).map(drop)));
    let again = grouped.id(0);
    acts.push(Box::new(move |vault| vault.revoke(again, &act()).map(drop)));
    let (done, _) = grouped.meanwhile(acts);
    let codes: Vec<_> =
        done.into_iter().map(|done| done.expect("no panic").map_or_else(|error| error.code(), |()| "done")).collect();
    assert_eq!(codes, ["revoked", "done", "done", "done", "not-found", "done"]);
    assert!((1..4).all(|at| grouped.vault.show(grouped.id(at)).expect("there").name == "m"));
    grouped.assert_sound();
}

#[test]
fn what_two_of_them_have_to_do_with_is_not_in_the_same_commit() {
    for _ in 0..5 {
        let grouped = Grouped::new();
        let id = grouped.id(0);
        let acts: Acts<'_, Result<bool, strongroom::Error>> = vec![
            Box::new(move |vault| vault.suspend(id, &act())),
            Box::new(move |vault| vault.suspend(id, &act())),
            Box::new(move |vault| vault.revoke(id, &act())),
            Box::new(move |vault| vault.recover(id, &act()).map(|_| true)),
            Box::new(move |vault| vault.update(id, &Update::new().name("m"), &act()).map(|_| true)),
        ];
        let (done, _) = grouped.meanwhile(acts);
        let done: Vec<_> = done.into_iter().map(|done| done.expect("no panic").is_ok_and(|done| done)).collect();
        assert!(done[2] && done[3], "{done:?}");
        assert!(!(done[0] && done[1]), "it was suspended twice");
        assert!(!grouped.is_valid(0));
        grouped.assert_sound();
    }
}

#[test]
fn a_commit_in_doubt_is_in_doubt_for_all_that_joined_it() {
    for then in [Then::InDoubt, Then::Panic] {
        let grouped = Grouped::new();
        *grouped.store.then.lock().expect("sound") = Some(then);
        let revoke = |at: usize| {
            let id = grouped.id(at);
            Box::new(move |vault: &Vault| vault.revoke(id, &act())) as Box<_>
        };
        let (done, _) = grouped.meanwhile((0..6).map(revoke).collect::<Acts<'_, Result<bool, strongroom::Error>>>());
        let mut said: Vec<_> = done
            .into_iter()
            .map(|done| match done {
                Ok(Ok(_)) => "done",
                Ok(Err(error)) => error.code(),
                Err(_) => "panicked",
            })
            .collect();
        said.sort_unstable();
        // Those that came late have a commit of their own.
        let doubtful = said.iter().filter(|said| **said == "commit-in-doubt").count();
        let panicked = said.iter().filter(|said| **said == "panicked").count();
        assert_eq!(panicked, usize::from(matches!(then, Then::Panic)), "{said:?}");
        assert!(
            doubtful >= 2 && said.iter().all(|said| ["done", "commit-in-doubt", "panicked"].contains(said)),
            "{said:?}"
        );
        // Nobody waits for ever, and the next change is made.
        grouped.vault.issue(&NewApiKey::new("next"), &act()).expect("issued");
        grouped.assert_sound();
    }
}

#[test]
fn what_did_not_happen_each_tries_by_itself() {
    let grouped = Grouped::new();
    *grouped.store.then.lock().expect("sound") = Some(Then::Full);
    let revoke = |at: usize| {
        let id = grouped.id(at);
        Box::new(move |vault: &Vault| vault.revoke(id, &act())) as Box<_>
    };
    let (done, _) = grouped.meanwhile((0..6).map(revoke).collect::<Acts<'_, Result<bool, strongroom::Error>>>());
    let failed = done.iter().filter(|done| done.as_ref().is_ok_and(Result::is_err)).count();
    assert_eq!(failed, 1, "the disk was full for one commit, and one heard of it");
    assert_eq!((0..6).filter(|at| grouped.is_valid(*at)).count(), 1);
    grouped.assert_sound();
}

#[test]
fn beside_another_process_each_change_is_made_once() {
    let grouped = Grouped::new();
    let other = Vault::open(grouped.store.rows.clone(), grouped.keys.only([1])).expect("opened");
    let before = grouped.log().len();
    std::thread::scope(|scope| {
        for vault in [&grouped.vault, &grouped.vault, &grouped.vault, &other, &other] {
            scope.spawn(move || {
                for _ in 0..40 {
                    vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
                }
            });
        }
    });
    assert_eq!(grouped.log().len(), before + 200);
    assert_eq!(grouped.vault.status().expect("status").record_count(), 216);
    grouped.assert_sound();
}
