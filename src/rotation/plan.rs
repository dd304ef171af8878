//! What a rotation would do, and what one that is open has done, without changing anything.

use std::time::Duration;

use serde::Serialize;

use super::admit::foresee;
use super::options::RotateOptions;
use super::row::{open_in, row_missing};
use super::state::{Phase, State};
use crate::error::{Detail, Error, TargetFault};
use crate::ledger::Ledger;
use crate::master_key::Fingerprint;
use crate::record::Record;
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::versions::{Generation, MasterKeyVersion};
use crate::written::seconds;

/// What a rotation would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RotationPlan {
    /// The master key version now active.
    pub from_master_key: MasterKeyVersion,
    /// The version it would go to.
    pub to_master_key: MasterKeyVersion,
    /// The fingerprint of that version.
    pub to_fingerprint: Fingerprint,
    /// API keys by the generation they are counted under.
    #[serde(rename = "generations")]
    pub census: Vec<Census>,
    /// The rotation that is open, and would be continued.
    pub open: Option<OpenRotation>,
}

/// What a rotation of this vault would take on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RotationEstimate {
    /// API keys to move.
    pub records: u64,
    /// The speed measured: the whole rotation, with verification and scrub.
    pub per_second: u64,
    /// How long all of them would take at that speed.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub duration: Duration,
}

/// The API keys of one generation, by the authenticated counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Census {
    /// The generation.
    pub generation: Generation,
    /// The master key version above its data keys: what it takes to open it.
    pub master_key: MasterKeyVersion,
    /// How many API keys, revoked and expired ones included.
    pub records: u64,
}

/// A rotation that has begun and not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OpenRotation {
    /// What it is doing.
    pub phase: Phase,
    /// The master key version it comes from.
    pub from_master_key: MasterKeyVersion,
    /// The master key version it goes to.
    pub to_master_key: MasterKeyVersion,
    /// The generation that retires.
    pub from_generation: Generation,
    /// The new generation.
    pub to_generation: Generation,
    /// When it began.
    pub started_at: Timestamp,
    /// Records moved so far.
    pub moved: u64,
    /// Whether a process is at it now.
    pub running: bool,
}

impl OpenRotation {
    pub(crate) fn of(state: &State, now: Timestamp) -> Self {
        Self {
            phase: state.phase,
            from_master_key: state.from_master_key,
            to_master_key: state.to_master_key,
            from_generation: state.from_generation,
            to_generation: state.to_generation,
            started_at: state.started_at,
            moved: state.moved,
            running: state.lease.is_some_and(|lease| lease.is_alive(now)),
        }
    }
}

/// What [`super::rotate`] would do with the same options.
pub(crate) fn plan(ledger: &Ledger, options: &RotateOptions) -> Result<RotationPlan, Error> {
    options.check()?;
    let snapshot = ledger.store().snapshot()?;
    let (keyring, _) = ledger.read_together(&*snapshot)?;
    let open = open_in(&keyring, &*snapshot)?.filter(|open| !options.replace(open, &keyring));
    let to_master_key = match &open {
        None if options.resume_only && keyring.retiring_generation().is_none() => return Err(Detail::NoRotation.into()),
        Some(open) if options.ask_for_another(open, &keyring) => {
            return Err(Detail::RotationOpen { to: open.to_master_key }.into());
        }
        Some(open) => open.to_master_key,
        None if keyring.retiring_generation().is_none() => {
            let to = options.target(&keyring, ledger.keks())?;
            foresee(ledger, options, to)?;
            to
        }
        None if options.accept_record_set && !options.rewrap_only => keyring.active_master(),
        None => return Err(row_missing()),
    };
    let to_fingerprint = ledger.keks().fingerprint(to_master_key);
    Ok(RotationPlan {
        from_master_key: open.as_ref().map_or(keyring.active_master(), |open| open.from_master_key),
        to_master_key,
        to_fingerprint: to_fingerprint
            .ok_or(Detail::RotationTarget { to: to_master_key, fault: TargetFault::NotConfigured })?,
        census: census(ledger, &*snapshot)?,
        open: open.map(|open| OpenRotation::of(&open, ledger.now())),
    })
}

/// API keys by generation, from the authenticated counts. The sentinel is none.
pub(crate) fn census(ledger: &Ledger, rows: &dyn Rows) -> Result<Vec<Census>, Error> {
    let (keyring, head) = ledger.read_together(rows)?;
    let state = open_in(&keyring, rows)?;
    let sets = |id: &Generation| {
        let moved = state.as_ref().and_then(|state| state.sets.get(id)).copied().unwrap_or_default();
        head.sets().get(id).copied().unwrap_or_default().plus(moved).count()
    };
    let master_key = keyring.active_master();
    let of = |id| Census { generation: id, master_key, records: sets(&id) };
    let mut census: Vec<_> = keyring.generations().map(of).collect();
    if let Some(row) = rows.get(Table::Keys, &ApiKeyId::SENTINEL.to_bytes())? {
        let of = Record::parse(&row).map(|record| record.generation());
        let counted = census.iter_mut().filter(|census| of == Ok(census.generation));
        counted.for_each(|census| census.records = census.records.saturating_sub(1));
    }
    Ok(census)
}
