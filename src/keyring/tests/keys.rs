//! What each key opens, and nothing else.

use super::*;
use crate::versions::{generation, version};

#[test]
fn lookup_keys_tell_tokens_rows_and_generations_apart() {
    let home = Home::new();
    let keyring =
        home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
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
    let keyring =
        home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    for (what, edit) in edits {
        let opened = home.open_edited(&keyring, edit, &[2]);
        assert!(matches!(opened, Err(KeyringError::Unwrap { generation }) if generation.get() == 1), "{what}");
    }
}

#[test]
fn wraps_of_another_vault_do_not_open() {
    let home = Home::new();
    let elsewhere = Home { vault: VaultId::random().expect("random"), masters: home.masters.each_ref().map(copy) };
    let (keyring, foreign) = (home.keyring(), elsewhere.keyring().stored);
    let opened = home.open_edited(&keyring, |stored| stored.generations = foreign.generations.clone(), &[1]);
    assert!(matches!(opened, Err(KeyringError::Unwrap { generation }) if generation.get() == 1));
    let opened = home.open_edited(&keyring, |stored| stored.lookups = foreign.lookups.clone(), &[1]);
    assert!(matches!(opened, Err(KeyringError::Unwrap { generation }) if generation.get() == 1));
}

#[test]
fn a_keyring_moved_to_another_vault_does_not_open() {
    let home = Home::new();
    let keyring = home.keyring();
    let mut stored = keyring.stored.clone();
    let elsewhere = VaultId::random().expect("random");
    stored.vault = elsewhere.0.into();
    // The authority of the same master key is another one in another vault.
    let row = keyring.seal_row(RowLabel::Keyring, &encode(&stored));
    let there = KeyEncryptionKeys::derive(&keys(&[(version(1), &home.masters[0])]), elsewhere);
    assert!(matches!(Keyring::open(row, &there), Err(KeyringError::Unauthentic)));
    assert!(matches!(Keyring::open(keyring.bytes().to_vec(), &there), Err(KeyringError::Unauthentic)));
    // Signed there, it lacks the public key; and with that, its wraps are of the other vault.
    let signed = |stored: &Stored| {
        authenticate(there.signer(version(1)).expect("configured"), RowLabel::Keyring, &encode(stored))
    };
    assert!(matches!(Keyring::open(signed(&stored), &there), Err(KeyringError::Unauthentic)));
    stored.masters[0].public_key = there.public_key(version(1)).expect("configured").to_bytes().into();
    assert!(
        matches!(Keyring::open(signed(&stored), &there), Err(KeyringError::Unwrap { generation }) if generation.get() == 1)
    );
}

#[test]
fn a_wrap_under_another_master_key_version_does_not_open() {
    let home = Home::new();
    let keyring = home.keyring();
    // The same key under two versions: only the bound version tells the wraps apart.
    let keks = home.keks_with(&[(1, 1)]);
    let mut wrap = keyring.stored.generations[0].verify.clone();
    assert!(keks.unwrap(&wrap, home.vault, generation(1), Purpose::Verify).is_ok());
    wrap.master = version(2);
    let keks = home.keks_with(&[(2, 1)]);
    assert!(
        matches!(keks.unwrap(&wrap, home.vault, generation(1), Purpose::Verify), Err(KeyringError::Unwrap { generation }) if generation.get() == 1)
    );
}

#[test]
fn a_row_opens_under_its_own_label_and_authority_alone() {
    let home = Home::new();
    let before = home.keyring();
    let keyring = before.with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    let labels = [RowLabel::Head, RowLabel::Keyring, RowLabel::Rotation];
    for label in labels {
        let mut row = keyring.seal_row(label, &encode(&7_u32));
        let opened = keyring.open_row(label, &row).and_then(|body| body.decode::<u32>());
        assert_eq!(opened, Ok(7));
        for other in labels.into_iter().filter(|other| *other != label) {
            assert_eq!(keyring.open_row(other, &row).err(), Some(RowError::Unauthentic));
        }
        assert_eq!(before.open_row(label, &row).err(), Some(RowError::Unauthentic));
        for at in 0..row.len() * 8 {
            row[at / 8] ^= 1 << (at % 8);
            assert!(keyring.open_row(label, &row).is_err(), "bit {at}");
            row[at / 8] ^= 1 << (at % 8);
        }
        for len in 0..row.len() {
            assert!(keyring.open_row(label, &row[..len]).is_err(), "{len} bytes");
        }
    }
}

#[test]
fn the_data_keys_of_purposes_suites_and_generations_differ() {
    let home = Home::new();
    let keyring =
        home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
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
    let two = one.with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    for (keyring, version) in [(&one, 1), (&two, 2)] {
        let keks = home.verifier_keks(&[version]);
        assert!(keks.signer(super::version(version)).is_err() && !keks.can_recover());
        let opened = Keyring::open(keyring.bytes().to_vec(), &keks).expect("open");
        assert_eq!(opened.generations().collect::<Vec<_>>(), keyring.generations().collect::<Vec<_>>());
        for generation in &opened.stored.generations {
            assert!(opened.generations[&generation.id].recover.is_none());
            let unwrapped = keks.unwrap(&generation.recover, home.vault, generation.id, Purpose::Recover);
            assert!(matches!(unwrapped, Err(KeyringError::VerifierOnly)));
            let unwrapped = keks.unwrap(&generation.authority, home.vault, generation.id, Purpose::Authority);
            assert!(matches!(unwrapped, Err(KeyringError::VerifierOnly)));
            // Nor does the key that is there open the other wraps.
            for wrap in [&generation.recover, &generation.authority] {
                let crossed = keks.unwrap(wrap, home.vault, generation.id, Purpose::Verify);
                assert!(matches!(crossed, Err(KeyringError::Unwrap { .. })));
            }
            assert!(opened.generations[&generation.id].record_set_if_held().is_none());
        }
    }
    // Right in every name, and wrong in what counts: the commitment tells.
    let public = home.keks(&[1]).public_key(version(1)).expect("configured");
    let (mut keys, other) = (VerifierKeys::default(), SecretBytes::random().expect("random"));
    let posing = VerifierKey::of(home.vault, home.masters[0].fingerprint(), public, &other);
    keys.insert(version(1), posing).expect("a version");
    let posing = KeyEncryptionKeys::of_verifier(keys, home.vault).expect("it names this vault");
    assert!(
        matches!(Keyring::open(one.bytes().to_vec(), &posing), Err(KeyringError::Unwrap { generation }) if generation.get() == 1)
    );
    // It makes no keyring either.
    let made = one.rewrapped(version(1), 5, &home.verifier_keks(&[1]), now());
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
