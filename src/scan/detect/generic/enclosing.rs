//! What a literal stands in: calls, lists, objects, blocks, sections, and the keys above it by their indentation.

use std::ops::Range;

use super::names::split;
use super::statement::{indent_of, nearest};
use crate::scan::detect::position::line_range;

/// Something that a literal stands in.
pub(super) struct Enclosure {
    /// The words of its name.
    pub(super) words: Vec<String>,
    /// Which argument the literal is, if this is a call.
    pub(super) argument: Option<usize>,
}

/// The nearest first.
pub(super) fn of(context: &[u8], span: &Range<usize>) -> Vec<Enclosure> {
    let mut found = brackets(context, span.start);
    let innermost = line_range(context, span.start);
    found.extend(by_indent(context, innermost.clone()).into_iter().map(|words| Enclosure { words, argument: None }));
    if found.iter().all(|outer| outer.argument.is_some()) {
        found.extend(section(context, innermost.start).map(|words| Enclosure { words, argument: None }));
    }
    found
}

/// The calls around a place on its line: their names without separators, and which argument stands there.
pub(super) fn calls(context: &[u8], at: usize) -> Vec<(String, usize)> {
    let joined = |outer: Enclosure| outer.argument.map(|argument| (outer.words.concat(), argument));
    brackets(context, at).into_iter().filter_map(joined).collect()
}

/// By brackets that are open: what stands before each of them.
fn brackets(context: &[u8], at: usize) -> Vec<Enclosure> {
    let (mut found, mut depth, mut commas) = (vec![], 0_usize, 0);
    let low = at.saturating_sub(REACH);
    for place in (low..at).rev() {
        match context[place] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b',' if depth == 0 => commas += 1,
            b'(' => {
                let name = callee(&context[low..place]);
                found.push(Enclosure { words: split(&name), argument: Some(commas) });
                commas = 0;
            }
            bracket @ (b'[' | b'{') => {
                let line = line_range(context, place);
                let head = &context[line.start.max(place.saturating_sub(HEAD))..place];
                if bracket == b'{' && is_code(head) {
                    break;
                }
                found.push(Enclosure { words: nearest(head), argument: None });
                commas = 0;
            }
            _ => {}
        }
        if found.len() == DEEPEST {
            break;
        }
    }
    found.retain(|outer| !outer.words.is_empty());
    found
}

/// The name before a parenthesis, with what it is a member of.
fn callee(before: &[u8]) -> String {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'>' | b'-' | b'!');
    let before = before.trim_ascii_end();
    let len = before.iter().rev().take(LONGEST_NAME).take_while(part).count();
    String::from_utf8_lossy(&before[before.len() - len..]).into_owned()
}

/// Whether a brace opens code, not data.
fn is_code(head: &[u8]) -> bool {
    let head = head.trim_ascii_end();
    let words = split(&String::from_utf8_lossy(head));
    head.is_empty()
        || matches!(head.last(), Some(b')' | b';'))
        || words.iter().any(|word| CODE.contains(&word.as_str()))
}

/// The keys of lines above that stand further to the left: YAML, and lists over many lines.
fn by_indent(context: &[u8], line: Range<usize>) -> Vec<Vec<String>> {
    let (mut found, mut start) = (vec![], line.start);
    let mut indent = indent_of(&context[line]);
    for _ in 0..LINES {
        if indent == 0 || start == 0 || found.len() == DEEPEST {
            break;
        }
        let above = line_range(context, start - 1);
        start = above.start;
        let text = context[above].trim_ascii_end();
        if text.trim_ascii().is_empty() || indent_of(text) >= indent {
            continue;
        }
        indent = indent_of(text);
        let opens = text.strip_suffix(b":").or_else(|| text.strip_suffix(b": |"));
        let Some(head) = opens.filter(|head| !is_statement(head)) else { continue };
        found.extend(Some(nearest(head)).filter(|words| !words.is_empty()));
    }
    found
}

/// `def encrypt():`, `class Key:`.
fn is_statement(head: &[u8]) -> bool {
    let first = split(&String::from_utf8_lossy(head)).into_iter().next().unwrap_or_default();
    head.ends_with(b")") || CODE.contains(&first.as_str())
}

/// The section above, as in `[vault.keys]`.
fn section(context: &[u8], start: usize) -> Option<Vec<String>> {
    let mut start = start;
    for _ in 0..LINES {
        let above = line_range(context, start.checked_sub(1)?);
        start = above.start;
        let text = context[above].trim_ascii();
        let name = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
        if let Some(name) = name.filter(|name| name.len() <= HEAD && !name.contains(&b',')) {
            return Some(split(&String::from_utf8_lossy(name)));
        }
    }
    None
}

/// Before a brace, or first before a colon: there are statements inside.
#[rustfmt::skip]
const CODE: &[&str] = &[
    "class", "def", "do", "elif", "else", "enum", "except", "extends", "fn", "for", "func", "function", "fun", "if", "impl",
    "implements", "interface", "loop", "match", "mod", "module", "namespace", "sub", "struct", "switch", "trait", "try", "unsafe",
    "while", "with",
];

const DEEPEST: usize = 4;
const HEAD: usize = 100;
const LINES: usize = 40;
const LONGEST_NAME: usize = 60;
const REACH: usize = 1500;
