//! What opens, and what is refused.

use super::*;
use crate::versions::{MasterKeyVersion, generation, version};

#[test]
fn a_keyring_opens_as_it_was_made() {
    for suite in [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305] {
        let home = Home::new();
        let made = Keyring::create(suite, home.vault, version(1), &home.keks(&[1]), now()).expect("create");
        let opened = home.open(&made, &[1]).expect("open");
        assert_eq!((opened.bytes(), &opened.stored), (made.bytes(), &made.stored));
        assert_eq!((opened.suite(), opened.vault(), opened.created_at()), (suite, home.vault, now()));
        assert_eq!((opened.active_master(), opened.active_generation()), (version(1), generation(1)));
        assert_eq!((opened.generations().collect(), opened.retiring_generation()), (vec![generation(1)], None));
        let versions: Vec<_> = opened.masters().collect();
        let fingerprint = home.masters[0].fingerprint();
        let public_key = home.keks(&[1]).public_key(version(1)).expect("configured");
        let first = KnownMasterKey {
            version: version(1),
            fingerprint,
            added_at: now(),
            retired_at: None,
            public_key,
            ended: None,
            handed_over: false,
        };
        assert_eq!(versions, [first]);
        assert_eq!(Keyring::vault_claimed_by(made.bytes()).expect("a keyring"), home.vault);
        let sealed = sealed_by(&made);
        assert!(opens(&opened, &sealed));
    }
}

#[test]
fn a_keyring_is_not_made_under_a_version_that_is_not_configured() {
    let home = Home::new();
    let made = Keyring::create(Suite::default(), home.vault, version(2), &home.keks(&[1]), now());
    assert!(matches!(made, Err(KeyringError::NotConfigured { version }) if version.get() == 2));
}

#[test]
fn any_changed_bit_of_the_row_is_refused() {
    let home = Home::new();
    let first = home.keyring();
    let second = first.with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    let keks = home.keks(&[1, 2, 3]);
    for row in [first.bytes(), second.bytes()] {
        let mut row = row.to_vec();
        assert!(Keyring::open(row.clone(), &keks).is_ok());
        for at in 0..row.len() * 8 {
            row[at / 8] ^= 1 << (at % 8);
            assert!(Keyring::open(row.clone(), &keks).is_err(), "bit {at}");
            row[at / 8] ^= 1 << (at % 8);
        }
    }
}

#[test]
fn a_row_of_another_length_is_refused() {
    let home = Home::new();
    let keyring = home.keyring();
    let row = keyring.bytes();
    for len in 0..row.len() {
        assert!(Keyring::open(row[..len].to_vec(), &home.keks(&[1])).is_err(), "{len} bytes");
    }
    for more in [vec![0], vec![0xf6], row.to_vec()] {
        assert!(Keyring::open([row, &more].concat(), &home.keks(&[1])).is_err());
    }
}

#[test]
fn a_later_format_is_named() {
    let home = Home::new();
    let mut row = home.keyring().bytes().to_vec();
    row[0] = 0;
    let opened = Keyring::open(row.clone(), &home.keks(&[1]));
    assert!(matches!(opened, Err(KeyringError::Malformed)), "no format has the number 0");
    row[0] = home.keyring().bytes()[0];
    for found in (1..=u8::MAX).filter(|byte| *byte != row[0]).collect::<Vec<_>>() {
        row[0] = found;
        let opened = Keyring::open(row.clone(), &home.keks(&[1]));
        assert!(matches!(opened, Err(KeyringError::Format { found: named }) if named == found));
    }
}

#[test]
fn rows_that_contradict_themselves_are_refused_even_when_authentic() {
    type Edit = fn(&mut Stored);
    let edits: [(&str, Edit); 14] = [
        ("unknown suite", |stored| stored.suite = 9),
        ("active master key unknown", |stored| stored.masters.truncate(0)),
        ("active generation unknown", |stored| stored.active_generation = generation(7)),
        ("generation twice", |stored| stored.generations.push(stored.generations[0].clone())),
        ("lookup key missing", |stored| stored.lookups.retain(|key| key.id == generation(1))),
        ("lookup key twice", |stored| stored.lookups.push(stored.lookups[0].clone())),
        ("a wrap under a retired master key", |stored| stored.generations[0].verify.master = version(1)),
        ("an authority wrap under a retired master key", |stored| stored.generations[0].authority.master = version(1)),
        ("an active master key that ended", |stored| stored.masters[1].ended = Some(9)),
        ("a retired master key that never ended", |stored| stored.masters[0].ended = None),
        ("master keys out of order", |stored| stored.masters.reverse()),
        ("an active master key that is not the last", |stored| stored.masters[0].version = version(3)),
        ("a public key that is none", |stored| stored.masters[0].public_key = [0; 32].into()),
        ("a wrap of an unknown suite", |stored| stored.generations[0].recover.suite = 0),
    ];
    let home = Home::new();
    let keyring =
        home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    for (what, edit) in edits {
        let opened = home.open_edited(&keyring, edit, &[1, 2]);
        assert!(matches!(opened, Err(KeyringError::Malformed)), "{what}");
    }
    assert!(home.open_edited(&keyring, |_| {}, &[1, 2]).is_ok());
    let mut body = encode(&keyring.stored);
    let sealed = |body: &[u8]| Keyring::open(keyring.seal_row(RowLabel::Keyring, body), &home.keks(&[1, 2]));
    assert!(sealed(&body).is_ok());
    let first_of_two = body.windows(5).position(|bytes| bytes == [7, 0x82, 0xa5, 0, 1]).expect("two generations");
    body[first_of_two + 4] = 0;
    assert!(matches!(sealed(&body), Err(KeyringError::Malformed)), "generation zero");
}

#[test]
fn an_edit_that_only_the_signature_can_notice_is_noticed() {
    let home = Home::new();
    let keyring = home.keyring();
    let mut stored = keyring.stored.clone();
    stored.revision += 1;
    let other = home.keyring();
    let stranger = SigningKey::derive(&SecretBytes::random().expect("random"));
    let next = home.keks(&[2]);
    for signer in [&stranger, &**next.signer(version(2)).expect("configured")] {
        let opened = Keyring::open(authenticate(signer, RowLabel::Keyring, &encode(&stored)), &home.keks(&[1]));
        assert!(matches!(opened, Err(KeyringError::Unauthentic)));
    }
    assert!(
        Keyring::open(other.seal_row(RowLabel::Keyring, &encode(&stored)), &home.keks(&[1])).is_ok(),
        "its own authority"
    );
    let elsewhere = other.seal_row(RowLabel::Head, &encode(&stored));
    assert!(
        matches!(Keyring::open(elsewhere, &home.keks(&[1])), Err(KeyringError::Unauthentic)),
        "signed as another row"
    );
}

#[test]
fn a_wrong_master_key_is_named_with_both_fingerprints() {
    let home = Home::new();
    let keyring = home.keyring();
    let [one, other] = [&home.masters[0], &home.masters[1]].map(MasterKey::fingerprint);
    let error = home.open_with(&keyring, &[(1, 2)]).err().expect("wrong key");
    let text = error.to_string();
    assert!(text.contains(&one.to_string()) && text.contains(&other.to_string()), "{text}");
    let KeyringError::WrongMasterKey { version: MasterKeyVersion::FIRST, expected, found, belongs_to: None } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!((expected, found), (one, other));
}

#[test]
fn exchanged_master_keys_are_named_with_the_version_they_belong_to() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(version(2), 5, &home.keks(&[1, 2]), now()).expect("rewrap");
    let [one, two] = [&home.masters[0], &home.masters[1]].map(MasterKey::fingerprint);
    let error = home.open_with(&keyring, &[(1, 2), (2, 1)]).err().expect("exchanged");
    assert!(error.to_string().contains("version 2"), "{error}");
    let KeyringError::WrongMasterKey { version: MasterKeyVersion::FIRST, expected, found, belongs_to } = error else {
        panic!("{error:?}")
    };
    assert_eq!((expected, found, belongs_to), (one, two, Some(version(2))));
    let error = home.open_with(&keyring, &[(2, 1)]).err().expect("retired");
    assert!(
        matches!(error, KeyringError::WrongMasterKey { version, belongs_to: Some(other), .. } if other.get() == 1 && version.get() == 2),
        "{error:?}"
    );
}

#[test]
fn a_retired_master_key_that_is_wrong_is_refused_beside_the_right_active_one() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(version(2), 5, &home.keks(&[1, 2]), now()).expect("rewrap");
    let error = home.open_with(&keyring, &[(1, 3), (2, 2)]).err().expect("wrong");
    assert!(
        matches!(error, KeyringError::WrongMasterKey { version, belongs_to: None, .. } if version.get() == 1),
        "{error:?}"
    );
}

#[test]
fn a_missing_master_key_is_named_beside_what_is_configured() {
    let home = Home::new();
    let keyring = home.keyring();
    let [one, two, three] = [0, 1, 2].map(|at| home.masters[at].fingerprint());
    let error = home.open_with(&keyring, &[(2, 2), (3, 3)]).err().expect("missing");
    let text = error.to_string();
    let expected = format!("master key 1 with fingerprint {one} is needed, and configured is 2 ({two}), 3 ({three})");
    assert_eq!(text, expected);
    let KeyringError::MissingMasterKey { version: MasterKeyVersion::FIRST, fingerprint, configured } = error else {
        panic!("{error:?}")
    };
    assert_eq!((fingerprint, configured), (one, vec![(version(2), two), (version(3), three)]));
    let error = home.open_with(&keyring, &[]).err().expect("missing");
    assert!(error.to_string().ends_with("none is configured"), "{error}");
}
