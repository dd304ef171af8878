//! The lookup index of imported tokens.

use super::findings::{Findings, RESTORE, TAKE_AWAY};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::{LookupRow, SENTINEL_INDEX};
use crate::store::{Rows, Table};

pub(super) fn examine(keyring: &Keyring, rows: &dyn Rows, findings: &mut Findings) -> Result<(), Error> {
    let (mut after, mut sentinel): (Option<Vec<u8>>, bool) = (None, false);
    loop {
        let page = rows.scan(Table::Lookup, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (index, value) in &page {
            sentinel |= *index == SENTINEL_INDEX;
            if index.len() != SENTINEL_INDEX.len() {
                findings.damage("lookup", "a row of the lookup index stands under a key that is no index", TAKE_AWAY);
                continue;
            }
            match LookupRow::open(keyring, index, value) {
                None => findings.damage("lookup", "a row of the lookup index failed authentication", RESTORE_OR_DROP),
                Some(row) if rows.get(Table::Keys, &row.id.to_bytes())?.is_none() => {
                    let what = format!("an imported token leads to {}, which is not there", row.id);
                    findings.damage("lookup", what, RESTORE_OR_DROP);
                }
                Some(_) => {}
            }
        }
    }
    if !sentinel {
        findings.damage("lookup", "the last row of the lookup index is missing", RESTORE);
    }
    Ok(())
}

const PAGE: usize = 1_000;
const RESTORE_OR_DROP: &str = "find out who can write the store, and restore a backup; or go on without: \
    `strongroom rotate-master-key --accept-record-set` deletes such rows";
