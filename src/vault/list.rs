//! Listing API keys a page at a time, finding one by the beginning of its id, and showing it and its reissues.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::api_key::{ApiKey, Network, Status};
use crate::arguments::Maybe;
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::page::{Cursor, Page};
use crate::record::{Record, RecordError};
use crate::store::Table;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::handle::Verifier;
use crate::vault::key_rows::KeyRows;
use crate::vault::subject::record_at;

/// Which API keys to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    owner: Option<String>,
    name: Option<String>,
    scope: Option<String>,
    statuses: Vec<Status>,
    attributes: Vec<(String, Option<String>)>,
    without_owner: bool,
    networks: Vec<Network>,
    created: (Option<Timestamp>, Option<Timestamp>),
    expires_after: Option<Timestamp>,
    expires_by: Option<Timestamp>,
    exposed: bool,
    after: Option<Cursor>,
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

    /// Only those whose name contains this text, in whatever case its letters are.
    #[must_use]
    pub fn name_contains(mut self, text: impl Maybe<String>) -> Self {
        self.name = text.maybe().map(|text| text.to_lowercase()).or(self.name);
        self
    }

    /// Only those with this scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Maybe<String>) -> Self {
        self.scope = scope.maybe().or(self.scope);
        self
    }

    /// Only those in this state, or in another one that is named.
    #[must_use]
    pub fn status(mut self, status: impl Maybe<Status>) -> Self {
        self.statuses.extend(status.maybe());
        self
    }

    /// Only those in one of these states, or in another one that is named.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = Status>) -> Self {
        self.statuses.extend(statuses);
        self
    }

    /// Only those without an owner.
    #[must_use]
    pub fn without_owner(mut self, only: bool) -> Self {
        self.without_owner = only;
        self
    }

    /// Only those with this attribute, with this value where there is one; of several, those that have all of them.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Maybe<String>) -> Self {
        self.attributes.push((name.into(), value.maybe()));
        self
    }

    /// Only those that are limited to networks of which one has an address in common with this one, or with another one that is named.
    #[must_use]
    pub fn network(mut self, network: impl Maybe<Network>) -> Self {
        self.networks.extend(network.maybe());
        self
    }

    /// Only those that were issued at this moment or later.
    #[must_use]
    pub fn created_since(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.created.0 = at.maybe().or(self.created.0);
        self
    }

    /// Only those that were issued before this moment.
    #[must_use]
    pub fn created_before(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.created.1 = at.maybe().or(self.created.1);
        self
    }

    /// Only those that expire at this moment or before.
    #[must_use]
    pub fn expires_by(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.expires_by = at.maybe().or(self.expires_by);
        self
    }

    /// Only those that expire after this moment, or never.
    #[must_use]
    pub fn expires_after(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.expires_after = at.maybe().or(self.expires_after);
        self
    }

    /// Whether only those that are exposed: what is to be reissued after a rotation away from a master key that had leaked.
    #[must_use]
    pub fn exposed(mut self, only: bool) -> Self {
        self.exposed = only;
        self
    }

    /// Only those behind this cursor: [`Page::next`] of the page before.
    #[must_use]
    pub fn after(mut self, cursor: impl Maybe<Cursor>) -> Self {
        self.after = cursor.maybe().or(self.after);
        self
    }

    /// At most this many on a page; 100 unless set. With 0 a page is empty, and there is no next one.
    #[must_use]
    pub fn limit(mut self, limit: impl Maybe<usize>) -> Self {
        self.limit = limit.maybe().or(self.limit);
        self
    }

    pub(super) fn page_len(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    pub(super) fn accepts(&self, key: &ApiKey, now: Timestamp) -> bool {
        self.owner.as_ref().is_none_or(|owner| key.owner.as_ref() == Some(owner))
            && self.name.as_ref().is_none_or(|text| key.name.to_lowercase().contains(text.as_str()))
            && (!self.without_owner || key.owner.is_none())
            && self.attributes.iter().all(|(name, value)| {
                key.attributes.get(name).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
            })
            && (self.networks.is_empty()
                || self.networks.iter().any(|wanted| key.networks.iter().any(|network| network.overlaps(wanted))))
            && self.created.0.is_none_or(|since| key.created_at >= since)
            && self.created.1.is_none_or(|before| key.created_at < before)
            && self.expires_by.is_none_or(|by| key.expires_at.is_some_and(|at| at <= by))
            && self.scope.as_ref().is_none_or(|scope| key.scopes.contains(scope))
            && (!self.exposed || key.exposed_at.is_some())
            && self.expires_after.is_none_or(|after| key.expires_at.is_none_or(|at| at > after))
            && (self.statuses.is_empty() || self.statuses.contains(&key.status(now)))
    }
}

/// One line of a list: an API key, or a record that does not open. One bad record never hides the others.
///
/// Written as JSON it is the object that [`ApiKey`] is written as; a record that does not open is one of `id`, `cause` (a word such as
/// `corrupt`) and `message`, and no API key has a `cause`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// Where the record stands.
    pub id: ApiKeyId,
    /// What it says, or why it does not open.
    pub key: Result<ApiKey, RecordError>,
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written::of(self.id, &self.key).serialize(to)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Written<'a> {
    Open(&'a ApiKey),
    Shut {
        id: ApiKeyId,
        #[serde(flatten)]
        fault: &'a RecordError,
    },
}

impl<'a> Written<'a> {
    pub(super) fn of(id: ApiKeyId, key: &'a Result<ApiKey, RecordError>) -> Self {
        key.as_ref().map_or_else(|fault| Self::Shut { id, fault }, Self::Open)
    }
}

/// # Listing
impl Verifier {
    /// A page of API keys in the order of their ids, which is the order of issue. Records that do not open are
    /// listed whatever the filters say. To know whether another page follows, it is looked for the next API key that fits.
    pub fn list(&self, query: &Query) -> Result<Page<Listed>, Error> {
        Page::take(query.page_len(), self.found(query)?, |listed| Cursor::after_api_key(listed.id))
    }

    /// The same one after the other, to the last: the query's limit says nothing here. They are read a few hundred at a time, so
    /// that a million API keys take no more memory than a thousand. It ends with the first error.
    ///
    /// ```
    /// # use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Query, Vault};
    /// # let keys = MasterKeys::single(MasterKey::generate()?);
    /// # let vault = Vault::create(MemoryStore::new(), keys, &Act::by("deploy"))?;
    /// for listed in vault.list_all(&Query::new().owner("acme")) {
    ///     println!("{}", listed?.id);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list_all<'v>(&'v self, query: &Query) -> impl Iterator<Item = Result<Listed, Error>> + use<'v> {
        one_by_one(self.found(query))
    }

    /// One API key.
    pub fn show(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        // The keyring first: one that is newer than the record may have dropped its generation.
        let keyring = self.ledger.recent_keyring()?;
        let bytes = record_at(self.ledger.store(), id)?;
        self.open_view(&keyring, id, &bytes)?.map_err(|fault| Detail::Record { id, fault }.into())
    }

    /// The API keys that this one was issued in place of, itself, and those that were issued in its place: the oldest
    /// first. The chain ends at a record that is not there any more, and with one that does not open.
    pub fn chain(&self, id: ApiKeyId) -> Result<Vec<Listed>, Error> {
        let key = self.show(id)?;
        let (mut seen, mut chain) = (BTreeSet::from([id]), VecDeque::new());
        let (mut earlier, mut later) = (key.replaces, key.replaced_by);
        chain.push_back(Listed { id, key: Ok(key) });
        while let Some(found) = self.link(earlier, &mut seen)? {
            earlier = found.key.as_ref().ok().and_then(|key| key.replaces);
            chain.push_front(found);
        }
        while let Some(found) = self.link(later, &mut seen)? {
            later = found.key.as_ref().ok().and_then(|key| key.replaced_by);
            chain.push_back(found);
        }
        Ok(chain.into())
    }

    /// Up to `limit` ids of API keys that begin with this text, in ascending order. No record is opened.
    pub fn ids_beginning(&self, beginning: &str, limit: usize) -> Result<Vec<ApiKeyId>, Error> {
        let Some((first, last)) = ApiKeyId::range_of(beginning) else { return Ok(vec![]) };
        let after = first.before().map(ApiKeyId::to_bytes);
        let rows = self.ledger.store().scan(Table::Keys, after.as_ref().map(<[u8; 16]>::as_slice), limit)?;
        let ids = rows.iter().filter_map(|(key, _)| ApiKeyId::from_row(key));
        Ok(ids.take_while(|id| *id <= last && *id != ApiKeyId::SENTINEL).collect())
    }

    /// What a query finds behind its cursor.
    pub(super) fn found(&self, query: &Query) -> Result<Found<'_>, Error> {
        let rows = self.key_rows(query.after, PAGE + 1)?;
        let (keyring, now) = (self.ledger.recent_keyring()?, self.ledger.now());
        Ok(Found { vault: self, query: query.clone(), keyring, now, rows })
    }

    fn link(&self, id: Option<ApiKeyId>, seen: &mut BTreeSet<ApiKeyId>) -> Result<Option<Listed>, Error> {
        let Some(id) = id.filter(|id| seen.insert(*id)) else { return Ok(None) };
        let listed = |key: Result<ApiKey, RecordError>| Ok(Some(Listed { id, key }));
        match self.show(id).map_err(Error::into_detail) {
            Ok(key) => listed(Ok(key)),
            Err(Detail::Record { fault, .. }) => listed(Err(fault)),
            Err(Detail::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
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

/// API keys that a query finds, one after the other.
pub(super) struct Found<'v> {
    vault: &'v Verifier,
    query: Query,
    keyring: Arc<Keyring>,
    now: Timestamp,
    rows: KeyRows<'v>,
}

impl Found<'_> {
    fn find(&mut self) -> Result<Option<Listed>, Error> {
        loop {
            // The keyring first: one that is newer than the records may have dropped their generation.
            if self.rows.is_unread() {
                self.keyring = self.vault.ledger.recent_keyring()?;
            }
            let Some((id, bytes)) = self.rows.next().transpose()? else { return Ok(None) };
            let key = self.vault.open_view(&self.keyring, id, &bytes)?;
            if key.as_ref().map_or(true, |key| self.query.accepts(key, self.now)) {
                return Ok(Some(Listed { id, key }));
            }
        }
    }
}

impl Iterator for Found<'_> {
    type Item = Result<Listed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.find().transpose()
    }
}

/// What comes, up to the first error: that of the beginning is one as well.
pub(super) fn one_by_one<T>(
    begun: Result<impl Iterator<Item = Result<T, Error>>, Error>,
) -> impl Iterator<Item = Result<T, Error>> {
    let (all, refused) = match begun {
        Ok(all) => (Some(all), None),
        Err(error) => (None, Some(Err(error))),
    };
    let all = refused.into_iter().chain(all.into_iter().flatten());
    all.scan(false, |failed, item| (!std::mem::replace(failed, item.is_err())).then_some(item)).fuse()
}

pub(super) fn view(keyring: &Keyring, id: ApiKeyId, bytes: &[u8]) -> Result<ApiKey, RecordError> {
    let record = Record::parse(bytes)?;
    let attributes = record.attributes(keyring, id)?;
    let revision = record.revision();
    attributes.into_view(id, record.imported(), record.recoverable(), revision).ok_or(RecordError::Attributes)
}

const DEFAULT_LIMIT: usize = 100;
/// What the program shows at once: with one more, a page of so many is read at once.
const PAGE: usize = 500;
