//! Claims about uses of API keys, made by running the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::edited::edit_without_types;
use crate::running::{Room, Run, text};
use crate::support::act;
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{NewApiKey, Request, SqliteStore, Vault, VerifierKeys};

#[test]
fn a_use_is_recorded_listed_and_shown() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "used", "--scope", "read"]);
    let (idle, _) = room.issue(&["--name", "idle"]);
    let verify = |arguments: &[&str]| room.run(&[&["verify"], arguments].concat()).stdin(&token);
    verify(&["--address", "203.0.113.7", "--endpoint", "/v1/invoices?page=2"]).ends(0);
    verify(&["--endpoint", "/v1/invoices"]).ends(0);
    verify(&["--scope", "write"]).ends(3);
    verify(&["--no-usage"]).ends(0);
    verify(&["--no-usage", "--endpoint", "/x"]).ends(2);
    let shown = room.run(&["show", &id, "--json"]).ends(0).json();
    assert_eq!((&shown["verifications"], &shown["refused"]), (&2.into(), &1.into()));
    assert_eq!(shown["last_address"], "203.0.113.7");
    assert_eq!((&shown["endpoints"]["/v1/invoices"], &shown["refusals"]["scope"]), (&2.into(), &1.into()));
    let last = text(&shown["last_used_at"]);
    let listed = room.run(&["list", "--json"]).ends(0).json_lines();
    assert_eq!((&listed[0]["last_used_at"], &listed[0]["verifications"]), (&last.as_str().into(), &2.into()));
    assert_eq!((&listed[1]["last_used_at"], &listed[1]["verifications"]), (&serde_json::Value::Null, &0.into()));
    let page = room.run(&["list"]).ends(0).out;
    assert!(page.lines().next().expect("a heading").contains("LAST USED"));
    assert!(page.lines().any(|line| line.contains(&id) && line.contains(&format!("{last}  2 "))), "{page}");
    let shown = room.run(&["show", &id]).ends(0).out;
    for row in ["uses", "from 203.0.113.7", "1 scope", "2 /v1/invoices"] {
        assert!(shown.contains(row), "{row}: {shown}");
    }
    assert!(room.run(&["show", &idle]).ends(0).out.contains("never"));
}

#[test]
fn stats_sum_up_every_use_and_refusal() {
    let room = Room::with(3);
    let (revoked, token) = room.issue(&["--name", "n"]);
    room.run(&["verify", "--endpoint", "/a\u{202e}\"\\b"]).stdin(&token).ends(0);
    room.run(&["verify"]).stdin(&token).ends(0);
    room.run(&["revoke", &revoked, "--reason", "r", "--yes"]).ends(0);
    room.run(&["verify"]).stdin(&token).ends(3);
    room.run(&["verify"]).stdin("nobody's").ends(3);
    let stats = room.run(&["stats", "--json"]).ends(0).json();
    assert_eq!(stats["schema"], "strongroom.stats.v1");
    assert_eq!((&stats["api_keys"]["active"], &stats["api_keys"]["revoked"]), (&3.into(), &1.into()));
    assert_eq!((&stats["verifications"], &stats["never_used"]), (&2.into(), &3.into()));
    assert_eq!(stats["used_within"][0], serde_json::json!({ "days": 1, "api_keys": 1 }));
    assert_eq!(stats["refusals"], serde_json::json!({ "revoked": 1, "unknown": 1 }));
    assert_eq!(stats["endpoints"][0]["verifications"], 1);
    let said = room.run(&["stats"]).ends(0).out;
    for row in ["3 active", "used within 1 day", "used within 90 days", "1 revoked, 1 unknown", "never used"] {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert!(!said.contains('\u{202e}'));
    let none = room.run(&["stats", "--json", "--top", "0"]).ends(0).json();
    assert_eq!((&none["endpoints"], &none["other_endpoints"]), (&serde_json::json!([]), &1.into()));
}

#[test]
fn prometheus_reads_the_page_and_no_name_is_in_it() {
    let room = Room::new();
    let (_, token) = room.issue(&["--name", "canary-name", "--owner", "canary-owner"]);
    room.run(&["verify", "--endpoint", "/a\u{202e}\"\\b"]).stdin(&token).ends(0);
    room.run(&["verify"]).stdin("nobody's").ends(3);
    let page = room.run(&["stats", "--format", "prometheus"]).ends(0).out;
    assert_is_an_exposition(&page);
    for line in [
        "strongroom_api_keys{status=\"active\"} 1",
        "strongroom_api_keys{status=\"suspended\"} 0",
        "strongroom_api_keys{status=\"not-yet-valid\"} 0",
        "strongroom_api_keys_used{days=\"7\"} 1",
        "strongroom_api_keys_never_used 0",
        "strongroom_verifications_total 1",
        "strongroom_refusals_total{cause=\"unknown\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}: {page}");
    }
    assert!(!page.contains("canary") && !page.contains("endpoint"), "{page}");
    let page = room.run(&["stats", "--format", "prometheus", "--top", "5"]).ends(0).out;
    assert_is_an_exposition(&page);
    let endpoint = r#"strongroom_endpoint_verifications_total{endpoint="/a\\u{202e}\"\\b"} 1"#;
    assert!(page.lines().any(|line| line == endpoint), "{page}");
    room.run(&["stats", "--format", "prometheus", "--json"]).ends(2).says("exclude each other");
    room.run(&["stats", "--format", "csv"]).ends(2).says("prometheus");
    room.run(&["stats", "--top", "1001"]).ends(2);
}

#[test]
fn counts_of_eight_threads_and_two_processes_add_up_exactly() {
    let room = Room::new();
    let vault = Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("n"); 4], &act()).expect("issued");
    let (threads, runs) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (vault, issued, threads) = (&vault, &issued, &threads);
            scope.spawn(move || {
                for n in 0..300 {
                    vault.verify(issued[(n + thread) % 4].token.expose(), &Request::new()).expect("valid");
                    threads.fetch_add(1, Ordering::Relaxed);
                    if n % 60 == 0 {
                        vault.flush_usage().expect("flushed");
                    }
                }
            });
        }
        // Each run is a process of its own with a flush of its own; two at a time.
        for process in 0..2 {
            let (room, issued, runs) = (&room, &issued, &runs);
            scope.spawn(move || {
                for n in 0..15 {
                    room.run(&["verify"]).stdin(issued[(n + process) % 4].token.expose()).ends(0);
                    runs.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    drop(vault);
    assert_eq!((threads.into_inner(), runs.into_inner()), (2_400, 30));
    let listed = room.run(&["list", "--json"]).ends(0).json_lines();
    let uses: u64 = listed.iter().map(|line| line["verifications"].as_u64().expect("a number")).sum();
    assert_eq!(uses, 2_430);
    room.run(&["doctor"]).ends(0);
}

#[test]
fn a_process_killed_at_any_moment_loses_its_own_use_at_most_and_damages_nothing() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let uses = || room.run(&["show", &id, "--json"]).ends(0).json()["verifications"].as_u64().expect("a number");
    let (mut killed, mut answered) = (0, 0);
    for n in 0..60 {
        let before = uses();
        let mut run = room.run(&["verify"]);
        let mut child = run.spawn();
        std::io::Write::write_all(&mut child.stdin.take().expect("piped"), token.as_bytes()).expect("read");
        std::thread::sleep(Duration::from_micros(500 * n));
        let _ = child.kill();
        let ran = child.wait_with_output().expect("ended");
        killed += u64::from(ran.status.code().is_none());
        answered += u64::from(!ran.stdout.is_empty());
        let now = uses();
        assert!(now == before || now == before + 1, "{before} -> {now}");
        assert!(ran.status.code().is_none() || now == before + 1, "one that ended by itself has recorded its use");
    }
    assert!(killed > 0, "none was caught alive ({answered} answered)");
    room.run(&["doctor"]).ends(0);
}

#[test]
fn a_use_that_cannot_be_recorded_changes_no_answer() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let store = SqliteStore::open(room.path()).expect("store");
    edit_without_types(&room.path(), "INSERT INTO usage VALUES ('text', x'00')");
    let ran = room.run(&["verify"]).stdin(&token).ends(0).says("warning: this use could not be recorded");
    assert!(ran.out.starts_with("valid "));
    room.run(&["verify"]).stdin("nobody's").ends(3).says("could not be recorded");
    room.run(&["verify", "--no-usage"]).stdin(&token).ends(0);
    drop(store);
    room.run(&["show", &id]).ends(13);
}

#[test]
fn counts_that_do_not_open_are_told_and_hide_nothing() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["verify"]).stdin(&token).ends(0);
    let store = SqliteStore::open(room.path()).expect("store");
    let (key, row) = store.scan(Table::Usage, None, 1).expect("rows").remove(0);
    let mut bad = row.clone();
    bad[40] ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Usage, key, bad, Expected::Exactly(row));
    store.commit(&batch).expect("written");
    drop(store);
    assert!(room.run(&["list"]).ends(0).out.contains("unreadable"));
    assert!(text(&room.run(&["list", "--json"]).ends(0).json()["usage_damaged"]).contains("failed authentication"));
    room.run(&["show", &id]).ends(0).says("failed authentication").says("strongroom doctor");
    assert_eq!(room.run(&["stats", "--json"]).ends(0).json()["usage_damaged"], 1);
    room.run(&["stats"]).ends(0).says("left out: 1 row");
    assert!(room.run(&["doctor"]).ends(13).out.contains("damage usage: counts of uses that do not open: 1"));
    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    assert!(ran.out.contains("1 row that did not open"), "{}", ran.out);
    room.run_with([2], &["doctor"]).ends(0);
    room.run_with([2], &["verify"]).stdin(&token).ends(0);
    assert_eq!(room.run_with([2], &["show", &id, "--json"]).ends(0).json()["verifications"], 1);
}

#[test]
fn with_verifier_keys_uses_are_read_and_not_recorded() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["verify"]).stdin(&token).ends(0);
    let key = room.run(&["master-key", "verifier", "--version", "1", "--reason", "r"]).ends(0).out;
    let list = key.trim().to_owned();
    VerifierKeys::parse(&list).expect("a list");
    let run = |arguments: &[&str]| {
        let store = format!("sqlite:{}", room.path().display());
        Run::bare(arguments).env("STRONGROOM_STORE", &store).env("STRONGROOM_VERIFIER_KEYS", &list)
    };
    run(&["verify"]).stdin(&token).ends(0);
    assert_eq!(run(&["show", &id, "--json"]).ends(0).json()["verifications"], 1);
    assert_eq!(run(&["stats", "--json"]).ends(0).json()["verifications"], 1);
}

#[test]
fn a_rotation_keeps_the_uses_and_the_audit_log_says_nothing_of_them() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["verify", "--endpoint", "/canary"]).stdin(&token).ends(0);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    let shown = room.run_with([2], &["show", &id, "--json"]).ends(0).json();
    assert_eq!((&shown["verifications"], &shown["endpoints"]["/canary"]), (&1.into(), &1.into()));
    let audit = room.run_with([2], &["audit", "list", "--json"]).ends(0).out;
    assert!(!audit.contains("canary") && !audit.contains("usage") && audit.lines().count() == 4, "{audit}");
    room.run_with([2], &["audit", "verify"]).ends(0);
}

/// Holds a page against the text format 0.0.4: help, type and samples of each family together, names and labels as they may be.
fn assert_is_an_exposition(page: &str) {
    let sample =
        regex::Regex::new(r#"^([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"\})? -?\d+$"#).expect("a pattern");
    let (mut family, mut seen) = (String::new(), std::collections::BTreeSet::new());
    assert!(page.ends_with('\n'));
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            rest.split_once(' ').expect("help").0.clone_into(&mut family);
            assert!(seen.insert(family.clone()), "{family} twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, family);
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let found = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
            assert_eq!(&found[1], family);
        }
    }
}
