//! What a caller says a token is presented for, in the form in which it is counted.

use std::borrow::Cow;

/// The endpoint without its query and fragment, without what could steer a terminal, and no longer than the limit. `None` for
/// one that is empty, or has the token in it: what is counted is shown later.
pub(super) fn counted_as<'e>(endpoint: &'e str, token: &str) -> Option<Cow<'e, str>> {
    let path = endpoint.split(['?', '#']).next().unwrap_or_default();
    let path = cut(path);
    if path.is_empty() || !token.is_empty() && endpoint.contains(token) {
        return None;
    }
    if !path.chars().any(char::is_control) {
        return Some(path.into());
    }
    // What stands for a control character is longer than it.
    let clean = path.replace(char::is_control, "\u{fffd}");
    Some(cut(&clean).to_owned().into())
}

/// No longer than the limit, and whole characters.
fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(MAX_ENDPOINT_LEN)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// In bytes.
pub(super) const MAX_ENDPOINT_LEN: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_counted_without_query_controls_and_excess() {
        let cases = [
            ("/v1/invoices", Some("/v1/invoices".to_owned())),
            ("/v1/invoices?token=abc#x", Some("/v1/invoices".into())),
            ("GET /v1#top", Some("GET /v1".into())),
            ("/a\u{1b}[2J\n/b\u{85}", Some("/a\u{fffd}[2J\u{fffd}/b\u{fffd}".into())),
            ("?a", None),
            ("", None),
            ("/keys/secret", None),
            ("/keys?key=secret", None),
        ];
        for (given, counted) in cases {
            assert_eq!(counted_as(given, "secret").as_deref(), counted.as_deref(), "{given:?}");
        }
        assert_eq!(counted_as(&"é".repeat(300), "").expect("counted"), "é".repeat(250));
        assert_eq!(counted_as(&format!("{}é", "x".repeat(499)), "").expect("counted"), "x".repeat(499));
        assert_eq!(counted_as(&"\n".repeat(500), "").expect("counted"), "\u{fffd}".repeat(166));
    }
}
