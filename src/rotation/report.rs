//! What a rotation says of itself, on the way and at the end.

use serde::Serialize;

use super::certificate::RotationCertificate;
use super::remnants::Searched;
use super::state::{Phase, State};
use crate::keyring::Keyring;
use crate::record::RecordError;
use crate::store::{Row, Scrub};
use crate::token::ApiKeyId;
use crate::versions::{Generation, MasterKeyVersion};

/// How far a rotation has come, after each committed batch. What was done is never more than there is: as others issue API keys
/// meanwhile, the total grows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Records this phase has been through, in this call: each phase begins with 0 again, and a sweep that goes on where another call
    /// stopped does not come to the total.
    pub done: u64,
    /// Records in the vault when the call began, or as many as were met since; 0 in [`Phase::Preflight`], before they are counted.
    pub total: u64,
}

/// How a call to rotate ended. It may have ended before the rotation did: see [`outcome`](Self::outcome).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RotationReport {
    /// How it ended: whatever is not [`RotationOutcome::Finished`] waits for the next call.
    pub outcome: RotationOutcome,
    /// The master key version before.
    pub from_master_key: MasterKeyVersion,
    /// The master key version after.
    pub to_master_key: MasterKeyVersion,
    /// The generation that retires; the same as `to_generation` when only wraps changed.
    pub from_generation: Generation,
    /// The generation of every record at the end.
    pub to_generation: Generation,
    /// Whether the call continued a rotation begun before.
    pub resumed: bool,
    /// Records that rotation sealed anew, in this and earlier calls.
    pub moved: u64,
    /// Records opened under the new generation at the end.
    pub verified: u64,
    /// Records that do not open. They stay as they are, and keep the old generation alive.
    pub unreadable: Vec<Unreadable>,
    /// Records that did not open and were deleted, as [`RotateOptions::abandon`](super::RotateOptions::abandon) asked.
    pub abandoned: u64,
    /// Rows of the table `usage` that did not open and were deleted: what they had counted is lost.
    pub usage_dropped: u64,
    /// Whether every API key issued before the cutover is marked as exposed.
    pub compromised: bool,
    /// Imported tokens that only a retired lookup key finds, because they cannot be recovered.
    pub stale_lookups: u64,
    /// Rows of the index of imported tokens that led to no record and were deleted, as
    /// [`RotateOptions::accept_record_set`](super::RotateOptions::accept_record_set) asked.
    pub lookups_dropped: u64,
    /// How far overwritten bytes were made unreadable.
    pub scrub: Option<Scrub>,
    /// What was searched for bytes of before, and what is left. `None` where the engine has no files to search, or they could not be
    /// read.
    pub searched: Option<Searched>,
    /// Why old bytes may be left that the next call can make unreadable; `None` where none are.
    pub old_bytes: Option<String>,
    /// What can be shown of a rotation that finished; none for one that left the records as they are. It is a document of its own
    /// ([`RotationCertificate::to_json`]), and no part of the report where that is written as JSON.
    #[serde(skip)]
    pub certificate: Option<RotationCertificate>,
}

impl RotationReport {
    /// Of a call that has not moved anything, from and to these master keys and generations.
    pub(super) fn of(
        outcome: RotationOutcome,
        [from_master_key, to_master_key]: [MasterKeyVersion; 2],
        [from_generation, to_generation]: [Generation; 2],
    ) -> Self {
        Self {
            outcome,
            from_master_key,
            to_master_key,
            from_generation,
            to_generation,
            resumed: false,
            moved: 0,
            verified: 0,
            unreadable: vec![],
            abandoned: 0,
            usage_dropped: 0,
            compromised: false,
            stale_lookups: 0,
            lookups_dropped: 0,
            scrub: None,
            searched: None,
            old_bytes: None,
            certificate: None,
        }
    }

    /// Of a rotation that stops where it stands.
    pub(super) fn so_far(state: &State, keyring: &Keyring, resumed: bool) -> Self {
        let generations = [state.from_generation, state.to_generation];
        Self {
            resumed,
            moved: state.moved,
            usage_dropped: state.usage_dropped,
            compromised: state.marks_exposed(keyring),
            stale_lookups: keyring.stale_lookup_rows(),
            ..Self::of(RotationOutcome::Stopped, [state.from_master_key, state.to_master_key], generations)
        }
    }
}

/// How a rotation stands at the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum RotationOutcome {
    /// Every record is under the new generation, and the old one is gone.
    Finished,
    /// Records that do not open keep the old generation alive. The next call tries them again.
    Incomplete,
    /// Stopped when asked, before the cutover: nothing has changed.
    NotBegun,
    /// Every record is under the new generation, and the old one is gone; but bytes of before are left in the files of the store, or may
    /// be, as [`RotationReport::old_bytes`] says. The next call goes on with them alone.
    OldBytes,
    /// Stopped when asked; the next call continues.
    Stopped,
}

impl RotationOutcome {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Incomplete => "incomplete",
            Self::NotBegun => "not-begun",
            Self::OldBytes => "old-bytes",
            Self::Stopped => "stopped",
        }
    }
}

/// A record that rotation could not move, or verification could not open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unreadable {
    /// Where the record stands; `None` for a row whose key is no id.
    pub id: Option<ApiKeyId>,
    #[serde(skip)]
    pub(crate) key: Vec<u8>,
    /// Why.
    #[serde(flatten)]
    pub cause: RecordError,
}

impl Unreadable {
    /// It is readable, and the sweep passed it by.
    pub(super) fn is_left_behind(&self, state: &State) -> bool {
        self.cause == RecordError::MissingGeneration { generation: state.from_generation }
    }
}

/// How many API keys are among the rows: what progress counts. The sentinel is none.
pub(super) fn api_keys_among(rows: &[Row]) -> u64 {
    rows.iter().filter(|(key, _)| *key != ApiKeyId::SENTINEL.to_bytes()).count() as u64
}
