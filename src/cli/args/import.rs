//! What can be typed after `import`.

use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct ImportArgs {
    /// One JSON object a line, with token and name, and if wanted owner, scopes, expires_at, revoked, created_at;
    /// a single dash is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Take API keys that do not keep the policy: their tokens are in use already. The audit log records it, and `due` lists them
    #[arg(long)]
    pub(crate) exempt_from_policy: bool,
    /// Take tokens that can be guessed: those estimated to have less than 80 bits of strength. The audit log records each
    #[arg(long, requires = "reason")]
    pub(crate) allow_weak: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
