//! The log as rows: where they stand, and how it is followed from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use super::head::Head;
use crate::audit_log::{AuditEntry, AuditFault, ChainEnd, row_key};
use crate::error::{Detail, Error};
use crate::store::{Rows, Table};
use crate::tree::{CompactRange, Stored, leaf_hash};
use crate::vault_id::VaultId;

/// Counts the next line of the log into the tree over it.
pub(crate) fn grow(tree: &mut CompactRange, line: &[u8]) -> Option<Stored> {
    tree.append(leaf_hash(line)).expect("an audit log has no 2^64 entries")
}

/// Follows the chain of the audit log from its first entry, over at most `upto` of them, and returns where that ends. What the
/// end has to be is in the head.
pub(crate) fn follow_chain(
    vault: VaultId,
    rows: &dyn Rows,
    upto: u64,
    each: impl FnMut(&AuditEntry, &[u8]) -> Result<(), Error>,
) -> Result<ChainEnd, Error> {
    follow_from(ChainEnd::start(vault), rows, upto, each)
}

/// The same from a place on that was followed to before.
pub(crate) fn follow_from(
    start: ChainEnd,
    rows: &dyn Rows,
    upto: u64,
    mut each: impl FnMut(&AuditEntry, &[u8]) -> Result<(), Error>,
) -> Result<ChainEnd, Error> {
    let (mut end, mut after) = (start, Some(row_key(start.seq).to_vec()).filter(|_| start.seq > 0));
    while end.seq < upto {
        let page = rows.scan(Table::Audit, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (key, line) in &page[..page.len().min(usize::try_from(upto - end.seq).unwrap_or(usize::MAX))] {
            let entry;
            (entry, end) = end.follow(key, line)?;
            each(&entry, line)?;
        }
    }
    Ok(end)
}

/// What a walk to the end met where the head says that there is nothing more is no gap, but stands behind the head.
pub(crate) fn behind_head(error: Error, head: &Head, rows: &dyn Rows) -> Error {
    match error.detail() {
        Detail::Audit(AuditFault::Missing { seq }) if *seq == head.chain.seq + 1 => {
            head.is_the_end_of_the_log(rows).err().unwrap_or(error)
        }
        _ => error,
    }
}

/// Follows the whole log to the end that the head names, and gives the root of the tree over as many entries as each of `sizes` says.
pub(crate) fn verify_chain(
    vault: VaultId,
    rows: &dyn Rows,
    head: &Head,
    sizes: &[u64],
) -> Result<BTreeMap<u64, [u8; 32]>, Error> {
    let (mut tree, mut roots) = (CompactRange::default(), BTreeMap::from([(0, CompactRange::default().root())]));
    let (expected, sizes) = (head.chain, sizes.iter().collect::<BTreeSet<_>>());
    let end = follow_chain(vault, rows, u64::MAX, |_, line| {
        grow(&mut tree, line);
        if sizes.contains(&tree.size()) {
            roots.insert(tree.size(), tree.root());
        }
        Ok(())
    });
    let end = end.map_err(|error| behind_head(error, head, rows))?;
    if end != expected {
        return Err(AuditFault::End { found: end.seq, expected: expected.seq }.into());
    }
    if tree == head.tree { Ok(roots) } else { Err(AuditFault::Tree.into()) }
}

/// The end of a log that was seen is in every later one.
pub(crate) fn must_go_on(end: ChainEnd, seen: Option<ChainEnd>) -> Result<(), Error> {
    match seen {
        Some(seen) if end.seq < seen.seq => Err(AuditFault::RolledBack { found: end.seq, seen: seen.seq }.into()),
        Some(seen) if end.seq == seen.seq && end.hash != seen.hash => Err(AuditFault::Forked { seq: seen.seq }.into()),
        _ => Ok(()),
    }
}

/// Keys of the table `vault`.
pub(crate) const KEYRING: &[u8] = b"keyring";
pub(crate) const HEAD: &[u8] = b"head";
/// There only while a rotation is open.
pub(crate) const ROTATION: &[u8] = b"rotation";
/// Where the hash of a subtree of the log stands in the table `vault` (docs/format.md, Subtrees).
pub(crate) fn subtree_key(at: u64) -> Vec<u8> {
    [SUBTREE, &at.to_be_bytes()].concat()
}

pub(crate) const SUBTREE: &[u8] = b"subtree/";
/// Rows read together.
const PAGE: usize = 1_000;
