//! The test vectors of docs/format.md, which a second implementation made from that page alone.

mod audit;
mod backups;
mod broken_vaults;
#[cfg(feature = "escrow")]
mod key_shares;
mod keyrings;
mod keys;
mod records;
mod rows;
mod signatures;
mod statements;
mod tokens;
mod tree;
mod usage;
mod vaults;

use std::convert::Infallible;

use hmac::{KeyInit, Mac};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::Value;

use crate::audit_log::Act;
use crate::authority::{PublicKey, SIGNATURE_LEN, SigningKey};
use crate::keyring::{KeyEncryptionKeys, Keyring, KeyringError, RowError};
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::secret::SecretBytes;
use crate::store::{Batch, Expected, MemoryStore, Store, Table};
use crate::suite::{CipherStream, Suite};
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::version;

fn vaults() -> Value {
    file(include_str!("../tests/vectors/vaults.json"))
}

fn vault_named(name: &str) -> Value {
    let named = |case: &&Value| case["name"] == name;
    list(&vaults()).iter().find(named).expect("a vault of this name").clone()
}

fn keyrings() -> Value {
    file(include_str!("../tests/vectors/keyrings.json"))
}

fn open_keyring(case: &Value) -> Result<Keyring, KeyringError> {
    let row = hex(&case["row"]);
    Keyring::open(row, &KeyEncryptionKeys::derive(&masters(list(&case["configured"])), vault()))
}

fn keyring_named(name: &str) -> Keyring {
    let keyrings = keyrings();
    let case = list(&keyrings["good"]).iter().find(|case| case["name"] == name).expect("a keyring of this name");
    open_keyring(case).expect("a good keyring")
}

fn masters(versions: &[Value]) -> MasterKeys {
    let file = file(include_str!("../tests/vectors/master_keys.json"));
    let mut keys = MasterKeys::default();
    for case in list(&file["good"]).iter().filter(|case| versions.contains(&case["version"])) {
        let key = MasterKey::parse(text(&case["text"])).expect("a good key");
        keys.insert(version(word(&case["version"])), key).expect("a new version");
    }
    keys
}

fn vault() -> VaultId {
    VaultId(array(&file(include_str!("../tests/vectors/audit.json"))["vault"]))
}

fn row_error(error: RowError) -> &'static str {
    match error {
        RowError::Format(_) => "newer",
        RowError::Malformed => "malformed",
        RowError::Other => "other",
        RowError::Unauthentic => "unauthentic",
    }
}

fn act() -> Act {
    Act::by("tester").because("a test")
}

fn filled(case: &Value) -> MemoryStore {
    let store = MemoryStore::new();
    for &table in Table::ALL {
        for row in list(&case["tables"][table.name()]) {
            put(&store, table, &hex(&row[0]), &hex(&row[1]));
        }
    }
    store
}

fn put(store: &MemoryStore, table: Table, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, value, Expected::Absent);
    store.commit(&batch).expect("an empty place");
}

fn unsealed(cipher: &mut CipherStream<'_>, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (body, tag) = sealed.split_last_chunk().expect("a tag");
    let mut plain = vec![0; body.len()];
    cipher.open(nonce.try_into().expect("24 bytes"), aad, body, tag, &mut plain).expect("it opens");
    plain
}

/// Holds bytes against the rules of docs/format.md, Encodings: read as any CBOR and written anew, they are the same.
fn assert_is_deterministic(bytes: &[u8]) {
    let mut encoder = Encoder::new(vec![]);
    let mut decoder = Decoder::new(bytes);
    write_anew(&mut decoder, &mut encoder);
    assert_eq!(decoder.position(), bytes.len());
    assert_eq!(encoder.into_writer(), bytes);
}

fn write_anew(from: &mut Decoder<'_>, to: &mut Encoder<Vec<u8>>) {
    match from.datatype().expect("a value") {
        Type::Bool => drop(to.bool(from.bool().expect("bool"))),
        Type::Bytes => drop(to.bytes(from.bytes().expect("bytes"))),
        Type::String => drop(to.str(from.str().expect("text"))),
        Type::Array => {
            let len = from.array().expect("a list").expect("a definite length");
            drop(to.array(len));
            (0..len).for_each(|_| write_anew(from, to));
        }
        Type::Map => {
            let len = from.map().expect("a map").expect("a definite length");
            drop(to.map(len));
            let mut last = None;
            for _ in 0..len {
                let key = from.probe().u64().expect("keys of stored rows are numbers");
                assert!(last < Some(key), "keys ascend");
                last = Some(key);
                write_anew(from, to);
                write_anew(from, to);
            }
        }
        _ => drop(to.int(from.int().expect("a number"))),
    }
}

fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn word(value: &Value) -> u32 {
    u32::try_from(number(value)).expect("32 bits")
}

fn hex(value: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(text(value)).expect("hexadecimal")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().expect("as many bytes")
}

/// What stands there is hexadecimal, or null where there is nothing.
fn hex_or_none(value: &Value) -> Option<Vec<u8>> {
    (!value.is_null()).then(|| hex(value))
}

fn secret(value: &Value) -> SecretBytes<32> {
    let fill = |bytes: &mut [u8; 32]| -> Result<(), Infallible> {
        *bytes = array(value);
        Ok(())
    };
    SecretBytes::fill_with(fill).expect("filled")
}

/// What the authority of a master key version signs with, by its seed.
fn signer(version: &Value) -> SigningKey {
    let file = file(include_str!("../tests/vectors/master_keys.json"));
    let case = list(&file["good"]).iter().find(|case| case["version"] == *version).expect("a master key");
    SigningKey::from_seed(secret(&case["authority_seed"]))
}

fn public_key(value: &Value) -> PublicKey {
    text(value).parse().expect("a public key")
}

/// The body of an authenticated row, between its format and its signature.
fn body(row: &[u8]) -> &[u8] {
    &row[1..row.len() - SIGNATURE_LEN]
}

fn hmac(key: &Value, pieces: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&hex(key)).expect("any length");
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

fn id(value: &Value) -> ApiKeyId {
    ApiKeyId::from_row(&hex(value)).expect("16 bytes")
}

fn suite(value: &Value) -> Suite {
    Suite::from_byte(u8::try_from(number(value)).expect("a byte")).expect("a suite")
}
