//! Lists of API keys: which, in which order, with which columns, and as what.

use std::process::{Command, Stdio};

use unicode_width::UnicodeWidthStr;

use crate::process::program_path;
use crate::running::{Room, text};

/// Five API keys that differ in everything.
fn room() -> (Room, Vec<String>) {
    let room = Room::new();
    let new: [&[&str]; 5] = [
        &["--name", "Billing Worker", "--owner", "zeta", "--attribute", "team=payments", "--expires-in", "10d"],
        &["--name", "billing cron", "--owner", "acme", "--attribute", "team=ops", "--attribute", "tier=1"],
        &["--name", "Zoo, \"the\" gate\nkeeper", "--network", "10.1.0.0/16", "--expires-in", "2w"],
        &["--name", "\u{c4}rger", "--owner", "acme", "--network", "192.0.2.7", "--expires-in", "1y"],
        &["--name", "a name that is much longer than whatever fits into a line of eighty columns", "--owner", "Beta"],
    ];
    let ids = new.iter().map(|arguments| room.issue(arguments).0).collect();
    (room, ids)
}

fn listed(room: &Room, arguments: &[&str]) -> Vec<String> {
    let ran = room.run(&[&["list", "--ids"], arguments].concat()).ends(0);
    ran.out.lines().map(str::to_owned).collect()
}

#[test]
fn every_filter_finds_what_it_says() {
    let (room, ids) = room();
    let (_, used) = room.issue(&["--name", "used", "--owner", "o"]);
    room.run(&["verify"]).stdin(&used).ends(0);
    let of = |wanted: &[usize]| wanted.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>();
    let mine = |arguments: &[&str]| {
        let mut found = listed(&room, arguments);
        found.retain(|id| ids.contains(id));
        found
    };
    for (arguments, wanted) in [
        (&["--name", "BILLING"][..], &[0, 1][..]),
        (&["--name", "\u{e4}rger"], &[3]),
        (&["--attribute", "team"], &[0, 1]),
        (&["--attribute", "team=ops"], &[1]),
        (&["--attribute", "team=ops", "--attribute", "tier=1"], &[1]),
        (&["--attribute", "team=payments", "--attribute", "tier"], &[]),
        (&["--without-owner"], &[2]),
        (&["--expiring", "11d"], &[0]),
        (&["--expiring", "3w"], &[0, 2]),
        (&["--expiring", "9999-01-01"], &[0, 2, 3]),
        (&["--network", "10.0.0.0/8"], &[2]),
        (&["--network", "10.1.2.3", "--network", "192.0.2.0/24"], &[2, 3]),
        (&["--network", "2001:db8::/32"], &[]),
        (&["--created-since", "1h"], &[0, 1, 2, 3, 4]),
        (&["--created-since", "2099-01-01"], &[]),
        (&["--created-before", "2099-01-01T00:00:00Z"], &[0, 1, 2, 3, 4]),
        (&["--created-before", "1d"], &[]),
    ] {
        assert_eq!(mine(arguments), of(wanted), "{arguments:?}");
    }
    std::thread::sleep(std::time::Duration::from_secs(21));
    room.run(&["verify"]).stdin(&used).ends(0);
    assert_eq!(listed(&room, &["--unused", "20s"]), ids);
    assert_eq!(listed(&room, &["--unused", "1h"]), [""; 0]);
    for wrong in ["yesterday", "2026-13-01", "1x", "-5d", ""] {
        room.run(&["list", "--created-since", wrong]).ends(2).says("such as 2027-01-31");
    }
    // The same where API keys are changed.
    let ran = room.run(&["suspend", "--without-owner", "--reason", "r", "--yes"]).ends(0);
    assert!(ran.out.contains(&ids[2]) && ran.out.lines().count() == 1, "{}", ran.out);
    room.run(&["update", "--attribute", "team", "--set-attribute", "seen=1", "--yes"])
        .ends(0)
        .says("2 API keys updated");
}

#[test]
fn any_column_sorts_with_those_without_a_value_last() {
    let (room, ids) = room();
    let order = |arguments: &[&str]| -> Vec<usize> {
        let found = listed(&room, arguments);
        found.iter().map(|id| ids.iter().position(|known| known == id).expect("known")).collect()
    };
    assert_eq!(order(&["--sort", "created"]), [0, 1, 2, 3, 4]);
    assert_eq!(order(&["--sort", "created", "--reverse"]), [4, 3, 2, 1, 0]);
    assert_eq!(order(&["--sort", "name"]), [4, 1, 0, 2, 3]);
    assert_eq!(order(&["--sort", "owner"]), [1, 3, 4, 0, 2]);
    assert_eq!(order(&["--sort", "owner", "--reverse"]), [0, 4, 1, 3, 2]);
    assert_eq!(order(&["--sort", "expires"]), [0, 2, 3, 1, 4]);
    assert_eq!(order(&["--sort", "expires", "--reverse"]), [3, 2, 0, 1, 4]);
    assert_eq!(order(&["--sort", "last-used", "--limit", "2"]), [0, 1]);
    room.run(&["list", "--sort", "name", "--limit", "2"]).ends(0).says("3 API keys more");
    room.run(&["list", "--reverse"]).ends(2).says("--sort");
    room.run(&["list", "--sort", "name", "--after", &ids[0]]).ends(2);
}

#[test]
fn counts_ids_columns_and_values_are_for_scripts() {
    let (room, ids) = room();
    assert_eq!(room.run(&["list", "--count"]).ends(0).out, "5\n");
    assert_eq!(room.run(&["list", "--count", "--limit", "1", "--owner", "acme"]).ends(0).out, "2\n");
    let counted = room.run(&["list", "--count", "--json", "--owner", "nobody"]).ends(0).json();
    assert_eq!((text(&counted["schema"]), &counted["count"]), ("strongroom.api-key-count.v1".into(), &0.into()));
    assert_eq!(listed(&room, &["--all"]), ids);
    let json = room.run(&["list", "--format", "json"]).ends(0);
    assert_eq!(json.out, room.run(&["list", "--json"]).ends(0).out);
    let ran = room.run(&["list", "--columns", "name,id", "--owner", "zeta"]).ends(0);
    let words: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect()).collect();
    assert_eq!(words, [vec!["NAME", "ID"], vec!["Billing Worker", &ids[0]]]);
    room.run(&["list", "--columns", "secret"]).ends(2).says("last-used");

    let csv = room.run(&["list", "--format", "csv", "--columns", "id,name,owner,expires"]).ends(0).out;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "id,name,owner,expires");
    assert!(lines[1].starts_with(&format!("{},Billing Worker,zeta,20", ids[0])) && lines[1].ends_with('Z'), "{csv}");
    assert_eq!(lines[2], format!("{},billing cron,acme,", ids[1]));
    assert!(lines[3].starts_with(&format!("{},\"Zoo, \"\"the\"\" gate\\u{{a}}keeper\",,", ids[2])), "{csv}");
    assert_eq!(lines.len(), 6);
    let all = room.run(&["list", "--format", "csv"]).ends(0).out;
    assert_eq!(all.lines().next().map(|line| line.split(',').count()), Some(17));
    assert_eq!(room.run(&["list", "--format", "csv", "--columns", "id", "--owner", "nobody"]).ends(0).out, "id\n");
    for wrong in
        [&["--format", "csv", "--json"][..], &["--ids", "--count"], &["--ids", "--columns", "id"], &["--format", "xml"]]
    {
        room.run(&[&["list"], wrong].concat()).ends(2);
    }
}

/// What `list` writes on a terminal so many columns wide, in a place of this time zone.
fn on_terminal(room: &Room, columns: &str, zone: &str, more: &str) -> Vec<String> {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {more}", program_path()), "/dev/null"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("a path")).env("SHELL", "/bin/sh");
    command.env("COLUMNS", columns).env("TZ", zone).env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
    command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
    let output = command.stdin(Stdio::null()).output().expect("script of util-linux");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    said.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

#[test]
fn a_list_fits_the_terminal_and_has_the_time_of_the_place() {
    let (room, ids) = room();
    for columns in ["80", "60", "120", "200"] {
        let lines = on_terminal(&room, columns, "UTC", "list");
        let most = lines.iter().map(|line| line.width()).max().expect("lines");
        assert!(most <= columns.parse().expect("a number"), "{columns}: {lines:#?}");
        assert!(ids.iter().all(|id| lines.iter().any(|line| line.starts_with(id.as_str()))), "{lines:#?}");
        assert!(lines[0].contains("NAME") && lines.iter().any(|line| line.contains("Billing Work")), "{lines:#?}");
        assert!(columns == "200" || lines.iter().any(|line| line.ends_with('\u{2026}')), "{lines:#?}");
    }
    let wide = on_terminal(&room, "250", "UTC", "list --owner zeta");
    assert!(wide[0].contains("SCOPES") && wide[0].contains("CREATED"), "{wide:?}");
    // East of Greenwich by five hours and a half.
    let created = text(&room.run(&["show", &ids[0], "--json"]).ends(0).json()["created_at"]);
    let utc = on_terminal(&room, "250", "Asia/Kolkata", "list --owner zeta --utc");
    assert!(utc[1].contains(&created), "{utc:?}");
    let local = on_terminal(&room, "250", "<+0530>-5:30", "list --owner zeta");
    let at: jiff::Timestamp = created.parse().expect("a time");
    let east = jiff::tz::Offset::from_seconds(5 * 3_600 + 1_800).expect("an offset");
    let there = at.to_zoned(jiff::tz::TimeZone::fixed(east));
    let expected = there.strftime("%Y-%m-%d %H:%M:%S").to_string();
    assert!(local[1].contains(&expected) && !local[1].contains(&created), "{expected}: {local:?}");
    let shown = on_terminal(&room, "80", "<+0530>-5:30", &format!("show {}", ids[0]));
    assert!(shown.iter().any(|line| line.starts_with("created") && line.ends_with(&expected)), "{shown:?}");
    // Elsewhere everything is there, in RFC 3339.
    let piped = room.run(&["list"]).env("TZ", "<+0530>-5:30").env("COLUMNS", "40").ends(0).out;
    assert!(piped.contains(&created) && piped.contains("whatever fits into a line of eighty columns"), "{piped}");
}
