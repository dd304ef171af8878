//! A rotation that leaves the records as they are: every data key wrapped under the new master key, in one commit.

use super::options::RotateOptions;
use super::report::{RotationOutcome, RotationReport};
use super::row::{open_in, row_missing};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::known_backups::KnownBackups;
use crate::ledger::{Ledger, ROTATION};
use crate::store::{Expected, Table};

/// Wraps every data key anew, whatever the number of records.
pub(super) fn rewrap(ledger: &Ledger, options: &RotateOptions, act: &Act) -> Result<RotationReport, Error> {
    ledger.change(act, |change| {
        if let Some(open) = open_in(change.keyring, ledger.store())? {
            return Err(Detail::RotationOpen { to: open.to_master_key }.into());
        }
        if change.keyring.retiring_generation().is_some() {
            return Err(row_missing());
        }
        let to = options.target(change.keyring, ledger.keks())?;
        let (from, generation) = (change.keyring.active_master(), change.keyring.active_generation());
        let next = change.keyring.rewrapped(to, change.head.chain.seq, ledger.keks(), change.now)?;
        KnownBackups::read(change.keyring, &change.head, ledger.store())?.carry_over(change, &next);
        change.audit(Draft::of(Action::Rewrap).count("from_master_key", from.into()).count("to_master_key", to.into()));
        change.batch.check(Table::Vault, ROTATION, Expected::Absent);
        change.replace_keyring(next);
        Ok(RotationReport {
            stale_lookups: change.keyring.stale_lookup_rows(),
            ..RotationReport::of(RotationOutcome::Finished, [from, to], [generation; 2])
        })
    })
}
