//! Keys, paths and names of stores as people and their tools write them: read where they can mean one thing only, and named for what
//! they are where not.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64ct::{Base64, Encoding};

use crate::running::{Room, Run};

fn key(room: &Room, version: u32) -> String {
    room.keys.variable([version]).split_once(':').expect("an entry").1.to_owned()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

fn with_file(room: &Room, arguments: &[&str], content: &[u8]) -> Run {
    let folder = room.file("safe");
    fs::create_dir_all(&folder).expect("made");
    mode(&folder, 0o700);
    let file = folder.join("keys");
    fs::write(&file, content).expect("written");
    mode(&file, 0o600);
    let run = room.run(arguments).unset("STRONGROOM_MASTER_KEYS");
    run.env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string())
}

#[test]
fn a_key_file_is_read_as_environment_files_are_written() {
    let room = Room::with(1);
    let (one, two) = (key(&room, 1), key(&room, 2));
    let both = room.keys.variable([1, 2]);
    let texts = [
        format!("\u{feff}1:{one}\r\n2:{two}\r\n"),
        format!("# of the vault\n1:{one} # to go in June\n2:{two}\t \n\n"),
        format!("export STRONGROOM_MASTER_KEYS=\"{both}\"\r\n"),
        format!("PORT=8080\nSTRONGROOM_MASTER_KEYS='{both}'\nURL=https://h/?a=b\n"),
        format!("STRONGROOM_MASTER_KEYS=1:{one}\n2:{two}\n"),
        format!("1: \"{one}\"\n2: '{two}'\n"),
        Base64::encode_string(both.as_bytes()),
        Base64::encode_string(format!("{{\"1\": \"{one}\", \"2\": \"{two}\"}}\n").as_bytes()),
        format!("1:{},2:{}", Base64::encode_string(one.as_bytes()), Base64::encode_string(two.as_bytes())),
        format!("STRONGROOM_MASTER_KEYS='{{\"1\": \"{one}\", \"2\": \"{two}\"}}'\n"),
    ];
    for text in &texts {
        let ran = with_file(&room, &["status", "--json"], text.as_bytes()).ends(0);
        assert_eq!((ran.err.as_str(), &ran.json()["configured"][1]["version"]), ("", &2.into()), "{text}");
        room.run(&["list"]).env("STRONGROOM_MASTER_KEYS", text).ends(0);
        let ran = with_file(&room, &["master-key", "check", "--quick"], text.as_bytes()).ends(0);
        assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
        Run::bare(&["master-key", "check", "-", "--quick"]).stdin(text).ends(0);
    }
}

#[test]
fn what_is_no_list_of_keys_is_named_for_what_it_is_and_never_answered_with_a_new_key() {
    let room = Room::with(1);
    let one = key(&room, 1);
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(format!("1:{one}").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, &str, &str); 12] = [
        (utf16, "UTF-16", "iconv"),
        (b"/run/secrets/keys\n".to_vec(), "the name of a file", "STRONGROOM_MASTER_KEYS_FILE"),
        (b"1:${KEY}".to_vec(), "not expanded", "let the shell expand it"),
        (
            b"vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==".to_vec(),
            "encrypted",
            "STRONGROOM_MASTER_KEYS_COMMAND",
        ),
        (b"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n".to_vec(), "PEM", "44 characters"),
        (b"AGE-SECRET-KEY-1CANARY\n".to_vec(), "age", "44 characters"),
        (
            b"PORT=80\nSTRONGROOM_STORE=sqlite:vault.db\n".to_vec(),
            "line 1 sets another variable",
            "STRONGROOM_MASTER_KEYS=VERSION:KEY",
        ),
        (format!("STRONGROOM_MASTER_KEYS=1:{one}\nSTRONGROOM_MASTER_KEYS=2:{one}").into_bytes(), "twice", "one line"),
        (format!("\"1:{one}").into_bytes(), "a quote in it", "leave the quotes out"),
        (one.as_bytes()[..40].to_vec(), "this has 40", "copy the key again"),
        (format!("1:{}!{}", &one[..20], &one[21..]).into_bytes(), "others among them", "copy the key again"),
        (b"# nothing yet\n".to_vec(), "it is empty", "VERSION:KEY"),
    ];
    for (content, what, next) in cases {
        let ran = with_file(&room, &["list"], &content).ends(12).says(what).says(next);
        assert!(!ran.err.contains(&one[..16]) && !ran.err.contains("CANARY"), "{}", ran.err);
        assert!(!ran.err.contains("make a new key"), "{}", ran.err);
    }
    // A path with what an environment file left at its end.
    let file = room.file("keys");
    fs::write(&file, format!("1:{one}")).expect("written");
    for path in [format!("{}\r", file.display()), format!("\"{}\"", file.display()), format!("{} ", file.display())] {
        let run = room.run(&["list"]).unset("STRONGROOM_MASTER_KEYS").env("STRONGROOM_MASTER_KEYS_FILE", &path);
        run.ends(12).says("white space or a quote").says(&format!("name {}", file.display()));
    }
}

#[test]
fn a_store_that_is_spelled_as_something_else_is_refused_with_the_right_spelling() {
    let room = Room::with(1);
    let path = room.path().display().to_string();
    let right = format!("sqlite:{path}");
    for (url, what) in [
        (format!("{right}\r"), "carriage return"),
        (format!("{right} "), "white space"),
        (format!("sqlite: {path}"), "white space"),
        (format!("{right}?mode=ro"), "question mark"),
        (format!("{right}?"), "question mark"),
        (format!("sqlite://{path}"), "slashes"),
        (format!("sqlite:file:{path}"), "`file:`"),
        (right.replace("vault", "%76ault"), "percent signs"),
        (format!("\"{right}\""), "not of the form"),
        (path.clone(), "not of the form"),
        (format!("SQLite:{path}"), "not of the form"),
        (format!("file:{path}"), "not of the form"),
        (format!("sqlite3://{path}"), "not of the form"),
    ] {
        for verb in ["status", "init"] {
            room.run(&[verb, "--store", &url]).ends(2).says(what).says(&format!("use --store {right}\n"));
            room.run(&[verb]).env("STRONGROOM_STORE", &url).ends(2).says(&format!("set STRONGROOM_STORE={right}\n"));
        }
    }
    let home = format!("sqlite:{}/v.db", room.folder.path().display());
    let run = room.run(&["init", "--store", "sqlite:~/v.db"]).env("HOME", &room.folder.path().display().to_string());
    run.ends(2).says(&format!("use --store {home}\n"));
    for url in
        ["sqlite::memory:", "sqlite:file::memory:?cache=shared", "sqlite:", "postgres://h/db", "sqlite:$HOME/v", ""]
    {
        room.run(&["init", "--store", url]).ends(2).says("use --store sqlite:vault.db");
    }
    let mut names: Vec<_> =
        fs::read_dir(room.folder.path()).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    names.retain(|name| !name.to_string_lossy().starts_with("vault.db"));
    assert!(names.is_empty(), "nothing was made: {names:?}");
    // What has such a name and is there was meant.
    let odd = room.file("a%20b?c=d.db");
    fs::copy(room.path(), &odd).expect("copied");
    mode(&odd, 0o600);
    room.run(&["status", "--store", &format!("sqlite:{}", odd.display())]).ends(0);
    let to = format!("sqlite:{}\r", room.file("to.db").display());
    let backup = room.file("b").display().to_string();
    room.run(&["backup", &backup]).ends(0);
    room.run(&["restore", &backup, "--to", &to])
        .ends(2)
        .says(&format!("use --to sqlite:{}\n", room.file("to.db").display()));
}

#[test]
fn a_command_is_given_the_variables_that_are_listed_and_no_keys() {
    let room = Room::with(1);
    let (keys, seen) = (room.file("keys"), room.file("seen"));
    fs::write(&keys, room.keys.variable([1])).expect("written");
    let line = format!("sh -c 'env > {}; cat {}'", seen.display(), keys.display());
    let run = |names: &str| {
        let run = room.run(&["list"]).env("STRONGROOM_MASTER_KEYS_COMMAND", &line).unset("STRONGROOM_MASTER_KEYS");
        let run = run.env("PATH", "/usr/bin:/bin").env("STRONGROOM_MASTER_KEYS_COMMAND_ENV", names);
        run.env("AWS_PROFILE", "p")
            .env("AWS_REGION", "r")
            .env("VAULT_ADDR", "v")
            .env("VAULT_TOKEN", "t")
            .env("OTHER", "o")
    };
    let names = || -> Vec<String> {
        let seen = fs::read_to_string(&seen).expect("it ran");
        let names = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned());
        names
            .filter(|name| ["AWS_", "VAULT_", "OTHER", "STRONGROOM_"].iter().any(|begin| name.starts_with(begin)))
            .collect()
    };
    let found = |list: &str| {
        run(list).ends(0);
        let mut names = names();
        names.sort();
        names.join(" ")
    };
    assert_eq!(found("AWS_*"), "AWS_PROFILE AWS_REGION");
    assert_eq!(found(" AWS_REGION,\tVAULT_ADDR\nNOT_SET "), "AWS_REGION VAULT_ADDR");
    assert_eq!(found("VAULT_*,AWS_P*"), "AWS_PROFILE VAULT_ADDR VAULT_TOKEN");
    assert_eq!(found(""), "");
    // A pattern never reaches the keys themselves, nor what names them.
    let ran = run("STRONG*").env("STRONGROOM_VERIFIER_KEYS", "canary").ends(0);
    assert!(!fs::read_to_string(&seen).expect("it ran").contains("canary"), "{}", ran.err);
    for list in ["*", "AWS_*,*", "A-B", "AWS_*_X", "STRONGROOM_MASTER_KEYS", "$AWS", "1A", "AWS_PROFILE=p"] {
        run(list).ends(12).says("STRONGROOM_MASTER_KEYS_COMMAND_ENV").says("AWS_* or VAULT_ADDR");
    }
}

#[test]
fn a_command_says_nothing_where_it_succeeds_and_everything_where_it_fails() {
    let room = Room::with(1);
    let script = |end: &str| format!("sh -c 'echo canary-talk >&2; echo 1:{}; exit {end}'", key(&room, 1));
    let run = |arguments: &[&str], end: &str| {
        let run = room.run(arguments).unset("STRONGROOM_MASTER_KEYS").env("PATH", "/usr/bin:/bin");
        run.env("STRONGROOM_MASTER_KEYS_COMMAND", &script(end))
    };
    assert_eq!(run(&["list"], "0").ends(0).err, "");
    assert_eq!(run(&["list", "--json"], "0").ends(0).err, "");
    run(&["list", "--log", "info"], "0").ends(0).says("says: canary-talk");
    run(&["list"], "3").ends(12).says("it said: canary-talk");
    run(&["list", "--json"], "3").ends(12).says("it said: canary-talk");
}

#[test]
fn a_volume_of_a_pod_is_read_where_its_group_is_trusted_and_that_is_listed() {
    let room = Room::with(1);
    room.run(&["backup", &room.file("b").display().to_string()]).ends(0);
    let volume = room.file("volume");
    fs::create_dir(&volume).expect("made");
    let file = volume.join("keys");
    fs::write(&file, room.keys.variable([1])).expect("written");
    let group =
        fs::metadata(&volume).map(|found| std::os::unix::fs::MetadataExt::gid(&found)).expect("a folder").to_string();
    mode(&file, 0o660);
    mode(&volume, 0o2775);
    let run = |arguments: &[&str], group: Option<&str>| {
        let run = room.run(arguments).unset("STRONGROOM_MASTER_KEYS");
        let run = run.env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string());
        group.into_iter().fold(run, |run, group| run.env("STRONGROOM_KEY_FILE_GROUP", group))
    };
    run(&["list"], None).ends(15).says("STRONGROOM_KEY_FILE_GROUP=GID").says("fsGroup");
    run(&["list"], Some("4242")).ends(15);
    for wrong in ["wheel", "-1", "4294967296"] {
        run(&["list"], Some(wrong)).ends(12).says("is not the number of a group");
    }
    assert_eq!(run(&["list"], Some(&group)).ends(0).err, "", "it was said that it is so");
    let checked = run(&["master-key", "check", "--quick"], Some(&group)).ends(0);
    assert!(checked.out.contains("notice key-file-group: ") && checked.out.contains(&group), "{}", checked.out);
    let doctor = run(&["doctor", "--json"], Some(&group)).ends(0).json();
    assert_eq!(
        (&doctor["symptoms"][0]["id"], &doctor["symptoms"][0]["severity"]),
        (&"key-file-group".into(), &"notice".into())
    );
    // Nobody else is trusted.
    for bad in [0o2777, 0o777, 0o2707] {
        mode(&volume, bad);
        run(&["list"], Some(&group)).ends(15);
    }
    mode(&volume, 0o2775);
    mode(&file, 0o662);
    run(&["list"], Some(&group)).ends(15);
    // What nobody can write is nobody's concern.
    mode(&file, 0o640);
    mode(&volume, 0o750);
    let checked = run(&["master-key", "check", "--quick"], Some(&group)).ends(0);
    assert!(!checked.out.contains("key-file-group"), "{}", checked.out);
}
