//! Takes what may be a secret out of messages: people type keys and tokens where other things belong.

use std::borrow::Cow;
use std::ops::Range;

/// The text with `[REDACTED]` in the place of whatever may be a master key, a token, a verifier key or a share.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    let secrets = secrets(text.as_bytes());
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

fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let mut secrets = vec![];
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| is_base64(**byte)).count();
        secrets.extend(within(text, at..at + len));
        at += len.max(1);
    }
    secrets
}

/// In a run of base64, which may be a path as well: one of its parts, or standard base64 with slashes up to the end.
fn within(text: &[u8], run: Range<usize>) -> Vec<Range<usize>> {
    let padded = usize::from(text.get(run.end) == Some(&b'='));
    let tail = run.end.checked_sub(KEY_LEN).filter(|start| *start >= run.start && (padded == 1 || *start == run.start));
    if let Some(start) = tail.filter(|start| is_drawn(&text[*start..run.end])) {
        let mut all = parts(text, run.start..start);
        all.push(start..run.end + padded);
        return all;
    }
    parts(text, run)
}

fn parts(text: &[u8], run: Range<usize>) -> Vec<Range<usize>> {
    let mut start = run.start;
    let mut found = vec![];
    for part in text[run].split(|byte| *byte == b'/') {
        let end = start + part.len();
        if part.len() >= LEAST && is_drawn(part) || part.len() >= HEX_LEN && part.iter().all(u8::is_ascii_hexdigit) {
            found.push(start..end + usize::from(text.get(end) == Some(&b'=')));
        }
        start = end + 1;
    }
    found
}

/// Capitals, small letters and digits that take turns more often than in any name.
fn is_drawn(text: &[u8]) -> bool {
    let class = |byte: &u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let turns = text.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    (0..3).all(|wanted| text.iter().any(|byte| class(byte) == wanted)) && turns >= LEAST_TURNS
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// The characters of a master key without its padding.
const KEY_LEN: usize = 43;
const HEX_LEN: usize = 64;
/// Half of a token is as secret as all of it.
const LEAST: usize = 40;
/// Of 39 places about 25 are turns in what is random.
const LEAST_TURNS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_goes_and_the_rest_stays() {
        let (url, std) =
            ("k3Wq9_zT1bYx-7Lm2Np4Rs6Uv8Wx0Yz1Ab3Cd5Ef7Gh=", "k3Wq9/zT1bYx+7Lm2Np4Rs6/Uv8Wx0Yz1Ab3Cd5Ef7G=");
        let token = "sr_01jdkx3qv8e5m7n9p2r4s6t8wzq3Wq9zT1bYx7Lm2Np4Rs6Uv8Wx0Yz1Ab3Cd5Ef7GhIj9KlMn0";
        let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        for secret in [url, std, token, hex] {
            for around in ["{}", "no store at /x/{}", "`--store sqlite:/x/{}` and {}.", "1:{},2:{}"] {
                let told = redacted(&around.replace("{}", secret)).into_owned();
                assert_eq!(told, around.replace("{}", "[REDACTED]"), "{secret}");
            }
        }
    }

    #[test]
    fn what_messages_name_stays() {
        for text in [
            "no store at /home/operator/services/billing-production/eu-west-1/strongroom.db",
            "record 01jdkx3qv8e5m7n9p2r4s6t8wz failed authentication",
            "master key 3 (4f0c2a9be8d17733) of vault aa1eb8ffa580315602fbbaf5f471ec15",
            "run `strongroom rotate-master-key --accept-record-set` at /tmp/.tmpAb3Cd5/Ef7Gh9",
            "Grüße: ünïcödé, \u{202e}",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
