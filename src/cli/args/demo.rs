//! What can be typed after `demo`.

use super::parse::number;

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// How many API keys to issue
    #[arg(long, value_name = "N", default_value = "10000", value_parser = |text: &str| number::<u32>(text, 1, 1_000_000), allow_hyphen_values = true)]
    pub(crate) keys: u32,
    /// Keep the scratch folder
    #[arg(long)]
    pub(crate) keep: bool,
}
