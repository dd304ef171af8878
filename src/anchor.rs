//! What a machine saw of a vault last, kept where somebody who can write only the store cannot write.

mod fault;
mod kept;
mod statement;
mod file;

pub use fault::AnchorFault;
pub use file::FileAnchor;
pub use kept::Anchor;
pub(crate) use statement::Seen;
pub use statement::{AnchorAct, AnchorActKind, AnchorStatement};
