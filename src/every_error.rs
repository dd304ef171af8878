//! Every error there is, once: what holds for all of them is tested here, and one that is added is added here too.

mod every;
mod examples;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use crate::api_key::Refusal;
use crate::error::{Detail, Error, KeyringError};
use crate::key_source::{CommandFault, SourceError};
use crate::master_keys::MasterKeysError;
use every::Every;
use examples::{denied, no_randomness};
use list::every_error;

#[test]
fn no_message_holds_the_text_of_its_source() {
    let all = every_error();
    assert!(all.len() > 150, "{}", all.len());
    for error in all {
        let mut told = error.to_string();
        let mut at: &dyn StdError = &*error;
        while let Some(source) = at.source() {
            let text = source.to_string();
            assert!(!told.contains(&text), "{told:?} has the source {text:?}");
            told.push_str(&text);
            at = source;
        }
    }
}

#[test]
fn what_lies_behind_an_error_is_its_source() {
    let behind = |error: &dyn StdError| error.source().map(ToString::to_string);
    let told = Some(denied().to_string());
    let command =
        SourceError::Command { program: "pass".into(), fault: CommandFault::NotStarted(denied()), said: vec![] };
    assert_eq!(command.to_string(), "the command pass cannot be started");
    assert_eq!(behind(&command), told);
    assert_eq!(behind(&MasterKeysError::from(command)), told);
    assert_eq!(behind(&Detail::NotKept { source: denied() }), told);
    assert_eq!(behind(&Error::from(KeyringError::from(no_randomness()))), behind(&no_randomness()));
}

#[test]
fn the_codes_of_the_library_are_those_that_the_manual_lists() {
    let manual = include_str!("../docs/codes.md");
    let rows = || manual.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let exits: BTreeMap<&str, &str> = rows().filter(|(_, rest)| !rest.contains('|')).collect();
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for (code, rest) in rows().filter(|(_, rest)| rest.contains('|')) {
        let cells: Vec<_> = rest.split(" | ").collect();
        let of_library = cells[2].split(", ").any(|from| from == "library");
        assert!(!of_library || listed.insert(code, cells[0]).is_none(), "{code} is listed twice");
    }
    let mut there = BTreeSet::new();
    for error in Detail::every().into_iter().map(Error::from) {
        let (code, exit) = (error.code(), exits[error.kind().name()]);
        let row = listed.get(code).unwrap_or_else(|| panic!("{code} is not listed: {error}"));
        assert!(row.split(", ").any(|listed| listed == exit), "{code} has {row}, and is {exit}");
        there.insert(code);
    }
    for code in Refusal::every().into_iter().map(Refusal::code) {
        assert_eq!(listed.get(code), Some(&"3"), "{code}");
        there.insert(code);
    }
    // Without the feature nothing is split.
    let of_shares = |code: &str| !cfg!(feature = "escrow") && (code.starts_with("shares-") || code == "split");
    let gone: Vec<_> = listed.keys().filter(|code| !there.contains(*code) && !of_shares(code)).collect();
    assert!(gone.is_empty(), "no error has {gone:?}");
}

#[test]
fn every_error_of_the_library_is_here() {
    let here = include_str!("every_error/list.rs");
    let mut files = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut names = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let inside = std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path());
            files.extend(inside.filter(|inside| *inside != Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(errors_in(&std::fs::read_to_string(&path).expect("text")));
        }
    }
    assert!(names.len() > 25, "{names:?}");
    let missing: Vec<_> = names.into_iter().filter(|name| !here.contains(&format!("{name}: "))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The public types of a source file that are errors.
fn errors_in(source: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric()).collect::<String>();
    let derived = source.split("thiserror::Error)]").skip(1).filter_map(|behind| {
        let item = behind.lines().find(|line| line.starts_with("pub") || line.starts_with("enum"))?;
        item.strip_prefix("pub enum ").or_else(|| item.strip_prefix("pub struct ")).map(name)
    });
    derived.chain(source.split("\nimpl std::error::Error for ").skip(1).map(name)).collect()
}
