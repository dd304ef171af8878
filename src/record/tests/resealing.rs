//! Records that a rotation moves to the keys of the next generation.

use super::*;

#[test]
fn a_resealed_record_opens_under_the_new_keys_alone() {
    let Moving { before, keyring, .. } = Moving::new();
    let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
    for (suite, secret) in SUITES.into_iter().flat_map(|suite| [(suite, None), (suite, Some("secret"))]) {
        let old = sealed_as(&before, suite, 1, b"attributes", secret);
        let new = resealer.reseal(id(1), &old).expect("reseal");
        assert!(opens(&keyring, 1, &old) && opens(&keyring, 1, &new) && opens(&before, 1, &old));
        assert_eq!(Record::parse(&new).expect("parse").header.suite, keyring.suite());
        assert_eq!(new.len(), old.len());
        assert_eq!(
            opened(&before, 1, &new, Part::Verify),
            Err(RecordError::MissingGeneration { generation: generation(2) })
        );
        let recoverable = secret.is_some();
        let parts = PARTS.into_iter().filter(|part| recoverable || *part == Part::Verify);
        for part in parts {
            assert!(
                opens_under(&keyring, generation(1), &old, part) && opens_under(&keyring, generation(2), &new, part)
            );
            assert!(!opens_under(&keyring, generation(2), &old, part), "the new key opens the old bytes");
            assert!(!opens_under(&keyring, generation(1), &new, part), "the old key opens the new bytes");
        }
    }
}

#[test]
fn resealing_keeps_every_byte_that_was_sealed() {
    let Moving { before, keyring, .. } = Moving::new();
    let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
    let mut later = Attributes::of(&NewApiKey::new("name").owner("o"), [7; 32], [8; 32], now()).to_bytes().to_vec();
    later[0] += 1; // one entry more in the map's head
    later.extend([0x19, 0x01, 0x00, 0x82, 0x01, 0x63, b'n', b'e', b'w']); // 256: [1, "new"]
    assert!(Attributes::from_bytes(&later).is_some(), "a later version's attributes");
    for (attributes, secret, imported) in [
        (later.as_slice(), Some("a secret"), false),
        (later.as_slice(), Some("a token from elsewhere"), true),
        (later.as_slice(), None, true),
        (b"no attributes at all".as_slice(), Some(""), false),
        (b"".as_slice(), None, false),
    ] {
        let old = seal(&before, id(1), &Plain { imported, attributes, secret }).expect("random");
        let new = resealer.reseal(id(1), &old).expect("reseal");
        let record = Record::parse(&new).expect("parse");
        assert_eq!(
            (record.generation(), record.imported(), record.recoverable()),
            (generation(2), imported, secret.is_some())
        );
        assert_eq!(*record.open_verify(&keyring, id(1)).expect("verify"), attributes);
        let recovered = record.open_recover(&keyring, id(1)).expect("recover");
        assert_eq!(recovered.as_ref().map(SecretText::expose), secret);
        assert_eq!(resealer.secret(), secret.filter(|secret| !secret.is_empty()));
    }
}

#[test]
fn a_record_that_reads_back_as_something_else_is_not_given_out() {
    type Spoil = fn(&mut Resealer<'_>, &mut Vec<u8>);
    let Moving { before, keyring, .. } = Moving::new();
    let old = sealed(&before, 1, b"attributes", Some("secret"));
    let bits: [Spoil; 4] = [
        |_, sealed| sealed[HEADER_LEN] ^= 1,
        |_, sealed| sealed[HEADER_LEN + 30] ^= 1,
        |_, sealed| *sealed.last_mut().expect("bytes") ^= 0x80,
        |_, sealed| sealed[5] ^= 1,
    ];
    for spoil in bits {
        let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
        resealer.spoil = Some(spoil);
        assert!(matches!(resealer.reseal(id(1), &old), Err(ResealError::Record(_))), "it does not open");
    }
    // It opens, and holds something else than what is to be moved.
    let contents: [Spoil; 2] = [|resealer, _| resealer.verify[0] ^= 1, |resealer, _| resealer.recover[3] ^= 1];
    for spoil in contents {
        let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
        resealer.spoil = Some(spoil);
        assert!(matches!(resealer.reseal(id(1), &old), Err(ResealError::ReadBack)), "it opens to something else");
        resealer.spoil = None;
        resealer.reseal(id(1), &old).expect("nothing is wrong any more");
    }
}

#[test]
fn a_record_that_cannot_be_moved_is_named_and_stops_no_other() {
    let Moving { before, keyring, .. } = Moving::new();
    let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
    let good = sealed(&before, 1, b"attributes", Some("secret"));
    let moved = resealer.reseal(id(1), &good).expect("reseal");
    let foreign = sealed(&self::keyring(Suite::default()), 1, b"attributes", None);
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        (1, foreign, RecordError::Foreign),
        (2, good.clone(), RecordError::Moved { from: id(1) }),
        (1, moved, RecordError::MissingGeneration { generation: generation(2) }),
        (1, changed(HEADER_LEN), RecordError::Corrupt { part: "verify" }),
        (1, changed(good.len() - 1), RecordError::Corrupt { part: "recover" }),
        (1, good[..good.len() - OVERHEAD - 6].to_vec(), RecordError::Malformed),
    ];
    let unrecoverable = sealed(&before, 3, b"attributes", None);
    for (at, bytes, expected) in cases {
        match resealer.reseal(id(at), &bytes) {
            Err(ResealError::Record(error)) => assert_eq!(error, expected),
            other => panic!("{expected}: {other:?}"),
        }
        assert!(opens(&keyring, 3, &resealer.reseal(id(3), &unrecoverable).expect("reseal")));
        assert_eq!(resealer.secret(), None, "the secret of the record before");
        assert!(opens(&keyring, 1, &resealer.reseal(id(1), &good).expect("reseal")));
        assert_eq!(resealer.secret(), Some("secret"));
    }
}

#[test]
fn a_batch_shares_half_its_nonces_and_no_nonce_repeats() {
    let Moving { before, keyring, .. } = Moving::new();
    let mut resealer = Resealer::new(&keyring, generation(1)).expect("generation 1 is there");
    let old = sealed(&before, 1, b"attributes", Some("secret"));
    let (mut prefixes, mut all) = (HashSet::new(), HashSet::new());
    for _ in 0..10 {
        resealer.start_batch().expect("random");
        let mut batch = HashSet::new();
        for _ in 0..1_000 {
            let nonces = nonces(&resealer.reseal(id(1), &old).expect("reseal"));
            batch.extend(nonces.iter().map(|nonce| nonce[..SHARED].to_vec()));
            all.extend(nonces);
        }
        assert_eq!(batch.len(), 1);
        prefixes.extend(batch);
    }
    assert_eq!((prefixes.len(), all.len()), (10, 20_000));
    let rests: HashSet<_> = all.iter().map(|nonce| nonce[SHARED..].to_vec()).collect();
    assert_eq!(rests.len(), 20_000, "the second halves alone do not repeat either");
}
