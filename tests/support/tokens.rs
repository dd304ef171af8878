//! Rust sources read as words: enough to see what imports what.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

/// Names, `::` and single other characters; no comments, texts, characters or white space.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let mut tokens: Vec<String> = vec![];
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let word = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment_len(rest)
        } else if let Some(len) = raw_text_len(rest) {
            len
        } else if first == '"' {
            text_len(rest)
        } else if first == '\'' {
            character_len(rest)
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            let len = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                _ => word,
            };
            tokens.push(rest[..len].into());
            len
        };
        rest = &rest[skipped..];
    }
    tokens
}

/// The names of `mod name;`, in order.
pub(crate) fn declared_modules(tokens: &[String]) -> Vec<String> {
    let declared = tokens.windows(3).filter(|window| window[0] == "mod" && window[2] == ";");
    declared.map(|window| window[1].clone()).collect()
}

/// The sources under a folder.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn block_comment_len(source: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < source.len() {
        let rest = &source.as_bytes()[at..];
        let step = match (rest.starts_with(b"/*"), rest.starts_with(b"*/")) {
            (true, _) => 1,
            (_, true) => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            return at;
        }
    }
    source.len()
}

/// `r"..."`, `r#"..."#` and the same after `b` or `c`.
fn raw_text_len(source: &str) -> Option<usize> {
    let inner = source.strip_prefix(['b', 'c']).unwrap_or(source).strip_prefix('r')?;
    let text = inner.trim_start_matches('#');
    let hashes = inner.len() - text.len();
    let text = text.strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = text.find(&closing).map_or(source.len(), |end| source.len() - text.len() + end + closing.len());
    Some(end)
}

fn text_len(source: &str) -> usize {
    let mut escaped = false;
    let end = source.bytes().skip(1).position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    end.map_or(source.len(), |end| end + 2)
}

/// A character in quotes, or the quote that begins a lifetime.
fn character_len(source: &str) -> usize {
    let mut characters = source.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => source[3..].find('\'').map_or(source.len(), |end| end + 4),
        _ => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
    }
}
