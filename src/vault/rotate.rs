//! Replacing the master key, and how long that would take here: measured by doing a small one.

use std::time::{Duration, Instant};

use tracing::subscriber::NoSubscriber;

use crate::api_key::NewApiKey;
use crate::arguments::Verdict;
use crate::audit_log::Act;
use crate::error::Error;
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::rotation::{
    self, CertificateCheck, Progress, RotateOptions, RotationCertificate, RotationEstimate, RotationPlan,
    RotationReport,
};
use crate::store::{MemoryStore, Table};
use crate::vault::handle::{Vault, Verifier};
use crate::vault::options::VaultOptions;
use crate::versions::MasterKeyVersion;

/// # Rotating the master key
impl Vault {
    /// Replaces the master key, or continues a rotation begun before. The vault goes on working meanwhile, here and
    /// in other processes that have the new master key. `watch` is called after each batch, and may stop it.
    ///
    /// `Ok` does not say that it is over: one that was stopped, and one that met records that do not open, are told by
    /// [`RotationReport::outcome`], and go on with the next call. The new master key is judged before a rotation begins if the vault
    /// was opened [to rotate](VaultOptions::to_rotate).
    ///
    /// ```
    /// use strongroom::rotation::{RotateOptions, RotationOutcome};
    /// # use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, Vault};
    /// # let (one, two) = (MasterKey::generate()?, MasterKey::generate()?);
    /// # let (mut keys, text) = (MasterKeys::default(), one.to_text());
    /// # keys.insert(1.try_into()?, MasterKey::parse(text.expose())?)?;
    /// # keys.insert(2.try_into()?, two)?;
    /// # let store = MemoryStore::new();
    /// # Vault::create(store.clone(), MasterKeys::single(one), &Act::by("deploy"))?;
    /// # let vault = Vault::open(store, keys)?;
    /// let report = vault.rotate(&RotateOptions::new(), &Act::by("alice").because("yearly"), |at| {
    ///     println!("{} {} of {}", at.phase.name(), at.done, at.total);
    /// })?;
    /// assert_eq!(report.outcome, RotationOutcome::Finished);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rotate<V: Verdict>(
        &self,
        options: &RotateOptions,
        act: &Act,
        mut watch: impl FnMut(Progress) -> V,
    ) -> Result<RotationReport, Error> {
        rotation::rotate(&self.ledger, options, act, &mut |progress| watch(progress).flow())
    }

    /// What [`Vault::rotate`] would do. Writes nothing.
    pub fn plan_rotation(&self, options: &RotateOptions) -> Result<RotationPlan, Error> {
        rotation::plan(&self.ledger, options)
    }

    /// Rotates a vault of a few thousand API keys, of the size of those that are here, in memory, and concludes from that. Nothing is
    /// written anywhere. What the medium takes comes on top of it.
    pub fn estimate_rotation(&self, options: &RotateOptions) -> Result<RotationEstimate, Error> {
        let records = self.status()?.record_count();
        // Nobody is to take the acts on that vault for acts on this one.
        tracing::subscriber::with_default(NoSubscriber::default(), || self.measure_rotation(records, options))
    }

    fn measure_rotation(&self, records: u64, options: &RotateOptions) -> Result<RotationEstimate, Error> {
        let (act, sample) = (Act::by("estimate"), self.sample()?);
        let mut keys = MasterKeys::single(MasterKey::generate()?);
        let first = MasterKeyVersion::FIRST;
        let second = first.next().expect("one can be added to 1");
        // Two random keys are neither equal nor under one version.
        let added = keys.insert(second, MasterKey::generate()?);
        debug_assert!(added.is_ok(), "two random keys are the same");
        let suite = self.ledger.keyring().suite();
        let vault = VaultOptions::new().suite(suite).first(first).create(MemoryStore::new(), keys, &act)?;
        for batch in sample.chunks(1_000) {
            vault.issue_many(batch, &act)?;
        }
        let options = RotateOptions { to: Some(second), resume_only: false, rewrap_only: false, ..options.clone() };
        let began = Instant::now();
        vault.rotate(&options, &act, |_| ())?;
        let took = began.elapsed().max(Duration::from_micros(1));
        let (count, micros) = (sample.len() as u64, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let per_second = count * 1_000_000 / micros;
        let duration = Duration::from_micros(records.saturating_mul(micros) / count);
        Ok(RotationEstimate { records, per_second, duration })
    }

    /// API keys whose records are as long as those here, on average.
    fn sample(&self) -> Result<Vec<NewApiKey>, Error> {
        let rows = self.ledger.store().scan(Table::Keys, None, 100)?;
        let mean = rows.iter().map(|(_, record)| record.len()).sum::<usize>() / rows.len().max(1);
        let padding = mean.saturating_sub(BARE_RECORD_LEN).min(NewApiKey::MAX_ATTRIBUTES_LEN / 2);
        let key = NewApiKey::new("sample").attribute("padding", "x".repeat(padding));
        Ok(vec![key; SAMPLE])
    }
}

/// # Rotation certificates
impl Verifier {
    /// Whether the certificate of an earlier rotation is true of this vault.
    pub fn check_certificate(&self, certificate: &RotationCertificate) -> Result<CertificateCheck, Error> {
        rotation::check_certificate(&self.ledger, certificate)
    }
}

const SAMPLE: usize = 4_000;
/// About what a record with a short name and nothing else takes.
const BARE_RECORD_LEN: usize = 240;
