//! How to rotate.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use super::report::Unreadable;
use super::state::{Phase, State};
use crate::arguments::Maybe;
use crate::error::{Detail, Error, TargetFault};
use crate::keyring::{KeyEncryptionKeys, Keyring};
use crate::master_key::Waivers;
use crate::versions::MasterKeyVersion;

/// How to rotate.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, set by a method of its own")]
pub struct RotateOptions {
    pub(crate) to: Option<MasterKeyVersion>,
    pub(crate) batch: NonZeroUsize,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) rewrap_only: bool,
    pub(crate) accept_record_set: bool,
    pub(crate) compromised: bool,
    pub(crate) resume_only: bool,
    pub(crate) abandon: BTreeSet<Vec<u8>>,
    pub(crate) waivers: Waivers,
    pub(crate) quick: bool,
}

impl Default for RotateOptions {
    fn default() -> Self {
        Self {
            to: None,
            batch: DEFAULT_BATCH,
            workers: None,
            rewrap_only: false,
            accept_record_set: false,
            compromised: false,
            resume_only: false,
            abandon: BTreeSet::new(),
            waivers: Waivers::none(),
            quick: false,
        }
    }
}

impl RotateOptions {
    /// To the newest master key that is configured, in batches of 1,000 records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rotates to this version.
    #[must_use]
    pub fn to(mut self, version: impl Maybe<MasterKeyVersion>) -> Self {
        self.to = version.maybe().or(self.to);
        self
    }

    /// Records in one batch. Other writers get their turn between batches.
    #[must_use]
    pub fn batch(mut self, records: impl Maybe<NonZeroUsize>) -> Self {
        self.batch = records.maybe().unwrap_or(self.batch).min(MAX_BATCH);
        self
    }

    /// Threads that open and seal, beside the one that writes; as many as the machine has cores, unless set, since the
    /// one that writes mostly waits for the medium.
    #[must_use]
    pub fn workers(mut self, threads: impl Maybe<NonZeroUsize>) -> Self {
        self.workers = threads.maybe().or(self.workers);
        self
    }

    /// Whether the data keys are wrapped under the new master key and the records left as they are.
    #[must_use]
    pub fn rewrap_only(mut self, only: bool) -> Self {
        self.rewrap_only = only;
        self
    }

    /// Whether it finishes although the records are not those that were written, and takes those that are there for the
    /// right ones. Those that are missing are given up, and rows of the index of imported tokens that lead to none are deleted. The
    /// audit log says so.
    #[must_use]
    pub fn accept_record_set(mut self, accept: bool) -> Self {
        self.accept_record_set = accept;
        self
    }

    /// Whether the master key has leaked: marks every API key issued before the cutover as exposed, so that a
    /// [`Query`](crate::Query) finds those to reissue. They stay valid until they are revoked.
    #[must_use]
    pub fn compromised(mut self, compromised: bool) -> Self {
        self.compromised = compromised;
        self
    }

    /// Whether it only continues the rotation that is open, which is an error when none is.
    #[must_use]
    pub fn resume_only(mut self, only: bool) -> Self {
        self.resume_only = only;
        self
    }

    /// Deletes these records, of an earlier [`RotationReport`](super::RotationReport), if they still do not open, and
    /// finishes without them. Each has its audit entry. What they held is lost.
    #[must_use]
    pub fn abandon<'a>(mut self, records: impl IntoIterator<Item = &'a Unreadable>) -> Self {
        self.abandon.extend(records.into_iter().map(|record| record.key.clone()));
        self
    }

    /// What the strength checks may say of the new master key nevertheless. They run before the rotation begins, of a vault that was
    /// opened [to rotate](crate::VaultOptions::to_rotate).
    #[must_use]
    pub fn waivers(mut self, waivers: Waivers) -> Self {
        self.waivers = waivers;
        self
    }

    /// Whether these strength checks of the new master key are left out, for somebody who has run them. Of a key that is
    /// [known to be random](crate::MasterKey::known_random) they are left out anyway. That a key is nearly another one is refused all the same.
    #[must_use]
    pub fn quick(mut self, quick: bool) -> Self {
        self.quick = quick;
        self
    }

    /// A rewrap moves no record: what is asked of the records would be forgotten in silence.
    pub(super) fn check(&self) -> Result<(), Error> {
        let asked = [
            (self.resume_only, "resume_only"),
            (self.compromised, "compromised"),
            (self.accept_record_set, "accept_record_set"),
        ];
        let other = asked.into_iter().find(|(asked, _)| *asked && self.rewrap_only);
        other.map_or(Ok(()), |(_, other)| Err(Detail::RotationOptions { other }.into()))
    }

    /// The master key version to rotate to.
    pub(super) fn target(&self, keyring: &Keyring, keks: &KeyEncryptionKeys) -> Result<MasterKeyVersion, Error> {
        let active = keyring.active_master();
        let newest = keks.versions().next_back().map_or(active, |(version, _)| version);
        let to = self.to.unwrap_or(newest);
        let refuse = |fault| Err(Detail::RotationTarget { to, fault }.into());
        if keks.fingerprint(to).is_none() {
            return refuse(TargetFault::NotConfigured);
        }
        match to.cmp(&active) {
            Ordering::Equal if self.to.is_none() => refuse(TargetFault::NoNewer),
            Ordering::Equal => refuse(TargetFault::Active),
            Ordering::Less => refuse(TargetFault::Older),
            // Where it is the only one left there is no other way.
            Ordering::Greater if to.next().is_none() && active.next() != Some(to) => refuse(TargetFault::Last),
            Ordering::Greater => Ok(to),
        }
    }

    /// Whether they want something else than to continue the rotation that is open. What was moved unmarked stays so:
    /// it takes another rotation to mark it.
    pub(super) fn ask_for_another(&self, open: &State, keyring: &Keyring) -> bool {
        self.rewrap_only
            || self.to.is_some_and(|to| to != open.to_master_key)
            || self.compromised && !open.marks_exposed(keyring)
    }

    /// Whether they want another rotation in the place of one that has moved everything and only looks for old bytes: the next looks
    /// for the same, and a master key that has leaked waits for nobody.
    pub(super) fn replace(&self, open: &State, keyring: &Keyring) -> bool {
        open.phase == Phase::Scrub && !self.rewrap_only && !self.resume_only && self.ask_for_another(open, keyring)
    }

    pub(super) fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.workers.unwrap_or_else(cores).get()
    }
}

const DEFAULT_BATCH: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// Keeps the memory of a rotation bounded, and the nonces under one prefix few.
const MAX_BATCH: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
