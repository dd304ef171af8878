//! Replacing the master key.

use crate::audit_log::Act;
use crate::error::Error;
use crate::rotation::{
    self, CertificateCheck, Flow, Progress, RotateOptions, RotationCertificate, RotationPlan, RotationReport,
};
use crate::vault::handle::{Vault, Verifier};

impl Vault {
    /// Replaces the master key, or continues a rotation begun before. The vault goes on working meanwhile, here and
    /// in other processes that have the new master key. `watch` is called after each batch, and may stop it.
    pub fn rotate(
        &self,
        options: &RotateOptions,
        act: &Act,
        mut watch: impl FnMut(&Progress) -> Flow,
    ) -> Result<RotationReport, Error> {
        rotation::rotate(&self.ledger, options, act, &mut watch)
    }

    /// What [`Vault::rotate`] would do. Writes nothing.
    pub fn plan_rotation(&self, options: &RotateOptions) -> Result<RotationPlan, Error> {
        rotation::plan(&self.ledger, options)
    }
}

impl Verifier {
    /// Whether the certificate of an earlier rotation is true of this vault.
    pub fn check_certificate(&self, certificate: &RotationCertificate) -> Result<CertificateCheck, Error> {
        rotation::check_certificate(&self.ledger, certificate)
    }
}
