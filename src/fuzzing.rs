//! What the fuzz targets call: bytes from anywhere go through the real parsers, and what must hold is asserted.

use std::sync::OnceLock;

use base64ct::{Base64, Base64Url, Encoding};
use sha2::{Digest, Sha256};

use crate::anchor::AnchorStatement;
use crate::api_key::{Attributes, NewApiKey, Revision, edited as with_edit};
use crate::audit_log::Act;
use crate::guesses;
use crate::import::ImportedKey;
use crate::keyring::{KeyEncryptionKeys, Keyring, RowLabel};
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::note::NoteKey;
use crate::record::{self, Plain, Record, Resealer};
use crate::secret::SecretText;
use crate::store::MemoryStore;
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, Token};
use crate::vault::{AuditCheckpoint, AuditProof, Pin};
use crate::vault_id::VaultId;
use crate::verifier_key::VerifierKey;
use crate::verifier_keys::VerifierKeys;
use crate::versions::MasterKeyVersion;

/// What a client presents. A token has one spelling, and a damaged one differs from it in the check alone.
pub fn token(data: &[u8]) {
    const SECRET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
    let good = Token::compose("sr", id(), SECRET);
    for bytes in [data.to_vec(), edited(good.expose().as_bytes(), data)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        match Shape::of(text) {
            Shape::Token(Token { prefix, id, secret }) => {
                assert_eq!(Token::compose(prefix, id, secret).expose(), text);
            }
            Shape::Damaged => {
                let body = &text[..text.len() - 6];
                let (rest, secret) = body.split_at(body.len() - SECRET.len());
                let (prefix, id) = rest.rsplit_once('_').expect("the shape of a token");
                let repaired = Token::compose(prefix, id.parse().expect("the shape of a token"), secret);
                assert!(repaired.expose().starts_with(body) && repaired.expose() != text);
            }
            Shape::Foreign => {}
        }
        if let Ok(id) = text.parse::<ApiKeyId>() {
            assert_eq!(id.to_string(), text);
        }
    }
}

/// A stored record. A part opens only where it was sealed and as it was sealed, header included.
pub fn record(data: &[u8]) {
    let vault = vault();
    attributes(data);
    attributes(&edited(&vault.attributes, data));
    assert_eq!(opened_parts(data), (false, false), "arbitrary bytes opened");
    for sealed in &vault.records {
        let bytes = edited(sealed, data);
        let (verify, recover) = opened_parts(&bytes);
        let seam = seam(sealed);
        assert!(!verify || bytes[..seam] == sealed[..seam], "a changed verify part opened");
        assert!(!recover || bytes[..HEADER_LEN] == sealed[..HEADER_LEN], "a changed header opened");
        assert!(!recover || bytes[seam..] == sealed[seam..], "a changed recover part opened");
        assert_eq!(reseals(&bytes), bytes == *sealed);
    }
}

/// The keyring row. It opens only as it was written; a body under a right MAC is still read with care.
pub fn keyring(data: &[u8]) {
    let Vault { keks, keyring, rotating, .. } = vault();
    for keyring in [keyring, rotating] {
        let row = keyring.bytes();
        for bytes in [data.to_vec(), edited(row, data)] {
            let _ = Keyring::vault_claimed_by(&bytes);
            let as_written = bytes == row;
            assert_eq!(Keyring::open(bytes, keks).is_ok(), as_written);
        }
        let body = &row[1..row.len() - SIGNATURE_LEN];
        for body in [data.to_vec(), edited(body, data)] {
            let row = keyring.seal_row(RowLabel::Keyring, &body);
            let Ok(opened) = Keyring::open(row.clone(), keks) else { continue };
            assert_eq!((opened.bytes(), opened.vault()), (row.as_slice(), keyring.vault()));
            assert!(opened.masters().any(|master| master.version == opened.active_master()));
            assert_eq!(opened.active_lookup().0, opened.active_generation());
            let _ = (opened.suite(), opened.created_at(), opened.active(), opened.retiring_generation());
        }
    }
}

/// The list of master keys. It is read strictly, written again it is the same list, and no error echoes a key.
pub fn master_keys(data: &[u8]) {
    let key = &vault().master_key;
    let (good, json) = (format!("1:{}", key.expose()), format!("{{\"1\":\"{}\"}}", key.expose()));
    for bytes in [data.to_vec(), edited(good.as_bytes(), data), edited(json.as_bytes(), data)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        match MasterKeys::parse(text) {
            Ok(keys) => {
                let entry =
                    |(version, key): (MasterKeyVersion, &MasterKey)| format!("{version}:{}", key.to_text().expose());
                let written = keys.iter().map(entry).collect::<Vec<_>>().join("\n");
                let again = MasterKeys::parse(&written).expect("a list that was read");
                assert!(keys.versions().eq(again.versions()));
            }
            Err(error) => {
                let said = format!("{error} {error:?}");
                assert!(!key.expose().as_bytes().windows(8).any(|part| holds(&said, part)), "{said}");
            }
        }
    }
}

/// The list of verifier keys. A key has one spelling, and no error echoes it.
pub fn verifier_keys(data: &[u8]) {
    let master = MasterKey::parse(vault().master_key.expose()).expect("it was parsed before");
    let good = VerifierKey::derive(&master, vault().keyring.vault()).to_text();
    let list = format!("1:{}", good.expose());
    for bytes in [data.to_vec(), edited(list.as_bytes(), data), edited(good.expose().as_bytes(), data)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        if let Ok(key) = VerifierKey::parse(text) {
            assert_eq!(key.to_text().expose(), text);
        }
        if let Err(error) = VerifierKeys::parse(text) {
            let said = format!("{error} {error:?}");
            assert!(!good.expose().as_bytes()[5..].windows(8).any(|part| holds(&said, part)), "{said}");
        }
    }
}

/// A share of a master key. It has one spelling as text and one as words, no error echoes it, and no change of one gives
/// another key.
#[cfg(feature = "escrow")]
pub fn share(data: &[u8]) {
    use crate::key_share::{KeyShare, Split};
    use crate::master_key::Waivers;
    static SHARES: OnceLock<Vec<KeyShare>> = OnceLock::new();
    let master = MasterKey::parse(vault().master_key.expose()).expect("it was parsed before");
    let shares = SHARES.get_or_init(|| master.split(&Split::new(3, 2)).expect("random bytes"));
    let (good, words) = (shares[0].to_text(), shares[0].to_words());
    let changed = |text: &SecretText| edited(text.expose().as_bytes(), data);
    for bytes in [data.to_vec(), changed(&good), changed(&words)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        match KeyShare::parse(text) {
            Ok(share) => {
                for written in [share.to_text(), share.to_words()] {
                    let again = KeyShare::parse(written.expose()).expect("a share that was read");
                    assert_eq!(again.to_text().expose(), share.to_text().expose());
                }
                let other = KeyShare::parse(shares[1].to_text().expose()).expect("a share");
                if let Ok(combined) = KeyShare::combine(&[share, other], &Waivers::none()) {
                    assert!(combined.key.same_as(&master), "a wrong key");
                }
            }
            Err(error) => {
                let said = format!("{error} {error:?}");
                let secret = &good.expose()[60..];
                assert!(!secret.as_bytes().windows(8).any(|part| holds(&said, part)), "{said}");
            }
        }
    }
}

/// A proof about the audit log. It has one spelling, and what was changed in one proves nothing.
pub fn proof(data: &[u8]) {
    static PROOFS: OnceLock<(AuditCheckpoint, Pin, [AuditProof; 2])> = OnceLock::new();
    let (old, pin, proofs) = PROOFS.get_or_init(|| {
        let masters = MasterKeys::parse(&format!("1:{}", vault().master_key.expose())).expect("it was parsed before");
        let act = Act::by("fuzz").because("a reason");
        let made = crate::vault::Vault::create(MemoryStore::new(), masters, &act).expect("a vault");
        made.issue_many(&vec![NewApiKey::new("n"); 5], &act).expect("issued");
        let old = made.audit_checkpoint().expect("a checkpoint");
        made.issue_many(&vec![NewApiKey::new("n"); 5], &act).expect("issued");
        let growth = made.prove_audit_since(&old).expect("a proof").proof;
        let entry = made.prove_audit_entry(3, growth.checkpoint()).expect("a proof").proof;
        let pin = made.public_keys().expect("keys")[0].public_key.into();
        (old, pin, [growth, entry])
    });
    let pins = std::slice::from_ref(pin);
    for proof in proofs {
        let good = proof.to_text();
        for bytes in [data.to_vec(), edited(good.as_bytes(), data)] {
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            let Ok(read) = AuditProof::parse(text) else { continue };
            assert_eq!(read.to_text(), text);
            let proven = read.check_growth(old, pins).is_ok() || read.check_entry(pins).is_ok();
            // Signatures of others may stand beside the one that counts.
            let signed = |text: &str| text.split_once('\u{2014}').map(|(said, _)| said.to_owned());
            assert!(!proven || signed(text) == signed(&good), "changed, and proven");
        }
    }
}

/// A public key that is pinned. Each has one spelling in either form.
pub fn pin(data: &[u8]) {
    let key = vault().keyring.public().public_key();
    let named = NoteKey::new(format!("strongroom/{}/{}", vault().keyring.vault(), "0".repeat(32)), key);
    for good in [key.to_string(), named.to_string()] {
        for bytes in [data.to_vec(), edited(good.as_bytes(), data)] {
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            let Ok(pin) = text.parse::<Pin>() else { continue };
            assert_eq!(pin.to_string(), text);
        }
    }
}

/// The text of an anchor. What is read and written again says the same.
pub fn anchor(data: &[u8]) {
    let row = Base64::encode_string(&vault().records[0]);
    let (id, key) = (vault().keyring.vault(), vault().keyring.public().public_key());
    let good = format!(
        r#"{{"schema":"strongroom.anchor.v1","vault":"{id}","line":"{0}","audit_seq":7,"audit_hash":"{0}{0}","keyring_revision":2,"keyring_hash":"{0}{0}","master_key":1,"public_key":"{key}","seen_at":"2030-01-01T00:00:00Z","head":"{row}","acts":[{{"act":"init","at":"2030-01-01T00:00:00Z","actor":"a","reason":null,"from":null,"to":7}}]}}"#,
        "0".repeat(32),
    );
    assert!(AnchorStatement::parse(&good, "a file").is_ok());
    for bytes in [data.to_vec(), edited(good.as_bytes(), data)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let Ok(read) = AnchorStatement::parse(text, "a file") else { continue };
        assert_eq!(AnchorStatement::parse(&read.to_text(), "a file").ok(), Some(read));
    }
}

/// One line of an import file. It is read strictly, written again it says the same, and no error echoes the token.
pub fn import_line(data: &[u8]) {
    const TOKEN: &str = "legacy-5f0c7e1b9a2d";
    let good = format!(
        r#"{{"token":"{TOKEN}","name":"n","owner":"o","scopes":["a"],"expires_at":"2030-01-01T00:00:00Z","revoked":true,"created_at":"2020-01-01T00:00:00Z","id":"01kb0c5x7mq8e4t2v9rwyz3abd","networks":["10.0.0.0/8"],"attributes":{{"a":"b"}},"revoked_at":"2021-01-01T00:00:00Z","replaces":null}}"#
    );
    for bytes in [data.to_vec(), edited(good.as_bytes(), data)] {
        let Ok(line) = std::str::from_utf8(&bytes) else { continue };
        match ImportedKey::parse(line) {
            Ok(read) => {
                assert!(guesses::bits(read.token.expose()) <= 11_000);
                let again = ImportedKey::parse(read.to_line().expose()).expect("a line that was read");
                assert_eq!(again.token.expose(), read.token.expose());
                assert_eq!((again.key, again.created_at, again.revoked), (read.key, read.created_at, read.revoked));
                assert_eq!((again.id, again.past), (read.id, read.past));
            }
            Err(error) => {
                let said = format!("{error} {error:?}");
                assert!(!TOKEN.as_bytes().windows(8).any(|part| holds(&said, part)), "{said}");
            }
        }
    }
}

/// Content that may hold keys. A key that is put into it is found, and no hit says anything of it.
#[cfg(feature = "scan")]
pub fn scan(data: &[u8]) {
    use crate::scan::Scanner;
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    let key = &vault().master_key;
    let scanner = SCANNER.get_or_init(|| {
        let masters = MasterKeys::parse(key.expose()).expect("a digest passes the checks");
        let fingerprints: Vec<_> = masters.versions().collect();
        Scanner::exact(&masters).with(Scanner::fingerprints(fingerprints)).with(Scanner::generic())
    });
    let whole = scanner.scan("fuzz.py", data);
    let read = scanner.scan_reader("fuzz.py", data).expect("memory is read without errors");
    assert_eq!((&whole.hits, whole.allowed, whole.bytes), (&read.hits, read.allowed, read.bytes));
    let (before, after) = data.split_at(data.len() / 2);
    let content = [before, b"\n\"", key.expose().as_bytes(), b"\"\n", after].concat();
    let found = scanner.scan("fuzz.py", &content);
    assert!(found.hits.iter().any(|hit| hit.version == Some(MasterKeyVersion::FIRST)), "a key was not found");
    let said = format!("{scanner:?} {found:?}");
    assert!(!key.expose().as_bytes().windows(8).any(|part| holds(&said, part)), "{said}");
}

/// Which parts of a record open: verify and recover.
fn opened_parts(bytes: &[u8]) -> (bool, bool) {
    let keyring = &vault().keyring;
    let Ok(record) = Record::parse(bytes) else { return (false, false) };
    assert!(record.open_verify(keyring, ApiKeyId::SENTINEL).is_err(), "opened elsewhere");
    assert!(!matches!(record.open_recover(keyring, ApiKeyId::SENTINEL), Ok(Some(_))), "opened elsewhere");
    let verify = record.open_verify(keyring, id()).is_ok();
    assert_eq!(record.attributes(keyring, id()).is_ok(), verify);
    (verify, matches!(record.open_recover(keyring, id()), Ok(Some(_))))
}

/// Whether a rotation would carry the record over.
fn reseals(bytes: &[u8]) -> bool {
    let keyring = &vault().keyring;
    let resealer = Resealer::new(keyring, keyring.active_generation());
    resealer.expect("the active generation is there").reseal(id(), bytes).is_ok()
}

/// Where the verify part of a sealed record ends (docs/format.md, Records).
fn seam(sealed: &[u8]) -> usize {
    let len = sealed[8..12].try_into().expect("four bytes");
    HEADER_LEN + u32::from_be_bytes(len) as usize
}

/// Attributes read back as they were written, and a revocation changes nothing else.
fn attributes(bytes: &[u8]) {
    let Some(read) = Attributes::from_bytes(bytes) else { return };
    assert_eq!(Attributes::from_bytes(&read.to_bytes()).as_ref(), Some(&read));
    let now = Timestamp::from(std::time::UNIX_EPOCH);
    if let Some(revoked) = with_edit(bytes, |attributes| attributes.revoke(now)) {
        let revoked = Attributes::from_bytes(&revoked).expect("a revocation keeps attributes readable");
        assert!(revoked == read || revoked == read.clone().revoked(Some(now)));
    }
    let _ = read.into_view(id(), false, false, Revision::of([0; 8]));
}

/// `whole` after the steps that `script` holds, three bytes each: a place, and what happens there. The fuzzer gets
/// past a header or a MAC by changing what is valid, where inventing it would take for ever.
fn edited(whole: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for step in script.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([step[0], step[1]])) % (bytes.len() + 1);
        match (bytes.get_mut(at), step[2]) {
            (None, added) => bytes.push(added),
            (Some(_), 0) => bytes.truncate(at),
            (Some(byte), changed) => *byte ^= changed,
        }
    }
    bytes
}

/// A vault made once: what is sealed in it, and the keys to open it.
struct Vault {
    master_key: SecretText,
    keks: KeyEncryptionKeys,
    keyring: Keyring,
    rotating: Keyring,
    attributes: Vec<u8>,
    records: [Vec<u8>; 2],
}

fn vault() -> &'static Vault {
    static VAULT: OnceLock<Vault> = OnceLock::new();
    VAULT.get_or_init(|| {
        let now = Timestamp::from(std::time::UNIX_EPOCH);
        let [master_key, next] = ["one", "two"].map(|name| Base64Url::encode_string(&Sha256::digest(name)));
        let masters = MasterKeys::parse(&format!("1:{master_key} 2:{next}")).expect("digests pass the checks");
        let vault = VaultId([7; 16]);
        let keks = KeyEncryptionKeys::derive(&masters, vault);
        let keyring =
            Keyring::create(Suite::default(), vault, MasterKeyVersion::FIRST, &keks, now).expect("random bytes");
        let rotating = keyring
            .with_next_generation(
                MasterKeyVersion::try_from(2).expect("not zero"),
                crate::keyring::HANDED_OVER,
                &keks,
                now,
            )
            .expect("random bytes");
        let key = NewApiKey::new("billing").owner("acme").scope("invoices:read").attribute("plan", "gold");
        let attributes = Attributes::of(&key, [7; 32], [8; 32], now).to_bytes().to_vec();
        let records = [None, Some("a secret")].map(|secret| {
            let plain = Plain { imported: false, attributes: &attributes, secret };
            record::seal(&keyring, id(), &plain).expect("random bytes")
        });
        Vault { master_key: SecretText::new(master_key), keks, keyring, rotating, attributes, records }
    })
}

fn id() -> ApiKeyId {
    ApiKeyId::from_bytes([1; 16])
}

fn holds(text: &str, part: &[u8]) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part)
}

const HEADER_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;
