//! What is found for one key is found for every key: whatever it begins with, ends with, and has inside that is a quote
//! or an escape elsewhere.
#![cfg(feature = "scan")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "says what it skips, and its table with --nocapture")]

use crate::support::version;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use base64ct::{Base64, Base64Url, Encoding};
use sha2::{Digest, Sha256};
use strongroom::scan::Scanner;
use strongroom::{MasterKey, MasterKeys};

#[test]
fn every_writing_is_found_for_every_key_and_by_its_fingerprint_for_all_or_none() {
    let keys = keys();
    let Some(corpus) = written(&keys) else {
        return crate::support::skipped("python3, od or hexdump was not found (on Debian: python3, bsdextrautils)");
    };
    let mut table: BTreeMap<String, Found> = BTreeMap::new();
    let (mut exact, mut prints) = (Scanner::default(), Scanner::default());
    for line in corpus.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let Some(text) = line["key"].as_str() {
            let key = MasterKey::parse(text).expect("a digest is strong");
            prints = Scanner::fingerprints([(version(1), key.fingerprint())]);
            exact = Scanner::exact(&MasterKeys::single(key));
            continue;
        }
        let name = line["name"].as_str().expect("a name");
        let content = Base64::decode_vec(line["content"].as_str().expect("text")).expect("base64");
        let found = table.entry(name.to_owned()).or_default();
        found.total += 1;
        found.exact += usize::from(scanned(&exact, name, &content));
        found.prints += usize::from(scanned(&prints, name, &content));
    }
    assert!(table.len() > 600 && table.values().all(|found| found.total == keys.len()), "{} writings", table.len());
    for (name, Found { total, exact, prints }) in &table {
        println!("{name}: exact {exact}/{total}, fingerprint {prints}/{total}");
    }
    let faults: Vec<_> = table
        .iter()
        .filter(|(name, found)| {
            let in_part = found.prints > 0 && found.prints < found.total;
            found.exact < found.total || in_part && !BY_CHANCE.contains(&name.as_str())
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let never = table.values().filter(|found| found.prints == 0).count();
    assert!(never <= NEVER_BY_FINGERPRINT, "{never} writings are not found without the key");
}

#[derive(Debug, Default)]
struct Found {
    total: usize,
    exact: usize,
    prints: usize,
}

/// Not in the lines before it, which hold no key.
fn scanned(scanner: &Scanner, name: &str, content: &[u8]) -> bool {
    let hits = scanner.scan(name, content).hits;
    !hits.is_empty() && hits.iter().all(|hit| hit.line > 2)
}

/// The writings of each key by `exact.py`.
fn written(keys: &[String]) -> Option<String> {
    let present = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !["python3", "od", "hexdump"].into_iter().all(present) {
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scan/exact.py");
    let mut child = Command::new("python3")
        .args([script, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 was found");
    child.stdin.take().expect("piped").write_all(keys.join("\n").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "exact.py failed");
    Some(String::from_utf8(output.stdout).expect("JSON"))
}

/// The same keys at each run.
fn keys() -> Vec<String> {
    let mut keys = vec![];
    for part in ["-", "_", "--", "__", "-_", "---", "0x", "x", "n", "u00", "2B", "H4sI"] {
        keys.push(with_text(part, 0));
    }
    for part in ["-", "_", "-_"] {
        keys.extend([with_text(part, 42 - part.len()), with_text(part, 17)]);
    }
    let parts: [&[u8]; 22] = [
        b"\0",
        b"\0\0",
        b"\x0f",
        b"\xff",
        b"\"",
        b"'",
        b"\\",
        b"\\\"",
        b"%25",
        b"&#1;",
        b"\n",
        b"\r\n",
        b" ",
        b"//",
        b"=3",
        b"\xc3\xa9",
        b"/*",
        b"#",
        b"\\x",
        b"''",
        b"`",
        b"\x1f\x8b\x08",
    ];
    for part in parts {
        keys.extend([0, 13, 32 - part.len()].map(|at| with_bytes(part, at)));
    }
    keys
}

fn with_text(part: &str, at: usize) -> String {
    let mut text = Base64Url::encode_string(&Sha256::digest(format!("text {part} {at}")));
    text.replace_range(at..at + part.len(), part);
    text
}

fn with_bytes(part: &[u8], at: usize) -> String {
    let mut bytes = Sha256::digest([part, b" bytes ", at.to_string().as_bytes()].concat());
    bytes[at..at + part.len()].copy_from_slice(part);
    Base64Url::encode_string(&bytes)
}

/// A line that is dashes alone is a rule; and what JSON escapes of one key, it need not of another.
const BY_CHANCE: [&str; 2] = ["threes-lines.txt", "characters-one-escape.json"];

/// What docs/detection.md says is found with the key alone.
const NEVER_BY_FINGERPRINT: usize = 232;
