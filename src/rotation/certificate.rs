//! The certificate of a finished rotation: a statement that leaves the vault, and that the vault can check later.

use serde::{Deserialize, Serialize};

use super::remnants::Searched;
use super::state::State;
use crate::audit_log::{Action, AuditEntry, AuditFault, ChainEnd, row_key};
use crate::authority::PublicKey;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::{Ledger, follow_from};
use crate::master_key::Fingerprint;
use crate::parse_error::ParseError;
use crate::secret::hex;
use crate::store::{Rows, Table};
use crate::versions::{Generation, MasterKeyVersion};
use std::borrow::Cow;

/// What a finished rotation did, signed by the authority of the master key it went to (docs/format.md, Certificate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RotationCertificate {
    schema: String,
    /// The id of the vault.
    pub vault: String,
    /// The master key version before.
    pub from_master_key: MasterKeyVersion,
    /// Its fingerprint.
    pub from_fingerprint: String,
    /// The master key version after.
    pub to_master_key: MasterKeyVersion,
    /// Its fingerprint.
    pub to_fingerprint: String,
    /// The generation that was dropped.
    pub from_generation: Generation,
    /// The generation of every record.
    pub to_generation: Generation,
    /// When the cutover was, RFC 3339.
    pub started_at: String,
    /// When the old generation was dropped, RFC 3339.
    pub finished_at: String,
    /// API keys in the vault at that moment, revoked and expired ones included.
    pub records: u64,
    /// Records that the rotation sealed anew.
    pub moved: u64,
    /// Records of which every part was opened under the new generation.
    pub verified: u64,
    /// Records that did not open and were deleted.
    pub abandoned: u64,
    /// Whether the API keys issued before were marked as exposed.
    pub compromised: bool,
    /// Whether an operator took the records that were there for the right ones.
    pub record_set_accepted: bool,
    /// Bytes of the files of the store that were searched for old records afterwards: every one. `None` where they could not be.
    pub searched: Option<u64>,
    /// Old records that were found.
    pub left: Option<u64>,
    /// The audit entry that records the end of the rotation.
    pub audit_seq: u64,
    /// The hash of that entry, in hex: the head of the audit chain.
    pub audit_hash: String,
    /// Digest of all records at that moment, in hex.
    pub record_digest: String,
    /// The line of the vault, in hex: another one after every restore.
    pub line: String,
    /// The revision of the keyring at that moment.
    pub keyring_revision: u64,
    /// The hash of that keyring, in hex.
    pub keyring_hash: String,
    signature: String,
}

impl RotationCertificate {
    /// Reads a certificate. Whether it is true is for [`Verifier::check_certificate`](crate::Verifier::check_certificate).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let certificate: Self =
            serde_json::from_str(text).map_err(|_| no_certificate("this is no rotation certificate"))?;
        if certificate.schema == SCHEMA {
            Ok(certificate)
        } else {
            Err(no_certificate(format!("this is a document of another schema than {SCHEMA}")))
        }
    }

    /// The certificate as JSON, over several lines.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a certificate has nothing that JSON cannot hold")
    }

    /// The certificate of a rotation of which only scrubbing is left.
    pub(super) fn issue(
        ledger: &Ledger,
        keyring: &Keyring,
        state: &State,
        searched: Option<Searched>,
    ) -> Result<Option<Self>, Error> {
        let Some(finish) = state.finish else { return Ok(None) };
        let snapshot = ledger.store().snapshot()?;
        let (_, head) = ledger.read_together(&*snapshot)?;
        let Some((entry, end)) = finished_entry(&*snapshot, finish.seq)? else { return Ok(None) };
        // What is signed has to be what was written: the log goes on from this entry to the head.
        let last = follow_from(end, &*snapshot, head.chain.seq, |_, _| Ok(()))?;
        if last != head.chain {
            return Err(AuditFault::End { found: last.seq, expected: head.chain.seq }.into());
        }
        let fingerprint = |version| fingerprint(keyring, version).map_or_else(String::new, |print| print.to_string());
        let count = |name: &str| entry.counts.get(name).copied().unwrap_or_default();
        let mut certificate = Self {
            schema: SCHEMA.into(),
            vault: keyring.vault().to_string(),
            from_master_key: state.from_master_key,
            from_fingerprint: fingerprint(state.from_master_key),
            to_master_key: state.to_master_key,
            to_fingerprint: fingerprint(state.to_master_key),
            from_generation: state.from_generation,
            to_generation: state.to_generation,
            started_at: state.started_at.to_string(),
            finished_at: entry.at.to_string(),
            // The sentinel is no API key.
            records: finish.set.count().saturating_sub(1),
            moved: count("moved"),
            verified: count("verified"),
            abandoned: count("abandoned"),
            compromised: count("compromised") > 0,
            record_set_accepted: count("record_set_accepted") > 0,
            searched: searched.map(|searched| searched.bytes),
            left: searched.map(|searched| searched.left),
            audit_seq: finish.seq,
            audit_hash: hex(&end.hash),
            record_digest: hex(&finish.set.digest(keyring.active().record_set())),
            line: hex(&keyring.line()),
            keyring_revision: keyring.revision(),
            keyring_hash: hex(&keyring.hash()),
            signature: String::new(),
        };
        certificate.signature = hex(&keyring.signer().sign(LABEL, &certificate.statement()));
        Ok(Some(certificate))
    }

    /// What the signature is over.
    fn statement(&self) -> Vec<u8> {
        let unsigned = Self { signature: String::new(), ..self.clone() };
        serde_json::to_vec(&unsigned).expect("a certificate has nothing that JSON cannot hold")
    }

    fn is_signed_by(&self, public: PublicKey) -> bool {
        let mut signature = [0; 64];
        let read = base16ct::lower::decode(&self.signature, &mut signature).is_ok_and(|read| read.len() == 64);
        read && public.verify(LABEL, &self.statement(), &signature)
    }

    fn is_of(&self, entry: &AuditEntry) -> bool {
        let count = |name: &str| entry.counts.get(name).copied().unwrap_or_default();
        entry.action == Action::RotationFinished
            && entry.at.to_string() == self.finished_at
            && count("from_master_key") == u64::from(self.from_master_key)
            && count("to_master_key") == u64::from(self.to_master_key)
            && count("from_generation") == u64::from(self.from_generation)
            && count("to_generation") == u64::from(self.to_generation)
            && count("moved") == self.moved
            && count("verified") == self.verified
            && count("abandoned") == self.abandoned
            && (count("compromised") > 0) == self.compromised
            && (count("record_set_accepted") > 0) == self.record_set_accepted
    }
}

/// What is to be said of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateCheck {
    /// Whether the authority that it names signed it.
    pub authenticated: bool,
    /// Audit entries since.
    pub entries_since: u64,
    /// What is wrong; nothing, when the certificate is true.
    pub faults: Vec<String>,
}

pub(crate) fn check(ledger: &Ledger, certificate: &RotationCertificate) -> Result<CertificateCheck, Error> {
    let snapshot = ledger.store().snapshot()?;
    let (keyring, head) = ledger.read_together(&*snapshot)?;
    let mut check = CertificateCheck { authenticated: false, entries_since: 0, faults: vec![] };
    if certificate.vault != keyring.vault().to_string() {
        check.faults.push(format!("it is of another vault, {}", certificate.vault));
        return Ok(check);
    }
    let signed_by = keyring.masters().find(|master| master.version == certificate.to_master_key);
    check.authenticated = signed_by.is_some_and(|master| certificate.is_signed_by(master.public_key));
    if !check.authenticated {
        check.faults.push("its signature is wrong: it was edited, or not made by this vault".into());
    }
    if let Some(ended) = signed_by.and_then(|master| master.ended).filter(|ended| *ended < certificate.audit_seq) {
        let version = certificate.to_master_key;
        check.faults.push(format!("master key {version}, whose authority signed it, ended with audit entry {ended}"));
    }
    let print = |version| fingerprint(&keyring, version).map(|print| print.to_string());
    if print(certificate.from_master_key).as_ref() != Some(&certificate.from_fingerprint)
        || print(certificate.to_master_key).as_ref() != Some(&certificate.to_fingerprint)
    {
        check.faults.push("the vault knows its master keys by other fingerprints".into());
    }
    let Some(since) = head.chain.seq.checked_sub(certificate.audit_seq) else {
        let (end, named) = (head.chain.seq, certificate.audit_seq);
        check
            .faults
            .push(format!("the audit log ends with entry {end}, before entry {named}: an older store was put back"));
        return Ok(check);
    };
    check.entries_since = since;
    match finished_entry(&*snapshot, certificate.audit_seq)? {
        Some((entry, end)) if hex(&end.hash) == certificate.audit_hash && certificate.is_of(&entry) => {}
        _ => check.faults.push(format!("audit entry {} is not the one it names", certificate.audit_seq)),
    }
    // Without entries since, the records must be the same.
    let set = head.sets().get(&certificate.to_generation).copied().unwrap_or_default();
    let key = keyring.generation(certificate.to_generation).filter(|_| since == 0);
    if let Some(key) = key.and_then(|keys| keys.record_set_if_held())
        && hex(&set.digest(key)) != certificate.record_digest
    {
        check.faults.push("the records are not those it names, and no audit entry says why".into());
    }
    Ok(check)
}

/// Entry `seq` and the end of the chain there; the chain before it is for others to follow.
fn finished_entry(rows: &dyn Rows, seq: u64) -> Result<Option<(AuditEntry, ChainEnd)>, Error> {
    let Some(line) = rows.get(Table::Audit, &row_key(seq))? else { return Ok(None) };
    let entry = serde_json::from_slice(&line).ok();
    Ok(entry.map(|entry| (entry, ChainEnd::at(seq, &line))))
}

fn fingerprint(keyring: &Keyring, version: MasterKeyVersion) -> Option<Fingerprint> {
    keyring.masters().find(|master| master.version == version).map(|master| master.fingerprint)
}

fn no_certificate(expected: impl Into<Cow<'static, str>>) -> ParseError {
    ParseError::new("rotation certificate", expected)
}

const SCHEMA: &str = "strongroom.rotation-certificate.v1";
/// docs/format.md, Certificate.
const LABEL: &[u8] = b"strongroom/v1/certificate";
