//! No mode of `scan` tells a key, a part of one, or an unsalted hash of one, wherever the key lies.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::ground::{Ground, gzip};
use crate::running::Ran;
use base64ct::{Base64, Base64Url, Encoding};

/// Everything that must not be said of a key.
fn needles(key: &str) -> BTreeSet<String> {
    let bytes = Base64Url::decode_vec(key).expect("a key");
    let hex = base16ct::lower::encode_string(&bytes);
    let decimal = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let forms = [
        key.to_owned(),
        Base64::encode_string(&bytes),
        hex.clone(),
        hex.to_uppercase(),
        Base64::encode_string(key.as_bytes()),
        key.chars().rev().collect(),
    ];
    let windows = forms.iter().flat_map(|form| form.as_bytes().windows(8));
    let mut needles: BTreeSet<_> = windows.map(|part| String::from_utf8(part.to_vec()).expect("ASCII")).collect();
    // Eight digits and commas of an array are often a date or a size.
    needles.insert(decimal[..20].to_owned());
    for program in ["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum"] {
        for subject in [&bytes[..], key.as_bytes(), key.trim_end_matches('=').as_bytes(), hex.as_bytes()] {
            let digest = digest(program, subject);
            let raw: Vec<_> = digest
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
                .collect();
            needles.extend([digest[..10].to_owned(), digest[..10].to_uppercase()]);
            needles
                .extend([Base64::encode_string(&raw)[..8].to_owned(), Base64Url::encode_string(&raw)[..8].to_owned()]);
        }
    }
    needles
}

fn digest(program: &str, subject: &[u8]) -> String {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("coreutils");
    child.stdin.take().expect("piped").write_all(subject).expect("written");
    let output = String::from_utf8(child.wait_with_output().expect("ended").stdout).expect("text");
    output.split_whitespace().next().expect("a digest").to_owned()
}

#[test]
fn no_output_holds_a_key_a_part_of_it_or_a_hash_of_it() {
    let ground = Ground::new();
    let key = ground.key(1);
    let bytes = Base64Url::decode_vec(&key).expect("a key");
    let hex = base16ct::lower::encode_string(&bytes);
    let array = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    ground.git(&["init", "-q"]);
    ground.write("a.py", ground.line(1));
    ground.write("b.toml", format!("fernet_key = \"{hex}\"\nmaster_key = \"{}\"\n", Base64::encode_string(&bytes)));
    ground.write("c.rs", format!("const MASTER_KEY: [u8; 32] = [{array}];\n"));
    ground.write("raw.bin", [b"before", &bytes[..], b"after"].concat());
    ground.write("d.gz", gzip(ground.line(1).as_bytes()));
    ground.write("cut.gz", &gzip(ground.line(1).as_bytes())[..40]);
    ground.write(format!("{key}/{hex}.txt"), ground.line(1));
    ground.write(format!("{key}.gz"), &gzip(ground.line(1).as_bytes())[..40]);
    ground.commit(&format!("add {key}"));
    fs::create_dir_all(ground.tree.join(format!(".git/objects/pack/{key}.idx"))).expect("folder");
    let room = &ground.room;
    room.run(&["init", "--quick"]).ends(0);
    let store = format!("sqlite:{}", room.path().display());
    let print = room.run(&["status", "--json"]).ends(0).out;
    fs::write(room.file("prints"), print).expect("written");
    let prints = room.file("prints").display().to_string();
    let absent = format!("absent/{key}");
    let home = ground.tree.display().to_string();
    fs::write(ground.tree.join(".bash_history"), format!("export MASTER_KEY={key}\n")).expect("written");

    let needles = needles(&key);
    let mut found = 0;
    let mut heard = |ran: Ran| {
        let said = format!("{}{}", ran.out, ran.err);
        assert!(matches!(ran.code, Some(0 | 2 | 3 | 14)), "{}: {:?} {}", ran.shown, ran.code, ran.err);
        found += usize::from(ran.code == Some(3));
        for needle in &needles {
            assert!(!said.contains(needle), "{} says {needle}: {said}", ran.shown);
        }
    };
    for output in [&[][..], &["--json"], &["--sarif"], &["--log", "trace"], &["--json", "--log", "trace"]] {
        for places in
            [&["--history"][..], &[&absent[..], "."], &["--shell-history", "--processes"], &["a.py", "raw.bin", "d.gz"]]
        {
            let arguments = [output, places].concat();
            heard(ground.scan(&arguments).env("HOME", &home).env("COPY", &key).go());
            heard(
                ground
                    .scan(&[&arguments[..], &["--mode", "generic,exact"]].concat())
                    .env("HOME", &home)
                    .env("COPY", &key)
                    .go(),
            );
            heard(
                ground
                    .scan_without_keys(&[&arguments[..], &["--fingerprints", &prints]].concat())
                    .env("HOME", &home)
                    .go(),
            );
            heard(ground.scan_without_keys(&[&arguments[..], &["--store", &store]].concat()).env("HOME", &home).go());
        }
        let generic = [output, &["a.py", "b.toml", "c.rs", "raw.bin", ".bash_history"]].concat();
        heard(ground.scan_without_keys(&generic).go());
        heard(ground.scan_without_keys(&[output, &["-"]].concat()).stdin(ground.line(1)).go());
        heard(ground.scan(&[output, &["-"]].concat()).stdin(ground.line(1)).go());
    }
    assert!(found > 60, "{found} runs have found something");
}
