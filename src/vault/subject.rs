//! An API key in the hands of a change: read, edited, and sealed anew with everything else that its record holds.

use zeroize::Zeroizing;

use crate::api_key::{ApiKey, Attributes, LifeError, Revision, edited};
use crate::error::{Detail, Error};
use crate::ledger::Change;
use crate::record::{Commitment, Plain, Record, RecordError, Sealer};
use crate::secret::{SecretText, random_array};
use crate::store::{Rows, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

pub(super) struct Subject {
    id: ApiKeyId,
    record: Vec<u8>,
    /// The commitment to it as it was read.
    pub(super) was: Commitment,
    /// Its attributes as bytes, as the record sealed in its place has to hold them: with the fields of later versions.
    carried: Zeroizing<Vec<u8>>,
    /// What it said when it was read, or last written.
    pub(super) before: Attributes,
    pub(super) attributes: Attributes,
    /// Whether the change goes ahead when the recover part is damaged, and gives it up.
    pub(super) secret_may_go: bool,
}

impl Subject {
    pub(super) fn read(change: &mut Change<'_>, rows: &dyn Rows, id: ApiKeyId) -> Result<Self, Error> {
        change.look_at(id);
        let record = record_at(rows, id)?;
        let read = Record::parse(&record).and_then(|record| record.attributes_to_carry(change.keyring, id));
        let (was, carried, before) = read.map_err(|fault| Detail::Record { id, fault })?;
        Ok(Self { id, record, was, carried, attributes: before.clone(), before, secret_may_go: false })
    }

    /// Whether the API key is as a caller saw it.
    pub(super) fn must_be(&self, expected: Option<Revision>) -> Result<(), Error> {
        let current = self.parsed()?.revision();
        match expected.filter(|expected| *expected != current) {
            Some(expected) => Err(self.refused(LifeError::Changed { expected, current })),
            None => Ok(()),
        }
    }

    /// Changes the attributes, if their life allows it.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Attributes) -> Result<(), LifeError>) -> Result<(), Error> {
        edit(&mut self.attributes).map_err(|source| self.refused(source))
    }

    /// Puts the record with the edited attributes in place of the one that was read, and returns the commitment to it; nothing when
    /// they are the same.
    pub(super) fn write<'k>(
        &mut self,
        change: &mut Change<'k>,
        sealer: &mut Sealer<'k>,
    ) -> Result<Option<Commitment>, Error> {
        if self.attributes == self.before { Ok(None) } else { self.write_anew(change, sealer).map(Some) }
    }

    /// The same, whether or not they are.
    pub(super) fn write_anew<'k>(
        &mut self,
        change: &mut Change<'k>,
        sealer: &mut Sealer<'k>,
    ) -> Result<Commitment, Error> {
        self.attributes = self.attributes.clone().salted(random_array()?);
        let record = self.parsed()?;
        let secret = self.secret(change, &record)?;
        let attributes = self.carrying(&self.attributes)?;
        let secret = secret.as_ref().map(SecretText::expose);
        let plain = Plain { imported: record.imported(), attributes: &attributes, secret };
        let new = sealer.seal(self.id, &plain)?;
        let commitment = plain.commitment(change.keyring.vault(), self.id);
        change.replace_record(self.id, std::mem::replace(&mut self.record, new.clone()), new)?;
        (self.before, self.carried) = (self.attributes.clone(), attributes);
        Ok(commitment)
    }

    /// Attributes as bytes, with what the record holds beside them: fields of later versions.
    pub(super) fn carrying(&self, wanted: &Attributes) -> Result<Zeroizing<Vec<u8>>, Error> {
        let edited = edited(&self.carried, |attributes| wanted.clone_into(attributes));
        edited.ok_or(self.unreadable(RecordError::Attributes))
    }

    /// The record as it is stored.
    pub(super) fn record(&self) -> &[u8] {
        &self.record
    }

    pub(super) fn generation(&self) -> Result<Generation, Error> {
        Ok(self.parsed()?.generation())
    }

    /// Whether a copy of its secret is kept.
    pub(super) fn recoverable(&self) -> Result<bool, Error> {
        Ok(self.parsed()?.recoverable())
    }

    pub(super) fn into_view(self) -> Result<ApiKey, Error> {
        let record = self.parsed()?;
        let (imported, recoverable, revision) = (record.imported(), record.recoverable(), record.revision());
        let malformed = self.unreadable(RecordError::Attributes);
        self.attributes.into_view(self.id, imported, recoverable, revision).ok_or(malformed)
    }

    fn secret(&self, change: &Change<'_>, record: &Record<'_>) -> Result<Option<SecretText>, Error> {
        match record.open_recover(change.keyring, self.id) {
            Err(RecordError::Corrupt { .. } | RecordError::Attributes) if self.secret_may_go => {
                tracing::warn!(key = %self.id, "the recover part is damaged and was given up with the revocation");
                Ok(None)
            }
            opened => opened.map_err(|fault| self.unreadable(fault)),
        }
    }

    fn parsed(&self) -> Result<Record<'_>, Error> {
        Record::parse(&self.record).map_err(|fault| self.unreadable(fault))
    }

    pub(super) fn refused(&self, fault: LifeError) -> Error {
        Detail::Life { id: self.id, fault }.into()
    }

    fn unreadable(&self, fault: RecordError) -> Error {
        Detail::Record { id: self.id, fault }.into()
    }
}

/// The record of an API key. The sentinel is none.
pub(super) fn record_at(rows: &dyn Rows, id: ApiKeyId) -> Result<Vec<u8>, Error> {
    if id == ApiKeyId::SENTINEL {
        return Err(Detail::NotFound { id }.into());
    }
    rows.get(Table::Keys, &id.to_bytes())?.ok_or_else(|| Detail::NotFound { id }.into())
}
