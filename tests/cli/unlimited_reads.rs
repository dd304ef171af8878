//! Files that never end, that wait, and that are none: whatever a verb is told to read, it says so soon and goes on no further.

use std::fs::{self, File};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use crate::ground::{Ground, paths, told};
use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};

/// Runs the program, which ends within seconds.
fn soon(room: &Room, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut timeout = Command::new("timeout");
    timeout.args(["20", program_path()]);
    let mut run = Run::through(timeout, arguments).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1]));
    run = run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()));
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let ran = run.go();
    assert!(!matches!(ran.code, Some(0 | 124) | None), "{arguments:?} {variables:?}: {:?} {}", ran.code, ran.err);
    ran
}

/// What is no regular file, and what is one without an end.
fn oddities(room: &Room) -> [(PathBuf, &'static [&'static str]); 5] {
    const NO_FILE: &[&str] = &["not a regular file", "others can write to"];
    const LONG: &[&str] = &["longer than", "too long", "holds no age identity", "at most"];
    let (pipe, socket, hole) = (room.file("pipe"), room.file("socket"), room.file("hole"));
    if !pipe.exists() {
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        drop(UnixListener::bind(&socket).expect("bound"));
        File::create_new(&hole).and_then(|file| file.set_len(1 << 40)).expect("a hole");
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&hole, own).expect("private");
    }
    [
        (pipe, NO_FILE),
        (socket, NO_FILE),
        ("/dev/zero".into(), NO_FILE),
        (room.folder.path().into(), NO_FILE),
        (hole, LONG),
    ]
}

#[test]
fn no_verb_reads_without_end_nor_waits_for_a_pipe() {
    let room = Room::with(2);
    // The place of the file is where the X stands.
    let mut verbs: Vec<&[&str]> = vec![
        &["status", "--waivers", "X"],
        &["doctor", "--certificate", "X"],
        &["audit", "verify", "--checkpoint", "X"],
        &["audit", "prove", "--from", "X"],
        &["scan", "--fingerprints", "X", "/dev/null"],
        &["import", "X"],
        &["anchor", "accept", "--audit-log", "X", "--reason", "r", "--yes"],
    ];
    if cfg!(feature = "age") {
        verbs.push(&["import", "/dev/null", "--identity", "X"]);
        verbs.push(&["master-key", "combine", "X", "X", "--reveal"]);
        verbs.push(&["recover", "--all", "--resume", "--reason", "r", "--to", RECIPIENT, "--out", "X", "--yes"]);
    }
    let anchor = format!("file:{}", room.file("anchor").display());
    room.run(&["anchor", "init", "--reason", "r"]).env("STRONGROOM_ANCHOR", &anchor).ends(0);
    for (path, said) in oddities(&room) {
        let path = path.display().to_string();
        for verb in &verbs {
            let place = |argument: &&str| argument.replace('X', &path);
            let arguments: Vec<_> = verb.iter().map(place).collect();
            let anchored = [("STRONGROOM_ANCHOR", anchor.as_str())];
            let variables = if verb[0] == "anchor" { &anchored[..] } else { &[] };
            let ran = soon(&room, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), variables);
            let zeros = path.ends_with("hole") && ["import", "audit", "master-key", "anchor"].contains(&verb[0]);
            let heard = said.iter().any(|said| ran.err.contains(said)) || zeros;
            assert!(heard, "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains("hint: "), "{arguments:?}: {}", ran.err);
        }
        let file = format!("file:{path}");
        for (name, value) in [("STRONGROOM_MASTER_KEYS_FILE", &path), ("STRONGROOM_ANCHOR", &file)] {
            let keys = if name == "STRONGROOM_ANCHOR" { room.keys.variable([1]) } else { String::new() };
            let ran = soon(&room, &["status"], &[("STRONGROOM_MASTER_KEYS", &keys), (name, value)]);
            assert!(ran.err.contains("hint: "), "{name}={value}: {}", ran.err);
        }
    }
}

#[test]
fn what_a_shell_has_opened_is_read_as_far_as_it_may_be_long() {
    let room = Room::new();
    let shell = |script: &str| {
        let mut bash = Command::new("timeout");
        bash.args(["20", "bash", "-c", script, program_path()]);
        let run = Run::through(bash, &[]).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1]));
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display())).env("PATH", "/usr/bin:/bin").go()
    };
    let line = r#"{"token":"acme_9m83fei8pNM5igsr4MGeVKFk5wsCqbet","name":"n"}"#;
    let ran = shell(&format!("\"$0\" import <(echo '{line}')"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for endless in [
        "\"$0\" import - </dev/zero",
        "\"$0\" import <(cat /dev/zero)",
        "\"$0\" audit verify --checkpoint - </dev/zero",
        "\"$0\" scan --fingerprints <(yes)",
    ] {
        let ran = shell(endless);
        assert!(ran.code == Some(2) && ran.err.contains("longer than"), "{endless}: {:?} {}", ran.code, ran.err);
    }
}

#[test]
fn a_scan_waits_for_no_pipe_and_passes_over_holes() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("readme", "hello\n");
    ground.commit("first");
    let made = |path: &str| {
        let path = ground.tree.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    };
    let object = ".git/objects/ab/cdef0123456789abcdef0123456789abcdef01";
    for pipe in
        [object, ".git/objects/info/alternates", ".git/objects/pack/pack-1.idx", ".git/objects/pack/pack-1.pack"]
    {
        made(pipe);
    }
    File::create(ground.tree.join(".git/objects/pack/pack-2.idx"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("a hole");
    File::create(ground.tree.join(".git/objects/pack/pack-2.pack"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("a hole");
    let (_, missed, summary) = told(&ground.scan(&["--history", "--json"]).ends(14));
    assert!(missed.len() >= 4 && summary["complete"] == false, "{missed:?}");
    assert!(missed.iter().any(|missed| text(&missed["why"]).contains("not a regular file")), "{missed:?}");

    // Files that leave others out are opened by somebody else's code.
    for pipe in ["a/.strongroomignore", "b/.gitignore", "c/.ignore"] {
        made(pipe);
    }
    ground.write("a/key", ground.line(1));
    ground.write("b/key", ground.line(1));
    ground.write("c/key", ground.line(1));
    let (found, missed, _) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!(
        (paths(&found), paths(&missed)),
        (["a/key", "b/key", "c/key"].map(String::from).into(), vec!["a/.strongroomignore".into()])
    );
    let (found, missed, _) = told(&ground.scan(&["--json", "--respect-ignore"]).ends(3));
    assert_eq!((found.len(), missed.len()), (3, 3), "{missed:?}");
    made(".strongroomignore");
    let (found, missed, _) = told(&ground.scan(&["--json"]).ends(3));
    assert_eq!((found.len(), paths(&missed)), (3, vec![ground.tree.join(".strongroomignore").display().to_string()]));

    // A terabyte, with a key in the middle and one at the end.
    fs::remove_dir_all(ground.tree.join("a")).expect("removed");
    let sparse = File::create(ground.tree.join("sparse")).expect("a file");
    for at in [1_u64 << 39, 1 << 40] {
        std::os::unix::fs::FileExt::write_all_at(&sparse, format!("\n{}", ground.line(1)).as_bytes(), at)
            .expect("written");
    }
    let (found, _, _) = told(&ground.scan(&["--json", "sparse"]).ends(3));
    assert_eq!(found.len(), 2);
}

const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
