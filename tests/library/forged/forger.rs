//! Somebody who has a verifier key and writes the store. With it verify parts are opened and sealed, and changed under the tag that
//! they have (docs/format.md, Verifier keys, Wraps, Data keys, Records).

use std::collections::BTreeMap;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit as _};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut;
use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::XChaCha20Poly1305;
use hkdf::Hkdf;
use minicbor::Decode;
use minicbor::bytes::{ByteArray, ByteVec};
use sha2::{Digest, Sha256};

use super::one_time_keys::{Number, ghash_power, ghash_product, poly1305_key};

/// The data keys `verify` of a vault, by generation.
pub(crate) struct Forger {
    vault: [u8; 16],
    data_keys: BTreeMap<u32, [u8; 32]>,
}

impl Forger {
    /// From a verifier key as it is written, and the row `keyring`.
    pub(crate) fn with(verifier_key: &str, keyring: &[u8]) -> Self {
        let text = verifier_key.strip_prefix("srv1-").expect("a verifier key");
        let bytes = Base64UrlUnpadded::decode_vec(text).expect("base64");
        let (vault, kek) = (bytes[..16].try_into().expect("16 bytes"), &bytes[24..56]);
        let row: KeyringRow = minicbor::decode(&keyring[1..keyring.len() - 64]).expect("a keyring");
        let opened = |of: &GenerationRow| (of.id, unwrapped(&of.verify, vault, of.id, kek));
        Self { vault, data_keys: row.generations.iter().map(opened).collect() }
    }

    /// What the verify part of a record holds.
    pub(crate) fn open(&self, record: &[u8]) -> Vec<u8> {
        let (nonce, mut cipher, tag) = verify_part(record);
        let aad = self.aad(record);
        crypt(record[1], &self.part_key(record), &nonce, &aad, &mut cipher, Some(tag));
        cipher
    }

    /// The record with another verify part, sealed at `id`. Without the recover part where none is to be there.
    pub(crate) fn seal(&self, record: &[u8], id: &[u8], plain: &[u8], recoverable: bool) -> Vec<u8> {
        let mut forged = record[..HEADER_LEN].to_vec();
        forged[2] &= if recoverable { 3 } else { 2 };
        let len = u32::try_from(plain.len() + 40).expect("small");
        forged[8..12].copy_from_slice(&len.to_be_bytes());
        forged[16..].copy_from_slice(id);
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).expect("random");
        let mut cipher = plain.to_vec();
        let tag = crypt(forged[1], &self.part_key(&forged), &nonce, &self.aad(&forged), &mut cipher, None);
        forged.extend(nonce);
        forged.extend(cipher);
        forged.extend(tag);
        if recoverable {
            forged.extend(&record[seam(record)..]);
        }
        forged
    }

    /// The record with the digest of another secret in it, and every other byte but 16 of the salt as it was: the tag is the
    /// same. The secret is returned.
    ///
    /// Both tags are polynomials in the blocks of the ciphertext over a field, and who has the key knows the place where they are
    /// taken. So one block that nobody looks at takes back what the others changed.
    pub(crate) fn same_tag(&self, record: &[u8]) -> (Vec<u8>, String) {
        let (nonce, cipher, tag) = verify_part(record);
        let (plain, key) = (self.open(record), self.part_key(record));
        assert!(plain[1..4] == [0, 0x58, 32] && plain[plain.len() - 35..plain.len() - 32] == [0x10, 0x58, 32]);
        let salt = plain.len() - 32;
        let free = salt.div_ceil(16);
        for number in 0.. {
            let secret = format!("{number:0>43}");
            let mut changed = cipher.clone();
            for (at, byte) in Sha256::digest(&secret).iter().enumerate() {
                changed[4 + at] ^= byte ^ plain[4 + at];
            }
            let solved = if record[1] == 1 {
                let hash_key = encrypted(&xaes_key(&key, &nonce), [0; 16]);
                Some(solved_in_gcm(hash_key, &cipher, &changed, free))
            } else {
                // A block of Poly1305 is a number below 2^128, and the field has four times as many: every fourth secret will do.
                solved_in_poly1305(poly1305_key(&key, &nonce), &cipher, &changed, free)
            };
            let Some(block) = solved else { continue };
            changed[16 * free..16 * free + 16].copy_from_slice(&block);
            let forged = [&record[..HEADER_LEN + 24], &changed, &tag, &record[seam(record)..]].concat();
            let held = self.open(&forged);
            assert!(held[4..36] == *Sha256::digest(&secret) && held[36..salt] == plain[36..salt]);
            return (forged, secret);
        }
        unreachable!("one in four will do")
    }

    fn part_key(&self, record: &[u8]) -> [u8; 32] {
        let generation = u32::from_be_bytes(record[4..8].try_into().expect("4 bytes"));
        let info = [b"strongroom/v1/part-key/verify\0".as_slice(), &record[1..2]].concat();
        expanded(&self.data_keys[&generation], &info)
    }

    fn aad(&self, record: &[u8]) -> Vec<u8> {
        fields(&[
            b"strongroom/v1/record",
            &self.vault,
            b"keys",
            b"verify",
            &record[16..HEADER_LEN],
            &record[..HEADER_LEN],
        ])
    }
}

#[derive(Decode)]
#[cbor(map)]
struct KeyringRow {
    #[n(7)]
    generations: Vec<GenerationRow>,
}

#[derive(Decode)]
#[cbor(map)]
struct GenerationRow {
    #[n(0)]
    id: u32,
    #[n(2)]
    verify: WrapRow,
}

#[derive(Decode)]
#[cbor(map)]
struct WrapRow {
    #[n(0)]
    master_key: u32,
    #[n(1)]
    suite: u8,
    #[n(2)]
    nonce: ByteArray<24>,
    #[n(3)]
    sealed: ByteVec,
}

fn unwrapped(wrap: &WrapRow, vault: [u8; 16], generation: u32, kek: &[u8]) -> [u8; 32] {
    let key = expanded(kek, &[b"strongroom/v1/wrap".as_slice(), &*wrap.nonce].concat());
    let (generation, master_key) = (generation.to_be_bytes(), wrap.master_key.to_be_bytes());
    let aad = fields(&[b"strongroom/v1/wrap", &vault, &generation, b"verify", &master_key]);
    let (cipher, tag) = wrap.sealed.split_last_chunk().expect("48 bytes");
    let mut data_key = cipher.to_vec();
    crypt(wrap.suite, &key, &wrap.nonce, &aad, &mut data_key, Some(*tag));
    data_key.try_into().expect("32 bytes")
}

/// Opens where there is a tag, and seals where there is none.
fn crypt(suite: u8, key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], bytes: &mut [u8], tag: Option<[u8; 16]>) -> [u8; 16] {
    let rest: [u8; 12] = nonce[12..].try_into().expect("12 bytes");
    match (suite, tag) {
        (1, Some(tag)) => {
            let gcm = Aes256Gcm::new((&xaes_key(key, nonce)).into());
            gcm.decrypt_inout_detached((&rest).into(), aad, bytes.into(), (&tag).into()).expect("authentic");
            tag
        }
        (1, None) => {
            let gcm = Aes256Gcm::new((&xaes_key(key, nonce)).into());
            gcm.encrypt_inout_detached((&rest).into(), aad, bytes.into()).expect("short").into()
        }
        (_, Some(tag)) => {
            let cipher = XChaCha20Poly1305::new(key.into());
            cipher.decrypt_inout_detached(nonce.into(), aad, bytes.into(), (&tag).into()).expect("authentic");
            tag
        }
        (_, None) => {
            let cipher = XChaCha20Poly1305::new(key.into());
            cipher.encrypt_inout_detached(nonce.into(), aad, bytes.into()).expect("short").into()
        }
    }
}

fn solved_in_gcm(hash_key: [u8; 16], cipher: &[u8], changed: &[u8], free: usize) -> [u8; 16] {
    let hash_key = u128::from_be_bytes(hash_key);
    let blocks = cipher.chunks(16).len();
    let weight = |block: usize| ghash_power(hash_key, (blocks - block + 1) as u128);
    let mut wrong = 0;
    for (block, (old, new)) in cipher.chunks(16).zip(changed.chunks(16)).enumerate() {
        let difference = u128::from_be_bytes(padded(old)) ^ u128::from_be_bytes(padded(new));
        wrong ^= ghash_product(difference, weight(block));
    }
    // The inverse is the power of 2^128 - 2.
    let back = ghash_product(wrong, ghash_power(weight(free), u128::MAX - 1));
    (u128::from_be_bytes(padded(&changed[16 * free..16 * free + 16])) ^ back).to_be_bytes()
}

fn solved_in_poly1305(at: Number, cipher: &[u8], changed: &[u8], free: usize) -> Option<[u8; 16]> {
    let blocks = cipher.chunks(16).len();
    let weight = |block: usize| at.power(blocks - block + 1);
    let sum = |bytes: &[u8]| {
        let terms = bytes.chunks(16).enumerate().filter(|(block, _)| *block != free);
        terms.fold(Number::ZERO, |sum, (block, bytes)| sum.plus(Number::of_block(padded(bytes)).times(weight(block))))
    };
    let old = Number::of_block(padded(&cipher[16 * free..16 * free + 16]));
    let wrong = sum(cipher).minus(sum(changed));
    old.plus(wrong.times(weight(free).inverse())).to_block()
}

fn verify_part(record: &[u8]) -> ([u8; 24], Vec<u8>, [u8; 16]) {
    let part = &record[HEADER_LEN..seam(record)];
    let (nonce, sealed) = part.split_first_chunk().expect("a nonce");
    let (cipher, tag) = sealed.split_last_chunk().expect("a tag");
    (*nonce, cipher.to_vec(), *tag)
}

/// Where the recover part begins.
fn seam(record: &[u8]) -> usize {
    HEADER_LEN + u32::from_be_bytes(record[8..12].try_into().expect("4 bytes")) as usize
}

fn xaes_key(key: &[u8; 32], nonce: &[u8; 24]) -> [u8; 32] {
    let first = u128::from_be_bytes(encrypted(key, [0; 16]));
    let subkey = (first << 1) ^ ((first >> 127) * 0x87);
    let half = |counter: u8| {
        let block = [&[0, counter, b'X', 0], &nonce[..12]].concat();
        let block = u128::from_be_bytes(block.try_into().expect("16 bytes")) ^ subkey;
        encrypted(key, block.to_be_bytes())
    };
    [half(1), half(2)].concat().try_into().expect("32 bytes")
}

fn encrypted(key: &[u8; 32], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes256::new(key.into()).encrypt_block(&mut block);
    block.into()
}

fn expanded(key: &[u8], info: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    Hkdf::<Sha256>::from_prk(key).expect("32 bytes").expand(info, &mut bytes).expect("short");
    bytes
}

fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let len = |field: &[u8]| u32::try_from(field.len()).expect("short").to_be_bytes();
    fields.iter().flat_map(|field| [&len(field), *field].concat()).collect()
}

fn padded(block: &[u8]) -> [u8; 16] {
    let mut padded = [0; 16];
    padded[..block.len()].copy_from_slice(block);
    padded
}

const HEADER_LEN: usize = 32;
