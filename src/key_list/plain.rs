//! Lists of keys as people and tools write them: environment files, quotes, comments, a second layer of base64. What can mean
//! one list only is read as that list; what looks like something else is named for what it is.

use base64ct::{Base64, Base64Unpadded, Encoding};
use zeroize::Zeroizing;

use super::error::{ListError, Mistaken};
use crate::versions::MasterKeyVersion;

/// The list alone, in a buffer that is sized first and wiped.
pub(super) fn plain(text: &str) -> Result<Zeroizing<String>, ListError> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    if let Some(mistaken) = mistaken(text.trim()) {
        return Err(ListError::Mistaken(mistaken));
    }
    let text = without_lines_of_others(text)?;
    let text = without_quotes(&text)?;
    if text.trim_start().starts_with('{') {
        return Ok(text);
    }
    Ok(unwrapped(&text).unwrap_or(text))
}

/// What is no list, and is known for what it is.
fn mistaken(text: &str) -> Option<Mistaken> {
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if begins(&["-----BEGIN "]) {
        Some(Mistaken::Pem)
    } else if begins(&["AGE-SECRET-KEY-", "age1", "age-encryption.org/"]) {
        Some(Mistaken::Age)
    } else if begins(&["vault:v", "ENC[", "AQICAH", "projects/", "arn:"]) {
        Some(Mistaken::Sealed)
    } else if text.contains("${") || text.contains("$(") || text.starts_with('$') || text.starts_with('`') {
        Some(Mistaken::Unexpanded)
    } else if begins(&["/", "./", "../", "~/", "file:"]) && !text.contains(char::is_whitespace) && text.len() != 44 {
        Some(Mistaken::Path)
    } else {
        None
    }
}

/// Without comments, `export`, the name of the variable, and lines that set other variables.
fn without_lines_of_others(text: &str) -> Result<Zeroizing<String>, ListError> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len() + 1));
    let (mut ours, mut others) = (0, None);
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = uncommented(line).trim();
        match assignment(line) {
            Some((name, value)) if OURS.contains(&name) => {
                ours += 1;
                kept.push_str(value);
            }
            Some(_) => others = others.or(Some(number)),
            None => kept.push_str(line),
        }
        kept.push('\n');
    }
    match (ours, others) {
        (0, Some(line)) => Err(ListError::OtherVariable { line }),
        (2.., _) => Err(ListError::AssignedTwice),
        _ => Ok(kept),
    }
}

/// Up to a `#` that begins the line or follows white space: no key and no version has one.
fn uncommented(line: &str) -> &str {
    let is_comment = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').map(|(at, _)| at).find(is_comment).map_or(line, |at| &line[..at])
}

/// `NAME=VALUE`, as a shell and its like set a variable. A bare key ends in `=`: no name is so long and has nothing, or another word, behind
/// it.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let exported = ["export ", "export\t", "set ", "declare -x "].iter().find_map(|word| line.strip_prefix(word));
    let (name, value) = exported.unwrap_or(line).trim_start().split_once('=')?;
    let ends = value.starts_with(|c: char| c.is_whitespace() || c == ',');
    let (name, value) = (name.trim_end(), value.trim());
    let is_name =
        name.bytes().enumerate().all(|(at, c)| c == b'_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit());
    let is_key = (ends || value.trim_matches('=').is_empty()) && name.len() >= 42;
    (!name.is_empty() && is_name && !is_key).then_some((name, value))
}

/// Without quotes around all of it, around entries and around keys. Line ends written as `\n` become line ends.
fn without_quotes(text: &str) -> Result<Zeroizing<String>, ListError> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let json = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"')).starts_with('{');
    if json {
        let text = text.trim();
        let quoted = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        plain.push_str(quoted.unwrap_or(text));
        return Ok(plain);
    }
    let mut open = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, open) {
            (c, Some(quote)) if c == quote => open = None,
            ('\'' | '"' | '`', None) => open = Some(c),
            ('\'' | '"' | '`' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}', _) => return Err(ListError::Quote),
            ('\\', _) if matches!(rest.peek(), Some('n' | 'r' | 't')) => {
                rest.next();
                plain.push(' ');
            }
            (c, _) if c.is_whitespace() => plain.push(if c.is_ascii() { c } else { ' ' }),
            (c, _) => plain.push(c),
        }
    }
    if open.is_some() { Err(ListError::Quote) } else { Ok(plain) }
}

/// A list, or its keys, that were encoded in base64 once more, as the data of a Kubernetes secret is.
fn unwrapped(text: &str) -> Option<Zeroizing<String>> {
    let mut bare = Zeroizing::new(String::with_capacity(text.len()));
    let is_separator = |c: char| c == ',' || c.is_ascii_whitespace();
    if !text.contains(':') {
        text.split(is_separator).for_each(|word| bare.push_str(word));
        return decoded(&bare).filter(|inner| is_list_of_keys(inner));
    }
    let mut any = false;
    for word in text.split(is_separator).filter(|word| !word.is_empty()) {
        let inner = word
            .split_once(':')
            .and_then(|(version, key)| Some((version, decoded(key).filter(|key| is_key(key.trim()))?)));
        match inner {
            Some((version, key)) => {
                any = true;
                bare.push_str(version);
                bare.push(':');
                bare.push_str(key.trim());
            }
            None => bare.push_str(word),
        }
        bare.push(' ');
    }
    any.then_some(bare)
}

fn decoded(text: &str) -> Option<Zeroizing<String>> {
    // A single layer of base64 is a key, and never taken for two.
    if text.len() < 58 {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let len = match Base64::decode(text, &mut bytes) {
        Ok(decoded) => decoded.len(),
        Err(_) => Base64Unpadded::decode(text, &mut bytes).ok()?.len(),
    };
    let mut inner = Zeroizing::new(String::with_capacity(len));
    inner.push_str(std::str::from_utf8(&bytes[..len]).ok()?);
    Some(inner)
}

fn is_list_of_keys(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with('{') {
        return text.ends_with('}');
    }
    let words = || text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let entry = |word: &str| {
        word.split_once(':')
            .is_some_and(|(version, key)| version.parse::<MasterKeyVersion>().is_ok() && key.len() >= 43)
    };
    is_key(text) || (words().next().is_some() && words().all(entry))
}

/// 44 characters of URL-safe base64, by their looks.
fn is_key(text: &str) -> bool {
    let is_digit = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    text.strip_suffix('=').is_some_and(|bare| bare.len() == 43 && bare.bytes().all(is_digit))
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The variables whose values are lists.
const OURS: [&str; 2] = ["STRONGROOM_MASTER_KEYS", "STRONGROOM_VERIFIER_KEYS"];
