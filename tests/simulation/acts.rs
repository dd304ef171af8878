//! What processes do, and whether they are answered what the model says.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use strongroom::api_keys::ImportedKey;
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{
    ApiKeyId, Error, MemoryStore, NewApiKey, Reissue, Request, SecretText, Timestamp, Update, Vault, VaultOptions,
    VerifyError,
};

use crate::baton::Dice;
use crate::life::{Deed, Told};
use crate::machine::{Doing, Machine, Role as Thread, play};
use crate::schedule::Role;
use crate::store::{SimAnchor, SimStore};
use crate::support::{Keys, act, version};

/// Master key versions of a schedule.
pub(crate) const MASTERS: u32 = 3;

/// A process: the thread that it runs on.
pub(crate) struct Process<'a> {
    pub(crate) machine: &'a Arc<Machine>,
    pub(crate) keys: &'a Keys,
    pub(crate) number: usize,
    pub(crate) role: Role,
    dice: Dice,
}

/// However its thread ends, the others go on.
struct Leaves<'a>(&'a Machine, usize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.baton.leave(self.1);
    }
}

impl<'a> Process<'a> {
    pub(crate) fn new(machine: &'a Arc<Machine>, keys: &'a Keys, number: usize) -> Self {
        let dice = Dice::of(machine.schedule.seed).apart(100 + number as u64);
        Self { machine, keys, number, role: machine.schedule.processes[number], dice }
    }

    /// Lives, dies and is started again, as often as there are acts for it.
    pub(crate) fn live(mut self) {
        self.machine.baton.enter(self.number);
        let _leaves = Leaves(self.machine, self.number);
        play(Thread::Process(self.number));
        let mut vault: Option<Vault> = None;
        for at in 0..self.machine.schedule.acts {
            if self.machine.is_dead(self.number) {
                vault = None;
            }
            if self.machine.restart(self.number) {
                vault = None;
            }
            if vault.is_none() {
                match open(self.machine, self.keys, Some(self.number)) {
                    Ok(opened) => vault = Some(opened),
                    Err(error) => {
                        let (dead, put_back) = (self.machine.is_dead(self.number), self.machine.truth(|t| t.put_back));
                        if !dead && !put_back {
                            self.machine.fail(format!("process {} could not open the vault: {error:#?}", self.number));
                        }
                        if put_back {
                            return;
                        }
                        continue;
                    }
                }
            }
            let Some(vault) = &vault else { continue };
            match self.role {
                Role::Backup => self.copy(),
                Role::Rotator => self.rotate(vault),
                Role::Verifier | Role::Writer => {
                    if let Some(deed) = self.choose(at) {
                        self.act(vault, deed);
                    }
                }
            }
        }
    }

    fn choose(&mut self, at: usize) -> Option<Deed> {
        let now = self.machine.clock(self.number);
        let ids: Vec<ApiKeyId> =
            self.machine.truth(|truth| truth.history.last().map(|keys| keys.keys().copied().collect()))?;
        let id = *ids.get(self.dice.below(ids.len().max(1)))?;
        let name = format!("{}/{at}", self.number);
        if self.role == Role::Verifier {
            return Some(if self.dice.once_in(6) { Deed::FlushUsage } else { Deed::Verify(id) });
        }
        Some(match self.dice.below(16) {
            0 | 1 => Deed::Issue {
                recoverable: self.dice.once_in(2),
                expires_at: self.dice.once_in(3).then(|| now + 5_000 + 1_000 * self.dice.below(60) as i64),
            },
            2 => Deed::Import {
                token: format!("legacy/{name}"),
                recoverable: self.dice.once_in(2),
                revoked: self.dice.once_in(4),
            },
            3 | 4 => Deed::Revoke(id),
            5 | 6 => Deed::RevokeAt { id, at: now + 1_000 * self.dice.below(30) as i64 },
            7 => Deed::Suspend(id),
            8 => Deed::Resume(id),
            9..=11 => Deed::Update { id, label: name },
            12 => Deed::Reissue { id, grace: 1_000 * self.dice.below(30) as i64 },
            13 => Deed::Recover(id),
            14 => Deed::FlushUsage,
            _ => Deed::Verify(id),
        })
    }

    fn begin(&self, deed: &Deed) {
        let now = self.machine.clock(self.number);
        let stands_at = if *deed == Deed::Rotate { 0 } else { now };
        self.machine.processes[self.number].stands_at.store(stands_at, Ordering::SeqCst);
        self.machine.truth(|truth| {
            let since = truth.history.len() - 1;
            let doing = Doing {
                deed: deed.clone(),
                now,
                since,
                committed: vec![],
                disturbed: self.machine.is_dead(self.number),
            };
            truth.doing[self.number] = Some(doing);
        });
    }

    fn end(&self) -> Doing {
        self.machine.processes[self.number].stands_at.store(0, Ordering::SeqCst);
        self.machine.wait(1);
        let doing = self.machine.truth(|truth| truth.doing[self.number].take());
        doing.expect("it has begun")
    }

    fn act(&mut self, vault: &Vault, deed: Deed) {
        self.begin(&deed);
        let done = self.attempt(vault, &deed);
        let doing = self.end();
        let dead = self.machine.is_dead(self.number);
        self.machine.count("acts");
        if let Err(what) = self.judge(&doing, done, dead) {
            self.machine.fail(format!("process {}, {doing:?}: {what}", self.number));
        }
    }

    /// Does it. What is answered, and the token of a new API key.
    fn attempt(&self, vault: &Vault, deed: &Deed) -> Result<(Told, Option<String>), Error> {
        let told = |done: bool| Ok((if done { Told::Done } else { Told::Idle }, None));
        let time = |at: i64| Timestamp::from_unix_millis(at).expect("in range");
        let act = act();
        match deed {
            Deed::FlushUsage => vault.flush_usage().map(|_| (Told::Idle, None)),
            Deed::Import { token, recoverable, revoked } => {
                let key = NewApiKey::new("imported").recoverable(*recoverable);
                let key = ImportedKey::new(SecretText::new(token.clone()), key).allow_weak(true).revoked(*revoked);
                vault.import(&[key], &act).map(|_| (Told::Done, None))
            }
            Deed::Issue { recoverable, expires_at } => {
                let key = NewApiKey::new("issued").recoverable(*recoverable).expires_at(expires_at.map(time));
                vault.issue(&key, &act).map(|issued| (Told::Done, Some(issued.token.expose().to_owned())))
            }
            Deed::Recover(id) => {
                let token = vault.recover(*id, &act)?;
                let known = self.machine.truth(|truth| truth.history.last()?.get(id)?.token.clone());
                if known.is_some_and(|known| known != token.expose()) {
                    self.machine.fail(format!("another token was recovered of {id}"));
                }
                Ok((Told::Done, None))
            }
            Deed::Reissue { id, grace } => {
                let grace = Duration::from_millis(u64::try_from(*grace).expect("not below zero"));
                let issued = vault.reissue(*id, &Reissue::new().grace(grace), &act)?;
                Ok((Told::Done, Some(issued.token.expose().to_owned())))
            }
            Deed::Resume(id) => vault.resume(*id, &act).and_then(told),
            Deed::Revoke(id) => vault.revoke(*id, &act).and_then(told),
            Deed::RevokeAt { id, at } => vault.revoke_at(*id, time(*at), &act).and_then(told),
            Deed::Suspend(id) => vault.suspend(*id, &act).and_then(told),
            Deed::Update { id, label } => {
                let update = Update::new().attribute("label", label.clone());
                vault.update(*id, &update, &act).map(|_| (Told::Done, None))
            }
            Deed::Verify(id) => {
                self.verify(vault, *id);
                Ok((Told::Idle, None))
            }
            Deed::Rotate => Ok((Told::Idle, None)),
        }
    }

    fn verify(&self, vault: &Vault, id: ApiKeyId) {
        let Some(token) = self.machine.truth(|truth| truth.history.last()?.get(&id)?.token.clone()) else { return };
        // Within a second every process has followed the log so far: here it is told to.
        if self.machine.schedule.puts_back() && vault.catch_up().is_err() {
            return;
        }
        let since = self.machine.truth(|truth| truth.doing[self.number].as_ref().map_or(0, |doing| doing.since));
        let now = self.machine.clock(self.number);
        let verdict = vault.verify(&token, &Request::new());
        let refusal = match &verdict {
            Ok(key) if key.id == id => Ok(None),
            Ok(_) => Err("another API key was let in".to_owned()),
            Err(VerifyError::Refused { refusal, .. }) => Ok(Some(*refusal)),
            Err(error) => Err(format!("{error:#?}")),
        };
        let (excused, expected) = self.machine.truth(|truth| {
            let disturbed = truth.doing[self.number].as_ref().is_none_or(|doing| doing.disturbed);
            let states = truth.history.get(since..).unwrap_or_default();
            let said: Vec<_> = states.iter().filter_map(|keys| keys.get(&id)).map(|key| key.refusal(now)).collect();
            (disturbed || (truth.put_back && verdict.is_err()), said)
        });
        if !excused && !refusal.as_ref().is_ok_and(|refusal| expected.contains(refusal)) {
            self.machine.fail(format!("{id} at {now}: {refusal:?} and not one of {expected:?}"));
        }
    }

    /// Holds what was answered to what really happened.
    fn judge(&self, doing: &Doing, done: Result<(Told, Option<String>), Error>, dead: bool) -> Result<(), String> {
        let put_back = self.machine.truth(|truth| truth.put_back);
        let committed = doing.committed.last().copied();
        let (told, token) = match done {
            Ok(done) => done,
            Err(_) if dead || doing.disturbed || put_back => return Ok(()),
            Err(error) => match error.detail() {
                Detail::Life { .. } | Detail::NotRecoverable { .. } => (Told::Refused, None),
                _ => return Err(format!("{error:#?}")),
            },
        };
        if doing.committed.len() > 1 {
            return Err(format!("it was committed {} times", doing.committed.len()));
        }
        let again = matches!(doing.deed, Deed::Revoke(_)) && told == Told::Idle;
        let committed = committed.filter(|_| !again);
        let is_read = matches!(doing.deed, Deed::FlushUsage | Deed::Recover(_) | Deed::Verify(_));
        if !is_read && (told == Told::Done) != committed.is_some() {
            return Err(format!("{told:?} was answered, and committed was {committed:?}"));
        }
        if let Some((at, made)) = committed {
            self.machine.truth(|truth| {
                truth.acknowledge(at);
                if let (Some(made), Some(token)) = (made, token) {
                    for keys in truth.history.iter_mut().skip(at) {
                        keys.entry(made).and_modify(|key| key.token = Some(token.clone()));
                    }
                }
            });
            return Ok(());
        }
        let Some(id) = doing.deed.of().filter(|_| !put_back && !matches!(doing.deed, Deed::Verify(_))) else {
            return Ok(());
        };
        self.machine.truth(|truth| {
            let states = truth.history.get(doing.since..).unwrap_or_default().iter().filter_map(|keys| keys.get(&id));
            let allowed: Vec<_> = states.map(|key| key.told(&doing.deed, doing.now)).collect();
            if allowed.contains(&told) {
                Ok(())
            } else {
                Err(format!("{told:?} was answered, and not one of {allowed:?}"))
            }
        })
    }

    /// An operator, who is sometimes wrong.
    fn rotate(&mut self, vault: &Vault) {
        self.begin(&Deed::Rotate);
        let to = 1 + u32::try_from(self.dice.below(MASTERS as usize)).expect("small");
        let batch = NonZeroUsize::new(1 + self.dice.below(3)).expect("not zero");
        let compromised = self.dice.once_in(8);
        let options = RotateOptions::new()
            .batch(batch)
            .workers(NonZeroUsize::MIN)
            .rewrap_only(self.dice.once_in(8))
            .compromised(compromised);
        let options = if self.dice.once_in(4) { options.resume_only(true) } else { options.to(version(to)) };
        let mut left = if self.dice.once_in(3) { self.dice.below(8) } else { usize::MAX };
        let report = vault.rotate(&options, &act(), |_| {
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let doing = self.end();
        let excused =
            doing.disturbed || self.machine.is_dead(self.number) || self.machine.truth(|truth| truth.put_back);
        match report {
            Ok(report) if report.outcome == RotationOutcome::Incomplete && !excused => {
                self.machine.fail(format!("a rotation left records behind: {report:#?}"));
            }
            Ok(report) => self.machine.count(match report.outcome {
                RotationOutcome::Finished => "rotations that ended",
                _ => "rotations that stopped",
            }),
            Err(error) => {
                let expected = matches!(
                    error.detail(),
                    Detail::NoRotation
                        | Detail::RotationHeld { .. }
                        | Detail::RotationOpen { .. }
                        | Detail::RotationOptions { .. }
                        | Detail::RotationTarget { .. }
                );
                // Of two that fence the old generation off at once, one is told to come again.
                let expected = expected || (compromised && matches!(error.detail(), Detail::Contended));
                if !expected && !excused {
                    self.machine.fail(format!("process {} could not rotate: {error:#?}", self.number));
                }
                self.machine.count("rotations that were refused");
            }
        }
    }

    /// At every moment a copy of the store opens, and says what the vault says.
    fn copy(&mut self) {
        self.machine.baton.pass(self.number);
        let (rows, now) = (self.machine.rows(), self.machine.clock(self.number));
        let (keys, put_back) =
            self.machine.truth(|truth| (truth.history.last().cloned().unwrap_or_default(), truth.put_back));
        if put_back {
            return;
        }
        let (store, mut batch) = (MemoryStore::new(), Batch::new());
        for &table in Table::ALL {
            for (key, value) in rows.scan(table, None, usize::MAX).expect("memory") {
                batch.put(table, key, value, Expected::Absent);
            }
        }
        store.commit(&batch).expect("it is empty");
        let clock = move || Timestamp::from_unix_millis(now).expect("in range");
        let opened = VaultOptions::new().follow(false).clock(clock).open(store, self.keys.only(1..=MASTERS));
        let copied = match opened {
            Ok(copied) => copied,
            Err(error) => return self.machine.fail(format!("a copy could not be opened: {error:#?}")),
        };
        for (id, key) in &keys {
            let Some(token) = &key.token else { continue };
            let verdict = copied.verify(token, &Request::new());
            let refusal = verdict.as_ref().err().and_then(VerifyError::refusal);
            if refusal != key.refusal(now) || (refusal.is_none() && verdict.is_err()) {
                self.machine.fail(format!("in a copy, {id} is {verdict:?} and not {:?}", key.refusal(now)));
            }
        }
        self.machine.count("copies opened");
    }
}

/// The vault, as a process opens it, or the operator who comes after all.
pub(crate) fn open(machine: &Arc<Machine>, keys: &Keys, process: Option<usize>) -> Result<Vault, Error> {
    options(machine, process).open(SimStore { machine: Arc::clone(machine) }, keys.only(1..=MASTERS))
}

pub(crate) fn options(machine: &Arc<Machine>, process: Option<usize>) -> VaultOptions {
    let of = Arc::clone(machine);
    let clock = move || {
        let millis = process.map_or_else(|| of.clock_after_all(), |process| of.clock(process));
        Timestamp::from_unix_millis(millis).expect("in range")
    };
    let options = VaultOptions::new().follow(false).quick(true).clock(clock);
    if machine.schedule.anchor { options.anchor(SimAnchor(Arc::clone(machine))) } else { options }
}
