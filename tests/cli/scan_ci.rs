//! A scan as CI runs it: fingerprints beside the sources, no vault, and no key in the environment.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ground::{Ground, locations};
use crate::process::program_path;
use crate::running::{Ran, Room, Run};
use base64ct::{Base64Url, Encoding};

#[test]
fn fingerprints_that_were_exported_find_retired_keys_where_there_is_no_key() {
    let mut ground = Ground::new();
    ground.room = Room::with(1);
    ground.tree = ground.room.file("tree");
    fs::create_dir(&ground.tree).expect("folder");
    ground.room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    let status = ground.room.run_with([2], &["status", "--json"]).ends(0).out;
    ground.git(&["init", "-q"]);
    ground.write("fingerprints.json", &status);
    ground.write("src/main.py", "print('nothing')\n");
    ground.commit("begin");
    let scan = |options: &[&str]| {
        ground.scan_without_keys(&[&["--history", "--fingerprints", "fingerprints.json"], options].concat())
    };
    let clean = scan(&["--sarif"]).ends(0).json();
    assert_eq!(clean["runs"][0]["results"].as_array().map(Vec::len), Some(0));

    let retired = ground.key(1);
    let array =
        Base64Url::decode_vec(&retired).expect("a key").iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    ground.write("deploy/old.env", format!("A=1\nKEYS=1:{retired},2:none\n"));
    let held = ground.commit("keep the old key");
    fs::remove_file(ground.tree.join("deploy/old.env")).expect("removed");
    ground.commit("remove it");
    ground.write("src/key.go", format!("package main\n\nvar key = []byte{{{array}}}\n"));

    let ran = scan(&["--sarif"]).ends(3);
    is_silent_about(&ran, &retired, &array);
    let log = ran.json();
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(locations(&log), [("deploy/old.env".into(), Some(2)), ("src/key.go".into(), Some(3))]);
    assert_eq!(
        (&log["version"], &log["runs"][0]["invocations"][0]["executionSuccessful"]),
        (&"2.1.0".into(), &true.into())
    );
    assert!(log["$schema"].as_str().expect("a schema").contains("sarif-2.1.0"));
    assert!(results.iter().any(|result| result["message"]["text"].as_str().expect("text").contains(&held[..12])));
    for output in [&[][..], &["--json"]] {
        is_silent_about(&scan(output).ends(3), &retired, &array);
    }
}

#[test]
fn the_hook_for_pre_commit_runs_the_program_that_is_in_path() {
    let hook = include_str!("../../.pre-commit-hooks.yaml");
    let value = |name: &str| {
        let line = hook.lines().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {hook}")).trim()
    };
    // With any other, pre-commit installs the package at the root, which has no program.
    assert_eq!((value("language:"), value("pass_filenames:")), ("system", "true"));
    let ground = Ground::new();
    ground.write("clean.txt", "nothing");
    ground.write("leak.env", ground.line(1));
    let folder = Path::new(program_path()).parent().expect("a folder").display().to_string();
    let run = |file| {
        let words = ["-c", "exec \"$@\"", "sh"].into_iter().chain(value("entry:").split(' ')).chain([file]);
        let mut run = Run::through(Command::new("/bin/sh"), &words.collect::<Vec<_>>()).env("PATH", &folder);
        run.command.current_dir(&ground.tree);
        run
    };
    run("clean.txt").ends(0);
    run("leak.env").ends(3);
}

#[test]
fn every_command_that_installs_the_program_names_a_package_that_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut named = 0;
    for page in ["README.md", "docs/operations.md", "docs/performance.md", "docs/scanning.md"] {
        let text = fs::read_to_string(root.join(page)).expect("a page");
        for words in text.split("cargo install ").skip(1).map(|rest| rest.split([' ', '\n', '`']).collect::<Vec<_>>()) {
            let package = if words[0] == "--path" {
                fs::read_to_string(root.join(words[1]).join("Cargo.toml"))
            } else {
                own_manifest()
            };
            let package = package.unwrap_or_else(|error| panic!("{page}: {words:?}: {error}"));
            assert!(package.contains("[[bin]]\nname = \"strongroom\"\n"), "{page}: {words:?}");
            assert!(
                words[0] == "--path" || package.contains(&format!("name = \"{}\"\n", words[0])),
                "{page}: {words:?}"
            );
            named += 1;
        }
    }
    assert!(named >= 8, "{named}");
}

fn own_manifest() -> std::io::Result<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
}

fn is_silent_about(ran: &Ran, key: &str, array: &str) {
    let said = format!("{}{}", ran.out, ran.err);
    assert!(!key.as_bytes().windows(6).any(|part| said.contains(std::str::from_utf8(part).expect("ASCII"))), "{said}");
    assert!(!said.contains(&array[..16]), "{said}");
}
