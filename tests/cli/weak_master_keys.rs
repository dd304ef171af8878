//! What the program says of weak master keys, and how a vault under one is rotated away from it.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::process::program;
use crate::running::{self, Run};
use crate::support::act;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use strongroom::strength::Waivers;
use strongroom::{MasterKey, MasterKeys, SqliteStore, Timestamp, VaultOptions};

/// Text, and no published key.
const WEAK: &str = "bXkgb3duIHNlY3JldCBrZXkgb2YgdGhpcnR5dHdvYnk=";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(store: &Path, keys: &str, arguments: &[&str], stdin: &[u8]) -> Ran {
    let mut command = program(store, keys);
    let piped = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("started");
    // A program that reads nothing closes the pipe.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("ended");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

fn judge(text: &[u8], more: &[&str]) -> (Option<i32>, Vec<String>) {
    let arguments = [&["master-key", "check", "-", "--quick", "--json"], more].concat();
    let ran = run(Path::new("/nonexistent/vault.db"), "", &arguments, text);
    let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{} {}", ran.out, ran.err));
    let keys = document["keys"].as_array().expect("keys");
    let findings = keys.iter().flat_map(|key| key["findings"].as_array().expect("findings"));
    (ran.code, findings.map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect())
}

fn good() -> String {
    MasterKey::generate().expect("random").to_text().expose().to_owned()
}

#[test]
fn whatever_stands_on_standard_input_is_judged() {
    let (key, other) = (good(), good());
    assert_eq!(judge(key.as_bytes(), &[]), (Some(0), vec![]));
    assert_eq!(judge(format!("1:{key},\n 7:{other}\n").as_bytes(), &[]), (Some(0), vec![]));
    let long = vec![b'A'; 70_000];
    assert_eq!(judge(format!("{{\"1\": \"{key}\", \"7\": \"{other}\"}}\n").as_bytes(), &[]), (Some(0), vec![]));
    // A word that could be the name of a variable.
    let named = loop {
        let key = good();
        if key.trim_end_matches('=').bytes().all(|c| c.is_ascii_alphanumeric()) && !key.as_bytes()[0].is_ascii_digit() {
            break key;
        }
    };
    let cases: [(&[u8], &str); 21] = [
        (b"", "format-empty"),
        (b"\n\n", "format-empty"),
        (b"\xff\xfe\x00", "format-not-text"),
        (&long, "format-size"),
        (b"hunter2", "format-size"),
        (b"{\"key\": 1}", "format-entry"),
        (b"{}", "format-empty"),
        (b"{\"1\": \"x", "format-entry"),
        (format!("{{\"1\": \"{key}\", \"one\": \"{other}\"}}").leak().as_bytes(), "format-version"),
        (format!("{{\"1\": \"{key}\", \"2\": \"{WEAK}\"}}").leak().as_bytes(), "text"),
        (format!("1:{key} 02:{other}").leak().as_bytes(), "format-version"),
        (format!("1:{key} {other} 3:{WEAK}").leak().as_bytes(), "text"),
        (b"1:", "format-empty"),
        (b"1:x 2", "format-length"),
        (b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "published"),
        (WEAK.as_bytes(), "text"),
        (format!("{key} {other}").leak().as_bytes(), "format-white-space"),
        (format!("{named} {other}").leak().as_bytes(), "format-white-space"),
        (format!("{named}, {other}").leak().as_bytes(), "format-white-space"),
        (format!("1:{key} 1:{other}").leak().as_bytes(), "format-version"),
        (format!("1:{key} 2:{key}").leak().as_bytes(), "related"),
    ];
    for (text, id) in cases {
        let (code, ids) = judge(text, &[]);
        assert!(code == Some(3) && ids.iter().any(|found| found == id), "{id}: {code:?} {ids:?}");
    }
}

#[test]
fn a_misspelled_key_is_named_with_its_remedy_and_never_echoed() {
    let key = good();
    let hex = "8f1c0d6a9be4537f21c8d4a6007b93e55aa1f0c3d2b46987e1503c7f9d8a2b64";
    for (text, id) in [
        (key.trim_end_matches('=').to_owned(), "format-unpadded"),
        (format!("b'{key}'"), "format-python-bytes"),
        (format!("\"{key}"), "format-quoted"),
        (hex.to_owned(), "format-hex"),
    ] {
        for more in [&[][..], &["--json"]] {
            let arguments = [&["master-key", "check", "-", "--quick"], more].concat();
            let ran = run(Path::new("/nonexistent/vault.db"), "", &arguments, text.as_bytes());
            assert!(ran.code == Some(3) && ran.out.contains(id), "{id}: {}", ran.out);
            let said = format!("{}{}", ran.out, ran.err);
            assert!(!said.contains(&key[..12]) && !said.contains(&hex[..12]), "{said}");
        }
    }
}

/// Words that were typed where a key was wanted: the quick checks pass it, the full ones do not.
const SPELLED: &str = "ThisIsMySuperSecretMasterKeyForTheVaultAppA=";

#[test]
fn a_key_that_the_full_checks_refuse_leaves_no_store_and_is_refused_by_a_dry_run_too() {
    let folder = tempfile::tempdir().expect("folder");
    let store = folder.path().join("vault.db");
    let refused = run(&store, &format!("1:{SPELLED}"), &["init"], b"");
    assert!(refused.code == Some(12) && refused.err.contains("spelled-words"), "{}", refused.err);
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0, "nothing was left");

    let (first, both) = (good(), |first: &str| format!("1:{first} 2:{SPELLED}"));
    assert_eq!(run(&store, &format!("1:{first}"), &["init", "--quick"], b"").code, Some(0));
    for act in [&["rotate-master-key", "--dry-run"][..], &["rotate-master-key"]] {
        let refused = run(&store, &both(&first), act, b"");
        assert!(refused.code == Some(12) && refused.err.contains("spelled-words"), "{act:?} {}", refused.err);
    }
    let quick = run(&store, &both(&first), &["rotate-master-key", "--dry-run", "--quick"], b"");
    assert_eq!(quick.code, Some(0), "{}", quick.err);
}

#[test]
fn a_vault_under_a_weak_key_is_rotated_away_from_it_with_a_waiver() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, waivers) = (folder.path().join("vault.db"), folder.path().join("waivers.jsonl"));
    let (weak, both) = (format!("1:{WEAK}"), format!("1:{WEAK} 2:{}", good()));
    let refused = run(&store, &weak, &["init"], b"");
    assert!(refused.code == Some(12) && refused.err.contains("--waivers"), "{}", refused.err);
    let told = run(&store, &weak, &["init", "--json"], b"");
    let error: Value = serde_json::from_str(&told.err).expect("JSON");
    let hint = error["hint"].as_str().expect("a hint");
    let line = &hint[hint.find('{').expect("a line")..=hint.find('}').expect("a line")];
    let line = line.replace("YYYY-MM-DD", "2999-01-01").replace("...", "until it is rotated away");
    std::fs::write(&waivers, &line).expect("written");
    let waived = Waivers::parse(&line, Timestamp::now());
    let keys = MasterKeys::parse_accepting(&weak, &waived).expect("waived");
    let options = VaultOptions::new().waivers(waived);
    drop(options.create(SqliteStore::create(&store).expect("store"), keys, &act()).expect("vault"));
    let waivers = waivers.display().to_string();
    assert_eq!(run(&store, &weak, &["status"], b"").code, Some(12));
    assert_eq!(run(&store, &weak, &["status", "--waivers", &waivers], b"").code, Some(0));
    let checked = run(&store, &weak, &["master-key", "check", "--quick", "--json", "--waivers", &waivers], b"");
    assert!(checked.code == Some(0) && checked.out.contains("\"waived\":true"), "{}", checked.out);
    let from = format!("sqlite:{}", store.display());
    let rehearsal = ["rehearse", "--from", &from, "--points", "2", "--json"];
    assert_eq!(run(&store, &weak, &rehearsal, b"").code, Some(12));
    let rehearsed = run(&store, &weak, &[&rehearsal[..], &["--waivers", &waivers]].concat(), b"");
    assert_eq!(rehearsed.code, Some(0), "{}", rehearsed.err);
    let rotated = run(&store, &both, &["rotate-master-key", "--quick", "--yes", "--waivers", &waivers], b"");
    assert_eq!(rotated.code, Some(0), "{}", rotated.err);
    let new = both.split_once(' ').expect("two").1;
    assert_eq!(run(&store, new, &["status"], b"").code, Some(0));
    let said = [refused.out, refused.err, told.err, checked.out, rotated.out, rotated.err].concat();
    assert!(!said.contains(&WEAK[..8]));
}

#[test]
fn a_waiver_that_is_over_or_broken_waives_nothing_and_is_reported() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("waivers.jsonl");
    std::fs::write(&file, "{\"id\": \"text\"}\n").expect("written");
    let name = file.display().to_string();
    let arguments = ["master-key", "check", "-", "--quick", "--json", "--waivers", &name];
    let ran = run(Path::new("/nonexistent/vault.db"), "", &arguments, good().as_bytes());
    assert!(ran.code == Some(3) && ran.out.contains("waiver-malformed"), "{}", ran.out);
    let missing = run(Path::new("/nonexistent/vault.db"), "", &["status", "--waivers", "/nonexistent/file"], b"");
    assert!(missing.code == Some(2) && missing.err.contains("--waivers"), "{}", missing.err);
}

#[test]
fn an_old_key_is_reported_and_keeps_nothing_closed() {
    let folder = tempfile::tempdir().expect("folder");
    let store = folder.path().join("vault.db");
    let key = good();
    let long_ago = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - 800 * 86_400_000).expect("a time");
    let keys = MasterKeys::parse(&key).expect("good");
    let options = VaultOptions::new().clock(move || long_ago);
    drop(options.create(SqliteStore::create(&store).expect("store"), keys, &act()).expect("vault"));
    let doctor = run(&store, &key, &["doctor", "--json"], b"");
    assert!(doctor.code == Some(3) && doctor.out.contains("master-key-age"), "{}", doctor.out);
    let status = run(&store, &key, &["status", "--json"], b"");
    assert!(status.code == Some(0) && status.out.contains("\"id\":\"age\""), "{}", status.out);
    let check = run(&store, &key, &["master-key", "check", "--quick"], b"");
    assert!(check.code == Some(3) && check.out.contains("refused age"), "{}", check.out);
    assert_eq!(run(&store, &key, &["issue", "--name", "n"], b"").code, Some(0));
}

#[test]
fn a_variable_that_holds_the_key_is_named_and_not_shown() {
    let key = good();
    let mut command = program(Path::new("/nonexistent/vault.db"), &key);
    let command = command.env("DJANGO_KEY", &key).args(["master-key", "check", "--quick"]).stdout(Stdio::piped());
    let output = command.output().expect("ran");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(3) && said.contains("DJANGO_KEY") && !said.contains(&key[..12]), "{said}");
}

#[test]
fn a_signal_stops_a_thorough_check_which_says_nothing_of_the_key_then() {
    let key = MasterKey::generate().expect("random").to_text();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = Run::bare(&["master-key", "check", "-", "--thorough"]);
        let mut child = run.spawn();
        child.stdin.take().expect("a pipe").write_all(key.expose().as_bytes()).expect("written");
        while !is_at_work(&child) {
            assert!(child.try_wait().expect("a child").is_none(), "it was over before");
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), signal).expect("sent");
        let ran = running::Ran::of(child, "master-key check").says("nothing is said of the keys");
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{}", ran.err);
    }
}

/// Whether the program has computed for longer than it takes to start: a tenth of a second.
fn is_at_work(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("a child");
    let ticks = status.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(11)).expect("its time");
    ticks.parse::<u64>().expect("a number") >= 10
}

#[test]
fn a_weak_key_has_one_code_wherever_it_is_found() {
    let published = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (keys, code) in
        [(published, "master-key-weak"), (zeros, "master-key-weak"), ("1:something", "master-key-malformed")]
    {
        let folder = tempfile::tempdir().expect("folder");
        let ran = run(&folder.path().join("vault.db"), keys, &["init", "--json"], b"");
        assert_eq!(ran.code, Some(12), "{}", ran.err);
        assert!(ran.err.contains(&format!("\"code\":\"{code}\"")), "{code}: {}", ran.err);
    }
}
