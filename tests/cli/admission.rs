//! Claims about where and for what tokens may be used, as typed.

use crate::running::Room;

#[test]
fn networks_to_keep_from_and_wildcards_are_issued_shown_updated_listed_and_imported() {
    let room = Room::new();
    let said =
        ["--scope", "invoices:*", "--wildcard-scopes", "--network", "10.0.0.0/8", "--deny-network", "10.1.0.0/16"];
    let (id, token) = room.issue(&[&["--name", "n"], &said[..]].concat());
    let verify = |code: u8, arguments: &[&str]| {
        room.run(&[&["verify"], arguments].concat()).stdin(&token).ends(code.into());
    };
    verify(3, &[]);
    verify(0, &["--address", "10.2.0.1"]);
    verify(3, &["--address", "10.1.0.1"]);
    verify(
        0,
        &["--address", "10.2.0.1", "--scope", "invoices:read", "--any-scope", "x", "--any-scope", "invoices:write"],
    );
    verify(3, &["--address", "10.2.0.1", "--scope", "invoices:read", "--any-scope", "x", "--any-scope", "y"]);
    let shown = room.run(&["show", &id, "--json"]).ends(0).json();
    assert_eq!((&shown["denied_networks"][0], &shown["wildcard_scopes"]), (&"10.1.0.0/16".into(), &true.into()));
    let shown = room.run(&["show", &id]).ends(0).out;
    assert!(["10.1.0.0/16", "with wildcards"].iter().all(|said| shown.contains(said)), "{shown}");
    assert!(room.run(&["list", "--columns", "id,denied-networks"]).ends(0).out.contains("10.1.0.0/16"));
    room.run(&["update", &id, "--set-deny-network", "10.2.0.0/16", "--no-wildcard-scopes"]).ends(0);
    verify(0, &["--address", "10.1.0.1"]);
    verify(3, &["--address", "10.2.0.1"]);
    verify(3, &["--address", "10.1.0.1", "--scope", "invoices:read"]);
    room.run(&["update", &id, "--no-deny-networks", "--set-scope", "inv*"]).ends(0);
    verify(0, &["--address", "10.2.0.1"]);
    room.run(&["update", &id, "--wildcard-scopes"]).ends(2).says("a wildcard is a scope of its own");
    room.run(&["issue", "--name", "n", "--deny-network", "10.0.0.1/8"]).ends(2);
    room.run(&["update", &id, "--wildcard-scopes", "--no-wildcard-scopes"]).ends(2);
    room.run(&["doctor"]).ends(0);
}
