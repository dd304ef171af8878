//! Text: safe on a terminal, quoted for a shell, counted, spans of time, and columns.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Makes characters visible that could move the cursor, hide text or turn its direction around.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// The same for JSON, which leaves DEL, C1 and bidi controls as they are. They only occur inside strings.
pub(crate) fn escaped_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unsafe(c) {
            // Every one of them has at most four hexadecimal digits.
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Control characters, line separators, and what steers the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A word for a shell.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// One thing or several.
pub(crate) fn counted(count: u64, one: &str) -> String {
    match (count, one.strip_suffix("ry")) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{count} {stem}ries"),
        _ => format!("{count} {one}s"),
    }
}

/// Seconds as people say them.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A span as the options take it.
pub(crate) fn span_text(span: Duration) -> String {
    let secs = span.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{secs}s"), |(unit, name)| format!("{}{name}", secs / unit))
}

/// Rows as wide as the widest of the first page; the last column takes what it needs.
#[derive(Default)]
pub(crate) struct Table {
    widths: Vec<usize>,
    /// No line is longer, for the last column is cut.
    most: Option<usize>,
}

impl Table {
    /// Cuts the last column where a line would be longer than this.
    pub(crate) fn fit(&mut self, columns: usize) {
        self.most = Some(columns);
    }

    /// The lines of one page of rows.
    pub(crate) fn lines(&mut self, rows: &[Vec<String>]) -> Vec<String> {
        let rows: Vec<Vec<Cow<'_, str>>> =
            rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
        if self.widths.is_empty() {
            let columns = rows.first().map_or(0, Vec::len);
            let width = |at: usize| rows.iter().map(|row| row[at].width()).max().unwrap_or(0);
            self.widths = (0..columns).map(width).collect();
        }
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &[Cow<'_, str>]) -> String {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&self.widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP));
        }
        line.truncate(line.trim_end().len());
        match self.most {
            Some(most) => cut(&line, most),
            None => line,
        }
    }
}

/// Which columns there is room for, of rows with their heading first: those of the lowest rank, and the last one is cut where it must be.
pub(crate) fn fitting(rows: &[Vec<String>], most: usize, rank: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).collect();
    let width = |at: usize| rows.iter().map(|row| escaped(&row[at]).width()).max().unwrap_or(0);
    let widths: Vec<usize> = kept.iter().map(|at| width(*at)).collect();
    let is_last = |at: usize| at + 1 == widths.len();
    let wide = |kept: &[usize]| {
        let of = |at: &usize| if is_last(*at) { widths[*at].min(LEAST) } else { widths[*at] };
        kept.iter().map(of).sum::<usize>() + GAP * kept.len().saturating_sub(1)
    };
    while kept.len() > 1 && wide(&kept) > most {
        let Some(worst) = kept.iter().copied().max_by_key(|at| rank(*at)) else { break };
        kept.retain(|at| *at != worst);
    }
    kept
}

/// No wider than this, with a sign that something is missing.
fn cut(line: &str, most: usize) -> String {
    if line.width() <= most {
        return line.to_owned();
    }
    let (mut kept, mut wide) = (String::with_capacity(line.len()), 0);
    for c in line.chars() {
        let next = wide + c.width().unwrap_or(0);
        if next >= most {
            break;
        }
        kept.push(c);
        wide = next;
    }
    kept.push('\u{2026}');
    kept
}

/// A moment as the clock of this place shows it; `None` for what is no moment.
pub(crate) fn local(text: &str) -> Option<String> {
    let is_moment = text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[0].is_ascii_digit();
    let at: jiff::Timestamp = if is_moment { text.parse().ok()? } else { return None };
    Some(at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A column that is cut has this much left.
const LEAST: usize = 12;
/// Spaces between two columns.
const GAP: usize = 2;
