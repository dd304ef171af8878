//! The chain of reissues that an API key stands in.

use std::collections::{BTreeSet, VecDeque};

use crate::api_key::ApiKey;
use crate::error::Error;
use crate::record::RecordError;
use crate::token::ApiKeyId;
use crate::vault::{Listed, Vault};

impl Vault {
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

    fn link(&self, id: Option<ApiKeyId>, seen: &mut BTreeSet<ApiKeyId>) -> Result<Option<Listed>, Error> {
        let Some(id) = id.filter(|id| seen.insert(*id)) else { return Ok(None) };
        let listed = |key: Result<ApiKey, RecordError>| Ok(Some(Listed { id, key }));
        match self.show(id) {
            Ok(key) => listed(Ok(key)),
            Err(Error::Record { fault, .. }) => listed(Err(fault)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
