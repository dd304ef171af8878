//! Claims about where master keys come from, made by running the program, and the commands by the library.
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::program_path;
use crate::running::{Ran, Room, Run};
use crate::support::version;
use strongroom::MasterKeys;
use strongroom::master::{CommandFault, KeyCommand, MasterKeySource, MasterKeysError, SourceError};

#[test]
fn a_command_gives_keys_in_every_way_of_writing() {
    let room = Room::with(1);
    let keys = room.file("keys");
    for list in [variable(&room, &[1]), key(&room, 1), format!("{}\n", key(&room, 1)), json(&room)] {
        private(&keys, &list);
        for line in [format!("cat '{}'", keys.display()), format!(r#"["cat", "{}"]"#, keys.display())] {
            with_command(&room, &["list"], &line).ends(0);
        }
        with_file(&room, &["list"], &keys).ends(0);
        without(&room, &["list"]).env("STRONGROOM_MASTER_KEYS", &list).ends(0);
    }
}

#[test]
fn no_shell_runs_the_command_and_what_it_says_is_shown_and_what_it_prints_is_not() {
    let room = Room::with(1);
    for line in ["cat $HOME/keys", "cat keys | head", "a > b", "cat 'keys", "[1]", "''"] {
        with_command(&room, &["list"], line).ends(12).says("STRONGROOM_MASTER_KEYS_COMMAND").says("hint: ");
    }
    let script = format!("echo 'touch the token\u{1b}[31m' >&2; echo 'it is {0}' >&2; echo '1:{0}'", key(&room, 1));
    let ran = with_command(&room, &["list"], &shell(&format!("{script}; exit 1"))).ends(12);
    let ran = ran.says(r"it said: touch the token\u{1b}[31m");
    assert!(ran.err.contains("it is [redacted]") && !ran.err.contains(&key(&room, 1)), "{}", ran.err);
    let ran = with_command(&room, &["list"], &shell(&script)).ends(0);
    assert_eq!(ran.err, "");
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    let failing = shell("echo canary-output; echo canary-complaint >&2; exit 3");
    let ran = with_command(&room, &["list"], &failing).ends(12).says("exit code 3").says("it said: canary-complaint");
    assert!(!ran.err.contains("canary-output") && ran.err.matches("canary-complaint").count() == 1, "{}", ran.err);
    let told: serde_json::Value =
        serde_json::from_str(&with_command(&room, &["list", "--json"], &failing).ends(12).err).expect("one document");
    assert_eq!(
        (&told["code"], &told["causes"][0]),
        (&"key-command-failed".into(), &"it said: canary-complaint".into())
    );
}

#[test]
fn every_way_a_command_can_fail_is_told_apart_and_none_shows_its_output() {
    let room = Room::with(1);
    let cases = [
        ("/nonexistent/program".to_owned(), "cannot be started"),
        (shell("echo canary; exit 7"), "ended with exit code 7"),
        (shell("echo canary; kill -9 $$"), "was killed by signal 9"),
        (shell("head -c 70000 /dev/zero | tr '\\0' c"), "wrote more than 64 KiB"),
        (shell("head -c 1000000000 /dev/zero"), "wrote more than 64 KiB"),
        (shell(r"printf 'canary\377'"), "is not text"),
        ("true".to_owned(), "it is empty"),
        (shell("echo canary one"), "entry 1 is not VERSION:KEY"),
        (shell("echo canary"), "entry 1 of the output of the command sh: a master key is 44 characters"),
        (shell("echo '{\"1\": \"canary\"}'"), "entry 1 of the output of the command sh"),
        (shell("echo '{\"1\": canary}'"), "no JSON object"),
    ];
    for (line, cause) in cases {
        let ran = with_command(&room, &["list"], &line).ends(12).says(cause).says("hint: ");
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
}

#[test]
fn a_command_that_does_not_finish_is_ended_with_all_it_started() {
    type Expected = fn(&CommandFault) -> bool;
    let folder = tempfile::tempdir().expect("folder");
    let pid = folder.path().join("pid");
    let sleeper = format!("sleep 1000 & echo $! >{}", pid.display());
    let cases: [(String, Expected); 4] = [
        (format!("{sleeper}; sleep 1000"), |fault| matches!(fault, CommandFault::TimedOut { .. })),
        (format!("exec >&-; {sleeper}; sleep 1000"), |fault| matches!(fault, CommandFault::Lingering { .. })),
        (format!("{sleeper}; exit 0"), |fault| matches!(fault, CommandFault::HeldOpen { .. })),
        (format!("exec >&- 2>&-; {sleeper}; exit 3"), |fault| matches!(fault, CommandFault::ExitCode(3))),
    ];
    for (script, expected) in cases {
        let command = KeyCommand::new("sh", ["-c", &script]).time_limit(Duration::from_millis(700));
        let error = command.read().expect_err(&script);
        let MasterKeysError::Source(SourceError::Command { fault, .. }) = &error else { panic!("{error:?}") };
        assert!(expected(fault), "{script}: {fault:?}");
        assert_ends(fs::read_to_string(&pid).expect("a number").trim());
    }
    // What a command leaves behind is none of our business once it has let go of the output.
    let left = format!("sleep 1000 >&- 2>&- & echo $! >{}; echo x", pid.display());
    let command = KeyCommand::new("sh", ["-c", &left]).time_limit(Duration::from_secs(60));
    assert!(matches!(command.read(), Err(MasterKeysError::Key { .. })));
    let left = fs::read_to_string(&pid).expect("a number");
    assert!(Path::new(&format!("/proc/{}", left.trim())).exists() || !Path::new("/proc/self").exists());
    Command::new("kill").arg(left.trim()).status().expect("killed");
}

#[test]
fn one_command_line_runs_the_command_for_keys_once() {
    let room = Room::with(1);
    let runs = room.file("runs");
    private(&room.file("keys"), &variable(&room, &[1, 2]));
    let script = format!("echo x >> '{}'; cat '{}'", runs.display(), room.file("keys").display());
    for verb in [&["status"][..], &["master-key", "check", "--quick"], &["rotate-master-key", "--yes"]] {
        with_command(&room, verb, &shell(&script)).ends(0);
        assert_eq!(fs::read_to_string(&runs).expect("it ran"), "x\n", "{verb:?}");
        fs::remove_file(&runs).expect("removed");
    }
}

#[test]
fn a_command_that_writes_slowly_is_read_to_its_end() {
    let keys = crate::support::Keys::generate(2);
    let (one, two) = (keys.variable([1]), keys.variable([2]));
    let command =
        KeyCommand::new("sh", ["-c", &format!("printf %s, '{one}'; sleep 0.3; echo '{two}'; exec >&-; sleep 0.2")]);
    let read = command.read().expect("read").expect("there");
    assert_eq!(read.versions().count(), 2);
}

#[test]
fn a_command_gets_no_key_and_little_else_in_its_environment_and_nothing_to_read() {
    let room = Room::with(1);
    private(&room.file("keys"), &variable(&room, &[1]));
    let seen = room.file("seen");
    let script =
        format!("env >'{}'; test -z \"$(cat)\" || exit 9; cat '{}'", seen.display(), room.file("keys").display());
    let run = with_command(&room, &["list"], &shell(&script)).stdin("canary-input");
    let run = run.env("STRONGROOM_MASTER_KEYS", &variable(&room, &[2])).env("STRONGROOM_ACTOR", "canary-actor");
    let run = run.env("STRONGROOM_VERIFIER_KEYS", "canary-verifier").env("HOME", "/home/of/somebody");
    run.env("LD_PRELOAD", "").env("CANARY", "canary").env("CREDENTIALS_DIRECTORY", "/nonexistent").ends(0);
    let seen = fs::read_to_string(seen).expect("written");
    let names: Vec<_> = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"HOME") && names.contains(&"CREDENTIALS_DIRECTORY"), "{names:?}");
    // The shell adds some of its own.
    let allowed = ["PATH", "HOME", "CREDENTIALS_DIRECTORY", "PWD", "SHLVL", "_", "OLDPWD"];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    assert!(!seen.contains("canary") && !seen.contains(&key(&room, 2)), "{seen}");
}

#[test]
fn all_sources_are_taken_together_and_a_version_in_two_names_both() {
    let room = Room::with(1);
    let (file, credentials) = (room.file("keys"), room.file("credentials"));
    private(&file, &variable(&room, &[2]));
    fs::create_dir(&credentials).expect("folder");
    let all = |arguments: &[&str]| {
        let run = without(&room, arguments).env("STRONGROOM_MASTER_KEYS", &variable(&room, &[1]));
        let run = run.env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string());
        run.env("CREDENTIALS_DIRECTORY", &credentials.display().to_string())
    };
    // A service has credentials of others as well.
    assert_eq!(configured(&all(&["status", "--json"]).ends(0)), [1, 2]);
    assert!(all(&["status"]).ends(0).out.contains("configured, not used yet"));
    private(&credentials.join("strongroom.master-keys"), &variable(&room, &[3]));
    assert_eq!(configured(&all(&["status", "--json"]).ends(0)), [1, 2, 3]);
    let command = shell(&format!("echo 2:{}", key(&room, 3)));
    let ran = all(&["status"]).env("STRONGROOM_MASTER_KEYS_COMMAND", &command).ends(12);
    ran.says("master key 2 is given twice").says(&file.display().to_string()).says("the output of the command sh");
    private(&file, &format!("4:{}", key(&room, 3)));
    let ran = all(&["status"]).ends(12).says("master keys 4 and 3 are the same key");
    ran.says(&file.display().to_string()).says("strongroom.master-keys");
    private(&credentials.join("strongroom.master-keys"), "nonsense and more");
    all(&["status"]).ends(12).says("the systemd credential").says("VERSION:KEY");
}

#[test]
fn a_key_file_that_others_can_exchange_is_refused_wherever_on_the_way_it_is() {
    let room = Room::with(1);
    let (outer, inner) = (room.file("outer"), room.file("outer/inner"));
    fs::create_dir_all(&inner).expect("folders");
    let file = inner.join("keys");
    private(&file, &variable(&room, &[1]));
    let unsafe_at = |place: &Path, given: &Path| {
        let ran = with_file(&room, &["list"], given).ends(15).says(&format!("chmod go-w {}", place.display()));
        assert_eq!(ran.out, "");
    };
    for bad in [0o620, 0o602, 0o666] {
        mode(&file, bad);
        unsafe_at(&file, &file);
    }
    mode(&file, 0o600);
    for folder in [&inner, &outer] {
        for bad in [0o770, 0o707, 0o777] {
            mode(folder, bad);
            unsafe_at(folder, &file);
        }
        mode(folder, 0o700);
    }
    // Nor behind a link, of the file or of a folder.
    let elsewhere = tempfile::tempdir().expect("folder");
    let (link, linked_folder) = (elsewhere.path().join("keys"), elsewhere.path().join("folder"));
    symlink(&file, &link).expect("linked");
    symlink(&inner, &linked_folder).expect("linked");
    mode(&outer, 0o777);
    unsafe_at(&outer, &link);
    unsafe_at(&outer, &linked_folder.join("keys"));
    unsafe_at(&outer, &linked_folder.join("../inner/keys"));
    mode(&outer, 0o700);
    with_file(&room, &["list"], &linked_folder.join("../inner/keys")).ends(0);
    mode(elsewhere.path(), 0o777);
    unsafe_at(elsewhere.path(), &link);
    // In a sticky folder nobody exchanges what belongs to another.
    mode(elsewhere.path(), 0o1777);
    with_file(&room, &["list"], &linked_folder.join("keys")).ends(0);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::lchown(&link, Some(NOBODY), None).expect("given away");
        with_file(&room, &["list"], &link).ends(15).says("belongs to another user").says("find out who made");
    }
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_a_link_is_told_once_and_listed() {
    let room = Room::with(1);
    // A vault without a backup is told as well.
    room.run(&["backup", &room.file("b").display().to_string()]).ends(0);
    let safe = tempfile::tempdir().expect("folder");
    let file = safe.path().join("keys");
    private(&file, &variable(&room, &[1]));
    let quiet = |given: &Path| assert_eq!(with_file(&room, &["list"], given).ends(0).err, "");
    let told = |given: &Path, id: &str, what: &str| {
        let ran = with_file(&room, &["list"], given).ends(0).says(what);
        assert_eq!(ran.err.matches("warning: ").count(), 1, "{}", ran.err);
        let told: Vec<_> =
            with_file(&room, &["list", "--json"], given).ends(0).err.lines().map(str::to_owned).collect();
        let [warning] = &told[..] else { panic!("{told:?}") };
        let warning: serde_json::Value = serde_json::from_str(warning).expect("JSON");
        assert_eq!((&warning["schema"], &warning["id"]), (&"strongroom.warning.v1".into(), &id.into()));
        assert!(warning["what"].as_str().is_some_and(|told| told.contains(what)) && warning["remedy"].is_string());
        let found = |arguments: &[&str], list: &str| {
            let document = with_file(&room, arguments, given).ends(3).json();
            assert_eq!((&document[list][0]["id"], &document[list][0]["severity"]), (&id.into(), &"warning".into()));
            assert!(document[list][1].is_null() && !document.to_string().contains(&key(&room, 1)));
            document
        };
        assert_eq!(found(&["doctor", "--json"], "symptoms")["healthy"], false);
        assert_eq!(found(&["master-key", "check", "--quick", "--json"], "sources")["good"], false);
        let listed = with_file(&room, &["master-key", "check", "--quick"], given).ends(3);
        assert!(listed.out.contains(&format!("warning {id}: ")) && listed.err.is_empty(), "{}", listed.out);
    };
    quiet(&file);
    mode(&file, 0o640);
    told(&file, "key-file-readable", "can be read by its group");
    mode(&file, 0o644);
    told(&file, "key-file-readable", "can be read by every user");
    mode(&file, 0o600);
    let other = tempfile::tempdir().expect("folder");
    let link = other.path().join("link");
    symlink(&file, &link).expect("linked");
    told(&link, "key-file-link", "is a symbolic link to");
    // As Kubernetes lays out a secret.
    let data = safe.path().join("..2026_11_24");
    fs::create_dir(&data).expect("folder");
    private(&data.join("mounted"), &variable(&room, &[1]));
    symlink("..2026_11_24", safe.path().join("..data")).expect("linked");
    symlink("..data/mounted", safe.path().join("mounted")).expect("linked");
    quiet(&safe.path().join("mounted"));
    let spaced = safe.path().join("all my keys");
    private(&spaced, &variable(&room, &[1]));
    mode(&spaced, 0o644);
    told(&spaced, "key-file-readable", "can be read by every user");
    let remedy = format!("chmod 600 '{}'", fs::canonicalize(&spaced).expect("a path").display());
    with_file(&room, &["list"], &spaced).ends(0).says(&remedy);
    let beside = room.file("keys");
    private(&beside, &variable(&room, &[1]));
    told(&beside, "key-file-beside-store", "lies beside the store");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&file, Some(NOBODY), None).expect("given away");
        told(&file, "key-file-owner", &format!("belongs to the user with id {NOBODY}"));
    }
}

#[test]
fn what_is_no_readable_file_is_refused_at_once() {
    let room = Room::with(1);
    let fifo = room.file("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    let dangling = room.file("dangling");
    symlink("nowhere", &dangling).expect("linked");
    let looping = room.file("looping");
    symlink("looping", &looping).expect("linked");
    let long = room.file("long");
    private(&long, &"x".repeat(64 * 1024 + 1));
    let binary = room.file("binary");
    fs::write(&binary, [b'1', b':', 0xff]).expect("written");
    mode(&binary, 0o600);
    let cases = [
        (fifo.as_path(), "is not a regular file"),
        (room.folder.path(), "is not a regular file"),
        (Path::new("/dev/null"), "is not a regular file"),
        (dangling.as_path(), "No such file"),
        (looping.as_path(), "too many symbolic links"),
        (Path::new("/nonexistent/keys"), "No such file"),
        (Path::new("/etc/hostname/keys"), "ot a directory"),
        (long.as_path(), "longer than 64 KiB"),
        (binary.as_path(), "is not text"),
    ];
    for (path, cause) in cases {
        with_file(&room, &["list"], path).ends(12).says(cause).says(&path.display().to_string()).says("hint: ");
    }
}

#[test]
fn core_dumps_are_off_unless_allowed() {
    // As somebody else than root: what belongs to root then is out of reach.
    let room = Room::empty();
    let program = room.file("strongroom");
    fs::copy(program_path(), &program).expect("copied");
    mode(&program, 0o755);
    mode(room.folder.path(), 0o755);
    let root = rustix::process::geteuid().is_root();
    let core_limit = |pid: u32| {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit").to_owned();
        let mut words = line.split_whitespace().skip(4).map(ToOwned::to_owned);
        (words.next().expect("soft"), words.next().expect("hard"))
    };
    let before = core_limit(std::process::id());
    for (arguments, allowed) in [
        (&["master-key", "check", "-", "--quick"][..], false),
        (&["master-key", "check", "-", "--quick", "--allow-core-dumps"][..], true),
    ] {
        let mut command = Command::new(&program);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut run = Run::through(command, arguments);
        let child = run.spawn();
        let environment = PathBuf::from(format!("/proc/{}/environ", child.id()));
        let owned_by_root = || std::os::unix::fs::MetadataExt::uid(&fs::metadata(&environment).expect("there")) == 0;
        let expected = if allowed { (before.1.clone(), before.1.clone()) } else { ("0".to_owned(), "0".to_owned()) };
        let until = Instant::now() + Duration::from_secs(10);
        while core_limit(child.id()) != expected || owned_by_root() == allowed {
            assert!(Instant::now() < until, "{allowed}: {:?} {}", core_limit(child.id()), owned_by_root());
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut child = child;
        drop(child.stdin.take());
        assert_eq!(Ran::of(child, "master-key check").code, Some(3));
    }
}

#[test]
fn no_source_lets_a_key_slip_out() {
    let room = Room::empty();
    let (file, key) = (room.file("keys"), key(&room, 1));
    let lists = [
        format!("1:{key} 1:{key}"),
        format!("1:{key} 2:{key}"),
        format!("1:{key}x"),
        format!("1;{key}"),
        format!("{key} {key}"),
        format!("{{\"1\": \"{key}\", \"1\": \"{key}\"}}"),
        format!("{{\"{key}\": 1}}"),
        format!("{{\"1\": [\"{key}\"]}}"),
        format!("{{\"1\": \"\\u0041{key}\"}}"),
        format!("[\"{key}\"]"),
        format!("'1:{key}"),
    ];
    for list in &lists {
        private(&file, list);
        let runs = [
            without(&room, &["list", "--log", "trace"]).env("STRONGROOM_MASTER_KEYS", list),
            with_file(&room, &["list", "--log", "trace"], &file),
            with_command(&room, &["list", "--log", "trace"], &format!("cat '{}'", file.display())),
            with_command(
                &room,
                &["list", "--log", "trace"],
                &shell(&format!("cat '{0}' >&2; cat '{0}'", file.display())),
            ),
            with_command(
                &room,
                &["list", "--log", "trace", "--json"],
                &shell(&format!("cat '{0}' >&2; exit 1", file.display())),
            ),
            // The key by mistake where the command belongs, and where the file belongs it is a name.
            with_command(&room, &["list"], &format!("echo '{}", list.replace('\'', ""))),
        ];
        for run in runs {
            let ran = run.ends(12);
            assert!(!ran.err.contains(&key[..20]) && ran.out.is_empty(), "{list}: {}", ran.err);
        }
    }
}

#[test]
fn a_key_in_the_place_of_its_source_is_not_shown_and_led_to_where_it_belongs() {
    let room = Room::with(1);
    let key = key(&room, 1);
    let standard = key.replace('-', "+").replace('_', "/");
    for name in [format!("1:{key}"), key.clone(), key[..42].to_owned(), format!("1:{standard}")] {
        let runs = [
            with_command(&room, &["list", "--log", "trace"], &name),
            with_command(&room, &["list", "--json"], &format!("[\"{name}\"]")),
            without(&room, &["list"]).env("STRONGROOM_MASTER_KEYS_FILE", &name),
            without(&room, &["list", "--json"]).env("STRONGROOM_MASTER_KEYS_FILE", &name),
            without(&room, &["list"]).env("STRONGROOM_VERIFIER_KEYS_FILE", &name),
        ];
        for run in runs {
            let ran = run.ends(12).says("[redacted]").says("a key itself goes into STRONGROOM_MASTER_KEYS");
            let shown = [&key[..10], &key[30..40], &standard[..10], &standard[30..40]];
            assert!(!shown.iter().any(|part| ran.err.contains(part)) && ran.out.is_empty(), "{}", ran.err);
        }
    }
    let debug = format!("{:?} {:?}", KeyCommand::new(&key, [""; 0]), strongroom::master::KeyFile::new(&key));
    assert!(!debug.contains(&key), "{debug}");
}

/// The program on the vault, with no key in its environment.
fn without(room: &Room, arguments: &[&str]) -> Run {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
    room.run(arguments).unset("STRONGROOM_MASTER_KEYS").env("PATH", &path)
}

fn with_command(room: &Room, arguments: &[&str], line: &str) -> Run {
    without(room, arguments).env("STRONGROOM_MASTER_KEYS_COMMAND", line)
}

fn with_file(room: &Room, arguments: &[&str], path: &Path) -> Run {
    without(room, arguments).env("STRONGROOM_MASTER_KEYS_FILE", &path.display().to_string())
}

/// A command line that lets a shell run a script.
fn shell(script: &str) -> String {
    serde_json::to_string(&["sh", "-c", script]).expect("JSON")
}

fn json(room: &Room) -> String {
    format!("{{ \"1\": \"{}\" }}\n", key(room, 1))
}

fn variable(room: &Room, versions: &[u32]) -> String {
    room.keys.variable(versions.iter().copied())
}

fn key(room: &Room, version: u32) -> String {
    variable(room, &[version]).split_once(':').expect("an entry").1.to_owned()
}

fn configured(ran: &Ran) -> Vec<u64> {
    let status = ran.json();
    let listed = status["configured"].as_array().expect("a list").iter();
    listed.map(|key| key["version"].as_u64().expect("a number")).collect()
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    mode(path, 0o600);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

/// The process ends soon, or is a zombie that nobody has fetched yet.
fn assert_ends(pid: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    let lives = || {
        let mut stat = String::new();
        let read = fs::File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut stat));
        read.is_ok() && !stat.contains(") Z ")
    };
    while lives() {
        assert!(Instant::now() < until, "process {pid} is left running");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn keys_of_a_source_are_those_of_the_list() {
    let room = Room::empty();
    let file = room.file("keys");
    private(&file, &variable(&room, &[1, 3]));
    let read = MasterKeys::from_file(&file).expect("read");
    assert_eq!(read.to_string(), room.keys.only([1, 3]).to_string());
    assert_eq!(read.origin(version(3)).map(ToString::to_string), Some(format!("the key file {}", file.display())));
    assert!(read.concerns(None).is_empty());
    assert_eq!(read.concerns(Some(&room.path())).len(), 1, "both in one folder");
    let command = KeyCommand::new("sh", ["-c", "canary"]).env("CANARY", "canary");
    assert_eq!(format!("{command:?}"), "KeyCommand(sh)", "arguments may be secret");
}

const NOBODY: u32 = 65534;
