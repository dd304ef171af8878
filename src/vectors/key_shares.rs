//! The vectors of shares of master keys: made, and put together again, by the arithmetic of the second implementation.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::{file, hex, list, number, text};
use crate::key_share::{CombineError, Combined, KeyShare, KeyShareError};
use crate::master_key::{MasterKey, Waivers};

#[test]
fn shares_are_read_and_written_as_the_page_says() {
    for set in list(&vectors()["sets"]) {
        let vault = set["vault"].is_string().then(|| text(&set["vault"]).to_owned());
        for case in list(&set["shares"]) {
            let written = [text(&case["text"]), text(&case["words"])];
            let bytes = Base64UrlUnpadded::decode_vec(&written[0]["srs1-".len()..]).expect("base64");
            assert_eq!((&bytes, &bytes[41..73]), (&hex(&case["bytes"]), &*hex(&case["values"])));
            for share in written.map(|written| KeyShare::parse(written).expect("a good share")) {
                let numbers =
                    [u64::from(share.version()), share.threshold().into(), share.number().into(), share.index().into()];
                let expected = [&set["version"], &set["threshold"], &set["number"], &case["index"]].map(number);
                assert_eq!(numbers, expected, "{}", set["name"]);
                assert_eq!(
                    (share.fingerprint().to_string().as_str(), share.set().as_str()),
                    (text(&set["fingerprint"]), text(&set["set"]))
                );
                assert_eq!(share.vault().map(|vault| vault.to_string()), vault);
                assert_eq!(share.to_text().expose(), written[0]);
                let words: Vec<_> = share.to_words().expose().split_ascii_whitespace().map(str::to_owned).collect();
                assert_eq!(words.join(" "), written[1]);
            }
        }
    }
}

#[test]
fn every_choice_of_as_many_shares_as_the_threshold_gives_the_key_of_the_page() {
    let mut combined = 0;
    for set in list(&vectors()["sets"]) {
        let texts: Vec<_> = list(&set["shares"]).iter().map(|case| text(&case["text"])).collect();
        let threshold = usize::try_from(number(&set["threshold"])).expect("small");
        for choice in 0_u32..1 << texts.len() {
            let chosen: Vec<_> = (0..texts.len()).filter(|at| choice >> at & 1 == 1).map(|at| texts[at]).collect();
            match put_together(&chosen) {
                Ok(Combined { key, version, wrong, .. }) => {
                    assert!(chosen.len() >= threshold && wrong.is_empty(), "{}", set["name"]);
                    assert!(key.same_as(&MasterKey::parse(text(&set["master_key"])).expect("a good key")));
                    assert_eq!(u64::from(version), number(&set["version"]));
                    combined += 1;
                }
                Err(CombineError::None) => assert_eq!(chosen.len(), 0),
                Err(CombineError::TooFew { found, .. }) => assert!(found == chosen.len() && found < threshold),
                Err(error) => panic!("{}: {error}", set["name"]),
            }
        }
    }
    // Of 3 of 5 there are 16, of 2 of 2 there is one, and of 4 of the 6 that are at hand there are 22.
    assert_eq!(combined, 16 + 1 + 22);
}

#[test]
fn shares_are_read_however_they_were_kept() {
    let vectors = vectors();
    for case in list(&vectors["spellings"]) {
        let at = usize::try_from(number(&case["share"])).expect("small");
        let share = KeyShare::parse(text(&case["text"])).expect("a good share");
        assert_eq!(share.to_text().expose(), text(&vectors["sets"][0]["shares"][at]["text"]), "{}", case["what"]);
    }
}

#[test]
fn a_share_with_one_thing_broken_is_not_read() {
    for case in list(&vectors()["bad"]) {
        let error = KeyShare::parse(text(&case["text"])).err();
        let name = match error.unwrap_or_else(|| panic!("{} went unnoticed", case["broken"])) {
            KeyShareError::Alphabet => "alphabet",
            KeyShareError::Check => "check",
            KeyShareError::Empty => "empty",
            KeyShareError::Format { .. } => "format",
            KeyShareError::Length { .. } => "length",
            KeyShareError::Malformed => "malformed",
            KeyShareError::Prefix => "prefix",
            KeyShareError::Several => "several",
            KeyShareError::Word { .. } => "word",
            KeyShareError::Words { .. } => "words",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn shares_go_together_as_the_page_says_and_in_no_other_way() {
    let vectors = vectors();
    let key = MasterKey::parse(text(&vectors["sets"][0]["master_key"])).expect("a good key");
    for case in list(&vectors["together"]) {
        let texts: Vec<_> = list(&case["texts"]).iter().map(text).collect();
        let name = match put_together(&texts) {
            Ok(combined) => {
                assert!(combined.key.same_as(&key), "{}", case["what"]);
                let wrong: Vec<_> = list(&case["wrong"]).iter().map(number).collect();
                assert_eq!(combined.wrong.iter().map(|at| *at as u64).collect::<Vec<_>>(), wrong, "{}", case["what"]);
                None
            }
            Err(CombineError::OtherSet { .. }) => Some("other-set"),
            Err(CombineError::TooFew { .. }) => Some("too-few"),
            Err(CombineError::Unproven { .. }) => Some("unproven"),
            Err(error) => panic!("{}: {error}", case["what"]),
        };
        assert_eq!(name, case["error"].as_str(), "{}", case["what"]);
    }
}

fn put_together(texts: &[&str]) -> Result<Combined, CombineError> {
    let shares: Vec<_> = texts.iter().map(|text| KeyShare::parse(text).expect("a good share")).collect();
    KeyShare::combine(&shares, &Waivers::none())
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/key_shares.json"))
}
