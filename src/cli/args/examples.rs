//! What a command is used for: examples at the end of its help, each of which is a whole command.

use clap::{Arg, Command};

/// The same command, with examples for each of its verbs, and the options of every command named in one line there.
pub(super) fn dressed(command: Command) -> Command {
    let everywhere = everywhere(&command);
    let verbs: Vec<_> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.iter().fold(command, |command, verb| command.mut_subcommand(verb, |inner| of(inner, verb, &everywhere)))
}

fn of(command: Command, path: &str, everywhere: &str) -> Command {
    let verbs: Vec<_> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let command = verbs.iter().fold(command, |command, verb| {
        command.mut_subcommand(verb, |inner| of(inner, &format!("{path} {verb}"), everywhere))
    });
    let lines: Vec<_> =
        EXAMPLES.iter().filter(|(verb, _)| *verb == path).map(|(_, line)| format!("  {line}\n")).collect();
    let long = if lines.is_empty() { String::new() } else { format!("Examples:\n{}\n", lines.concat()) };
    command.after_help(everywhere.to_owned()).after_long_help(format!("{long}{everywhere}"))
}

/// The options of every command, by the shortest name of each.
fn everywhere(command: &Command) -> String {
    let shortest =
        |arg: &Arg| arg.get_short().map(|c| format!("-{c}")).or(arg.get_long().map(|name| format!("--{name}")));
    let names: Vec<_> = command.get_arguments().filter(|arg| arg.is_global_set()).filter_map(shortest).collect();
    format!("Options of every command: {}: see `strongroom --help`", names.join(", "))
}

/// Two for each verb that does something by itself.
const EXAMPLES: &[(&str, &str)] = &[
    ("anchor accept", "strongroom anchor accept --reason 'restored on Monday'"),
    ("anchor accept", "strongroom anchor accept --audit-log export.jsonl --reason 'the database lost an hour'"),
    ("anchor init", "strongroom anchor init --reason 'new host'"),
    ("anchor init", "strongroom anchor init --reason 'new host' --json"),
    ("anchor show", "strongroom anchor show"),
    ("anchor show", "strongroom anchor show --json"),
    ("audit check-proof", "strongroom audit check-proof proof.txt --from old.txt"),
    ("audit check-proof", "strongroom audit check-proof - --json"),
    ("audit checkpoint", "strongroom audit checkpoint"),
    ("audit checkpoint", "strongroom audit checkpoint --json"),
    ("audit export", "strongroom audit export -o audit.jsonl"),
    ("audit export", "strongroom audit export"),
    ("audit follow", "strongroom audit follow"),
    ("audit follow", "strongroom audit follow --json"),
    ("audit list", "strongroom audit list --last 20"),
    ("audit list", "strongroom audit list --key name:billing --since 7d --action recover"),
    ("audit prove", "strongroom audit prove --from old.txt -o proof.txt"),
    ("audit prove", "strongroom audit prove --entry 42"),
    ("audit public-key", "strongroom audit public-key"),
    ("audit public-key", "strongroom audit public-key --json"),
    ("audit verify", "strongroom audit verify"),
    ("audit verify", "strongroom audit verify -q --checkpoint old.txt"),
    ("backup", "strongroom backup /mnt/safe/monday.backup --reason nightly"),
    ("backup", "strongroom backup -q /mnt/safe/monday.backup"),
    ("backup forget", "strongroom backup forget --needing-other-keys --reason 'deleted'"),
    ("backup forget", "strongroom backup forget --all --reason 'the medium is gone'"),
    ("backup inspect", "strongroom backup inspect /mnt/safe/monday.backup"),
    ("backup inspect", "strongroom backup inspect /mnt/safe/monday.backup --json"),
    ("backup list", "strongroom backup list"),
    ("backup list", "strongroom backup list --json"),
    ("backup verify", "strongroom backup verify /mnt/safe/monday.backup"),
    ("backup verify", "strongroom backup verify -q /mnt/safe/monday.backup --checkpoint old.txt"),
    ("completions", "strongroom completions bash > ~/.local/share/bash-completion/completions/strongroom"),
    ("completions", "strongroom completions zsh > ~/.zfunc/_strongroom"),
    ("demo", "strongroom demo"),
    ("demo", "strongroom demo --keys 10000 --json"),
    ("doctor", "strongroom doctor"),
    ("doctor", "strongroom doctor -q --subset 3/7"),
    ("due", "strongroom due"),
    ("due", "strongroom due -q --unused 90d --owner acme"),
    ("identify", "strongroom identify < token"),
    ("identify", "strongroom identify --json < token"),
    ("import", "strongroom import keys.jsonl --reason 'moved from the old service'"),
    ("import", "strongroom import - --exempt-from-policy"),
    ("init", "strongroom init"),
    ("init", "strongroom init --store sqlite:/var/lib/strongroom/vault.db"),
    ("issue", "strongroom issue --name 'billing worker' --owner acme --scope invoices:read --expires-in 1y"),
    ("issue", "strongroom issue --name 'nightly job' --network 10.1.0.0/16 -o job.token"),
    ("list", "strongroom list --name billing --expiring 30d"),
    ("list", "strongroom list --owner acme --format csv --columns id,name,last-used"),
    ("man", "strongroom man | man -l -"),
    ("man", "strongroom man --out-dir ~/.local/share/man/man1"),
    ("master-key check", "strongroom master-key check"),
    ("master-key check", "strongroom master-key check - --thorough"),
    ("master-key combine", "strongroom master-key combine --shares a.txt b.txt c.txt -o master.key"),
    ("master-key combine", "strongroom master-key combine --shares a.txt b.txt c.txt --identity me.txt -o master.key"),
    ("master-key generate", "strongroom master-key generate --version 2 -o new.key"),
    ("master-key generate", "strongroom master-key generate"),
    ("master-key split", "strongroom master-key split --shares 5 --threshold 3 --out-dir shares"),
    ("master-key split", "strongroom master-key split --shares 3 --threshold 2 --words"),
    (
        "master-key verifier",
        "strongroom master-key verifier --version 1 --reason 'the gateway verifies' -o verifier.key",
    ),
    ("master-key verifier", "strongroom master-key verifier --version 2 --reason 'the next rotation'"),
    ("policy set", "strongroom policy set --max-key-age 365d --require-owner --reason 'first policy'"),
    ("policy set", "strongroom policy set -n --reason-pattern '^OPS-[0-9]+' --reason 'tickets'"),
    ("policy show", "strongroom policy show"),
    ("policy show", "strongroom policy show --json"),
    ("recover", "strongroom recover 01m8q6x9a0 --reason 'ticket 4711' -o token"),
    ("recover", "strongroom recover name:billing --reissue --grace 1d --reason 'ticket 4711' --reveal"),
    ("rehearse", "strongroom rehearse"),
    ("rehearse", "strongroom rehearse --from sqlite:vault.db"),
    ("reissue", "strongroom reissue name:billing --grace 14d"),
    ("reissue", "strongroom reissue --due --grace 14d --out-dir tokens --yes"),
    ("restore", "strongroom restore monday.backup --to sqlite:restored.db --reason drill"),
    ("restore", "strongroom restore monday.backup --checkpoint late.txt"),
    ("resume", "strongroom resume 01m8q6x9a0 --reason 'ticket 4712'"),
    ("resume", "strongroom resume --owner acme --reason 'they paid' --yes"),
    ("revoke", "strongroom revoke 01m8q6x9a0 --reason 'leaked'"),
    ("revoke", "strongroom revoke --owner acme --in 2w --reason 'contract ended' -n"),
    ("rotate-master-key", "strongroom rotate-master-key -n"),
    (
        "rotate-master-key",
        "strongroom rotate-master-key --expect 0123456789abcdef --certificate rotation.json --reason yearly",
    ),
    ("scan", "strongroom scan --history ."),
    ("scan", "strongroom scan --mode exact --sarif src"),
    ("scan", "strongroom scan --staged --baseline accepted.jsonl"),
    ("show", "strongroom show 01m8q6x9a0"),
    ("show", "strongroom show name:billing --json"),
    ("stats", "strongroom stats"),
    ("stats", "strongroom stats --format prometheus"),
    ("status", "strongroom status"),
    ("status", "strongroom status --json"),
    ("suspend", "strongroom suspend 01m8q6x9a0 --reason 'ticket 4712'"),
    ("suspend", "strongroom suspend - --reason 'unused' --yes"),
    ("update", "strongroom update 01m8q6x9a0 --set-owner acme --expires-in 1y"),
    ("update", "strongroom update --owner acme --set-attribute team=payments -n"),
    ("verify", "strongroom verify --scope invoices:read < token"),
    ("verify", "strongroom verify --address 10.1.2.3 --json < token"),
];
