//! What the vault requires of every engine, as a suite that an engine's own tests run (feature `conformance`).
//!
//! [`all`] takes a closure that makes a new, empty store and gives another that opens handles on it, as another
//! connection or another process would:
//!
//! ```
//! use strongroom::MemoryStore;
//! use strongroom::store::conformance;
//!
//! // In a test of the engine's own package.
//! conformance::all(|| {
//!     let store = MemoryStore::new();
//!     move || store.clone()
//! });
//! ```
//!
//! An engine with backups gives a [`Ground`] of its own instead of the inner closure, which says where they may lie and what opens
//! them. It holds the folder as well, so that this is there as long as the handles:
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//!
//! use strongroom::store::conformance::{self, Backups, Ground};
//! use strongroom::store::{BackupFormat, Store, StoreError};
//! # #[cfg(feature = "sqlite")] {
//! use strongroom::store::{SqliteBackups, SqliteStore};
//!
//! struct Folder(tempfile::TempDir);
//!
//! impl Ground for Folder {
//!     fn open(&self) -> Box<dyn Store> {
//!         Box::new(SqliteStore::open(self.place("store")).expect("another handle"))
//!     }
//!
//!     fn backups(&self) -> Option<&dyn Backups> {
//!         Some(self)
//!     }
//! }
//!
//! impl Backups for Folder {
//!     fn place(&self, name: &str) -> PathBuf {
//!         self.0.path().join(name)
//!     }
//!
//!     fn format(&self) -> Box<dyn BackupFormat> {
//!         Box::new(SqliteBackups::default())
//!     }
//!
//!     fn open_at(&self, path: &Path) -> Result<Box<dyn Store>, StoreError> {
//!         Ok(Box::new(SqliteStore::open(path)?))
//!     }
//! }
//!
//! conformance::all(|| {
//!     let folder = Folder(tempfile::tempdir().expect("a folder"));
//!     SqliteStore::create(folder.place("store")).expect("a new store");
//!     folder
//! });
//! # }
//! ```
//!
//! Each claim is a function of its own, and its documentation says what breaks in a vault whose engine does not keep it.
//! A claim that is broken names itself. What an engine need not have (claims of rotations, places to measure on, backups) is asked
//! only of those that have it.
//!
//! What no test of this kind can see is left to the engine: that a commit which returned survives a power loss, that one in doubt
//! says so, and how far [`Store::scrub`](super::Store::scrub) reaches.

mod answer;
mod backups;
mod commits;
mod ground;
mod handles;
mod rows;
mod views;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use answer::Asked;

pub use ground::{Backups, Ground};

/// Asks every claim of an engine, each on a ground of its own that `make` makes.
///
/// # Panics
///
/// When the engine breaks a claim. All that it breaks are named, with what was found and what breaks without it.
#[track_caller]
pub fn all<G: Ground>(make: impl Fn() -> G) {
    let broken: Vec<_> = claims().iter().filter_map(|claim| claim.check(&make()).err()).collect();
    refuse(&broken);
}

/// Every claim, for an engine that wants to ask one by one.
pub fn claims() -> &'static [Claim] {
    CLAIMS
}

/// One thing that the vault requires.
#[derive(Clone, Copy)]
pub struct Claim {
    name: &'static str,
    without: &'static str,
    ask: fn(&dyn Ground) -> Asked,
}

impl Claim {
    /// What it says, as the name of its function.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Asks it on a ground whose store is new and empty.
    pub fn check(&self, ground: &dyn Ground) -> Result<(), Broken> {
        let broken = |how| Broken { claim: self.name, how, without: self.without };
        let asked = catch_unwind(AssertUnwindSafe(|| (self.ask)(ground)));
        asked.map_err(|panic| broken(said(&*panic)))?.map_err(|fault| broken(fault.0))
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

/// A claim that an engine breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim `{claim}` is broken: {how}")]
#[non_exhaustive]
pub struct Broken {
    /// Its name.
    pub claim: &'static str,
    /// What was found instead.
    pub how: String,
    /// What breaks in a vault whose engine does not keep it.
    pub without: &'static str,
}

#[track_caller]
fn refuse(broken: &[Broken]) {
    let told: Vec<_> = broken.iter().map(|broken| format!("{broken}\n    ({})", broken.without)).collect();
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.map_or_else(|| "the engine panicked".into(), |text| format!("the engine panicked: {text}"))
}

/// Makes a function of each claim, and the list of all. The first lines say what is claimed, the text what breaks without it.
macro_rules! claims {
    ($($(#[$says:meta])+ $part:ident::$name:ident, $without:literal;)*) => {
        $(
        $(#[$says])+
        #[doc = ""]
        #[doc = $without]
        #[doc = ""]
        #[doc = "# Panics"]
        #[doc = ""]
        #[doc = "When the engine breaks it."]
        #[track_caller]
        pub fn $name(ground: &dyn Ground) {
            let claim = Claim { name: stringify!($name), without: $without, ask: $part::$name };
            if let Err(broken) = claim.check(ground) {
                refuse(&[broken]);
            }
        }
        )*

        const CLAIMS: &[Claim] = &[
            $(Claim { name: stringify!($name), without: $without, ask: $part::$name }),*
        ];
    };
}

claims! {
    /// A new store has every table, and no row in any.
    rows::an_empty_store_has_no_rows,
    "A vault is made where there is no row `keyring`: a row that is there would be taken for a vault.";

    /// Keys of 1 to [`Table::MAX_KEY_LEN`](super::Table::MAX_KEY_LEN) bytes and values of 0 to
    /// [`Table::MAX_VALUE_LEN`](super::Table::MAX_VALUE_LEN) come back byte for byte, whatever the bytes are.
    rows::a_row_reads_as_it_was_written,
    "Values are sealed or authenticated: one byte that is lost, or read as text, and they do not open.";

    /// The same key in two tables is two rows.
    rows::tables_do_not_share_rows,
    "API keys and the counts of their uses have the same ids: one would overwrite the other.";

    /// Keys are ordered as unsigned bytes, a beginning before what it begins.
    rows::rows_are_ordered_by_their_bytes,
    "Audit entries are read in the order of their numbers, and a rotation goes on where it stopped: another order skips rows.";

    /// The row at the key itself if there is one, otherwise the next of the same table.
    rows::at_or_after_finds_the_row_or_the_next,
    "Verification reads by it: with another row every token is refused.";

    /// Pages of any size, each begun after the last key of the one before, give every row once. What a page begins after need not be
    /// there.
    rows::scans_page_through_every_row_once,
    "Lists, rotations and the doctor all read so: a row that is passed over stays under the old master key.";

    /// `Absent` conflicts with any row, even one whose value is empty.
    commits::absent_holds_only_where_nothing_is,
    "Two processes that make the same row at once would overwrite each other.";

    /// `Exactly` compares every byte and the length, and holds nowhere where there is no row.
    commits::exactly_holds_only_for_the_same_bytes,
    "A writer would undo what another has just done, such as a revocation.";

    /// A check writes nothing and conflicts like a write.
    commits::checks_change_nothing,
    "Every batch of a vault checks the keyring it was made with: a writer would seal under a generation that a rotation has dropped.";

    /// A delete has an expectation like a write, and afterwards nothing is there.
    commits::deletes_say_what_they_expect,
    "A rotation that was taken over would delete the row of the one that goes on.";

    /// One expectation that does not hold, and nothing of the batch happens; all that do not hold are named, and no others.
    commits::one_broken_expectation_stops_the_whole_batch,
    "A change and its audit entry are one batch: half of it is a change that nobody can prove, or an entry of none.";

    /// A batch without changes succeeds.
    commits::an_empty_batch_commits,
    "A batch may have lost every change to a conflict when it is tried again.";

    /// 100,000 changes are one batch, and where all conflict, all are named.
    commits::a_large_batch_commits_whole,
    "Many API keys are issued in one batch, and as many counts of uses are written in one.";

    /// A snapshot stays at its moment, in every table, while others commit; and it holds up no writer.
    views::a_snapshot_is_unmoved_by_later_commits,
    "The doctor and the audit check compare rows with each other while a rotation moves them.";

    /// Whenever a snapshot is taken, it holds all of a batch or nothing of it.
    views::a_snapshot_never_shows_half_a_batch,
    "A record whose audit entry is not there yet would be reported as tampered with.";

    /// The right to rotate is one holder's at a time, whichever handle asks, and free again once it is dropped. An engine that cannot
    /// tell answers `Unknown` each time.
    handles::the_rotation_is_claimed_by_one_at_a_time,
    "Two rotations at once hold each other up.";

    /// Eight threads, half of them on one handle, count one row up: every step that was acknowledged is there.
    handles::concurrent_compare_and_swap_loses_nothing,
    "It is how two writers of one vault come past each other: acts that were acknowledged would be lost.";

    /// Of those who ask for the right to rotate at the same moment, one at most is granted it.
    handles::concurrent_claims_grant_one,
    "Two rotations at once hold each other up.";

    /// What one handle commits, another sees at once and conflicts with; and a handle that is dropped takes nothing with it.
    handles::a_second_handle_sees_commits_and_conflicts,
    "The program works beside a live service: a revocation that another process sees later is none.";

    /// Scrubbing answers how far it got, and every row stays as it is.
    views::scrubbing_keeps_every_row,
    "Every rotation ends with it: the rows would be gone with the old master key.";

    /// The engine's own check of what it keeps finds nothing in a store that is whole.
    views::a_whole_store_has_no_faults,
    "The doctor shows what it finds as damage.";

    /// An engine that has backups is asked for them: its [`Ground`] says where.
    backups::backups_are_tried_where_there_are_any,
    "What nobody has tried is found out on the day when a backup is all that is left.";

    /// A backup that is dropped before it is published is gone, whatever step it had reached, and its place is free.
    backups::a_backup_that_is_dropped_is_gone,
    "What was never verified would lie where a backup is looked for.";

    /// Neither a backup nor a restored store takes the place of what is there.
    backups::a_backup_replaces_nothing,
    "The one backup that is whole would be overwritten, or the vault itself.";

    /// The row `manifest` is in the backup with the bytes that were given, and neither in the store nor in a restored one.
    backups::the_manifest_stands_only_in_the_backup,
    "A store with a manifest claims to be a backup, and its next backup cannot be sealed.";

    /// What opens stores refuses a backup with [`StoreError::Backup`](super::StoreError::Backup), and what opens backups refuses a store with
    /// [`StoreError::NotBackup`](super::StoreError::NotBackup).
    backups::a_backup_is_no_store,
    "Somebody would go on in a backup by mistake, and two vaults of one id would part ways.";

    /// A backup that is open can be read and not changed.
    backups::a_backup_is_only_read,
    "What was verified would not be what is kept.";

    /// Whoever watches a copy, of a store or of a backup, is asked and can stop it; nothing is left then.
    backups::watching_stops_a_copy,
    "Copying takes minutes, and an operator who interrupts it would wait for them or leave half of one behind.";

    /// What was committed before the copy is in it, and what was committed after is not, in every table.
    backups::a_backup_holds_the_moment_of_its_copy,
    "The records of a backup are compared with its authenticated head: those of two moments are refused as tampered with.";

    /// A copy that is made while others commit holds all of a batch or nothing of it.
    backups::a_backup_never_holds_half_a_batch,
    "A backup beside a live service would fail its own check each time, and there would be none.";

    /// A restored store has the rows of the backup, also those written to it before it was published, and the backup stays.
    backups::a_restored_store_has_the_rows_of_the_backup,
    "API keys would be lost that the backup was there to keep.";

    /// A restored store that is dropped before it is published is gone, and its place is free.
    backups::a_restore_that_is_dropped_is_gone,
    "A store whose check failed would stand where a service opens it.";
}
