//! Changes that wait for one another and are committed together: whoever writes takes those with it that came meanwhile.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::change::Change;
use super::head::Head;
use crate::keyring::Keyring;
use crate::store::{Batch, Table};
use crate::time::Timestamp;

/// Those who wait to write, in the order in which they came.
#[derive(Default)]
pub(super) struct Line(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    seats: VecDeque<Arc<Seat>>,
    /// Whether somebody writes, who calls the next one.
    led: bool,
    /// How many have come so far.
    came: u64,
}

/// What somebody is called to who came to write.
pub(super) enum Turn<'l> {
    /// To lead a commit.
    Lead(Lead<'l>),
    /// To put a change into the commit of another.
    Join(Place),
}

impl Line {
    /// Waits until it is one's turn; only who `joins` may be called to join.
    pub(super) fn wait(&self, joins: bool) -> Turn<'_> {
        let mut waiting = locked(&self.0);
        if !mem::replace(&mut waiting.led, true) {
            return Turn::Lead(Lead(self));
        }
        waiting.came += 1;
        let number = waiting.came;
        let seat = Arc::new(Seat { number, joins, state: Mutex::new(State::Waits), changed: Condvar::new() });
        waiting.seats.push_back(Arc::clone(&seat));
        drop(waiting);
        match seat.until(|state| !matches!(state, State::Waits)) {
            State::Called(open) => Turn::Join(Place { seat, open: Some(open), joined: false }),
            _ => Turn::Lead(Lead(self)),
        }
    }
}

/// The right to lead, which goes to the next one at the end.
pub(super) struct Lead<'l>(&'l Line);

impl Lead<'_> {
    /// Has those who wait put their changes into this commit, as far as there is room.
    pub(super) fn gather(&self, mut open: Open) -> (Open, Members) {
        let mut members = Members(vec![]);
        // Who could not join comes again, for another commit.
        let last = locked(&self.0.0).came;
        while open.batch.changes().len() < MAX_ROWS
            && let Some(seat) = self.next_that_joins(last)
        {
            seat.tell(State::Called(Box::new(open)));
            let State::Back(back, joined) = seat.until(|state| matches!(state, State::Back(..))) else {
                unreachable!("waited for")
            };
            open = *back;
            if joined {
                members.0.push(seat);
            }
        }
        (open, members)
    }

    fn next_that_joins(&self, last: u64) -> Option<Arc<Seat>> {
        let mut waiting = locked(&self.0.0);
        let at = waiting.seats.iter().position(|seat| seat.joins && seat.number <= last)?;
        waiting.seats.remove(at)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut waiting = locked(&self.0.0);
        match waiting.seats.pop_front() {
            Some(seat) => seat.tell(State::Leads),
            None => waiting.led = false,
        }
    }
}

/// A commit that others may still join.
pub(super) struct Open {
    pub(super) keyring: Arc<Keyring>,
    pub(super) now: Timestamp,
    /// As it is after all that joined.
    head: Head,
    batch: Batch,
    /// The rows that those who joined change or have looked at.
    rows: HashSet<(Table, Vec<u8>)>,
}

impl Open {
    /// Of the change of the one who leads, whose entries are in it.
    pub(super) fn of(keyring: Arc<Keyring>, change: Change<'_>) -> Self {
        let rows = change.rows().collect();
        let Change { now, head, batch, .. } = change;
        Self { keyring, now, head, batch, rows }
    }

    /// A change that stands on what has joined.
    pub(super) fn begin<'k>(&self, keyring: &'k Keyring) -> Change<'k> {
        Change::new(keyring, self.head.clone(), self.now)
    }

    /// Takes a change in, with its entries, unless it has to do with a row that another one has to do with.
    pub(super) fn take_in(&mut self, change: Change<'_>) -> bool {
        let rows: Vec<_> = change.rows().collect();
        if rows.iter().any(|row| self.rows.contains(row)) {
            return false;
        }
        self.rows.extend(rows);
        self.head = change.head;
        self.batch.append(change.batch);
        true
    }

    pub(super) fn close(self) -> (Head, Batch) {
        (self.head, self.batch)
    }
}

/// Those who joined a commit. Whoever is told nothing else comes again.
pub(super) struct Members(Vec<Arc<Seat>>);

impl Members {
    pub(super) fn none() -> Self {
        Self(vec![])
    }

    pub(super) fn settle(mut self, outcome: &Outcome) {
        for seat in mem::take(&mut self.0) {
            seat.tell(State::Settled(outcome.clone()));
        }
    }

    /// From here on nobody knows what has happened until they are told.
    pub(super) fn committing(&mut self) -> Committing<'_> {
        Committing(self)
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for seat in mem::take(&mut self.0) {
            seat.tell(State::Settled(Outcome::Again));
        }
    }
}

/// Who panics in a commit leaves it in doubt for all that joined.
pub(super) struct Committing<'m>(&'m mut Members);

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let outcome = Outcome::InDoubt("the thread that committed it panicked".into());
            mem::replace(self.0, Members::none()).settle(&outcome);
        }
    }
}

/// What became of a commit, for those who joined it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Nothing of it happened: prepare it once more.
    Again,
    /// And this time by itself: it may be what stood in the way.
    Alone,
    InDoubt(String),
}

/// A place in the commit of another, who waits until it is taken or left.
pub(super) struct Place {
    seat: Arc<Seat>,
    open: Option<Box<Open>>,
    joined: bool,
}

impl Place {
    pub(super) fn open(&mut self) -> &mut Open {
        self.open.as_mut().expect("it is given back at the end")
    }

    /// Takes it, and waits for what becomes of the commit.
    pub(super) fn take(mut self) -> Outcome {
        self.joined = true;
        let seat = Arc::clone(&self.seat);
        drop(self);
        match seat.until(|state| matches!(state, State::Settled(_))) {
            State::Settled(outcome) => outcome,
            _ => unreachable!("waited for"),
        }
    }
}

/// Also when the one who prepares panics: the others go on.
impl Drop for Place {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.seat.tell(State::Back(open, self.joined));
        }
    }
}

struct Seat {
    number: u64,
    joins: bool,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Waits,
    Leads,
    Called(Box<Open>),
    Back(Box<Open>, bool),
    Settled(Outcome),
    /// What was told has been heard.
    Heard,
}

impl Seat {
    fn tell(&self, state: State) {
        *locked(&self.state) = state;
        self.changed.notify_all();
    }

    fn until(&self, heard: impl Fn(&State) -> bool) -> State {
        let mut state = locked(&self.state);
        while !heard(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        mem::replace(&mut *state, State::Heard)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// More would keep the first of them waiting.
const MAX_ROWS: usize = 4_096;
