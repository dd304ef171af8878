//! The beginning of a rotation: the cutover in one commit, or one that is open taken up where it stands.

use super::options::RotateOptions;
use super::report::RotationReport;
use super::row::{ReadState, read_state, row_missing};
use super::run::{Run, taken_over};
use super::state::State;
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::fence::NewFence;
use crate::keyring::{FreshKeys, Succession};
use crate::known_backups::KnownBackups;
use crate::ledger::{Ledger, ROTATION};
use crate::store::{Expected, RotationClaim, Table};

/// Begins a rotation, or continues the one that is open when nobody else is at it.
pub(super) fn begin<'a>(
    ledger: &'a Ledger,
    options: &'a RotateOptions,
    act: &Act,
) -> Result<(Run<'a>, RotationReport), Error> {
    let claim = ledger.store().claim_rotation()?;
    let mut open = read_state(ledger)?;
    let mut done = None;
    if let Some(read) = open.take_if(|read| options.replace(&read.state, &read.keyring)) {
        may_take_over(ledger, &claim, &read)?;
        done = Some(read.row);
    }
    let resumed = open.is_some() || ledger.reload()?.retiring_generation().is_some();
    if resumed && open.is_none() {
        // Between the two looks another process may have cut over: a row that is only now there is not missing.
        open = read_state(ledger)?;
    }
    match open {
        Some(open) => {
            may_take_over(ledger, &claim, &open)?;
            if options.ask_for_another(&open.state, &open.keyring) {
                return Err(Detail::RotationOpen { to: open.state.to_master_key }.into());
            }
        }
        None if matches!(claim, RotationClaim::Held) => return Err(taken_over()),
        None if resumed => restore_row(ledger, options, act)?,
        None if options.resume_only => return Err(Detail::NoRotation.into()),
        None => cut_over(ledger, options, act, done)?,
    }
    let begun = read_state(ledger)?.ok_or_else(taken_over)?;
    let run = Run::of(ledger, options, claim, begun)?;
    tracing::info!(to = run.state.to_master_key.get(), resumed, "rotation taken up");
    let report = RotationReport::so_far(&run.state, &run.keyring, resumed);
    Ok((run, report))
}

/// One commit: the new generation, the old one wrapped under the new master key alone, the `rotation` row, in the place of one that is
/// done but for old bytes.
fn cut_over(ledger: &Ledger, options: &RotateOptions, act: &Act, done: Option<Vec<u8>>) -> Result<(), Error> {
    let keys = FreshKeys::draw()?;
    let mut fence = None;
    if options.compromised {
        act.check()?;
        // Most of the work, so that writers wait for the entries since alone.
        let (keyring, store) = (ledger.reload()?, ledger.store());
        if keyring.retiring_generation().is_some() {
            // Another process began meanwhile, and its fence stands where this one would.
            return Err(taken_over());
        }
        let mut made = NewFence::write(store, &keyring, &ledger.check_anchor()?, keys.fence_key())?;
        for _ in 0..MOST_ROUNDS {
            if made.catch_up(store, &keyring, &ledger.check_anchor()?)? < FEW {
                break;
            }
        }
        fence = Some(made);
    }
    ledger.change(act, |change| {
        let old = change.keyring;
        if old.retiring_generation().is_some() {
            // Another process began meanwhile.
            return Err(taken_over());
        }
        // Whoever had the rotation that is done may have removed its row since, which is as good.
        let there = ledger.store().get(Table::Vault, ROTATION)?;
        if there.is_some() && there != done {
            return Err(taken_over());
        }
        let to = options.target(old, ledger.keks())?;
        let succession = Succession { entries: change.head.chain.seq, leaked: options.compromised };
        let fence = fence.as_mut().map(|fence| fence.complete(ledger.store(), change)).transpose()?;
        let next = old.with_generation(&keys, fence, to, succession, ledger.keks(), change.now)?;
        let (masters, generations) = ([old.active_master(), to], [old.active_generation(), next.active_generation()]);
        let state = State::begun(masters, generations, change.now);
        let draft = Draft::of(Action::RotationStarted)
            .count("from_master_key", state.from_master_key.into())
            .count("to_master_key", to.into())
            .count("from_generation", state.from_generation.into())
            .count("to_generation", state.to_generation.into());
        change.audit(if options.compromised { draft.count("compromised", 1) } else { draft });
        change.batch.put(Table::Vault, ROTATION, state.seal(&next)?, there.map_or(Expected::Absent, Expected::Exactly));
        // Another authority signs from here on.
        KnownBackups::read(old, &change.head, ledger.store())?.carry_over(change, &next);
        change.replace_keyring(next);
        Ok(())
    })
}

/// Somebody removed the row of an open rotation, and with it a part of the record sets. The records can still be moved;
/// that they are the right ones is for an operator to say.
fn restore_row(ledger: &Ledger, options: &RotateOptions, act: &Act) -> Result<(), Error> {
    ledger.change(act, |change| {
        let keyring = change.keyring;
        // Where nothing retires any more, whoever was at it has come to the end meanwhile.
        let from = keyring.retiring_generation().ok_or_else(taken_over)?;
        if ledger.store().get(Table::Vault, ROTATION)?.is_some() {
            return Err(taken_over());
        }
        if !options.accept_record_set {
            return Err(row_missing());
        }
        let to_master_key = keyring.active_master();
        let retired = keyring.masters().filter(|master| master.retired_at.is_some()).last();
        let from_master_key = retired.map_or(to_master_key, |master| master.version);
        let state = State::begun([from_master_key, to_master_key], [from, keyring.active_generation()], change.now);
        change.audit(Draft::of(Action::RotationStarted).count("record_set_accepted", 1));
        change.batch.put(Table::Vault, ROTATION, state.seal(keyring)?, Expected::Absent);
        Ok(())
    })
}

fn may_take_over(ledger: &Ledger, claim: &RotationClaim, read: &ReadState) -> Result<(), Error> {
    if let Some(lease) = read.state.lease.filter(|lease| lease.is_alive(ledger.now())) {
        // With the claim in our hands, a holder that had it is gone: no need to wait for its lease.
        let gone = lease.claimed && matches!(claim, RotationClaim::Granted(_));
        if !gone {
            return Err(Detail::RotationHeld { since_secs: ledger.now().since(lease.renewed_at).as_secs() }.into());
        }
    }
    Ok(())
}

/// Entries that others have written since are read again before the cutover while there are more than a few, up to so many times.
const MOST_ROUNDS: usize = 16;
const FEW: usize = 64;
