mod resealing;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::layout::{HEADER_LEN, Header, OVERHEAD, RECORD_FORMAT, part_aad, seal_part, vault_tag};
use super::*;
use crate::api_key::{Attributes, NewApiKey};
use crate::keyring::{KeyEncryptionKeys, Keyring};
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::secret::{SecretText, random_array};
use crate::suite::{Nonce, Suite};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;
use crate::versions::{generation, version};

const SUITES: [Suite; 2] = [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305];
const PARTS: [Part; 2] = [Part::Recover, Part::Verify];

#[test]
fn a_record_opens_as_it_was_sealed() {
    for suite in SUITES {
        let keyring = keyring(suite);
        for (secret, imported) in
            [(None, false), (Some("s3cret"), false), (Some("a whole token"), true), (Some(""), true)]
        {
            let plain = Plain { imported, attributes: b"attributes", secret };
            let bytes = seal(&keyring, id(1), &plain).expect("random");
            let record = Record::parse(&bytes).expect("parse");
            assert_eq!(
                (record.imported(), record.recoverable(), record.generation()),
                (imported, secret.is_some(), generation(1))
            );
            assert_eq!(*record.open_verify(&keyring, id(1)).expect("verify"), b"attributes");
            let recovered = record.open_recover(&keyring, id(1)).expect("recover");
            assert_eq!(recovered.as_ref().map(SecretText::expose), secret);
            assert_eq!(bytes.len(), HEADER_LEN + OVERHEAD + 10 + secret.map_or(0, |secret| OVERHEAD + secret.len()));
            assert!(!contains(&bytes, b"attributes") && !contains(&bytes, b"s3cret"));
        }
    }
}

#[test]
fn attributes_are_read_only_where_they_are_attributes() {
    let keyring = keyring(Suite::default());
    let attributes = Attributes::of(&NewApiKey::new("name"), [7; 32], [8; 32], now());
    let bytes = sealed(&keyring, 1, &attributes.to_bytes(), None);
    let record = Record::parse(&bytes).expect("parse");
    assert_eq!(record.attributes(&keyring, id(1)), Ok(attributes));
    let bytes = sealed(&keyring, 1, b"something else", None);
    let record = Record::parse(&bytes).expect("parse");
    assert_eq!(record.attributes(&keyring, id(1)), Err(RecordError::Attributes));
}

#[test]
fn two_seals_of_the_same_share_no_nonce() {
    let keyring = keyring(Suite::default());
    let nonces: Vec<_> = (0..100).flat_map(|_| nonces(&sealed(&keyring, 1, b"same", Some("same")))).collect();
    let prefixes: HashSet<_> = nonces.iter().map(|nonce| nonce[..SHARED].to_vec()).collect();
    assert_eq!((nonces.len(), prefixes.len()), (200, 200));
}

#[test]
fn any_changed_bit_is_refused_when_the_record_is_opened() {
    for suite in SUITES {
        let keyring = keyring(suite);
        for secret in [None, Some("secret")] {
            let mut bytes = sealed(&keyring, 1, b"attributes", secret);
            assert!(opens(&keyring, 1, &bytes));
            for at in 0..bytes.len() * 8 {
                bytes[at / 8] ^= 1 << (at % 8);
                assert!(!opens(&keyring, 1, &bytes), "{suite}, bit {at}");
                if at < HEADER_LEN * 8 {
                    let verify = Record::parse(&bytes).and_then(|record| record.open_verify(&keyring, id(1)).map(drop));
                    assert!(verify.is_err(), "{suite}, bit {at}: both parts bind the whole header");
                }
                bytes[at / 8] ^= 1 << (at % 8);
            }
        }
    }
}

#[test]
fn a_record_of_another_length_is_refused() {
    let keyring = keyring(Suite::default());
    for secret in [None, Some("secret")] {
        let bytes = sealed(&keyring, 1, b"attributes", secret);
        for len in 0..bytes.len() {
            assert!(!opens(&keyring, 1, &bytes[..len]), "{len} bytes");
        }
        assert!(!opens(&keyring, 1, &[bytes.as_slice(), &[0]].concat()));
        assert!(!opens(&keyring, 1, &[bytes.as_slice(), &bytes].concat()));
    }
}

#[test]
fn what_is_wrong_with_a_record_is_told_apart() {
    let keyring = keyring(Suite::default());
    let mut bytes = sealed(&keyring, 1, b"attributes", Some("secret"));
    let verify = |bytes: &[u8], keyring: &Keyring, at| {
        let opened = Record::parse(bytes).and_then(|record| record.open_verify(keyring, at).map(drop));
        opened.expect_err("refused")
    };
    assert_eq!(verify(&bytes, &keyring, id(2)), RecordError::Moved { from: id(1) });
    assert_eq!(verify(&bytes, &self::keyring(Suite::default()), id(1)), RecordError::Foreign);
    assert_eq!(verify(&bytes[..HEADER_LEN - 1], &keyring, id(1)), RecordError::Malformed);
    assert_eq!(verify(&[], &keyring, id(1)), RecordError::Malformed);
    let mut later = bytes.clone();
    later[0] = 2;
    assert_eq!(verify(&later, &keyring, id(1)), RecordError::Format { found: 2 });
    later[0] = 0;
    assert_eq!(verify(&later, &keyring, id(1)), RecordError::Malformed, "no format has the number 0");
    let mut relabelled = bytes.clone();
    relabelled[7] = 9;
    assert_eq!(verify(&relabelled, &keyring, id(1)), RecordError::MissingGeneration { generation: generation(9) });
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let record = Record::parse(&bytes).expect("parse");
    assert!(record.open_verify(&keyring, id(1)).is_ok());
    let recover = record.open_recover(&keyring, id(1)).err();
    assert_eq!(recover, Some(RecordError::Corrupt { part: "recover" }));
    bytes[HEADER_LEN] ^= 1;
    assert_eq!(verify(&bytes, &keyring, id(1)), RecordError::Corrupt { part: "verify" });
}

#[test]
fn a_record_outlives_a_rewrap_untouched() {
    let Moving { before, keks, .. } = Moving::new();
    let bytes = sealed(&before, 1, b"attributes", Some("secret"));
    let after = before.rewrapped(version(2), 5, &keks, now()).expect("rewrap");
    assert!(opens(&after, 1, &bytes));
    assert!(opens(&before, 1, &sealed(&after, 1, b"attributes", Some("secret"))));
}

#[test]
fn a_dropped_generation_is_named() {
    let Moving { before, keyring, keks, .. } = Moving::new();
    let bytes = sealed(&before, 1, b"attributes", None);
    let after = keyring.without_generation(generation(1), &BTreeMap::new(), &keks).expect("drop");
    let record = Record::parse(&bytes).expect("parse");
    let missing = RecordError::MissingGeneration { generation: generation(1) };
    assert_eq!(record.open_verify(&after, id(1)).err(), Some(missing));
    assert_eq!(record.open_recover(&after, id(1)).err(), Some(missing));
    assert!(Resealer::new(&after, generation(1)).is_none());
}

#[test]
fn records_and_parts_exchanged_between_rows_do_not_open() {
    let keyring = keyring(Suite::default());
    // The same length and content everywhere, so that nothing but the binding tells them apart.
    let records: Vec<_> = (0..50).map(|at| sealed(&keyring, at, b"attributes", Some("secret"))).collect();
    let pairs = (0..50_u8).flat_map(|to| (0..50).filter(move |from| *from != to).map(move |from| (to, from)));
    let mut tried = 0;
    for (to, from) in pairs {
        let (mine, theirs) = (&records[usize::from(to)], &records[usize::from(from)]);
        let whole = Record::parse(theirs).expect("parse");
        assert_eq!(whole.open_verify(&keyring, id(to)).err(), Some(RecordError::Moved { from: id(from) }));
        assert_eq!(whole.open_recover(&keyring, id(to)).err(), Some(RecordError::Moved { from: id(from) }));
        for part in PARTS {
            let mixed = with_part_of(mine, theirs, part);
            assert_eq!(opened(&keyring, to, &mixed, part), Err(RecordError::Corrupt { part: part.name() }));
        }
        let relabelled = with_header_of(mine, theirs);
        assert!(!opens(&keyring, to, &relabelled) && !opens(&keyring, from, &relabelled));
        tried += 1;
    }
    assert_eq!(tried, 2_450);
}

#[test]
fn the_parts_of_one_record_cannot_take_each_others_place() {
    let keyring = keyring(Suite::default());
    let mut bytes = sealed(&keyring, 1, b"secret", Some("secret"));
    let (verify, recover) = bytes[HEADER_LEN..].split_at_mut(OVERHEAD + 6);
    verify.swap_with_slice(recover);
    for part in PARTS {
        assert_eq!(opened(&keyring, 1, &bytes, part), Err(RecordError::Corrupt { part: part.name() }));
    }
}

#[test]
fn parts_exchanged_between_generations_do_not_open() {
    let Moving { before, keyring, .. } = Moving::new();
    let old = sealed(&before, 1, b"attributes", Some("secret"));
    let new = sealed(&keyring, 1, b"attributes", Some("secret"));
    assert!(opens(&keyring, 1, &old) && opens(&keyring, 1, &new));
    for (mine, theirs) in [(&old, &new), (&new, &old)] {
        for part in PARTS {
            let mixed = with_part_of(mine, theirs, part);
            assert_eq!(opened(&keyring, 1, &mixed, part), Err(RecordError::Corrupt { part: part.name() }));
        }
        assert!(!opens(&keyring, 1, &with_header_of(mine, theirs)));
    }
}

#[test]
fn records_of_another_vault_do_not_open_even_under_its_tag() {
    // One master key in both vaults.
    let master = MasterKey::generate().expect("random");
    let [here, there] = [(); 2].map(|()| keyring_under(Suite::default(), &master));
    let mine = sealed(&here, 1, b"attributes", Some("secret"));
    let mut theirs = sealed(&there, 1, b"attributes", Some("secret"));
    assert_eq!(opened(&here, 1, &theirs, Part::Verify), Err(RecordError::Foreign));
    assert_eq!(opened(&here, 1, &theirs, Part::Recover), Err(RecordError::Foreign));
    theirs[12..16].copy_from_slice(&mine[12..16]);
    for part in PARTS {
        assert_eq!(opened(&here, 1, &theirs, part), Err(RecordError::Corrupt { part: part.name() }));
        let mixed = with_part_of(&mine, &theirs, part);
        assert_eq!(opened(&here, 1, &mixed, part), Err(RecordError::Corrupt { part: part.name() }));
    }
}

/// Each part and vault has keys of its own, which hide a binding that is missing: so the bytes themselves.
#[test]
fn the_associated_data_name_vault_table_part_id_and_header() {
    let keyring = keyring(Suite::default());
    let bytes = sealed(&keyring, 1, b"attributes", Some("secret"));
    let header = Record::parse(&bytes).expect("parse").header;
    for (part, name) in [(Part::Recover, "recover"), (Part::Verify, "verify")] {
        let mut expected = vec![];
        for field in
            [b"strongroom/v1/record", &keyring.vault().0[..], b"keys", name.as_bytes(), &[1; 16], &bytes[..HEADER_LEN]]
        {
            expected.extend([0, 0, 0, u8::try_from(field.len()).expect("short")]);
            expected.extend(field);
        }
        assert_eq!(*part_aad(keyring.vault(), part, &header), expected);
    }
}

#[test]
fn the_commitment_is_that_of_what_a_record_says_and_not_of_how_it_is_sealed() {
    let keyring = keyring(Suite::default());
    let vault = keyring.vault();
    let said = |name: &str, salt: u8| Attributes::of(&NewApiKey::new(name), [7; 32], [salt; 32], now()).to_bytes();
    let of =
        |attributes: &[u8], imported, secret, at: u8| Plain { imported, attributes, secret }.commitment(vault, id(at));
    let plain = said("name", 1);
    let first = of(&plain, false, Some("secret"), 1);
    for sealed in [sealed(&keyring, 1, &plain, Some("secret")), sealed(&keyring, 1, &plain, Some("other"))] {
        let record = Record::parse(&sealed).expect("parse");
        let opened = record.open_verify(&keyring, id(1)).expect("opens");
        assert_eq!(record.commitment(vault, &opened), first);
    }
    let exposed = crate::api_key::with_exposure(&plain, now()).expect("a map");
    assert_eq!(of(&exposed, false, Some("secret"), 1), first, "a rotation adds the mark");
    let others = [
        of(&said("other", 1), false, Some("secret"), 1),
        of(&said("name", 2), false, Some("secret"), 1),
        of(&plain, true, Some("secret"), 1),
        of(&plain, false, None, 1),
        of(&plain, false, Some("secret"), 2),
        of(&plain[..plain.len() - 1], false, Some("secret"), 1),
    ];
    let all: BTreeSet<_> = others.into_iter().chain([first]).collect();
    assert_eq!(all.len(), 7);
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!survives(&bytes));
    }

    #[test]
    fn any_parts_under_any_plausible_header_are_refused_without_a_panic(
        suite in 0_u8..4,
        flags in 0_u8..5,
        generation in 0_u32..4,
        verify_len in prop_oneof![0_u32..200, any::<u32>(), Just(u32::MAX)],
        parts in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let vault = SHARED_KEYRING.with(Keyring::vault);
        let mut bytes = vec![RECORD_FORMAT, suite, flags, 0];
        bytes.extend(generation.to_be_bytes());
        bytes.extend(verify_len.to_be_bytes());
        bytes.extend(vault_tag(vault));
        bytes.extend(id(1).to_bytes());
        bytes.extend(parts);
        prop_assert!(!survives(&bytes));
    }
}

thread_local! {
    static SHARED_KEYRING: Keyring = Moving::new().keyring;
}

/// Whether anything opens; everything that reads a record is tried.
fn survives(bytes: &[u8]) -> bool {
    SHARED_KEYRING.with(|keyring| {
        let Ok(record) = Record::parse(bytes) else { return false };
        let _ = (record.bytes().len(), record.imported(), record.commitment(keyring.vault(), bytes));
        let resealed =
            Resealer::new(keyring, generation(1)).is_some_and(|mut resealer| resealer.reseal(id(1), bytes).is_ok());
        let recovered = record.open_recover(keyring, id(1)).is_ok_and(|secret| secret.is_some());
        resealed || recovered || record.open_verify(keyring, id(1)).is_ok()
    })
}

/// A vault in a rotation from generation 1 to generation 2.
struct Moving {
    before: Keyring,
    keyring: Keyring,
    keks: KeyEncryptionKeys,
}

impl Moving {
    fn new() -> Self {
        let (one, two) = (MasterKey::generate().expect("random"), MasterKey::generate().expect("random"));
        let mut masters = MasterKeys::single(one);
        masters.insert(version(2), two).expect("another version and key");
        let vault = VaultId::random().expect("random");
        let keks = KeyEncryptionKeys::derive(&masters, vault);
        let before = Keyring::create(Suite::default(), vault, version(1), &keks, now()).expect("create");
        let keyring =
            before.with_next_generation(version(2), crate::keyring::HANDED_OVER, &keks, now()).expect("rotate");
        Self { before, keyring, keks }
    }
}

fn keyring(suite: Suite) -> Keyring {
    keyring_under(suite, &MasterKey::generate().expect("random"))
}

/// A vault of its own.
fn keyring_under(suite: Suite, master: &MasterKey) -> Keyring {
    let vault = VaultId::random().expect("random");
    let master = MasterKey::parse(master.to_text().expose()).expect("its own text");
    let keks = KeyEncryptionKeys::derive(&MasterKeys::single(master), vault);
    Keyring::create(suite, vault, version(1), &keks, now()).expect("create")
}

fn sealed(keyring: &Keyring, at: u8, attributes: &[u8], secret: Option<&str>) -> Vec<u8> {
    seal(keyring, id(at), &Plain { imported: false, attributes, secret }).expect("random")
}

/// As `seal` does it, in another suite than the vault's: what a vault holds whose suite was changed.
fn sealed_as(keyring: &Keyring, suite: Suite, at: u8, attributes: &[u8], secret: Option<&str>) -> Vec<u8> {
    let plain = Plain { imported: false, attributes, secret };
    let header = Header { suite, ..Header::new(keyring, id(at), &plain) };
    let mut record = header.with_space_for(&plain);
    let nonce = || random_array().expect("random");
    let aad = |part| part_aad(keyring.vault(), part, &header);
    let mut cipher = keyring.active().verify.cipher(suite).stream();
    seal_part(&mut cipher, nonce(), &aad(Part::Verify), attributes, &mut record);
    if let Some(secret) = secret {
        let mut cipher = keyring.active().recover().cipher(suite).stream();
        seal_part(&mut cipher, nonce(), &aad(Part::Recover), secret.as_bytes(), &mut record);
    }
    record
}

/// Whether every part of the record opens.
fn opens(keyring: &Keyring, at: u8, bytes: &[u8]) -> bool {
    PARTS.into_iter().all(|part| opened(keyring, at, bytes, part).is_ok())
}

fn opened(keyring: &Keyring, at: u8, bytes: &[u8], part: Part) -> Result<(), RecordError> {
    let record = Record::parse(bytes)?;
    match part {
        Part::Recover => record.open_recover(keyring, id(at)).map(drop),
        Part::Verify => record.open_verify(keyring, id(at)).map(drop),
    }
}

/// Whether a part opens with the data key of a generation, whatever the header says.
fn opens_under(keyring: &Keyring, generation: Generation, bytes: &[u8], part: Part) -> bool {
    let record = Record::parse(bytes).expect("parse");
    let generation = keyring.generation(generation).expect("the generation is there");
    let key = match part {
        Part::Recover => generation.recover(),
        Part::Verify => &generation.verify,
    };
    let mut cipher = key.cipher(record.header.suite).stream();
    record.open_part(&mut cipher, part, keyring.vault(), &mut vec![]).is_ok()
}

/// `mine` with one part of `theirs`.
fn with_part_of(mine: &[u8], theirs: &[u8], part: Part) -> Vec<u8> {
    let mut mixed = mine.to_vec();
    let [to, from] = [mine, theirs].map(|bytes| Record::parse(bytes).expect("parse").header.part(part, bytes.len()));
    mixed.splice(to, theirs[from].iter().copied());
    mixed
}

fn with_header_of(mine: &[u8], theirs: &[u8]) -> Vec<u8> {
    [&theirs[..HEADER_LEN], &mine[HEADER_LEN..]].concat()
}

fn nonces(bytes: &[u8]) -> Vec<Nonce> {
    let header = Record::parse(bytes).expect("parse").header;
    let parts = PARTS.map(|part| *bytes[header.part(part, bytes.len())].first_chunk().expect("a nonce"));
    parts.to_vec()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn id(at: u8) -> ApiKeyId {
    ApiKeyId::from_bytes([at; 16])
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).expect("a time")
}

const SHARED: usize = crate::suite::SHARED_NONCE_LEN;
