//! The audit log as a process that verifies follows it: a record that was changed and then put back lets nobody in.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use crate::anchor::AnchorFault;
use crate::audit_log::AuditFault;
use crate::commitments::{Commitments, Place, Said};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::KeyringError;
use crate::ledger::{Head, Ledger, must_go_on};
use crate::record::{Commitment, RecordError};
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// Reads the log beside verifications, on a thread of its own, which is there as long as there is something to read. Nothing waits for
/// it, but who met a record that is not what was read so far.
pub(crate) struct Follower {
    course: Arc<Course>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The look at the keyring after which the log was read last.
    looked: AtomicU64,
    /// Whether it is read after a pause: until then nobody is judged by what was known before.
    catching_up: AtomicBool,
    on: bool,
}

/// What is known of the log.
struct Course {
    ledger: Arc<Ledger>,
    /// Of the API keys that were changed.
    said: RwLock<Commitments>,
    /// How many they are: zero spares every verification the lock.
    changed: AtomicUsize,
    /// Whoever reads the log holds it.
    turn: Mutex<()>,
    reading: Mutex<Reading>,
    running: AtomicBool,
    stopped: AtomicBool,
    /// Whether something is wrong with what was read after the end had been reached.
    faulty: AtomicBool,
}

/// How the reading of the log went.
#[derive(Clone, Default)]
struct Reading {
    since: Option<Timestamp>,
    fault: Option<FollowFault>,
    /// When it was last found to be whole; before that, when somebody first tried to find out. By a clock that stands still while the
    /// machine sleeps, and by one that does not.
    looked: Option<(Instant, SystemTime)>,
    /// When it is read again from the first entry on, after it was found not to hold together.
    again: Option<Instant>,
}

/// How far a process has followed the audit log, see [`Verifier::following`](crate::Verifier::following).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Following {
    /// The last entry that was read.
    pub entries: u64,
    /// API keys that were changed after they were made: those whose records are held to the log. About 50 bytes each.
    pub changed: usize,
    /// From when on records are held to it: when its end was reached first. `None` before that.
    pub since: Option<Timestamp>,
    /// Why it cannot be followed.
    pub fault: Option<FollowFault>,
}

/// Why the log cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowFault {
    /// The store is not the one that this machine saw last.
    #[error(transparent)]
    Anchor(#[from] AnchorFault),
    /// The keyring went back.
    #[error("the keyring of the store has revision {found}, and revision {seen} was seen before")]
    KeyringPutBack {
        /// The revision of the store's.
        found: u64,
        /// The revision that was seen.
        seen: u64,
    },
    /// A row that holds the vault together is not what it should be.
    #[error("the row {row} {fault}")]
    Tampered {
        /// The row.
        row: VaultRow,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// It could not be read for some time.
    #[error("the audit log could not be read for some time: {problem}")]
    Unread {
        /// What the store says.
        problem: String,
    },
    /// The store is on another line: it was restored from a backup.
    #[error(
        "the store is on another line of the vault than the one that was seen before: it was restored from a backup"
    )]
    OtherLine,
    /// The log does not hold together, or not with what was read of it.
    #[error(transparent)]
    Log(#[from] AuditFault),
}

impl FollowFault {
    /// What an error says of the store or its log; the error itself where it says nothing of them.
    fn of(error: Detail) -> Result<Self, Error> {
        match error {
            Detail::Anchor(fault) if fault.is_about_the_store() => Ok(Self::Anchor(fault)),
            Detail::Audit(fault) => Ok(Self::Log(fault)),
            Detail::Keyring(KeyringError::OtherLine) => Ok(Self::OtherLine),
            Detail::Keyring(KeyringError::PutBack { found, seen }) => Ok(Self::KeyringPutBack { found, seen }),
            Detail::Tampered { row, fault } => Ok(Self::Tampered { row, fault }),
            error => Err(error.into()),
        }
    }

    /// Whether something was better before. What is found at first in the log and its rows may be old, and turns nobody away who was let
    /// in until then.
    fn is_new(&self) -> bool {
        !matches!(self, Self::Log(_) | Self::Tampered { .. })
    }
}

impl From<FollowFault> for Error {
    fn from(fault: FollowFault) -> Self {
        match fault {
            FollowFault::Anchor(fault) => fault.into(),
            FollowFault::KeyringPutBack { found, seen } => KeyringError::PutBack { found, seen }.into(),
            FollowFault::Log(fault) => fault.into(),
            FollowFault::OtherLine => KeyringError::OtherLine.into(),
            FollowFault::Tampered { row, fault } => Detail::Tampered { row, fault }.into(),
            FollowFault::Unread { problem } => Detail::Unfollowed { problem }.into(),
        }
    }
}

impl Follower {
    /// One that has read nothing yet, or that never reads of its own accord.
    pub(crate) fn new(ledger: Arc<Ledger>, on: bool) -> Self {
        let said = RwLock::new(Commitments::of_changes(ledger.keyring().vault()));
        let course = Course {
            ledger,
            said,
            changed: AtomicUsize::new(0),
            turn: Mutex::default(),
            reading: Mutex::default(),
            running: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            faulty: AtomicBool::new(false),
        };
        Self {
            course: Arc::new(course),
            thread: Mutex::new(None),
            looked: AtomicU64::new(u64::MAX),
            catching_up: AtomicBool::new(false),
            on,
        }
    }

    /// Reads on beside the caller, when the ledger has looked at its rows since the last time.
    pub(crate) fn keep_up(&self) {
        let looks = self.course.ledger.looks();
        if !self.on || (self.looked.load(Ordering::Acquire) == looks && !self.catching_up.load(Ordering::Acquire)) {
            return;
        }
        // After a pause what is known is old, and nobody is judged by it: whoever comes meanwhile waits.
        if self.course.reading().is_old() {
            self.catching_up.store(true, Ordering::Release);
            self.looked.store(looks, Ordering::Release);
            drop(self.course.read_unless_new());
            self.catching_up.store(false, Ordering::Release);
        } else {
            self.looked.store(looks, Ordering::Release);
            self.read_beside();
        }
    }

    /// Whether it is known that the log says this of a record.
    pub(crate) fn bears_out(&self, id: ApiKeyId, commitment: &Commitment) -> bool {
        let said = self.course.said.read().unwrap_or_else(PoisonError::into_inner);
        said.has(id) && said.judge(id, commitment).is_ok()
    }

    /// Whether the end of the log was reached before.
    pub(crate) fn is_under_way(&self) -> bool {
        self.course.reading().since.is_some()
    }

    fn read_beside(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if self.course.running.swap(true, Ordering::AcqRel) {
            return;
        }
        // The last one has ended, but for its last instructions.
        thread.take().map(JoinHandle::join);
        let course = Arc::clone(&self.course);
        let begun = Builder::new().name("strongroom-follow".into()).spawn(move || {
            let _running = Running(&course.running);
            if let Err(error) = course.read_again() {
                tracing::warn!(
                    error = format!("{error:#}"),
                    code = error.code(),
                    "the audit log could not be followed"
                );
            }
        });
        match begun {
            Ok(begun) => *thread = Some(begun),
            Err(error) => {
                self.course.running.store(false, Ordering::Release);
                tracing::warn!(error = error.to_string(), "no thread could be started to follow the audit log");
            }
        }
    }

    /// Reads the log to its end, and returns when that is reached.
    pub(crate) fn catch_up(&self) -> Result<(), Error> {
        self.course.read_to_the_end()
    }

    /// Nothing is believed of a log that went back, or went another way, since it was read.
    pub(crate) fn must_be_whole(&self) -> Result<(), Error> {
        if !self.course.faulty.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.course.reading().fault.clone() {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }

    /// Whether a record with this commitment is what the log said last. Nothing is said of API keys that were never changed, and
    /// nothing before the end of the log was reached.
    pub(crate) fn judge(&self, id: ApiKeyId, commitment: impl FnOnce() -> Commitment) -> Result<(), RecordError> {
        if self.course.changed.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let said = self.course.said.read().unwrap_or_else(PoisonError::into_inner);
        if said.has(id) { said.judge(id, &commitment()) } else { Ok(()) }
    }

    pub(crate) fn following(&self) -> Following {
        let reading = self.course.reading();
        let said = self.course.said.read().unwrap_or_else(PoisonError::into_inner);
        Following {
            entries: said.place().end.seq,
            changed: said.len(),
            since: reading.since,
            fault: reading.fault.clone(),
        }
    }
}

/// Set back whatever ends the thread.
struct Running<'a>(&'a AtomicBool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Reading {
    /// Whether records are held to the log, and nobody has looked at it for longer than the next look should take.
    fn is_old(&self) -> bool {
        let old =
            |looked: (Instant, SystemTime)| looked.0.elapsed() > OLD || looked.1.elapsed().is_ok_and(|by| by > OLD);
        self.since.is_some() && self.looked.is_none_or(old)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.course.stopped.store(true, Ordering::Relaxed);
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        thread.map(JoinHandle::join);
    }
}

impl Course {
    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same as [`Course::read_to_the_end`], but a log that does not hold together is not read from its first entry once a second. The
    /// rows themselves are looked at each time.
    fn read_again(&self) -> Result<(), Error> {
        self.read(&self.turn.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    /// The same, unless somebody has done it by the time it is this caller's turn.
    fn read_unless_new(&self) -> Result<(), Error> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.reading().is_old() { self.read(&turn, true) } else { Ok(()) }
    }

    /// Reads the log to the end that the head names at this moment.
    fn read_to_the_end(&self) -> Result<(), Error> {
        self.read(&self.turn.lock().unwrap_or_else(PoisonError::into_inner), false)
    }

    fn read(&self, _turn: &MutexGuard<'_, ()>, patiently: bool) -> Result<(), Error> {
        let (since, again) = {
            let reading = self.reading();
            (reading.since, reading.again)
        };
        let waits = patiently && again.is_some_and(|again| Instant::now() < again);
        let read = self.ledger.check_anchor().and_then(|head| match since {
            None if waits => Ok(None),
            None => self.read_all(&head).map(|()| Some(head.chain)),
            Some(_) => self.read_on(&head).map(|()| Some(head.chain)),
        });
        match read.map_err(Error::into_detail) {
            Ok(None) => {
                // The rows are right, or right again. What was wrong with the log waits.
                let mut reading = self.reading();
                reading.fault = reading.fault.take().filter(|fault| matches!(fault, FollowFault::Log(_)));
                self.faulty.store(false, Ordering::Relaxed);
                Ok(())
            }
            Ok(Some(end)) => {
                self.ledger.followed_to(end);
                let since = since.or_else(|| Some(self.ledger.now()));
                *self.reading() = Reading { since, fault: None, looked: Some(now()), again: None };
                self.faulty.store(false, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => match FollowFault::of(error) {
                Ok(fault) => {
                    let refuses = since.is_some() || fault.is_new();
                    self.found(fault.clone(), refuses);
                    Err(fault.into())
                }
                Err(error) => {
                    let long = self.reading().looked.get_or_insert_with(now).0.elapsed() > TOO_OLD;
                    if long {
                        self.found(FollowFault::Unread { problem: error.to_string() }, true);
                    }
                    Err(error)
                }
            },
        }
    }

    fn found(&self, fault: FollowFault, refuses: bool) {
        let mut reading = self.reading();
        if reading.fault.as_ref() != Some(&fault) {
            tracing::error!(
                fault = fault.to_string(),
                "the store is not what it was, or its audit log does not hold together"
            );
        }
        reading.again = reading.since.is_none().then(|| Instant::now() + PATIENCE);
        reading.fault = Some(fault);
        self.faulty.store(refuses, Ordering::Relaxed);
    }

    /// From the first entry on. What is read counts only when all of it holds together.
    fn read_all(&self, head: &Head) -> Result<(), Error> {
        let mut log = Commitments::of_changes(self.ledger.keyring().vault());
        log.follow(self.ledger.store(), head, |_| self.go_on())?;
        let (entries, changed) = (log.place().end.seq, log.len());
        *self.said.write().unwrap_or_else(PoisonError::into_inner) = log;
        self.changed.store(changed, Ordering::Release);
        tracing::info!(entries, changed, "the audit log is followed: records that were changed are held to it");
        Ok(())
    }

    /// From where it was read to. Verifications go on meanwhile, and wait for a few entries at a time when they are taken in.
    fn read_on(&self, head: &Head) -> Result<(), Error> {
        let place = self.said.read().unwrap_or_else(PoisonError::into_inner).place().clone();
        must_go_on(head.chain, Some(place.end))?;
        if head.chain == place.end {
            return Ok(());
        }
        let (seen, mut news, mut changed) = (place.end.seq, vec![], HashSet::new());
        let known = |id| self.said.read().unwrap_or_else(PoisonError::into_inner).has(id);
        let keep = |said: Said| {
            // What is made and never changed is not kept, however much of it there is.
            if !said.makes_one() || changed.contains(&said.id) || known(said.id) {
                changed.insert(said.id);
                news.push(said);
            }
        };
        let place = self.walk(place, head, keep).map_err(|error| match error.detail() {
            // The next entry is not one that follows what was read.
            Detail::Audit(AuditFault::Broken { seq }) if *seq == seen + 1 => AuditFault::Forked { seq: seen }.into(),
            _ => error,
        })?;
        for some in news.chunks(TAKEN_IN) {
            let mut log = self.said.write().unwrap_or_else(PoisonError::into_inner);
            log.take_in(some);
            self.changed.store(log.len(), Ordering::Release);
        }
        self.said.write().unwrap_or_else(PoisonError::into_inner).arrive(place);
        Ok(())
    }

    fn walk(&self, place: Place, head: &Head, mut keep: impl FnMut(Said)) -> Result<Place, Error> {
        let each = |entry: &_| Said::by(entry).into_iter().for_each(&mut keep);
        place.walk(self.ledger.store(), head, each, |_| self.go_on())
    }

    /// Nobody waits for a handle that was given up.
    fn go_on(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::Relaxed) { Err(StoreError::Stopped.into()) } else { Ok(()) }
    }
}

fn now() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}

/// Entries taken in together.
const TAKEN_IN: usize = 64;
/// How long a log that does not hold together is left alone.
const PATIENCE: Duration = Duration::from_secs(60);
/// A look comes once a second, and takes less.
const OLD: Duration = Duration::from_secs(2);
/// What was read so long ago says too little.
const TOO_OLD: Duration = Duration::from_secs(10);
