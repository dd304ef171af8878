//! Every verb of the program, as it is typed where it does what it is for and where it does not.
//!
//! `{name}` is filled in by the scene. Files called `secret-...` may hold secrets, all others must not.

use super::secrets::{ATTRIBUTE, Kinds, MASTER_KEY, NOTHING, REASON, SHARE, TOKEN, VERIFIER_KEY};

pub(crate) struct Case {
    pub(crate) verb: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) exit: Exit,
    /// What it may show on standard output. On standard error nothing ever is.
    pub(crate) shows: Kinds,
    pub(crate) stdin: &'static str,
    pub(crate) versions: &'static [u32],
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// Whether it goes together with `--json`.
    pub(crate) in_json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    /// Goes on until it is interrupted, and is, after its first line.
    Follows,
    /// Kills itself.
    Killed,
}

const fn case(exit: i32, verb: &'static str, arguments: &'static str) -> Case {
    let (exit, shows, stdin) = (Exit::Code(exit), NOTHING, "");
    Case { verb, arguments, exit, shows, stdin, versions: &[1], variables: &[], in_json: true }
}

impl Case {
    const fn shows(mut self, kinds: Kinds) -> Self {
        self.shows = kinds;
        self
    }

    const fn stdin(mut self, text: &'static str) -> Self {
        self.stdin = text;
        self
    }

    const fn keys(mut self, versions: &'static [u32]) -> Self {
        self.versions = versions;
        self
    }

    const fn with(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    const fn never_in_json(mut self) -> Self {
        self.in_json = false;
        self
    }

    const fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

const VERIFIER: &[(&str, &str)] =
    &[("STRONGROOM_MASTER_KEYS", ""), ("STRONGROOM_VERIFIER_KEYS_FILE", "{dir}/secret-verifier")];
const ANCHOR: &[(&str, &str)] = &[("STRONGROOM_ANCHOR", "file:{dir}/secret-anchor")];
const NO_KEYS: &[(&str, &str)] = &[("STRONGROOM_MASTER_KEYS", "")];
const SCRATCH: &[(&str, &str)] = &[("TMPDIR", "{dir}")];

/// These only have others under them.
pub(crate) const GROUPS: [&str; 4] = ["anchor", "audit", "master-key", "policy"];

/// In the order in which they are run, on one vault.
pub(crate) const TABLE: &[Case] = &[
    // What is in the vault, issued by the scene: {id} with {token}, labels and an owner; {other}; {imported}.
    case(0, "init", "--store sqlite:{dir}/second.db --quick"),
    case(5, "init", ""),
    case(12, "init", "--store sqlite:{dir}/third.db").with(NO_KEYS),
    case(2, "init", "--suite {token}"),
    case(0, "issue", "--name n --attribute plan={attribute} --owner {owner} --reason {reason}").shows(TOKEN),
    case(0, "issue", "--name {name} --prefix my_app --unrecoverable --expires-in 5d").shows(TOKEN),
    case(2, "issue", "--name n --attribute {attribute}"),
    case(2, "issue", "--name n --expires-in {token}"),
    case(2, "issue", "--name n --prefix {token}"),
    case(2, "issue", "--name n --network {token}"),
    case(0, "status", ""),
    case(12, "status", "").keys(&[3]),
    case(2, "status", "--store {token}"),
    case(0, "verify", "").stdin("{token}").shows(ATTRIBUTE),
    case(3, "verify", "--scope {attribute}").stdin("{token}"),
    case(3, "verify", "").stdin("{damaged}"),
    case(3, "verify", "").stdin("{imported}x"),
    case(0, "verify", "--endpoint {token}").stdin("{token}").shows(ATTRIBUTE),
    case(2, "verify", "{token}"),
    case(12, "verify", "").stdin("{token}").keys(&[2]),
    case(0, "identify", "").stdin("{token}").shows(ATTRIBUTE),
    case(4, "identify", "").stdin("{damaged}"),
    case(4, "identify", "").stdin("{imported}x"),
    case(2, "identify", "{token}"),
    case(0, "list", "").shows(ATTRIBUTE),
    case(0, "list", "--name {token}"),
    case(2, "list", "--status {token}"),
    case(2, "list", "--limit {token}"),
    case(0, "show", "{id}").shows(ATTRIBUTE),
    case(2, "show", "{token}"),
    case(4, "show", "{nobody}"),
    case(0, "stats", "").shows(ATTRIBUTE),
    case(0, "stats", "--format prometheus --top 9").never_in_json(),
    case(2, "stats", "--top {token}"),
    case(0, "update", "{id} --set-attribute plan={attribute2} --reason {reason}").shows(ATTRIBUTE),
    case(0, "update", "--scope bulk --set-owner {owner} --dry-run"),
    case(0, "update", "--scope bulk --set-owner {owner}2 --set-attribute more={attribute2} --yes"),
    case(5, "update", "{id} --set-name {name} --if-revision 0011223344556677"),
    case(4, "update", "{nobody} --set-attribute plan={attribute2}"),
    case(2, "update", "{id} --remove-attribute {attribute} --set-attribute {attribute}=2"),
    case(2, "update", "{token} --set-name n"),
    case(0, "suspend", "{other} --reason {reason}").shows(ATTRIBUTE),
    case(0, "suspend", "- --reason {reason} --yes").stdin("{id}"),
    case(2, "suspend", "- --reason {reason} --yes").stdin("{id}\n{token}\n"),
    case(4, "suspend", "{nobody} --reason {reason}"),
    case(0, "resume", "{other} --reason {reason}").shows(ATTRIBUTE),
    case(0, "resume", "- --reason {reason} --yes").stdin("{id}"),
    case(2, "resume", "{token} --reason {reason}"),
    case(4, "resume", "{nobody} --reason {reason}"),
    case(0, "revoke", "{spare} --in 1d --reason {reason} --yes"),
    case(5, "revoke", "{spare} --in 2d --reason {reason} --yes"),
    case(0, "reissue", "{other} --grace 1d --reason {reason}").shows(TOKEN),
    case(5, "reissue", "{other} --grace 1d --reason {reason}"),
    case(0, "reissue", "--scope bulk --grace 1d --out-dir {dir}/secret-tokens --yes --reason {reason}"),
    case(0, "reissue", "--due --grace 1d --out-dir {dir}/secret-tokens --yes --within 9d"),
    case(0, "reissue", "--scope bulk --dry-run"),
    case(17, "reissue", "{id} --now"),
    case(2, "reissue", "{token} --now --yes"),
    case(2, "reissue", "{id} --now --yes --prefix {token}"),
    case(74, "reissue", "{id} --grace 1d --out-dir {dir}/secret-file --yes"),
    case(0, "revoke", "{spare} --at 2099-01-01T00:00:00Z --dry-run --reason {reason}"),
    case(0, "revoke", "--name {name} --reason {reason} --yes"),
    case(2, "revoke", "{id} --at {token} --reason {reason} --yes"),
    case(2, "revoke", "{reason} --reason {reason}"),
    case(17, "revoke", "{id} --reason {reason}"),
    case(0, "recover", "{id} --reason {reason} --yes").shows(TOKEN),
    case(0, "recover", "{id} --reason {reason} --yes --out {dir}/secret-token-1"),
    case(5, "recover", "{id} --reason {reason} --yes --out {dir}/secret-token-1"),
    case(0, "recover", "--name {unique} --reason {reason} --yes --reissue --grace 1h").shows(TOKEN),
    case(5, "recover", "--name n --reason {reason} --yes"),
    case(4, "recover", "--name {attribute} --reason {reason} --yes"),
    case(2, "recover", "{token} --reason {reason} --yes"),
    case(2, "recover", "{id} --reason {long} --yes"),
    case(17, "recover", "{id} --reason {reason}"),
    case(1, "recover", "{id} --reason {reason} --yes --out /nonexistent/token"),
    case(14, "recover", "--all --to {recipient} --out {dir}/export --reason {reason} --yes"),
    case(5, "recover", "--all --to {recipient} --out {dir}/export --reason {reason} --yes"),
    case(14, "recover", "--all --to {recipient} --out {dir}/export --reason {reason} --yes --resume"),
    case(2, "recover", "--all --to {identity} --out {dir}/export2 --reason {reason} --yes"),
    case(0, "import", "{dir}/export --identity {dir}/secret-identity --store sqlite:{dir}/second.db"),
    case(2, "import", "{dir}/export --store sqlite:{dir}/second.db"),
    case(2, "import", "{dir}/secret-identity --store sqlite:{dir}/second.db"),
    case(0, "import", "- --reason {reason} --store sqlite:{dir}/second.db").stdin("{line}"),
    case(2, "import", "- --reason {reason}").stdin("{broken}"),
    case(2, "import", "- --reason {reason}").stdin("{twice}"),
    case(3, "due", "").shows(ATTRIBUTE),
    case(0, "due", "--owner {attribute}"),
    case(2, "due", "--within {token}"),
    case(2, "due", "--unused {token}"),
    case(0, "policy set", "--require-owner --reissue-on-recovery 1h --max-key-age 900d --reason {reason}"),
    case(0, "policy set", "--no-require-owner --dry-run"),
    case(2, "policy set", "--reason-pattern ^OPS --reason {reason}"),
    case(2, "policy set", "--reason-pattern {token}( --reason {reason}"),
    case(0, "policy show", ""),
    case(12, "policy show", "").keys(&[2]),
    case(2, "issue", "--name {name} --attribute plan={attribute} --reason {reason}"),
    case(2, "recover", "{id} --reason {reason} --yes"),
    case(2, "import", "-").stdin("{line}"),
    case(0, "policy set", "--no-require-owner --no-reissue-on-recovery --no-max-key-age --reason {reason}"),
    case(0, "master-key generate", "").shows(MASTER_KEY),
    case(0, "master-key generate", "--out {dir}/secret-key"),
    case(5, "master-key generate", "--out {dir}/secret-key"),
    case(2, "master-key generate", "--version {key}"),
    case(0, "master-key check", "--quick"),
    case(0, "master-key check", "- --quick").stdin("{key}"),
    case(3, "master-key check", "- --quick").stdin("{key}{key}"),
    case(3, "master-key check", "- --thorough").stdin("{key}{key}"),
    case(2, "master-key check", "- --quick --thorough").stdin("{key}"),
    case(3, "master-key check", "- --quick").stdin("{hex}"),
    case(2, "master-key check", "{key}"),
    case(0, "master-key verifier", "--version 1 --reason {reason} --out {dir}/secret-verifier"),
    case(0, "master-key verifier", "--version 1 --reason {reason}").shows(VERIFIER_KEY),
    case(12, "master-key verifier", "--version 3 --reason {reason}"),
    case(2, "master-key verifier", "--vault {key} --version 1"),
    case(0, "verify", "").stdin("{token}").with(VERIFIER).shows(ATTRIBUTE),
    case(12, "recover", "{id} --reason {reason} --yes").with(VERIFIER),
    case(0, "master-key split", "--shares 3 --threshold 2 --out-dir {dir}/secret-shares --reason {reason}"),
    case(5, "master-key split", "--shares 3 --threshold 2 --out-dir {dir}/secret-shares --reason {reason}"),
    case(0, "master-key split", "--shares 2 --threshold 2 --words").shows(SHARE),
    case(0, "master-key split", "--shares 2 --threshold 2 --words --out-dir {dir}/secret-words"),
    case(
        0,
        "master-key split",
        "--shares 2 --threshold 2 --out-dir {dir}/age --recipient {recipient} --recipient {recipient}",
    ),
    case(2, "master-key split", "--shares 2 --threshold 2 --out-dir {dir}/age2 --recipient {identity}"),
    case(12, "master-key split", "--shares 2 --threshold 2 --version 3 --words"),
    case(0, "master-key combine", "{share1} {share2}").shows(MASTER_KEY),
    case(0, "master-key combine", "{share1} {share3} --out {dir}/secret-combined"),
    case(0, "master-key combine", "{words1} {words2}").shows(MASTER_KEY),
    case(0, "master-key combine", "{age1} {age2} --identity {dir}/secret-identity").shows(MASTER_KEY),
    case(2, "master-key combine", "{age1} {age2} --identity {share1}"),
    case(12, "master-key combine", "{share1} {words2}"),
    case(12, "master-key combine", "{share1} {bad_share}"),
    case(12, "master-key combine", "{share1} {dir}/secret-identity"),
    case(12, "master-key combine", "{share1}"),
    case(0, "list", "--shares {share1} {share2}").with(NO_KEYS).shows(ATTRIBUTE),
    case(12, "list", "--shares {share1} {bad_share}").with(NO_KEYS),
    case(2, "anchor", ""),
    case(0, "anchor init", "--reason {reason}").with(ANCHOR).shows(REASON),
    case(5, "anchor init", "--reason {reason}").with(ANCHOR),
    case(0, "anchor show", "").with(ANCHOR).shows(REASON),
    case(2, "anchor show", ""),
    case(0, "anchor accept", "--reason {reason} --yes").with(ANCHOR).shows(REASON),
    case(2, "anchor accept", "--reason {reason} --yes --audit-log {share1}").with(ANCHOR),
    case(0, "audit list", "--all").shows(REASON),
    case(0, "audit list", "--outcome refused --reason {reason}").shows(REASON),
    case(2, "audit list", "--key {token}"),
    case(2, "audit list", "--action {token}"),
    case(0, "audit verify", ""),
    case(0, "audit verify", "--checkpoint -").stdin("{checkpoint}"),
    case(2, "audit verify", "--checkpoint -").stdin("{token}"),
    case(0, "audit list", "--all").with(NO_KEYS).shows(REASON),
    case(3, "audit verify", "").with(NO_KEYS),
    case(0, "audit verify", "--pin {pin} --checkpoint -").stdin("{checkpoint}").with(NO_KEYS),
    case(2, "audit verify", "--pin {token}"),
    case(0, "audit public-key", ""),
    case(2, "audit public-key", "--pin {token}"),
    case(0, "audit public-key", "").with(NO_KEYS),
    case(0, "audit prove", "--entry 1"),
    case(0, "audit prove", "--from -").stdin("{checkpoint}"),
    case(2, "audit prove", "--from -").stdin("{token}"),
    case(12, "audit prove", "--entry 1").with(NO_KEYS),
    case(0, "audit check-proof", "- --pin {pin}").stdin("{proof}").with(NO_KEYS),
    case(3, "audit check-proof", "-").stdin("{proof}"),
    case(2, "audit check-proof", "- --pin {pin}").stdin("{token}"),
    case(2, "audit check-proof", "- --pin {token}").stdin("{proof}"),
    case(0, "audit checkpoint", ""),
    case(12, "audit checkpoint", "").keys(&[2]),
    case(0, "audit export", "").shows(REASON),
    case(0, "audit export", "--out {dir}/audit-1"),
    case(5, "audit export", "--out {dir}/audit-1"),
    case(0, "audit follow", "--after 1 --every 50ms").ending(Exit::Follows).shows(REASON),
    case(2, "audit follow", "--after 1000000000"),
    case(2, "audit follow", "--every {token}"),
    case(0, "backup", "{dir}/backup --reason {reason}"),
    case(5, "backup", "{dir}/backup --reason {reason}"),
    case(12, "backup", "{dir}/backup2").keys(&[2]),
    case(0, "backup inspect", "{dir}/backup"),
    case(0, "backup inspect", "{dir}/backup").with(NO_KEYS),
    case(10, "backup inspect", "{dir}/secret-identity"),
    case(0, "backup verify", "{dir}/backup"),
    case(12, "backup verify", "{dir}/backup").keys(&[2]),
    case(10, "backup verify", "{dir}/secret-identity"),
    case(0, "backup verify", "{dir}/backup --checkpoint -").stdin("{checkpoint}"),
    case(2, "backup verify", "{dir}/backup --checkpoint -").stdin("{token}"),
    case(2, "backup verify", "{dir}/backup --checkpoint {dir}/secret-identity"),
    case(0, "backup list", ""),
    case(12, "backup list", "").keys(&[2]),
    case(0, "restore", "{dir}/backup --to sqlite:{dir}/restored.db --yes --reason {reason}"),
    case(5, "restore", "{dir}/backup --to sqlite:{dir}/restored.db --yes --reason {reason}"),
    case(12, "restore", "{dir}/backup --to sqlite:{dir}/restored2.db --yes").keys(&[2]),
    case(2, "restore", "{dir}/backup --to {token}"),
    case(2, "restore", "{dir}/backup --to sqlite:{dir}/restored3.db --checkpoint -").stdin("{token}"),
    case(0, "doctor", ""),
    case(0, "doctor", "--deep"),
    case(0, "doctor", "--quick"),
    case(0, "doctor", "--subset 1/2"),
    case(2, "doctor", "--subset {token}"),
    case(2, "doctor", "--max-backup-age {token}"),
    case(2, "doctor", "--certificate {dir}/secret-identity"),
    case(3, "scan", "{dir}/secret-key-list --mode exact"),
    case(3, "scan", "{dir}/secret-key-list --mode fingerprint").with(NO_KEYS),
    case(3, "scan", "{dir}/secret-key-list --mode generic").with(NO_KEYS),
    case(3, "scan", "- --mode exact,fingerprint,generic").stdin("{key}"),
    case(0, "scan", "{dir}/backup"),
    case(14, "scan", "/nonexistent/{key}"),
    case(2, "scan", "--mode {key}"),
    case(0, "rehearse", "--keys 10 --points 2").with(SCRATCH),
    case(2, "rehearse", "--from {token}").with(SCRATCH),
    case(0, "rehearsal-step", "--to 2 --batch 5 --kill-at 1 --store sqlite:{dir}/restored.db")
        .stdin("{two_keys}")
        .ending(Exit::Killed),
    case(12, "rehearsal-step", "--to 2 --batch 5 --kill-at 1").stdin("{key}x"),
    case(0, "demo", "--keys 10").with(SCRATCH),
    case(2, "demo", "--keys {key}"),
    case(0, "man", "audit list"),
    case(2, "man", "{token}"),
    case(0, "completions", "bash"),
    case(2, "completions", "{token}"),
    // From here on master key 2 is the active one.
    case(0, "rotate-master-key", "--quick --dry-run").keys(&[1, 2]),
    case(2, "rotate-master-key", ""),
    case(0, "rotate-master-key", "--yes --quick --reason {reason} --certificate {dir}/certificate").keys(&[1, 2]),
    case(12, "rotate-master-key", "--status"),
    case(3, "doctor", "--certificate {dir}/certificate").keys(&[2]),
    case(0, "backup forget", "--needing-other-keys --reason {reason}").keys(&[2]),
    case(0, "doctor", "--certificate {dir}/certificate").keys(&[2]),
    case(0, "backup forget", "--all --reason {reason}").keys(&[2]),
    case(2, "backup forget", "{token}").keys(&[2]),
    case(12, "due", ""),
    case(12, "stats", ""),
    case(2, "", "{token}"),
    case(2, "", "--{token}"),
    case(2, "revoke", "{id} --reason {reason} --nonsense {reason}"),
    case(2, "status", "--waivers {token}"),
    case(2, "status", "--shares {token}"),
    case(2, "issue", "--name n --actor {long}").keys(&[2]),
    case(2, "audit", "{token}"),
    case(2, "master-key", "{key}"),
    case(2, "policy", "{token}"),
];

/// After those, with a record that does not open.
pub(crate) const DAMAGED: &[Case] = &[
    case(13, "list", "--all").keys(&[2]).shows(ATTRIBUTE),
    case(13, "doctor", "--deep").keys(&[2]),
    case(13, "due", "").keys(&[2]).shows(ATTRIBUTE),
    case(13, "show", "{damaged_id}").keys(&[2]),
    case(13, "recover", "{damaged_id} --reason {reason} --yes").keys(&[2]),
    case(14, "suspend", "- --reason {reason} --yes").stdin("{damaged_id}\n{id}").keys(&[2]),
    case(14, "rotate-master-key", "--yes --to 3").keys(&[2, 3]),
];
