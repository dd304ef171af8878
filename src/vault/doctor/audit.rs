//! The audit log: whether it holds together, and what its times say of the clocks.

use super::findings::{Findings, RESTORE, TAKE_AWAY};
use crate::audit_log::{AuditEntry, AuditFault};
use crate::commitments::Commitments;
use crate::error::{Detail, Error};
use crate::ledger::{Head, behind_head, follow_chain, grow};
use crate::store::Rows;
use crate::time::Timestamp;
use crate::tree::CompactRange;
use crate::vault_id::VaultId;

/// Follows the chain, to the end that the head names where there is one. Returns how many entries there are.
pub(super) fn follow(
    vault: VaultId,
    rows: &dyn Rows,
    head: Option<&Head>,
    now: Timestamp,
    mut log: Option<&mut Commitments>,
    findings: &mut Findings,
) -> Result<Followed, Error> {
    let (mut clock, mut tree) = (Clock::default(), CompactRange::default());
    let followed = follow_chain(vault, rows, u64::MAX, |entry, line| {
        clock.see(entry);
        grow(&mut tree, line);
        if let Some(log) = &mut log {
            log.see(entry);
        }
        Ok(())
    });
    let followed = followed.map_err(|error| match head {
        Some(head) => behind_head(error, head, rows),
        None => error,
    });
    let followed = followed.and_then(|end| match head {
        Some(head) if end != head.chain => Err(AuditFault::End { found: end.seq, expected: head.chain.seq }.into()),
        Some(head) if tree != head.tree => Err(AuditFault::Tree.into()),
        _ => Ok(end.seq),
    });
    clock.judge(now, findings);
    match followed.map_err(Error::into_detail) {
        Ok(entries) => Ok(Followed { entries, whole: head.is_some() }),
        Err(Detail::Audit(fault)) => {
            let remedy = if matches!(fault, AuditFault::NoEntry { .. }) { TAKE_AWAY } else { RESTORE };
            findings.damage("audit", fault.to_string(), remedy);
            Ok(Followed { entries: clock.last.map_or(0, |(seq, _)| seq), whole: false })
        }
        Err(error) => {
            let entries = findings.survive::<u64>(Err(error.into()))?.unwrap_or_default();
            Ok(Followed { entries, whole: false })
        }
    }
}

/// How far the chain could be followed.
pub(super) struct Followed {
    pub(super) entries: u64,
    /// Whether it is whole, to the end that the head names: what it says of records is true then.
    pub(super) whole: bool,
}

/// The times of the entries, in the order of the log.
#[derive(Default)]
struct Clock {
    last: Option<(u64, Timestamp)>,
    jumps: u64,
    /// The first time at which it went back: before which entry, and by how many seconds.
    first: Option<(u64, u64)>,
}

impl Clock {
    fn see(&mut self, entry: &AuditEntry) {
        let back = self.last.map_or(0, |(_, before)| before.since(entry.at).as_secs());
        if back >= APART_SECS {
            self.jumps += 1;
            self.first.get_or_insert((entry.seq, back));
        }
        self.last = Some((entry.seq, entry.at));
    }

    fn judge(&self, now: Timestamp, findings: &mut Findings) {
        if let Some((_, at)) = self.last.filter(|(_, at)| *at > now) {
            findings.warning("clock", format!("the last audit entry is dated {at}, in the future"), SET_CLOCK);
        }
        if let Some((seq, secs)) = self.first {
            let times = if self.jumps == 1 { "once".into() } else { format!("{} times", self.jumps) };
            let what = format!("the times in the audit log go back {times}, first by {secs} s at entry {seq}");
            findings.notice("clock-went-back", what, COMPARE_CLOCKS);
        }
    }
}

/// The clocks of several machines differ a little, and whoever is second may have looked first.
const APART_SECS: u64 = 60;
const SET_CLOCK: &str = "set the clock of this machine";
const COMPARE_CLOCKS: &str =
    "the order of the entries is right all the same; see that the clocks of all machines are set";
