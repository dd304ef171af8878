//! The free pages of the file of a store: the list of them as it stands there, what was left in them, and zeros over that.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::PoisonError;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::files;
use super::layout::number;
use super::raw::kept_open;
use super::schema::{definition, unused_name};
use super::strays::is_of_what_stands_there;
use crate::store::error::StoreError;
use crate::store::table::Table;

/// The list, walked once. Nothing is written meanwhile, and nothing is in the log: the caller sees to it.
pub(super) struct FreePages {
    /// Whether there is anything in them: every connection of ours has zeroed what it freed.
    pub(super) dirty: bool,
    /// What is wrong with the list. Whoever takes a page from it may write over rows then.
    pub(super) fault: Option<String>,
    /// The pages that it names, itself among them.
    listed: HashSet<u32>,
}

/// How much of the list is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// All of it, and what stands in each page.
    Whole,
    /// All of it, and what stands in the pages that are taken next: a list may be as long as the file.
    Next,
}

impl FreePages {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        Self::looked_at(path, Look::Whole)
    }

    fn looked_at(path: &Path, look: Look) -> Result<Self, StoreError> {
        let file = kept_open(path).map_err(files::failed)?;
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        Pages::of(&mut file).and_then(|mut pages| pages.walk(look)).map_err(files::failed)
    }

    /// The same beside others, where it can be told: while the log is empty, the file is what the transaction sees.
    fn seen(connection: &Connection, path: &Path, look: Look) -> Result<Option<Self>, StoreError> {
        if connection.is_autocommit() || !log_is_empty(path) {
            return Ok(None);
        }
        Self::looked_at(path, look).map(Some)
    }

    /// What is wrong with the list, as far as it can be told without reading the rows. Free pages that are all zero hold none.
    fn fault_of(listed: Option<Self>, connection: &Connection) -> rusqlite::Result<Option<String>> {
        match listed {
            Some(Self { fault: Some(fault), .. }) => Ok(Some(fault)),
            Some(listed @ Self { dirty: true, .. }) => in_use(connection, Some(&listed)),
            _ => Ok(None),
        }
    }
}

/// Whether all that was committed is in the file itself.
pub(super) fn log_is_empty(path: &Path) -> bool {
    let is_empty = |suffix| std::fs::metadata(files::beside(path, suffix)).map_or(true, |part| part.len() == 0);
    is_empty(files::LOG) && is_empty(files::JOURNAL)
}

/// What is wrong with the list of free pages, as far as it can be told without reading the rows.
pub(super) fn fault(connection: &Connection, path: &Path) -> rusqlite::Result<Option<String>> {
    at_one_moment(connection, || {
        FreePages::fault_of(FreePages::seen(connection, path, Look::Whole).ok().flatten(), connection)
    })
}

/// The same as far as an opening looks. Nobody takes a page from a list of none, and the file stays open once it was looked at.
pub(super) fn fault_to_come(connection: &Connection, path: &Path) -> rusqlite::Result<Option<String>> {
    at_one_moment(connection, || {
        if number(connection, "PRAGMA freelist_count")? == 0 {
            return Ok(None);
        }
        FreePages::fault_of(FreePages::seen(connection, path, Look::Next).ok().flatten(), connection)
    })
}

/// All that is wrong with it.
pub(super) fn faults(connection: &Connection, path: &Path) -> rusqlite::Result<Vec<String>> {
    at_one_moment(connection, || {
        let listed = FreePages::seen(connection, path, Look::Whole).ok().flatten();
        let in_use = in_use(connection, listed.as_ref())?;
        Ok(listed.and_then(|free| free.fault).into_iter().chain(in_use).collect())
    })
}

/// Whether pages are free and hold rows, or hold rows of two tables: by the list where it can be read, and by the counts. All trees of
/// the file are followed, and nothing that somebody else made is executed.
fn in_use(connection: &Connection, listed: Option<&FreePages>) -> rusqlite::Result<Option<String>> {
    let (all, free) = (number(connection, "PRAGMA page_count")?, number(connection, "PRAGMA freelist_count")?);
    match used(connection, all, listed) {
        Ok(Used::Listed(page)) => Ok(Some(format!("it leads to page {page}, which holds rows"))),
        Ok(Used::Pages(used)) => {
            let twice = used.saturating_add(free) > all;
            Ok(twice.then(|| format!("of {all} pages {used} hold rows and {free} are free, so that some are both")))
        }
        Err(error) if is_of_what_stands_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

enum Used {
    /// One that the list names as well.
    Listed(u32),
    /// So many, and none of them listed.
    Pages(i64),
}

fn used(connection: &Connection, all: i64, listed: Option<&FreePages>) -> rusqlite::Result<Used> {
    // A tree that leads back into itself has no end.
    let mut pages = connection.prepare(&format!("SELECT pageno FROM dbstat LIMIT {}", all.saturating_add(1)))?;
    let (mut pages, mut used) = (pages.query([])?, 0);
    while let Some(row) = pages.next()? {
        let page = row.get(0)?;
        if listed.is_some_and(|free| free.listed.contains(&page)) {
            return Ok(Used::Listed(page));
        }
        used += 1;
    }
    Ok(Used::Pages(used))
}

/// Zeros over what was left in the free pages, in the transaction that is open: rows that are never committed take them all, and give
/// them back. Needs no room but in the log, and nothing of what somebody else keeps in the file.
pub(super) fn zero(connection: &Connection) -> rusqlite::Result<()> {
    let free = || number(connection, "PRAGMA freelist_count");
    let page = number(connection, "PRAGMA page_size")?;
    let mut rows = 0_u64;
    let key = |row: u64| [SCRATCH, &row.to_be_bytes()].concat();
    let mut insert = connection.prepare("INSERT INTO usage (k, v) VALUES (?1, zeroblob(?2))")?;
    loop {
        let left = free()?;
        if left <= 0 {
            break;
        }
        // Of each page that hangs on a row, all but a few bytes are the row's.
        insert.execute((key(rows), left.min(PAGES_OF_A_ROW) * (page - 4)))?;
        rows += 1;
    }
    let mut delete = connection.prepare("DELETE FROM usage WHERE k = ?1")?;
    (0..rows).try_for_each(|row| delete.execute([key(row)]).map(drop))
}

/// Writes every row of ours anew, in the transaction that is open, so that nothing is left between them; and zeros over the pages that
/// they had. For a file that SQLite does not build anew, because it would have to execute what somebody else put there.
pub(super) fn write_anew(connection: &Connection) -> rusqlite::Result<()> {
    for &table in Table::ALL {
        let (name, moving) = (table.name(), unused_name(connection, MOVING)?);
        let moved = definition(table).replacen(name, &moving, 1);
        connection.execute_batch(&format!(
            "{moved}; INSERT INTO {moving} (k, v) SELECT k, v FROM {name}; DELETE FROM {name}; \
             INSERT INTO {name} (k, v) SELECT k, v FROM {moving}; DROP TABLE {moving}"
        ))?;
    }
    zero(connection)
}

fn at_one_moment<T>(connection: &Connection, work: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let alone = connection.is_autocommit();
    let _moment = alone.then(|| Transaction::new_unchecked(connection, TransactionBehavior::Deferred)).transpose()?;
    // The moment of a deferred transaction is that of its first read.
    number(connection, "SELECT count(*) FROM (SELECT 1 FROM vault LIMIT 1)")?;
    work()
}

/// Pages by their numbers, from 1 (SQLite's Database File Format, section 1.3).
struct Pages<'f> {
    file: &'f mut File,
    page: Vec<u8>,
    first_trunk: u32,
    free: u32,
    count: u32,
}

impl<'f> Pages<'f> {
    fn of(file: &'f mut File) -> io::Result<Self> {
        let mut header = [0; 100];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut header)?;
        // 65,536 does not fit, and stands there as 1.
        let size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        let len = file.metadata()?.len();
        let count = u32::try_from(len / (size.max(512) as u64)).unwrap_or(u32::MAX);
        let (first_trunk, free) = (word(&header, 32), word(&header, 36));
        Ok(Self { file, page: vec![0; size.max(512)], first_trunk, free, count })
    }

    fn read(&mut self, number: u32) -> io::Result<()> {
        let at = u64::from(number.saturating_sub(1)) * self.page.len() as u64;
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut self.page)
    }

    /// A trunk has the number of the next one, how many leaves it lists, and their numbers; and numbers that it listed once. No page
    /// is looked at twice, so that the walk has an end whatever stands there.
    fn walk(&mut self, look: Look) -> io::Result<FreePages> {
        let (mut seen, mut dirty, mut trunk) = (HashSet::new(), false, self.first_trunk);
        let broken = |dirty, fault: String| Ok(FreePages { dirty, fault: Some(fault), listed: HashSet::new() });
        while trunk != 0 {
            if let Some(fault) = self.refused(trunk, &mut seen) {
                return broken(dirty, fault);
            }
            self.read(trunk)?;
            let (listed, most) = (word(&self.page, 4) as usize, self.page.len() / 4 - 2);
            if listed > most {
                return broken(dirty, format!("page {trunk} says that it lists {listed}, and has room for {most}"));
            }
            let numbers: Vec<_> = self.page[8..].chunks_exact(4).map(|number| word(number, 0)).collect();
            dirty |= numbers[listed..].iter().any(|number| *number > self.count);
            // SQLite takes from the first trunk until nothing is left of it.
            let read = look == Look::Whole || trunk == self.first_trunk;
            trunk = word(&self.page, 0);
            for leaf in &numbers[..listed] {
                if let Some(fault) = self.refused(*leaf, &mut seen) {
                    return broken(dirty, fault);
                }
                if read && !dirty {
                    self.read(*leaf)?;
                    dirty = self.page.iter().any(|byte| *byte != 0);
                }
            }
        }
        let listed = seen.len();
        let fault = (listed != self.free as usize)
            .then(|| format!("the header of the file says that there are {}, and {listed} are listed", self.free));
        Ok(FreePages { dirty, fault, listed: seen })
    }

    fn refused(&self, number: u32, seen: &mut HashSet<u32>) -> Option<String> {
        if number < 2 || number > self.count {
            Some(format!("it leads to page {number} of {}", self.count))
        } else if !seen.insert(number) {
            Some(format!("it leads to page {number} twice"))
        } else {
            None
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A row that takes more is not kept in memory whole.
const PAGES_OF_A_ROW: i64 = 128;
/// No key of the table `usage` begins so.
const SCRATCH: &[u8] = b"strongroom/free pages/";
const MOVING: &str = "strongroom_moving";
