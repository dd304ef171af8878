//! What gives a literal its name: the names before it, on its line and, where that says nothing, above.

use std::ops::Range;

use crate::scan::detect::position::line_range;

/// The names around a literal, in lower case.
#[derive(Default)]
pub(super) struct Statement {
    /// The words of the name that the literal is given.
    pub(super) name: Vec<String>,
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
        let indent = indent_of(before);
        statement.add(before);
        let mut start = line.start;
        for _ in 0..LINES_ABOVE {
            if !statement.name.is_empty() || start == 0 {
                break;
            }
            let above = line_range(context, start - 1);
            let text = &context[above.clone()];
            start = above.start;
            // A sibling that is no name, a list's own comment: go on. An outer line names what is inside it.
            if text.trim_ascii().is_empty() && !before.trim_ascii().is_empty() {
                break;
            }
            if indent_of(text) <= indent || statement.name.is_empty() {
                statement.add(text);
            }
        }
        // A file that holds the key alone says in its own name what it is.
        if statement.names.is_empty() {
            statement.add(file.rsplit(['/', '\\']).next().unwrap_or(file).as_bytes());
        }
        statement
    }

    /// The words that name the literal and those around it.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        self.names.iter().flat_map(|name| split(name))
    }

    fn add(&mut self, text: &[u8]) {
        let text = &text[text.len().saturating_sub(NEAR)..];
        for name in names(text).into_iter().rev() {
            let lower = name.to_ascii_lowercase();
            let words = split(&name);
            if self.name.is_empty() && !words.is_empty() && !is_passed_over(&lower, &words) {
                self.name = words;
            }
            self.names.push(name);
        }
    }
}

/// The member `k` of a JSON Web Key of type `oct` (RFC 7518 section 6.4).
fn is_octet_key(context: &[u8], span: &Range<usize>, before: &[u8]) -> bool {
    let near = &context[span.start.saturating_sub(NEAR)..context.len().min(span.end + NEAR)];
    let is_member = names(before).last().is_some_and(|name| name == "k");
    is_member && memchr::memmem::find(near, b"\"oct\"").is_some()
}

/// Names: letters, digits, underscores, dashes and dots.
fn names(text: &[u8]) -> Vec<String> {
    let part = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let names = text.split(part).map(|name| String::from_utf8_lossy(name).trim_matches(['.', '-', '_']).to_owned());
    names.filter(|name| name.bytes().any(|byte| byte.is_ascii_alphabetic()) && !is_value(name)).collect()
}

/// A key beside the literal names nothing.
fn is_value(name: &str) -> bool {
    let any = |class: fn(&u8) -> bool| name.bytes().any(|byte| class(&byte));
    let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let mixed = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    name.len() >= SHORTEST_VALUE && digits > 1 && (is_hex || mixed)
}

/// The words of a name in any style, in lower case: `masterKey`, `MASTER_KEY`, `master-key`.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let characters: Vec<char> = name.chars().collect();
    let mut word = String::new();
    for (at, character) in characters.iter().enumerate() {
        let next_is_lower = characters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let after_lower = at > 0 && !characters[at - 1].is_ascii_uppercase();
        let begins = character.is_ascii_uppercase() && (after_lower || next_is_lower);
        if !character.is_ascii_alphanumeric() || begins {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Types, declarations, decoders: they stand between a value and its name.
fn is_passed_over(name: &str, words: &[String]) -> bool {
    words.iter().all(|word| {
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        PASSED_OVER.contains(&stem) || PASSED_OVER.contains(&word.as_str()) || stem.len() <= 1
    }) || PASSED_OVER.contains(&name)
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

fn indent_of(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count()
}

#[rustfmt::skip]
const PASSED_OVER: &[&str] = &[
    "add", "arg", "array", "as", "ascii", "asc", "assign", "atob", "auto", "b", "base", "bin", "buf", "buffer", "by", "byte",
    "bytearray", "bytes", "byval", "char", "codec", "collect", "const", "constant", "constexpr", "content", "convert",
    "copy", "crypto", "current", "data", "de", "decode", "decoder", "decodestring", "default", "def", "dim", "echo",
    "encode", "encoded", "encoding", "engine", "env", "export", "expect", "final", "flag", "fn", "for", "format", "from",
    "fromhex", "func", "function", "get", "getbytes", "getenv", "global", "go", "hex", "hexdecode", "hexstring", "if",
    "immutable", "import", "in", "inline", "instance", "int", "is", "java", "latin", "let", "list", "literal", "local",
    "long", "map", "must", "mut", "my", "new", "nil", "none", "null", "object", "of", "ok", "option", "or", "os", "our",
    "pack", "parse", "parsed", "private", "process", "protected", "public", "push", "put", "raw", "readonly", "ref",
    "return", "safe", "secure", "securestring", "self", "set", "setdefault", "short", "signed", "slice", "some", "standard", "static", "std",
    "str", "strict", "string", "struct", "text", "the", "this", "to", "try", "tuple", "type", "typedef", "u", "ubyte",
    "uint", "unhexlify", "unsigned", "unwrap", "url", "urlsafe", "use", "utf", "util", "utils", "val", "value",
    "values", "var", "variable", "vec", "vector", "void", "with", "x", "xs", "y",
];

const AFTER: usize = 120;
const LINES_ABOVE: usize = 4;
const NEAR: usize = 240;
const PREFIX: usize = 24;
const SHORTEST_VALUE: usize = 32;
