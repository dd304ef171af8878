//! Signed notes (C2SP signed-note), and what is written in them and around them: checkpoints, the keys of who signs, and proofs.

mod checkpoint;
mod key;
mod proof;
mod signed;

pub(crate) use checkpoint::{Checkpoint, decimal};
pub(crate) use key::NoteKey;
pub(crate) use proof::{Claim, Proof};
pub(crate) use signed::Note;
#[cfg(test)]
pub(crate) use signed::key_id;

#[cfg(test)]
mod tests;
