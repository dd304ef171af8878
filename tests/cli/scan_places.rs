//! Claims about where `scan` looks and what it tells, made by running it.
#![allow(clippy::print_stderr, reason = "a test says what it skips")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::ground::{Ground, gzip, locations, paths, told};
use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[test]
fn a_key_in_a_tree_is_found_and_named_and_never_shown() {
    let ground = Ground::new();
    ground.write("src/settings.py", format!("import os\n{}", ground.line(1)));
    ground.write("clean.txt", "nothing here\n");
    let ran = ground.scan(&[]).ends(3).says("strongroom master-key generate");
    assert!(ran.out.contains("src/settings.py:2:") && ran.out.contains("1 finding in 2 files"), "{}", ran.out);
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(3));
    let finding = &found[0];
    assert_eq!((&finding["line"], &finding["mode"], &finding["version"]), (&2.into(), &"exact".into(), &1.into()));
    assert_eq!((found.len(), missed.len()), (1, 0));
    assert_eq!((&summary["complete"], &summary["found"], &summary["files"]), (&true.into(), &1.into(), &2.into()));
    fs::remove_file(ground.tree.join("src/settings.py")).expect("removed");
    let ran = ground.scan(&[]).ends(0);
    assert!(ran.out.contains("nothing found in 1 file") && ran.err.is_empty(), "{}{}", ran.out, ran.err);
}

#[test]
fn hidden_and_ignored_files_are_scanned_unless_asked_otherwise() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write(".gitignore", ".env\nbuild/\nprod.env\n");
    for name in [".env", "build/out.txt", "build/prod.env", ".hidden/x", "fixtures/key", ".git/private"] {
        ground.write(name, ground.line(1));
    }
    ground.write(".strongroomignore", "fixtures/\n");
    let found = |arguments: &[&str]| paths(&told(&ground.scan(&[&["--json"], arguments].concat()).ends(3)).0);
    assert_eq!(found(&[]), [".env", ".hidden/x", "build/out.txt", "build/prod.env"]);
    assert_eq!(found(&["--respect-ignore"]), [".hidden/x"]);
    assert_eq!(found(&["--respect-ignore", "--env-files"]), [".env", ".hidden/x", "build/prod.env"]);
    assert_eq!(found(&["--no-ignore"]), [".env", ".hidden/x", "build/out.txt", "build/prod.env", "fixtures/key"]);
    assert_eq!(found(&[".git/private"]), [".git/private"], "named by hand");
    assert_eq!(found(&["fixtures/key"]), ["fixtures/key"], "named by hand");
}

#[test]
fn links_are_not_followed_unless_named_and_circles_are_told() {
    let ground = Ground::new();
    let outside = ground.room.file("outside");
    fs::create_dir(&outside).expect("folder");
    fs::write(outside.join("secret"), ground.line(1)).expect("written");
    symlink(&outside, ground.tree.join("out")).expect("link");
    symlink("nowhere", ground.tree.join("dangling")).expect("link");
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(0));
    assert_eq!((found.len(), missed.len(), &summary["links"]), (0, 0, &2.into()));
    assert_eq!(told(&ground.scan(&["--json", "out"]).ends(3)).0.len(), 1);

    symlink("two", ground.tree.join("one")).expect("link");
    symlink("one", ground.tree.join("two")).expect("link");
    fs::create_dir(ground.tree.join("deep")).expect("folder");
    symlink("..", ground.tree.join("deep/up")).expect("link");
    ground.write("deep/key", ground.line(1));
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&found), ["deep/key"]);
    assert_eq!(paths(&missed), ["deep/up", "one", "two"]);
    assert_eq!((&summary["complete"], &summary["missed"]), (&false.into(), &3.into()));
    fs::remove_file(ground.tree.join("deep/key")).expect("removed");
    let ran = ground.scan(&[]).ends(14);
    assert!(ran.out.contains("INCOMPLETE: 3 not read") && ran.out.contains("leads in circles"), "{}", ran.out);
}

#[test]
fn pipes_sockets_and_devices_are_counted_and_never_block() {
    let ground = Ground::new();
    let made = Command::new("mkfifo").arg(ground.tree.join("pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    let _socket = UnixListener::bind(ground.tree.join("socket")).expect("bound");
    ground.write("key", ground.line(1));
    let (found, _, summary) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!((paths(&found), &summary["special"]), (vec!["key".to_owned()], &2.into()));
    let (_, missed, _) = told(&ground.scan(&["--json", "pipe", "/dev/zero"]).ends(14));
    assert_eq!(missed.len(), 2);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_scanned() {
    let ground = Ground::new();
    ground.write("a/key", ground.line(1));
    let (found, missed, _) = told(&ground.scan(&["--json", "absent", "a"]).ends(3));
    assert_eq!((found.len(), paths(&missed)), (1, vec!["absent".to_owned()]));
    assert!(text(&missed[0]["why"]).contains("No such file"));
    ground.scan(&["absent"]).ends(14);

    ground.write("b/closed", "x");
    ground.write("c/closed/inside", "x");
    for closed in ["b/closed", "c/closed"] {
        fs::set_permissions(ground.tree.join(closed), fs::Permissions::from_mode(0o000)).expect("closed");
    }
    // Root may read everything: then there is nothing to be refused.
    let refused = fs::File::open(ground.tree.join("b/closed")).is_err();
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&found), ["a/key"]);
    if refused {
        assert_eq!(paths(&missed), ["b/closed", "c/closed"]);
        assert_eq!(summary["complete"], false);
    }
    fs::set_permissions(ground.tree.join("c/closed"), fs::Permissions::from_mode(0o700)).expect("opened");
}

/// The system refuses what it is told to refuse, root or not.
#[test]
fn every_read_that_the_system_refuses_is_missed_and_makes_exit_14() {
    if Command::new("strace").arg("-V").output().is_err() {
        return crate::support::skipped("strace was not found (on Debian: apt-get install strace)");
    }
    let ground = Ground::new();
    for n in 0..5 {
        ground.write(format!("folder/file-{n}"), "plain text\n");
    }
    for injected in ["openat:error=EACCES", "getdents64:error=EIO", "read:error=EIO"] {
        let call = injected.split(':').next().expect("a call");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-P", &ground.tree.join("folder/file-3").display().to_string()]);
        if call == "getdents64" {
            strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-P", &ground.tree.join("folder").display().to_string()]);
        }
        strace.args(["-e", &format!("trace={call}"), "-e", &format!("inject={injected}"), program_path()]);
        let folder = ground.tree.join("folder").display().to_string();
        let run = Run::through(strace, &["scan", "--json", &folder])
            .env("STRONGROOM_MASTER_KEYS", &ground.room.keys.variable([1]));
        let (_, missed, summary) = told(&run.ends(14));
        assert_eq!((missed.len(), &summary["complete"]), (1, &false.into()), "{injected}: {missed:?}");
    }
}

#[test]
fn gzip_is_unpacked_in_layers_and_what_is_wrong_with_it_is_told() {
    let ground = Ground::new();
    let line = ground.line(1);
    ground.write("log.gz", gzip(line.as_bytes()));
    ground.write("twice", gzip(&gzip(line.as_bytes())));
    let long = [vec![b'x'; 3 << 20], b"\n".to_vec(), line.clone().into_bytes()].concat();
    ground.write("long.gz", gzip(&long));
    let two = [gzip(b"first member\n"), gzip(line.as_bytes())].concat();
    ground.write("members.gz", &two);
    ground.write("trailing.gz", [gzip(b"text\n"), line.clone().into_bytes()].concat());
    let (found, missed, _) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&found), ["log.gz", "long.gz", "members.gz", "trailing.gz", "twice"]);
    assert_eq!(missed.len(), 0, "{missed:?}");
    let layers = |name: &str| {
        let found = found.iter().filter(|found| found["path"] == name);
        found.map(|found| found["inside"].as_array().expect("a list").len()).max()
    };
    assert_eq!((layers("log.gz"), layers("twice"), layers("trailing.gz")), (Some(1), Some(2), Some(0)));

    let ground = Ground::new();
    // Random enough that a part of it is a part.
    let noise: Vec<u8> = (0..200_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()[5]).collect();
    let content = [ground.line(1).as_bytes(), &noise].concat();
    let packed = gzip(&content);
    ground.write("cut.gz", &packed[..packed.len() / 2]);
    let mut bent = packed.clone();
    let middle = bent.len() / 2;
    bent[middle..middle + 64].fill(0);
    ground.write("bent.gz", bent);
    ground.write("false.gz", [&[0x1f, 0x8b, 8, 0][..], ground.line(1).as_bytes()].concat());
    let deep = (0..4).fold(b"text".to_vec(), |inner, _| gzip(&inner));
    ground.write("deep.gz", deep);
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&missed), ["bent.gz", "cut.gz", "deep.gz", "false.gz"]);
    assert!(paths(&found).contains(&"false.gz".to_owned()), "scanned as it is");
    assert_eq!(summary["complete"], false);
}

#[test]
fn a_gzip_bomb_is_cut_off_and_told() {
    let ground = Ground::new();
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1100 {
        encoder.write_all(&zeros).expect("memory");
    }
    ground.write("bomb.gz", encoder.finish().expect("memory"));
    let (_, missed, _) = told(&ground.scan(&["--json"]).ends(14));
    assert!(text(&missed[0]["why"]).contains("more than 1 GiB"), "{missed:?}");
}

#[test]
fn huge_lines_binary_files_and_many_files_are_nothing_special() {
    let ground = Ground::new();
    let mut file = fs::File::create(ground.tree.join("one-line")).expect("created");
    let piece = vec![b'a'; 1 << 20];
    (0..100).for_each(|_| file.write_all(&piece).expect("written"));
    file.write_all(ground.line(1).as_bytes()).expect("written");
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    ground.write("binary", [&binary, ground.line(1).as_bytes(), &binary].concat());
    for n in 0..10_000 {
        ground.write(format!("many/{}/{n}", n % 50), "plain\n");
    }
    let (found, missed, summary) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&found), ["binary", "one-line"]);
    assert_eq!((missed.len(), &summary["files"]), (0, &10_002.into()));
}

#[test]
fn a_file_that_changes_or_goes_while_it_is_read_ends_nothing() {
    let ground = Ground::new();
    for n in 0..200 {
        ground.write(format!("file-{n}"), vec![b'x'; 50_000]);
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for n in 0..200 {
                    let path = ground.tree.join(format!("file-{n}"));
                    if n % 2 == 0 {
                        let _ = fs::write(&path, vec![b'y'; n * 100]);
                    } else {
                        let _ = fs::remove_file(&path);
                        let _ = fs::write(&path, "z");
                    }
                }
            }
        });
        for _ in 0..20 {
            let ran = ground.scan(&["--json"]).go();
            assert!(matches!(ran.code, Some(0 | 14)), "{:?}: {}", ran.code, ran.err);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn names_that_hold_keys_or_are_no_text_are_shown_safely() {
    let ground = Ground::new();
    let key = ground.key(1);
    ground.write(format!("backup/{key}/notes.txt"), ground.line(1));
    ground.write("new\nline\u{1b}[31m\u{202e}", ground.line(1));
    let not_text = std::ffi::OsStr::from_bytes(b"caf\xe9 100%");
    fs::write(ground.tree.join(not_text), ground.line(1)).expect("written");
    for arguments in [&[][..], &["--json"], &["--sarif"]] {
        let ran = ground.scan(arguments).ends(3);
        assert!(!ran.out.contains(&key[..8]) && !ran.err.contains(&key[..8]), "{}", ran.out);
        let control = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
        assert!(!control(&ran.out) && !ran.out.contains('\u{202e}'), "{arguments:?}");
    }
    let (found, ..) = told(&ground.scan(&["--json"]).ends(3));
    assert!(paths(&found).contains(&"backup/[REDACTED]/notes.txt".to_owned()), "{:?}", paths(&found));
    assert!(found.iter().any(|found| found["inside"] == serde_json::json!(["name"])));
    assert!(found.iter().any(|found| found["uri"] == "caf%E9%20100%25"));
    let absent = format!("absent/{key}");
    let ran = ground.scan(&[&absent]).ends(14);
    assert!(!ran.out.contains(&key[..8]) && !ran.err.contains(&key[..8]), "{}", ran.out);
}

#[test]
fn standard_input_is_scanned_as_a_stream() {
    let ground = Ground::new();
    ground.scan(&["-"]).stdin("nothing\n").ends(0);
    let (found, ..) = told(&ground.scan(&["--json", "-"]).stdin(format!("\n\n{}", ground.line(1))).ends(3));
    assert_eq!((&found[0]["place"], &found[0]["line"]), (&"input".into(), &3.into()));
    let long = [vec![b'x'; 5 << 20], b"\n".to_vec(), ground.line(1).into_bytes()].concat();
    ground.scan(&["-"]).stdin(long).ends(3);
}

#[test]
fn fingerprints_of_a_vault_or_a_file_are_enough() {
    let room = Room::with(1);
    let mut ground = Ground::new();
    ground.room = room;
    ground.tree = ground.room.file("tree");
    fs::create_dir(&ground.tree).expect("folder");
    ground.room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    // The retired key and the active one, and nobody has either.
    ground.write("old.py", ground.line(1));
    ground.write("new.py", ground.line(2));
    ground.write("other.py", ground.line(3));
    let store = format!("sqlite:{}", ground.room.path().display());
    let (found, _, summary) =
        told(&ground.scan_without_keys(&["--json", "--store", &store, "--mode", "fingerprint"]).ends(3));
    assert_eq!(paths(&found), ["new.py", "old.py"]);
    assert_eq!(found[1]["version"], 1);
    let mode = &summary["modes"][0];
    assert_eq!((&mode["mode"], &mode["source"]), (&"fingerprint".into(), &"vault".into()));
    assert_eq!(mode["keys"].as_array().map(Vec::len), Some(2));

    let status = ground.room.run_with([2], &["status", "--json"]).ends(0).out;
    ground.write("prints.json", &status);
    let (found, _, summary) =
        told(&ground.scan_without_keys(&["--json", "--fingerprints", "prints.json", "--mode", "fingerprint"]).ends(3));
    assert_eq!(
        (paths(&found), &summary["modes"][0]["source"]),
        (vec!["new.py".into(), "old.py".into()], &"file".into())
    );
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let print = text(&status["master_keys"][0]["fingerprint"]);
    ground.write("prints.txt", format!("# of the vault\n\n1:{print} # retired\n"));
    let (found, ..) =
        told(&ground.scan_without_keys(&["--json", "--fingerprints", "prints.txt", "--mode", "fingerprint"]).ends(3));
    assert_eq!(paths(&found), ["old.py"]);

    let with_both = ground.scan_with([3], &["--json", "--store", &store]).ends(3);
    assert_eq!(paths(&told(&with_both).0), ["new.py", "old.py", "other.py"]);
    let exact_alone = ground.scan_with([3], &["--json", "--store", &store, "--mode", "exact"]).ends(3);
    assert_eq!(paths(&told(&exact_alone).0), ["other.py"]);
}

#[test]
fn a_scan_that_would_look_for_less_than_was_asked_does_not_begin() {
    let ground = Ground::new();
    ground.scan_without_keys(&["--mode", "exact"]).ends(12).says("master-key generate");
    ground.scan_without_keys(&["--mode", "fingerprint"]).ends(10).says("--store");
    ground.scan_without_keys(&["--store", "sqlite:absent.db"]).ends(10);
    ground.scan_without_keys(&["--fingerprints", "absent"]).ends(2).says("status --json");
    ground.write("prints", "not a fingerprint\n");
    ground.scan_without_keys(&["--fingerprints", "prints"]).ends(2).says("VERSION:FINGERPRINT");
    ground.scan_without_keys(&[]).env("STRONGROOM_MASTER_KEYS", "1:weak").ends(12);
    ground.scan_without_keys(&["--mode", "telepathy"]).ends(2);
    ground.scan_without_keys(&["--sarif", "--json"]).ends(2);
    let (_, _, summary) = told(&ground.scan_without_keys(&["--json"]).go());
    assert_eq!(summary["modes"][0]["mode"], "generic", "with nothing at hand");
    let (_, _, summary) = told(&ground.scan(&["--json"]).go());
    assert_eq!(summary["modes"].as_array().map(Vec::len), Some(2));
    assert_eq!(summary["left_out"].as_array().map(Vec::len), Some(1));
    let ran = ground.scan(&["--mode", "exact"]).ends(0);
    assert!(ran.out.contains("not looked for generic: it was not among the modes"), "{}", ran.out);
}

#[test]
fn a_configured_key_does_not_hide_those_that_are_hardcoded() {
    let ground = Ground::new();
    for n in 2..7 {
        ground.write(format!("app-{n}/settings.py"), ground.line(2 + n % 2));
    }
    let (found, ..) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(paths(&found).len(), 5, "{found:?}");
    let room = Room::with(1);
    let store = format!("sqlite:{}", room.path().display());
    let (found, _, summary) = told(&ground.scan(&["--json", "--store", &store]).ends(3));
    assert_eq!((paths(&found).len(), summary["modes"].as_array().map(Vec::len)), (5, Some(3)));
    let (found, ..) = told(&ground.scan_without_keys(&["--json", "--store", &store]).ends(3));
    assert_eq!(paths(&found).len(), 5, "with fingerprints alone");
    // A key that is configured is one finding and not two.
    let (found, ..) = told(&ground.scan_with([2], &["--json", "app-2"]).ends(3));
    assert_eq!((found.len(), &found[0]["mode"]), (1, &"exact".into()));
}

#[test]
fn other_places_are_scanned_when_asked() {
    let ground = Ground::new();
    let home = ground.room.file("home");
    fs::create_dir_all(home.join(".local/share/fish")).expect("folder");
    fs::create_dir_all(home.join(".config/systemd/user/app.service.d")).expect("folder");
    fs::write(home.join(".bash_history"), format!("ls\nexport K={}\n", ground.key(1))).expect("written");
    fs::write(home.join(".local/share/fish/fish_history"), format!("- cmd: x {}\n", ground.key(1))).expect("written");
    fs::write(home.join(".config/systemd/user/app.service.d/key.conf"), ground.line(1)).expect("written");
    fs::write(home.join("elsewhere"), ground.line(1)).expect("written");
    ground.write("in-the-tree", ground.line(1));
    let home_text = home.display().to_string();
    let scan = |arguments: &[&str]| {
        let ran = ground.scan(&[&["--json"], arguments].concat()).env("HOME", &home_text).go();
        (told(&ran).0, ran.code)
    };
    let (found, _) = scan(&["--shell-history"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|found| found["place"] == "shell-history"), "and not the tree");
    let histfile = home.join("elsewhere").display().to_string();
    let ran = ground.scan(&["--json", "--shell-history"]).env("HISTFILE", &histfile).go();
    assert_eq!(paths(&told(&ran).0), [histfile]);
    let (found, _) = scan(&["--units"]);
    assert!(paths(&found).iter().any(|path| path.ends_with("app.service.d/key.conf")), "{found:?}");
    let (found, code) = scan(&["--executable"]);
    assert_eq!((found.len(), code), (0, Some(0)));
    let (found, _) = scan(&["--units", "."]);
    assert!(paths(&found).contains(&"in-the-tree".to_owned()));
}

#[test]
fn arguments_and_environments_of_processes_are_scanned() {
    let ground = Ground::new();
    let key = ground.key(1);
    let mut sleeper = Command::new("sh");
    let sleeper =
        sleeper.args(["-c", "read line", "sh", &key]).env("OTHER_NAME", &key).env("STRONGROOM_MASTER_KEYS", &key);
    let mut child = sleeper.stdin(std::process::Stdio::piped()).spawn().expect("started");
    let ran = ground.scan(&["--json", "--processes"]).env("COPY_OF_IT", &key).go();
    drop(child.stdin.take());
    let _ = child.wait();
    let named = paths(&told(&ran).0);
    let id = format!("process {} (sh)", child.id());
    let holds = |wanted: &str| named.iter().any(|name| name.contains(wanted));
    assert!(holds(&format!("arguments of {id}")) && holds(&format!("variable OTHER_NAME of {id}")), "{named:?}");
    assert!(holds("variable COPY_OF_IT of this process"), "{named:?}");
    assert!(!holds("STRONGROOM_MASTER_KEYS"), "where keys are supposed to be: {named:?}");
    assert!(!ran.out.contains(&key[..8]));
}

#[test]
fn output_that_cannot_be_written_ends_with_74_and_a_closed_pipe_is_quiet() {
    let ground = Ground::new();
    for n in 0..2_000 {
        ground.write(format!("file-{n}"), ground.line(1));
    }
    for arguments in [&[][..], &["--json"], &["--sarif"]] {
        ground.scan(arguments).ends_writing_to(Path::new("/dev/full"), 74).says("cannot write");
    }
    let mut run = ground.scan(&["--json"]);
    let mut child = run.spawn();
    drop(child.stdout.take());
    let ran = Ran::of(child, "scan");
    assert_eq!((ran.code, ran.err.contains("error")), (Some(3), false), "{}", ran.err);
}

#[test]
fn sarif_has_what_code_scanning_services_read() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("src/a b.py", ground.line(1));
    let commit = ground.commit("first");
    ground.write("inner.gz", gzip(ground.line(1).as_bytes()));
    let log = ground.scan(&["--sarif", "--history", ".", "absent"]).ends(3).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(run["tool"]["driver"]["name"], "strongroom");
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string() && rule["help"]["markdown"].is_string());
        assert!(rule["properties"]["security-severity"].is_string());
    }
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 1, "one key: {results:#?}");
    let result = &results[0];
    let rule = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
    assert_eq!(rules[rule]["id"], result["ruleId"]);
    assert!(result["message"]["text"].is_string() && result["level"] == "error");
    assert_eq!((&result["occurrenceCount"], locations(&log).len()), (&3.into(), 3));
    for location in result["locations"].as_array().expect("locations") {
        let physical = &location["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(physical["region"]["snippet"].is_null());
    }
    assert!(locations(&log).contains(&("src/a%20b.py".to_owned(), Some(1))));
    assert!(text(&result["message"]["text"]).contains(&commit[..12]));
    assert!(result["partialFingerprints"]["strongroomSecret/v1"].is_string());
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_signal_stops_a_scan_which_tells_what_it_found_until_then() {
    let ground = Ground::new();
    ground.write("settings.py", ground.line(1));
    // Holes that are too short to be passed over, and many seconds to read.
    let long = fs::File::create(ground.tree.join("long")).expect("made");
    for island in 0..16 << 10 {
        std::os::unix::fs::FileExt::write_all_at(&long, b".", island << 20).expect("written");
    }
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = ground.scan(&["--json", "settings.py", "long"]);
        let mut child = run.spawn();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut progress = String::new();
        out.read_line(&mut progress).expect("a line");
        assert!(progress.contains("strongroom.progress"), "{progress}");
        kill_process(Pid::from_child(&child), signal).expect("sent");
        let mut said = String::new();
        out.read_to_string(&mut said).expect("the rest");
        let ran = Ran::of(child, "scan").says("\"stopped\"");
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        let (found, missed, summary) = told(&Ran { out: said, ..ran });
        assert_eq!((paths(&found), missed.len()), (vec!["settings.py".to_owned()], 0));
        assert_eq!((&summary["complete"], &summary["missed"]), (&false.into(), &0.into()));
    }
}
