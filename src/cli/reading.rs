//! A vault that is only read: opened with master keys, or with verifier keys where there are no others.

use strongroom::{
    ApiKey, ApiKeyId, AuditEntry, Error, Flow, ListedUsage, Query, Request, Usage, Vault, VaultStatus, Verifier,
    VerifyError,
};

pub(crate) enum Reading {
    Vault(Vault),
    Verifier(Verifier),
}

impl Reading {
    pub(crate) fn verify(&self, token: &str, request: &Request<'_>) -> Result<ApiKey, VerifyError> {
        match self {
            Self::Vault(vault) => vault.verify(token, request),
            Self::Verifier(verifier) => verifier.verify(token, request),
        }
    }

    pub(crate) fn list_usage(&self, query: &Query, each: impl FnMut(ListedUsage) -> Flow) -> Result<(), Error> {
        match self {
            Self::Vault(vault) => vault.list_usage(query, each),
            Self::Verifier(verifier) => verifier.list_usage(query, each),
        }
    }

    pub(crate) fn usage(&self, id: ApiKeyId) -> Result<Option<Usage>, Error> {
        match self {
            Self::Vault(vault) => vault.usage(id),
            Self::Verifier(verifier) => verifier.usage(id),
        }
    }

    pub(crate) fn usage_of_none(&self) -> Result<Option<Usage>, Error> {
        match self {
            Self::Vault(vault) => vault.usage_of_none(),
            Self::Verifier(verifier) => verifier.usage_of_none(),
        }
    }

    /// Writes what was counted, or forgets it. A verifier counts nothing.
    pub(crate) fn settle_usage(&self, write: bool) -> Result<(), Error> {
        match self {
            Self::Vault(vault) if write => vault.flush_usage().map(|_| ()),
            Self::Vault(vault) => {
                vault.take_usage();
                Ok(())
            }
            Self::Verifier(_) => Ok(()),
        }
    }

    pub(crate) fn show(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        match self {
            Self::Vault(vault) => vault.show(id),
            Self::Verifier(verifier) => verifier.show(id),
        }
    }

    pub(crate) fn status(&self) -> Result<VaultStatus, Error> {
        match self {
            Self::Vault(vault) => vault.status(),
            Self::Verifier(verifier) => verifier.status(),
        }
    }

    pub(crate) fn audit_entries(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        match self {
            Self::Vault(vault) => vault.audit_entries(after, limit),
            Self::Verifier(verifier) => verifier.audit_entries(after, limit),
        }
    }

    pub(crate) fn verify_audit(&self) -> Result<u64, Error> {
        match self {
            Self::Vault(vault) => vault.verify_audit(),
            Self::Verifier(verifier) => verifier.verify_audit(),
        }
    }
}
