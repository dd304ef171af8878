//! A secret does not go to a terminal unasked: somebody may look over the shoulder, and the scrollback remembers it.

use std::io::{self, IsTerminal};

use super::exit::Exit;
use super::failure::{Failure, Told};

/// Before anything is done, when standard output is a terminal.
pub(crate) fn refuse_terminal(what: &str) -> Result<(), Failure> {
    if !io::stdout().is_terminal() {
        return Ok(());
    }
    let message = format!("{what} would be shown on this terminal: nothing was done");
    let hint = "write it to a new file with --out FILE, send it through a pipe, or show it with --reveal";
    Err(Told::new(Exit::Unconfirmed, "reveal-needed", message).hint(hint).into())
}
