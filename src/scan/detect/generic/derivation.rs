//! Keys that code makes of a constant: digests, derivations, encodings and repetitions of a text that stands beside them.

use std::ops::Range;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::names::split;
use super::randomness;
use crate::scan::detect::classes::is_quote;
use crate::scan::detect::position::line_range;

/// An expression that makes bytes of a constant.
pub(super) struct Derivation {
    /// The whole expression.
    pub(super) span: Range<usize>,
    /// Its value, where it is a simple one.
    pub(super) bytes: Option<Zeroizing<[u8; 32]>>,
    /// Whether the constant was drawn at random: nobody guesses it, and whoever reads it has the key.
    pub(super) is_drawn: bool,
}

impl Derivation {
    fn of_repetition(span: Range<usize>) -> Self {
        Self { span, bytes: None, is_drawn: false }
    }
}

/// Tells `found` every such expression in the window.
pub(super) fn search(window: &[u8], found: &mut dyn FnMut(Derivation)) {
    for at in memchr::memchr2_iter(b'(', b'|', window) {
        let derivation = if window[at] == b'(' { call(window, at) } else { piped(window, at) };
        if let Some(derivation) = derivation {
            found(derivation);
        }
    }
    for at in memchr::memchr_iter(b'*', window) {
        if let Some(span) = repeated(window, at) {
            found(Derivation::of_repetition(span));
        }
    }
}

/// `sha256(b"...")`, `urlsafe_b64encode(b"...")`, `"a".repeat(32)`.
fn call(window: &[u8], open: usize) -> Option<Derivation> {
    let callee = callee(window, open);
    let joined = joined(&window[callee.clone()])?;
    let ends = FUNCTIONS.iter().filter(|(name, _)| joined.ends_with(name.as_bytes()));
    let function = ends.max_by_key(|(name, _)| name.len())?.1;
    let close = closing(window, open)?;
    let arguments = &window[open + 1..close];
    let line = line_range(window, callee.start);
    let before = window[line.start..callee.start].to_ascii_lowercase();
    let speaks = |words: &[&str]| words.iter().any(|word| memchr::memmem::find(&before, word.as_bytes()).is_some());
    let span = chain_start(window, callee.start)..close + 1;
    let bytes = match function {
        Function::Member if !speaks(DIGESTS) => return None,
        Function::Named if !DIGESTS.iter().any(|word| contains(arguments, word)) => return None,
        Function::Repeat => {
            let text = window[..callee.start].strip_suffix(b".").unwrap_or(&window[..callee.start]);
            let receiver = text.last().is_some_and(|byte| is_quote(*byte));
            let count = arguments.trim_ascii().iter().all(u8::is_ascii_digit) && !arguments.is_empty();
            let given = constant(arguments).is_some();
            return (receiver && count || given).then(|| Derivation::of_repetition(span));
        }
        Function::Range => return is_plain_range(arguments).then(|| Derivation::of_repetition(span)),
        Function::Digest | Function::Encoding | Function::Member | Function::Named => constant(arguments)?,
    };
    let value = match function {
        Function::Digest if is_sha256(&joined) && !bytes.contains(&b'\\') => {
            let mut value = Zeroizing::new([0; 32]);
            value.copy_from_slice(&Sha256::digest(bytes));
            Some(value)
        }
        // What the text is decoded from is judged as a literal.
        Function::Encoding if decodes(arguments) => return None,
        Function::Encoding => <[u8; 32]>::try_from(bytes).ok().map(Zeroizing::new),
        _ => None,
    };
    Some(Derivation { span, bytes: value, is_drawn: is_drawn(bytes) })
}

fn is_drawn(constant: &[u8]) -> bool {
    constant.len() >= LEAST_DRAWN && randomness::of_text("text", constant)
}

/// Whether it is the digest of its argument alone.
fn is_sha256(joined: &[u8]) -> bool {
    let ends = [&b"sha256"[..], b"sum256", b"sha256digest"].iter().any(|name| joined.ends_with(name));
    ends && memchr::memmem::find(joined, b"mac").is_none() && memchr::memmem::find(joined, b"pbkdf").is_none()
}

/// Whether the text is decoded and not encoded: `Buffer.from("...", "hex")`.
fn decodes(arguments: &[u8]) -> bool {
    let last = arguments.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    let last: Vec<u8> = last.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    last.len() < arguments.len() && matches!(&*last, b"hex" | b"base64" | b"base64url")
}

/// `echo changeme | sha256sum`.
fn piped(window: &[u8], at: usize) -> Option<Derivation> {
    let after = window[at + 1..window.len().min(at + 40)].trim_ascii_start();
    let filter = FILTERS.iter().find(|filter| after.starts_with(filter.as_bytes()))?;
    let line = line_range(window, at);
    let before = &window[line.start..at];
    let start = before.iter().rposition(|byte| matches!(byte, b'(' | b'`' | b';' | b'|')).map_or(0, |at| at + 1);
    let command = before[start..].trim_ascii();
    let text = command.strip_prefix(b"echo").or_else(|| command.strip_prefix(b"printf"))?.trim_ascii();
    let constant = text.len() >= LEAST_SAID && !text.iter().any(|byte| matches!(byte, b'$' | b'<' | b'>'));
    let end = at + 1 + window[at + 1..].iter().position(|byte| *byte == filter.as_bytes()[0])? + filter.len();
    let span = line.start + start..end;
    constant.then(|| Derivation { span, bytes: None, is_drawn: is_drawn(text) })
}

/// `b"a" * 32`.
fn repeated(window: &[u8], star: usize) -> Option<Range<usize>> {
    let before = window[star.saturating_sub(LONGEST)..star].trim_ascii_end();
    let quote = *before.last().filter(|byte| is_quote(**byte))?;
    let open = before[..before.len() - 1].iter().rposition(|byte| *byte == quote)?;
    let text = &before[open + 1..before.len() - 1];
    let after = &window[star + 1..window.len().min(star + 8)];
    let blank = after.iter().take_while(|byte| **byte == b' ').count();
    let digits = after[blank..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let count: usize = std::str::from_utf8(&after[blank..blank + digits]).ok()?.parse().ok()?;
    let start = star.saturating_sub(LONGEST) + open;
    (!text.contains(&b'\n') && !text.is_empty() && (4..=64).contains(&count))
        .then_some(start..star + 1 + blank + digits)
}

/// The name before a parenthesis with what it is a member of.
fn callee(window: &[u8], open: usize) -> Range<usize> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'!');
    let len = window[..open].iter().rev().take(LONGEST_NAME).take_while(part).count();
    open - len..open
}

/// Where an expression begins of which the name is a member: `createHash('sha256').update`.
fn chain_start(window: &[u8], start: usize) -> usize {
    let low = start.saturating_sub(LONGEST);
    if window[..start].last() != Some(&b')') {
        return start;
    }
    let mut depth = 0_usize;
    for at in (low..start).rev() {
        match window[at] {
            b')' => depth += 1,
            b'(' if depth == 1 => return chain_start(window, callee(window, at).start),
            b'(' => depth -= 1,
            b'\n' => return start,
            _ => {}
        }
    }
    start
}

/// The last letters and digits of a name, in lower case; `None` when they can be no function's here.
fn joined(name: &[u8]) -> Option<Vec<u8>> {
    let kept: Vec<u8> = name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    (kept.len() >= LEAST_NAME).then_some(kept)
}

fn closing(window: &[u8], open: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let end = window.len().min(open + LONGEST);
    let mut at = open;
    while at < end {
        let byte = window[at];
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            None if is_quote(byte) => quote = Some(byte),
            None if byte == b'(' => depth += 1,
            None if byte == b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The first text among arguments of which none is a variable.
fn constant(arguments: &[u8]) -> Option<&[u8]> {
    let (mut at, mut text) = (0, None);
    while at < arguments.len() {
        let byte = arguments[at];
        if is_quote(byte) {
            let len = arguments[at + 1..].iter().position(|other| *other == byte)?;
            let literal = &arguments[at + 1..at + 1 + len];
            let prefix = at.checked_sub(1).map(|before| arguments[before].to_ascii_lowercase());
            let interpolated = prefix == Some(b'f')
                || [&b"${"[..], b"#{", b"%s", b"{}"].iter().any(|mark| memchr::memmem::find(literal, mark).is_some());
            if interpolated {
                return None;
            }
            let lower = literal.to_ascii_lowercase();
            if text.is_none() && !is_parameter(&lower) && literal.len() >= LEAST_SAID {
                text = Some(literal);
            }
            at += len + 2;
        } else if byte.is_ascii_alphabetic() || byte == b'_' {
            let len = arguments[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let word = &arguments[at..at + len];
            let named = arguments[at + len..].trim_ascii_start();
            let is_label = matches!(named, [b'=', next, ..] if *next != b'=')
                || matches!(named, [b':', next, ..] if *next != b':');
            let is_prefix = named.first().is_some_and(|byte| is_quote(*byte));
            if !is_label && !is_prefix && !is_known(word) {
                return None;
            }
            at += len;
        } else {
            at += 1;
        }
    }
    text
}

/// Names of algorithms and encodings: they say how, and not of what.
fn is_parameter(literal: &[u8]) -> bool {
    let plain: Vec<u8> = literal.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    PARAMETERS.iter().any(|name| name.as_bytes() == plain)
}

/// What may stand around a constant: conversions, encodings, algorithms.
fn is_known(word: &[u8]) -> bool {
    let text = String::from_utf8_lossy(word);
    split(&text).iter().all(|part| {
        KNOWN.contains(&part.as_str())
            || part.bytes().all(|byte| byte.is_ascii_digit())
            || is_parameter(part.as_bytes())
    })
}

fn is_plain_range(arguments: &[u8]) -> bool {
    let inner = arguments.trim_ascii();
    let inner = inner.strip_prefix(b"range(").and_then(|inner| inner.strip_suffix(b")")).unwrap_or(inner);
    let range = inner.len() < arguments.trim_ascii().len();
    range && inner.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b' '))
}

fn contains(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), word.as_bytes()).is_some()
}

#[derive(Clone, Copy)]
enum Function {
    /// Of a text.
    Digest,
    /// Bytes as text.
    Encoding,
    /// Of what was named before on the line: `createHash('sha256').update("...")`.
    Member,
    /// With the algorithm as an argument: `hash('sha256', "...")`.
    Named,
    /// A list of numbers: `bytes(range(32))`.
    Range,
    Repeat,
}

use Function::{Digest as Of, Encoding, Member, Named, Range as Numbers, Repeat};

/// The end of a name in letters and digits.
const FUNCTIONS: &[(&str, Function)] = &[
    ("argon2id", Of),
    ("b64encode", Encoding),
    ("base64encode", Encoding),
    ("blake2b", Of),
    ("blake2s", Of),
    ("blake3", Of),
    ("blake3hash", Of),
    ("btoa", Encoding),
    ("bufferfrom", Encoding),
    ("bytes", Numbers),
    ("computehash", Of),
    ("cryptohash", Named),
    ("digest", Member),
    ("digestutilssha256", Of),
    ("encode64", Encoding),
    ("encodetostring", Encoding),
    ("evpbytestokey", Of),
    ("hash", Named),
    ("hashdata", Of),
    ("hashlibnew", Named),
    ("hashpbkdf2", Named),
    ("md5", Of),
    ("md5digest", Of),
    ("md5hexdigest", Of),
    ("pbkdf2", Of),
    ("pbkdf2hmac", Of),
    ("pbkdf2key", Of),
    ("pbkdf2sync", Of),
    ("repeat", Repeat),
    ("rfc2898derivebytes", Of),
    ("scrypt", Of),
    ("scryptkey", Of),
    ("scryptsync", Of),
    ("sha1", Of),
    ("sha1digest", Of),
    ("sha224", Of),
    ("sha256", Of),
    ("sha256digest", Of),
    ("sha256hex", Of),
    ("sha256hexdigest", Of),
    ("sha3256", Of),
    ("sha384", Of),
    ("sha384digest", Of),
    ("sha512", Of),
    ("sha512256", Of),
    ("sha512digest", Of),
    ("sha512hexdigest", Of),
    ("strrepeat", Repeat),
    ("sum256", Of),
    ("sum512", Of),
    ("tobase64string", Encoding),
    ("update", Member),
];

const DIGESTS: &[&str] =
    &["sha1", "sha-1", "sha2", "sha-2", "sha3", "sha-3", "sha5", "sha-5", "md5", "blake", "messagedigest"];

/// What text is piped into.
const FILTERS: &[&str] = &[
    "sha256sum",
    "sha512sum",
    "sha1sum",
    "md5sum",
    "shasum",
    "openssl dgst",
    "openssl sha",
    "openssl md5",
    "base64",
    "xxd -p",
];

const PARAMETERS: &[&str] = &[
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3256",
    "sha3512",
    "sha512256",
    "md5",
    "blake2b",
    "blake2s",
    "utf8",
    "utf16",
    "ascii",
    "latin1",
    "hex",
    "base64",
    "base64url",
    "binary",
    "raw",
    "hmac",
];

#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "algorithm", "array", "as", "ascii", "b", "buffer", "byte", "bytes", "charset", "charsets", "crypto", "data", "digest", "encode", "encoder", "encoding",
    "false", "from", "get", "hash", "hashes", "hex", "into", "latin1", "new", "nil", "none", "null", "of", "r", "slice", "standard", "string", "sha", "str",
    "text", "to", "true", "u", "uint8", "unicode", "utf", "utf8", "vec",
];

/// Characters of 16 random bytes and more.
const LEAST_DRAWN: usize = 32;
const LEAST_NAME: usize = 3;
const LEAST_SAID: usize = 1;
/// How far a call goes.
const LONGEST: usize = 300;
const LONGEST_NAME: usize = 48;
