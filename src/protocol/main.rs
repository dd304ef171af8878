//! Keyring, head, rotation row, lease and anchor, as a model of the code, explored to its end.
//!
//! What is to hold always stands in docs/design.md, under Invariants; the properties here have the numbers and the words of that
//! table. The rows are those of docs/format.md. Every step is one call of the store or of the anchor, and says which function of the
//! library makes it: where one of them changes, the step has to change with it.
//!
//! What is left out: secrets, ciphers, usage rows and the fence; what a policy forbids; clocks, since here any lease may be taken for dead
//! at any moment; and commits in doubt, which are those of which a process that is killed does not learn.
#![allow(clippy::print_stderr, reason = "how much was explored is told")]

mod change;
mod model;
mod process;
mod rotator;
mod rows;
mod world;

use std::time::Instant;

use stateright::{Checker, Model};

use model::Protocol;
use rows::Row;
use world::{Fault, PutBack};

const ONE_OF_EACH: Protocol =
    Protocol { writers: 1, rotators: 1, changes: 2, crashes: 1, runs: 2, adversary: &[], fault: None };

/// Explores all of it: every property holds in every state, and what has to happen sometimes does.
fn explore(what: &str, model: Protocol) {
    let begun = Instant::now();
    let checker = model.checker().threads(threads()).spawn_bfs().join();
    let (states, depth, secs) = (checker.unique_state_count(), checker.max_depth(), begun.elapsed().as_secs_f64());
    eprintln!("{what}: {states} states, {depth} steps deep, {secs:.1} s");
    checker.assert_properties();
}

/// Explores until one of the properties is broken; which, by its number.
fn broken(model: Protocol) -> Option<&'static str> {
    let begun = Instant::now();
    let fault = model.fault;
    let checker =
        model.checker().threads(threads()).finish_when(stateright::HasDiscoveries::AnyFailures).spawn_bfs().join();
    let broken = checker.discoveries().into_iter().find(|(name, _)| *name != model::ROTATION_ENDS);
    let (states, secs) = (checker.unique_state_count(), begun.elapsed().as_secs_f64());
    let steps = broken.as_ref().map(|(name, path)| (*name, path.clone().into_actions().len()));
    eprintln!("{fault:?}: {steps:?} after {states} states, {secs:.1} s");
    broken.map(|(name, _)| name)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn with(fault: Fault) -> Protocol {
    Protocol { fault: Some(fault), ..ONE_OF_EACH }
}

#[test]
fn a_writer_and_a_rotator_with_a_crash_break_nothing() {
    explore("a writer, a rotator, a crash", ONE_OF_EACH);
}

#[test]
fn two_writers_and_a_rotator_break_nothing() {
    explore("two writers, a rotator", Protocol { writers: 2, crashes: 0, ..ONE_OF_EACH });
}

#[test]
fn two_rotators_with_a_crash_break_nothing() {
    explore("two rotators, a crash", Protocol { writers: 0, rotators: 2, changes: 0, ..ONE_OF_EACH });
}

#[test]
fn a_writer_and_two_rotators_break_nothing() {
    explore("a writer, two rotators", Protocol { rotators: 2, changes: 1, crashes: 0, runs: 1, ..ONE_OF_EACH });
}

#[test]
fn whatever_is_put_back_is_noticed() {
    let adversary = &[PutBack::Everything, PutBack::Vault, PutBack::Keyring, PutBack::Head, PutBack::Rotation];
    explore("rows put back", Protocol { adversary, changes: 1, crashes: 1, runs: 1, ..ONE_OF_EACH });
}

#[test]
fn no_record_that_was_put_back_is_sealed_anew() {
    let adversary = &[PutBack::Record(0), PutBack::Record(2)];
    explore("records put back", Protocol { adversary, changes: 1, crashes: 1, runs: 2, ..ONE_OF_EACH });
}

#[test]
#[ignore = "millions of states, and minutes: `.ci/nightly protocol` runs it"]
fn two_writers_and_two_rotators_break_nothing() {
    explore("two writers, two rotators", Protocol { writers: 2, rotators: 2, crashes: 0, runs: 1, ..ONE_OF_EACH });
    explore("a writer, two rotators, a crash", Protocol { rotators: 2, changes: 1, runs: 1, ..ONE_OF_EACH });
}

#[test]
#[ignore = "an hour, and some gigabytes: `.ci/nightly protocol` runs it"]
fn two_writers_and_two_rotators_with_a_crash_break_nothing() {
    explore("two writers, two rotators, a crash", Protocol { writers: 2, rotators: 2, runs: 1, ..ONE_OF_EACH });
}

#[test]
fn a_writer_that_forgets_what_record_it_read_is_found() {
    assert!(broken(with(Fault::WriterForgetsRecord)).is_some());
}

#[test]
fn a_sweep_that_forgets_what_record_it_read_is_found() {
    assert!(broken(with(Fault::SweepForgetsRecord)).is_some());
}

#[test]
fn a_cursor_that_is_published_before_its_records_is_found() {
    assert!(broken(with(Fault::CursorFirst)).is_some());
}

#[test]
fn a_lease_that_is_believed_too_long_is_found() {
    assert!(broken(Protocol { rotators: 2, changes: 0, ..with(Fault::LeaseBelieved) }).is_some());
}

#[test]
fn an_anchor_that_is_ahead_of_its_commit_is_found() {
    assert!(broken(with(Fault::AnchorFirst)).is_some());
}

#[test]
fn an_anchor_that_is_not_asked_is_found() {
    let model = Protocol { adversary: &[PutBack::Everything], ..with(Fault::AnchorNotHeld) };
    assert!(broken(model).is_some());
}

#[test]
fn a_head_that_is_not_compared_with_its_keyring_is_found() {
    let model = Protocol { adversary: &[PutBack::Keyring, PutBack::Head], ..with(Fault::HeadNotCompared) };
    assert!(broken(model).is_some());
}

#[test]
fn a_sweep_that_does_not_ask_the_log_is_found() {
    let model = Protocol { adversary: &[PutBack::Record(0)], crashes: 0, ..with(Fault::LogNotAsked) };
    assert!(broken(model).is_some());
}

#[test]
fn a_process_that_takes_an_older_keyring_is_found() {
    let model = Protocol { adversary: &[PutBack::Keyring], ..with(Fault::OlderKeyringTaken) };
    assert!(broken(model).is_some());
}

/// Each of the three tells a writer that it was not alone: the entry stands where the head ends, and the head names the keyring. One of
/// them forgotten is held by the others, and two are not.
#[test]
fn head_and_entry_hold_each_other() {
    let two_writers = |rows| Protocol { writers: 2, ..with(Fault::Forgets(rows)) };
    for alone in [&[Row::Head], &[Row::Entry], &[Row::Keyring]] {
        assert_eq!(broken(Protocol { crashes: 0, ..two_writers(alone) }), None, "{alone:?}");
    }
    assert!(broken(two_writers(&[Row::Head, Row::Entry])).is_some());
}
