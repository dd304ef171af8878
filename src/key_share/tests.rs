use super::polynomial::VALUE_LEN;
use super::*;
use crate::master_key::{Fingerprint, Waivers};
use crate::secret::SecretBytes;
use crate::versions::version;

fn key() -> MasterKey {
    MasterKey::generate().expect("random")
}

fn split(key: &MasterKey, number: u8, threshold: u8) -> Vec<KeyShare> {
    let split = Split::new(number, threshold).version(version(7)).vault(VaultId([9; 16]));
    key.split(&split).expect("split")
}

fn copy(share: &KeyShare) -> KeyShare {
    KeyShare::parse(share.to_text().expose()).expect("a share")
}

fn picked(shares: &[KeyShare], places: &[usize]) -> Vec<KeyShare> {
    places.iter().map(|at| copy(&shares[*at])).collect()
}

fn combine(shares: &[KeyShare]) -> Result<Combined, CombineError> {
    KeyShare::combine(shares, &Waivers::none())
}

/// The same share with another value, and a check that fits.
fn forged(share: &KeyShare, at: usize) -> KeyShare {
    let value = SecretBytes::fill_with(|bytes| {
        bytes.copy_from_slice(share.value.expose());
        bytes[at] ^= 1;
        Ok::<(), ()>(())
    });
    copy(&KeyShare { set: share.set, index: share.index, value: value.expect("copied") })
}

#[test]
fn all_ten_triples_of_five_give_the_key_and_no_pair_does() {
    let key = key();
    let shares = split(&key, 5, 3);
    let (mut triples, mut pairs) = (0, 0);
    for a in 0..5 {
        for b in a + 1..5 {
            let refused = combine(&picked(&shares, &[a, b]));
            assert!(matches!(refused, Err(CombineError::TooFew { found: 2, threshold: 3, .. })), "{refused:?}");
            pairs += 1;
            for c in b + 1..5 {
                let combined = combine(&picked(&shares, &[c, a, b])).expect("three of five");
                assert!(combined.key.same_as(&key) && combined.version == version(7) && combined.wrong.is_empty());
                triples += 1;
            }
        }
    }
    assert_eq!((triples, pairs), (10, 10));
}

#[test]
fn every_threshold_and_number_gives_the_key() {
    let key = key();
    for (number, threshold) in [(2, 2), (3, 2), (7, 7), (16, 8), (255, 2), (255, 128), (255, 255)] {
        let shares = split(&key, number, threshold);
        let last = &shares[shares.len() - usize::from(threshold)..];
        assert!(combine(last).expect("enough").key.same_as(&key), "{number} {threshold}");
    }
    for (number, threshold) in [(0, 0), (1, 1), (5, 1), (3, 4), (5, 0)] {
        assert!(matches!(key.split(&Split::new(number, threshold)), Err(SplitError::Numbers { .. })));
    }
}

#[test]
fn every_changed_bit_character_and_word_of_a_share_is_refused_by_itself() {
    let share = &split(&key(), 5, 3)[0];
    let text = share.to_text();
    for at in 0..text.expose().len() {
        for bit in 0..7 {
            let mut bytes = text.expose().as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(changed) = std::str::from_utf8(&bytes) else { continue };
            assert!(KeyShare::parse(changed).is_err(), "character {at}, bit {bit}");
        }
    }
    let words: Vec<_> = share.to_words().expose().split_ascii_whitespace().map(String::from).collect();
    for at in 0..words.len() {
        for other in ["abandon", "zoo", "legal", "nothing-like-it"] {
            let mut changed = words.clone();
            changed[at] = other.into();
            assert!(changed == words || KeyShare::parse(&changed.join(" ")).is_err(), "word {at} {other}");
        }
        let mut swapped = words.clone();
        swapped.swap(at, (at + 1) % words.len());
        assert!(swapped == words || KeyShare::parse(&swapped.join(" ")).is_err(), "words {at} and the next");
    }
}

#[test]
fn a_share_reads_back_from_text_and_from_words() {
    let key = key();
    for share in split(&key, 5, 3).iter().chain(&key.split(&Split::new(2, 2)).expect("split")) {
        let (text, words) = (share.to_text(), share.to_words());
        assert_eq!((text.expose().len(), words.expose().split_ascii_whitespace().count()), (108, 56));
        let commented = format!("# for the safe\n\n  {} \n# end\n", text.expose());
        for written in [text.expose(), words.expose(), &commented, &words.expose().replace('\n', " ")] {
            let read = KeyShare::parse(written).expect("a share");
            assert!(read.set == share.set && read.index == share.index);
            assert_eq!(read.value.expose(), share.value.expose());
        }
    }
}

#[test]
fn what_is_no_share_is_named_and_never_echoed() {
    let good = split(&key(), 5, 3)[0].to_text();
    let good = good.expose();
    let cases = [
        (String::new(), KeyShareError::Empty),
        ("# nothing\n".into(), KeyShareError::Empty),
        ("canary".into(), KeyShareError::Prefix),
        ("canary canary".into(), KeyShareError::Words { found: 2 }),
        (vec!["canary"; 56].join(" "), KeyShareError::Word { at: 1 }),
        (good[..107].into(), KeyShareError::Length { found: 107 }),
        (format!("{}!", &good[..107]), KeyShareError::Alphabet),
        (format!("{good}\n{good}"), KeyShareError::Several),
        (good.to_uppercase(), KeyShareError::Prefix),
    ];
    for (text, expected) in cases {
        let error = KeyShare::parse(&text).expect_err("no share");
        assert_eq!(error, expected);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn shares_of_two_sets_never_go_together() {
    let key = key();
    let (one, two) = (split(&key, 5, 3), split(&key, 5, 3));
    let mixed = [copy(&one[0]), copy(&one[1]), copy(&two[2])];
    assert!(matches!(combine(&mixed), Err(CombineError::OtherSet { places }) if places == [2]));
    let enough = [copy(&one[0]), copy(&one[1]), copy(&one[2]), copy(&two[3])];
    assert!(matches!(combine(&enough), Err(CombineError::OtherSet { places }) if places == [3]));
}

#[test]
fn a_repeated_share_counts_once_and_is_named() {
    let key = key();
    let shares = split(&key, 5, 3);
    let refused = combine(&picked(&shares, &[0, 1, 1, 0]));
    assert!(matches!(refused, Err(CombineError::TooFew { found: 2, repeated, .. }) if repeated == [2, 3]));
    let combined = combine(&picked(&shares, &[0, 1, 1, 4])).expect("three different ones");
    assert!(combined.key.same_as(&key) && combined.repeated == [2] && combined.wrong.is_empty());
}

#[test]
fn a_forged_share_gives_no_key_and_is_found_among_more_than_enough() {
    let key = key();
    let shares = split(&key, 5, 3);
    for at in 0..VALUE_LEN {
        let few = [forged(&shares[0], at), copy(&shares[1]), copy(&shares[2])];
        assert!(matches!(combine(&few), Err(CombineError::Unproven { spare: 0 })));
        for bad in 0..5 {
            let mut all = picked(&shares, &[0, 1, 2, 3, 4]);
            all[bad] = forged(&shares[bad], at);
            let combined = combine(&all).expect("four of five are right");
            assert!(combined.key.same_as(&key) && combined.wrong == [bad], "{:?}", combined.wrong);
        }
    }
    let two = [forged(&shares[0], 3), copy(&shares[1]), copy(&shares[2]), forged(&shares[3], 4), copy(&shares[4])];
    assert_eq!(combine(&two).expect("three are right").wrong, [0, 3]);
    let beside = [forged(&shares[0], 3), copy(&shares[0]), copy(&shares[1]), copy(&shares[2])];
    assert_eq!(combine(&beside).expect("three are right").wrong, [0]);
    let three = [forged(&shares[0], 3), forged(&shares[1], 4), copy(&shares[2]), copy(&shares[3])];
    assert!(matches!(combine(&three), Err(CombineError::Unproven { spare: 1 })));
}

#[test]
fn two_forged_shares_that_cancel_out_are_found_when_more_fit_without_them() {
    // Equal changes at places whose Lagrange coefficients at 0 are equal leave the key as it is.
    let key = key();
    let shares = split(&key, 7, 3);
    for (a, b) in (0..7).flat_map(|a| (a + 1..7).map(move |b| (a, b))) {
        let mut all = picked(&shares, &[0, 1, 2, 3, 4, 5, 6]);
        (all[a], all[b]) = (forged(&shares[a], 3), forged(&shares[b], 3));
        assert_eq!(combine(&all).expect("five of seven are right").wrong, [a, b]);
    }
}

#[test]
fn a_share_that_lies_about_its_set_is_of_another() {
    let shares = split(&key(), 5, 3);
    let lies: [fn(&mut Set); 5] = [
        |set| set.threshold = 2,
        |set| set.number = 6,
        |set| set.version = version(1),
        |set| set.vault = None,
        |set| set.fingerprint = Fingerprint::from_bytes([0; 8]),
    ];
    for lie in lies {
        let mut bad = copy(&shares[2]);
        lie(&mut bad.set);
        let refused = combine(&[copy(&shares[0]), copy(&shares[1]), copy(&bad)]);
        assert!(matches!(refused, Err(CombineError::OtherSet { places }) if places == [2]));
    }
}

#[test]
fn the_search_for_a_wrong_share_is_bounded() {
    let shares = split(&key(), 40, 20);
    let bad: Vec<_> = shares.iter().map(|share| forged(share, 0)).collect();
    assert!(matches!(combine(&bad), Err(CombineError::TooManyWays { .. })));
}

#[test]
fn a_share_says_nothing_of_its_value() {
    let share = &split(&key(), 5, 3)[1];
    assert_eq!(format!("{share:?}"), format!("KeyShare(2 of 5 of set {})", share.set()));
}
