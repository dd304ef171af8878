//! Claims about shares of master keys, made by running the program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use age::secrecy::ExposeSecret;

/// A vault under master key 1, which is split into five shares of which three are enough.
struct Escrow {
    room: Room,
    shares: Vec<PathBuf>,
}

impl Escrow {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let room = Room::with(1);
        let shares = split(&room, "shares", arguments);
        Self { room, shares }
    }

    fn key(&self) -> String {
        self.room.keys.variable([1])
    }

    fn combine(files: &[&Path], more: &[&str]) -> Run {
        let files: Vec<_> = files.iter().map(|path| path.to_str().expect("text")).collect();
        Run::bare(&[&["master-key", "combine"], &files[..], more].concat())
    }

    fn picked(&self, places: &[usize]) -> Vec<&Path> {
        places.iter().map(|at| self.shares[*at].as_path()).collect()
    }
}

fn split(room: &Room, folder: &str, arguments: &[&str]) -> Vec<PathBuf> {
    let folder = room.file(folder).display().to_string();
    let base = ["master-key", "split", "--shares", "5", "--threshold", "3", "--out-dir", &folder, "--json"];
    let document = room.run(&[&base[..], arguments].concat()).ends(0).json();
    assert_eq!(document["schema"], "strongroom.key-shares.v1");
    let shares = document["shares"].as_array().expect("a list");
    shares.iter().map(|share| text(&share["path"]).into()).collect()
}

#[test]
fn all_ten_triples_give_the_key_and_every_pair_is_refused() {
    let escrow = Escrow::new();
    let mut triples = 0;
    for a in 0..5 {
        for b in a + 1..5 {
            let ran = Escrow::combine(&escrow.picked(&[a, b]), &[]).ends(12).says("3 different shares are needed");
            assert_eq!(ran.out, "");
            for c in b + 1..5 {
                let ran = Escrow::combine(&escrow.picked(&[c, b, a]), &[]).ends(0);
                assert_eq!(ran.out.trim_end(), escrow.key());
                triples += 1;
            }
        }
    }
    assert_eq!(triples, 10);
}

#[test]
fn a_changed_share_is_named_and_gives_no_key_unless_the_others_are_enough() {
    let escrow = Escrow::new();
    let whole = fs::read_to_string(&escrow.shares[0]).expect("read");
    let start = whole.find("srs1-").expect("a share");
    let bad = escrow.room.file("bad");
    for at in (start..whole.trim_end().len()).step_by(3) {
        let other = if &whole[at..=at] == "A" { "B" } else { "A" };
        let mut changed = whole.clone();
        changed.replace_range(at..=at, other);
        fs::write(&bad, changed).expect("written");
        let few = [&[bad.as_path()][..], &escrow.picked(&[1, 2])].concat();
        let ran = Escrow::combine(&few, &[]).ends(12).says(&bad.display().to_string()).says("hint: ");
        assert_eq!(ran.out, "", "character {at}");
    }
    let enough = [&[bad.as_path()][..], &escrow.picked(&[1, 2, 3])].concat();
    let ran = Escrow::combine(&enough, &[]).ends(0).says("was left out");
    assert_eq!(ran.out.trim_end(), escrow.key());
}

#[test]
fn shares_of_two_sets_repeated_ones_and_other_files_are_refused_with_the_cause() {
    let escrow = Escrow::new();
    let other = split(&escrow.room, "again", &[]);
    let mixed = [&escrow.picked(&[0, 1])[..], &[other[2].as_path()]].concat();
    let ran = Escrow::combine(&mixed, &[]).ends(12).says("not of the same set").says(&other[2].display().to_string());
    assert_eq!(ran.out, "");
    let ran =
        Escrow::combine(&escrow.picked(&[0, 1, 1]), &[]).ends(12).says("there are 2").says("repeats another share");
    assert_eq!(ran.out, "");
    let ran = Escrow::combine(&escrow.picked(&[0, 1, 1, 4]), &[]).ends(0).says("repeats another share");
    assert_eq!(ran.out.trim_end(), escrow.key());
    Escrow::combine(&[Path::new("/etc/hostname")], &[]).ends(12).says("none of the files holds a share");
    Escrow::combine(&[Path::new("/nonexistent")], &[]).ends(2).says("/nonexistent").says("hint: ");
}

#[test]
fn the_key_is_proven_by_the_vault_that_is_named() {
    let (escrow, other) = (Escrow::new(), Room::with(1));
    let at = |room: &Room| format!("sqlite:{}", room.path().display());
    let three = escrow.picked(&[0, 2, 4]);
    let ran = Escrow::combine(&three, &["--store", &at(&escrow.room), "--json"]).ends(0);
    assert_eq!(ran.json()["proven_by"], "store");
    let ran = Escrow::combine(&three, &["--store", &at(&other)]).ends(12).says("has no master key 1 with fingerprint");
    assert_eq!(ran.out, "");
    Escrow::combine(&three, &["--store", "sqlite:/nonexistent/vault.db"]).ends(10);
}

#[test]
fn a_command_takes_shares_in_the_place_of_a_key_and_never_beside_it() {
    let escrow = Escrow::new();
    let (_, token) = escrow.room.issue(&["--name", "n"]);
    let store = format!("sqlite:{}", escrow.room.path().display());
    let paths: Vec<_> = escrow.shares.iter().map(|path| path.to_str().expect("text")).collect();
    let with = |shares: &[&str]| Run::bare(&[&["verify", "--store", &store, "--shares"], shares].concat());
    with(&paths[1..4]).stdin(&token).ends(0);
    Run::bare(&["--shares", paths[0], paths[1], paths[2], "verify", "--store", &store]).stdin(&token).ends(0);
    Run::bare(&["--shares", paths[0], "--shares", paths[1], "verify", "--store", &store, "--shares", paths[4]])
        .stdin(&token)
        .ends(12);
    with(&paths[1..3]).stdin(&token).ends(12).says("3 different shares are needed");
    let beside = with(&paths[1..4]).env("STRONGROOM_MASTER_KEYS", &escrow.key()).stdin(&token);
    beside.ends(12).says("given twice").says("the shares");
    let two = with(&paths[1..4]).env("STRONGROOM_MASTER_KEYS", &escrow.room.keys.variable([2]));
    two.stdin(&token).ends(0);
    let other = Escrow::new();
    let strangers: Vec<_> = other.shares.iter().map(|path| path.to_str().expect("text")).collect();
    with(&strangers[..3]).stdin(&token).ends(12).says("should have fingerprint");
}

#[test]
fn shares_are_new_private_files_all_or_none() {
    let escrow = Escrow::new();
    for path in &escrow.shares {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let folder = escrow.shares[0].parent().expect("a folder").display().to_string();
    let again = ["master-key", "split", "--shares", "5", "--threshold", "3", "--out-dir", &folder];
    let before: Vec<_> = escrow.shares.iter().map(|path| fs::read(path).expect("read")).collect();
    escrow.room.run(&again).ends(5).says("share-1-of-5").says("new file");
    fs::remove_file(&escrow.shares[0]).expect("removed");
    escrow.room.run(&again).ends(5).says("share-2-of-5");
    assert!(!escrow.shares[0].exists());
    let after: Vec<_> = escrow.shares[1..].iter().map(|path| fs::read(path).expect("read")).collect();
    assert_eq!(before[1..], after);
    let out = escrow.room.file("key");
    let name = out.display().to_string();
    let three = escrow.picked(&[1, 2, 3]);
    Escrow::combine(&three, &["--out", &name]).ends(0);
    assert_eq!(fs::read_to_string(&out).expect("read").trim_end(), escrow.key());
    assert_eq!(fs::metadata(&out).expect("there").permissions().mode() & 0o777, 0o600);
    Escrow::combine(&three, &["--out", &name]).ends(5);
}

#[test]
fn words_on_paper_give_the_key_back() {
    let room = Room::with(0);
    let said = room.run(&["master-key", "split", "--shares", "3", "--threshold", "2", "--words"]).ends(0);
    let shares: Vec<_> = said.out.split("\n\n").filter(|share| !share.is_empty()).collect();
    assert_eq!(shares.len(), 3);
    let files: Vec<_> = (0..3).map(|at| room.file(&format!("typed-{at}"))).collect();
    for (file, share) in files.iter().zip(&shares) {
        let words: Vec<_> = share.lines().skip(1).collect();
        fs::write(file, words.join("\n")).expect("written");
    }
    let names: Vec<_> = files.iter().map(|file| file.to_str().expect("text")).collect();
    let ran = Run::bare(&["master-key", "combine", names[0], names[2]]).ends(0);
    assert_eq!(ran.out.trim_end(), room.keys.variable([1]));
    let typed = fs::read_to_string(&files[0]).expect("read");
    let ran = Run::bare(&["master-key", "combine", "-", names[1]]).stdin(typed).ends(0);
    assert_eq!(ran.out.trim_end(), room.keys.variable([1]));
    fs::write(&files[0], fs::read_to_string(&files[0]).expect("read").replacen(' ', " canary ", 1)).expect("written");
    let ran = Run::bare(&["master-key", "combine", names[0], names[1]]).ends(12).says("56 words").says(names[0]);
    assert!(!ran.err.contains("canary"));
}

#[test]
fn each_share_is_encrypted_to_one_person() {
    let room = Room::with(0);
    let people: Vec<_> = (0..5).map(|_| age::x25519::Identity::generate()).collect();
    let recipients: Vec<_> =
        people.iter().flat_map(|one| ["--recipient".into(), one.to_public().to_string()]).collect();
    let arguments: Vec<_> = recipients.iter().map(String::as_str).collect();
    let shares = split(&room, "shares", &arguments);
    let keep = |at: usize| {
        let file = room.file(&format!("identity-{at}"));
        fs::write(&file, people[at].to_string().expose_secret()).expect("written");
        file.display().to_string()
    };
    let identities: Vec<_> = (0..5).map(keep).collect();
    let names: Vec<_> = shares.iter().map(|path| path.to_str().expect("text")).collect();
    for name in &names {
        let sealed = fs::read_to_string(name).expect("text");
        assert!(sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !sealed.contains("srs1-"));
    }
    let with = |files: &[&str], keys: &[&str]| {
        let keys: Vec<_> = keys.iter().flat_map(|key| ["--identity", key]).collect();
        Run::bare(&[&["master-key", "combine"], files, &keys].concat())
    };
    let of = |places: &[usize]| places.iter().map(|at| identities[*at].as_str()).collect::<Vec<_>>();
    let ran = with(&names[..3], &of(&[0, 1, 2])).ends(0);
    assert_eq!(ran.out.trim_end(), room.keys.variable([1]));
    with(&names[..3], &[]).ends(2).says("encrypted with age").says("--identity");
    with(&names[..3], &of(&[0, 1, 3])).ends(2).says(names[2]).says("not encrypted to any of these");
    with(&names[..3], &["/nonexistent"]).ends(2).says("/nonexistent");
    with(&names[..3], &["/etc/hostname"]).ends(2).says("holds no age identity");
    let cut = room.file("cut");
    let whole = fs::read(names[0]).expect("read");
    for part in 1..16 {
        fs::write(&cut, &whole[..whole.len() * part / 16]).expect("written");
        let cut = cut.to_str().expect("text");
        let ran = with(&[cut, names[1], names[2]], &of(&[0, 1, 2])).go();
        assert!(matches!(ran.code, Some(2 | 12)) && ran.out.is_empty(), "{part}/16: {:?} {}", ran.code, ran.err);
    }
}

#[test]
fn wrong_wishes_are_refused_before_anything_is_made() {
    let room = Room::with(0);
    let folder = room.file("shares").display().to_string();
    let run = |arguments: &[&str]| room.run(&[&["master-key", "split", "--out-dir", &folder], arguments].concat());
    for (arguments, says) in [
        (&["--shares", "1", "--threshold", "1"][..], "from 2 to 255"),
        (&["--shares", "256", "--threshold", "2"], "from 2 to 255"),
        (&["--shares", "+5", "--threshold", "2"], "from 2 to 255"),
        (&["--shares", "5", "--threshold", "6"], "6 of 5 shares"),
        (&["--shares", "5", "--threshold", "1"], "at least 2"),
        (&["--shares", "5"], "--threshold"),
        (&["--shares", "2", "--threshold", "2", "--recipient", "age1canary"], "recipient 1 is no age recipient"),
    ] {
        let ran = run(arguments).ends(2).says(says);
        assert!(!ran.err.contains("canary"));
    }
    let identity = age::x25519::Identity::generate();
    let (secret, public) = (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string());
    let ran = run(&["--shares", "2", "--threshold", "2", "--recipient", &secret]).ends(2).says("age-keygen");
    assert!(!ran.err.contains(&secret[16..]));
    run(&["--shares", "2", "--threshold", "2", "--recipient", &public]).ends(2).says("2 shares and 1 recipient");
    run(&["--shares", "2", "--threshold", "2", "--version", "3"]).ends(12).says("master key 3");
    room.run(&["master-key", "split", "--shares", "2", "--threshold", "2"]).ends(2).says("--out-dir");
    assert!(!Path::new(&folder).exists());
}

#[test]
fn splitting_is_in_the_audit_log_and_needs_no_vault() {
    let escrow = Escrow::with(&["--reason", "yearly drill"]);
    let last = escrow.room.run(&["audit", "list", "--json"]).ends(0).json_lines().pop().expect("an entry");
    assert_eq!((text(&last["action"]), text(&last["reason"])), ("split".into(), "yearly drill".into()));
    assert_eq!(last["counts"], serde_json::json!({ "master_key": 1, "shares": 5, "threshold": 3 }));
    let bare = Room::empty();
    let folder = bare.file("shares").display().to_string();
    let run = Run::bare(&["master-key", "split", "--shares", "2", "--threshold", "2", "--out-dir", &folder]);
    run.env("STRONGROOM_MASTER_KEYS", &bare.keys.variable([2])).ends(0).says("no audit log");
}

#[test]
fn on_a_terminal_a_key_is_shown_only_when_asked() {
    let escrow = Escrow::new();
    let files = escrow.picked(&[0, 1, 2]).iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ");
    let run = |more: &str| -> (Option<i32>, String) {
        let line = format!("{} master-key combine {files} {more}", program_path());
        let output = Command::new("script").args(["-qec", &line, "/dev/null"]).output().expect("script of util-linux");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run("");
    assert_eq!(code, Some(17), "{said}");
    assert!(said.contains("--reveal") && !said.contains(&escrow.key()), "{said}");
    let (code, said) = run("--reveal");
    assert!(code == Some(0) && said.contains(&escrow.key()), "{code:?} {said}");
}

#[test]
fn no_share_identity_or_key_appears_where_it_should_not() {
    let escrow = Escrow::new();
    let identity = age::x25519::Identity::generate();
    let keep = escrow.room.file("identity");
    fs::write(&keep, identity.to_string().expose_secret()).expect("written");
    let bodies = |paths: &[PathBuf]| -> Vec<String> {
        let body = |path: &PathBuf| {
            let text = fs::read_to_string(path).expect("read");
            let line = text.lines().find(|line| line.starts_with("srs1-")).expect("a share");
            // What stands before is not secret: version, vault, fingerprint and set.
            line[60..].to_owned()
        };
        paths.iter().map(body).collect()
    };
    let mut secrets = bodies(&escrow.shares);
    secrets.extend([escrow.key()[2..].to_owned(), identity.to_string().expose_secret().to_owned()]);
    let names: Vec<_> = escrow.shares.iter().map(|path| path.to_str().expect("text")).collect();
    let (keep, bad) = (keep.display().to_string(), escrow.room.file("bad"));
    fs::write(&bad, fs::read_to_string(names[0]).expect("read").replace("srs1-A", "srs1-Q")).expect("written");
    let bad = bad.to_str().expect("text").to_owned();
    for (number, extra) in [&["--log", "trace"][..], &["--log", "trace", "--json"]].into_iter().enumerate() {
        let (folder, out) = (escrow.room.file(&format!("f{number}")), escrow.room.file(&format!("o{number}")));
        let (folder, out) = (folder.display().to_string(), out.display().to_string());
        let recipient = identity.to_public().to_string();
        let cases: [&[&str]; 9] = [
            &["master-key", "split", "--shares", "3", "--threshold", "2", "--out-dir", &folder],
            &["master-key", "split", "--shares", "3", "--threshold", "2", "--out-dir", &folder],
            &[
                "master-key",
                "split",
                "--shares",
                "3",
                "--threshold",
                "2",
                "--out-dir",
                &folder,
                "--recipient",
                &recipient,
            ],
            &["master-key", "combine", names[0], names[1], names[2], "--out", &out],
            &["master-key", "combine", names[0], names[1]],
            &["master-key", "combine", &bad, names[1], names[2]],
            &["master-key", "combine", names[0], &keep, names[2], "--identity", &keep],
            &["list", "--shares", names[0], names[1], names[2]],
            &["master-key", "combine", &keep, "--identity", names[0]],
        ];
        for arguments in cases {
            let Ran { out, err, .. } = escrow.room.run(&[arguments, extra].concat()).go();
            let new = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
            let new: Vec<_> = new.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
            for secret in secrets.iter().chain(&bodies(&new)) {
                for part in secret.as_bytes().windows(12).map(|part| std::str::from_utf8(part).expect("ASCII")) {
                    assert!(!out.contains(part) && !err.contains(part), "{arguments:?}: {out} {err}");
                }
            }
        }
    }
}
