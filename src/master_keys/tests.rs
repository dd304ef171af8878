use super::*;
use crate::key_list::ListError;
use crate::master_key::MasterKey;
use crate::versions::version;

fn text() -> String {
    MasterKey::generate().expect("random").to_text().expose().to_owned()
}

fn versions(keys: &MasterKeys) -> Vec<u32> {
    keys.versions().map(|(version, _)| version.get()).collect()
}

/// A source of the caller's own.
struct Given(&'static str, String);

impl MasterKeySource for Given {
    fn origin(&self) -> Origin {
        Origin::Other(self.0.into())
    }

    fn read(&self) -> Result<Option<MasterKeys>, MasterKeysError> {
        (!self.1.is_empty()).then(|| MasterKeys::parse_from(&self.1, &self.origin(), &Waivers::none())).transpose()
    }
}

fn together(sources: &[&Given]) -> Result<MasterKeys, MasterKeysError> {
    MasterKeys::from_sources(sources.iter().map(|source| *source as &dyn MasterKeySource))
}

#[test]
fn entries_may_be_separated_by_commas_and_white_space_or_be_json() {
    let (one, two, three) = (text(), text(), text());
    let keys = MasterKeys::parse(&format!("\n1:{one},2:{two}\n\t10:{three}\n")).expect("good");
    assert_eq!(versions(&keys), [1, 2, 10]);
    assert_eq!(versions(&MasterKeys::parse(&format!("{one}\n")).expect("bare")), [1]);
    let json = MasterKeys::parse(&format!(r#"{{"2": "{two}", "1": "{one}"}}"#)).expect("JSON");
    assert_eq!(versions(&json), [1, 2]);
    assert!(json.key(version(2)).expect("there").same_as(keys.key(version(2)).expect("there")));
}

#[test]
fn every_malformed_list_is_refused() {
    let (one, two) = (text(), text());
    let cases = [
        ("empty", " ,\n".to_owned()),
        ("two bare keys", format!("{one} {two}")),
        ("a bare key after an entry", format!("1:{one} {two}")),
        ("version 0", format!("0:{one}")),
        ("version with a zero in front", format!("01:{one}")),
        ("version with a sign", format!("+1:{one}")),
        ("version too large", format!("4294967296:{one}")),
        ("no version", format!(":{one}")),
        ("the same version twice", format!("1:{one} 1:{two}")),
        ("the same key twice", format!("1:{one} 2:{one}")),
        ("a weak key", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        ("a quote that is not closed", format!("\"1:{one}")),
        ("JSON with the same version twice", format!(r#"{{"1":"{one}","1":"{two}"}}"#)),
        ("JSON with the same key twice", format!(r#"{{"1":"{one}","2":"{one}"}}"#)),
        ("JSON with white space in a key", format!(r#"{{"1":" {one}"}}"#)),
        ("JSON with an escape in a key", format!(r#"{{"1":"\u0041{}"}}"#, &one[1..])),
        ("a JSON list", format!(r#"["{one}"]"#)),
    ];
    for (what, text) in cases {
        let error = MasterKeys::parse(&text).expect_err(what);
        assert!(!format!("{error} {error:?}").contains(&one[..8]), "{what} echoes the key");
    }
}

#[test]
fn a_version_from_two_sources_and_a_key_under_two_versions_name_both_sources() {
    let (one, two) = (text(), text());
    let (first, none) = (Given("the safe", format!("1:{one}")), Given("the drawer", String::new()));
    let keys = together(&[&first, &none, &Given("the vault", format!("2:{two}"))]).expect("two sources");
    assert_eq!(versions(&keys), [1, 2]);
    assert_eq!(keys.origin(version(2)), Some(&Origin::Other("the vault".into())));
    let twice = together(&[&first, &Given("the shelf", format!("1:{two}"))]).expect_err("twice");
    assert_eq!(twice.to_string(), "master key 1 is given twice: in the safe and in the shelf");
    // The same key under the same version is no better: nobody can tell which one counts when one is changed.
    assert!(matches!(together(&[&first, &first]), Err(MasterKeysError::Twice { version, .. }) if version.get() == 1));
    let same = together(&[&first, &Given("the shelf", format!("2:{one}"))]).expect_err("the same key");
    assert_eq!(same.to_string(), "master keys 1 and 2 are the same key (in the safe and in the shelf)");
    let inside = MasterKeys::parse(&format!("1:{one} 1:{two}")).expect_err("twice");
    assert_eq!(inside.to_string(), "master key 1 is given twice: both in the list of keys");
    assert!(matches!(together(&[&none]), Err(MasterKeysError::NotSet)));
}

#[test]
fn errors_name_the_source_and_the_entry() {
    let shelf = |text: &str| together(&[&Given("the shelf", text.to_owned())]).expect_err("malformed").to_string();
    assert_eq!(shelf(" "), "the shelf is no list of master keys: it is empty");
    assert_eq!(shelf("a b"), "the shelf is no list of master keys: entry 1 is not VERSION:KEY");
    assert!(shelf(&format!("1:{} 2:x", text())).starts_with("entry 2 of the shelf: a master key is 44 characters"));
    assert_eq!(shelf("1:srv1-x"), "entry 1 of the shelf is a verifier key, and no master key");
    let list = MasterKeys::parse("").expect_err("empty");
    assert!(matches!(list, MasterKeysError::List { origin: Origin::Text, fault: ListError::Empty }));
}
