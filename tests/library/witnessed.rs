//! The audit log for those who have no key of the vault: public keys, pins that move forward, and proofs that need no log.

use crate::support::past::{self, copied, put_back};
use crate::support::{Keys, act, version};
use strongroom::audit::{
    AuditCheckpoint, AuditProof, Auditor, AuthorityKey, CheckpointFault, Pin, ProofFault, ProveError,
};
use strongroom::error::{Detail, PinError};
use strongroom::rotation::RotateOptions;
use strongroom::store::{Rows, Table};
use strongroom::{Act, Error, ErrorKind, MemoryStore, NewApiKey, Vault};

struct Scene {
    store: MemoryStore,
    keys: Keys,
    vault: Vault,
}

impl Scene {
    fn new() -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(4));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        Self { store, keys, vault }
    }

    fn grow(&self, entries: usize) {
        self.vault.issue_many(&vec![NewApiKey::new("key"); entries], &act()).expect("issued");
    }

    fn checkpoint(&self) -> AuditCheckpoint {
        self.vault.audit_checkpoint().expect("checkpoint")
    }

    fn rotate(&mut self, from: u32, to: u32, options: &RotateOptions) {
        self.vault = Vault::open(self.store.clone(), self.keys.only([from, to])).expect("opened");
        self.vault.rotate(options, &act(), |_| ()).expect("rotated");
    }

    fn key(&self, number: u32) -> AuthorityKey {
        let keys = self.vault.public_keys().expect("keys");
        keys.into_iter().find(|key| key.version == version(number)).expect("listed")
    }

    fn pin(&self, number: u32) -> Pin {
        self.key(number).public_key.into()
    }

    /// What a keyless reader makes of it.
    fn pinned(&self, pin: &Pin, kept: &[AuditCheckpoint]) -> Result<Auditor, Error> {
        Auditor::open_pinned(self.store.clone(), pin, kept)
    }

    fn write_line(&self, seq: u64, line: Option<Vec<u8>>) {
        past::overwrite(&self.store, Table::Audit, &seq.to_be_bytes(), line);
    }

    fn line(&self, seq: u64) -> Vec<u8> {
        self.store.get(Table::Audit, &seq.to_be_bytes()).expect("readable").expect("an entry")
    }
}

fn pin_error(result: Result<Auditor, Error>) -> PinError {
    match result.map_err(Error::into_detail) {
        Err(Detail::Pin(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Why no proof was made: a word for it.
fn why(made: Result<impl std::fmt::Debug, ProveError>) -> String {
    match made {
        Err(ProveError::Checkpoint { fault, .. }) => fault.name().into(),
        Err(ProveError::Failed(error)) => error.code().into(),
        Err(ProveError::Proof(_)) => "proof".into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn proofs_between_all_pairs_of_200_checkpoints_are_accepted_and_those_of_a_cut_forked_or_edited_log_are_refused() {
    const FORK: u64 = 100;
    let scene = Scene::new();
    let mut copy = None;
    let checkpoints: Vec<_> = (0..200)
        .map(|_| {
            scene.grow(1);
            let made = scene.checkpoint();
            copy = copy.take().or((made.seq == FORK).then(|| copied(&scene.store)));
            made
        })
        .collect();
    let pins = [scene.pin(1)];
    let auditor = Auditor::open(scene.store.clone()).expect("opened");
    let pairs = || (0..200).flat_map(|new| (0..=new).map(move |old| (old, new)));
    let mut proofs = std::collections::BTreeMap::new();
    for (old, new) in pairs() {
        let made = auditor.prove_audit_between(&checkpoints[old], &checkpoints[new]).expect("made");
        assert_eq!(made.proof.check_growth(&checkpoints[old], &pins), Ok(()), "{old} {new}");
        assert_eq!(made.wrong_subtrees, [0; 0]);
        proofs.insert((old, new), made.proof);
    }
    assert_eq!(proofs.len(), 200 * 201 / 2);
    // Cut: the newer one is taken for the older one.
    let mut refused = 0;
    for (old, new) in pairs().filter(|(old, new)| old < new) {
        let cut = proofs[&(old, old)].check_growth(&checkpoints[new], &pins);
        assert!(matches!(cut, Err(ProofFault::OtherStart { .. })), "{cut:?}");
        assert!(matches!(auditor.prove_audit_between(&checkpoints[new], &checkpoints[old]), Err(ProveError::Proof(_))));
        refused += 2;
    }
    // Edited, and nobody signed it anew: a proof that reads the line is not made, and one that does not is still true.
    let last = &checkpoints[199];
    for seq in 3..=201 {
        let (line, before) = (scene.line(seq), usize::try_from(seq - 3).expect("small"));
        scene.write_line(seq, Some(String::from_utf8(line.clone()).expect("text").replace("tester", "nobody").into()));
        for old in [0, before] {
            let made = auditor.prove_audit_between(&checkpoints[old], last);
            // The last entry is compared with the checkpoint itself, and the others by the hash of the next.
            assert_eq!(why(made), if seq == 201 { "forked" } else { "audit-broken" }, "{seq}");
            refused += 1;
        }
        for old in ((before + 1)..200).step_by(41) {
            match auditor.prove_audit_between(&checkpoints[old], last) {
                Ok(made) => assert_eq!(made.proof.check_growth(&checkpoints[old], &pins), Ok(())),
                refusal => assert!(["forked", "audit-broken"].contains(&why(refusal).as_str())),
            }
        }
        scene.write_line(seq, Some(line));
    }
    // Forked: the log went on from an older copy, under the same authority.
    put_back(&scene.store, &copy.expect("kept"), |_, _| true);
    let forked = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    let mut others = vec![];
    for made in checkpoints.iter().filter(|made| made.seq > FORK) {
        assert_eq!(why(forked.prove_audit_since(made)), "rolled-back");
        refused += 1;
    }
    for _ in 0..100 {
        forked.issue(&NewApiKey::new("another way"), &act()).expect("issued");
        others.push(forked.audit_checkpoint().expect("checkpoint"));
    }
    for (old, same_size) in checkpoints.iter().filter(|made| made.seq > FORK).zip(&others) {
        assert_eq!(old.seq, same_size.seq);
        assert_eq!(why(forked.prove_audit_since(old)), "forked");
        for other in others.iter().filter(|other| other.seq >= old.seq) {
            let proof = forked.prove_audit_between(same_size, other).expect("a proof of the other way").proof;
            let fault = ProofFault::Growth { old: old.seq, new: other.seq };
            assert_eq!(proof.check_growth(old, &pins), Err(fault));
            refused += 2;
        }
    }
    assert_eq!(refused, 2 * 19_900 + 2 * 199 + 101 + 2 * 5_050);
}

#[test]
fn every_byte_of_a_proof_counts() {
    let scene = Scene::new();
    scene.grow(10);
    let old = scene.checkpoint();
    scene.grow(10);
    let pins = [scene.pin(1)];
    let growth = scene.vault.prove_audit_since(&old).expect("made").proof;
    let entry = scene.vault.prove_audit_entry(7, &old).expect("made").proof;
    assert_eq!((growth.grown_from(), growth.entry_seq()), (Some(11), None));
    assert_eq!((entry.grown_from(), entry.entry_seq()), (None, Some(7)));
    assert_eq!(growth.check_growth(&old, &pins), Ok(()));
    assert_eq!(entry.check_entry(&pins).expect("proven").seq, 7);
    assert_eq!(growth.check_entry(&pins), Err(ProofFault::OtherClaim));
    assert_eq!(entry.check_growth(&old, &pins), Err(ProofFault::OtherClaim));
    for proof in [growth, entry] {
        let text = proof.to_text();
        assert_eq!(AuditProof::parse(&text).as_ref(), Ok(&proof));
        for at in 0..text.len() {
            for change in [1, 2, 32] {
                let mut edited = text.clone().into_bytes();
                edited[at] ^= change;
                let edited = std::str::from_utf8(&edited).ok().and_then(|text| AuditProof::parse(text).ok());
                let Some(edited) = edited else { continue };
                assert!(edited.check_growth(&old, &pins).is_err(), "{at}");
                assert!(edited.check_entry(&pins).is_err(), "{at}");
            }
        }
    }
}

#[test]
fn a_proof_is_believed_by_pinned_keys_alone_and_of_the_vault_that_they_name() {
    let mut scene = Scene::new();
    scene.grow(5);
    let old = scene.checkpoint();
    let first = scene.pin(1);
    scene.rotate(1, 2, &RotateOptions::new());
    let proof = scene.vault.prove_audit_since(&old).expect("made").proof;
    let second = scene.pin(2);
    let unsigned = |seq| Err(ProofFault::Unsigned { seq });
    assert_eq!(proof.check_growth(&old, &[]), unsigned(old.seq));
    assert_eq!(proof.check_growth(&old, std::slice::from_ref(&first)), unsigned(proof.checkpoint().seq));
    assert_eq!(proof.check_growth(&old, &[second.clone(), first.clone()]), Ok(()));
    // The same key under the name that witnesses know it by.
    let named: Pin = scene.key(2).note_key.parse().expect("a note key");
    assert_eq!((named.key(), named.vault()), (second.key(), Some(old.vault)));
    assert_eq!(named.to_string(), scene.key(2).note_key);
    assert_eq!(proof.check_growth(&old, &[named, first.clone()]), Ok(()));
    let other = Scene::new();
    let elsewhere: Pin =
        scene.key(2).note_key.replace(&old.vault.to_string(), &"0".repeat(32)).parse().unwrap_or(first);
    assert!(proof.check_growth(&old, &[elsewhere]).is_err());
    assert_eq!(proof.check_growth(&other.checkpoint(), &[second]), Err(ProofFault::OtherVault { seq: 1 }));
    assert_eq!(why(scene.vault.prove_audit_since(&other.checkpoint())), "other-vault");
    assert_eq!(why(scene.vault.prove_audit_entry(0, &old)), "proof");
    assert_eq!(why(scene.vault.prove_audit_entry(old.seq + 1, &old)), "proof");
}

#[test]
fn stored_subtrees_save_reading_and_a_wrong_one_is_noticed_and_does_no_harm() {
    let scene = Scene::new();
    scene.grow(4_200);
    let old = scene.checkpoint();
    scene.grow(4_200);
    let key = |index: u64| [b"subtree/".as_slice(), &index.to_be_bytes()].concat();
    let proven = |wrong: &[u64]| {
        let made = scene.vault.prove_audit_since(&old).expect("made");
        assert_eq!(made.wrong_subtrees, wrong);
        assert_eq!(made.proof.check_growth(&old, &[scene.pin(1)]), Ok(()));
        let made = scene.vault.prove_audit_entry(8_300, made.proof.checkpoint()).expect("made");
        assert_eq!(made.wrong_subtrees, wrong);
        assert_eq!(made.proof.check_entry(&[scene.pin(1)]).expect("proven").seq, 8_300);
    };
    proven(&[]);
    // Lines that are kept in a hash are not read.
    let line = scene.line(7);
    scene.write_line(7, None);
    proven(&[]);
    scene.write_line(7, Some(line));
    past::overwrite(&scene.store, Table::Vault, &key(0), Some(vec![7; 32]));
    proven(&[0]);
    past::overwrite(&scene.store, Table::Vault, &key(0), Some(vec![7; 31]));
    proven(&[]);
    past::overwrite(&scene.store, Table::Vault, &key(0), None);
    proven(&[]);
    scene.write_line(7, None);
    assert_eq!(why(scene.vault.prove_audit_since(&old)), "audit-broken");
}

#[test]
fn the_log_is_read_without_any_key_and_believed_by_a_pin() {
    let scene = Scene::new();
    scene.grow(5);
    let made = scene.checkpoint();
    let by_nothing = Auditor::open(scene.store.clone()).expect("opened");
    let by_pin = scene.pinned(&scene.pin(1), &[]).expect("opened");
    for auditor in [&by_nothing, &by_pin] {
        assert_eq!(auditor.verify_audit().expect("whole"), 6);
        assert_eq!(auditor.audit_entries(None, 100).expect("entries").items.len(), 6);
        assert_eq!(auditor.audit_end().expect("read").seq(), 6);
        let check = auditor.check_audit(std::slice::from_ref(&made)).expect("checked");
        assert_eq!((check.fault, &check.checkpoints[0].fault), (None, &None));
        assert_eq!(check.checkpoints[0].authenticated, auditor.is_authenticated());
        assert_eq!(auditor.public_keys().expect("keys"), scene.vault.public_keys().expect("keys"));
    }
    assert_eq!((by_nothing.is_authenticated(), by_pin.is_authenticated()), (false, true));
    // Another vault in its place: a pin tells, and nothing else does.
    let other = Scene::new();
    assert!(matches!(pin_error(other.pinned(&scene.pin(1), &[])), PinError::Unknown));
    let named: Pin = scene.key(1).note_key.parse().expect("a note key");
    assert!(matches!(pin_error(other.pinned(&named, &[])), PinError::OtherVault { .. }));
    put_back(&scene.store, &copied(&other.store), |_, _| true);
    assert!(by_nothing.verify_audit().is_ok());
    assert!(by_pin.verify_audit().is_err());
}

#[test]
fn a_pin_moves_forward_from_a_checkpoint_kept_before_the_hand_over_and_from_nothing_else() {
    let mut scene = Scene::new();
    scene.grow(5);
    let (pin, before) = (scene.pin(1), scene.checkpoint());
    let early = copied(&scene.store);
    scene.grow(5);
    let late = scene.checkpoint();
    scene.rotate(1, 2, &RotateOptions::new());
    let after = scene.checkpoint();
    scene.rotate(2, 3, &RotateOptions::new().rewrap_only(true));
    let ended = pin_error(scene.pinned(&pin, &[]));
    assert!(matches!(ended, PinError::Ended { ended: 11, .. }), "{ended}");
    assert_eq!(Error::from(ended).kind(), ErrorKind::Unproven);
    // One of a later key says nothing of the first, and neither does one of another vault.
    assert!(matches!(
        pin_error(scene.pinned(&pin, &[after.clone(), Scene::new().checkpoint()])),
        PinError::Ended { .. }
    ));
    for kept in [&before, &late] {
        let auditor = scene.pinned(&pin, &[after.clone(), kept.clone()]).expect("opened");
        let keys = auditor.public_keys().expect("keys");
        assert_eq!(keys.last().map(|key| key.public_key), Some(scene.pin(3).key()));
        let check = auditor.check_audit(&[before.clone(), late.clone(), after.clone()]).expect("checked");
        assert!(check.checkpoints.iter().all(|check| check.authenticated && check.fault.is_none()), "{check:?}");
    }
    scene.pinned(&scene.pin(3), &[]).expect("opened");
    // Who has kept key 1 and writes the store: the log goes on from before, under a key of theirs.
    put_back(&scene.store, &early, |_, _| true);
    scene.rotate(1, 4, &RotateOptions::new());
    scene.grow(20);
    assert!(matches!(pin_error(scene.pinned(&pin, &[])), PinError::Ended { .. }));
    let forked = scene.pinned(&pin, std::slice::from_ref(&late)).expect_err("another way");
    assert_eq!(forked.code(), "pin-ended", "what was kept lies behind the forged hand-over: {forked}");
}

#[test]
fn before_a_checkpoint_nobody_changes_the_log_by_a_pin_that_has_ended() {
    let mut scene = Scene::new();
    scene.grow(5);
    let (pin, kept) = (scene.pin(1), scene.checkpoint());
    scene.rotate(1, 2, &RotateOptions::new());
    let kept = std::slice::from_ref(&kept);
    scene.pinned(&pin, kept).expect("the true log");
    let whole = scene.line(2);
    let edited = String::from_utf8(whole.clone()).expect("text").replace("issue", "revok");
    scene.write_line(2, Some(edited.into_bytes()));
    assert_eq!(scene.pinned(&pin, kept).expect_err("edited").kind(), ErrorKind::Corrupt);
    scene.write_line(2, None);
    assert_eq!(scene.pinned(&pin, kept).expect_err("cut out").kind(), ErrorKind::Corrupt);
    scene.write_line(2, Some(whole));
    scene.pinned(&pin, kept).expect("the true log");
}

#[test]
fn after_a_leak_the_new_key_has_to_be_pinned_anew() {
    let mut scene = Scene::new();
    scene.grow(5);
    let (pin, kept) = (scene.pin(1), scene.checkpoint());
    scene.rotate(1, 2, &RotateOptions::new().compromised(true));
    let refused = pin_error(scene.pinned(&pin, &[kept]));
    assert!(matches!(refused, PinError::NotHandedOver { version: after } if after == version(2)), "{refused}");
    assert_eq!(Error::from(refused).kind(), ErrorKind::Unproven);
    assert_eq!(scene.key(1).handed_on, Some(false));
    scene.pinned(&scene.pin(2), &[]).expect("opened");
}

#[test]
fn public_keys_say_what_each_speaks_for_also_before_a_cutover() {
    let mut scene = Scene::new();
    scene.grow(5);
    let ranges = |vault: &Vault| -> Vec<_> {
        let keys = vault.public_keys().expect("keys");
        keys.iter().map(|key| (u32::from(key.version), key.first, key.last, key.active, key.handed_on)).collect()
    };
    scene.vault = Vault::open(scene.store.clone(), scene.keys.only([1, 2])).expect("opened");
    assert_eq!(ranges(&scene.vault), [(1, Some(1), None, true, None), (2, None, None, false, None)]);
    let upcoming = scene.key(2);
    scene.rotate(1, 2, &RotateOptions::new());
    assert_eq!(ranges(&scene.vault), [(1, Some(1), Some(6), false, Some(true)), (2, Some(7), None, true, None)]);
    assert_eq!((upcoming.public_key, upcoming.note_key), (scene.key(2).public_key, scene.key(2).note_key));
}

#[test]
fn below_its_end_a_checkpoint_of_a_retired_key_that_disagrees_is_named_so_and_beyond_it_refused() {
    let mut scene = Scene::new();
    scene.grow(5);
    let early = copied(&scene.store);
    scene.grow(5);
    scene.rotate(1, 2, &RotateOptions::new());
    let whole = copied(&scene.store);
    // Who has kept key 1 goes on with a copy from before, and makes checkpoints of that.
    put_back(&scene.store, &early, |_, _| true);
    let forger = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    forger.issue(&NewApiKey::new("forged"), &Act::by("mallory").because("greed")).expect("issued");
    let below = forger.audit_checkpoint().expect("checkpoint");
    forger.issue_many(&vec![NewApiKey::new("forged"); 10], &act()).expect("issued");
    let beyond = forger.audit_checkpoint().expect("checkpoint");
    put_back(&scene.store, &whole, |_, _| true);
    scene.vault = Vault::open(scene.store.clone(), scene.keys.only([2])).expect("opened");
    for auditor in [scene.vault.verifier().into(), scene.pinned(&scene.pin(2), &[]).expect("opened")] {
        let check = Auditor::check_audit(&auditor, &[below.clone(), beyond.clone()]).expect("checked");
        let faults: Vec<_> = check.checkpoints.iter().map(|check| check.fault.as_ref()).collect();
        assert!(matches!(faults[0], Some(CheckpointFault::Retired { ended: 11, .. })), "{faults:?}");
        assert!(matches!(faults[1], Some(CheckpointFault::Ended { ended: 11, .. })), "{faults:?}");
        assert_eq!(why(auditor.prove_audit_between(&below, &beyond)), "retired");
    }
}

#[test]
fn who_reads_on_follows_a_hand_over_and_nothing_that_goes_back() {
    let mut scene = Scene::new();
    scene.grow(5);
    let early = copied(&scene.store);
    let auditor = scene.pinned(&scene.pin(1), &[]).expect("opened");
    scene.rotate(1, 2, &RotateOptions::new());
    let whole = copied(&scene.store);
    let seen = auditor.audit_end().expect("followed").seq();
    assert_eq!(seen, scene.vault.audit_end().expect("read").seq());
    put_back(&scene.store, &early, |_, _| true);
    assert_eq!(auditor.audit_end().expect_err("an older one").code(), "pin-unknown");
    scene.rotate(1, 3, &RotateOptions::new());
    auditor.audit_end().expect_err("another way");
    put_back(&scene.store, &whole, |_, _| true);
    assert_eq!(auditor.audit_end().expect("as it was").seq(), seen);
    scene.rotate(2, 4, &RotateOptions::new().compromised(true));
    assert_eq!(auditor.audit_end().expect_err("nothing was handed over").code(), "pin-not-handed-over");
}
