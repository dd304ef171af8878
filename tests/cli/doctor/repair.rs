//! `doctor --repair` on a store that somebody has edited.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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

#[test]
fn an_anchor_that_refuses_the_store_is_told_of_before_a_copy_is_made_and_with_a_way_out() {
    let room = Room::with(3);
    let (anchor, name) = (room.file("anchor"), format!("file:{}", room.file("anchor").display()));
    let anchored = |arguments: &[&str]| room.run(arguments).env("STRONGROOM_ANCHOR", &name);
    let repair = || anchored(&[REPAIR, &["--yes"]].concat());
    let plant = || edit_file(&room.path(), "CREATE INDEX planted ON usage (v)");
    let copies = || {
        let names = fs::read_dir(room.folder.path()).expect("read").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().contains("before-repair")).count()
    };
    anchored(&["anchor", "init", "--reason", "OPS-9"]).ends(0);
    plant();
    // Whoever can write it may have.
    fs::set_permissions(&anchor, fs::Permissions::from_mode(0o666)).expect("set");
    repair().ends(15).says("anchor-unsafe").says("chmod go-w");
    fs::set_permissions(&anchor, fs::Permissions::from_mode(0o600)).expect("set");
    assert_eq!(copies(), 0);
    let before = fs::read(room.path()).expect("read");
    repair().ends(0);
    // The store of before the repair is put back: neither opens, and each would wait for the other.
    fs::write(room.path(), before).expect("written");
    anchored(&["anchor", "accept", "--reason", "OPS-9", "--yes"]).ends(13).says("doctor --repair");
    repair()
        .ends(13)
        .says("anchor-rolled-back")
        .says("env -u STRONGROOM_ANCHOR strongroom doctor --repair")
        .says("strongroom anchor accept");
    assert_eq!(copies(), 1);
    room.run(&[REPAIR, &["--yes"]].concat()).ends(0);
    anchored(&["list"]).ends(13);
    anchored(&["anchor", "accept", "--reason", "OPS-9", "--yes"]).ends(0);
    anchored(&["doctor"]).ends(0);
    // So with one that says nothing.
    fs::write(&anchor, "junk\n").expect("written");
    plant();
    repair().ends(13).says("anchor-malformed").says("env -u STRONGROOM_ANCHOR");
}

#[test]
fn a_repair_that_fails_says_where_the_copy_is_and_one_without_work_makes_none() {
    let room = Room::with(3);
    edit_file(
        &room.path(),
        "DELETE FROM audit WHERE k = (SELECT max(k) FROM audit); CREATE INDEX planted ON usage (v)",
    );
    repair(&room, &["--yes"]).ends(13).says("the head names entry 4 with another hash").says("restore a backup");
    let room = Room::with(3);
    room.run(&["doctor", "--repair", "--reason", "OPS-8", "--yes"]).ends(0).says("nothing that a repair can mend");
    assert_eq!(
        fs::read_dir(room.folder.path())
            .expect("read")
            .filter(|entry| { entry.as_ref().expect("an entry").file_name().to_string_lossy().contains("repair") })
            .count(),
        0
    );
    // A name that a rotation of the store would take for its own.
    edit_file(&room.path(), "CREATE INDEX planted ON usage (v)");
    let name = format!("{}-rotate", room.path().display());
    repair(&room, &["--yes", "--backup", &name]).ends(15).says("none of -wal, -shm, -journal and -rotate");
    room.run(&["list"]).ends(13);
}
