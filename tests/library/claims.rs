//! The pages name tests that hold what they say. Each of those tests is in the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::tokens::{rust_files, tokens};

#[test]
fn every_test_that_the_pages_name_is_there() {
    let functions = functions();
    assert!(functions.len() > 1_000, "{}", functions.len());
    for (page, at_least) in
        [("SECURITY.md", 70), ("docs/claims.md", 15), ("docs/contributing.md", 10), ("docs/design.md", 35)]
    {
        let text = fs::read_to_string(root().join(page)).expect("a page");
        let named = tests_named_in(&text);
        assert!(named.len() >= at_least, "{page} names {} tests", named.len());
        let missing: Vec<_> = named.difference(&functions).collect();
        assert!(missing.is_empty(), "{page} names tests that are not there: {missing:?}");
    }
    let made_up = "Held by `a_claim_that_is_held`, `src/vectors.rs`, `at_ms` and `stale_lookups`; not a_bare_word_is_none.\n\
        | `one_in_a_table` | `a_claim_that_is_held` |";
    let found: Vec<_> = tests_named_in(made_up).into_iter().collect();
    assert_eq!(found, ["a_claim_that_is_held", "one_in_a_table"]);
}

/// Words between back-ticks that are long enough for a claim; names of fields and settings are shorter.
fn tests_named_in(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    quoted.filter(is_name).filter(|word| word.matches('_').count() >= 3).map(str::to_owned).collect()
}

/// The names of all functions of the library, the program and their tests.
fn functions() -> BTreeSet<String> {
    let files = ["src", "tests"].iter().flat_map(|folder| rust_files(&root().join(folder)));
    files.flat_map(|file| of(&fs::read_to_string(file).expect("a source"))).collect()
}

fn of(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    tokens.windows(2).filter(|pair| pair[0] == "fn").map(|pair| pair[1].clone()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
