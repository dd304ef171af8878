//! `src/rotation.rs` and what it calls, one call of the store after the other. A batch is one record.

use crate::change::{Change, Went, What};
use crate::rows::{Batch, Keyring, Log, Owner, Phase, RECORDS, Record, Rotation, Row, Sets, bears_out};
use crate::world::{Broken, Fault, Memory, World};

/// Where a process that rotates has come to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// `read_state` in `begin`, and `may_take_over`.
    Begin,
    CutOver(Change),
    /// `read_state` once more, and `Run::of`.
    TakeUp,
    /// The first `Run::save`.
    Lease(Run),
    /// `Run::read_log`, before the sweep.
    Log(Run),
    /// `sweep::sweep`: a worker reads ahead, and one thread commits.
    Sweep(Sweep),
    /// The last commit of the sweep.
    Swept(Run),
    /// `Run::read_log`, before the proof.
    ProofLog(Run),
    /// `proof::verify`, with as many records as were opened.
    Proof(Run, usize),
    /// `Run::restart_sweep` and `Run::release`: a record is left.
    Restart(Run),
    Finish(Run, Change),
    /// `Run::close`.
    Close(Run),
    Done,
    Stopped,
}

/// `src/rotation/run.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Run {
    /// The row as it was written last.
    row: Rotation,
    keyring: Keyring,
    owner: Owner,
    log: Log,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sweep {
    run: Run,
    read: [Option<Record>; RECORDS],
    /// The record conflicted: whoever changed it moved it.
    left_out: bool,
    /// The cursor is published, and its record is not: a fault.
    pending: bool,
}

/// What one step of a rotator may be. Who takes a lease for alive does nothing, and so needs no move; any may be taken for dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Move {
    /// The only step there is.
    On,
    /// A worker reads the next record of a sweep.
    Scan,
}

impl Stage {
    pub(crate) fn moves(&self) -> Vec<Move> {
        match self {
            Self::Done | Self::Stopped => vec![],
            Self::Sweep(sweep) => {
                let mut moves = vec![];
                if sweep.unread().is_some() && !sweep.pending {
                    moves.push(Move::Scan);
                }
                if sweep.read[sweep.run.row.cursor.min(RECORDS - 1)].is_some() || sweep.pending {
                    moves.push(Move::On);
                }
                moves
            }
            _ => vec![Move::On],
        }
    }

    pub(crate) fn step(
        self,
        made: Move,
        world: &mut World,
        memory: &mut Memory,
        fault: Option<Fault>,
        me: Owner,
    ) -> Self {
        match self {
            Self::Begin => match read_state(world, memory) {
                Err(()) => Self::Stopped,
                Ok(Some(_)) => Self::TakeUp,
                // The row of an open rotation was removed, which only an operator may accept.
                Ok(None) if memory.keyring.retiring.is_some() => Self::Stopped,
                Ok(None) if memory.keyring.active == 2 => Self::Done,
                Ok(None) => Self::CutOver(Change::of(What::CutOver)),
            },
            Self::CutOver(change) => match change.step(world, memory, fault) {
                Went::On(change) => Self::CutOver(change),
                Went::Done => Self::TakeUp,
                Went::Refused => Self::Stopped,
            },
            Self::TakeUp => match read_state(world, memory) {
                Ok(Some(row)) => Self::Lease(Run { row, keyring: memory.keyring, owner: me, log: vec![] }),
                _ => Self::Stopped,
            },
            Self::Lease(mut run) => match run.save(world, fault, run.row.clone(), None) {
                Ok(()) => match run.row.phase {
                    Phase::Sweep => Self::Log(run),
                    Phase::Verify => Self::ProofLog(run),
                    Phase::Scrub => Self::Close(run),
                },
                Err(_) => Self::Stopped,
            },
            Self::Log(mut run) => {
                run.log.clone_from(&world.rows.log);
                Self::sweeping(Sweep { run, read: [None; RECORDS], left_out: false, pending: false })
            }
            Self::Sweep(mut sweep) if made == Move::Scan => {
                let at = sweep.unread().expect("only then is there such a move");
                sweep.read[at] = Some(world.rows.records[at]);
                Self::Sweep(sweep)
            }
            Self::Sweep(sweep) => sweep.commit(world, fault),
            Self::Swept(mut run) => {
                let next = Rotation { phase: Phase::Verify, cursor: 0, ..run.row.clone() };
                run.save(world, fault, next, None).map_or(Self::Stopped, |()| Self::ProofLog(run))
            }
            Self::ProofLog(mut run) => {
                run.log.clone_from(&world.rows.log);
                Self::Proof(run, 0)
            }
            Self::Proof(mut run, at) => {
                let record = world.rows.records[at];
                let whole = |log: &Log| record.generation == 2 && bears_out(log, at, record.version);
                // Somebody may have changed it since the log was read: both are looked at again, at one moment.
                if !whole(&run.log) && !whole(&world.rows.log) {
                    Self::Restart(run)
                } else if at + 1 < RECORDS {
                    Self::Proof(run, at + 1)
                } else {
                    let row = run.row.clone();
                    run.log.clear();
                    Self::Finish(run, Change::of(What::Finish(row)))
                }
            }
            Self::Restart(mut run) => {
                let next = Rotation { phase: Phase::Sweep, cursor: 0, ..run.row.clone() };
                let _ = run.save(world, fault, next, None);
                Self::Stopped
            }
            Self::Finish(mut run, change) => match change.step(world, memory, fault) {
                Went::On(change) => Self::Finish(run, change),
                Went::Refused => Self::Stopped,
                Went::Done => {
                    run.row = Rotation { phase: Phase::Scrub, cursor: 0, sets: Sets::default(), ..run.row };
                    Self::Close(run)
                }
            },
            // That another process has taken over and removed it is as good.
            Self::Close(run) => {
                let _ = world.rows.commit(&Batch { rotation: Some((Some(run.row), None)), ..Batch::default() }, &[]);
                Self::Done
            }
            done @ (Self::Done | Self::Stopped) => done,
        }
    }

    fn sweeping(mut sweep: Sweep) -> Self {
        // What is done with is forgotten, so that states are the same that only differ in it.
        (0..sweep.run.row.cursor).for_each(|at| sweep.read[at] = None);
        if sweep.run.row.cursor < RECORDS {
            return Self::Sweep(sweep);
        }
        sweep.run.log.clear();
        Self::Swept(sweep.run)
    }
}

impl Sweep {
    fn unread(&self) -> Option<usize> {
        (self.run.row.cursor..RECORDS).find(|at| self.read[*at].is_none())
    }

    /// `sweep::commit`: a record, if it is to be moved, and the cursor behind it.
    fn commit(mut self, world: &mut World, fault: Option<Fault>) -> Stage {
        if self.pending {
            let at = self.run.row.cursor - 1;
            let (old, new) = moved(self.read[at].expect("it was read"));
            let batch = Batch { record: Some((at, old, new)), ..Batch::default() };
            let _ = world.rows.commit(&batch, &[]);
            return Stage::sweeping(Self { pending: false, ..self });
        }
        let at = self.run.row.cursor;
        let found = self.read[at].expect("only then is there such a move");
        let borne_out = bears_out(&self.run.log, at, found.version) || fault == Some(Fault::LogNotAsked);
        let mut next = Rotation { cursor: at + 1, ..self.run.row.clone() };
        let change = (found.generation == 1 && borne_out && !self.left_out).then(|| {
            let (old, new) = moved(found);
            next.sets.count(at, old, -1);
            next.sets.count(at, new, 1);
            (at, old, new)
        });
        if fault == Some(Fault::CursorFirst) && change.is_some() {
            return match self.run.save(world, fault, next, None) {
                Ok(()) => Stage::Sweep(Self { pending: true, ..self }),
                Err(_) => Stage::Stopped,
            };
        }
        match self.run.save(world, fault, next, change) {
            Ok(()) => {
                if change.is_some() {
                    if !bears_out(&self.run.log, at, found.version) {
                        world.broken.get_or_insert(Broken::Laundered);
                    }
                    if !world.is_honest() {
                        world.sealed_anew[at] = Some(found.version);
                    }
                }
                Stage::sweeping(Self { left_out: false, ..self })
            }
            Err(rows) if rows == [Row::Record] => Stage::Sweep(Self { left_out: true, ..self }),
            Err(_) => Stage::Stopped,
        }
    }
}

impl Run {
    /// `Run::save`: every commit of a rotation expects the row as this process wrote it last, and the keyring.
    fn save(
        &mut self,
        world: &mut World,
        fault: Option<Fault>,
        next: Rotation,
        record: Option<(usize, Record, Record)>,
    ) -> Result<(), Vec<Row>> {
        let next = Rotation { lease: Some(self.owner), ..next };
        let batch = Batch {
            keyring: Some((self.keyring, None)),
            rotation: Some((Some(self.row.clone()), Some(next.clone()))),
            record,
            ..Batch::default()
        };
        let forgotten: &[Row] = match fault {
            Some(Fault::Forgets(rows)) => rows,
            Some(Fault::LeaseBelieved) => &[Row::Rotation],
            Some(Fault::SweepForgetsRecord) => &[Row::Record],
            _ => &[],
        };
        let before = world.rows.rotation.clone();
        world.rows.commit(&batch, forgotten)?;
        if before != Some(self.row.clone()) {
            world.broken.get_or_insert(Broken::WroteBesideOwner);
        }
        self.row = next;
        Ok(())
    }
}

/// `read_state` in `src/rotation/row.rs`: the rows of one moment.
fn read_state(world: &World, memory: &mut Memory) -> Result<Option<Rotation>, ()> {
    let rows = &world.rows;
    if rows.rotation.is_some() && (rows.head.keyring != rows.keyring || !rows.keyring.follows(memory.keyring)) {
        return Err(());
    }
    if !rows.keyring.follows(memory.keyring) {
        return Err(());
    }
    memory.keyring = rows.keyring;
    match &rows.rotation {
        Some(row) if !row.fits(rows.keyring) => Err(()),
        row => Ok(row.clone()),
    }
}

fn moved(old: Record) -> (Record, Record) {
    (old, Record { generation: 2, ..old })
}
