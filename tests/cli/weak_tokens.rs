//! `import` of tokens that can be guessed.

use serde_json::Value;

use crate::running::{Room, text};

const LINES: &str = r#"{"token": "acme_9m83fei8pNM5igsr4MGeVKFk", "name": "strong"}
{"token": "summer-2024", "name": "weak"}
{"token": "000001", "name": "weaker"}
"#;

#[test]
fn weak_tokens_are_refused_with_the_next_command_and_let_in_with_a_reason() {
    let room = Room::new();
    let import = |more: &[&str]| room.run(&[&["import", "-"], more].concat()).stdin(LINES);
    let refused = import(&["--json"]).ends(2).says("--allow-weak --reason TEXT");
    let told: Value = serde_json::from_str(&refused.err).expect("JSON");
    assert_eq!((text(&told["code"]).as_str(), refused.out.as_str()), ("import-weak", ""));
    let message = text(&told["message"]);
    assert!(message.starts_with("line 2: the token can be guessed: it has ") && message.ends_with("80 are the least"));
    import(&["--allow-weak"]).ends(2).says("--reason");
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["records"], 0);

    room.run(&["policy", "set", "--min-import-bits", "80", "--reason", "r"]).ends(0);
    let given = ["--allow-weak", "--reason", "OPS-7", "--exempt-from-policy", "--json"];
    let refused = import(&given).ends(2).says("strongroom policy show");
    assert_eq!(serde_json::from_str::<Value>(&refused.err).expect("JSON")["code"], "policy-strength");
    room.run(&["policy", "set", "--min-import-bits", "300", "--reason", "r"]).ends(2).says("1 to 256");
    let shown = room.run(&["policy", "show", "--json"]).ends(0).json();
    assert_eq!(shown["min_import_bits"], 80);
    assert!(room.run(&["policy", "show"]).ends(0).out.contains("imported tokens have at least"));
    assert!(room.run(&["status"]).ends(0).out.contains("imported tokens of 80 bits or more"));
    room.run(&["policy", "set", "--no-min-import-bits", "--reason", "r"]).ends(0);

    let ran = import(&["--allow-weak", "--reason", "OPS-7", "--json"]).ends(0);
    let documents = ran.json_lines();
    let [ids, report] = &documents[..] else { panic!("{documents:?}") };
    assert_eq!(
        (ids["ids"].as_array().map(Vec::len), &report["imported"], &report["weak"]),
        (Some(3), &3.into(), &2.into())
    );
    let entries = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    let weak: Vec<_> = entries.iter().filter(|entry| entry["counts"]["weak"] == 1).collect();
    assert_eq!(weak.len(), 2);
    assert!(weak.iter().all(|entry| entry["action"] == "import" && entry["reason"] == "OPS-7"));
    room.run(&["verify"]).stdin("summer-2024").ends(0);
    // Known ones are named as such, weak or not.
    import(&[])
        .ends(2)
        .says("line 1: an API key with this token is in the vault already")
        .says("nothing is left to do");
}

#[test]
fn without_json_a_warning_says_how_many_can_be_guessed() {
    let room = Room::new();
    let import = |lines: &str| room.run(&["import", "-", "--allow-weak", "--reason", "r"]).stdin(lines);
    import(LINES).ends(0).says("warning: 2 tokens can be guessed").says("strongroom reissue");
    let strong = import(r#"{"token": "acme_KJx3wQ9vTz7LmRb2YpHdNs5c", "name": "strong"}"#).ends(0);
    assert!(!strong.err.contains("guessed"), "{}", strong.err);
}
