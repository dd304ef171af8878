//! The program `strongroom`: the library, from a terminal or a script.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
