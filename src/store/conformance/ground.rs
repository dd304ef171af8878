//! Where an engine is asked.

use std::path::{Path, PathBuf};

use crate::store::{BackupFormat, Store, StoreError};

/// Where an engine is asked: one store, which is new and empty at first. A closure that opens handles on it is one.
pub trait Ground: Sync {
    /// Opens a handle on the store: the first one and every other.
    fn open(&self) -> Box<dyn Store>;

    /// Where the engine's backups are tried. By default `None`, for an engine without backups.
    fn backups(&self) -> Option<&dyn Backups> {
        None
    }
}

impl<S: Store + 'static, F: Fn() -> S + Sync> Ground for F {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self())
    }
}

/// Where an engine's backups are tried.
pub trait Backups: Sync {
    /// A place of this name for a backup or a store. Nothing is there before the suite puts something there.
    fn place(&self, name: &str) -> PathBuf;

    /// What opens the engine's backups.
    fn format(&self) -> Box<dyn BackupFormat>;

    /// Opens the store at a place, as a user of the engine does.
    fn open_at(&self, path: &Path) -> Result<Box<dyn Store>, StoreError>;
}
