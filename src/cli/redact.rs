//! Takes what may be a secret out of messages: people type keys and tokens where other things belong.

use std::borrow::Cow;

use strongroom::scan::secrets_in;

/// The text with `[REDACTED]` in the place of whatever may be a master key, a token, a verifier key or a share.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    let secrets = secrets_in(text.as_bytes());
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets {
        // Both ends are ASCII.
        safe.push_str(&text[at..secret.start]);
        safe.push_str("[REDACTED]");
        at = secret.end;
    }
    safe.push_str(&text[at..]);
    Cow::Owned(safe)
}
