//! What a repair has mended, and what it leaves.

/// What a repair has mended in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// The kind, as a word for the audit log: `journal`, `schema`, `foreign`, `statistics`, `types` or `free_pages`.
    pub kind: &'static str,
    /// How many: tables and what hangs on them, or rows.
    pub count: u64,
    /// What it was.
    pub what: String,
}

impl Mended {
    pub(super) const FOREIGN: &str = "foreign";
    pub(super) const FREE_PAGES: &str = "free_pages";
    pub(super) const JOURNAL: &str = "journal";
    pub(super) const SCHEMA: &str = "schema";
    pub(super) const STATISTICS: &str = "statistics";
    pub(super) const TYPES: &str = "types";

    /// Whether something was taken away or made other that a backup of the rows does not hold.
    pub fn changes_content(&self) -> bool {
        [Self::FOREIGN, Self::SCHEMA, Self::TYPES].contains(&self.kind)
    }
}

#[derive(Default)]
pub(super) struct Found {
    pub(super) mended: Vec<Mended>,
    pub(super) left: Vec<String>,
    /// Whether the file holds what was in the log.
    pub(super) log_is_empty: bool,
    /// Whether there are pages that nothing leads to.
    pub(super) orphans: bool,
}

impl Found {
    pub(super) fn add(&mut self, kind: &'static str, count: u64, what: String) {
        self.mended.push(Mended { kind, count, what });
    }
}
