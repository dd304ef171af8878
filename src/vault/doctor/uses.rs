//! The counts of uses.

use super::findings::Findings;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::store::{Rows, Table};
use crate::token::ApiKeyId;
use crate::uses::UsageRow;

/// One finding for all of them: they begin anew with the next flush, and nothing is decided by them.
pub(super) fn examine(keyring: &Keyring, rows: &dyn Rows, findings: &mut Findings) -> Result<(), Error> {
    let (mut after, mut damaged): (Option<Vec<u8>>, u64) = (None, 0);
    loop {
        let page = rows.scan(Table::Usage, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        let opens = |key: &[u8], bytes: &[u8]| {
            let id = ApiKeyId::from_row(key);
            id.is_some_and(|id| UsageRow::parse(bytes).is_ok_and(|row| row.open(keyring, id).is_ok()))
        };
        damaged += page.iter().filter(|(key, bytes)| !opens(key, bytes)).count() as u64;
    }
    if damaged > 0 {
        findings.damage("usage", format!("counts of uses that do not open: {damaged}"), REMEDY);
    }
    Ok(())
}

/// The largest rows have half a megabyte.
const PAGE: usize = 50;
const REMEDY: &str = "find out who can write the store; no API key depends on them: `strongroom doctor --repair --reason TEXT` takes them away, and they begin \
     anew with the next use";
