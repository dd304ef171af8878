//! What people say about a literal: in the sentence it stands in, on the lines before it, in the comment or the command behind it.

use std::ops::Range;

use super::names::{is_naming, names, split};
use super::words;
use crate::scan::detect::position::line_range;

/// Whether it is said that this is a key that encrypts.
pub(super) fn says_key(context: &[u8], span: &Range<usize>, own: bool) -> bool {
    let line = line_range(context, span.start);
    let before = &context[line.start..span.start];
    let after = &context[span.end..line_range(context, span.end).end.max(span.end)];
    is_said(before)
        || is_said_behind(after, own)
        || stands_alone(before, after) && is_said_above(context, line.start)
        || is_made(context, span)
}

/// A phrase such as `the master key`, in a text that says nothing of public keys or digests.
fn is_said(text: &[u8]) -> bool {
    let said: Vec<String> = names(text).iter().flat_map(|name| split(name)).collect();
    let phrase = said.windows(2).any(|pair| words::is_phrase(&pair[0], &pair[1]));
    (phrase || said.iter().any(|word| words::is_phrase(word, ""))) && !said.iter().any(|word| words::is_denial(word))
}

/// `"..." | gcloud secrets create fernet-key`, `"..." > master.key`, `"..."  # master key`, `"...", "name": "ENCRYPTION_KEY"`.
fn is_said_behind(after: &[u8], own: bool) -> bool {
    let closed = after.iter().position(|byte| !b"=\"'`);} \t".contains(byte)).map_or(&[][..], |at| &after[at..]);
    let after = &closed[..closed.len().min(BEHIND)];
    let member = closed.strip_prefix(b",").map(|after| names(after).into_iter().next().unwrap_or_default());
    let named = !own && member.is_some_and(|member| is_naming(&member.to_ascii_lowercase()));
    (matches!(after, [b'|' | b'>' | b'#', ..] | [b'/', b'/', ..] | [b'-', b'-', ..]) || named) && is_said(after)
}

/// What a call printed that makes a key, in a transcript or the cell of a notebook.
fn is_made(context: &[u8], span: &Range<usize>) -> bool {
    let around = &context[span.start.saturating_sub(CELL)..context.len().min(span.end + CELL)];
    memchr::memmem::find(around, b"generate_key()").is_some()
}

/// Nothing else is on the line, save quotes, marks, and who says it.
fn stands_alone(before: &[u8], after: &[u8]) -> bool {
    let code = |byte: &u8| b"=({,;".contains(byte);
    names(before).len() <= MOST_SPEAKERS && !before.iter().any(code) && names(after).is_empty()
}

/// On the last lines before it, blank ones between.
fn is_said_above(context: &[u8], start: usize) -> bool {
    let (mut start, mut spoken) = (start, 0);
    for _ in 0..LINES_ABOVE {
        let Some(end) = start.checked_sub(1) else { break };
        let above = line_range(context, end);
        start = above.start;
        let text = &context[above];
        if is_said(text) {
            return true;
        }
        spoken += usize::from(text.iter().any(u8::is_ascii_alphanumeric));
        if spoken == LINES_SPOKEN {
            break;
        }
    }
    false
}

const BEHIND: usize = 120;
const CELL: usize = 400;
const LINES_ABOVE: usize = 5;
const LINES_SPOKEN: usize = 2;
const MOST_SPEAKERS: usize = 3;
