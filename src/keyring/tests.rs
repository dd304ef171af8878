mod changes;
mod keys;
mod opening;

use super::*;
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::suite::Tag;
use crate::verifier_key::VerifierKey;
use crate::verifier_keys::VerifierKeys;
use crate::versions::version;
use crate::versions::{Generation, MasterKeyVersion};

/// A vault id and three master keys, numbered from 1.
struct Home {
    vault: VaultId,
    masters: [MasterKey; 3],
}

impl Home {
    fn new() -> Self {
        let masters = [(); 3].map(|()| MasterKey::generate().expect("random"));
        Self { vault: VaultId::random().expect("random"), masters }
    }

    /// Key-encryption keys of these versions, each with its own master key.
    fn keks(&self, versions: &[u32]) -> KeyEncryptionKeys {
        let given: Vec<_> = versions.iter().map(|version| (*version, *version)).collect();
        self.keks_with(&given)
    }

    /// For each version, the number of the master key that is configured for it.
    fn keks_with(&self, given: &[(u32, u32)]) -> KeyEncryptionKeys {
        let given: Vec<_> =
            given.iter().map(|(given, number)| (version(*given), &self.masters[*number as usize - 1])).collect();
        KeyEncryptionKeys::derive(&keys(&given), self.vault)
    }

    /// What the verifier keys of these versions are enough for.
    fn verifier_keks(&self, versions: &[u32]) -> KeyEncryptionKeys {
        let mut keys = VerifierKeys::default();
        for number in versions {
            let key = VerifierKey::derive(&self.masters[*number as usize - 1], self.vault);
            keys.insert(version(*number), key).expect("versions differ");
        }
        KeyEncryptionKeys::of_verifier(keys, self.vault).expect("of this vault")
    }

    fn keyring(&self) -> Keyring {
        Keyring::create(Suite::default(), self.vault, version(1), &self.keks(&[1]), now()).expect("create")
    }

    fn open(&self, keyring: &Keyring, versions: &[u32]) -> Result<Keyring, KeyringError> {
        Keyring::open(keyring.bytes().to_vec(), &self.keks(versions))
    }

    fn open_with(&self, keyring: &Keyring, given: &[(u32, u32)]) -> Result<Keyring, KeyringError> {
        Keyring::open(keyring.bytes().to_vec(), &self.keks_with(given))
    }

    /// Opens what someone who had the MAC key could have written.
    fn open_edited(
        &self,
        keyring: &Keyring,
        edit: impl FnOnce(&mut Stored),
        versions: &[u32],
    ) -> Result<Keyring, KeyringError> {
        let mut stored = keyring.stored.clone();
        edit(&mut stored);
        Keyring::open(keyring.seal_row(RowLabel::Keyring, &encode(&stored)), &self.keks(versions))
    }
}

fn keys(given: &[(MasterKeyVersion, &MasterKey)]) -> MasterKeys {
    let mut keys = MasterKeys::default();
    for (version, key) in given {
        keys.insert(*version, copy(key)).expect("versions and keys differ");
    }
    keys
}

fn copy(key: &MasterKey) -> MasterKey {
    MasterKey::parse(key.to_text().expose()).expect("its own text")
}

/// A text sealed by both data keys of a generation.
struct Sealed {
    generation: Generation,
    parts: [([u8; 4], Tag); 2],
}

fn sealed_by(keyring: &Keyring) -> Sealed {
    let parts = [&keyring.active().verify, keyring.active().recover()].map(|key| {
        let mut text = *b"text";
        let tag = key.cipher(keyring.suite()).seal(&[0; 24], &[], &mut text).expect("short");
        (text, tag)
    });
    Sealed { generation: keyring.active_generation(), parts }
}

fn opens(keyring: &Keyring, sealed: &Sealed) -> bool {
    let Some(generation) = keyring.generation(sealed.generation) else { return false };
    let keys = [&generation.verify, generation.recover()];
    let opened = keys.into_iter().zip(sealed.parts).map(|(key, (sealed, tag))| {
        let mut text = [0; 4];
        key.cipher(keyring.suite()).open(&[0; 24], &[], &sealed, &tag, &mut text).is_ok_and(|()| text == *b"text")
    });
    let opened: Vec<_> = opened.collect();
    assert_eq!(opened[0], opened[1], "both parts or none");
    opened[0]
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).expect("a time")
}
