//! Where lists of keys come from: a variable, a file, a command, a credential. Each is read once, into a buffer that is
//! wiped.

mod command;
mod error;
mod file;
mod origin;
mod redaction;
mod text;
mod variable;
mod way;
mod words;

pub use command::KeyCommand;
pub use command::fault::CommandFault;
pub use error::SourceError;
pub use file::{KeyFile, SystemdCredential};
pub use origin::{Origin, Origins};
pub use text::SourceConcern;
pub(crate) use text::{SourceText, TextSource};
pub use variable::KeyVariable;
pub(crate) use way::{Fault as WayFault, beside, judge_way};
#[cfg(feature = "sqlite")]
pub(crate) use way::{FolderFound, judge_way_to_folder};
pub use words::CommandLineError;
