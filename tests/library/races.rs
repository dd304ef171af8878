//! What happens between two steps of somebody else, brought about one step at a time.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::between::{Between, Through};
use crate::support::past::{copied, damage_of, edit, overwrite, put_back, row_key};
use crate::support::watched::{Step, Watched, writes};
use crate::support::{Keys, act, stop_after_one_batch};
use crate::weak_tokens::with_check;
use strongroom::api_keys::ImportedKey;
use strongroom::audit::AuditFault;
use strongroom::error::{Detail, RecordError};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Row, Rows, StoreError, Table};
use strongroom::{
    ApiKeyId, ErrorKind, Issued, MemoryStore, NewApiKey, Refusal, Reissue, Request, SecretText, Timestamp, Update,
    Vault, VaultOptions, VerifyError,
};

struct Scene {
    keys: Keys,
    store: MemoryStore,
    issued: Vec<Issued>,
}

impl Scene {
    fn new(count: usize) -> Self {
        let (keys, store) = (Keys::generate(2), MemoryStore::new());
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let mut issued = vault.issue_many(&vec![NewApiKey::new("key").scope("all"); count], &act()).expect("issued");
        issued.sort_by_key(|issued| issued.id);
        Self { keys, store, issued }
    }

    fn open(&self) -> Vault {
        Vault::open(self.store.clone(), self.keys.only([1, 2])).expect("vault")
    }

    /// A vault whose steps are watched.
    fn watched(&self) -> (Watched, Vault) {
        let watched = Watched::over(&self.store);
        let vault = Vault::open(watched.clone(), self.keys.only([1, 2])).expect("vault");
        (watched, vault)
    }

    /// A process with a clock of its own, on an engine that cannot tell whether others are alive.
    fn at(&self, clock: &Arc<AtomicI64>) -> (Watched, Vault) {
        self.over(&self.store, clock)
    }

    fn over(&self, store: &MemoryStore, clock: &Arc<AtomicI64>) -> (Watched, Vault) {
        let (watched, clock) = (Watched::over(store), Arc::clone(clock));
        let now = move || Timestamp::from_unix_millis(clock.load(Ordering::SeqCst)).expect("a time");
        let vault = VaultOptions::new().clock(now).open(watched.clone(), self.keys.only([1, 2])).expect("vault");
        (watched, vault)
    }

    fn id(&self, at: usize) -> ApiKeyId {
        self.issued[at].id
    }

    fn record(&self, at: usize) -> Vec<u8> {
        self.store.get(Table::Keys, &row_key(self.id(at))).expect("read").expect("there")
    }
}

fn batches_of(records: usize) -> RotateOptions {
    RotateOptions::new().batch(NonZeroUsize::new(records).expect("not zero"))
}

fn clock() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(1_900_000_000_000))
}

/// The `was` of each entry of the last act.
fn met_by_the_last_act(vault: &Vault) -> Vec<String> {
    let lines = vault.audit_lines(None, 1_000).expect("lines").items;
    let read = |line: &strongroom::audit::AuditLine| {
        serde_json::from_slice::<serde_json::Value>(line.bytes()).expect("an entry")
    };
    let entries: Vec<_> = lines.iter().map(read).collect();
    let last = &entries.last().expect("an entry")["act"];
    let of_it = entries.iter().filter(|entry| entry["act"] == *last);
    of_it.filter_map(|entry| entry["was"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_token_recovered_with_a_reissue_is_read_from_the_record_that_is_replaced() {
    // Exchanged as soon as it was read, and exchanged back at the next look: whoever reads twice takes the token from one record and
    // replaces the other.
    for exchanges in [1, 2] {
        let scene = Scene::new(1);
        let before = scene.record(0);
        scene.open().update(scene.id(0), &Update::new().scopes(["few"]), &act()).expect("narrowed");
        let (watched, vault) = scene.watched();
        let (rows, row) = (scene.store.clone(), row_key(scene.id(0)));
        let (mut others, mut left) = ([scene.record(0), before], exchanges);
        watched.on(move |step| {
            if matches!(step, Step::Read(Table::Keys)) && left > 0 {
                left -= 1;
                others.swap(0, 1);
                overwrite(&rows, Table::Keys, &row, Some(others[0].clone()));
            }
            Ok(())
        });
        match vault.recover_and_reissue(scene.id(0), &Reissue::new(), &act()) {
            Ok(_) => {
                let met = met_by_the_last_act(&vault);
                assert_eq!(met.len(), 2, "an entry of the recovery and one of the reissue");
                assert_eq!(met[0], met[1], "both met one record, exchanged {exchanges} times");
            }
            // What was read is the one that was put back.
            Err(error) => {
                let differs = matches!(error.detail(), Detail::Record { fault: RecordError::Differs { .. }, .. });
                assert!(differs, "exchanged {exchanges} times: {error}");
            }
        }
    }
}

/// Lets somebody act once, after the first page of API keys was read.
#[derive(Default)]
struct AfterAPage(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Between for AfterAPage {
    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let page = rows.scan(table, after, limit);
        if table == Table::Keys
            && let Some(act) = self.0.lock().expect("no panic").take()
        {
            act();
        }
        page
    }
}

#[test]
fn an_api_key_that_is_changed_while_it_is_exported_is_exported_as_it_is_then() {
    // Alone on its page: with others the commit is tried again anyway.
    let scene = Scene::new(1);
    scene.open().update(scene.id(0), &Update::new().name("changed"), &act()).expect("updated");
    let between = Through::<AfterAPage>::over(&scene.store);
    let vault = Vault::open(between.clone(), scene.keys.only([1])).expect("vault");
    vault.catch_up().expect("followed");
    let (other, id) = (scene.open(), scene.id(0));
    *between.0.lock().expect("no panic") =
        Some(Box::new(move || drop(other.update(id, &Update::new().name("at last"), &act()).expect("updated"))));
    let page = vault.export_page(None, 10, &act()).expect("a page");
    let mut left_out = page.items.iter().filter_map(|exported| exported.key.as_ref().err());
    assert_eq!(left_out.next(), None, "nobody put a record back");
    assert_eq!(damage_of(&scene.open()), Vec::<&str>::new(), "the log has what was exported");
}

/// Whoever reads the log is slow.
#[derive(Default)]
struct SlowLog(AtomicBool);

impl Between for SlowLog {
    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if table == Table::Audit && self.0.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(300));
        }
        rows.scan(table, after, limit)
    }
}

/// A service that has followed the log, and then had nothing to do for some seconds.
fn idle_service(scene: &Scene) -> (Through<SlowLog>, Vault) {
    let slow = Through::<SlowLog>::over(&scene.store);
    let service = Vault::open(slow.clone(), scene.keys.only([1])).expect("vault");
    service.catch_up().expect("followed");
    slow.0.store(true, Ordering::SeqCst);
    (slow, service)
}

const PAUSE: Duration = Duration::from_millis(2_200);

#[test]
fn after_a_pause_nobody_is_let_in_by_what_was_known_before_it() {
    let scene = Scene::new(2);
    let (_, service) = idle_service(&scene);
    let before = scene.record(0);
    scene.open().suspend(scene.id(0), &act()).expect("suspended");
    overwrite(&scene.store, Table::Keys, &row_key(scene.id(0)), Some(before));
    thread::sleep(PAUSE);
    // All of them come at once, and wait for the one that reads.
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                match service.verify(scene.issued[0].token.expose(), &Request::new()) {
                    Err(VerifyError::Unavailable(error)) => {
                        let differs =
                            matches!(error.detail(), Detail::Record { fault: RecordError::Differs { .. }, .. });
                        assert!(differs, "{error}");
                    }
                    other => panic!("one of the first after the pause: {other:?}"),
                }
            });
        }
    });
    service.verify(scene.issued[1].token.expose(), &Request::new()).expect("nobody touched it");
}

#[test]
fn after_a_pause_a_store_that_went_back_lets_nobody_in() {
    let scene = Scene::new(2);
    let before = copied(&scene.store);
    scene.open().suspend(scene.id(0), &act()).expect("suspended");
    let (_, service) = idle_service(&scene);
    put_back(&scene.store, &before, |_, _| true);
    thread::sleep(PAUSE);
    for at in [1, 0] {
        match service.verify(scene.issued[at].token.expose(), &Request::new()) {
            Err(VerifyError::Unavailable(error)) => {
                assert!(matches!(error.detail(), Detail::Audit(AuditFault::RolledBack { .. })), "{error}");
            }
            other => panic!("API key {at}: {other:?}"),
        }
    }
}

#[test]
fn a_rotator_that_was_taken_over_commits_nothing_while_the_other_goes_on() {
    let (scene, clock) = (Scene::new(50), clock());
    let ((_, first), (_, second)) = (scene.at(&clock), scene.at(&clock));
    let (stalled, second_may) = channel();
    let (taken, first_may) = channel();
    let (ended, second_goes_on) = channel();
    let store = scene.store.clone();
    let (lost, finished) = thread::scope(|scope| {
        let lost = scope.spawn(move || {
            let mut moved_by_others = None;
            let mut batches = 0;
            let result = first.rotate(&batches_of(10), &act(), |progress| {
                batches += u32::from(progress.phase == Phase::Sweep);
                if batches == 2 && moved_by_others.is_none() {
                    stalled.send(()).expect("heard");
                    first_may.recv().expect("taken over");
                    moved_by_others = Some(copied(&store));
                }
                ControlFlow::Continue(())
            });
            let unchanged = moved_by_others == Some(copied(&store));
            ended.send(()).expect("heard");
            (result, batches, unchanged)
        });
        let finished = scope.spawn(move || {
            second_may.recv().expect("stalled");
            clock.fetch_add(6_000, Ordering::SeqCst);
            let mut waited = false;
            second.rotate(&batches_of(10), &act(), |progress| {
                // It has the rotation and is in the middle of it.
                if progress.phase == Phase::Sweep && !std::mem::replace(&mut waited, true) {
                    taken.send(()).expect("heard");
                    second_goes_on.recv().expect("the other has ended");
                }
                ControlFlow::Continue(())
            })
        });
        (lost.join().expect("no panic"), finished.join().expect("no panic"))
    });
    let (result, batches, unchanged) = lost;
    assert_eq!(result.expect_err("it lost the rotation").kind(), ErrorKind::Busy);
    assert_eq!(batches, 2, "no batch after it was taken over");
    assert!(unchanged, "it wrote after it was taken over");
    let report = finished.expect("nobody disturbed it");
    assert_eq!((report.outcome, report.verified), (RotationOutcome::Finished, 50));
    let vault = Vault::open(scene.store.clone(), scene.keys.only([2])).expect("vault");
    assert_eq!(damage_of(&vault), Vec::<&str>::new());
    for issued in &scene.issued {
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    }
}

#[test]
fn a_clock_that_was_put_back_makes_no_lease_eternal() {
    let (scene, clock) = (Scene::new(20), clock());
    let (watched, killed) = scene.at(&clock);
    let mut commits = 0;
    watched.on(move |step| {
        commits += usize::from(matches!(step, Step::Commit(_)));
        if commits > 3 { Err(StoreError::Busy) } else { Ok(()) }
    });
    killed.rotate(&batches_of(5), &act(), |_| ()).expect_err("killed, and its lease stays");
    let began = clock.load(Ordering::SeqCst);
    let (_, next) = scene.at(&clock);
    // A little behind, the other may be alive. An hour or years behind, one of the two clocks is wrong, and nobody waits for it.
    for behind in [1_000, 4_900] {
        clock.store(began - behind, Ordering::SeqCst);
        let error = next.rotate(&batches_of(5), &act(), |_| ()).expect_err("it may be alive");
        assert_eq!(error.kind(), ErrorKind::Busy, "{behind} ms behind");
    }
    for behind in [5_100, 3_600_000, 400 * 86_400_000] {
        clock.store(began - behind, Ordering::SeqCst);
        let copy = MemoryStore::new();
        put_back(&copy, &copied(&scene.store), |_, _| true);
        let (_, vault) = scene.over(&copy, &clock);
        let report = vault.rotate(&batches_of(5), &act(), |_| ()).unwrap_or_else(|error| panic!("{behind}: {error}"));
        assert_eq!(report.outcome, RotationOutcome::Finished, "{behind} ms behind");
    }
}

/// Nobody sees from outside that a record was opened, but that its keys are looked for where it does not open.
#[test]
fn an_unknown_id_opens_the_record_behind_it_as_a_known_one_does() {
    let scene = Scene::new(2);
    let (watched, vault) = scene.watched();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    watched.on(move |step| {
        counted.fetch_add(usize::from(matches!(step, Step::Read(Table::Vault))), Ordering::SeqCst);
        Ok(())
    });
    let (sentinel, elsewhere) = (vec![0xff; 16], "a token from elsewhere");
    let damage = |row: &[u8]| edit(&scene.store, Table::Keys, row, |record| record[60] ^= 1);
    let looks_of = |token: &str| {
        let before = looks.load(Ordering::SeqCst);
        let refused = vault.verify(token, &Request::new()).expect_err("unknown");
        // What stands at an id says nothing about another one. Tokens from elsewhere lead to the sentinel itself.
        assert!(token == elsewhere || refused.refusal() == Some(Refusal::Unknown), "{refused:?}");
        looks.load(Ordering::SeqCst) - before
    };
    let secret = "a".repeat(43);
    let before_all = with_check(&format!("sr_{}{secret}", "0".repeat(26)));
    let after_all = with_check(&format!("sr_7{}{secret}", "y".repeat(25)));
    damage(&row_key(scene.id(0)));
    assert!(looks_of(&before_all) > 0, "the first record was opened");
    damage(&sentinel);
    for token in [after_all.as_str(), elsewhere] {
        // An imported token is looked for under every lookup key first, which ends with a look of its own.
        let more = usize::from(token == elsewhere);
        assert!(looks_of(token) > more, "{token}: the sentinel was opened");
    }
}

#[test]
fn a_move_that_a_writer_began_is_completed_by_the_sweep() {
    let scene = Scene::new(5);
    // Its id stands behind those issued now.
    let later: Timestamp = "2200-01-01T00:00:00Z".parse().expect("a time");
    let imported = ImportedKey::new(SecretText::new("legacy-token".into()), NewApiKey::new("legacy"));
    let id = scene.open().import(&[imported.allow_weak(true).created_at(later)], &act()).expect("imported")[0];
    let rotating = scene.open();
    rotating.rotate(&batches_of(2), &act(), stop_after_one_batch).expect("stopped");
    // The writer seals the record anew, and leaves the row that finds it where it is.
    scene.open().update(id, &Update::new().name("renamed"), &act()).expect("updated");
    let lookup_keys = || {
        let rows = scene.store.scan(Table::Lookup, None, 10).expect("rows");
        rows.into_iter().filter(|(index, _)| index != &[0xff; 32]).map(|(_, row)| row[4]).collect::<Vec<_>>()
    };
    assert_eq!(lookup_keys(), [1]);
    let report = rotating.rotate(&batches_of(2), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.stale_lookups), (RotationOutcome::Finished, 0));
    assert_eq!(lookup_keys(), [2]);
    let vault = Vault::open(scene.store.clone(), scene.keys.only([2])).expect("vault");
    assert_eq!(vault.verify("legacy-token", &Request::new()).expect("valid").name, "renamed");
    assert_eq!(damage_of(&vault), Vec::<&str>::new());
}

#[test]
fn a_change_of_a_record_that_a_rotation_moves_meanwhile_is_made_anew_of_the_moved_one() {
    let scene = Scene::new(6);
    let rotator = scene.open();
    rotator.rotate(&batches_of(1), &act(), stop_after_one_batch).expect("stopped");
    // It knows the new keyring, and no batch changes the head: that the record was moved shows in the record alone.
    let (watched, writer) = scene.watched();
    let attempts = Arc::new(AtomicUsize::new(0));
    let (row, counted, mut rotated) = (row_key(scene.id(4)), Arc::clone(&attempts), false);
    watched.on(move |step| {
        if writes(step, Table::Keys, &row) {
            counted.fetch_add(1, Ordering::SeqCst);
            if !std::mem::replace(&mut rotated, true) {
                rotator.rotate(&batches_of(100), &act(), stop_after_one_batch).expect("the rest is moved");
            }
        }
        Ok(())
    });
    let updated = writer.update(scene.id(4), &Update::new().name("renamed"), &act()).expect("updated");
    assert_eq!((updated.name.as_str(), attempts.load(Ordering::SeqCst)), ("renamed", 2));
    let report = scene.open().rotate(&RotateOptions::new(), &act(), |_| ()).expect("what was counted adds up");
    assert_eq!((report.outcome, report.verified), (RotationOutcome::Finished, 6));
    let vault = Vault::open(scene.store.clone(), scene.keys.only([2])).expect("vault");
    assert_eq!(vault.show(scene.id(4)).expect("shown").name, "renamed");
    assert_eq!(damage_of(&vault), Vec::<&str>::new());
}
