//! The vectors of what leaves a vault signed: certificates and checkpoints.

use serde_json::Value;

use super::{file, filled, hex, keyring_named, list, masters, number, signer, text, vault_named};
use crate::audit_log::AuditFault;
use crate::authority::PublicKey;
use crate::note::{Note, NoteKey, key_id};
use crate::rotation::RotationCertificate;
use crate::vault::{AuditCheckpoint, AuditProof, CheckpointCheck, CheckpointFault, Pin, ProofFault, Vault};

#[test]
fn certificates_of_the_page_are_true() {
    for case in list(&vectors()["certificates"]["good"]) {
        let certificate = RotationCertificate::parse(&case["certificate"].to_string()).expect("a certificate");
        let check = opened(&case["vault"]).check_certificate(&certificate).expect("checked");
        assert_eq!((check.authenticated, check.faults), (true, vec![]), "{}", case["what"]);
        assert_eq!(serde_json::to_value(&certificate).expect("JSON"), case["certificate"]);
    }
}

#[test]
fn a_certificate_with_one_thing_broken_is_refused_for_it() {
    for case in list(&vectors()["certificates"]["bad"]) {
        let error = text(&case["error"]);
        let Ok(certificate) = RotationCertificate::parse(&case["certificate"].to_string()) else {
            assert_eq!(error, "malformed", "{}", case["broken"]);
            continue;
        };
        let check = opened(&case["vault"]).check_certificate(&certificate).expect("checked");
        let said = match error {
            "beyond-end" => "whose authority signed it, ended with audit entry",
            "entry" if number(&case["certificate"]["audit_seq"]) > 10 => "the audit log ends with entry",
            "counts" | "entry" => "is not the one it names",
            "record-digest" => "the records are not those it names",
            // A signature that is none is read, and is wrong.
            "malformed" | "unauthentic" => "its signature is wrong",
            "vault" => "it is of another vault",
            _ => panic!("{error}"),
        };
        // What nobody signed may be wrong in more than one way, and so may what was signed by an authority that had ended.
        let fault = check.faults.first().unwrap_or_else(|| panic!("{} went unnoticed", case["broken"]));
        assert!(fault.contains(said), "{}: {fault}", case["broken"]);
        let alone = !matches!(error, "beyond-end" | "malformed" | "unauthentic");
        assert!(check.faults.len() == 1 || !alone, "{}: {:?}", case["broken"], check.faults);
        let signed = !matches!(error, "malformed" | "unauthentic" | "vault");
        assert_eq!(check.authenticated, signed, "{}", case["broken"]);
    }
}

#[test]
fn checkpoints_of_the_page_are_true() {
    let checkpoints = &vectors()["checkpoints"];
    let vault = opened(&checkpoints["vault"]);
    for case in list(&checkpoints["good"]) {
        let checkpoint = AuditCheckpoint::parse(text(&case["note"])).expect("a checkpoint");
        assert_eq!(checkpoint.to_text(), text(&case["note"]));
        assert_eq!(u64::from(checkpoint.master_key), number(&case["master_key"]));
        let check = judged(&vault, checkpoint);
        assert_eq!((check.authenticated, check.fault), (true, None), "{}", case["what"]);
        assert_eq!(check.entries_since, number(&case["entries_since"]), "{}", case["what"]);
    }
}

#[test]
fn a_checkpoint_is_written_as_the_page_says() {
    let checkpoints = &vectors()["checkpoints"];
    let parts = &checkpoints["parts"];
    let said = AuditCheckpoint::parse(text(&parts["note"])).expect("a checkpoint");
    let names = [said.vault.to_string(), said.line.clone(), said.at.to_string(), said.hash.clone(), said.root.clone()];
    assert_eq!(names, ["vault", "line", "at", "hash", "root"].map(|name| text(&parts[name]).to_owned()));
    let digests = [said.keyring_hash.clone(), said.record_digest.clone()];
    assert_eq!(digests, ["keyring_hash", "record_digest"].map(|name| text(&parts[name]).to_owned()));
    let numbers = [said.seq, said.keyring_revision, said.master_key.into(), said.records, said.generation.into()];
    assert_eq!(
        numbers,
        ["entries", "keyring_revision", "master_key", "records", "generation"].map(|name| number(&parts[name]))
    );

    // Made of its parts, it is the same to the last byte.
    let signer = signer(&parts["master_key"]);
    let origin = text(&parts["origin"]);
    assert_eq!(key_id(origin, &signer.public()).as_slice(), hex(&parts["key_id"]));
    let mut note = Note::new(text(&parts["text"]).to_owned()).expect("a text");
    note.sign(origin, &signer).expect("signed");
    assert_eq!(note.signatures()[0].signature, hex(&parts["signature"]));
    assert_eq!(note.to_string(), text(&parts["note"]));

    // And so is what the vault itself makes, but for the time.
    let made = opened(&checkpoints["vault"]).audit_checkpoint().expect("made").to_text();
    let lines = |note: &str| {
        note.lines().take(8).filter(|line| !line.starts_with("at ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&made), lines(text(&parts["note"])));
}

#[test]
fn a_checkpoint_with_one_thing_broken_is_refused_for_it() {
    let checkpoints = &vectors()["checkpoints"];
    let vault = opened(&checkpoints["vault"]);
    for case in list(&checkpoints["bad"]) {
        let Ok(checkpoint) = AuditCheckpoint::parse(text(&case["note"])) else {
            assert_eq!(text(&case["error"]), "malformed", "{}", case["broken"]);
            continue;
        };
        let said = checkpoint.clone();
        let CheckpointCheck { authenticated, fault, .. } = judged(&vault, checkpoint);
        let unsigned = !carries_its_signature(text(&checkpoints["vault"]), &said);
        let fault = fault.unwrap_or_else(|| panic!("{} went unnoticed", case["broken"]));
        let names: &[&str] = match &fault {
            CheckpointFault::Altered if unsigned => &["unsigned"],
            CheckpointFault::Altered => &["unauthentic"],
            CheckpointFault::Ended { .. } => &["beyond-end"],
            CheckpointFault::Log(AuditFault::RolledBack { .. }) => &["entries"],
            // The library says of all three that the log went another way.
            CheckpointFault::Log(AuditFault::Forked { .. }) => &["chain", "keyring", "root"],
            CheckpointFault::OtherVault { .. } => &["vault"],
            CheckpointFault::Records => &["records"],
            _ => &[],
        };
        assert!(names.contains(&text(&case["error"])), "{}: {fault}", case["broken"]);
        let proven = !matches!(text(&case["error"]), "unauthentic" | "unsigned" | "vault");
        assert_eq!(authenticated, proven, "{}", case["broken"]);
    }
}

#[test]
fn proofs_of_the_page_prove_what_they_say_and_no_others() {
    let proofs = &vectors()["proofs"];
    let pins = |case: &Value| -> Vec<Pin> {
        list(&case["pins"]).iter().map(|pin| text(pin).parse().expect("a pin")).collect()
    };
    let check = |case: &Value, proof: &AuditProof| match case["older"].as_str() {
        Some(older) => proof.check_growth(&AuditCheckpoint::parse(older).expect("a checkpoint"), &pins(case)),
        None => proof.check_entry(&pins(case)).map(|_| ()),
    };
    for case in list(&proofs["good"]) {
        let proof = AuditProof::parse(text(&case["proof"])).expect("a proof");
        assert_eq!(proof.to_text(), text(&case["proof"]));
        assert_eq!(check(case, &proof), Ok(()), "{}", case["what"]);
    }
    for case in list(&proofs["bad"]) {
        let said = AuditProof::parse(text(&case["proof"])).map(|proof| check(case, &proof));
        let name = match said {
            Err(_) => "malformed",
            Ok(Err(ProofFault::Backwards { .. })) => "backwards",
            Ok(Err(ProofFault::Entry { .. })) => "entry",
            Ok(Err(ProofFault::Growth { .. })) => "growth",
            Ok(Err(ProofFault::NoEntry)) => "no-entry",
            Ok(Err(ProofFault::NoLine)) => "no-line",
            Ok(Err(ProofFault::OtherStart { .. })) => "start",
            Ok(Err(ProofFault::OtherVault { .. })) => "vault",
            Ok(Err(ProofFault::Unsigned { .. })) => "unsigned",
            other => panic!("{}: {other:?}", case["broken"]),
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
    // What the vault makes is the same to the last byte.
    let vault = opened(&vectors()["checkpoints"]["vault"]);
    for case in list(&proofs["good"]) {
        let given = AuditProof::parse(text(&case["proof"])).expect("a proof");
        let made = match case["older"].as_str() {
            Some(older) => {
                let older = AuditCheckpoint::parse(older).expect("a checkpoint");
                vault.prove_audit_between(&older, given.checkpoint())
            }
            None => vault.prove_audit_entry(given.entry_seq().expect("an entry"), given.checkpoint()),
        };
        assert_eq!(made.expect("made").proof.to_text(), text(&case["proof"]), "{}", case["what"]);
    }
}

#[test]
fn note_keys_are_written_as_the_page_says() {
    let keys = &vectors()["proofs"]["note_keys"];
    for case in list(&keys["good"]) {
        let made = NoteKey::new(text(&case["name"]).into(), text(&case["public_key"]).parse().expect("a public key"));
        assert_eq!(made.to_string(), text(&case["note_key"]));
        assert_eq!(text(&case["note_key"]).parse(), Ok(made));
        let pin: Pin = text(&case["note_key"]).parse().expect("a pin");
        assert_eq!(pin.key().to_string(), text(&case["public_key"]));
    }
    let listed = opened(&vectors()["checkpoints"]["vault"]).public_keys().expect("keys");
    let expected = list(&keys["good"]).iter().map(|case| text(&case["note_key"]).to_owned()).collect::<Vec<_>>();
    assert_eq!(listed.into_iter().map(|key| key.note_key).collect::<Vec<_>>(), expected);
    for wrong in list(&keys["bad"]) {
        assert!(text(wrong).parse::<NoteKey>().is_err() && text(wrong).parse::<Pin>().is_err(), "{wrong}");
    }
}

/// Whether a signature stands there by the authority that the checkpoint names, right or wrong.
fn carries_its_signature(vault: &str, said: &AuditCheckpoint) -> bool {
    let named = keyring_named(vault).masters().find(|master| master.version == said.master_key);
    let (origin, note) = (format!("strongroom/{}/{}", said.vault, said.line), said.to_text());
    let stands =
        |key: PublicKey| Note::parse(&note).expect("a note").signature_of(&origin, key_id(&origin, &key)).is_some();
    named.is_some_and(|master| stands(master.public_key))
}

fn judged(vault: &Vault, checkpoint: AuditCheckpoint) -> CheckpointCheck {
    let check = vault.check_audit(&[checkpoint]).expect("checked");
    assert_eq!(check.fault, None);
    check.checkpoints.into_iter().next().expect("one")
}

fn opened(name: &Value) -> Vault {
    let case = vault_named(text(name));
    Vault::open(filled(&case), masters(std::slice::from_ref(&case["master_key"]))).expect("a good vault")
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/statements.json"))
}
