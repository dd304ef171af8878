//! Calls that take a key as an argument, and literals that reach one by a variable.

use std::ops::Range;

use super::enclosing;
use super::names::names;
use crate::scan::detect::position::line_range;

/// The calls around a literal, the nearest first: their names without separators, and which argument it is.
type Calls = [(String, usize)];

/// Whether the literal is the key of one of its calls, or of one that follows and is given what the literal is assigned to.
pub(super) fn takes(calls: &Calls, context: &[u8], span: &Range<usize>) -> bool {
    take_key(calls) || is_given(context, span)
}

/// Whether the literal is what a test expects.
pub(super) fn expects(calls: &Calls) -> bool {
    calls.first().is_some_and(|(name, _)| EXPECTING.iter().any(|call| name.ends_with(call)))
}

fn take_key(calls: &Calls) -> bool {
    calls.iter().any(|(name, argument)| {
        TAKING.iter().any(|(call, arguments)| name.ends_with(call) && arguments >> (*argument).min(7) & 1 == 1)
    })
}

/// `raw = atob("..."); importKey("raw", raw, ...)`
fn is_given(context: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(context, span.start);
    let before = &context[line.start..span.start];
    let Some(assigned) = before.iter().position(|byte| *byte == b'=') else { return false };
    let after = line_range(context, span.end).end;
    let below = &context[after..context.len().min(after + FOLLOWING)];
    names(&before[..assigned]).iter().any(|name| {
        memchr::memmem::find_iter(below, name.as_bytes()).any(|at| {
            let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
            apart(below[..at].last()) && apart(below.get(at + name.len())) && take_key(&enclosing::calls(below, at))
        })
    })
}

/// The end of a name without separators in lower case, and the arguments that are keys, one bit each.
const TAKING: &[(&str, u8)] = &[
    ("aescipher", FIRST),
    ("aesdecrypt", SECOND),
    ("aesencrypt", SECOND),
    ("aesgcm", FIRST),
    ("aesgcmnew", FIRST),
    ("aesgcmsiv", FIRST),
    ("aesnew", FIRST),
    ("aesnewcipher", FIRST),
    ("aessiv", FIRST),
    ("chacha20poly1305", FIRST),
    ("chacha20poly1305new", FIRST),
    ("cryptosecretbox", THIRD),
    ("cryptosecretboxeasy", THIRD),
    ("cryptosecretboxopen", THIRD),
    ("cryptosecretboxopeneasy", THIRD),
    ("createcipheriv", SECOND),
    ("createdecipheriv", SECOND),
    ("createhmac", SECOND),
    ("csrfprotect", FIRST),
    ("fernet", FIRST),
    ("hashhmac", THIRD),
    ("hmac", SECOND),
    ("hmachmac", FIRST),
    ("hmackeynew", SECOND),
    ("hmacnew", FIRST | SECOND),
    ("hmacshakeyfor", FIRST),
    ("importkey", SECOND),
    ("ironseal", SECOND),
    ("ironunseal", SECOND),
    ("jwtdecode", SECOND),
    ("jwtencode", SECOND),
    ("jwtsign", SECOND),
    ("jwtverify", SECOND),
    ("messageencryptornew", FIRST),
    ("messageverifiernew", FIRST),
    ("naclsecretbox", THIRD),
    ("newaesgcm", FIRST),
    ("newcookiestore", ANY),
    ("openssldecrypt", THIRD),
    ("opensslencrypt", THIRD),
    ("pgpsymdecrypt", SECOND),
    ("pgpsymencrypt", SECOND),
    ("secretbox", FIRST),
    ("secretboxnew", FIRST),
    ("secretboxopen", THIRD),
    ("secretkeyspec", FIRST),
    ("securecookienew", ANY),
    ("simplebox", FIRST),
    ("supportfactory", FIRST),
    ("symmetrickey", ANY),
    ("symmetricsecuritykey", FIRST),
    ("timedserializer", FIRST),
    ("urlsafeserializer", FIRST),
    ("xchacha20poly1305new", FIRST),
];

const EXPECTING: &[&str] = &["asserteq", "assertequal", "assertequals", "tobe", "toequal", "tostrictequal"];

const FIRST: u8 = 1;
const SECOND: u8 = 2;
const THIRD: u8 = 4;
const ANY: u8 = u8::MAX;

/// How far below an assignment its variable is looked for.
const FOLLOWING: usize = 500;
