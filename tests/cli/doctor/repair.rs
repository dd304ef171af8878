//! `doctor --repair` on a store that somebody has edited.

use std::fs;
use std::path::Path;

use crate::edited::edit_file;
use crate::running::Room;

const REPAIR: &[&str] = &["doctor", "--json", "--repair", "--reason", "OPS-8"];

fn repair(room: &Room, more: &[&str]) -> crate::running::Run {
    room.run(&[REPAIR, more].concat())
}

#[test]
fn what_does_not_open_is_mended_after_a_copy_of_the_file_and_a_dry_run_only_shows_it() {
    let room = Room::with(3);
    edit_file(
        &room.path(),
        "CREATE TRIGGER keep AFTER UPDATE ON keys BEGIN SELECT 1; END; ANALYZE; CREATE TABLE stash AS SELECT * FROM keys",
    );
    let files = || fs::read_dir(room.folder.path()).expect("read").count();
    let before = files();
    room.run(&["list"]).ends(13).says("strongroom doctor --repair");
    let plan = repair(&room, &["--dry-run"]).ends(0).json();
    assert_eq!((&plan["dry_run"], &plan["backup"]), (&true.into(), &serde_json::Value::Null));
    let kinds = |document: &serde_json::Value| {
        let all = document["store"].as_array().expect("a list").iter();
        all.map(|one| one["kind"].as_str().expect("a word").to_owned()).collect::<Vec<_>>()
    };
    assert!(["schema", "statistics", "foreign"].iter().all(|kind| kinds(&plan).iter().any(|found| found == kind)));
    room.run(&["list"]).ends(13);
    assert_eq!(files(), before, "nothing was made");
    room.run(&["doctor", "--dry-run"]).ends(2);
    repair(&room, &[]).ends(17).says("--yes");
    // Without the keys nothing is judged, and nothing is mended.
    room.run_with([2], &[REPAIR, &["--yes"]].concat()).ends(12);
    let mended = repair(&room, &["--yes"]).ends(0).json_lines();
    assert_eq!((kinds(&mended[0]), &mended[0]["backup_is"]), (kinds(&plan), &"copy".into()));
    room.run(&["list"]).ends(0);
    room.run(&["audit", "verify"]).ends(0);
    let log = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    let last = log.last().expect("an entry");
    assert_eq!((&last["action"], &last["reason"]), (&"repair".into(), &"OPS-8".into()));
    assert_eq!((&last["counts"]["schema"], &last["counts"]["foreign"]), (&1.into(), &1.into()));
    // What it was is there to go back to.
    let copy = mended[0]["backup"].as_str().expect("a path");
    let url = format!("sqlite:{copy}");
    room.run(&["--store", &url, "list"]).ends(13).says("trigger \"keep\"");
    assert_eq!(repair(&room, &["--yes"]).ends(0).json_lines().len(), 1, "there is nothing to mend");
}

#[test]
fn what_changes_no_row_is_mended_after_a_sealed_backup() {
    let room = Room::with(3);
    edit_file(&room.path(), "ANALYZE; PRAGMA journal_mode = DELETE");
    let to = room.file("before").display().to_string();
    let plan = repair(&room, &["--dry-run"]).ends(0).json();
    assert_eq!(plan["store"][0]["kind"], "journal", "{plan}");
    let mode = |path: &Path| {
        let connection = rusqlite::Connection::open(path).expect("opened");
        connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).expect("a mode")
    };
    assert_eq!(mode(&room.path()), "delete");
    let mended = repair(&room, &["--yes", "--backup", &to]).ends(0).json_lines();
    assert_eq!((&mended[0]["backup_is"], &mended[0]["store"]), (&"backup".into(), &plan["store"]));
    let log = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    let counts = &log.last().expect("an entry")["counts"];
    assert_eq!((&counts["journal"], counts["statistics"].as_u64() > Some(0)), (&1.into(), true), "{counts}");
    room.run(&["backup", "verify", &to]).ends(0);
    assert_eq!(mode(&room.path()), "wal");
    let names = rusqlite::Connection::open(room.path()).expect("opened");
    let names: i64 = names
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(names, 0);
}
