//! What stands before the random part of a token and is the same in all tokens of its kind.

use super::{uuid, vocabulary};
use crate::words;

/// The text behind its prefixes, and what they cost. Nothing but a prefix is none.
///
/// Of random base64url 2^-14 begins with what costs nothing; other alphabets have no mark to end it. A piece that is no word costs what
/// it would cost at random, but for a few bits.
pub(super) fn without(text: &str) -> (&str, f64) {
    if let Some(behind) = KNOWN.iter().find_map(|prefix| text.strip_prefix(prefix)).filter(|behind| !behind.is_empty())
    {
        return (behind, 0.0);
    }
    let mut body = text;
    while let Some(behind) = word(body).filter(|behind| !behind.is_empty() && !uuid::is_one(body)) {
        body = behind;
    }
    if body.len() == text.len()
        && !uuid::is_one(text)
        && let Some((piece, behind)) = text.split_once(['_', '-']).filter(|(_, behind)| !behind.is_empty())
        && is_of_one_case(piece)
        && (3..=8).contains(&piece.len())
    {
        let random = BITS_EACH * f64::from(u8::try_from(piece.len() + 1).expect("no more than 9"));
        return (behind, (random - UNKNOWN).max(0.0));
    }
    (body, 0.0)
}

/// Letters that are a word or an abbreviation, up to a mark.
fn word(text: &str) -> Option<&str> {
    let (piece, behind) = text.split_once(['_', '-', '.', ':'])?;
    (is_of_one_case(piece) && is_name(piece)).then_some(behind)
}

fn is_of_one_case(piece: &str) -> bool {
    piece.bytes().all(|c| c.is_ascii_lowercase()) || piece.bytes().all(|c| c.is_ascii_uppercase())
}

/// The shorter, the more of it has to be as in words.
fn is_name(letters: &str) -> bool {
    let least = match letters.len() {
        3 | 4 if NAMES.iter().any(|name| letters.eq_ignore_ascii_case(name)) => 0,
        4 => return vocabulary::has(letters),
        5 => 100,
        6 => 80,
        7 => 60,
        8 | 9 => 50,
        10..=32 => 40,
        _ => return false,
    };
    let spoken = letters.as_bytes().windows(2).filter(|pair| words::is_spoken(pair[0], pair[1])).count();
    spoken * 100 >= (letters.len() - 1) * least || vocabulary::has(letters)
}

/// Of base64url.
const BITS_EACH: f64 = 6.0;
/// How much less a prefix costs that is no word: 96 bits stay above 80.
const UNKNOWN: f64 = 10.0;

/// Of services, the longer before those they begin with.
const KNOWN: &[&str] = &[
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "pk_test_",
    "rk_live_",
    "rk_test_",
    "sk_",
    "pk_",
    "sk-proj-",
    "sk-ant-api03-",
    "sk-ant-admin01-",
    "sk-or-v1-",
    "sk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxe-",
    "xoxs-",
    "xapp-",
    "dop_v1_",
    "doo_v1_",
    "dor_v1_",
    "shpat_",
    "shpca_",
    "shppa_",
    "shpss_",
    "sq0atp-",
    "sq0csp-",
    "whsec_",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "glsa_",
    "lin_api_",
    "hvs.",
    "pul-",
    "dckr_pat_",
    "nfp_",
    "rubygems_",
    "cio_",
    "v1.",
    "v2.",
];

/// Abbreviations.
const NAMES: &[&str] = &[
    "api", "app", "dev", "key", "lic", "npm", "pat", "prd", "pub", "sec", "ssh", "stg", "svc", "tok", "tst", "usr",
    "web", "auth", "hmac", "prod", "repo",
];
