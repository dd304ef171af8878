//! The verbs: each is one function that opens, calls the library, and prints. None knows another.

mod anchor;
mod audit;
mod backup;
mod completions;
mod demo;
mod doctor;
mod due;
mod identify;
mod import;
mod init;
mod issue;
mod list;
mod man;
mod master_key;
mod policy;
mod recover;
mod rehearse;
mod reissue;
mod restore;
mod revoke;
mod rotate;
mod scan;
mod show;
mod stats;
mod status;
mod suspend;
mod update;
mod verify;

use crate::args::{
    AnchorVerb, AuditVerb, BackupVerb, ListFormatArg, MasterKeyVerb, PolicyVerb, ReissueArgs, RevokeArgs, SuspendArgs,
    UpdateArgs, Verb,
};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Whether what a command prints says only that it has done what it should, which its exit code says as well. The others print what
/// somebody asked to see, or secrets.
pub(crate) fn results_are_remarks(verb: &Verb) -> bool {
    match verb {
        Verb::Anchor { verb } => !matches!(verb, AnchorVerb::Show),
        Verb::Audit { verb } => matches!(verb, AuditVerb::Verify(_) | AuditVerb::CheckProof(_)),
        Verb::Backup(args) => !matches!(args.verb, Some(BackupVerb::Inspect { .. } | BackupVerb::List)),
        Verb::MasterKey { verb } => matches!(verb, MasterKeyVerb::Check(_)),
        Verb::Policy { verb } => matches!(verb, PolicyVerb::Set(_)),
        Verb::RotateMasterKey(args) => !args.status && !args.dry_run,
        Verb::Reissue(ReissueArgs { selection, .. })
        | Verb::Resume(SuspendArgs { selection, .. })
        | Verb::Revoke(RevokeArgs { selection, .. })
        | Verb::Suspend(SuspendArgs { selection, .. })
        | Verb::Update(UpdateArgs { selection, .. }) => !selection.dry_run,
        Verb::Doctor(_)
        | Verb::Import(_)
        | Verb::Init(_)
        | Verb::Rehearse(_)
        | Verb::Restore(_)
        | Verb::Scan(_)
        | Verb::Verify(_) => true,
        _ => false,
    }
}

/// Whether it is asked for JSON in another way than by `--json`.
pub(crate) fn wants_json(verb: &Verb) -> bool {
    matches!(verb, Verb::List(args) if args.format == ListFormatArg::Json)
}

pub(crate) fn run(context: &mut Context<'_>, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Anchor { verb: AnchorVerb::Accept(args) } => anchor::accept(context, &args),
        Verb::Anchor { verb: AnchorVerb::Init(args) } => anchor::init(context, &args),
        Verb::Anchor { verb: AnchorVerb::Show } => anchor::show(context),
        Verb::Audit { verb: AuditVerb::List(args) } => audit::list(context, &args),
        Verb::Audit { verb: AuditVerb::CheckProof(args) } => audit::check_proof(context, &args),
        Verb::Audit { verb: AuditVerb::Checkpoint } => audit::checkpoint(context),
        Verb::Audit { verb: AuditVerb::Export(args) } => audit::export(context, &args),
        Verb::Audit { verb: AuditVerb::Follow(args) } => audit::follow(context, &args),
        Verb::Audit { verb: AuditVerb::Prove(args) } => audit::prove(context, &args),
        Verb::Audit { verb: AuditVerb::PublicKey(args) } => audit::public_key(context, &args),
        Verb::Audit { verb: AuditVerb::Verify(args) } => audit::verify(context, &args),
        Verb::Backup(args) => backup::backup(context, &args),
        Verb::Completions { shell } => completions::completions(context, shell),
        Verb::Demo(args) => demo::demo(context, &args),
        Verb::Doctor(args) => doctor::doctor(context, &args),
        Verb::Due(args) => due::due(context, &args),
        Verb::Identify => identify::identify(context),
        Verb::Import(args) => import::import(context, &args),
        Verb::Init(args) => init::init(context, &args),
        Verb::Issue(args) => issue::issue(context, args),
        Verb::List(args) => list::list(context, &args),
        Verb::Man(args) => man::man(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Check(args) } => master_key::check(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Combine(args) } => master_key::combine(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Generate(args) } => master_key::generate(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Split(args) } => master_key::split(context, &args),
        Verb::MasterKey { verb: MasterKeyVerb::Verifier(args) } => master_key::verifier(context, &args),
        Verb::Policy { verb: PolicyVerb::Set(args) } => policy::set(context, &args),
        Verb::Policy { verb: PolicyVerb::Show } => policy::show(context),
        Verb::Recover(args) => recover::recover(context, &args),
        Verb::Rehearse(args) => rehearse::rehearse(context, &args),
        Verb::RehearsalStep(args) => rehearse::step(context, &args),
        Verb::Reissue(args) => reissue::reissue(context, &args),
        Verb::Resume(args) => suspend::resume(context, &args),
        Verb::Restore(args) => restore::restore(context, &args),
        Verb::Revoke(args) => revoke::revoke(context, &args),
        Verb::RotateMasterKey(args) => rotate::rotate(context, &args),
        Verb::Scan(args) => scan::scan(context, &args),
        Verb::Show { id } => show::show(context, &id),
        Verb::Stats(args) => stats::stats(context, &args),
        Verb::Status => status::status(context),
        Verb::Suspend(args) => suspend::suspend(context, &args),
        Verb::Update(args) => update::update(context, &args),
        Verb::Verify(args) => verify::verify(context, &args),
    }
}
