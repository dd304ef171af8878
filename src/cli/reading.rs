//! A vault that is only read: opened with master keys, or with verifier keys where there are no others.

use strongroom::{
    ApiKey, ApiKeyId, AuditEntry, DuePage, DueRules, Error, Listed, Policy, Query, Request, Vault, VaultStatus,
    Verifier, VerifyError,
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

    pub(crate) fn list(&self, query: &Query) -> Result<Vec<Listed>, Error> {
        match self {
            Self::Vault(vault) => vault.list(query),
            Self::Verifier(verifier) => verifier.list(query),
        }
    }

    pub(crate) fn show(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        match self {
            Self::Vault(vault) => vault.show(id),
            Self::Verifier(verifier) => verifier.show(id),
        }
    }

    pub(crate) fn chain(&self, id: ApiKeyId) -> Result<Vec<Listed>, Error> {
        match self {
            Self::Vault(vault) => vault.chain(id),
            Self::Verifier(verifier) => verifier.chain(id),
        }
    }

    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        match self {
            Self::Vault(vault) => vault.policy(),
            Self::Verifier(verifier) => verifier.policy(),
        }
    }

    pub(crate) fn due(&self, rules: &DueRules, after: Option<ApiKeyId>) -> Result<DuePage, Error> {
        match self {
            Self::Vault(vault) => vault.due(rules, after),
            Self::Verifier(verifier) => verifier.due(rules, after),
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
