//! A vault whose uses are counted, and texts and times.

use std::net::IpAddr;

use strongroom::store::{Batch, Expected, Row, Rows, Store, Table};
use strongroom::{ApiKeyId, Issued, MemoryStore, NewApiKey, Request, Timestamp, Vault};

use crate::support::{Keys, act};

pub(crate) fn verify_all(vault: &Vault, issued: &[Issued]) {
    for issued in issued {
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    }
}

/// A vault in memory, and what was issued.
pub(crate) struct Scene {
    pub(crate) store: MemoryStore,
    pub(crate) keys: Keys,
    pub(crate) issued: Vec<Issued>,
}

impl Scene {
    pub(crate) fn new(count: usize) -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(2));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let mut issued = vault.issue_many(&vec![NewApiKey::new("n"); count], &act()).expect("issued");
        issued.sort_by_key(|issued| issued.id);
        drop(vault);
        Self { store, keys, issued }
    }

    pub(crate) fn open(&self, versions: impl IntoIterator<Item = u32>) -> Vault {
        Vault::open(self.store.clone(), self.keys.only(versions)).expect("vault")
    }

    pub(crate) fn token(&self, at: usize) -> &str {
        self.issued[at].token.expose()
    }

    pub(crate) fn verify_each(&self, vault: &Vault, times: usize) {
        for issued in self.issued.iter().cycle().take(times * self.issued.len()) {
            vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        }
    }

    pub(crate) fn assert_each(&self, vault: &Vault, times: u64) {
        for issued in &self.issued {
            assert_eq!(vault.usage(issued.id).expect("read").expect("used").verifications, times);
        }
    }

    pub(crate) fn usage_rows(&self) -> Vec<Row> {
        self.store.scan(Table::Usage, None, usize::MAX).expect("rows")
    }

    pub(crate) fn generations(&self) -> Vec<u8> {
        self.usage_rows().iter().map(|(_, row)| row[7]).collect()
    }

    pub(crate) fn put_usage(&self, key: &[u8], value: &[u8]) {
        let old = self.store.get(Table::Usage, key).expect("read");
        let mut batch = Batch::new();
        batch.put(Table::Usage, key, value, old.map_or(Expected::Absent, Expected::Exactly));
        self.store.commit(&batch).expect("put");
    }
}

/// The id of the first token with the secret of the second, and a right check.
pub(crate) fn strongroom_token_of(first: &str, second: &str) -> String {
    let text = format!("{}{}", &first[..29], &second[29..72]);
    let mut number = crc32(text.as_bytes());
    let mut check = [0; 6];
    for digit in check.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    format!("{text}{}", std::str::from_utf8(&check).expect("ASCII"))
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

pub(crate) fn id_of(key: &[u8]) -> ApiKeyId {
    let number = u128::from_be_bytes(key.try_into().expect("16 bytes"));
    let digit = |at: u32| {
        char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[usize::try_from(number >> (5 * at) & 31).expect("small")])
    };
    (0..26).rev().map(digit).collect::<String>().parse().expect("an id")
}

pub(crate) fn counts(pairs: &[(&str, u64)]) -> std::collections::BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis).expect("a time")
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
