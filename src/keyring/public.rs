//! The keyring as those read it who have none of its keys: what it says of the authorities, and how one leads to the next.

use super::error::{KeyringError, PinError};
use super::master::KnownMasterKey;
use super::row::{Authenticated, RowError, RowLabel, authenticated, row_hash};
use super::stored::{Stored, StoredMaster};
use crate::authority::PublicKey;
use crate::suite::AssociatedData;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

/// A keyring whose data keys stay wrapped.
#[derive(Clone)]
pub(crate) struct PublicKeyring {
    stored: Stored,
    masters: Vec<KnownMasterKey>,
    hash: [u8; 32],
}

/// What an anchor holds a keyring to.
pub(crate) struct KeyringFacts {
    pub(crate) vault: VaultId,
    pub(crate) line: [u8; 16],
    pub(crate) revision: u64,
    pub(crate) hash: [u8; 32],
    /// Never empty.
    pub(crate) masters: Vec<KnownMasterKey>,
}

impl KeyringFacts {
    pub(crate) fn active_master(&self) -> MasterKeyVersion {
        self.masters.last().expect("there is one").version
    }
}

impl PublicKeyring {
    /// What a row says. It was signed by the authority that it names itself, which anybody can arrange.
    pub(crate) fn claimed(row: &[u8]) -> Result<Self, KeyringError> {
        let keyring = Self::of(Stored::parse(row)?, row)?;
        keyring.stored.check_signed(keyring.public_key(), row)?;
        Ok(keyring)
    }

    /// What a row says whose signature somebody else has checked.
    pub(super) fn of(stored: Stored, row: &[u8]) -> Result<Self, KeyringError> {
        let masters: Option<Vec<_>> = stored.masters.iter().map(StoredMaster::view).collect();
        let masters = masters.filter(|masters| !masters.is_empty()).ok_or(KeyringError::Malformed)?;
        Ok(Self { stored, masters, hash: row_hash(RowLabel::Keyring, row) })
    }

    /// The same, where a public key that was pinned leads to the authority of today: over the hand-overs from its version to the active
    /// one. Whether the one that was pinned had ended is for the caller.
    pub(crate) fn pinned(row: &[u8], pinned: PublicKey) -> Result<Self, PinError> {
        let keyring = Self::of(Stored::parse(row)?, row)?;
        let start = keyring.masters.iter().position(|master| master.public_key == pinned).ok_or(PinError::Unknown)?;
        for at in start + 1..keyring.masters.len() {
            let version = keyring.masters[at].version;
            match keyring.is_handed_over(at) {
                Some(true) => {}
                Some(false) => return Err(PinError::HandOver { version }),
                None => return Err(PinError::NotHandedOver { version }),
            }
        }
        keyring.stored.check_signed(keyring.public_key(), row)?;
        Ok(keyring)
    }

    pub(crate) fn vault(&self) -> VaultId {
        VaultId(*self.stored.vault)
    }

    /// Which life of the vault this is.
    pub(crate) fn line(&self) -> [u8; 16] {
        *self.stored.line
    }

    pub(crate) fn revision(&self) -> u64 {
        self.stored.revision
    }

    /// What names this keyring in the rows that belong beside it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub(crate) fn facts(&self) -> KeyringFacts {
        KeyringFacts {
            vault: self.vault(),
            line: self.line(),
            revision: self.revision(),
            hash: self.hash,
            masters: self.masters.clone(),
        }
    }

    /// Every master key version the vault has ever had, in the order they were added.
    pub(crate) fn masters(&self) -> &[KnownMasterKey] {
        &self.masters
    }

    /// The authority of the active version.
    pub(crate) fn public_key(&self) -> PublicKey {
        self.masters.last().expect("there is one").public_key
    }

    pub(crate) fn active_generation(&self) -> Generation {
        self.stored.active_generation
    }

    /// Whether the version before signed that the one at this place follows it, and signed it right. Nothing where it signed nothing.
    pub(crate) fn is_handed_over(&self, at: usize) -> Option<bool> {
        let (before, after) = (self.masters.get(at.checked_sub(1)?)?, self.masters.get(at)?);
        let signature = self.stored.masters[at].hand_over.as_deref()?;
        let said = |ended| {
            let before = (before.version, before.public_key);
            hand_over(self.vault(), before, (after.version, after.public_key), ended)
        };
        let verify = |ended| before.public_key.verify(HAND_OVER_LABEL, &said(ended), signature);
        Some(before.ended.is_some_and(verify))
    }

    /// Checks the signature of a row and returns its body.
    pub(crate) fn open_row<'a>(&self, label: RowLabel, row: &'a [u8]) -> Result<Authenticated<'a>, RowError> {
        authenticated(self.public_key(), label, row)
    }
}

/// What the authority of a master key version says of the one that follows it.
pub(super) fn hand_over(
    vault: VaultId,
    from: (MasterKeyVersion, PublicKey),
    to: (MasterKeyVersion, PublicKey),
    entries: u64,
) -> AssociatedData {
    let ((from, from_key), (to, to_key)) = (from, to);
    let (from, to) = (from.to_be_bytes(), to.to_be_bytes());
    AssociatedData::of(&[&vault.0, &from, &from_key.to_bytes(), &to, &to_key.to_bytes(), &entries.to_be_bytes()])
}

/// docs/format.md, Hand-over.
pub(super) const HAND_OVER_LABEL: &[u8] = b"strongroom/v1/hand-over";
