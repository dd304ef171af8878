//! What gives a literal its name: the names before it, on its line and, where that says nothing, above.

use std::ops::Range;

use super::names::{is_naming, names, split};
use crate::scan::detect::position::line_range;

/// The names around a literal, in lower case.
#[derive(Default)]
pub(super) struct Statement {
    /// The words of the name that the literal is given.
    pub(super) name: Vec<String>,
    /// Whether its own line gives it this name.
    pub(super) own: bool,
    /// How many of the names are on its own line.
    beside: usize,
    /// All names before it on its line and on the lines that it goes on from, the nearest first.
    pub(super) names: Vec<String>,
    /// What follows on its line.
    pub(super) after: String,
    /// What stands directly before the literal.
    pub(super) prefix: String,
}

impl Statement {
    pub(super) fn of(file: &str, context: &[u8], span: &Range<usize>) -> Self {
        let line = line_range(context, span.start);
        let before = &context[line.start..span.start];
        let after = &context[span.end..line_range(context, span.end).end.max(span.end)];
        let mut statement = Self {
            after: lower(&after[..after.len().min(AFTER)]),
            prefix: lower(&before[before.len().saturating_sub(PREFIX)..]),
            ..Self::default()
        };
        if is_octet_key(context, span, before) {
            statement.name = split("oct-key");
        }
        let mut indent = indent_of(before);
        statement.add(before);
        statement.own = !statement.name.is_empty();
        statement.beside = statement.names.len();
        let mut start = line.start;
        for _ in 0..LINES_ABOVE {
            if !statement.name.is_empty() || start == 0 {
                break;
            }
            let above = line_range(context, start - 1);
            let text = &context[above.clone()];
            start = above.start;
            if text.trim_ascii().is_empty() && !before.trim_ascii().is_empty() {
                break;
            }
            // A sibling with a value of its own names nothing, unless it says that it does. An outer line names what is inside it, and has
            // siblings of its own.
            if indent_of(text) < indent {
                statement.add(text);
                indent = indent_of(text);
            } else {
                statement.add(of_sibling(text));
            }
        }
        // A file that holds the key alone says in its own name what it is.
        if statement.names.is_empty() && context.len() <= LONGEST_KEY_FILE {
            statement.add_file(file);
        }
        statement
    }

    /// The words that name the literal and those around it.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        self.names.iter().flat_map(|name| split(name))
    }

    /// The words before the literal on its line.
    pub(super) fn beside(&self) -> impl Iterator<Item = String> {
        self.names[..self.beside].iter().flat_map(|name| split(name))
    }

    fn add(&mut self, text: &[u8]) {
        let text = &text[text.len().saturating_sub(NEAR)..];
        if self.name.is_empty() {
            self.name = nearest(text);
        }
        self.names.extend(names(text).into_iter().rev());
    }

    /// The name of the file, and where that says nothing the one of its folder.
    fn add_file(&mut self, path: &str) {
        let mut parts = path.rsplit(['/', '\\']);
        let file = parts.next().unwrap_or(path);
        let stem = file.rsplit_once('.').filter(|(stem, end)| !stem.is_empty() && FORMATS.contains(end));
        self.add(stem.map_or(file, |(stem, _)| stem).as_bytes());
        let folder = parts.next().unwrap_or_default();
        if FOLDERS.contains(&folder) {
            self.name = split(folder);
        }
    }
}

/// The words of the last name that is one.
pub(super) fn nearest(text: &[u8]) -> Vec<String> {
    let text = of_statement(text);
    let names = names(text);
    let word = |at: usize| {
        let words = split(&names[at]);
        (!words.is_empty() && !is_passed_over(&names[at].to_ascii_lowercase(), &words)).then_some((at, words))
    };
    let Some((at, mut words)) = (0..names.len()).rev().find_map(word) else { return vec![] };
    // In a sentence the word before says which key it is: `the public key`.
    if words.len() == 1 && at > 0 && is_sentence(text, &names[at - 1], &names[at]) {
        words.insert(0, names[at - 1].clone());
    }
    words
}

/// What comes after the last statement that is complete. An entity ends with a semicolon as well, and so does what a property has
/// before its value: `{ get; set; } = `; and the type of an array has one in it.
fn of_statement(text: &[u8]) -> &[u8] {
    let entity = |at: usize| text[at.saturating_sub(6)..at].contains(&b'&');
    // The length in the type of an array: `[u8; 32]`.
    let length = |at: usize| {
        let rest = text[at + 1..].trim_ascii_start();
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        len > 0 && rest.get(len) == Some(&b']')
    };
    let ends = memchr::memrchr_iter(b';', text).find(|at| !entity(*at) && !length(*at));
    let rest = ends.map_or(text, |at| &text[at + 1..]);
    if rest.trim_ascii_start().starts_with(b"}") { text } else { rest }
}

/// Whether a word and a name are parted by one blank, and are not the beginning of a declaration.
fn is_sentence(text: &[u8], word: &str, name: &str) -> bool {
    let spoken = format!("{word} {name}");
    let text = text.trim_ascii_start();
    let at = memchr::memmem::rfind(text, spoken.as_bytes());
    let one = word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    one && at.is_some_and(|at| at > 0)
}

/// What a line beside the literal says of it: the value of `name: ENCRYPTION_KEY`, nothing of `type = string`, all of a remark.
fn of_sibling(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let Some(at) = text.iter().position(|byte| matches!(byte, b'=' | b':')) else { return text };
    let value = text[at + 1..].trim_ascii_start();
    let opens = value.is_empty() || value.last().is_some_and(|byte| b"[{(|>\\".contains(byte));
    if opens || text.starts_with(b"#") || text.starts_with(b"/") {
        return text;
    }
    let is_name = names(&text[..at]).last().is_some_and(|name| is_naming(&name.to_ascii_lowercase()));
    if is_name { value } else { &[] }
}

/// The member `k` of a JSON Web Key of type `oct` (RFC 7518 section 6.4).
fn is_octet_key(context: &[u8], span: &Range<usize>, before: &[u8]) -> bool {
    let near = &context[span.start.saturating_sub(NEAR)..context.len().min(span.end + NEAR)];
    let is_member = names(before).last().is_some_and(|name| name == "k");
    is_member && memchr::memmem::find(near, b"\"oct\"").is_some()
}

/// Types, declarations, decoders: they stand between a value and its name.
fn is_passed_over(name: &str, words: &[String]) -> bool {
    words.iter().all(|word| {
        PASSED_OVER.contains(&word.as_str())
            || word.split(|c: char| c.is_ascii_digit()).all(|part| part.len() <= 1 || PASSED_OVER.contains(&part))
    }) || PASSED_OVER.contains(&name)
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

pub(super) fn indent_of(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count()
}

#[rustfmt::skip]
const PASSED_OVER: &[&str] = &[
    "add", "arg", "array", "as", "ascii", "asc", "assign", "atob", "auto", "b", "base", "bin", "binary", "buf", "buffer", "by", "byte",
    "bytearray", "bytes", "byval", "char", "codec", "collect", "const", "constant", "constexpr", "content", "convert",
    "copy", "crypto", "current", "data", "de", "decode", "decoder", "decodestring", "default", "def", "dim", "echo",
    "encode", "encoded", "encoding", "engine", "env", "err", "error", "export", "expect", "final", "flag", "fn", "for", "format", "from",
    "fromhex", "frombase", "func", "function", "get", "getbytes", "getenv", "global", "go", "hex", "hexdecode", "hexstring", "hextobytes", "if",
    "immutable", "import", "in", "inline", "instance", "int", "is", "java", "latin", "let", "list", "literal", "local",
    "long", "map", "must", "mut", "my", "new", "nil", "none", "null", "object", "of", "ok", "option", "or", "os", "our",
    "pack", "parse", "parsed", "private", "process", "protected", "public", "push", "put", "raw", "readonly", "ref",
    "return", "safe", "secure", "securestring", "self", "set", "setdefault", "short", "signed", "slice", "some", "standard", "static", "std",
    "str", "strict", "string", "struct", "text", "the", "this", "to", "try", "tuple", "type", "typedef", "u", "ubyte",
    "uint", "unhexlify", "unsigned", "unwrap", "url", "urlsafe", "use", "utf", "util", "utils", "val", "value",
    "values", "var", "variable", "vec", "vector", "void", "with", "x", "xs", "y",
];

/// Endings of files that say nothing of what is in them.
const FORMATS: &[&str] = &["b64", "base64", "bin", "conf", "dat", "enc", "hex", "raw", "text", "txt"];

/// Folders whose files are keys.
const FOLDERS: &[&str] = &["keys", "master-keys", "master_keys", "masterkeys", "encryption-keys", "encryption_keys"];

const AFTER: usize = 120;
/// A file that holds a key alone, or a few with a remark.
const LONGEST_KEY_FILE: usize = 1024;

const LINES_ABOVE: usize = 6;
const NEAR: usize = 240;
const PREFIX: usize = 24;
