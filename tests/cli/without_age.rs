//! A program that was built without age: it says so where age is needed, and does everything else.

use std::fs;

use serde_json::Value;

use crate::running::Room;

#[test]
fn what_needs_age_ends_with_2_and_says_how_to_get_it() {
    let room = Room::with(1);
    let file = |name: &str| room.file(name).display().to_string();
    let (folder, out, sealed, armored) = (file("shares"), file("export"), file("sealed"), file("armored"));
    fs::write(&sealed, "age-encryption.org/v1\n-> X25519 abc\n").expect("written");
    fs::write(&armored, "-----BEGIN AGE ENCRYPTED FILE-----\nabc\n").expect("written");
    let split = ["master-key", "split", "--shares", "2", "--threshold", "2", "--out-dir", &folder];
    let cases: [&[&str]; 7] = [
        &[&split[..], &["--recipient", "age1canary", "--recipient", "age1canary"]].concat(),
        &["recover", "--all", "--to", "age1canary", "--out", &out, "--reason", "r", "--yes"],
        &["import", &sealed],
        &["import", &armored],
        &["import", "-", "--identity", &sealed],
        &["master-key", "combine", &sealed],
        &["status", "--shares", &armored],
    ];
    for arguments in cases {
        let ran = room.run(&[arguments, &["--json"]].concat()).ends(2);
        let told: Value = serde_json::from_str(&ran.err).expect("one JSON object");
        assert_eq!(told["code"], "built-without-age", "{told}");
        assert!(
            told["hint"].as_str().expect("a hint").contains("cargo install strongroom-cli --features age"),
            "{told}"
        );
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
    assert!(!room.file("shares").exists() && !room.file("export").exists());
    room.run(&split).ends(0);
    let shares = [1, 2].map(|at| format!("{folder}/master-key-1-share-{at}-of-2.txt"));
    room.run_with([], &["status", "--shares", &shares[0], &shares[1]]).ends(0);
}
