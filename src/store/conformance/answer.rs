//! What an engine gave beside what the vault needs, in words.

use std::error::Error;
use std::fmt::Display;

use crate::store::{Batch, CommitError, Effect, Expected, Row, RowChange, Rows, Store, StoreError, Table};

/// What came of asking.
pub(super) type Asked = Result<(), Fault>;

/// What an engine did instead.
pub(super) struct Fault(pub(super) String);

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(format!("the engine gave the error \"{}\", the vault needs none", told(&error)))
    }
}

/// Unless it holds, this is the fault.
pub(super) fn needs(holds: bool, fault: impl FnOnce() -> String) -> Asked {
    if holds { Ok(()) } else { Err(Fault(fault())) }
}

pub(super) fn same<T: Shown + PartialEq>(case: impl Display, gave: &T, needed: &T) -> Asked {
    needs(gave == needed, || format!("{case}: the engine gave {}, the vault needs {}", gave.shown(), needed.shown()))
}

/// Rows, and by which way they are read.
pub(super) struct View<'v> {
    pub(super) way: &'static str,
    pub(super) rows: &'v dyn Rows,
}

/// The store, and a snapshot of it: both answer the same.
pub(super) fn views<'v>(store: &'v dyn Store, snapshot: &'v dyn Rows) -> [View<'v>; 2] {
    [View::of(store), View { way: "in a snapshot", rows: snapshot }]
}

impl<'v> View<'v> {
    pub(super) fn of(store: &'v dyn Store) -> Self {
        Self { way: "in the store", rows: store }
    }

    pub(super) fn get(&self, table: Table, key: &[u8], needed: Option<&[u8]>) -> Asked {
        let case = || format!("{}, the value at {}", self.way, place(table, key));
        let gave = self.rows.get(table, key).map_err(|error| failed(case(), &error))?;
        same(case(), &gave, &needed.map(<[u8]>::to_vec))
    }

    pub(super) fn at_or_after(&self, table: Table, key: &[u8], needed: Option<Row>) -> Asked {
        let case = || format!("{}, the row at or after {}", self.way, place(table, key));
        let gave = self.rows.at_or_after(table, key).map_err(|error| failed(case(), &error))?;
        same(case(), &gave, &needed)
    }

    pub(super) fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        self.rows.scan(table, after, limit).map_err(|error| failed(self.scanning(table, after, limit), &error))
    }

    pub(super) fn keys<K: AsRef<[u8]>>(&self, table: Table, after: Option<&[u8]>, limit: usize, needed: &[K]) -> Asked {
        let gave = Keys(self.scan(table, after, limit)?.into_iter().map(|(key, _)| key).collect());
        let needed = Keys(needed.iter().map(|key| key.as_ref().to_vec()).collect());
        same(self.scanning(table, after, limit), &gave, &needed)
    }

    pub(super) fn all(&self, table: Table, needed: &[(&[u8], &[u8])]) -> Asked {
        let gave = self.scan(table, None, usize::MAX)?;
        let needed: Vec<Row> = needed.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        same(format!("{}, the rows of {}", self.way, table.name()), &gave, &needed)
    }

    fn scanning(&self, table: Table, after: Option<&[u8]>, limit: usize) -> String {
        let from = after.map_or_else(|| "from the first".into(), |key| format!("after {}", text(key)));
        let limit = if limit == usize::MAX { "all".into() } else { limit.to_string() };
        format!("{}, a scan of {} rows of {} {from}", self.way, limit, table.name())
    }
}

/// The row is written.
pub(super) fn put(store: &dyn Store, table: Table, key: &[u8], value: &[u8], expected: Expected) -> Asked {
    commits(store, &putting(table, key, value, expected))
}

pub(super) fn putting(table: Table, key: &[u8], value: &[u8], expected: Expected) -> Batch {
    of([RowChange::new(table, key, expected, Effect::Put(value.to_vec()))])
}

pub(super) fn of(changes: impl IntoIterator<Item = RowChange>) -> Batch {
    changes.into_iter().collect()
}

pub(super) fn exactly(bytes: &[u8]) -> Expected {
    Expected::Exactly(bytes.to_vec())
}

pub(super) fn commits(store: &dyn Store, batch: &Batch) -> Asked {
    store.commit(batch).map_err(|error| {
        Fault(format!("{}: the engine gave {}, the vault needs it committed", described(batch), refused(&error)))
    })
}

/// The batch is refused, for these rows and no others.
pub(super) fn conflicts(store: &dyn Store, batch: &Batch, needed: &[(Table, &[u8])]) -> Asked {
    let mut needed: Vec<_> = needed.iter().map(|(table, key)| (*table, key.to_vec())).collect();
    needed.sort();
    match store.commit(batch) {
        Err(CommitError::Conflict(mut gave)) => {
            gave.sort();
            same(format!("{}, the conflicts", described(batch)), &gave, &needed)
        }
        Ok(()) => Err(Fault(format!(
            "{}: the engine committed it, the vault needs a conflict at {}",
            described(batch),
            needed.shown()
        ))),
        Err(error) => Err(Fault(format!(
            "{}: the engine gave {}, the vault needs a conflict at {}",
            described(batch),
            refused(&error),
            needed.shown()
        ))),
    }
}

pub(super) fn refused(error: &CommitError) -> String {
    match error {
        CommitError::Conflict(rows) => format!("a conflict at {}", rows.shown()),
        CommitError::Store(error) => format!("the error \"{}\"", told(error)),
    }
}

pub(super) fn told(error: &StoreError) -> String {
    let (mut text, mut at) = (error.to_string(), error.source());
    while let Some(cause) = at {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        at = cause.source();
    }
    text
}

fn failed(case: String, error: &StoreError) -> Fault {
    Fault(format!("{case}: the engine gave the error \"{}\"", told(error)))
}

fn described(batch: &Batch) -> String {
    let changes = batch.changes();
    let one = |change: &RowChange| {
        let effect = match &change.effect {
            Effect::Check => "check ".into(),
            Effect::Delete => "delete ".into(),
            Effect::Put(value) => format!("put {} at ", text(value)),
        };
        let expected = match &change.expected {
            Expected::Absent => "nothing".into(),
            Expected::Exactly(bytes) => format!("exactly {}", text(bytes)),
        };
        format!("{effect}{} where {expected} is expected", place(change.table, &change.key))
    };
    match changes {
        [] => "a batch without changes".into(),
        [only] => one(only),
        many => format!("a batch of {}", listed(many.iter().map(one), many.len())),
    }
}

fn place(table: Table, key: &[u8]) -> String {
    format!("{}/{}", table.name(), text(key))
}

/// As text where it is, and the beginning of what is long.
pub(super) fn text(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(MAX_SHOWN)];
    let text = if shown.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        format!("\"{}\"", String::from_utf8_lossy(shown))
    } else {
        format!("0x{}", crate::secret::hex(shown))
    };
    if shown.len() < bytes.len() { format!("{text}.. ({} bytes)", bytes.len()) } else { text }
}

/// How what an engine gave is shown.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

impl Shown for Option<Vec<u8>> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "nothing".into(), |value| text(value))
    }
}

impl Shown for Option<Row> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "nothing".into(), row)
    }
}

impl Shown for Vec<Row> {
    fn shown(&self) -> String {
        listed(self.iter().map(row), self.len())
    }
}

impl Shown for Vec<(Table, Vec<u8>)> {
    fn shown(&self) -> String {
        listed(self.iter().map(|(table, key)| place(*table, key)), self.len())
    }
}

impl Shown for usize {
    fn shown(&self) -> String {
        self.to_string()
    }
}

#[derive(PartialEq)]
pub(super) struct Keys(pub(super) Vec<Vec<u8>>);

impl Shown for Keys {
    fn shown(&self) -> String {
        listed(self.0.iter().map(|key| text(key)), self.0.len())
    }
}

fn row((key, value): &Row) -> String {
    format!("{} = {}", text(key), text(value))
}

fn listed(all: impl Iterator<Item = String>, len: usize) -> String {
    if len == 0 {
        return "none".into();
    }
    let first: Vec<_> = all.take(MAX_LISTED).collect();
    let more = if len > MAX_LISTED { format!(" and {} more", len - MAX_LISTED) } else { String::new() };
    format!("[{}]{more}", first.join(", "))
}

const MAX_LISTED: usize = 12;
const MAX_SHOWN: usize = 24;
