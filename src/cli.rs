//! The command line: reads the arguments, runs one verb, and turns what came of it into an exit code.

mod args;
mod audit;
mod completions;
mod context;
mod demo;
mod doctor;
mod exit;
mod failure;
mod import;
mod input;
mod interrupt;
mod keys;
mod master_key;
mod process;
mod progress;
mod reading;
mod recover;
mod redact;
mod rehearse;
mod rotate;
mod scan;
mod status;
mod terminal;
mod text;
mod usage;
mod verifier;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, AuditVerb, MasterKeyVerb, Verb};
use context::Context;
use exit::Exit;
use failure::Failure;
use terminal::Terminal;

/// Everything the program does.
pub(crate) fn main() -> ExitCode {
    process::harden();
    match Args::try_parse() {
        Ok(args) => run(args).into(),
        Err(error) => usage::explain(&error, &mut Terminal::new(usage::wants_json())).into(),
    }
}

fn run(args: Args) -> Exit {
    let Args { global, verb } = args;
    if let Some(level) = global.log {
        process::log(level);
    }
    process::settle_core_dumps(global.allow_core_dumps);
    let mut terminal = Terminal::new(global.json);
    let done = Context::new(&global, &mut terminal).and_then(|mut context| {
        let exit = dispatch(&mut context, verb).map_err(|failure| failure.explain(&context.place))?;
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

fn dispatch(context: &mut Context<'_>, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Audit { verb: AuditVerb::List(args) } => audit::list(context, &args),
        Verb::Audit { verb: AuditVerb::Verify } => audit::verify(context),
        Verb::Completions { shell } => completions::completions(context, shell),
        Verb::Demo(args) => demo::demo(context, &args),
        Verb::Doctor(args) => doctor::doctor(context, &args),
        Verb::Import(args) => import::import(context, &args),
        Verb::Init(args) => status::init(context, &args),
        Verb::Issue(args) => keys::issue(context, args),
        Verb::List(args) => keys::list(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Check(args) } => master_key::check(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Generate(args) } => master_key::generate(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Verifier(args) } => verifier::verifier(context, &args),
        Verb::Recover(args) => recover::recover(context, &args),
        Verb::Rehearse(args) => rehearse::rehearse(context, &args),
        Verb::RehearsalStep(args) => rehearse::step(context, &args),
        Verb::Revoke(args) => keys::revoke(context, &args),
        Verb::RotateMasterKey(args) => rotate::rotate(context, &args),
        Verb::Scan(args) => scan::scan(context, &args),
        Verb::Show { id } => keys::show(context, id),
        Verb::Status => status::status(context),
        Verb::Verify(args) => keys::verify(context, &args),
    }
}
