//! An engine that is not ours does all that ours do, backups and restoring among it; and says so when it does not.

use std::path::{Path, PathBuf};

use crate::support::past::damage_of;
use crate::support::shelf::{Fault, Shelf};
use crate::support::{Keys, act};
use strongroom::backup::Backup;
use strongroom::error::Detail;
use strongroom::rotation::RotateOptions;
use strongroom::store::conformance::{self, Backups, Ground};
use strongroom::store::{BackupFormat, Store, StoreError};
use strongroom::{ErrorKind, MemoryStore, NewApiKey, Request, Vault};

#[test]
fn it_keeps_every_claim() {
    conformance::all(ShelfGround::default);
}

#[test]
fn a_backup_of_another_engine_is_verified_compared_and_restored() {
    let (shelf, keys) = (Shelf::default(), Keys::generate(2));
    let vault = Vault::create(shelf.new_store(), keys.only([1]), &act()).expect("vault");
    let kept = vault.issue(&NewApiKey::new("kept"), &act()).expect("issued");
    vault.backup("monday", &act(), |_| ()).expect("backup");
    let later = vault.issue(&NewApiKey::new("later"), &act()).expect("issued");
    vault.revoke(kept.id, &act()).expect("revoked");

    let backup = Backup::open_with(shelf.clone(), "monday").expect("a backup");
    assert_eq!(backup.claims().records, 1);
    assert_eq!(backup.verify(&keys.only([1]), |_| ()).expect("whole"), *backup.claims());
    let behind = backup.behind(&vault).expect("compared");
    assert!(behind.related && behind.revoked.contains(&kept.id));

    backup.restore("vault 2", &keys.only([1]), &act(), |_| ()).expect("restored");
    let restored = shelf.open_at("vault 2".as_ref()).expect("it stands there");
    let restored = Vault::open(restored, keys.only([1, 2])).expect("a vault");
    restored.verify(kept.token.expose(), &Request::new()).expect("as on Monday");
    restored.verify(later.token.expose(), &Request::new()).expect_err("not there on Monday");
    restored.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(damage_of(&restored), Vec::<&str>::new());
}

#[test]
fn a_copy_that_is_stopped_or_whose_place_is_taken_leaves_nothing() {
    let (shelf, keys) = (Shelf::default(), Keys::generate(1));
    let vault = Vault::create(shelf.new_store(), keys.only([1]), &act()).expect("vault");
    vault.backup("monday", &act(), |_| ()).expect("backup");
    let backup = Backup::open_with(shelf.clone(), "monday").expect("a backup");
    let stopped =
        backup.restore("vault 2", &keys.only([1]), &act(), |_| std::ops::ControlFlow::Break(())).expect_err("stopped");
    assert!(matches!(stopped.detail(), Detail::Store(StoreError::Stopped)), "{stopped}");
    let taken = backup.restore("monday", &keys.only([1]), &act(), |_| ()).expect_err("taken");
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    assert_eq!(shelf.names(), [PathBuf::from("monday")]);
}

#[test]
fn an_engine_without_backups_or_without_restoring_says_so() {
    /// It reads the backups on a shelf, and makes no stores of them.
    struct ReadOnly(Shelf);

    impl BackupFormat for ReadOnly {
        fn open(&self, from: &Path) -> Result<Box<dyn Store>, StoreError> {
            self.0.open(from)
        }
    }

    let (shelf, keys) = (Shelf::default(), Keys::generate(1));
    let vault = Vault::create(shelf.new_store(), keys.only([1]), &act()).expect("vault");
    vault.backup("monday", &act(), |_| ()).expect("backup");
    let backup = Backup::open_with(ReadOnly(shelf), "monday").expect("a backup");
    backup.verify(&keys.only([1]), |_| ()).expect("it can be read");
    let refused = backup.restore("vault 2", &keys.only([1]), &act(), |_| ()).expect_err("it cannot");
    assert!(matches!(refused.detail(), Detail::Store(StoreError::Unsupported { what: "restoring" })), "{refused}");

    let vault = Vault::create(MemoryStore::new(), keys.only([1]), &act()).expect("vault");
    let refused = vault.backup("monday", &act(), |_| ()).expect_err("memory has none");
    assert!(matches!(refused.detail(), Detail::Store(StoreError::Unsupported { what: "backups" })), "{refused}");
}

/// A store and a shelf, for the suite.
#[derive(Default)]
pub(crate) struct ShelfGround {
    rows: MemoryStore,
    shelf: Shelf,
}

impl ShelfGround {
    pub(crate) fn with(fault: Fault) -> Self {
        Self { shelf: Shelf::with(fault), ..Self::default() }
    }
}

impl Ground for ShelfGround {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.shelf.over(&self.rows))
    }

    fn backups(&self) -> Option<&dyn Backups> {
        Some(self)
    }
}

impl Backups for ShelfGround {
    fn place(&self, name: &str) -> PathBuf {
        name.into()
    }

    fn format(&self) -> Box<dyn BackupFormat> {
        Box::new(self.shelf.clone())
    }

    fn open_at(&self, path: &Path) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.shelf.open_at(path)?))
    }
}
