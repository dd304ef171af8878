//! What can be typed after `doctor`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::duration;

/// Without --deep, --quick and --subset it opens every record of a vault of up to 100000, and of a larger one none, which
/// is a warning.
#[derive(clap::Args)]
pub(crate) struct DoctorArgs {
    /// Open every record, however many there are
    #[arg(long)]
    pub(crate) deep: bool,
    /// Open no record: keys, files, the rotation, the head, the audit log and the clock
    #[arg(long, conflicts_with = "deep")]
    pub(crate) quick: bool,
    /// Count every record and open those of the N-th of T parts, so that T runs open each
    #[arg(long, value_name = "N/T", value_parser = subset, conflicts_with_all = ["deep", "quick"])]
    pub(crate) subset: Option<(NonZeroU32, NonZeroU32)>,
    /// Also check this certificate of an earlier rotation; a single dash is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// Warn when the last backup is older than this
    #[arg(long, value_name = "SPAN", value_parser = duration, default_value = "8d")]
    pub(crate) max_backup_age: Duration,
}

fn subset(text: &str) -> Result<(NonZeroU32, NonZeroU32), &'static str> {
    let wrong = "a part is N/T, such as 3/7: the third of seven";
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong);
    let (part, parts) = text.split_once('/').ok_or(wrong)?;
    let (part, parts): (NonZeroU32, NonZeroU32) = (number(part)?, number(parts)?);
    if part <= parts { Ok((part, parts)) } else { Err("there is no such part: N is at most T") }
}
