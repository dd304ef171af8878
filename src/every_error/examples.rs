//! What the errors of the list speak of.

use std::io;
use std::time::Duration;

use crate::key_source::{Origin, Origins};
use crate::master_key::{Finding, Fingerprint};
use crate::secret::RandomError;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;

pub(super) fn denied() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

pub(super) fn no_randomness() -> RandomError {
    RandomError(getrandom::Error::UNSUPPORTED)
}

pub(super) fn id() -> ApiKeyId {
    ApiKeyId::from_bytes([1; 16])
}

pub(super) fn vault() -> VaultId {
    VaultId([1; 16])
}

pub(super) fn print() -> Fingerprint {
    "00ff17a9c3d2e1f0".parse().expect("a fingerprint")
}

pub(super) fn finding() -> Finding {
    Finding::malformed("format-length", "a master key is 44 characters, and this has 9", "make a new one")
}

pub(super) fn time() -> Timestamp {
    Timestamp::now()
}

pub(super) fn origin() -> Origin {
    Origin::File { path: "keys".into() }
}

pub(super) fn origins() -> Origins {
    (origin(), Origin::Caller).into()
}

pub(super) fn path() -> String {
    "vault.db".into()
}

pub(super) const DAY: Duration = Duration::from_secs(86_400);
