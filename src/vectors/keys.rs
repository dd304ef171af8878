//! The vectors of master keys and verifier keys.

use super::{array, file, hex, list, masters, public_key, secret, signer, text, word};
use crate::authority::SigningKey;
use crate::keyring::KeyEncryptionKeys;
use crate::master_key::MasterKey;
use crate::vault_id::VaultId;
use crate::verifier_key::{VerifierKey, VerifierKeyError};
use crate::versions::version;

#[test]
fn master_keys_have_the_fingerprints_and_the_one_spelling_of_the_page() {
    let file = file(include_str!("../../tests/vectors/master_keys.json"));
    for case in list(&file["good"]) {
        let key = MasterKey::parse(text(&case["text"])).expect("a good key");
        assert_eq!(key.fingerprint().to_string(), text(&case["fingerprint"]));
        let prk = hkdf::Hkdf::<sha2::Sha256>::new(Some(&hex(&case["vault"])), key.expose());
        for purpose in ["verify", "recover", "authority"] {
            let mut kek = [0; 32];
            let label = format!("strongroom/v1/key-encryption-key/{purpose}");
            prk.expand(label.as_bytes(), &mut kek).expect("32 bytes");
            assert_eq!(kek.as_slice(), hex(&case[format!("key_encryption_key_{purpose}").as_str()]));
        }
        let public = public_key(&case["public_key"]);
        assert_eq!(SigningKey::derive(&secret(&case["key_encryption_key_authority"])).public(), public);
        assert_eq!(signer(&case["version"]).public(), public);
        let keks =
            KeyEncryptionKeys::derive(&masters(std::slice::from_ref(&case["version"])), VaultId(array(&case["vault"])));
        assert_eq!(keks.public_key(version(word(&case["version"]))), Some(public));
    }
    for case in list(&file["bad"]) {
        assert!(MasterKey::parse(text(&case["text"])).is_err(), "{}", case["broken"]);
    }
}

#[test]
fn verifier_keys_are_derived_and_written_as_the_page_says() {
    let file = file(include_str!("../../tests/vectors/verifier_keys.json"));
    for case in list(&file["good"]) {
        let master = MasterKey::parse(text(&case["master_key"])).expect("a good key");
        let (vault, public) = (VaultId(array(&case["vault"])), public_key(&case["public_key"]));
        let key = VerifierKey::derive(&master, vault);
        assert_eq!(key.public_key(), public);
        assert_eq!(key.to_text().expose(), text(&case["text"]));
        let read = VerifierKey::parse(text(&case["text"])).expect("a good verifier key");
        assert_eq!((read.vault(), read.fingerprint(), read.public_key()), (vault, master.fingerprint(), public));
        assert_eq!(read.fingerprint().to_string(), text(&case["fingerprint"]));
        assert_eq!(read.into_key().expose().as_slice(), hex(&case["key"]));
    }
    for case in list(&file["bad"]) {
        let error = VerifierKey::parse(text(&case["text"])).err();
        let name = match error.unwrap_or_else(|| panic!("{} went unnoticed", case["broken"])) {
            VerifierKeyError::Alphabet => "alphabet",
            VerifierKeyError::Check => "check",
            VerifierKeyError::Length(_) => "length",
            VerifierKeyError::MasterKey => "master-key",
            VerifierKeyError::Prefix => "prefix",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}
