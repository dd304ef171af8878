//! What people type in the wrong place, and paths that say the same twice.

use crate::ground::{Ground, told};
use crate::running::Run;
use base64ct::{Base64, Base64Url, Encoding};

#[test]
fn a_secret_that_was_typed_in_the_wrong_place_is_not_repeated() {
    let ground = Ground::new();
    ground.room.run(&["init", "--quick"]).ends(0);
    let key = ground.key(1);
    let bytes = Base64Url::decode_vec(&key).expect("a key");
    let token = ground.room.run(&["issue", "--name", "a"]).ends(0).out.trim().to_owned();
    let verifier = ground.room.run(&["master-key", "verifier", "--version", "1", "--reason", "a test"]).ends(0).out;
    let hex = base16ct::lower::encode_string(&bytes);
    let secrets = [key, Base64::encode_string(&bytes), hex, token, verifier.trim().to_owned()];
    let mut hidden = 0;
    for secret in &secrets {
        for arguments in [
            &["status", "--store", "sqlite:/x/SECRET"][..],
            &["list", "--store", "sqlite:SECRET"],
            &["status", "--store", "SECRET"],
            &["show", "SECRET"],
            &["revoke", "SECRET", "--reason", "leaked"],
            &["recover", "SECRET", "--reason", "lost"],
            &["--waivers", "SECRET", "list"],
            &["scan", "x/SECRET"],
            &["scan", "--fingerprints", "SECRET"],
            &["scan", "--history", "/SECRET"],
            &["issue", "--name", "a", "--prefix", "SECRET"],
            &["issue", "--name", "a", "--expires", "SECRET"],
            &["import", "SECRET"],
            &["SECRET"],
            &["list", "--SECRET"],
            &["list", "SECRET"],
            &["--log", "SECRET", "list"],
        ] {
            for json in [&[][..], &["--json"]] {
                let typed: Vec<String> =
                    arguments.iter().chain(json).map(|argument| argument.replace("SECRET", secret)).collect();
                let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
                let ran = Run::bare(&typed).go();
                let said = format!("{}{}", ran.out, ran.err);
                assert_ne!(ran.code, Some(0), "{arguments:?}");
                for part in secret.as_bytes().windows(12) {
                    let part = std::str::from_utf8(part).expect("ASCII");
                    assert!(!said.contains(part), "{arguments:?} repeats {part}: {said}");
                }
                hidden += usize::from(said.to_ascii_lowercase().contains("[redacted]"));
            }
        }
    }
    assert!(hidden > 20, "{hidden} messages had something to hide");
}

#[test]
fn a_name_that_may_be_a_key_is_hidden_though_nobody_knows_the_key() {
    let ground = Ground::new();
    let key = ground.key(1);
    let hex = base16ct::lower::encode_string(&Base64Url::decode_vec(&key).expect("a key"));
    for name in [key.clone(), key.trim_end_matches('=').to_owned(), hex] {
        ground.write(format!("{name}/settings.py"), ground.line(2));
        ground.write(format!("{name}.py"), ground.line(2));
        for output in [&[][..], &["--json"], &["--sarif"]] {
            let ran = ground.scan_without_keys(output).ends(3);
            assert!(!format!("{}{}", ran.out, ran.err).contains(&name[..8]), "{}", ran.out);
            assert!(ran.out.contains("[REDACTED]") || ran.out.contains("%5BREDACTED%5D"), "{}", ran.out);
        }
    }
}

#[test]
fn what_is_named_twice_is_read_once() {
    let ground = Ground::new();
    ground.write("a/b/settings.py", ground.line(1));
    ground.write("a/.env", ground.line(1));
    ground.write("c.py", ground.line(1));
    for paths in [
        &[".", "."][..],
        &[".", "a", "a/b"],
        &["a/b", ".", "./a/../a"],
        &["c.py", ".", "a/b/settings.py", "./c.py"],
        &[".", "--respect-ignore", "--env-files", "a"],
    ] {
        let (found, _, summary) = told(&ground.scan(&[&["--json"], paths].concat()).ends(3));
        assert_eq!((found.len(), &summary["files"]), (3, &3.into()), "{paths:?}");
    }
}
