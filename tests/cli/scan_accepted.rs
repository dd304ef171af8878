//! Claims about what a baseline and the marks beside a key leave out of a scan's findings.

use std::fs;

use crate::ground::{Ground, paths, told};

/// 32 characters as a key, which no fingerprint names.
const TEXT_KEY: &str = "kV8q2ZxL0pRw7TnB4yHs9GmJd3FcUe6A";

fn write_baseline(ground: &Ground, arguments: &[&str]) -> String {
    let common = ["--write-baseline", "baseline.jsonl", "--reason", "as they were", "--until", "2099-12-31"];
    ground.scan(&[&common, arguments].concat()).ends(3).says("baseline.jsonl:");
    fs::read_to_string(ground.tree.join("baseline.jsonl")).expect("written")
}

#[test]
fn a_baseline_is_bound_to_the_secret_and_not_to_its_place() {
    let ground = Ground::new();
    ground.write("a.py", ground.line(1));
    ground.write("b.py", format!("ENCRYPTION_KEY = \"{TEXT_KEY}\"\n"));
    ground.write("c.py", "MASTER_KEY = hashlib.sha256(b\"changeme\").digest()\n");
    let lines = write_baseline(&ground, &[]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(!lines.contains(TEXT_KEY) && !lines.contains(&ground.key(1)), "{lines}");
    ground.scan(&["--baseline", "baseline.jsonl"]).ends(0);
    // Moved, copied, and written in another way.
    fs::remove_file(ground.tree.join("a.py")).expect("removed");
    ground.write("moved/d.env", format!("\n\nVAULT_MASTER_KEY={}\n", ground.key(1)));
    ground.write("moved/e.yaml", format!("encryption_key: {TEXT_KEY}\n"));
    let (found, _, summary) = told(&ground.scan(&["--baseline", "baseline.jsonl", "--json"]).ends(0));
    assert_eq!((found.len(), &summary["baseline"]["places"]), (0, &4.into()), "{summary}");
    assert_eq!(
        (&summary["baseline"]["unmet"], &summary["found"], &summary["places"]),
        (&0.into(), &0.into(), &0.into())
    );
    // Another secret in the same place is another finding.
    ground.write("moved/d.env", format!("\n\nVAULT_MASTER_KEY={}\n", ground.key(2)));
    let (found, _, summary) = told(&ground.scan(&["--baseline", "baseline.jsonl", "--json"]).ends(3));
    assert_eq!((paths(&found), &summary["baseline"]["unmet"]), (vec!["moved/d.env".to_owned()], &1.into()));
    ground.scan(&["--baseline", "baseline.jsonl"]).ends(3).says("1 line of the baseline met nothing");
}

#[test]
fn what_is_over_malformed_or_too_wide_accepts_nothing() {
    let ground = Ground::new();
    ground.write("tests/a.py", ground.line(1));
    ground.write("tests/b.py", format!("ENCRYPTION_KEY = \"{TEXT_KEY}\"\n"));
    let print = told(&ground.scan(&["--json", "tests/a.py"]).ends(3)).0[0]["fingerprint"].clone();
    let print = print.as_str().expect("a fingerprint").to_owned();
    let end = r#""until": "2099-12-31", "reason": "of a test""#;
    let accepts = |line: &str| {
        ground.write("baseline", format!("# remarks\n\n{line}\n"));
        let (found, _, summary) = told(&ground.scan(&["--json", "--baseline", "baseline"]).go());
        let faults = summary["baseline"]["faults"].as_array().expect("faults").len();
        (paths(&found).join(" "), faults)
    };
    let both = "tests/a.py tests/b.py";
    for (line, left, faults) in [
        (format!(r#"{{"secret": "{print}", {end}}}"#), "tests/b.py", 0),
        (format!(r#"{{"secret": "{print}", "path": "tests/", {end}}}"#), "tests/b.py", 0),
        (format!(r#"{{"secret": "{print}", "path": "docs/", {end}}}"#), both, 0),
        (format!(r#"{{"path": "tests/**", {end}}}"#), "tests/a.py", 0),
        (format!(r#"{{"path": "*.rs", {end}}}"#), both, 0),
        (format!(r#"{{"secret": "{print}", "until": "2026-01-01", "reason": "over"}}"#), both, 1),
        (format!(r#"{{"secret": "{print}", "until": "2099-12-31", "reason": " "}}"#), both, 1),
        (format!(r#"{{"secret": "{print}", "reason": "no end"}}"#), both, 1),
        (format!("{{{end}}}"), both, 1),
        (format!(r#"{{"path": "", {end}}}"#), both, 1),
        (format!(r#"{{"secret": "text:00:11", {end}}}"#), both, 1),
        (print.clone(), both, 1),
    ] {
        assert_eq!(accepts(&line), (left.to_owned(), faults), "{line}");
    }
    ground.scan(&["--baseline", "baseline"]).ends(3).says("line 3 of the baseline");
}

#[test]
fn a_baseline_that_is_not_there_ends_the_scan_before_it_begins_and_none_is_overwritten() {
    let ground = Ground::new();
    ground.write("a.py", ground.line(1));
    ground.scan(&["--baseline", "nowhere"]).ends(2).says("nowhere");
    ground.scan(&["--write-baseline", "a.py", "--reason", "as it was"]).ends(5);
    ground.scan(&["--write-baseline", "new"]).ends(2);
    assert!(!ground.tree.join("new").exists());
    assert!(write_baseline(&ground, &[]).contains("2099-12-31"));
}

#[test]
fn a_mark_with_an_end_ends() {
    let ground = Ground::new();
    let key = ground.key(1);
    for (mark, allowed) in [
        ("strongroom:allow", true),
        ("strongroom:allow a key of the tests", true),
        ("strongroom:allow until 2099-12-31: a key of the tests", true),
        ("strongroom:allow until=2099-12-31 a key of the tests", true),
        ("strongroom:allow until 2026-01-31: a key of the tests", false),
        ("strongroom:allow until=2026-01-31", false),
        ("strongroom:allow until tomorrow", false),
        ("strongroom:allow until 2099-13-31", false),
        ("gitleaks:allow", true),
    ] {
        ground.write("a.py", format!("MASTER_KEY = \"{key}\"  # {mark}\n"));
        ground.scan(&[]).ends(if allowed { 0 } else { 3 });
        let dated = allowed && mark.contains("2099");
        ground.scan(&["--marks", "dated"]).ends(if dated { 0 } else { 3 });
        ground.scan(&["--marks", "none"]).ends(3);
    }
    ground.write("a.py", format!("MASTER_KEY = \"{key}\"  # strongroom:allow until 2099-12-31\n"));
    ground.scan(&["--marks", "dated"]).ends(3);
}
