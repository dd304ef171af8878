use super::*;
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::suite::Tag;
use crate::verifier_key::VerifierKey;
use crate::verifier_keys::VerifierKeys;

#[test]
fn a_keyring_opens_as_it_was_made() {
    for suite in [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305] {
        let home = Home::new();
        let made = Keyring::create(suite, home.vault, 1, &home.keks(&[1]), now()).expect("create");
        let opened = home.open(&made, &[1]).expect("open");
        assert_eq!((opened.bytes(), &opened.stored), (made.bytes(), &made.stored));
        assert_eq!((opened.suite(), opened.vault(), opened.created_at()), (suite, home.vault, now()));
        assert_eq!((opened.active_master(), opened.active_generation()), (1, 1));
        assert_eq!((opened.generations().collect(), opened.retiring_generation()), (vec![1], None));
        let versions: Vec<_> = opened.masters().collect();
        let fingerprint = home.masters[0].fingerprint();
        assert_eq!(versions, [MasterKeyVersion { version: 1, fingerprint, added_at: now(), retired_at: None }]);
        assert_eq!(Keyring::vault_claimed_by(made.bytes()).expect("a keyring"), home.vault);
        let sealed = sealed_by(&made);
        assert!(opens(&opened, &sealed));
    }
}

#[test]
fn a_keyring_is_not_made_under_a_version_that_is_not_configured() {
    let home = Home::new();
    let made = Keyring::create(Suite::default(), home.vault, 2, &home.keks(&[1]), now());
    assert!(matches!(made, Err(KeyringError::NotConfigured { version: 2 })));
}

#[test]
fn any_changed_bit_of_the_row_is_refused() {
    let home = Home::new();
    let first = home.keyring();
    let second = first.with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
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
    for found in (0..=u8::MAX).filter(|byte| *byte != row[0]).collect::<Vec<_>>() {
        row[0] = found;
        let opened = Keyring::open(row.clone(), &home.keks(&[1]));
        assert!(matches!(opened, Err(KeyringError::Format { found: named }) if named == found));
    }
}

#[test]
fn rows_that_contradict_themselves_are_refused_even_when_authentic() {
    type Edit = fn(&mut Stored);
    let edits: [(&str, Edit); 9] = [
        ("unknown suite", |stored| stored.suite = 9),
        ("active master key unknown", |stored| stored.masters.truncate(0)),
        ("active generation unknown", |stored| stored.active_generation = 7),
        ("generation twice", |stored| stored.generations.push(stored.generations[0].clone())),
        ("generation zero", |stored| stored.generations[0].id = 0),
        ("lookup key missing", |stored| stored.lookups.retain(|key| key.id == 1)),
        ("lookup key twice", |stored| stored.lookups.push(stored.lookups[0].clone())),
        ("a wrap under a retired master key", |stored| stored.generations[0].verify.master = 1),
        ("a wrap of an unknown suite", |stored| stored.generations[0].recover.suite = 0),
    ];
    let home = Home::new();
    let keyring = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    for (what, edit) in edits {
        let opened = home.open_edited(&keyring, edit, &[1, 2]);
        assert!(matches!(opened, Err(KeyringError::Malformed)), "{what}");
    }
    assert!(home.open_edited(&keyring, |_| {}, &[1, 2]).is_ok());
}

#[test]
fn an_edit_that_only_the_mac_can_notice_is_noticed() {
    let home = Home::new();
    let keyring = home.keyring();
    let mut stored = keyring.stored.clone();
    stored.revision += 1;
    let other = home.keyring();
    for key in [&other.active().rows, &keyring.active().record_set] {
        let opened = Keyring::open(stored.to_row(key), &home.keks(&[1]));
        assert!(matches!(opened, Err(KeyringError::Unauthentic)));
    }
}

#[test]
fn a_wrong_master_key_is_named_with_both_fingerprints() {
    let home = Home::new();
    let keyring = home.keyring();
    let [one, other] = [&home.masters[0], &home.masters[1]].map(MasterKey::fingerprint);
    let error = home.open_with(&keyring, &[(1, 2)]).err().expect("wrong key");
    let text = error.to_string();
    assert!(text.contains(&one.to_string()) && text.contains(&other.to_string()), "{text}");
    let KeyringError::WrongMasterKey { version: 1, expected, found, belongs_to: None } = error else {
        panic!("{error:?}")
    };
    assert_eq!((expected, found), (one, other));
}

#[test]
fn exchanged_master_keys_are_named_with_the_version_they_belong_to() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(2, &home.keks(&[1, 2]), now()).expect("rewrap");
    let [one, two] = [&home.masters[0], &home.masters[1]].map(MasterKey::fingerprint);
    let error = home.open_with(&keyring, &[(1, 2), (2, 1)]).err().expect("exchanged");
    assert!(error.to_string().contains("version 2"), "{error}");
    let KeyringError::WrongMasterKey { version: 1, expected, found, belongs_to: Some(2) } = error else {
        panic!("{error:?}")
    };
    assert_eq!((expected, found), (one, two));
    let error = home.open_with(&keyring, &[(2, 1)]).err().expect("retired");
    assert!(matches!(error, KeyringError::WrongMasterKey { version: 2, belongs_to: Some(1), .. }), "{error:?}");
}

#[test]
fn a_retired_master_key_that_is_wrong_is_refused_beside_the_right_active_one() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(2, &home.keks(&[1, 2]), now()).expect("rewrap");
    let error = home.open_with(&keyring, &[(1, 3), (2, 2)]).err().expect("wrong");
    assert!(matches!(error, KeyringError::WrongMasterKey { version: 1, belongs_to: None, .. }), "{error:?}");
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
    let KeyringError::MissingMasterKey { version: 1, fingerprint, configured } = error else { panic!("{error:?}") };
    assert_eq!((fingerprint, configured), (one, vec![(2, two), (3, three)]));
    let error = home.open_with(&keyring, &[]).err().expect("missing");
    assert!(error.to_string().ends_with("none is configured"), "{error}");
}

#[test]
fn after_a_rotation_only_the_new_master_key_opens() {
    let home = Home::new();
    let before = home.keyring();
    let old = sealed_by(&before);
    let after = before.with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    assert_eq!((after.active_master(), after.active_generation(), after.retiring_generation()), (2, 2, Some(1)));
    let missing = home.open(&after, &[1]).err().expect("the old master key alone");
    assert!(matches!(missing, KeyringError::MissingMasterKey { version: 2, .. }), "{missing:?}");
    let opened = home.open(&after, &[2]).expect("the new master key alone");
    let new = sealed_by(&opened);
    assert!(opens(&opened, &old), "what the old generation sealed opens under the new master key");
    assert!(opens(&opened, &new));
    assert!(!opens(&before, &new));
    let retired: Vec<_> = opened.masters().map(|master| master.retired_at.is_some()).collect();
    assert_eq!(retired, [true, false]);
}

#[test]
fn after_a_rotation_no_wrap_opens_under_the_old_master_key() {
    let home = Home::new();
    let after = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    // The old key in the place of the new one: past the fingerprints, straight to the wraps.
    let keks = home.keks_with(&[(2, 1)]);
    for generation in &after.stored.generations {
        for (wrap, purpose) in [(&generation.verify, Purpose::Verify), (&generation.recover, Purpose::Recover)] {
            assert!(keks.unwrap(wrap, home.vault, generation.id, purpose).is_err());
        }
    }
    for lookup in &after.stored.lookups {
        assert!(keks.unwrap(&lookup.wrap, home.vault, lookup.id, Purpose::Lookup).is_err());
    }
}

#[test]
fn a_rotation_needs_both_master_keys() {
    let home = Home::new();
    let keyring = home.keyring();
    for (given, missing) in [([1], 2), ([2], 1)] {
        for next in [
            keyring.with_next_generation(2, &home.keks(&given), now()),
            keyring.rewrapped(2, &home.keks(&given), now()),
        ] {
            assert!(matches!(next, Err(KeyringError::NotConfigured { version }) if version == missing));
        }
    }
}

#[test]
fn a_generation_may_start_under_the_same_master_key() {
    let home = Home::new();
    let keyring = home.keyring();
    let next = keyring.with_next_generation(1, &home.keks(&[1]), now()).expect("next");
    let opened = home.open(&next, &[1]).expect("open");
    assert_eq!((opened.active_master(), opened.active_generation(), opened.masters().count()), (1, 2, 1));
}

#[test]
fn a_retired_version_or_key_is_not_taken_again() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(2, &home.keks(&[1, 2]), now()).expect("rewrap");
    let attempt = |to, keks: &KeyEncryptionKeys| {
        let (rotated, rewrapped) = (keyring.with_next_generation(to, keks, now()), keyring.rewrapped(to, keks, now()));
        [rotated, rewrapped].map(|next| next.err().expect("refused"))
    };
    for error in attempt(1, &home.keks(&[1, 2])) {
        assert!(matches!(error, KeyringError::RetiredVersion { version: 1 }), "{error:?}");
    }
    for (key, version) in [(1, 1), (2, 2)] {
        for error in attempt(3, &home.keks_with(&[(3, key)])) {
            let same = matches!(error, KeyringError::RetiredKey { version: 3, used_as } if used_as == version);
            assert!(same, "{error:?}");
        }
    }
}

#[test]
fn a_rewrap_keeps_every_data_key() {
    let home = Home::new();
    let before = home.keyring();
    let sealed = sealed_by(&before);
    let after = before.rewrapped(2, &home.keks(&[1, 2]), now()).expect("rewrap");
    let opened = home.open(&after, &[2]).expect("open");
    assert_eq!((opened.active_master(), opened.active_generation(), opened.retiring_generation()), (2, 1, None));
    assert!(opens(&opened, &sealed));
    assert!(opens(&before, &sealed_by(&opened)));
    assert_eq!(opened.active_lookup().1.index("token"), before.active_lookup().1.index("token"));
    assert_eq!(opened.active().rows.mac(&[b"row"]), before.active().rows.mac(&[b"row"]));
    assert!(matches!(home.open(&after, &[1]), Err(KeyringError::MissingMasterKey { version: 2, .. })));
}

#[test]
fn every_change_makes_a_row_that_was_never_there_before() {
    let home = Home::new();
    let keyring = home.keyring();
    let rows = [(); 3].map(|()| keyring.rewrapped(1, &home.keks(&[1]), now()).expect("rewrap").bytes().to_vec());
    assert!(rows[0] != rows[1] && rows[1] != rows[2] && rows[0] != rows[2]);
    assert!(rows.iter().all(|row| row != keyring.bytes()));
}

#[test]
fn a_dropped_generation_opens_nothing_any_more() {
    let home = Home::new();
    let keks = home.keks(&[1, 2]);
    let first = home.keyring();
    let old = sealed_by(&first);
    let both = first.with_next_generation(2, &keks, now()).expect("rotate");
    let new = sealed_by(&both);
    let only = both.without_generation(1, &BTreeMap::new(), &keks).expect("drop");
    let opened = home.open(&only, &[2]).expect("open");
    assert_eq!((opened.generations().collect(), opened.retiring_generation()), (vec![2], None));
    assert!(opened.generation(1).is_none());
    assert!(opens(&opened, &new) && !opens(&opened, &old));
    let next = opened.with_next_generation(3, &home.keks(&[2, 3]), now()).expect("rotate again");
    assert_eq!(next.active_generation(), 3, "ids of generations are not used twice");
}

#[test]
fn the_active_generation_cannot_be_dropped() {
    let home = Home::new();
    let dropped = home.keyring().without_generation(1, &BTreeMap::new(), &home.keks(&[1]));
    assert!(matches!(dropped, Err(KeyringError::Malformed)));
}

#[test]
fn a_third_generation_is_refused_while_one_is_retiring() {
    let home = Home::new();
    let two = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    let three = two.with_next_generation(3, &home.keks(&[2, 3]), now());
    assert!(matches!(three, Err(KeyringError::Malformed)), "a row that nobody could open again");
}

#[test]
fn a_retired_lookup_key_stays_while_rows_need_it() {
    let home = Home::new();
    let keks = home.keks(&[1, 2]);
    let first = home.keyring();
    let both = first.with_next_generation(2, &keks, now()).expect("rotate");
    assert_eq!(both.lookups().map(|(id, _)| id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(both.active_lookup().0, 2);
    let kept = both.without_generation(1, &BTreeMap::from([(1, 3)]), &keks).expect("drop");
    let opened = home.open(&kept, &[2]).expect("open");
    assert_eq!((opened.lookups().map(|(id, _)| id).collect::<Vec<_>>(), opened.stale_lookup_rows()), (vec![2, 1], 3));
    let (_, stale) = opened.lookups().last().expect("two");
    assert_eq!(stale.index("token"), first.active_lookup().1.index("token"));
    for rows in [BTreeMap::new(), BTreeMap::from([(1, 0)])] {
        let dropped = both.without_generation(1, &rows, &keks).expect("drop");
        assert_eq!((dropped.lookups().count(), dropped.stale_lookup_rows()), (1, 0));
    }
}

#[test]
fn lookup_keys_tell_tokens_rows_and_generations_apart() {
    let home = Home::new();
    let keyring = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    let keys: Vec<_> = keyring.lookups().map(|(_, key)| key).collect();
    let index = keys[0].index("token");
    assert_eq!(index, keys[0].index("token"));
    assert_ne!(index, keys[0].index("tokem"));
    assert_ne!(index, keys[1].index("token"));
    assert_ne!(keys[0].tag(&index, b"a"), keys[0].tag(&index, b"b"));
    assert_ne!(keys[0].tag(&index, b"a"), keys[1].tag(&index, b"a"));
}

#[test]
fn wraps_exchanged_between_purposes_or_generations_do_not_open() {
    type Edit = fn(&mut Stored);
    let edits: [(&str, Edit); 6] = [
        ("verify and recover", |stored| {
            let generation = &mut stored.generations[0];
            std::mem::swap(&mut generation.verify, &mut generation.recover);
        }),
        ("verify and lookup", |stored| {
            std::mem::swap(&mut stored.generations[0].verify, &mut stored.lookups[0].wrap);
        }),
        ("recover and lookup", |stored| {
            std::mem::swap(&mut stored.generations[0].recover, &mut stored.lookups[0].wrap);
        }),
        ("verify of two generations", |stored| {
            let [first, second] = stored.generations.as_mut_slice() else { panic!("two generations") };
            std::mem::swap(&mut first.verify, &mut second.verify);
        }),
        ("recover of two generations", |stored| {
            let [first, second] = stored.generations.as_mut_slice() else { panic!("two generations") };
            std::mem::swap(&mut first.recover, &mut second.recover);
        }),
        ("lookup of two generations", |stored| {
            let [first, second] = stored.lookups.as_mut_slice() else { panic!("two lookup keys") };
            std::mem::swap(&mut first.wrap, &mut second.wrap);
        }),
    ];
    let home = Home::new();
    let keyring = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    for (what, edit) in edits {
        let opened = home.open_edited(&keyring, edit, &[2]);
        assert!(matches!(opened, Err(KeyringError::Unwrap { generation: 1 })), "{what}");
    }
}

#[test]
fn wraps_of_another_vault_do_not_open() {
    let home = Home::new();
    let elsewhere = Home { vault: VaultId::random().expect("random"), masters: home.masters.each_ref().map(copy) };
    let (keyring, foreign) = (home.keyring(), elsewhere.keyring().stored);
    let opened = home.open_edited(&keyring, |stored| stored.generations = foreign.generations.clone(), &[1]);
    assert!(matches!(opened, Err(KeyringError::Unwrap { generation: 1 })));
    let opened = home.open_edited(&keyring, |stored| stored.lookups = foreign.lookups.clone(), &[1]);
    assert!(matches!(opened, Err(KeyringError::Unwrap { generation: 1 })));
}

#[test]
fn a_keyring_moved_to_another_vault_does_not_open() {
    let home = Home::new();
    let keyring = home.keyring();
    let mut stored = keyring.stored.clone();
    let elsewhere = VaultId::random().expect("random");
    stored.vault = elsewhere.0.into();
    let row = stored.to_row(&keyring.active().rows);
    for vault in [home.vault, elsewhere] {
        let keks = KeyEncryptionKeys::derive(&keys(&[(1, &home.masters[0])]), vault);
        assert!(matches!(Keyring::open(row.clone(), &keks), Err(KeyringError::Unwrap { generation: 1 })));
    }
    let keks = KeyEncryptionKeys::derive(&keys(&[(1, &home.masters[0])]), elsewhere);
    assert!(matches!(Keyring::open(keyring.bytes().to_vec(), &keks), Err(KeyringError::Unwrap { generation: 1 })));
}

#[test]
fn a_wrap_under_another_master_key_version_does_not_open() {
    let home = Home::new();
    let keyring = home.keyring();
    // The same key under two versions: only the bound version tells the wraps apart.
    let keks = home.keks_with(&[(1, 1)]);
    let mut wrap = keyring.stored.generations[0].verify.clone();
    assert!(keks.unwrap(&wrap, home.vault, 1, Purpose::Verify).is_ok());
    wrap.master = 2;
    let keks = home.keks_with(&[(2, 1)]);
    assert!(matches!(keks.unwrap(&wrap, home.vault, 1, Purpose::Verify), Err(KeyringError::Unwrap { generation: 1 })));
}

#[test]
fn a_row_opens_under_its_own_label_and_generation_alone() {
    let home = Home::new();
    let keyring = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    let labels = [RowLabel::Head, RowLabel::Keyring, RowLabel::Rotation];
    for label in labels {
        let mut row = keyring.active().seal_row(label, &encode(&7_u32));
        let opened = keyring.active().open_row(label, &row).and_then(|body| body.decode::<u32>());
        assert_eq!(opened, Ok(7));
        for other in labels.into_iter().filter(|other| *other != label) {
            assert_eq!(keyring.active().open_row(other, &row).err(), Some(RowError::Unauthentic));
        }
        assert_eq!(keyring.generations[&1].open_row(label, &row).err(), Some(RowError::Unauthentic));
        for at in 0..row.len() * 8 {
            row[at / 8] ^= 1 << (at % 8);
            assert!(keyring.active().open_row(label, &row).is_err(), "bit {at}");
            row[at / 8] ^= 1 << (at % 8);
        }
        for len in 0..row.len() {
            assert!(keyring.active().open_row(label, &row[..len]).is_err(), "{len} bytes");
        }
    }
}

#[test]
fn the_data_keys_of_purposes_suites_and_generations_differ() {
    let home = Home::new();
    let keyring = home.keyring().with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    let generations = keyring.generations.values();
    let ciphers: Vec<_> = generations
        .flat_map(|generation| [&generation.verify, generation.recover()])
        .flat_map(|key| [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305].map(|suite| key.cipher(suite)))
        .collect();
    for (at, sealing) in ciphers.iter().enumerate() {
        let mut buffer = *b"text";
        let tag = sealing.seal(&[0; 24], &[], &mut buffer).expect("short");
        for (other, opening) in ciphers.iter().enumerate() {
            let opened = opening.open(&[0; 24], &[], &buffer, &tag, &mut [0; 4]);
            assert_eq!(opened.is_ok(), at == other, "{at} {other}");
        }
    }
}

#[test]
fn a_keyring_opened_with_verifier_keys_holds_no_recover_key() {
    let home = Home::new();
    let one = home.keyring();
    let two = one.with_next_generation(2, &home.keks(&[1, 2]), now()).expect("rotate");
    for (keyring, version) in [(&one, 1), (&two, 2)] {
        let keks = home.verifier_keks(&[version]);
        assert!(keks.versions.values().all(|keys| keys.recover.is_none()) && !keks.can_recover());
        let opened = Keyring::open(keyring.bytes().to_vec(), &keks).expect("open");
        assert_eq!(opened.generations().collect::<Vec<_>>(), keyring.generations().collect::<Vec<_>>());
        for generation in &opened.stored.generations {
            assert!(opened.generations[&generation.id].recover.is_none());
            let unwrapped = keks.unwrap(&generation.recover, home.vault, generation.id, Purpose::Recover);
            assert!(matches!(unwrapped, Err(KeyringError::VerifierOnly)));
            // Nor does the key that is there open the other wrap.
            let crossed = keks.unwrap(&generation.recover, home.vault, generation.id, Purpose::Verify);
            assert!(matches!(crossed, Err(KeyringError::Unwrap { .. })));
        }
    }
    // Right in every name, and wrong in what counts: the commitment tells.
    let (mut keys, other) = (VerifierKeys::default(), SecretBytes::random().expect("random"));
    let posing = VerifierKey::of(home.vault, home.masters[0].fingerprint(), &other);
    keys.insert(1, posing).expect("a version");
    let posing = KeyEncryptionKeys::of_verifier(keys, home.vault).expect("it names this vault");
    assert!(matches!(Keyring::open(one.bytes().to_vec(), &posing), Err(KeyringError::Unwrap { generation: 1 })));
    // It makes no keyring either.
    let made = one.rewrapped(1, &home.verifier_keks(&[1]), now());
    assert!(matches!(made, Err(KeyringError::VerifierOnly)));
}

#[test]
fn a_keyring_opened_with_verifier_keys_is_authenticated_all_the_same() {
    let home = Home::new();
    let (mut row, keks) = (home.keyring().bytes().to_vec(), home.verifier_keks(&[1, 2, 3]));
    assert!(Keyring::open(row.clone(), &keks).is_ok());
    for at in 0..row.len() * 8 {
        row[at / 8] ^= 1 << (at % 8);
        assert!(Keyring::open(row.clone(), &keks).is_err(), "bit {at}");
        row[at / 8] ^= 1 << (at % 8);
    }
}

/// A vault id and three master keys, numbered from 1.
struct Home {
    vault: VaultId,
    masters: [MasterKey; 3],
}

impl Home {
    fn new() -> Self {
        let masters = [(); 3].map(|()| MasterKey::generate().expect("random"));
        Self { vault: VaultId::random().expect("random"), masters }
    }

    /// Key-encryption keys of these versions, each with its own master key.
    fn keks(&self, versions: &[u32]) -> KeyEncryptionKeys {
        let given: Vec<_> = versions.iter().map(|version| (*version, *version)).collect();
        self.keks_with(&given)
    }

    /// For each version, the number of the master key that is configured for it.
    fn keks_with(&self, given: &[(u32, u32)]) -> KeyEncryptionKeys {
        let given: Vec<_> =
            given.iter().map(|(version, number)| (*version, &self.masters[*number as usize - 1])).collect();
        KeyEncryptionKeys::derive(&keys(&given), self.vault)
    }

    /// What the verifier keys of these versions are enough for.
    fn verifier_keks(&self, versions: &[u32]) -> KeyEncryptionKeys {
        let mut keys = VerifierKeys::default();
        for version in versions {
            let key = VerifierKey::derive(&self.masters[*version as usize - 1], self.vault);
            keys.insert(*version, key).expect("versions differ");
        }
        KeyEncryptionKeys::of_verifier(keys, self.vault).expect("of this vault")
    }

    fn keyring(&self) -> Keyring {
        Keyring::create(Suite::default(), self.vault, 1, &self.keks(&[1]), now()).expect("create")
    }

    fn open(&self, keyring: &Keyring, versions: &[u32]) -> Result<Keyring, KeyringError> {
        Keyring::open(keyring.bytes().to_vec(), &self.keks(versions))
    }

    fn open_with(&self, keyring: &Keyring, given: &[(u32, u32)]) -> Result<Keyring, KeyringError> {
        Keyring::open(keyring.bytes().to_vec(), &self.keks_with(given))
    }

    /// Opens what someone who had the MAC key could have written.
    fn open_edited(
        &self,
        keyring: &Keyring,
        edit: impl FnOnce(&mut Stored),
        versions: &[u32],
    ) -> Result<Keyring, KeyringError> {
        let mut stored = keyring.stored.clone();
        edit(&mut stored);
        Keyring::open(stored.to_row(&keyring.active().rows), &self.keks(versions))
    }
}

fn keys(given: &[(u32, &MasterKey)]) -> MasterKeys {
    let mut keys = MasterKeys::default();
    for (version, key) in given {
        keys.insert(*version, copy(key)).expect("versions and keys differ");
    }
    keys
}

fn copy(key: &MasterKey) -> MasterKey {
    MasterKey::parse(key.to_text().expose()).expect("its own text")
}

/// A text sealed by both data keys of a generation.
struct Sealed {
    generation: u32,
    parts: [([u8; 4], Tag); 2],
}

fn sealed_by(keyring: &Keyring) -> Sealed {
    let parts = [&keyring.active().verify, keyring.active().recover()].map(|key| {
        let mut text = *b"text";
        let tag = key.cipher(keyring.suite()).seal(&[0; 24], &[], &mut text).expect("short");
        (text, tag)
    });
    Sealed { generation: keyring.active_generation(), parts }
}

fn opens(keyring: &Keyring, sealed: &Sealed) -> bool {
    let Some(generation) = keyring.generation(sealed.generation) else { return false };
    let keys = [&generation.verify, generation.recover()];
    let opened = keys.into_iter().zip(sealed.parts).map(|(key, (sealed, tag))| {
        let mut text = [0; 4];
        key.cipher(keyring.suite()).open(&[0; 24], &[], &sealed, &tag, &mut text).is_ok_and(|()| text == *b"text")
    });
    let opened: Vec<_> = opened.collect();
    assert_eq!(opened[0], opened[1], "both parts or none");
    opened[0]
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).expect("a time")
}
