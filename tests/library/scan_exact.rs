//! A key that is known is found in every writing, and in none of another key's.
#![cfg(feature = "scan")]

use std::fs;

use base64ct::{Base64, Encoding};
use strongroom::scan::{ScanMode, Scanner};
use strongroom::{MasterKey, MasterKeyVersion, MasterKeys};

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

#[test]
fn among_many_keys_each_is_found_in_every_writing_under_its_version() {
    let corpus = Corpus::read();
    // What is looked up in is of another size for few keys, for some and for many.
    for count in [2, 10, 100, 600] {
        let mut keys = MasterKeys::default();
        let number = |version: u32| MasterKeyVersion::try_from(version).expect("from 1");
        keys.insert(number(count), MasterKey::parse(&corpus.key).expect("a strong key")).expect("new");
        for version in 1..count {
            keys.insert(number(version), MasterKey::generate().expect("random")).expect("new");
        }
        let scanner = Scanner::exact(&keys);
        for file in &corpus.files {
            let versions = |content: &[u8]| -> Vec<_> {
                scanner.scan(&file.name, content).hits.iter().map(|hit| hit.version).collect()
            };
            let found = versions(&file.content);
            assert!(
                !found.is_empty() && found.iter().all(|version| *version == Some(number(count))),
                "{}: {found:?}",
                file.name
            );
            assert_eq!(versions(&file.other), [], "{}", file.name);
        }
    }
}

#[test]
fn bytes_that_would_be_quotes_or_escapes_elsewhere_do_not_hide_a_key() {
    let odd: [&[u8]; 5] = [b"'+\"", b"%0D", b"&#1;", b"`, `", b"\"\""];
    for odd in odd {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("random bytes");
        bytes[9..9 + odd.len()].copy_from_slice(odd);
        let key = MasterKey::parse(&base64ct::Base64Url::encode_string(&bytes)).expect("a key");
        let scanner = Scanner::exact(&MasterKeys::single(key));
        let escaped = |byte: u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\u{byte:04x}"),
        };
        let json = format!("{{\"key\": \"{}\"}}", bytes.map(escaped).concat());
        let nested = json.replace('\\', "\\\\").replace('"', "\\\"");
        for content in [json, format!("\"{nested}\"")] {
            assert_eq!(scanner.scan("key.json", content.as_bytes()).hits.len(), 1, "{odd:?}");
        }
    }
}

#[test]
fn part_of_a_key_again_and_again_takes_no_work_without_end() {
    let corpus = Corpus::read();
    let scanner = Scanner::exact(&corpus.keys());
    let content = format!("{} ", &corpus.key[..30]).repeat(200_000);
    assert!(scanner.scan("half.txt", content.as_bytes()).hits.is_empty());
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
