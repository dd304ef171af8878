//! The list of free pages, when it is damaged: whoever took a page from it would write over rows. It is named, nothing walks it
//! without end, nothing is written to the file, and a repair builds it anew from its rows.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Keys, act};
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{SqliteRepair, StoreError};
use strongroom::{ErrorKind, NewApiKey, Request, SqliteStore, Vault, VaultOptions};

struct File {
    bytes: Vec<u8>,
    page: usize,
}

impl File {
    fn of(path: &Path) -> Self {
        let bytes = fs::read(path).expect("readable");
        let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
        Self { bytes, page }
    }

    fn pages(&self) -> u32 {
        u32::try_from(self.bytes.len() / self.page).expect("few")
    }

    fn put(&mut self, at: usize, word: u32) {
        self.bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
    }

    /// Where the list begins, and how many it has.
    fn list(&mut self, first: u32, count: u32) {
        self.put(32, first);
        self.put(36, count);
    }

    /// A new page at the end: a part of the list, with what it leads to.
    fn trunk(&mut self, next: u32, listed: u32, leaves: &[u32]) -> u32 {
        let at = self.bytes.len();
        self.bytes.resize(at + self.page, 0);
        let number = self.pages();
        self.put(at, next);
        self.put(at + 4, listed);
        for (index, leaf) in leaves.iter().enumerate() {
            self.put(at + 8 + 4 * index, *leaf);
        }
        self.put(28, number);
        number
    }
}

type Damage = fn(&mut File);

const DAMAGES: [(&str, Damage); 11] = [
    ("a part that leads to itself, and a count without end", |file| {
        let own = file.pages() + 1;
        file.trunk(own, 0, &[]);
        file.list(own, u32::MAX);
    }),
    ("a part that leads to itself", |file| {
        let own = file.pages() + 1;
        file.trunk(own, 0, &[]);
        file.list(own, 5);
    }),
    ("two parts that lead to each other", |file| {
        let first = file.pages() + 1;
        file.trunk(first + 1, 0, &[]);
        file.trunk(first, 0, &[]);
        file.list(first, 0x7fff_ffff);
    }),
    ("beyond the end", |file| file.list(1_000_000, 5)),
    ("a table", |file| file.list(3, 5)),
    ("pages of tables", |file| {
        let first = file.trunk(0, 3, &[3, 4, 5]);
        file.list(first, 4);
    }),
    ("a page of a table in the place of a free one, so that the counts fit", |file| {
        file.trunk(0, 0, &[]);
        let first = file.trunk(0, 1, &[4]);
        file.list(first, 2);
    }),
    ("a page twice", |file| {
        let free = file.trunk(0, 0, &[]);
        let first = file.trunk(0, 2, &[free, free]);
        file.list(first, 3);
    }),
    ("a part without end", |file| {
        let first = file.trunk(0, u32::MAX, &[]);
        file.list(first, 1);
    }),
    ("a count without a list", |file| file.list(0, 77)),
    ("a list that is longer than its count", |file| {
        let free = file.trunk(0, 0, &[]);
        let first = file.trunk(0, 1, &[free]);
        file.list(first, 1);
    }),
];

#[test]
fn a_damaged_list_of_free_pages_is_named_written_by_nobody_and_made_anew_by_a_repair() {
    for (name, damage) in DAMAGES {
        let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(2));
        let at = |name: &str| -> PathBuf { folder.path().join(name) };
        let vault = Vault::create(SqliteStore::create(at("v")).expect("store"), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("n"); 40], &act()).expect("issued");
        let valid = |vault: &Vault| {
            issued.iter().filter(|issued| vault.verify(issued.token.expose(), &Request::new()).is_ok()).count()
        };
        drop(vault);
        let mut file = File::of(&at("v"));
        damage(&mut file);
        fs::write(at("v"), &file.bytes).expect("written");

        let began = Instant::now();
        let vault = Vault::open(SqliteStore::open(at("v")).expect("store"), keys.only([1, 2])).expect("vault");
        let symptoms = vault.doctor(|_| ()).expect("examined").symptoms;
        let found = symptoms.iter().find(|symptom| symptom.what.contains("list of free pages"));
        let found = found.unwrap_or_else(|| panic!("{name}: {symptoms:?}"));
        assert!(found.remedy.contains("doctor --repair"), "{name}: {found:?}");
        let before = fs::read(at("v")).expect("readable");
        let refusals = [
            vault.rotate(&RotateOptions::new(), &act(), |_| ()).map(drop),
            vault.issue(&NewApiKey::new("n"), &act()).map(drop),
            vault.revoke(issued[0].id, &act()).map(drop),
            vault.backup(at("b"), &act(), |_| ()).map(drop),
        ];
        for refused in refusals.map(|refused| refused.expect_err(name)) {
            assert!(matches!(refused.detail(), Detail::Store(StoreError::FreePages { .. })), "{name}: {refused:?}");
            assert_eq!(refused.kind(), ErrorKind::Corrupt, "{name}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
        assert_eq!(valid(&vault), 40, "{name}");
        drop(vault);
        assert!(fs::read(at("v")).expect("readable") == before && !at("b").exists(), "{name}: something was written");

        let repair = Arc::new(SqliteRepair::begin(at("v")).expect(name));
        let opening = VaultOptions::new().to_examine(true);
        let vault = opening.open(Arc::clone(&repair), keys.only([1, 2])).expect("vault");
        vault.mend(&repair).expect(name);
        let mended: Vec<_> = repair.mended().iter().map(|mended| (mended.kind, mended.count)).collect();
        assert!(mended.contains(&("free_list", 1)), "{name}: {mended:?}");
        vault.record_repair(mended, &act()).expect(name);
        repair.finish().expect(name);
        drop((vault, repair));
        let vault = Vault::open(SqliteStore::open(at("v")).expect("store"), keys.only([1, 2])).expect("vault");
        let symptoms = vault.doctor(|_| ()).expect("examined").symptoms;
        assert!(symptoms.iter().all(|symptom| symptom.id != "store"), "{name}: {symptoms:?}");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!((report.outcome, valid(&vault)), (RotationOutcome::Finished, 40), "{name}");
    }
}

#[test]
fn a_damaged_list_beside_another_schema_is_named_as_what_no_repair_mends() {
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(1));
    let path = folder.path().join("v");
    Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    crate::edited::edit_file(&path, "CREATE TRIGGER t AFTER INSERT ON keys BEGIN SELECT 1; END");
    let mut file = File::of(&path);
    file.trunk(0, 0, &[]);
    let first = file.trunk(0, 1, &[4]);
    file.list(first, 2);
    fs::write(&path, &file.bytes).expect("written");
    let refused = SqliteRepair::begin(&path).map(drop).expect_err("both");
    assert!(matches!(&refused, StoreError::Corrupt { message } if message.contains("schema")), "{refused}");
    assert!(fs::read(&path).expect("readable") == file.bytes);
}
