//! The program decides by what an error is and never by what it says, so that a text can be reworded.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_program_compares_no_text_of_an_error() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")];
    let mut files: Vec<PathBuf> = vec![];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 50, "{files:?}");
    for file in files {
        let found = comparisons(&fs::read_to_string(&file).expect("text"));
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

#[test]
fn a_comparison_is_noticed_however_it_is_written() {
    for caught in [
        r#"StoreError::Engine { message } if message.contains("unable to open") => 1,"#,
        r#"if problem.starts_with("is a link") {}"#,
        r#"if error.to_string() == "the store is full" {}"#,
        r#"if "stopped" == error.to_string() {}"#,
        r#"if fault.name() != "cut" {}"#,
        "match fault.name() {\n    \"cut\" => 1,\n}",
        r#"Error::Tampered { row: "backups", .. } => 1,"#,
        r#"if matches!(error, Error::Tampered { row: "backups", .. }) {}"#,
    ] {
        assert!(!comparisons(caught).is_empty(), "{caught}");
    }
    for passed in [
        r#"if path.as_os_str() == "-" {}"#,
        r#"json!({ "row": "backups", "cause": error.code() })"#,
        r#"Told::new(exit, "stopped", message).hint("run it again")"#,
        "match unit {\n    \"d\" => 1,\n}",
        r#"if symptom.id != "rotation" {}"#,
    ] {
        assert_eq!(comparisons(passed), Vec::<String>::new(), "{passed}");
    }
}

/// Lines that compare what could be the text or the code of an error with a text of their own.
fn comparisons(source: &str) -> Vec<String> {
    let lines: Vec<_> = source.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
    let below = lines.iter().skip(1).copied().chain([""]);
    let caught = lines.iter().copied().zip(below).filter(|(line, below)| compares(line) || matches(line, below));
    caught.map(|(line, _)| line.to_owned()).collect()
}

fn compares(line: &str) -> bool {
    let texts = TEXTS.iter().any(|text| {
        let ways = [".contains(\"", ".starts_with(\"", ".ends_with(\"", ".find(\"", " == \"", " != \""];
        ways.iter().any(|way| line.contains(&format!("{text}{way}"))) || line.contains(&format!("\" == {text}"))
    });
    let written_first = line.contains("\" == ") && TEXTS.iter().any(|text| line.contains(text));
    texts || written_first || in_pattern(line)
}

/// `match fault.name() {`, and a text as its first arm.
fn matches(line: &str, below: &str) -> bool {
    let subject = line.split_once("match ").and_then(|(_, rest)| rest.strip_suffix(" {"));
    subject.is_some_and(|subject| TEXTS.iter().any(|text| subject.ends_with(text))) && below.starts_with('"')
}

/// `Error::Tampered { row: "backups", .. }`.
fn in_pattern(line: &str) -> bool {
    line.split("Error::").skip(1).any(|rest| {
        let fields = rest.split_once('{').and_then(|(_, fields)| fields.split_once('}')).map(|(fields, _)| fields);
        fields.is_some_and(|fields| fields.contains("..") && fields.contains(": \""))
    })
}

/// Names under which texts of errors go about, and how they are taken from an error.
const TEXTS: [&str; 10] =
    ["problem", "message", "fault", "cause", "what", "to_string()", "name()", "cause()", "code()", "error"];
