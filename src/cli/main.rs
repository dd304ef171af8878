//! The program `strongroom`: reads the arguments, runs one verb, and turns what came of it into an exit code.

mod age;
mod args;
mod audit;
mod backup;
mod checkpoints;
mod completions;
mod context;
mod demo;
mod digest;
mod doctor;
mod due;
mod escrow;
mod exit;
mod failure;
mod import;
mod input;
mod interrupt;
mod keys;
mod life;
mod master_key;
mod policy;
mod process;
mod progress;
mod recover;
mod redact;
mod rehearse;
mod reserved;
mod restore;
mod reveal;
mod rotate;
mod scan;
mod stats;
mod status;
mod terminal;
mod text;
mod usage;
mod uses;
mod verifier;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, AuditVerb, MasterKeyVerb, PolicyVerb, Verb};
use context::Context;
use exit::Exit;
use failure::Failure;
use terminal::Terminal;

fn main() -> ExitCode {
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
        Verb::Audit { verb: AuditVerb::Checkpoint } => audit::checkpoint(context),
        Verb::Audit { verb: AuditVerb::Export(args) } => audit::export(context, &args),
        Verb::Audit { verb: AuditVerb::Follow(args) } => audit::follow(context, &args),
        Verb::Audit { verb: AuditVerb::Verify(args) } => audit::verify(context, &args),
        Verb::Backup(args) => backup::backup(context, &args),
        Verb::Completions { shell } => completions::completions(context, shell),
        Verb::Demo(args) => demo::demo(context, &args),
        Verb::Doctor(args) => doctor::doctor(context, &args),
        Verb::Due(args) => due::due(context, &args),
        Verb::Import(args) => import::import(context, &args),
        Verb::Init(args) => status::init(context, &args),
        Verb::Issue(args) => keys::issue(context, args),
        Verb::List(args) => keys::list(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Check(args) } => master_key::check(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Combine(args) } => escrow::combine(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Generate(args) } => master_key::generate(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Split(args) } => escrow::split(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Verifier(args) } => verifier::verifier(context, &args),
        Verb::Policy { verb: PolicyVerb::Set(args) } => policy::set(context, &args),
        Verb::Policy { verb: PolicyVerb::Show } => policy::show(context),
        Verb::Recover(args) => recover::recover(context, &args),
        Verb::Rehearse(args) => rehearse::rehearse(context, &args),
        Verb::RehearsalStep(args) => rehearse::step(context, &args),
        Verb::Reissue(args) => life::reissue(context, &args),
        Verb::Resume(args) => life::resume(context, &args),
        Verb::Restore(args) => restore::restore(context, &args),
        Verb::Revoke(args) => life::revoke(context, &args),
        Verb::RotateMasterKey(args) => rotate::rotate(context, &args),
        Verb::Scan(args) => scan::scan(context, &args),
        Verb::Show { id } => keys::show(context, id),
        Verb::Stats(args) => stats::stats(context, &args),
        Verb::Status => status::status(context),
        Verb::Suspend(args) => life::suspend(context, &args),
        Verb::Update(args) => life::update(context, &args),
        Verb::Verify(args) => keys::verify(context, &args),
    }
}
