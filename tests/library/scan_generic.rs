//! Without any vault, literals that stand where a master key would are found, and what only looks like one is not.
#![cfg(feature = "scan")]

use std::fs;

use base64ct::Encoding;
use strongroom::MasterKey;
use strongroom::scan::Scanner;

#[test]
fn keys_are_told_from_what_looks_like_one() {
    judged("generic.jsonl", 150);
}

#[test]
fn keys_are_told_apart_in_whole_files_as_people_write_them() {
    judged("unseen.jsonl", 60);
}

#[test]
fn keys_are_told_apart_in_pieces_of_files_from_many_ecosystems() {
    judged("ecosystems.jsonl", 150);
}

/// Recall and precision of at least 0.95 on each half of a corpus, and on all of it.
fn judged(corpus_name: &str, least: usize) {
    let files = corpus(corpus_name);
    let scanner = Scanner::generic();
    let judged: Vec<_> =
        files.iter().map(|file| (file, scanner.scan(&file.name, file.content.as_bytes()).hits)).collect();
    let mut faults = vec![];
    for (part, held) in [("tuned to", Some(false)), ("held out", Some(true)), ("all", None)] {
        let part_of = || judged.iter().filter(|(file, _)| held.is_none_or(|held| file.held == held));
        let count = |key: bool, found: bool| {
            part_of().filter(|(file, hits)| file.key == key && hits.is_empty() != found).count()
        };
        let (right, missed, wrong) = (count(true, true), count(true, false), count(false, true));
        assert!(right + missed >= if held.is_none() { least } else { least * 7 / 15 });
        let share = |of: usize| f64::from(small(right)) / f64::from(small(of));
        let (recall, precision) = (share(right + missed), share(right + wrong));
        if recall < 0.95 || precision < 0.95 {
            faults.extend(part_of().filter(|(file, hits)| file.key == hits.is_empty()).map(|(file, hits)| {
                format!("{part} (recall {recall:.3}, precision {precision:.3}): {} {hits:?}", file.name)
            }));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_key_of_a_list_is_found_and_what_names_or_encrypts_is_not() {
    let text = || MasterKey::generate().expect("random bytes").to_text().expose().to_owned();
    let hex = || base16ct::lower::encode_string(&base64ct::Base64Url::decode_vec(&text()).expect("base64"));
    let cases = [
        ("settings.py", format!("FERNET_KEYS = [\n    \"{}\",\n    \"{}\",\n]\n", text(), text()), 2),
        ("key.lua", format!("local enc_key = ngx.decode_base64(\"{}\")\n", text()), 1),
        ("app.config", format!("<machineKey decryptionKey=\"{}\" validation=\"SHA1\"/>\n", hex()), 1),
        ("root.json", format!("{{\"keys\": {{\n  \"{}\": {{\"keytype\": \"ed25519\"}}}}}}\n", hex()), 0),
        ("secrets.yaml", format!("master_key: ENC[AES256_GCM,data:{},type:str]\n", text()), 0),
        ("relay.conf", format!("ntor-onion-key {}\n", text().trim_end_matches('=')), 0),
    ];
    for (name, content, keys) in cases {
        assert_eq!(Scanner::generic().scan(name, content.as_bytes()).hits.len(), keys, "{name}");
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("a few hundred")
}

struct File {
    name: String,
    key: bool,
    held: bool,
    content: String,
}

fn corpus(name: &str) -> Vec<File> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scan");
    let text = fs::read_to_string(format!("{folder}/{name}")).expect("corpus");
    let file = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("json");
        let string = |member: &str| line[member].as_str().expect("a string").to_owned();
        let yes = |member: &str| line[member].as_bool().expect("yes or no");
        File { name: string("name"), key: yes("key"), held: yes("held"), content: string("content") }
    };
    text.lines().map(file).collect()
}
