//! `completions`: the script that lets a shell complete this program's arguments.

use clap_complete::Shell;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) fn completions(context: &mut Context<'_>, shell: Shell) -> Result<Exit, Failure> {
    context.terminal.must_take_data()?;
    let mut script = vec![];
    clap_complete::generate(shell, &mut args::shown(), "strongroom", &mut script);
    let script = String::from_utf8_lossy(&script);
    if context.terminal.json() {
        context.terminal.document("completions", &json!({ "shell": shell.to_string(), "script": script }))?;
    } else {
        context.terminal.raw(&script)?;
    }
    Ok(Exit::Success)
}
