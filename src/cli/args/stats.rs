//! What can be typed after `stats`.

use clap::ValueEnum;

use super::parse::number;

#[derive(clap::Args)]
pub(crate) struct StatsArgs {
    /// Text for people, or the text format 0.0.4 that Prometheus reads
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: FormatArg,
    /// How many endpoints to show, the most used first [default: 10, and none for Prometheus, where each is a series]
    #[arg(long, value_name = "N", value_parser = |text: &str| number::<u16>(text, 0, 1_000), allow_hyphen_values = true)]
    pub(crate) top: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    Text,
    Prometheus,
}
