//! Batches of rows read and worked on by several threads, and taken by one in the order of the keys.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::options::RotateOptions;
use super::report::Flow;
use crate::error::Error;
use crate::store::{Row, Store, StoreError, Table};

/// Where to begin, how many records a batch has, and how many threads work on batches.
pub(super) struct Feed<'a> {
    store: &'a dyn Store,
    table: Table,
    after: Option<Vec<u8>>,
    batch: usize,
    workers: usize,
}

impl<'a> Feed<'a> {
    /// The rows of a table from a cursor on, for as many workers as the options say.
    pub(super) fn of(store: &'a dyn Store, table: Table, after: Option<Vec<u8>>, options: &RotateOptions) -> Self {
        Self { store, table, after, batch: options.batch.get(), workers: options.worker_count() }
    }

    /// Lets each thread work with a worker of its own, and hands what they make to `take`, batch after batch. No more
    /// than a few batches are in memory, however far one thread lags behind the others.
    pub(super) fn run<T: Send, W: FnMut(Vec<Row>) -> Result<T, Error>>(
        self,
        worker: impl Fn() -> W + Sync,
        mut take: impl FnMut(T) -> Result<Flow, Error>,
    ) -> Result<Flow, Error> {
        let in_flight = 2 * self.workers + 1;
        // A worker takes a permit with each batch; without permits, or with nobody who gives them, it waits or ends.
        let (permits, permitted) = sync_channel(in_flight);
        (0..in_flight).for_each(|_| give(&permits));
        let source = Source {
            store: self.store,
            table: self.table,
            limit: self.batch,
            next: Mutex::new((permitted, Some((0, self.after)))),
        };
        std::thread::scope(|scope| {
            let (sender, results) = channel();
            for _ in 0..self.workers {
                let (source, worker, sender) = (&source, &worker, sender.clone());
                scope.spawn(move || {
                    let _alarm = Alarm(&sender);
                    give_way();
                    let mut work = worker();
                    while let Some(batch) = source.take().transpose() {
                        let result = batch.and_then(|(number, rows)| Ok((number, work(rows)?)));
                        let failed = result.is_err();
                        if sender.send(result).is_err() || failed {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            take_in_order(&results, permits, &mut take)
        })
    }
}

/// Puts the thread that commits, and the services beside it, first. On Linux a thread has a priority of its own; elsewhere
/// this would slow the whole process of the caller.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(WORKER_NICENESS);
}

/// Ends early by dropping what the workers wait for.
#[expect(clippy::needless_pass_by_value, reason = "dropping the permits is what ends the workers")]
fn take_in_order<T>(
    results: &Receiver<Result<(u64, T), Error>>,
    permits: SyncSender<()>,
    take: &mut dyn FnMut(T) -> Result<Flow, Error>,
) -> Result<Flow, Error> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    while let Ok(result) = results.recv() {
        let (number, made) = result?;
        waiting.insert(number, made);
        while let Some(made) = waiting.remove(&next) {
            next += 1;
            give(&permits);
            if take(made)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
    }
    Ok(Flow::Continue)
}

/// A worker that panics says so, or the others would wait for its batch for ever.
struct Alarm<'a, T>(&'a Sender<Result<T, Error>>);

impl<T> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Err(StoreError::engine("a worker of the rotation panicked").into()));
        }
    }
}

fn give(permits: &SyncSender<()>) {
    // There is room for every permit there is; that nobody wants one any more is no failure.
    let _ = permits.try_send(());
}

/// The permits, and the number and the cursor of the next batch.
type Next = (Receiver<()>, Option<(u64, Option<Vec<u8>>)>);

struct Source<'a> {
    store: &'a dyn Store,
    table: Table,
    limit: usize,
    next: Mutex<Next>,
}

impl Source<'_> {
    /// The next batch and its number, from 0; `None` at the end.
    fn take(&self) -> Result<Option<(u64, Vec<Row>)>, Error> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (permits, place) = &mut *next;
        // Whoever waits here keeps the others waiting, and none of them could have a permit before it.
        let Some((number, after)) = permits.recv().ok().and_then(|()| place.take()) else { return Ok(None) };
        let rows = self.store.scan(self.table, after.as_deref(), self.limit)?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        *place = Some((number + 1, Some(last.clone())));
        Ok(Some((number, rows)))
    }
}

#[cfg(target_os = "linux")]
const WORKER_NICENESS: i32 = 5;
