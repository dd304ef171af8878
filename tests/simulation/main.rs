//! Processes of a vault on a simulated machine, one step at a time, in an order that a seed decides: writers, verifiers, rotators, copies,
//! an operator who makes mistakes. At any call of the store a process is killed, the power is lost, a commit fails or is left in doubt, a
//! clock jumps, or somebody puts back what he kept. Every answer is held to a model, and what is left in the end to the invariants of
//! docs/design.md.
//!
//! `STRONGROOM_SCHEDULES` says how many are run, and `STRONGROOM_SEED` from which seed on: one that fails prints its own, and the
//! smallest schedule that fails as well.
#![allow(clippy::print_stderr, reason = "what was run is told")]
#![allow(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "numbers of a simulation are small")]

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod baton;
mod life;
mod machine;
mod schedule;
mod store;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use strongroom::doctor::SymptomSeverity;
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::{NewApiKey, Request, VerifyError};

use acts::{MASTERS, Process, open, options};
use life::{Deed, Keys as Known};
use machine::{Machine, Role, play};
use schedule::{Fault, Schedule};
use store::SimStore;
use support::{Keys, act};

type Counts = BTreeMap<&'static str, usize>;

/// Runs a schedule to its end, and says what went wrong.
fn run(schedule: &Schedule, keys: &Keys) -> Result<Counts, String> {
    let machine = Machine::new(schedule.clone());
    play(Role::Alone);
    set_up(&machine, keys);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..schedule.processes.len())
            .map(|number| {
                let process = Process::new(&machine, keys, number);
                scope.spawn(move || process.live())
            })
            .collect();
        for (number, thread) in threads.into_iter().enumerate() {
            if thread.join().is_err() {
                machine.fail(format!("process {number} panicked"));
            }
        }
    });
    if let Some(violation) = machine.truth(|truth| truth.violation.clone()) {
        return Err(violation);
    }
    look_after_all(&machine, keys)?;
    Ok(machine.truth(|truth| std::mem::take(&mut truth.counts)))
}

fn set_up(machine: &Arc<Machine>, keys: &Keys) {
    let vault = options(machine, None).create(SimStore { machine: Arc::clone(machine) }, keys.only([1]), &act());
    let vault = vault.expect("a vault");
    let mut known = Known::new();
    for at in 0..3 {
        machine.wait(1);
        let issued = vault.issue(&NewApiKey::new("first").recoverable(at == 1), &act()).expect("issued");
        let deed = Deed::Issue { recoverable: at == 1, expires_at: None };
        deed.apply(&mut known, Some(issued.id), 0).expect("a new one");
        known.entry(issued.id).and_modify(|key| key.token = Some(issued.token.expose().to_owned()));
    }
    machine.wait(1);
    machine.truth(|truth| truth.history = vec![known]);
}

/// Finishes the rotation that is open, if there is one, and holds what the vault says to what really happened.
fn look_after_all(machine: &Arc<Machine>, keys: &Keys) -> Result<(), String> {
    machine.wait(10_000);
    let put_back = machine.truth(|truth| truth.put_back);
    let vault = match open(machine, keys, None) {
        Ok(vault) => vault,
        Err(_) if put_back => return Ok(()),
        Err(error) => return Err(format!("the vault does not open in the end: {error:#?}")),
    };
    let resume = || vault.rotate(&RotateOptions::new().resume_only(true), &act(), |_| ());
    let mut resumed = resume();
    for _ in 0..2 {
        // Whoever renewed the lease last may have had a clock that was ahead.
        if resumed.as_ref().is_err_and(|error| matches!(error.detail(), Detail::RotationHeld { .. })) {
            machine.wait(10_000);
            resumed = resume();
        }
    }
    match &resumed {
        Ok(report) if report.outcome == RotationOutcome::Finished => {}
        Err(error) if matches!(error.detail(), Detail::NoRotation) => {}
        _ if put_back => {}
        _ => return Err(format!("the rotation that was open does not end: {resumed:#?}")),
    }
    let report = vault.doctor(|_| ()).map_err(|error| format!("no doctor: {error:#?}"))?;
    let damaged = report.symptoms.iter().any(|symptom| symptom.severity == SymptomSeverity::Damage);
    if damaged {
        return if put_back { Ok(()) } else { Err(format!("damage in the end: {:#?}", report.symptoms)) };
    }
    if machine.truth(|truth| truth.must_be_missed) {
        return Err("acts that were acknowledged are gone, and the doctor finds nothing".into());
    }
    let (history, acknowledged) = machine.truth(|truth| (truth.history.clone(), truth.acknowledged));
    let is_shown = |known: &Known| {
        let shown = |id, key: &life::Key| vault.show(id).is_ok_and(|shown| key.is_shown_as(&shown));
        known.iter().all(|(id, key)| shown(*id, key))
    };
    let from = if put_back { acknowledged.min(history.len() - 1) } else { history.len() - 1 };
    if !history[from..].iter().any(is_shown) {
        let known = &history[history.len() - 1];
        let differs = known.iter().filter(|(id, key)| !vault.show(**id).is_ok_and(|shown| key.is_shown_as(&shown)));
        let differs: Vec<_> = differs.map(|(id, key)| (id, key, vault.show(*id))).collect();
        return Err(format!("the doctor finds nothing, and what the vault shows is not what was done: {differs:#?}"));
    }
    let now = machine.clock_after_all();
    for (id, key) in history.last().into_iter().flatten().filter(|_| !put_back) {
        let Some(token) = &key.token else { continue };
        let verdict = vault.verify(token, &Request::new());
        let refusal = verdict.as_ref().err().and_then(VerifyError::refusal);
        if refusal != key.refusal(now) || (refusal.is_none() && verdict.is_err()) {
            return Err(format!("in the end {id} is {verdict:?} and not {:?}", key.refusal(now)));
        }
    }
    Ok(())
}

/// Makes a schedule that fails as small as it goes.
fn shrunk(mut schedule: Schedule, mut why: String, keys: &Keys) -> (Schedule, String) {
    'smaller: loop {
        for smaller in schedule.smaller() {
            if let Err(still) = run(&smaller, keys) {
                (schedule, why) = (smaller, still);
                continue 'smaller;
            }
        }
        return (schedule, why);
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn whatever_befalls_the_processes_of_a_vault_it_answers_like_its_model() {
    let (first, count) = (number("STRONGROOM_SEED", 1), number("STRONGROOM_SCHEDULES", 300));
    let (begun, next, keys) = (Instant::now(), AtomicU64::new(first), Keys::generate(MASTERS));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed = thread::scope(|scope| {
        let work = || {
            let mut counts = Counts::new();
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= first + count {
                    return Ok(counts);
                }
                match run(&Schedule::of(seed, None), &keys) {
                    Ok(more) => more.into_iter().for_each(|(what, n)| *counts.entry(what).or_default() += n),
                    Err(why) => {
                        next.store(first + count, Ordering::SeqCst);
                        return Err((seed, why));
                    }
                }
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect::<Vec<_>>()
    });
    let mut all = Counts::new();
    for result in failed {
        match result {
            Ok(counts) => counts.into_iter().for_each(|(what, n)| *all.entry(what).or_default() += n),
            Err((seed, why)) => {
                eprintln!("STRONGROOM_SEED={seed} STRONGROOM_SCHEDULES=1 fails: {why}");
                let (schedule, why) = shrunk(Schedule::of(seed, None), why, &keys);
                panic!("{why}\nin the smallest schedule that fails: {schedule}");
            }
        }
    }
    let millis = begun.elapsed().as_secs_f64() * 1_000.0;
    eprintln!("{count} schedules from seed {first} on, {:.2} ms each: {all:?}", millis / (count.max(1)) as f64);
}

/// Schedules that failed once, as small as they go.
#[test]
fn schedules_that_failed_once_pass() {
    use schedule::Role::{Backup, Rotator, Writer};
    // A rotator that began between two looks of another one: its row was called missing.
    let processes = vec![Writer, Rotator, Writer, Rotator, Writer];
    let row_missing = Schedule { seed: 28, processes, acts: 3, ..Schedule::quiet() };
    // The row of a rotation that was done was removed beside the next one: its beginning found damage where there was none.
    let processes = vec![Writer, Rotator, Rotator];
    let events = vec![(116, schedule::Event::JumpClock(60_000))];
    let done_and_removed = Schedule { seed: 1740, processes, acts: 6, events, ..Schedule::quiet() };
    // Who had gone on with a store that was put back read the anchor that refused it, and then wrote over it.
    let processes = vec![Writer, Rotator, Writer, Writer, Backup];
    let events = vec![(95, schedule::Event::TakeCopy), (140, schedule::Event::PutAllBack)];
    let gone_on = Schedule { seed: 8627, processes, acts: 6, events, claims: true, anchor: true, ..Schedule::quiet() };
    // A revocation was committed, undone before the anchor held it, and never acknowledged: nobody has to miss it.
    let processes = vec![Writer, Rotator, Backup, Writer, Writer, Rotator];
    let events = vec![(190, schedule::Event::TakeCopy), (211, schedule::Event::PutAllBack)];
    let in_doubt = Schedule { seed: 10644, processes, acts: 5, events, anchor: true, ..Schedule::quiet() };
    // Of two that fenced the old generation off, the later wrote its fence over the one that stood.
    let processes = vec![Writer, Rotator, Rotator];
    let fenced_twice = Schedule { seed: 17318, processes, acts: 3, ..Schedule::quiet() };
    // Two processes took the same fence away at once, and one was told to come again.
    let processes = vec![Writer, Rotator, Writer, Rotator, Backup, Rotator];
    let events = vec![(136, schedule::Event::PowerLoss), (189, schedule::Event::JumpClock(6000))];
    let removed_twice = Schedule { seed: 25939, processes, acts: 5, events, ..Schedule::quiet() };
    let keys = Keys::generate(MASTERS);
    for schedule in [row_missing, done_and_removed, gone_on, in_doubt, fenced_twice, removed_twice] {
        run(&schedule, &keys).unwrap_or_else(|why| panic!("{why}\nin {schedule}"));
    }
}

/// In how many schedules each fault is found; `STRONGROOM_FAULT_SCHEDULES` are tried.
#[test]
fn each_seeded_fault_is_found() {
    let (keys, most) = (Keys::generate(MASTERS), number("STRONGROOM_FAULT_SCHEDULES", 100_000));
    let mut missed = vec![];
    for fault in FAULTS {
        let found =
            (1..=most).find_map(|seed| run(&Schedule::of(seed, Some(*fault)), &keys).err().map(|why| (seed, why)));
        match found {
            Some((seed, why)) => {
                eprintln!("{fault:?} is found in schedule {seed}: {}", why.lines().next().unwrap_or_default());
            }
            None => missed.push(fault),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

const FAULTS: &[Fault] = &[
    Fault::CursorFirst,
    Fault::ForgetsHeadAndEntries,
    Fault::ForgetsKeyring,
    Fault::ForgetsRecords,
    Fault::ForgetsRotation,
    Fault::LeaseBelieved,
    Fault::LyingDisk,
    Fault::TornCommit,
];
