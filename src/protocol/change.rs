//! `Ledger::change` in `src/ledger.rs`, one call of the store or of the anchor after the other.

use crate::rows::{Batch, Entry, Head, Keyring, Phase, Record, Rotation, Row, Sets};
use crate::world::{Anchor, Broken, Fault, Memory, World};

/// A change under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Change {
    what: What,
    step: Step,
    /// Whether this attempt began on rows of which a process with this memory and this anchor has seen more.
    late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    /// `cut_over` in `src/rotation/begin.rs`.
    CutOver,
    /// `finish` in `src/rotation/finish.rs`, with the row that the rotation wrote last.
    Finish(Rotation),
    /// A revocation, an update, or whatever else replaces a record.
    Record(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    /// `Anchored::read`, before the store.
    Anchor,
    /// The head, in `Ledger::keyring_and_head`; and `Anchored::hold`.
    Head {
        seen: Anchor,
        last: Option<Head>,
    },
    /// `Ledger::reload`, for a head that does not name the keyring that is known.
    Keyring {
        seen: Anchor,
        last: Head,
    },
    /// What `prepare` reads.
    Prepare(Head),
    Commit {
        head: Head,
        found: Option<Record>,
    },
    /// `Ledger::reload` and `Ledger::check_behind_head`, after a conflict.
    Again {
        entry: bool,
    },
    /// `Anchored::advance`.
    Advance(Anchor),
    /// The same before the commit, which is a fault.
    AdvanceFirst {
        head: Head,
        found: Option<Record>,
    },
}

/// How a step of a change ended.
pub(crate) enum Went {
    Done,
    On(Change),
    Refused,
}

impl Change {
    pub(crate) fn of(what: What) -> Self {
        Self { what, step: Step::Anchor, late: false }
    }

    pub(crate) fn step(self, world: &mut World, memory: &mut Memory, fault: Option<Fault>) -> Went {
        let Self { what, step, late } = self;
        let on = |what, step| Went::On(Self { what, step, late });
        match step {
            Step::Anchor => {
                let late = world.is_behind(memory);
                Went::On(Self { what, step: Step::Head { seen: world.anchor.clone(), last: None }, late })
            }
            Step::Head { seen, last } => {
                let head = world.rows.head.clone();
                if head.keyring != memory.keyring && fault != Some(Fault::HeadNotCompared) {
                    if last.as_ref() == Some(&head) && world.rows.keyring == memory.keyring {
                        return Went::Refused;
                    }
                    return on(what, Step::Keyring { seen, last: head });
                }
                // `must_go_on`, and what the anchor holds.
                let goes_on = head.log.starts_with(&memory.seen) || fault == Some(Fault::AnchorNotHeld);
                if !goes_on || !(world.holds(&seen, &head, memory.keyring) || fault == Some(Fault::AnchorNotHeld)) {
                    return Went::Refused;
                }
                // Whoever put rows back, and let others go on from there where the anchor did not know better, is not found here.
                let late = late && world.is_behind(memory);
                memory.seen.clone_from(&head.log);
                Went::On(Self { what, step: Step::Prepare(head), late })
            }
            Step::Keyring { seen, last } => match memory.reload(world, fault) {
                Ok(()) => on(what, Step::Head { seen, last: Some(last) }),
                Err(()) => Went::Refused,
            },
            Step::Prepare(head) => {
                let keyring = memory.keyring;
                let found = match &what {
                    What::Record(at) => {
                        let found = world.rows.records[*at];
                        // What does not open may be newer than the keyring: then everything is read again.
                        if !keyring.has(found.generation) {
                            let stays = world.rows.head == head;
                            return if stays { Went::Refused } else { on(what, Step::Again { entry: false }) };
                        }
                        Some(found)
                    }
                    What::CutOver if keyring.retiring.is_some() || keyring.active == 2 => return Went::Refused,
                    What::CutOver => None,
                    What::Finish(row) => {
                        let left = head.sets.plus(row.sets);
                        if world.rows.rotation.as_ref() != Some(row) || !left.is_empty(1) {
                            return Went::Refused;
                        }
                        None
                    }
                };
                let first = fault == Some(Fault::AnchorFirst);
                on(what, if first { Step::AdvanceFirst { head, found } } else { Step::Commit { head, found } })
            }
            Step::AdvanceFirst { head, found } => {
                let (_, anchor) = batch(&what, memory.keyring, &head, found, !world.is_honest());
                world.advance(anchor);
                on(what, Step::Commit { head, found })
            }
            Step::Commit { head, found } => {
                let (batch, anchor) = batch(&what, memory.keyring, &head, found, !world.is_honest());
                let forgotten: &[Row] = match (fault, &what) {
                    (Some(Fault::Forgets(rows)), _) => rows,
                    (Some(Fault::WriterForgetsRecord), What::Record(_)) => &[Row::Record],
                    _ => &[],
                };
                match world.rows.commit(&batch, forgotten) {
                    Ok(()) => {
                        world.committed(&anchor, late);
                        if matches!(what, What::Finish(_)) {
                            world.must_have_laundered_nothing();
                        }
                        (memory.keyring, memory.seen) = (anchor.keyring, anchor.log.clone());
                        on(what, Step::Advance(anchor))
                    }
                    Err(rows) => on(what, Step::Again { entry: rows.contains(&Row::Entry) }),
                }
            }
            Step::Again { entry } => {
                let sound = memory.reload(world, fault).is_ok() && (!entry || world.rows.head.log == world.rows.log);
                if sound { on(what, Step::Anchor) } else { Went::Refused }
            }
            Step::Advance(anchor) => {
                world.acknowledge(&anchor.log);
                world.advance(anchor);
                Went::Done
            }
        }
    }
}

/// `Change::into_batch` in `src/ledger/change.rs`, and what the anchor is to hold then.
fn batch(what: &What, keyring: Keyring, head: &Head, found: Option<Record>, anew: bool) -> (Batch, Anchor) {
    let (mut next, mut batch, mut after) = (head.clone(), Batch::default(), keyring);
    let entry = match what {
        What::Record(at) => {
            let old = found.expect("it was read");
            let new = Record { generation: keyring.active, version: old.version + 1 };
            next.sets.count(*at, old, -1);
            next.sets.count(*at, new, 1);
            batch.record = Some((*at, old, new));
            Entry::Changed { record: *at, version: new.version, anew }
        }
        What::CutOver => {
            after = Keyring { revision: keyring.revision + 1, active: 2, retiring: Some(1), anew };
            let row = Rotation { phase: Phase::Sweep, cursor: 0, lease: None, sets: Sets::default() };
            batch.rotation = Some((None, Some(row)));
            Entry::Started { anew }
        }
        What::Finish(row) => {
            after = Keyring { revision: keyring.revision + 1, retiring: None, anew, ..keyring };
            next.sets = next.sets.plus(row.sets);
            let ended = Rotation { phase: Phase::Scrub, cursor: 0, sets: Sets::default(), ..row.clone() };
            batch.rotation = Some((Some(row.clone()), Some(ended)));
            Entry::Finished { anew }
        }
    };
    batch.entry = Some((next.log.len(), entry));
    next.log.push(entry);
    next.keyring = after;
    batch.keyring = Some((keyring, (after != keyring).then_some(after)));
    let anchor = Anchor { log: next.log.clone(), keyring: after };
    batch.head = Some((head.clone(), next));
    (batch, anchor)
}

impl Memory {
    /// `Ledger::reload`: a process takes no older keyring than it has seen.
    fn reload(&mut self, world: &mut World, fault: Option<Fault>) -> Result<(), ()> {
        let found = world.rows.keyring;
        if !found.follows(self.keyring) {
            if fault != Some(Fault::OlderKeyringTaken) {
                return Err(());
            }
            world.broken.get_or_insert(Broken::TookOlderKeyring);
        }
        self.keyring = found;
        Ok(())
    }
}
