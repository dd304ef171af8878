//! The comments that allow a key on their line.

use std::ops::Range;

use memchr::memmem;

use super::position::line;
use crate::time::Timestamp;

/// Which comments beside a key keep it from being reported: `strongroom:allow`, with an end and a reason or without
/// (docs/scanning.md, What is accepted), and those of other scanners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Marks {
    /// All of them, until their end where they have one.
    #[default]
    Any,
    /// Those that have an end, which is to come, and a reason.
    Dated,
    /// None.
    None,
}

/// Whether the first or the last line of a find carries a comment that allows it.
pub(super) fn is_allowed(window: &[u8], span: &Range<usize>, marks: Marks) -> bool {
    let first = line(window, span.start);
    let last = line(window, span.end.saturating_sub(1).max(span.start));
    marks != Marks::None
        && ALLOWING.iter().any(|(comment, own)| {
            let finder = memmem::Finder::new(comment);
            let allows = |line: &[u8]| {
                finder.find(line).is_some_and(|at| match (own, marks) {
                    (false, marks) => marks == Marks::Any,
                    (true, marks) => is_in_force(&line[at + comment.len()..], marks == Marks::Dated),
                })
            };
            allows(first) || allows(last)
        })
}

/// What stands behind a mark: `until 2027-01-31: why`. One that is over, or says no day, allows nothing.
fn is_in_force(behind: &[u8], dated: bool) -> bool {
    let behind = String::from_utf8_lossy(behind);
    let end = behind.trim_start().strip_prefix("until").filter(|end| !end.starts_with(char::is_alphanumeric));
    let Some(end) = end.map(|end| end.trim_start_matches([' ', '=', ':'])) else { return !dated };
    let Some((day, reason)) = end.split_at_checked(DAY_LEN) else { return false };
    let until = format!("{day}T23:59:59Z").parse::<Timestamp>();
    let reasoned = reason.chars().filter(|character| character.is_alphanumeric()).count() > 1;
    until.is_ok_and(|until| until >= Timestamp::now()) && (reasoned || !dated)
}

/// With whether the mark is the scanner's own, which may have an end.
const ALLOWING: [(&str, bool); 3] =
    [("strongroom:allow", true), ("gitleaks:allow", false), ("pragma: allowlist secret", false)];

/// `YYYY-MM-DD`.
const DAY_LEN: usize = 10;
