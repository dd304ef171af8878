//! Listing API keys a page at a time, and showing one.

use crate::api_key::{ApiKey, Status};
use crate::arguments::Maybe;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::record::{Record, RecordError};
use crate::rotation::Flow;
use crate::store::Table;
use crate::token::ApiKeyId;
use crate::vault::Vault;
use crate::vault::admin::record_at;

/// Which API keys to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    owner: Option<String>,
    name: Option<String>,
    scope: Option<String>,
    status: Option<Status>,
    exposed: bool,
    after: Option<ApiKeyId>,
    limit: Option<usize>,
}

impl Query {
    /// All of them, the first 100.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those of this owner.
    #[must_use]
    pub fn owner(mut self, owner: impl Maybe<String>) -> Self {
        self.owner = owner.maybe().or(self.owner);
        self
    }

    /// Only those whose name contains this text.
    #[must_use]
    pub fn name_contains(mut self, text: impl Maybe<String>) -> Self {
        self.name = text.maybe().or(self.name);
        self
    }

    /// Only those with this scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Maybe<String>) -> Self {
        self.scope = scope.maybe().or(self.scope);
        self
    }

    /// Only those in this state.
    #[must_use]
    pub fn status(mut self, status: impl Maybe<Status>) -> Self {
        self.status = status.maybe().or(self.status);
        self
    }

    /// Whether only those that are exposed: what is to be reissued after a rotation away from a master key that had leaked.
    #[must_use]
    pub fn exposed(mut self, only: bool) -> Self {
        self.exposed = only;
        self
    }

    /// Only those after this id: the last of the page before.
    #[must_use]
    pub fn after(mut self, id: impl Maybe<ApiKeyId>) -> Self {
        self.after = id.maybe().or(self.after);
        self
    }

    /// At most this many; 100 unless set.
    #[must_use]
    pub fn limit(mut self, limit: impl Maybe<usize>) -> Self {
        self.limit = limit.maybe().or(self.limit);
        self
    }

    pub(super) fn accepts(&self, key: &ApiKey, now: crate::time::Timestamp) -> bool {
        self.owner.as_ref().is_none_or(|owner| key.owner.as_ref() == Some(owner))
            && self.name.as_ref().is_none_or(|text| key.name.contains(text.as_str()))
            && self.scope.as_ref().is_none_or(|scope| key.scopes.contains(scope))
            && (!self.exposed || key.exposed_at.is_some())
            && self.status.is_none_or(|status| key.status(now) == status)
    }
}

/// One line of a list: an API key, or a record that does not open. One bad record never hides the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// Where the record stands.
    pub id: ApiKeyId,
    /// What it says, or why it does not open.
    pub key: Result<ApiKey, RecordError>,
}

impl Vault {
    /// A page of API keys in the order of their ids, which is the order of issue. Records that do not open are
    /// listed whatever the filters say.
    pub fn list(&self, query: &Query) -> Result<Vec<Listed>, Error> {
        let mut found = vec![];
        self.walk(query, |listed| {
            found.push(listed);
            Ok(Flow::Continue)
        })?;
        Ok(found)
    }

    /// The same, one after the other.
    pub(super) fn walk(&self, query: &Query, mut each: impl FnMut(Listed) -> Result<Flow, Error>) -> Result<(), Error> {
        let (mut left, now) = (query.limit.unwrap_or(DEFAULT_LIMIT), self.ledger.now());
        let mut after = query.after.map(|id| id.to_bytes().to_vec());
        while left > 0 {
            let keyring = self.ledger.recent_keyring()?;
            let page = self.ledger.store().scan(Table::Keys, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, bytes) in &page {
                let Some(id) = ApiKeyId::from_row(key).filter(|id| *id != ApiKeyId::SENTINEL) else { continue };
                let key = self.open_view(&keyring, id, bytes)?;
                if key.as_ref().map_or(true, |key| query.accepts(key, now)) {
                    left -= 1;
                    if each(Listed { id, key })? == Flow::Stop || left == 0 {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// One API key.
    pub fn show(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        self.attributes(id)
    }

    pub(super) fn attributes(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        // The keyring first: one that is newer than the record may have dropped its generation.
        let keyring = self.ledger.recent_keyring()?;
        let bytes = record_at(self.ledger.store(), id)?;
        self.open_view(&keyring, id, &bytes)?.map_err(|fault| Error::Record { id, fault })
    }

    /// Opens a record that may be newer than the keyring.
    pub(super) fn open_view(
        &self,
        keyring: &Keyring,
        id: ApiKeyId,
        bytes: &[u8],
    ) -> Result<Result<ApiKey, RecordError>, Error> {
        match view(keyring, id, bytes) {
            Err(RecordError::MissingGeneration { .. }) => {
                let reloaded = self.ledger.reload()?;
                if reloaded.bytes() == keyring.bytes() {
                    return Ok(view(keyring, id, bytes));
                }
                // The record itself may have moved on as well.
                let bytes = record_at(self.ledger.store(), id)?;
                Ok(view(&reloaded, id, &bytes))
            }
            judged => Ok(judged),
        }
    }
}

pub(super) fn view(keyring: &Keyring, id: ApiKeyId, bytes: &[u8]) -> Result<ApiKey, RecordError> {
    let record = Record::parse(bytes)?;
    let attributes = record.attributes(keyring, id)?;
    let revision = record.revision();
    attributes.into_view(id, record.imported(), record.recoverable(), revision).ok_or(RecordError::Attributes)
}

const DEFAULT_LIMIT: usize = 100;
const PAGE: usize = 500;
