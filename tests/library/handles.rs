//! The two handles of a vault: what only reads is said once, and whoever drops the last handle writes the last uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Keys, act};
use strongroom::{MemoryStore, NewApiKey, Query, Request, Vault, Verifier};

/// A method of `Vault` would hide the one of the same name that it has from `Verifier`, and nobody would be told.
#[test]
fn no_method_of_a_vault_hides_one_of_a_verifier() {
    let (vault, verifier) = (methods("Vault"), methods("Verifier"));
    assert!(vault.contains("recover") && verifier.contains("verify"), "{vault:?} {verifier:?}");
    assert!(vault.len() > 20 && verifier.len() > 10, "{vault:?} {verifier:?}");
    let both: Vec<_> = vault.intersection(&verifier).collect();
    assert!(both.is_empty(), "{both:?}");
}

/// The page of a vault reads as a story. Without headings it is fifty methods in a row.
#[test]
fn every_block_of_methods_of_a_handle_has_a_heading_that_the_vault_names() {
    let contents = fs::read_to_string(source().join("handle.rs")).expect("readable");
    for (of, page) in [("Vault", ""), ("Verifier", "Verifier")] {
        let blocks = blocks(of);
        let public: Vec<_> = blocks.iter().filter(|(_, block)| block.contains("\n    pub fn ")).collect();
        assert!(public.len() > 5, "{of}");
        for (heading, block) in public {
            let first = block.trim_start().lines().next().unwrap_or_default();
            let title = heading.strip_prefix("/// # ").unwrap_or_else(|| panic!("no heading above {first:?}"));
            let link = format!("({page}#{})", title.to_lowercase().replace(' ', "-"));
            let said_by_the_vault = of == "Verifier" && ["Opening", "Policy"].contains(&title);
            assert!(contents.contains(&link) || said_by_the_vault, "{link} is missing in the chapters of the vault");
        }
    }
}

#[test]
fn a_handle_that_only_reads_sees_what_the_vault_does_and_outlives_it() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let [cloned, taken, from] = [Verifier::clone(&vault), vault.verifier(), Verifier::from(&vault)];
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let other = vault.clone();
    drop(vault);
    for verifier in [&cloned, &taken, &from, &*other] {
        verifier.verify(issued.token.expose(), &Request::new()).expect("valid");
        assert_eq!(verifier.list(&Query::new()).expect("listed").items.len(), 1);
        assert_eq!(verifier.show(issued.id).expect("there").name, "n");
    }
    drop((other, cloned, taken));
    let used = || {
        let looking = Vault::open(store.clone(), keys.only([1])).expect("vault");
        looking.usage(issued.id).expect("read").map_or(0, |usage| usage.verifications)
    };
    assert_eq!(used(), 0, "a handle is left");
    drop(from);
    assert_eq!(used(), 4, "the last handle writes what all of them have counted");
}

#[test]
fn a_handle_is_shown_without_anything_secret() {
    let keys = Keys::generate(2);
    let vault = Vault::create(MemoryStore::new(), keys.only([1, 2]), &act()).expect("vault");
    let id = vault.status().expect("status").vault;
    let said = format!("vault: {id}, configured: [1, 2], active_master_key: 2, active_generation: 1, ..");
    assert_eq!(format!("{vault:?}"), format!("Vault {{ {said} }}"));
    assert_eq!(format!("{:?}", vault.verifier()), format!("Verifier {{ {said} }}"));
}

/// The public methods in all `impl` blocks of a type of the vault.
fn methods(of: &str) -> BTreeSet<String> {
    blocks(of).iter().flat_map(|(_, block)| public_methods(block)).collect()
}

/// All `impl` blocks of a type of the vault, each with the line above it.
fn blocks(of: &str) -> Vec<(String, String)> {
    let opening = format!("\nimpl {of} {{");
    let mut blocks = vec![];
    for file in rust_files(&source()) {
        let source = fs::read_to_string(file).expect("readable");
        for (at, _) in source.match_indices(&opening) {
            let above = source[..at].lines().next_back().unwrap_or_default();
            // rustfmt closes a block where its line began.
            let block = &source[at + opening.len()..];
            blocks.push((above.to_owned(), block.split("\n}\n").next().unwrap_or(block).to_owned()));
        }
    }
    blocks
}

/// Those that take the handle; a function without it is called by the name of its type, and hides nothing.
fn public_methods(block: &str) -> impl Iterator<Item = String> + use<'_> {
    block.split("\n    pub fn ").skip(1).filter_map(|signature| {
        let (name, rest) = signature.split_once(['(', '<'])?;
        let takes_it = rest.split_once('{').is_some_and(|(arguments, _)| arguments.contains("self"));
        takes_it.then(|| name.to_owned())
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vault")
}
