//! Rotations, rewraps, and what they leave.

use super::*;
use crate::versions::{generation, version};

#[test]
fn after_a_rotation_only_the_new_master_key_opens() {
    let home = Home::new();
    let before = home.keyring();
    let old = sealed_by(&before);
    let after = before.with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    assert_eq!(
        (after.active_master(), after.active_generation(), after.retiring_generation()),
        (version(2), generation(2), Some(generation(1)))
    );
    let missing = home.open(&after, &[1]).err().expect("the old master key alone");
    assert!(matches!(missing, KeyringError::MissingMasterKey { version, .. } if version.get() == 2), "{missing:?}");
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
    let after =
        home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
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
    for (given, missing) in [([1], version(2)), ([2], version(1))] {
        for next in [
            keyring.with_next_generation(version(2), HANDED_OVER, &home.keks(&given), now()),
            keyring.rewrapped(version(2), 5, &home.keks(&given), now()),
        ] {
            assert!(matches!(next, Err(KeyringError::NotConfigured { version }) if version == missing));
        }
    }
}

#[test]
fn a_generation_may_start_under_the_same_master_key() {
    let home = Home::new();
    let keyring = home.keyring();
    let next = keyring.with_next_generation(version(1), HANDED_OVER, &home.keks(&[1]), now()).expect("next");
    let opened = home.open(&next, &[1]).expect("open");
    assert_eq!(
        (opened.active_master(), opened.active_generation(), opened.masters().count()),
        (version(1), generation(2), 1)
    );
}

#[test]
fn a_retired_version_or_key_is_not_taken_again() {
    let home = Home::new();
    let keyring = home.keyring().rewrapped(version(2), 5, &home.keks(&[1, 2]), now()).expect("rewrap");
    let attempt = |to, keks: &KeyEncryptionKeys| {
        let (rotated, rewrapped) =
            (keyring.with_next_generation(to, HANDED_OVER, keks, now()), keyring.rewrapped(to, 5, keks, now()));
        [rotated, rewrapped].map(|next| next.err().expect("refused"))
    };
    for error in attempt(version(1), &home.keks(&[1, 2])) {
        assert!(matches!(error, KeyringError::RetiredVersion { version } if version.get() == 1), "{error:?}");
    }
    for (key, known) in [(1, version(1)), (2, version(2))] {
        for error in attempt(version(3), &home.keks_with(&[(3, key)])) {
            let same = matches!(error, KeyringError::RetiredKey { version, used_as } if used_as == known && version.get() == 3);
            assert!(same, "{error:?}");
        }
    }
}

#[test]
fn a_rewrap_keeps_every_data_key() {
    let home = Home::new();
    let before = home.keyring();
    let sealed = sealed_by(&before);
    let after = before.rewrapped(version(2), 5, &home.keks(&[1, 2]), now()).expect("rewrap");
    let opened = home.open(&after, &[2]).expect("open");
    assert_eq!(
        (opened.active_master(), opened.active_generation(), opened.retiring_generation()),
        (version(2), generation(1), None)
    );
    assert!(opens(&opened, &sealed));
    assert!(opens(&before, &sealed_by(&opened)));
    assert_eq!(opened.active_lookup().1.index("token"), before.active_lookup().1.index("token"));
    assert_eq!(opened.active().record_set().mac(&[b"row"]), before.active().record_set().mac(&[b"row"]));
    assert!(
        matches!(home.open(&after, &[1]), Err(KeyringError::MissingMasterKey { version, .. }) if version.get() == 2)
    );
}

#[test]
fn every_change_makes_a_row_that_was_never_there_before() {
    let home = Home::new();
    let keyring = home.keyring();
    let rows =
        [(); 3].map(|()| keyring.rewrapped(version(1), 5, &home.keks(&[1]), now()).expect("rewrap").bytes().to_vec());
    assert!(rows[0] != rows[1] && rows[1] != rows[2] && rows[0] != rows[2]);
    assert!(rows.iter().all(|row| row != keyring.bytes()));
}

#[test]
fn a_dropped_generation_opens_nothing_any_more() {
    let home = Home::new();
    let keks = home.keks(&[1, 2]);
    let first = home.keyring();
    let old = sealed_by(&first);
    let both = first.with_next_generation(version(2), HANDED_OVER, &keks, now()).expect("rotate");
    let new = sealed_by(&both);
    let only = both.without_generation(generation(1), &BTreeMap::new(), &keks).expect("drop");
    let opened = home.open(&only, &[2]).expect("open");
    assert_eq!((opened.generations().collect(), opened.retiring_generation()), (vec![generation(2)], None));
    assert!(opened.generation(generation(1)).is_none());
    assert!(opens(&opened, &new) && !opens(&opened, &old));
    let next = opened.with_next_generation(version(3), HANDED_OVER, &home.keks(&[2, 3]), now()).expect("rotate again");
    assert_eq!(next.active_generation(), generation(3), "ids of generations are not used twice");
}

#[test]
fn the_active_generation_cannot_be_dropped() {
    let home = Home::new();
    let dropped = home.keyring().without_generation(generation(1), &BTreeMap::new(), &home.keks(&[1]));
    assert!(matches!(dropped, Err(KeyringError::Malformed)));
}

#[test]
fn a_third_generation_is_refused_while_one_is_retiring() {
    let home = Home::new();
    let two = home.keyring().with_next_generation(version(2), HANDED_OVER, &home.keks(&[1, 2]), now()).expect("rotate");
    let three = two.with_next_generation(version(3), HANDED_OVER, &home.keks(&[2, 3]), now());
    assert!(matches!(three, Err(KeyringError::Malformed)), "a row that nobody could open again");
}

#[test]
fn a_retired_lookup_key_stays_while_rows_need_it() {
    let home = Home::new();
    let keks = home.keks(&[1, 2]);
    let first = home.keyring();
    let both = first.with_next_generation(version(2), HANDED_OVER, &keks, now()).expect("rotate");
    assert_eq!(both.lookups().map(|(id, _)| id).collect::<Vec<_>>(), [2, 1].map(generation));
    assert_eq!(both.active_lookup().0, generation(2));
    let kept = both.without_generation(generation(1), &BTreeMap::from([(generation(1), 3)]), &keks).expect("drop");
    let opened = home.open(&kept, &[2]).expect("open");
    assert_eq!(
        (opened.lookups().map(|(id, _)| id).collect::<Vec<_>>(), opened.stale_lookup_rows()),
        ([2, 1].map(generation).into(), 3)
    );
    let (_, stale) = opened.lookups().last().expect("two");
    assert_eq!(stale.index("token"), first.active_lookup().1.index("token"));
    for rows in [BTreeMap::new(), BTreeMap::from([(generation(1), 0)])] {
        let dropped = both.without_generation(generation(1), &rows, &keks).expect("drop");
        assert_eq!((dropped.lookups().count(), dropped.stale_lookup_rows()), (1, 0));
    }
}
