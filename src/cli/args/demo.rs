//! What can be typed after `demo`.

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// How many API keys to issue
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) keys: u32,
    /// Keep the scratch folder
    #[arg(long)]
    pub(crate) keep: bool,
}
