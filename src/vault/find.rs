//! Finding an API key by the beginning of its id.

use crate::error::Error;
use crate::store::Table;
use crate::token::ApiKeyId;
use crate::vault::handle::Verifier;

impl Verifier {
    /// Up to `limit` ids of API keys that begin with this text, in ascending order. No record is opened.
    pub fn ids_beginning(&self, beginning: &str, limit: usize) -> Result<Vec<ApiKeyId>, Error> {
        let Some((first, last)) = ApiKeyId::range_of(beginning) else { return Ok(vec![]) };
        let after = first.before().map(ApiKeyId::to_bytes);
        let rows = self.ledger.store().scan(Table::Keys, after.as_ref().map(<[u8; 16]>::as_slice), limit)?;
        let ids = rows.iter().filter_map(|(key, _)| ApiKeyId::from_row(key));
        Ok(ids.take_while(|id| *id <= last && *id != ApiKeyId::SENTINEL).collect())
    }
}
