//! docs/codes.md lists every code that the program gives to what it finds itself. That it lists those of the library is
//! tested where every error of the library is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_codes_of_the_program_are_those_that_the_manual_lists() {
    let exits = exits(&fs::read_to_string(source().join("exit.rs")).expect("text"));
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&source()) {
        let text = fs::read_to_string(&file).expect("text");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let untold = untold(text);
        assert!(untold.is_empty(), "{}: a code that this test does not see: {untold:?}", file.display());
        for (code, exit) in codes(text) {
            used.entry(code).or_default().extend(exit.map(|exit| exits[&exit].clone()));
        }
    }
    assert!(used.len() > 40, "{used:?}");
    let listed = listed("program");
    assert_eq!(used.keys().collect::<Vec<_>>(), listed.keys().collect::<Vec<_>>());
    for (code, exits) in used {
        assert!(exits.is_subset(&listed[&code]), "{code}: {exits:?}, and the manual has {:?}", listed[&code]);
    }
}

/// A word of the library is told through the error itself. These are findings of the program that mean the same, where there is
/// no error of the library to tell: rows and folders that it looked at, API keys that a filter found, signals.
#[test]
fn hardly_any_code_of_the_library_is_given_by_the_program() {
    let library = listed("library");
    let both: Vec<_> = listed("program").into_keys().filter(|code| library.contains_key(code)).collect();
    assert_eq!(both, ["audit-broken", "not-found", "stopped", "token-not-kept", "unsafe-permissions"]);
}

/// A script judges by either: one code, one exit code. These tell of more than one thing.
#[test]
fn hardly_any_code_has_several_exit_codes() {
    let several: Vec<_> = rows().filter(|row| row[1].contains(',')).map(|row| row[0].clone()).collect();
    assert_eq!(several, ["certificate-file", "export-unwritten", "policy-newer", "proof-unwritten", "stopped"]);
}

#[test]
fn each_code_is_listed_once_and_in_order() {
    let lines: Vec<_> = rows().map(|row| row[0].clone()).collect();
    assert!(lines.len() > 100 && lines.is_sorted_by(|one, next| one < next), "{lines:?}");
}

#[test]
fn a_code_is_found_however_it_is_told() {
    let text = r#"
        Told::new(Exit::Usage, "one", message);
        Told::new(
            Exit::Corrupt,
            "two-words",
            message,
        );
        told("three", hint);
        let (code, message) = match error { A => ("four", "no"), B => { ("five", "x") } };
        let code = match refusal { A => "six", _ => "seven" };
        Told::new(exit, code, message).hint("no-code");
        json!({ "cause": "nothing" })
    "#;
    let found: Vec<_> = codes(text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(found, ["one", "two-words", "three", "four", "five", "six", "seven"]);
    assert_eq!(untold(text), Vec::<String>::new());
    assert_eq!(untold("Told::new(Exit::Usage, word, message)").len(), 1);
}

/// What is a code in a source file of the program, each with the exit that stands before it.
fn codes(text: &str) -> Vec<(String, Option<String>)> {
    let by_name = text.contains("Told::new(") && text.contains("code");
    let mut found = vec![];
    let pieces: Vec<_> = text.split('"').collect();
    let mut before = String::new();
    let mut choosing = false;
    for pair in pieces.chunks(2) {
        before.push_str(pair[0]);
        let Some(word) = pair.get(1).filter(|word| is_word(word)) else {
            before.push('_');
            continue;
        };
        let head = before.trim_end();
        choosing = by_name && (choosing && !pair[0].contains(';') || pair[0].contains("let code = match "));
        let told = head.ends_with("told(") || head.ends_with("exit,") || exit_before(head).is_some();
        let listed = by_name
            && head.strip_suffix('(').is_some_and(|head| {
                let head = head.trim_end();
                head.ends_with("=>") || head.strip_suffix('{').is_some_and(|head| head.trim_end().ends_with("=>"))
            });
        if told || listed || choosing {
            found.push(((*word).to_owned(), exit_before(head)));
        }
        before.push('_');
    }
    found
}

/// `Exit::Usage,` at the end of a text.
fn exit_before(head: &str) -> Option<String> {
    let (_, name) = head.strip_suffix(',')?.rsplit_once("Exit::")?;
    name.chars().all(char::is_alphanumeric).then(|| name.to_owned())
}

/// Calls of `Told::new` whose code is neither written there nor called `code`.
fn untold(text: &str) -> Vec<String> {
    let calls = text.split("Told::new(").skip(1);
    let second = calls.filter_map(|call| Some(call.split_once(',')?.1.trim_start()));
    let seen = |code: &&str| code.starts_with('"') || code.starts_with("code") || code.starts_with("error.code()");
    second.filter(|code| !seen(code)).map(|code| code.chars().take(40).collect()).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// The exit codes by their names in src/cli/exit.rs.
fn exits(text: &str) -> BTreeMap<String, String> {
    let lines =
        text.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.strip_suffix(',')?.split_once(" => "));
    lines.map(|(name, number)| (name.to_owned(), number.to_owned())).collect()
}

/// The rows of the manual that name this origin: code and exit codes.
fn listed(origin: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows = rows().filter(|row| row[3].split(", ").any(|from| from == origin));
    rows.map(|row| (row[0].clone(), row[1].split(", ").map(str::to_owned).collect())).collect()
}

fn rows() -> impl Iterator<Item = [String; 4]> {
    let manual = include_str!("../../docs/codes.md");
    manual.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").map(str::to_owned);
        let code = cells.next()?.strip_suffix('`')?.to_owned();
        Some([code, cells.next()?, cells.next()?, cells.next()?])
    })
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
