//! The program `strongroom`: reads the arguments, runs one verb, and turns what came of it into an exit code.

// A file uses those that are listed before its own: the ground floor, lowest first, and above it the verbs.
mod exit;
mod text;
mod redact;
mod args;
mod told;
mod place;
mod failure;
mod terminal;
mod mistakes;
mod plain_file;
mod process;
mod interrupt;
mod progress;
mod input;
mod times;
mod new_file;
mod scratch;
mod digest;
mod age;
mod shares;
mod context;
mod shown;
mod strength;
mod named;
mod selection;
mod bulk;
mod checkpoints;
mod against;
mod backup_file;
mod manifest;

mod verbs;

use std::process::ExitCode;

use args::Args;
use context::Context;
use exit::Exit;
use terminal::Terminal;

fn main() -> ExitCode {
    process::harden();
    interrupt::heed();
    match Args::read() {
        Ok(args) => run(args).into(),
        Err(error) => mistakes::explain(&error, &mut Terminal::new(mistakes::wants_json())).into(),
    }
}

fn run(args: Args) -> Exit {
    let Args { global, verb } = args;
    if let Some(level) = global.log.or(args::LogLevel::of_verbosity(global.verbose)) {
        process::log(level);
    }
    process::settle_core_dumps(global.allow_core_dumps);
    let mut terminal = Terminal::new(global.json || verbs::wants_json(&verb));
    if global.utc {
        terminal.keep_utc();
    }
    if global.quiet {
        terminal.hush(verbs::results_are_remarks(&verb));
    }
    let done = Context::new(&global, &mut terminal).and_then(|mut context| {
        let ended = verbs::run(&mut context, verb).and_then(|exit| context.ends_with().map(|()| exit));
        context.warn_of_anchor();
        let exit = ended.map_err(|failure| failure.explain(&context.place))?;
        if exit == Exit::Success {
            context.terminal.forget_held();
        }
        context.terminal.finish().map_err(|failure| failure.explain(&context.place))?;
        Ok(exit)
    });
    done.unwrap_or_else(|told| {
        // What was written before the failure is still worth reading. If it cannot be, the first failure counts.
        let _ = terminal.finish();
        terminal.failure(&told);
        told.exit
    })
}
