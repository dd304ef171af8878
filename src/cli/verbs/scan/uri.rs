//! Paths as URI references (RFC 3986).

use std::fmt::Write;

/// Every byte of the path, those that are no text as well.
pub(super) fn of(path: &[u8]) -> String {
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with(b"/") {
        uri.push_str("file://");
    } else if path.split(|byte| *byte == b'/').next().is_some_and(|first| first.contains(&b':')) {
        // A first part with a colon would read as a scheme.
        uri.push_str("./");
    }
    for byte in path {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
