//! Another order than that of issue.

use std::cmp::Ordering;

use strongroom::Error;
use strongroom::usage::ListedUsage;

use super::column::value;
use crate::args::{ColumnArg, SortArg};

/// The first so many in this order, and how many there are beside. No more than twice as many are kept at a time.
pub(super) fn sorted(
    found: impl Iterator<Item = Result<ListedUsage, Error>>,
    by: SortArg,
    reverse: bool,
    most: usize,
) -> Result<(Vec<ListedUsage>, u64), Error> {
    let (mut kept, mut count): (Vec<(Key, ListedUsage)>, u64) = (vec![], 0);
    let cut = |kept: &mut Vec<(Key, ListedUsage)>| {
        kept.sort_by(|(one, left), (other, right)| {
            one.compare(other, reverse).then_with(|| left.listed.id.cmp(&right.listed.id))
        });
        kept.truncate(most);
    };
    for line in found {
        let line = line?;
        count += 1;
        kept.push((Key::of(by, &line), line));
        if kept.len() >= most.saturating_mul(2).max(FEW) {
            cut(&mut kept);
        }
    }
    cut(&mut kept);
    let more = count - kept.len() as u64;
    Ok((kept.into_iter().map(|(_, line)| line).collect(), more))
}

/// What one line is sorted by.
enum Key {
    None,
    Number(u64),
    Text(String),
}

impl Key {
    fn of(by: SortArg, line: &ListedUsage) -> Self {
        let column = match by {
            SortArg::Created => ColumnArg::Created,
            SortArg::Expires => ColumnArg::Expires,
            SortArg::LastUsed => ColumnArg::LastUsed,
            SortArg::Name => ColumnArg::Name,
            SortArg::Owner => ColumnArg::Owner,
            SortArg::Status => ColumnArg::Status,
            SortArg::Uses => ColumnArg::Uses,
        };
        match (value(column, line), by) {
            (text, _) if text.is_empty() => Self::None,
            (text, SortArg::Uses) => text.parse().map_or(Self::None, Self::Number),
            // Moments are compared as such: their texts have parts of a second or none.
            (text, SortArg::Created | SortArg::Expires | SortArg::LastUsed) => {
                let at = text.parse::<strongroom::Timestamp>().ok().and_then(|at| u64::try_from(at.unix_millis()).ok());
                at.map_or(Self::None, Self::Number)
            }
            (text, _) => Self::Text(text.to_lowercase()),
        }
    }

    /// Those without come last in either order.
    fn compare(&self, other: &Self, reverse: bool) -> Ordering {
        let turned = |order: Ordering| if reverse { order.reverse() } else { order };
        match (self, other) {
            (Self::None, Self::None) => Ordering::Equal,
            (Self::None, _) | (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (_, Self::None) | (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Number(one), Self::Number(other)) => turned(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => turned(one.cmp(other)),
        }
    }
}

const FEW: usize = 1_000;
