//! How an API key is named wherever one is, and which of many a command changes.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::program_path;
use crate::running::{Room, text};

#[test]
fn an_api_key_is_named_by_its_id_a_beginning_a_token_up_to_its_id_or_its_name_wherever_one_is() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "billing worker", "--prefix", "my_app"]);
    std::thread::sleep(Duration::from_millis(40));
    let (other, _) = room.issue(&["--name", &id]);
    let (beginning, public) = (&id[..10], format!("my_app_{id}"));
    assert_ne!(beginning, &other[..10]);
    let names = [id.as_str(), beginning, &public, &format!("my_app_{beginning}"), "name:billing worker"];
    for name in names {
        assert!(room.run(&["show", name]).ends(0).out.contains(&id), "{name}");
        for verb in [
            &["suspend", "--reason", "r"][..],
            &["resume", "--reason", "r"],
            &["update", "--set-owner", "o"],
            &["revoke", "--reason", "r", "--at", "2099-01-01", "--yes"],
            &["recover", "--reason", "r", "--yes"],
            &["list", "--after"],
            &["audit", "list", "--key"],
        ] {
            let ran = room.run(&[verb, &[name]].concat()).ends(0);
            let told = if verb[0] == "recover" {
                &token
            } else if verb[0] == "list" {
                &other
            } else {
                &id
            };
            assert!(ran.out.contains(told), "{verb:?} {name}: {}", ran.out);
        }
        let ran = room.run(&["suspend", "-", "--reason", "r", "--yes"]).stdin(format!("{name}\n{other}\n")).ends(0);
        assert!(ran.out.contains(&id) || ran.out.contains("skipped"), "{}", ran.out);
        room.run(&["resume", "-", "--reason", "r", "--yes"]).stdin(format!("{name}\n{other}\n")).ends(0);
    }
    // Whatever somebody calls an API key, an id is the id of its own.
    let shown = room.run(&["show", &id, "--json"]).ends(0).json();
    assert_eq!(text(&shown["name"]), "billing worker");
    room.issue(&["--name", "billing worker"]);
    for verb in [&["show"][..], &["suspend", "--reason", "r"], &["audit", "list", "--key"]] {
        room.run(&[verb, &["name:billing worker"]].concat()).ends(5).says(&id).says("several API keys have this name");
        room.run(&[verb, &[&id[..6]]].concat()).ends(5).says("several API keys begin so");
        room.run(&[verb, &["7zzzzz"]].concat()).ends(4).says("strongroom list");
        room.run(&[verb, &["name:nobody"]].concat()).ends(4);
        room.run(&[verb, &[&id[..5]]].concat()).ends(2).says("6 characters");
        room.run(&[verb, &["billing"]].concat()).ends(2).says("name:NAME");
        // A whole token is refused, with what to do about it, and not repeated.
        let ran = room.run(&[verb, &[&token]].concat()).ends(2).says("more than an id").says("reissue or revoke");
        assert!(!ran.err.contains(&token[33..]) && ran.out.is_empty(), "{}", ran.err);
    }
    let ran = room.run(&["suspend", "-", "--reason", "r", "--yes"]).stdin(format!("{id}\n{token}\n")).ends(2);
    assert!(ran.err.contains("line 2: ") && !ran.err.contains(&token[33..]), "{}", ran.err);
    assert_eq!(text(&room.run(&["show", &id, "--json"]).ends(0).json()["status"]), "active", "nothing was begun");
}

#[test]
fn over_a_mixed_set_what_needs_nothing_is_skipped_and_the_command_ends_well() {
    let room = Room::with(6);
    let keys = room.run(&["list", "--json"]).ends(0).json_lines();
    let ids: Vec<_> = keys.iter().map(|key| text(&key["id"])).collect();
    let run = |arguments: &[&str]| room.run(&[arguments, &["--json", "--yes"]].concat());
    run(&["revoke", &ids[0], "--reason", "r"]).ends(0);
    run(&["suspend", &ids[1], "--reason", "r"]).ends(0);
    // Revoked while it was suspended.
    run(&["suspend", &ids[2], "--reason", "r"]).ends(0);
    run(&["revoke", &ids[2], "--reason", "r"]).ends(0);
    let folder = room.file("tokens").display().to_string();
    for (arguments, done, skipped) in [
        (&["suspend", "--owner", "acme", "--reason", "r"][..], 3, 3),
        (&["suspend", "--owner", "acme", "--reason", "r"], 0, 6),
        (&["resume", "--owner", "acme", "--reason", "r"], 4, 2),
        (&["update", "--owner", "acme", "--set-attribute", "k=v"], 4, 2),
        (&["update", "--owner", "acme", "--set-attribute", "k=v"], 0, 6),
        (&["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &folder], 4, 2),
        (&["revoke", "--owner", "acme", "--reason", "r"], 8, 2),
        (&["revoke", "--owner", "acme", "--reason", "r"], 0, 10),
    ] {
        let summary = run(arguments).ends(0).json_lines().pop().expect("a summary");
        assert_eq!(
            (&summary["done"], &summary["skipped"]),
            (&done.into(), &skipped.into()),
            "{arguments:?}: {summary}"
        );
    }
    // As ids too, as `list --ids` gives them.
    let all = room.run(&["list", "--ids", "--all"]).ends(0).out;
    run(&["suspend", "-", "--reason", "r"]).stdin(all).ends(0);
}

#[test]
fn a_question_about_many_names_those_that_will_change() {
    let room = Room::with(15);
    let keys = room.run(&["list", "--json"]).ends(0).json_lines();
    let ids: Vec<_> = keys.iter().map(|key| text(&key["id"])).collect();
    let asked = |owner: &str| {
        let mut command = Command::new("script");
        let line = format!("{} suspend {owner} --reason r", program_path());
        command.args(["-qec", &line, "/dev/null"]).env_clear();
        command.env("PATH", std::env::var_os("PATH").expect("a path")).env("SHELL", "/bin/sh");
        command.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
        command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
        let output = command.stdin(Stdio::null()).output().expect("script of util-linux");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    room.run(&["suspend", &ids[0], "--reason", "r"]).ends(0);
    let said = asked("--owner acme");
    assert!(said.contains("Suspend 14 of 15 API keys?") && said.contains("and 4 more"), "{said}");
    assert!(ids[1..11].iter().all(|id| said.contains(id.as_str())), "{said}");
    assert!(!said.contains(&ids[0]) && !said.contains(&ids[11]), "what is done already is not named: {said}");
    assert!(said.contains("(client 1 of acme)"), "{said}");
}
