//! What the vault needs of a storage engine: ordered tables of opaque bytes, and batches that happen whole or not.
//!
//! docs/engines.md in the repository goes through writing one, with an engine that runs.

mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
mod engine;
mod error;
mod memory;
mod ordered;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;

pub use batch::{Batch, Effect, Expected, RowChange};
pub use engine::{
    BackupFormat, EachStray, RotationClaim, Rows, Scrub, Store, UnfinishedBackup, UnfinishedStore, WatchCopy,
};
pub use error::{CommitError, EngineFault, SchemaFault, StoreError};
pub use memory::MemoryStore;
pub(crate) use ordered::Ordered;
#[cfg(feature = "sqlite")]
pub use sqlite::{Mended, SqliteBackups, SqliteRepair, SqliteStore};
pub use table::{Row, Table};

/// The engine in the manual is compiled and asked.
#[cfg(doctest)]
#[doc = include_str!("../docs/engines.md")]
struct Manual;
