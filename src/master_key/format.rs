//! What a text is that should have been a master key: its one spelling, or a neighbour that people take for it.

use base64ct::{Base64, Base64Url, Encoding};
use zeroize::Zeroizing;

use super::finding::{Finding, Severity};
use crate::secret::SecretBytes;

/// What was read: the bytes where they can be told, and what is wrong with the spelling.
pub(super) struct Reading {
    pub(super) key: Option<SecretBytes<32>>,
    pub(super) malformed: Option<Finding>,
}

/// Reads the one spelling, or names the one that it is.
pub(super) fn read(text: &str) -> Reading {
    if let Some(key) = strict(text) {
        return Reading { key: Some(key), malformed: None };
    }
    let bare = text.trim();
    let (inner, wrapped) = unwrap(bare);
    let (key, finding) = if inner.is_empty() {
        (None, refuse("format-empty", "there is no key", GENERATE))
    } else if let Some(key) = strict(inner) {
        let (id, what) = wrapped.unwrap_or(("format-white-space", "there is white space around the key"));
        (Some(key), refuse(id, what, "leave out all but the 44 characters"))
    } else {
        recognise(inner)
    };
    Reading { key, malformed: Some(finding) }
}

/// 44 characters of URL-safe base64 whose unused bits are zero.
fn strict(text: &str) -> Option<SecretBytes<32>> {
    (text.len() == TEXT_LEN).then(|| decode::<Base64Url>(text)).flatten()
}

fn decode<E: Encoding>(text: &str) -> Option<SecretBytes<32>> {
    let mut buffer = Zeroizing::new([0; 33]);
    let decoded = E::decode(text, buffer.as_mut()).ok()?;
    let exact: &[u8; 32] = decoded.try_into().ok()?;
    Some(kept(exact))
}

fn kept(exact: &[u8; 32]) -> SecretBytes<32> {
    let copied = SecretBytes::fill_with(|bytes| {
        bytes.copy_from_slice(exact);
        Ok::<(), std::convert::Infallible>(())
    });
    copied.unwrap_or_else(|never| match never {})
}

/// What stands inside quotes, Python's `b'...'`, Laravel's `base64:` or an assignment.
fn unwrap(text: &str) -> (&str, Option<(&'static str, &'static str)>) {
    let quoted = |text: &'_ str| -> Option<usize> {
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        (text.len() > 1 && text.ends_with(quote)).then_some(1)
    };
    if let Some(python) = text.strip_prefix('b').filter(|rest| quoted(rest).is_some()) {
        return (&python[1..python.len() - 1], Some(("format-python-bytes", "it is written as Python prints bytes")));
    }
    if quoted(text).is_some() {
        return (text[1..text.len() - 1].trim(), Some(("format-quoted", "there are quotes around the key")));
    }
    match text.split_once(':') {
        Some(("base64", rest)) => (rest, Some(("format-prefixed", "there is a word before the key"))),
        _ => (text, None),
    }
}

fn recognise(text: &str) -> (Option<SecretBytes<32>>, Finding) {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        let mut bytes = Zeroizing::new([0; 32]);
        let decoded = base16ct::mixed::decode(digits, bytes.as_mut()).is_ok();
        let remedy = "write the same bytes in base64: `xxd -r -p | base64 | tr '+/' '-_'`";
        return (
            decoded.then(|| kept(&bytes)),
            refuse("format-hex", "it is 64 hexadecimal digits, not base64", remedy),
        );
    }
    let body = text.trim_end_matches('=');
    let standard = body.contains(['+', '/']);
    let translated: Zeroizing<String> = Zeroizing::new(body.replace('-', "+").replace('_', "/"));
    let all_base64 = translated.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'));
    if all_base64 && body.len() == 43 {
        let padded = Zeroizing::new(format!("{}=", *translated));
        if let Some(key) = decode::<Base64>(&padded) {
            return (Some(key), spelling(standard, text.len() - body.len()));
        }
        let remedy = GENERATE;
        let what = "its last character has bits set that no key has: a character was changed or lost";
        return (None, refuse("format-last-character", what, remedy));
    }
    if text.len() == 32 && text.is_ascii() {
        let what = "it is 32 characters that encode nothing: a master key is 44 characters of URL-safe base64";
        return (text.as_bytes().try_into().ok().map(kept), refuse("format-raw-text", what, GENERATE));
    }
    (None, misfit(text, body, all_base64))
}

fn spelling(standard: bool, padding: usize) -> Finding {
    match (standard, padding) {
        (true, _) => refuse(
            "format-standard-base64",
            "it is in the standard alphabet of base64, not the URL-safe one",
            "write `-` for `+`, and `_` for `/`: `tr '+/' '-_'`",
        ),
        (false, 0) => refuse("format-unpadded", "the `=` at its end is missing", "add one `=` at the end"),
        (false, _) => refuse("format-padding", "it ends in more than one `=`", "leave one `=` at the end"),
    }
}

/// Nothing that holds 32 bytes.
fn misfit(text: &str, body: &str, all_base64: bool) -> Finding {
    let count = text.chars().count();
    if text.chars().any(char::is_whitespace) {
        let what =
            format!("a master key is 44 characters of URL-safe base64, and this is {count} with white space in it");
        return refuse("format-white-space", what, "give the 44 characters on one line");
    }
    if all_base64 && body.len() % 4 != 1 && count != TEXT_LEN {
        let (what, bytes) = ("a master key is 44 characters of URL-safe base64", body.len() * 3 / 4);
        return refuse("format-size", format!("{what}, for 32 bytes, and this has {count}, for {bytes}"), GENERATE);
    }
    if count == TEXT_LEN {
        let what = "a master key is 44 characters of URL-safe base64 ending in `=`, and this has others among them";
        return refuse("format-alphabet", what, GENERATE);
    }
    refuse("format-length", format!("a master key is 44 characters of URL-safe base64, and this has {count}"), GENERATE)
}

fn refuse(
    id: &'static str,
    what: impl Into<std::borrow::Cow<'static, str>>,
    remedy: impl Into<std::borrow::Cow<'static, str>>,
) -> Finding {
    Finding::new(id, Severity::Refuse, what).remedy(remedy)
}

const TEXT_LEN: usize = 44;
const GENERATE: &str =
    "copy the key again from where it is kept; for a new vault `strongroom master-key generate` makes one";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=";

    #[test]
    fn each_misspelling_is_named_and_its_bytes_are_known() {
        let hex = "ab754fc967363349848 6b4b58d8c3327947c9139fbbd7a0b854fdf0fdfa001b1".replace(' ', "");
        let bare = GOOD.trim_end_matches('=');
        let cases = [
            ("format-hex", hex.clone()),
            ("format-hex", format!("0x{}", hex.to_uppercase())),
            ("format-standard-base64", GOOD.replace('_', "/").replace('-', "+")),
            ("format-standard-base64", bare.replace('_', "/").replace('-', "+")),
            ("format-unpadded", bare.to_owned()),
            ("format-padding", format!("{GOOD}=")),
            ("format-quoted", format!("\"{GOOD}\"")),
            ("format-quoted", format!("'{GOOD}'")),
            ("format-python-bytes", format!("b'{GOOD}'")),
            ("format-prefixed", format!("base64:{GOOD}")),
            ("format-white-space", format!("  {GOOD}\n")),
            ("format-raw-text", "change-this-to-thirty-two-chars!".to_owned()),
        ];
        for (id, text) in cases {
            let reading = read(&text);
            assert_eq!(reading.malformed.map(|finding| finding.id), Some(id), "{text}");
            assert!(reading.key.is_some(), "{id}");
        }
    }

    #[test]
    fn what_holds_no_key_is_told_apart() {
        let cases = [
            ("format-empty", String::new()),
            ("format-empty", "\"\"".into()),
            ("format-empty", " \n".into()),
            ("format-last-character", GOOD.replace("E=", "F=")),
            ("format-size", "c2hvcnQ=".into()),
            ("format-size", "A".repeat(86)),
            ("format-alphabet", GOOD.replace("q3V", "q!V")),
            ("format-length", "what!".into()),
            ("format-length", "é".repeat(22)),
            ("format-white-space", "a b".into()),
        ];
        for (id, text) in cases {
            let reading = read(&text);
            assert_eq!(reading.malformed.map(|finding| finding.id), Some(id), "{text}");
            assert!(reading.key.is_none(), "{id}");
        }
        for quote in ["\"", "'", "b'", "b\"", "b", "=", "base64:"] {
            assert!(read(quote).key.is_none());
        }
    }
}
