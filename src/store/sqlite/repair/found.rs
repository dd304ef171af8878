//! What a repair has mended, and what it leaves.

use crate::store::table::Table;

/// What a repair has mended in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// The kind, as a word for the audit log: `journal`, `schema`, `foreign`, `statistics`, `types`, `rows`, `free_list` or `free_pages`.
    pub kind: &'static str,
    /// How many: tables and what hangs on them, or rows.
    pub count: u64,
    /// What it was.
    pub what: String,
}

impl Mended {
    pub(super) const FOREIGN: &str = "foreign";
    pub(super) const FREE_LIST: &str = "free_list";
    pub(super) const FREE_PAGES: &str = "free_pages";
    pub(super) const JOURNAL: &str = "journal";
    pub(super) const ROWS: &str = "rows";
    pub(super) const SCHEMA: &str = "schema";
    pub(super) const STATISTICS: &str = "statistics";
    pub(super) const TYPES: &str = "types";

    /// Whether something was taken away or made other that a backup of the rows does not hold, or no backup can be taken before.
    pub fn changes_content(&self) -> bool {
        [Self::FOREIGN, Self::FREE_LIST, Self::ROWS, Self::SCHEMA, Self::TYPES].contains(&self.kind)
    }
}

#[derive(Default)]
pub(super) struct Found {
    pub(super) mended: Vec<Mended>,
    pub(super) left: Vec<String>,
    /// Tables that were made anew, of which nobody knows yet whether their rows are the right ones.
    pub(super) remade: Vec<Table>,
    /// Whether the file holds what was in the log.
    pub(super) log_is_empty: bool,
    /// Whether there are pages that nothing leads to.
    pub(super) orphans: bool,
}

impl Found {
    /// What is no bytes in a table, and stays.
    pub(super) fn name_left(&mut self, table: Table, lines: Vec<String>) {
        self.left.retain(|line| !line.contains(&format!("the table {} ", table.name())));
        self.left.extend(lines);
    }

    /// Whether the list of free pages is made anew.
    pub(super) fn lists(&self) -> bool {
        self.mended.iter().any(|mended| mended.kind == Mended::FREE_LIST)
    }

    pub(super) fn add(&mut self, kind: &'static str, count: u64, what: String) {
        self.mended.push(Mended { kind, count, what });
    }
}
