//! The scanner takes any content, finds a key at any place and split, and says nothing of what it found.
#![cfg(feature = "scan")]

use crate::support::version;
use base64ct::Encoding;
use proptest::collection::vec;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use strongroom::scan::{ScanMode, Scanner};
use strongroom::{MasterKey, MasterKeys};

fn key() -> MasterKey {
    MasterKey::generate().expect("random")
}

fn exact(key: &MasterKey) -> Scanner {
    let text = key.to_text();
    Scanner::exact(&MasterKeys::parse(text.expose()).expect("a key"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_content_is_scanned_alike_whole_and_as_a_stream(content in vec(any::<u8>(), 0..4096)) {
        let scanner = exact(&key()).with(Scanner::fingerprints([(version(1), key().fingerprint())])).with(Scanner::generic());
        let whole = scanner.scan("a.py", &content);
        let streamed = scanner.scan_reader("a.py", content.as_slice()).expect("memory");
        prop_assert_eq!(whole.hits, streamed.hits);
    }

    #[test]
    fn content_that_looks_like_sources_is_scanned(content in r#"([a-zA-Z0-9+/=_\\x&#;%'", \[\]{}()\n-]|0x[0-9a-f]{2}, |\\x[0-9a-f]{2}){0,600}"#) {
        let scanner = exact(&key()).with(Scanner::fingerprints([(version(1), key().fingerprint())])).with(Scanner::generic());
        prop_assert_eq!(scanner.scan("a.py", content.as_bytes()).bytes, content.len() as u64);
    }

    #[test]
    fn a_key_is_found_wherever_it_is_split(first in 1_usize..42, second in 1_usize..42, form in 0_usize..8) {
        let key = key();
        let text = key.to_text();
        let (first, second) = (first.min(second), first.max(second).max(first.min(second) + 1));
        let (a, b, c) = (&text.expose()[..first], &text.expose()[first..second], &text.expose()[second..]);
        let content = match form {
            0 => format!("k = \"{a}\" + \"{b}\" + \"{c}\""),
            1 => format!("k = \"{a}\"\nk += \"{b}\"\nk += \"{c}\""),
            2 => format!("A='{a}'\nB='{b}'\nC='{c}'\n"),
            3 => format!("{a}\n{b}\n{c}\n"),
            4 => format!("'{a}' . '{b}' .\n '{c}'"),
            5 => format!("[\"{a}\", \"{b}\", \"{c}\"].join('')"),
            6 => format!("KEY={a}\\\n{b}\\\n{c}"),
            _ => format!("concat(\"{a}\", x, \"{b}\", y, \"{c}\")"),
        };
        prop_assert_eq!(exact(&key).scan("a", content.as_bytes()).hits.len(), 1, "{}", content);
    }

    #[test]
    fn hexadecimal_is_found_wherever_it_is_split(first in 1_usize..63, assigned in any::<bool>()) {
        let key = key();
        let hex = hex(&key);
        let (a, b) = hex.split_at(first);
        let content = if assigned { format!("a = '{a}'\nb = '{b}'") } else { format!("'{a}' +\n'{b}'") };
        prop_assert_eq!(exact(&key).scan("a", content.as_bytes()).hits.len(), 1, "{}", content);
    }

    #[test]
    fn a_key_is_found_at_any_place_of_a_large_content_with_its_line(before in 500_000_usize..530_000) {
        let key = key();
        let mut content = vec![b'x'; before];
        content.iter_mut().step_by(100).for_each(|byte| *byte = b'\n');
        let line = memchr::memchr_iter(b'\n', &content).count() as u64 + 2;
        content.extend(format!("\n{}\n", key.to_text().expose()).bytes());
        content.extend(vec![b' '; 20_000]);
        for scanned in [exact(&key).scan("a", &content), exact(&key).scan_reader("a", content.as_slice()).expect("memory")] {
            prop_assert_eq!(scanned.hits.iter().map(|hit| (hit.line, hit.column)).collect::<Vec<_>>(), [(line, 1)]);
        }
    }
}

#[test]
fn hits_on_lines_that_allow_them_are_counted_and_not_reported() {
    let key = key();
    let text = key.to_text();
    for comment in ["strongroom:allow", "gitleaks:allow", "pragma: allowlist secret"] {
        let content = format!("K = \"{0}\"  # {comment}\n\nK = \"{0}\"\n", text.expose());
        for scanner in [exact(&key), Scanner::fingerprints([(version(3), key.fingerprint())])] {
            let scanned = scanner.scan("a.py", content.as_bytes());
            assert_eq!((scanned.allowed, scanned.hits.len(), scanned.hits[0].line), (1, 1, 3), "{comment}");
        }
    }
    let wrapped =
        format!("k = [\n  \"{}\",\n  \"{}\", # strongroom:allow\n]", &text.expose()[..20], &text.expose()[20..]);
    assert_eq!(exact(&key).scan("a", wrapped.as_bytes()).allowed, 1);
}

#[test]
fn a_retired_key_is_found_by_its_fingerprint_alone() {
    let other = Scanner::fingerprints([(version(7), key().fingerprint())]);
    for key in many_keys() {
        let scanner = Scanner::fingerprints([(version(7), key.fingerprint())]);
        for content in usual_writings(&key) {
            let hits = scanner.scan("a", content.as_bytes()).hits;
            let [hit] = hits.as_slice() else { panic!("{content}: {hits:?}") };
            let found = (hit.mode, hit.version, hit.fingerprint);
            assert_eq!(found, (ScanMode::Fingerprint, Some(version(7)), Some(key.fingerprint())), "{content}");
            assert!(other.scan("a", content.as_bytes()).hits.is_empty(), "{content}");
        }
    }
}

#[test]
fn a_known_key_is_found_whatever_it_begins_and_ends_with_and_stands_beside() {
    for key in many_keys() {
        let scanner = exact(&key);
        for content in usual_writings(&key) {
            assert_eq!(scanner.scan("a", content.as_bytes()).hits.len(), 1, "{content}");
        }
    }
}

#[test]
fn a_key_that_stands_where_one_would_is_found_whatever_it_begins_with() {
    let scanner = Scanner::generic();
    for first in FIRSTS {
        let key = key_with(first, "generic", 0);
        let text = key.to_text();
        let (text, bare) = (text.expose(), text.expose().trim_end_matches('='));
        let statements = [
            format!("MASTER_KEY={text}\n"),
            format!("MASTER_KEY = \"{text}\"\n"),
            format!("master_key: {bare}\n"),
            format!("MASTER_KEY=1:{text}\n"),
            format!("master_key:{text}\n"),
            format!("MASTER_KEY=${{MASTER_KEY:-{text}}}\n"),
            format!("MASTER_KEY=${{MASTER_KEY:-{bare}}}\n"),
            format!("app --master-key={text}\n"),
            format!("app --master-key {bare}\n"),
        ];
        for content in statements {
            let hits = scanner.scan("deploy.env", content.as_bytes()).hits;
            assert_eq!(
                hits.iter().map(|hit| hit.fingerprint).collect::<Vec<_>>(),
                [Some(key.fingerprint())],
                "{content}"
            );
        }
    }
}

/// How people write keys, each with what may stand beside one.
fn usual_writings(key: &MasterKey) -> Vec<String> {
    let (text, hex) = (key.to_text(), hex(key));
    let (text, bare) = (text.expose(), text.expose().trim_end_matches('='));
    let array: Vec<String> = (0..32).map(|at| format!("0x{}", &hex[at * 2..at * 2 + 2])).collect();
    let escaped = (0..32).map(|at| format!("\\x{}", &hex[at * 2..at * 2 + 2])).collect::<Vec<_>>().concat();
    let standard = text.replace('-', "+").replace('_', "/");
    let mut writings = vec![
        hex.to_uppercase(),
        format!("[{}]", array.join(", ")),
        format!("b\"{escaped}\""),
        format!("\"{}\" + \"{}\"", &text[..13], &text[13..]),
        format!("a = \"{}\"\nb = \"{}\"", &text[..13], &text[13..]),
        format!("-----\n{}\n{}\n-----", &text[..20], &text[20..]),
        format!("data: {}", base64ct::Base64::encode_string(text.as_bytes())),
        format!("data: {}", base64ct::Base64::encode_string(format!("1:{text}\n").as_bytes())),
        standard.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
        format!("\"{}\"", standard.replace('/', "\\/")),
        format!("\"{}\"", standard.replace('+', "\\u002b").replace('=', "\\u003d")),
        text.chars().flat_map(|character| [character, '\0']).collect(),
    ];
    for before in [
        "", " ", "KEY=", "1:", "1:-", "k:+", "\"", "'", "/", "-", "--", "_", "+", ".", ",", "key-", "sk_", "a/", "=",
        "(", "<", "$", "\n", "\0",
    ] {
        for after in ["", "\n", ",", ".", "\"", "/", "-", "_", "+", ":", ";", "=", "&", "-old", "_1", "/edit", "\0"] {
            let takes_padding = !after.starts_with(['=']);
            writings.extend(takes_padding.then(|| format!("{before}{text}{after}")));
            writings.extend([format!("{before}{bare}{after}"), format!("{before}{hex}{after}")]);
        }
    }
    writings
}

/// The same keys at each run: with every beginning and end that is a mark elsewhere, and others.
fn many_keys() -> Vec<MasterKey> {
    let begin = |first: &&'static str| key_with(first, "begins", 0);
    let end = |last: &&'static str| key_with(last, "ends", 42 - last.len());
    let others = (0..OTHERS).map(|number| key_with("", &number.to_string(), 0));
    FIRSTS.iter().map(begin).chain(FIRSTS.iter().map(end)).chain(others).collect()
}

/// A key that `seed` stands for, with `part` in its text.
fn key_with(part: &str, seed: &str, at: usize) -> MasterKey {
    let digest = Sha256::digest(format!("{part} {seed}"));
    let mut text = base64ct::Base64Url::encode_string(&digest);
    text.replace_range(at..at + part.len(), part);
    MasterKey::parse(&text).expect("a digest is strong")
}

const FIRSTS: [&str; 12] = ["-", "_", "--", "__", "-_", "_-", "---", "0x", "x", "u00", "n", "2F"];
const OTHERS: usize = 40;

#[test]
fn adversarial_content_takes_linear_time_and_finds_nothing() {
    let scanner =
        exact(&key()).with(Scanner::fingerprints([(version(1), key().fingerprint())])).with(Scanner::generic());
    for unit in [
        "[1,",
        "1,",
        "A",
        "aB3",
        "\"",
        "'\"",
        "\\x41",
        "%41",
        "&#61;",
        "\\",
        "\n",
        "0x1f,",
        "(",
        "\0",
        "=\"a\"+",
        "f0",
        "k=",
        "\\u0041\"",
        "H4sI",
        "%2525",
        "a-",
    ] {
        let content = unit.repeat((4 << 20) / unit.len());
        assert!(scanner.scan("a", content.as_bytes()).hits.is_empty(), "{unit}");
    }
}

#[test]
fn nothing_of_a_key_is_said() {
    let key = key();
    let (text, hex) = (key.to_text(), hex(&key));
    let content = format!("MASTER_KEY = '{}'\nx = '{hex}'", text.expose());
    let scanner = exact(&key).with(Scanner::generic());
    let said = format!("{scanner:?} {:?}", scanner.scan("a.py", content.as_bytes()));
    for secret in [text.expose(), &hex] {
        assert!(
            !secret.as_bytes().windows(6).any(|part| said.as_bytes().windows(6).any(|window| window == part)),
            "{said}"
        );
    }
}

fn hex(key: &MasterKey) -> String {
    let bytes = base64ct::Base64Url::decode_vec(key.to_text().expose()).expect("base64");
    base16ct::lower::encode_string(&bytes)
}
