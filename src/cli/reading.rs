//! A vault that is only read: opened with master keys, or with verifier keys where there are no others.

use strongroom::audit::{AuditCheck, AuditCheckpoint, AuditLine, AuditPosition};
use strongroom::due::{DuePage, DueRules};
use strongroom::policy::Policy;
use strongroom::usage::{ListedUsage, Usage};
use strongroom::{ApiKey, ApiKeyId, Error, Listed, Query, Request, Vault, VaultStatus, Verifier, VerifyError};

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

    pub(crate) fn list_usage(&self, query: &Query, each: impl FnMut(ListedUsage)) -> Result<(), Error> {
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

    pub(crate) fn audit_lines(&self, after: u64, limit: usize) -> Result<Vec<AuditLine>, Error> {
        match self {
            Self::Vault(vault) => vault.audit_lines(after, limit),
            Self::Verifier(verifier) => verifier.audit_lines(after, limit),
        }
    }

    pub(crate) fn audit_end(&self) -> Result<AuditPosition, Error> {
        match self {
            Self::Vault(vault) => vault.audit_end(),
            Self::Verifier(verifier) => verifier.audit_end(),
        }
    }

    pub(crate) fn audit_position(&self, seq: u64) -> Result<AuditPosition, Error> {
        match self {
            Self::Vault(vault) => vault.audit_position(seq),
            Self::Verifier(verifier) => verifier.audit_position(seq),
        }
    }

    pub(crate) fn audit_since(
        &self,
        seen: AuditPosition,
        limit: usize,
    ) -> Result<(Vec<AuditLine>, AuditPosition), Error> {
        match self {
            Self::Vault(vault) => vault.audit_since(seen, limit),
            Self::Verifier(verifier) => verifier.audit_since(seen, limit),
        }
    }

    pub(crate) fn audit_checkpoint(&self) -> Result<AuditCheckpoint, Error> {
        match self {
            Self::Vault(vault) => vault.audit_checkpoint(),
            Self::Verifier(verifier) => verifier.audit_checkpoint(),
        }
    }

    pub(crate) fn check_audit(&self, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        match self {
            Self::Vault(vault) => vault.check_audit(checkpoints),
            Self::Verifier(verifier) => verifier.check_audit(checkpoints),
        }
    }
}
