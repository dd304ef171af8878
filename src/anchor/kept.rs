//! A text that is kept.

use std::io;
use std::sync::Arc;

use super::fault::AnchorFault;

/// A place outside of the store that holds a text, and keeps it. [`FileAnchor`](super::FileAnchor) is one.
///
/// A vault that is opened with one ([`VaultOptions::anchor`](crate::VaultOptions::anchor)) refuses a store that went back, took another way,
/// or is of another line than the one that was seen last. What the text says is the vault's affair ([`AnchorStatement`](super::AnchorStatement)).
pub trait Anchor: Send + Sync {
    /// The text; `None` where nothing is kept. An error that it answers with is told, with what it says.
    fn read(&self) -> Result<Option<String>, AnchorFault>;

    /// Makes sure that a text of a few kilobytes can be written now. Called before a commit: an act whose anchor cannot follow is not
    /// done.
    fn prepare(&self) -> io::Result<()>;

    /// Has `next` judge the text that is there, and puts what it returns in its place, durably and whole or not at all. `None` leaves it.
    /// Whatever else calls this meanwhile, in this process or another, waits.
    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> io::Result<()>;

    /// Whether a process that has no master key writes it. By default it does not: an anchor that several share is written by those
    /// whose commits it follows.
    fn is_of_a_verifier(&self) -> bool {
        false
    }

    /// Where it is, to be shown.
    fn place(&self) -> String;
}

impl<T: Anchor + ?Sized> Anchor for Arc<T> {
    fn read(&self) -> Result<Option<String>, AnchorFault> {
        (**self).read()
    }

    fn prepare(&self) -> io::Result<()> {
        (**self).prepare()
    }

    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> io::Result<()> {
        (**self).update(next)
    }

    fn is_of_a_verifier(&self) -> bool {
        (**self).is_of_a_verifier()
    }

    fn place(&self) -> String {
        (**self).place()
    }
}
