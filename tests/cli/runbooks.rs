//! The jobs and the runbooks of docs/operations.md, run line after line and block after block as they stand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::program_path;
use crate::running::Room;
use serde_json::Value;

/// A vault with three API keys, its keys in a folder of their own, and a safe place with last night's backup and checkpoint.
struct Scene {
    room: Room,
    tokens: Vec<(String, String)>,
    said: String,
}

impl Scene {
    fn new() -> Self {
        let room = Room::new();
        for folder in ["bin", "keys", "lib", "log", "safe", "safe/backups", "safe/checkpoints", "work"] {
            fs::create_dir(room.file(folder)).expect("folder");
            private(&room.file(folder), 0o700);
        }
        fs::hard_link(program_path(), room.file("bin/strongroom"))
            .or_else(|_| fs::copy(program_path(), room.file("bin/strongroom")).map(drop))
            .expect("the program by its name");
        fs::write(room.file("keys/master-keys"), format!("{}\n", room.keys.variable([1]))).expect("written");
        private(&room.file("keys/master-keys"), 0o600);
        let tokens = (0..3).map(|n| room.issue(&["--name", &format!("client {n}"), "--owner", "acme"])).collect();
        let checkpoint = room.run(&["audit", "checkpoint"]).ends(0).out;
        fs::write(room.file("safe/checkpoints/2026-01-01.txt"), checkpoint).expect("written");
        room.run(&["backup", &room.file("safe/backups/2026-01-01.backup").display().to_string()]).ends(0);
        Self { room, tokens, said: String::new() }
    }

    /// A shell as whoever is on duty has it.
    fn shell(&self, options: &[&str], commands: &str) -> Output {
        let mut shell = Command::new("bash");
        shell.args(options).args(["-c", commands]).env_clear().current_dir(self.room.file("work"));
        shell.env("PATH", format!("{}:/usr/bin:/bin", self.room.file("bin").display()));
        shell.env("HOME", self.room.file("work")).env("KEYS", self.room.file("keys"));
        shell.env("SAFE", self.room.file("safe")).env("CI_PIPELINE_ID", "7");
        shell.env("STRONGROOM_STORE", format!("sqlite:{}", self.room.path().display()));
        shell.env("STRONGROOM_MASTER_KEYS_FILE", self.room.file("keys/master-keys")).output().expect("a shell")
    }

    /// Runs a job with the folders of the page in this room, and gives back how it ended.
    fn job(&self, command: &str) -> Option<i32> {
        self.job_and_output(command).0
    }

    /// The same, with all that it wrote.
    fn job_and_output(&self, command: &str) -> (Option<i32>, String) {
        let folder = |name: &str| self.room.file(name).display().to_string();
        let command = command.replace("/var/lib/strongroom", &folder("lib")).replace("/usr/local/bin/", "");
        let command = command.replace("/var/log/strongroom", &folder("log")).replace("/mnt/safe", &folder("safe"));
        let output = self.shell(&["-o", "pipefail"], &command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("not found") && !said.contains("error:"), "{command}: {said}");
        (output.status.code(), format!("{}{said}", String::from_utf8_lossy(&output.stdout)))
    }

    /// Runs the blocks under a heading; each ends as a shell that stops at the first failure ends well.
    fn run(mut self, title: &str) -> Self {
        let blocks = blocks(title);
        assert!(!blocks.is_empty(), "{title} has no commands");
        // One shell for all of them: a block goes on from the one before.
        let output = self.shell(&["-euo", "pipefail"], &blocks.join("\n"));
        let texts = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        self.said = texts.concat();
        assert!(output.status.success(), "{title} stopped with {}:\n{}", output.status, self.said);
        self
    }

    /// Every record of the vault opens with the keys that are left, and the last backup is what its manifest says.
    fn is_whole(&self) {
        let told = |arguments: &[&str]| -> Value {
            let run = self.room.run_with([1], arguments).unset("STRONGROOM_MASTER_KEYS");
            let file = self.room.file("keys/master-keys").display().to_string();
            let ran = run.env("STRONGROOM_MASTER_KEYS_FILE", &file).ends(0);
            serde_json::from_str(ran.out.lines().last().expect("a line")).expect("JSON")
        };
        let (doctor, status) = (told(&["doctor", "--deep", "--json"]), told(&["status", "--json"]));
        assert_eq!((&doctor["symptoms"], &doctor["compared"]), (&Value::Array(vec![]), &true.into()));
        assert_eq!(doctor["opened"], status["records"]);
        let mut backups = listed(&self.room.file("safe/backups"));
        let backup = told(&["backup", "verify", &backups.pop().expect("a backup").display().to_string(), "--json"]);
        assert_eq!((&backup["authenticated"], &backup["verified"]), (&true.into(), &true.into()));
        assert_eq!(
            (&backup["vault"], &backup["opens_with"][0]["version"]),
            (&status["vault"], &status["active_master_key"])
        );
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

/// The files of a folder, by their names.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

/// The `sh` blocks of the runbook with this title.
fn blocks(title: &str) -> Vec<String> {
    fenced("sh", section(&format!("\n## Runbook: {title}\n")))
}

fn section(heading: &str) -> &'static str {
    let page = include_str!("../../docs/operations.md");
    let (_, rest) = page.split_once(heading).unwrap_or_else(|| panic!("no {heading}"));
    rest.split_once("\n##").map_or(rest, |(section, _)| section)
}

fn fenced(language: &str, section: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = section.split(&fence).skip(1);
    after.map(|block| block.split_once("```").expect("an end").0.to_owned()).collect()
}

#[test]
fn every_runbook_of_the_page_is_run_by_a_test() {
    let titles = include_str!("../../docs/operations.md").lines().filter_map(|line| line.strip_prefix("## Runbook: "));
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
    scene.is_whole();
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
    let due = run_with_file(&scene, &["due"], "");
    assert_eq!(due, Some(0));
    assert_eq!(listed(&scene.room.file("safe/backups")).len(), 1, "what the leaked key opens is gone");
    scene.is_whole();
}

#[test]
fn after_a_leaked_database_the_old_master_key_opens_nothing_and_every_token_is_valid() {
    let scene = Scene::new().run("the database has leaked");
    assert!(scene.tokens.iter().all(|(_, token)| run_with_file(&scene, &["verify"], token) == Some(0)));
    scene.room.run_with([1], &["status"]).ends(12);
    scene.is_whole();
}

#[test]
fn after_both_have_leaked_no_old_token_is_valid() {
    let scene = Scene::new().run("both have leaked");
    let new = scene.new_tokens();
    assert!(new.len() == 3 && new.iter().all(|token| run_with_file(&scene, &["verify"], token) == Some(0)));
    assert!(scene.tokens.iter().all(|(_, token)| run_with_file(&scene, &["verify"], token) == Some(3)));
    scene.says("no API key is like that");
    scene.is_whole();
}

#[test]
fn a_lost_master_key_comes_back_from_three_shares() {
    let scene = Scene::new().run("the master key is lost");
    let read = |name: &str| fs::read_to_string(scene.room.file(name)).expect("a key");
    assert_eq!(read("keys/master-keys").trim_end(), read("keys/master-keys.away").trim_end());
    scene.says("nothing is wrong");
    assert!(scene.tokens.iter().all(|(_, token)| scene.valid(1, token)));
    scene.is_whole();
}

#[test]
fn a_lost_store_comes_back_from_its_backup_without_what_was_revoked_since() {
    let scene = Scene::new();
    let (revoked, token) = scene.tokens[2].clone();
    scene.room.run(&["revoke", &revoked, "--yes", "--reason", "leaked"]).ends(0);
    let late = scene.room.run(&["audit", "checkpoint"]).ends(0).out;
    fs::write(scene.room.file("safe/checkpoints/2026-01-02.txt"), &late).expect("written");
    let scene = scene.run("the store is lost");
    scene.says("the backup is older: it ends with entry 5, 2 entries before");
    assert!(!scene.valid(1, &token) && scene.tokens[..2].iter().all(|(_, token)| scene.valid(1, token)));
    let entries = scene.room.run(&["audit", "list", "--json", "--all"]).ends(0).json_lines();
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((of("restore"), of("revoke")), (1, 1));
    let put_away = scene.room.file("safe/before-the-restore/2026-01-02.txt").display().to_string();
    scene.room.run(&["audit", "verify", "--checkpoint", &put_away]).ends(13);
    let anew = listed(&scene.room.file("safe/checkpoints")).pop().expect("a checkpoint").display().to_string();
    scene.room.run(&["audit", "verify", "--checkpoint", &anew]).ends(0);
    scene.is_whole();
}

#[test]
fn a_restore_drill_opens_the_backup_and_leaves_the_vault_alone() {
    let scene = Scene::new();
    fs::write(scene.room.file("work/probe-token"), format!("{}\n", scene.tokens[0].1)).expect("written");
    scene.room.run(&["revoke", &scene.tokens[2].0, "--yes", "--reason", "leaked"]).ends(0);
    let before = scene.room.run(&["audit", "list", "--json", "--all"]).ends(0).out;
    let scene = scene.run("a restore drill");
    scene.says(&format!("revoked or reissued since, and valid again in the restored vault: {}", scene.tokens[2].0));
    scene.says("nothing is wrong: 3 API keys opened");
    scene.says(&format!("valid {} client 0", scene.tokens[0].0));
    assert!(!scene.room.file("work/drill").exists());
    assert_eq!(scene.room.run(&["audit", "list", "--json", "--all"]).ends(0).out, before);
    scene.is_whole();
}

/// A vault in which something is due, with a program that takes letters.
fn with_something_due() -> Scene {
    let scene = Scene::new();
    scene.room.issue(&["--name", "soon", "--expires-in", "10d"]);
    let letters = scene.room.file("log/letters").display().to_string();
    fs::write(scene.room.file("bin/mail"), format!("#!/bin/sh\necho \"$@\" >> {letters}; cat >> {letters}\n"))
        .expect("written");
    private(&scene.room.file("bin/mail"), 0o700);
    scene
}

fn assert_jobs_done(scene: &Scene, backups: usize, checkpoints: usize) {
    assert_eq!(listed(&scene.room.file("safe/backups")).len(), backups);
    assert_eq!(listed(&scene.room.file("safe/checkpoints")).len(), checkpoints);
    let tokens = listed(&scene.room.file("lib/tokens"));
    let token = fs::read_to_string(&tokens[0]).expect("a token");
    assert!(tokens.len() == 1 && scene.valid(1, &token));
    scene.is_whole();
}

/// The commands of the crontab.
fn cron_jobs() -> Vec<String> {
    let jobs = fenced("crontab", section("\n### cron\n")).concat();
    let jobs = jobs.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let command = |line: &str| {
        let fields =
            line.split_whitespace().take(5).fold(line, |rest, field| rest.trim_start()[field.len()..].trim_start());
        fields.replace("\\%", "%")
    };
    let jobs: Vec<_> = jobs.map(command).collect();
    assert_eq!(jobs.len(), 7);
    jobs
}

#[test]
fn every_cron_line_is_silent_on_a_healthy_vault() {
    let scene = Scene::new();
    for job in cron_jobs() {
        assert_eq!(scene.job_and_output(&job), (Some(0), String::new()), "{job}");
    }
    assert_eq!(scene.job_and_output("strongroom master-key check -q"), (Some(0), String::new()));
}

#[test]
fn every_cron_job_of_the_page_runs() {
    let (scene, jobs) = (with_something_due(), cron_jobs());
    for job in &jobs {
        assert_eq!(scene.job(job), Some(0), "{job}");
    }
    let letters = fs::read_to_string(scene.room.file("log/letters")).expect("a letter");
    assert!(letters.starts_with("-s strongroom: 2 lines due ops@") && letters.contains("expiring"), "{letters}");
    assert_jobs_done(&scene, 2, 2);
}

#[test]
fn every_line_of_the_systemd_units_runs() {
    let scene = with_something_due();
    let units = fenced("ini", section("\n### systemd\n")).concat();
    let lines = units.lines().filter_map(|line| line.strip_prefix("ExecStart="));
    let lines: Vec<_> = lines.map(|line| line.replace("%%", "%")).collect();
    let codes: Vec<_> = lines.iter().map(|line| scene.job(line)).collect();
    assert_eq!(codes, [3, 0, 0, 0, 0].map(Some), "{lines:?}");
    assert_jobs_done(&scene, 2, 2);
}

#[test]
fn every_line_of_the_pipeline_runs() {
    let scene = with_something_due();
    let pipeline = fenced("yaml", section("\n### CI\n")).pop().expect("GitLab is the last");
    let lines: Vec<_> = pipeline.lines().filter_map(|line| line.strip_prefix("    - ")).collect();
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.starts_with("if: ")).collect();
    let codes: Vec<_> = lines.iter().map(|line| scene.job(line)).collect();
    assert_eq!(codes, [0, 0, 0, 3, 0, 0].map(Some), "{lines:?}");
    assert_eq!(listed(&scene.room.file("work/checkpoints")).len(), 1);
    assert_jobs_done(&scene, 2, 1);
}

/// The program with the master keys that the runbook has left.
fn run_with_file(scene: &Scene, arguments: &[&str], stdin: &str) -> Option<i32> {
    let file: PathBuf = scene.room.file("keys/master-keys");
    let run = scene.room.run_with([1], arguments).unset("STRONGROOM_MASTER_KEYS");
    run.env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string()).stdin(stdin).go().code
}
