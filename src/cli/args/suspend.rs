//! What can be typed after `suspend` and `resume`.

use super::selection::Selection;

#[derive(clap::Args)]
pub(crate) struct SuspendArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
