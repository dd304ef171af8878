//! The regular expression that the README gives to secret scanners.

use crate::support::{Keys, act};
use regex::Regex;
use strongroom::{MemoryStore, NewApiKey, Vault};

#[test]
fn the_regular_expression_of_the_readme_finds_every_issued_token() {
    let regex = published();
    for token in tokens() {
        for text in [
            token.clone(),
            format!("key = \"{token}\","),
            format!("https://user:{token}@host/"),
            format!("\n{token}\n"),
        ] {
            assert_eq!(regex.find(&text).map(|found| found.as_str()), Some(token.as_str()), "{text}");
        }
    }
}

#[test]
fn the_regular_expression_of_the_readme_leaves_near_misses_alone() {
    let regex = published();
    let token = tokens().remove(0);
    let (prefix, rest) = token.split_once('_').expect("a prefix");
    let (id, secret) = rest.split_at(26);
    let misses = [
        ("one character short", token[..token.len() - 1].to_owned()),
        ("one character long", format!("{token}a")),
        ("no prefix", rest.to_owned()),
        ("an empty prefix", format!("_{rest}")),
        ("a prefix of 21 characters", format!("{}_{rest}", "x".repeat(21))),
        ("upper case in the prefix", format!("SR_{rest}")),
        ("upper case in the id", format!("{prefix}_{}{secret}", id.to_uppercase())),
        ("an id above 128 bits", format!("{prefix}_8{}", &rest[1..])),
        ("letters that the id's alphabet lacks", format!("{prefix}_{}{secret}", id.replace(|_| true, "l"))),
        ("another separator", format!("{prefix}-{rest}")),
        ("a secret with other characters", format!("{prefix}_{id}{}-{}", &secret[..20], &secret[21..])),
        ("a line end inside", format!("{prefix}_{id}\n{secret}")),
    ];
    for (what, text) in misses {
        assert!(!regex.is_match(&text), "{what}: {text}");
    }
}

#[test]
fn the_specification_has_the_same_regular_expression() {
    let regex = published();
    assert!(include_str!("../../docs/format.md").lines().any(|line| line == regex.as_str()));
}

fn published() -> Regex {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```regex\n").expect("a block of its own");
    let (regex, rest) = rest.split_once("\n```").expect("an end of the block");
    assert!(!rest.contains("```regex"), "there is one");
    Regex::new(regex).expect("a regular expression")
}

fn tokens() -> Vec<String> {
    let keys = Keys::generate(1);
    let vault = Vault::create(MemoryStore::new(), keys.only([1]), &act()).expect("vault");
    let prefixes = ["sr", "a", "_", "my_app_live", "0", "12345678901234567890", "____________________"];
    let new: Vec<_> = (0..20).flat_map(|_| prefixes).map(|prefix| NewApiKey::new("n").prefix(prefix)).collect();
    let issued = vault.issue_many(&new, &act()).expect("issued");
    issued.into_iter().map(|issued| issued.token.expose().to_owned()).collect()
}
