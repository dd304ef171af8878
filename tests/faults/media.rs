//! Media that cannot be written, that are full, or that keep no locks: what only reads works, and what writes says which it is.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::mount::Mounted;
use crate::process::{program, program_path};
use crate::support::{Keys, act};
use strongroom::{NewApiKey, SqliteStore, Vault};

crate::harness::claims! {
    needs [Mount, Strace];
    every_reading_verb_works_on_a_medium_that_cannot_be_written,
    every_reading_verb_works_on_a_full_disk_alone_and_beside_a_live_writer,
    a_file_system_that_grants_every_lock_is_not_written_and_is_read,
    locks_that_are_refused_are_not_called_busy,
    a_backup_where_locks_are_refused_says_so_and_leaves_nothing,
    a_limit_of_the_process_is_named_and_ends_nothing_in_the_middle,
}

struct Scene {
    disk: Mounted,
    keys: Keys,
    token: String,
    id: String,
}

impl Scene {
    fn on(disk: Mounted) -> Self {
        let keys = Keys::generate(1);
        let vault =
            Vault::create(SqliteStore::create(disk.path.join("vault.db")).expect("store"), keys.only([1]), &act());
        let vault = vault.expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("n"); 500], &act()).expect("issued");
        let (token, id) = (issued[0].token.expose().to_owned(), issued[0].id.to_string());
        Self { disk, keys, token, id }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.disk.path.join("vault.db"), &self.keys.variable([1]));
        command.args(arguments);
        command
    }

    fn run(&self, mut command: Command) -> (Option<i32>, String) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        // Who reads no token has closed it.
        let _ = child.stdin.take().expect("piped").write_all(self.token.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().expect("ends");
        (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }

    fn reads(&self, why: &str) {
        let verbs: &[&[&str]] = &[
            &["verify"],
            &["verify", "--no-usage"],
            &["list", "--all"],
            &["show", &self.id],
            &["stats"],
            &["status"],
            &["due"],
            &["doctor"],
            &["doctor", "--quick"],
            &["audit", "list"],
            &["audit", "verify"],
            &["audit", "export"],
            &["policy", "show"],
            &["backup", "list"],
            &["master-key", "check"],
            &["scan", "--mode", "fingerprint", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")],
        ];
        for verb in verbs {
            let (code, told) = self.run(self.command(verb));
            assert_eq!(code, Some(0), "{why}: {verb:?}: {told}");
            assert!(!told.contains("was not judged"), "{why}: {verb:?}: {told}");
        }
    }

    /// Where this system call finds no locks.
    fn says_that_locks_are_refused(&self, call: &str, arguments: &[&str]) {
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
        command.arg("-e").arg(format!("inject={call}:error=ENOLCK"));
        command.arg(program_path()).args(arguments).env_clear();
        let plain = self.command(&[]);
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", std::env::var_os("PATH").expect("a path"));
        let (code, told) = self.run(command);
        assert_eq!(code, Some(16), "{told}");
        assert!(told.contains("refuses locks") && !told.contains("run the command again"), "{told}");
    }

    fn refuses(&self, why: &str, says: &str) {
        for verb in [&["issue", "--name", "n"][..], &["revoke", &self.id, "--reason", "r", "--yes"]] {
            let (code, told) = self.run(self.command(verb));
            assert_eq!(code, Some(16), "{why}: {verb:?}: {told}");
            assert!(told.contains(says), "{why}: {verb:?}: {told}");
        }
    }
}

fn every_reading_verb_works_on_a_medium_that_cannot_be_written() {
    // At rest; with what a killed process leaves; and with a log in which nothing is.
    for left in ["nothing", "a log", "an empty log"] {
        let scene = Scene::on(Mounted::tmpfs("8m"));
        if left == "a log" {
            // A copy of what stands there while it is open.
            let vault = SqliteStore::open(scene.disk.path.join("vault.db")).expect("store");
            let vault = Vault::open(vault, scene.keys.only([1])).expect("vault");
            vault.issue(&NewApiKey::new("in the log"), &act()).expect("issued");
            for suffix in ["", "-wal", "-shm"] {
                let from = scene.disk.path.join(format!("vault.db{suffix}"));
                fs::copy(&from, scene.disk.path.join(format!("copy{suffix}"))).expect("copied");
            }
            drop(vault);
            for suffix in ["", "-wal", "-shm"] {
                let to = scene.disk.path.join(format!("vault.db{suffix}"));
                fs::rename(scene.disk.path.join(format!("copy{suffix}")), to).expect("put there");
            }
        } else if left == "an empty log" {
            let log = scene.disk.path.join("vault.db-wal");
            File::create(&log).expect("made");
            fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).expect("private");
        }
        scene.disk.remount("ro");
        scene.reads(left);
        scene.refuses(left, "the sto");
        scene.disk.remount("rw");
        scene.reads("writable again");
    }
}

fn every_reading_verb_works_on_a_full_disk_alone_and_beside_a_live_writer() {
    let scene = Scene::on(Mounted::tmpfs("8m"));
    fill(&scene.disk.path);
    scene.reads("full");
    scene.refuses("full", "the disk is full");
    fs::remove_file(scene.disk.path.join("filler")).expect("removed");
    let live = SqliteStore::open(scene.disk.path.join("vault.db")).expect("store");
    let live = Vault::open(live, scene.keys.only([1])).expect("vault");
    live.issue(&NewApiKey::new("live"), &act()).expect("issued");
    fill(&scene.disk.path);
    scene.reads("full beside a live writer");
    fs::remove_file(scene.disk.path.join("filler")).expect("removed");
    live.issue(&NewApiKey::new("live"), &act()).expect("issued");
}

fn a_file_system_that_grants_every_lock_is_not_written_and_is_read() {
    let scene = Scene::on(Mounted::tmpfs("8m"));
    let folder = tempfile::tempdir().expect("a folder");
    let (source, shim) = (folder.path().join("shim.c"), folder.path().join("shim.so"));
    fs::write(&source, GRANTS).expect("written");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).status();
    if !made.is_ok_and(|made| made.success()) {
        return crate::support::skipped("there is no C compiler");
    }
    let granted = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env("LD_PRELOAD", &shim);
        scene.run(command)
    };
    for verb in [&["issue", "--name", "n"][..], &["revoke", &scene.id, "--reason", "r", "--yes"]] {
        let (code, told) = granted(verb);
        assert_eq!(code, Some(16), "{verb:?}: {told}");
        assert!(told.contains("grants every lock to everybody") && told.contains("df -T"), "{verb:?}: {told}");
    }
    let (code, told) = granted(&["list"]);
    assert_eq!(code, Some(0), "{told}");
    scene.reads("as it is");
    let (code, told) = scene.run(scene.command(&["issue", "--name", "n"]));
    assert_eq!(code, Some(0), "{told}");
}

/// A file system that grants every lock and knows of none.
const GRANTS: &str = r"
#define _GNU_SOURCE
#include <stdarg.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
static int granted(int fd, int command, void *argument) {
    if (command == F_SETLK || command == F_SETLKW) return 0;
    if (command == F_GETLK) { ((struct flock *)argument)->l_type = F_UNLCK; return 0; }
    return syscall(SYS_fcntl, fd, command, argument);
}
int fcntl(int fd, int command, ...) {
    va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest);
    return granted(fd, command, argument);
}
int fcntl64(int fd, int command, ...) {
    va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest);
    return granted(fd, command, argument);
}
";

fn locks_that_are_refused_are_not_called_busy() {
    let scene = Scene::on(Mounted::tmpfs("8m"));
    scene.says_that_locks_are_refused("fcntl", &["issue", "--name", "n"]);
    let names: Vec<_> =
        fs::read_dir(&scene.disk.path).expect("read").flatten().map(|entry| entry.file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("-lock-")), "{names:?}");
}

fn a_backup_where_locks_are_refused_says_so_and_leaves_nothing() {
    let scene = Scene::on(Mounted::tmpfs("8m"));
    let to = scene.disk.path.join("b");
    scene.says_that_locks_are_refused("flock", &["backup", to.to_str().expect("text"), "--reason", "r"]);
    let names = fs::read_dir(&scene.disk.path).expect("read").flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name != "vault.db").collect();
    assert!(left.is_empty(), "{left:?}");
}

fn a_limit_of_the_process_is_named_and_ends_nothing_in_the_middle() {
    let scene = Scene::on(Mounted::tmpfs("8m"));
    let limited = |limit: &str, arguments: &[&str]| {
        let plain = scene.command(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]).arg(program_path()).args(arguments);
        command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        scene.run(command)
    };
    let tokens = || scene.run(scene.command(&["list", "--all"])).1.lines().count();
    // Blocks of 512 bytes: none at all, less than the log needs, and less than the file has.
    for blocks in ["0", "8", "40", "64", "96"] {
        let before = tokens();
        let (code, told) = limited(&format!("-f {blocks}"), &["issue", "--name", "n"]);
        match code {
            Some(0) => assert_eq!(tokens(), before + 1, "{blocks}: {told}"),
            Some(16) => {
                assert!(told.contains("ulimit -f") || told.contains("audit list"), "{blocks}: {told}");
                assert!(tokens() <= before + 1, "{blocks}: {told}");
            }
            _ => panic!("{blocks}: {code:?}: {told}"),
        }
    }
    let said = limited("-f 8", &["issue", "--name", "n"]);
    assert!(said.0 == Some(16) && said.1.contains("ulimit -f"), "{said:?}");
    let mut named = 0;
    for files in 4..24 {
        let (code, told) = limited(&format!("-n {files}"), &["issue", "--name", "n"]);
        assert!(matches!(code, Some(0 | 1 | 12 | 15 | 16 | 127)), "{files}: {code:?}: {told}");
        assert!(!told.contains("must be readable and writable"), "{files}: {told}");
        named += usize::from(code == Some(16) && told.contains("ulimit -n"));
    }
    assert!(named > 0, "it is never named");
}

fn fill(folder: &Path) {
    let mut file = File::create(folder.join("filler")).expect("created");
    while file.write_all(&[0; 4096]).is_ok() {}
    while file.write_all(&[0; 1]).is_ok() {}
}
