//! The public keys of a vault: what each speaks for, and how one led to the next.

use serde::Serialize;

use crate::authority::PublicKey;
use crate::error::Error;
use crate::note::NoteKey;
use crate::secret::hex;
use crate::vault::auditor::{Auditor, Standing};
use crate::vault::checkpoint::ORIGIN;
use crate::versions::MasterKeyVersion;

/// The public key of a master key version, in the forms that it is given on in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuthorityKey {
    /// The master key version.
    pub version: MasterKeyVersion,
    /// The key alone.
    pub public_key: PublicKey,
    /// The key under the name of this log, as witnesses register it (C2SP signed-note): `NAME+ID+BASE64`.
    pub note_key: String,
    /// The first audit entry that it speaks for; `None` where the version is configured and not active yet.
    pub first: Option<u64>,
    /// The last one; `None` where it has not ended.
    pub last: Option<u64>,
    /// Whether it signs today.
    pub active: bool,
    /// Whether it signed that the next version follows it; `None` where none follows. After a leak it did not.
    pub handed_on: Option<bool>,
}

/// # Audit log
impl Auditor {
    /// Every public key that the vault has had, and those that are configured for later versions, which can so be given to witnesses before
    /// they sign.
    pub fn public_keys(&self) -> Result<Vec<AuthorityKey>, Error> {
        let configured = self.configured();
        self.log_at_one_moment(|_, log| {
            let mut keys = log.public_keys();
            let last = keys.last().map(|key| key.version);
            let later = configured.iter().filter(|(version, _)| Some(*version) > last);
            keys.extend(later.map(|(version, public)| log.public_key(*version, *public)));
            Ok(keys)
        })
    }
}

impl Standing {
    fn public_keys(&self) -> Vec<AuthorityKey> {
        let (mut keys, mut first) = (vec![], 1);
        for (at, master) in self.keyring.masters().iter().enumerate() {
            let next = at + 1 < self.keyring.masters().len();
            keys.push(AuthorityKey {
                first: Some(first),
                last: master.ended,
                active: !next,
                handed_on: next.then(|| self.keyring.is_handed_over(at + 1) == Some(true)),
                ..self.public_key(master.version, master.public_key)
            });
            first = master.ended.map_or(first, |ended| ended.saturating_add(1));
        }
        keys
    }

    /// One that does not sign yet.
    fn public_key(&self, version: MasterKeyVersion, public_key: PublicKey) -> AuthorityKey {
        let name = format!("{ORIGIN}{}/{}", self.keyring.vault(), hex(&self.keyring.line()));
        let note_key = NoteKey::new(name, public_key).to_string();
        AuthorityKey { version, public_key, note_key, first: None, last: None, active: false, handed_on: None }
    }
}
