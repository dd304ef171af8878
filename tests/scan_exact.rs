//! A key that is known is found in every writing, and in none of another key's.
#![cfg(feature = "scan")]

use std::fs;

use base64ct::{Base64, Encoding};
use strongroom::{MasterKey, MasterKeys, ScanMode, Scanner};

#[test]
fn a_known_key_is_found_in_every_writing_and_another_key_in_none() {
    let corpus = Corpus::read();
    assert!(corpus.files.len() >= 150, "{}", corpus.files.len());
    let scanner = Scanner::exact(&corpus.keys());
    let mut faults = vec![];
    for file in &corpus.files {
        let found = scanner.scan(&file.name, &file.content).hits;
        let version = corpus.keys().versions().next().map(|(_, fingerprint)| fingerprint);
        let right = found.iter().filter(|hit| hit.mode == ScanMode::Exact && hit.fingerprint == version);
        if right.count() == 0 || found.iter().any(|hit| hit.line < 3) {
            faults.push(format!("{}: {found:?}", file.name));
        }
        if !scanner.scan(&file.name, &file.other).hits.is_empty() {
            faults.push(format!("{}: another key found", file.name));
        }
    }
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), corpus.files.len(), faults.join("\n"));
}

struct Corpus {
    key: String,
    files: Vec<Written>,
}

struct Written {
    name: String,
    content: Vec<u8>,
    other: Vec<u8>,
}

impl Corpus {
    fn read() -> Self {
        let text =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scan/exact.jsonl")).expect("corpus");
        let mut lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("json"));
        let string = |line: &serde_json::Value, member: &str| line[member].as_str().expect("a string").to_owned();
        let bytes = |line: &serde_json::Value, member: &str| Base64::decode_vec(&string(line, member)).expect("base64");
        let key = string(&lines.next().expect("the key"), "key");
        let files = lines
            .map(|line| Written {
                name: string(&line, "name"),
                content: bytes(&line, "content"),
                other: bytes(&line, "other"),
            })
            .collect();
        Self { key, files }
    }

    fn keys(&self) -> MasterKeys {
        MasterKeys::single(MasterKey::parse(&self.key).expect("a strong key"))
    }
}
