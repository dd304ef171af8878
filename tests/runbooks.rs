//! The runbooks of docs/operations.md, run block after block as they stand.
#![cfg(feature = "cli")]

#[path = "support/running.rs"]
mod running;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use running::{PROGRAM, Room};

/// A vault with three API keys, its keys in a folder of their own, and a safe place.
struct Scene {
    room: Room,
    tokens: Vec<(String, String)>,
    said: String,
}

impl Scene {
    fn new() -> Self {
        let room = Room::new();
        for folder in ["bin", "keys", "safe", "work"] {
            fs::create_dir(room.file(folder)).expect("folder");
            private(&room.file(folder), 0o700);
        }
        fs::hard_link(PROGRAM, room.file("bin/strongroom"))
            .or_else(|_| fs::copy(PROGRAM, room.file("bin/strongroom")).map(drop))
            .expect("the program by its name");
        fs::write(room.file("keys/master-keys"), format!("{}\n", room.keys.variable([1]))).expect("written");
        private(&room.file("keys/master-keys"), 0o600);
        let tokens = (0..3).map(|n| room.issue(&["--name", &format!("client {n}"), "--owner", "acme"])).collect();
        Self { room, tokens, said: String::new() }
    }

    /// Runs the blocks under a heading; each ends as a shell that stops at the first failure ends well.
    fn run(mut self, title: &str) -> Self {
        let blocks = blocks(title);
        assert!(!blocks.is_empty(), "{title} has no commands");
        // One shell for all of them: a block goes on from the one before.
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &blocks.join("\n")])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.room.file("bin").display()))
            .env("HOME", self.room.file("work"))
            .env("KEYS", self.room.file("keys"))
            .env("SAFE", self.room.file("safe"))
            .env("STRONGROOM_STORE", format!("sqlite:{}", self.room.path().display()))
            .env("STRONGROOM_MASTER_KEYS_FILE", self.room.file("keys/master-keys"))
            .current_dir(self.room.file("work"))
            .output()
            .expect("a shell");
        let texts = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        self.said = texts.concat();
        assert!(output.status.success(), "{title} stopped with {}:\n{}", output.status, self.said);
        self
    }

    fn says(&self, text: &str) {
        assert!(self.said.contains(text), "{text:?} is not in:\n{}", self.said);
    }

    /// Whether the token at this place is valid, with this master key version.
    fn valid(&self, version: u32, token: &str) -> bool {
        self.room.run_with([version], &["verify"]).stdin(token).go().code == Some(0)
    }

    fn new_tokens(&self) -> Vec<String> {
        let files = fs::read_dir(self.room.file("safe/tokens")).expect("a folder of tokens");
        files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a token")).collect()
    }
}

fn private(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("private");
}

/// The `sh` blocks of the runbook with this title.
fn blocks(title: &str) -> Vec<String> {
    let page = include_str!("../docs/operations.md");
    let (_, rest) = page.split_once(&format!("## Runbook: {title}\n")).unwrap_or_else(|| panic!("no runbook {title}"));
    let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
    let after = section.split("```sh\n").skip(1);
    after.map(|block| block.split_once("```").expect("an end").0.to_owned()).collect()
}

#[test]
fn every_runbook_of_the_page_is_run_by_a_test() {
    let titles = include_str!("../docs/operations.md").lines().filter_map(|line| line.strip_prefix("## Runbook: "));
    let source = include_str!("runbooks.rs");
    let missing: Vec<_> = titles.filter(|title| !source.contains(&format!(".run(\"{title}\")"))).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_leaked_api_key_is_replaced_and_its_token_refused() {
    let scene = Scene::new();
    let (id, token) = scene.tokens[0].clone();
    fs::write(scene.room.file("work/leaked-token"), format!("{token}\n")).expect("written");
    let scene = scene.run("an API key has leaked");
    scene.says(&format!("valid {id} client 0"));
    scene.says("the token is not valid: it was revoked");
    assert!(!scene.valid(1, &token));
    let new = fs::read_to_string(scene.room.file("work/new-token")).expect("a token");
    assert!(scene.valid(1, &new));
    assert!(scene.tokens[1..].iter().all(|(_, token)| scene.valid(1, token)), "and nobody else's");
}

#[test]
fn after_a_leaked_master_key_every_client_has_a_new_token_and_the_old_key_opens_nothing() {
    let scene = Scene::new().run("the master key has leaked");
    scene.says("exposed");
    scene.says("the certificate is true");
    let version = fs::read_to_string(scene.room.file("keys/master-keys")).expect("keys");
    assert!(version.starts_with("2:") && version.lines().count() == 1);
    let verify = |token: &str| run_with_file(&scene, &["verify"], token);
    let new = scene.new_tokens();
    assert!(new.len() == 3 && new.iter().all(|token| verify(token) == Some(0)));
    assert!(scene.tokens.iter().all(|(_, token)| verify(token) == Some(0)), "in their grace");
    scene.room.run_with([1], &["status"]).ends(12);
    let listed = run_with_file(&scene, &["due"], "");
    assert_eq!(listed, Some(0));
}

#[test]
fn after_a_leaked_database_the_old_master_key_opens_nothing_and_every_token_is_valid() {
    let scene = Scene::new().run("the database has leaked");
    assert!(scene.tokens.iter().all(|(_, token)| run_with_file(&scene, &["verify"], token) == Some(0)));
    scene.room.run_with([1], &["status"]).ends(12);
}

#[test]
fn after_both_have_leaked_no_old_token_is_valid() {
    let scene = Scene::new().run("both have leaked");
    let new = scene.new_tokens();
    assert!(new.len() == 3 && new.iter().all(|token| run_with_file(&scene, &["verify"], token) == Some(0)));
    assert!(scene.tokens.iter().all(|(_, token)| run_with_file(&scene, &["verify"], token) == Some(3)));
    scene.says("no API key is like that");
}

#[test]
fn a_lost_master_key_comes_back_from_three_shares() {
    let scene = Scene::new().run("the master key is lost");
    let read = |name: &str| fs::read_to_string(scene.room.file(name)).expect("a key");
    assert_eq!(read("keys/master-keys").trim_end(), read("keys/master-keys.away").trim_end());
    scene.says("nothing is wrong");
    assert!(scene.tokens.iter().all(|(_, token)| scene.valid(1, token)));
}

/// The program with the master keys that the runbook has left.
fn run_with_file(scene: &Scene, arguments: &[&str], stdin: &str) -> Option<i32> {
    let file: PathBuf = scene.room.file("keys/master-keys");
    let run = scene.room.run_with([1], arguments).unset("STRONGROOM_MASTER_KEYS");
    run.env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string()).stdin(stdin).go().code
}
