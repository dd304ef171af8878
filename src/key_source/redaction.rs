//! What may be shown of a text in which a key could stand: of what a command says, and of what should name a source.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Takes out what could be a key: long runs of the characters that keys are written with.
pub(super) fn redacted(line: &str) -> String {
    let line = without_dump(line.trim_end());
    let (mut safe, mut rest) = (String::with_capacity(line.len()), &line[..]);
    while !rest.is_empty() {
        let run = rest.find(|c| !is_of_key(c) && c != '/').unwrap_or(rest.len());
        safe.push_str(&redacted_run(&rest[..run]));
        let after = rest[run..].find(|c| is_of_key(c) || c == '/').unwrap_or(rest.len() - run);
        safe.push_str(&rest[run..run + after]);
        rest = &rest[run + after..];
    }
    safe
}

/// Takes out groups of hexadecimal digits, as `od`, `xxd` and `openssl` print bytes.
fn without_dump(line: &str) -> Cow<'_, str> {
    let mut rest = line;
    let mut groups: Vec<(usize, &str)> = vec![];
    while let Some(start) = rest.find(|c: char| !is_between(c)) {
        let len = rest[start..].find(is_between).unwrap_or(rest.len() - start);
        groups.push((line.len() - rest.len() + start, &rest[start..start + len]));
        rest = &rest[start + len..];
    }
    let runs = groups.chunk_by(|one, other| digits(one.1).is_some() && digits(one.1) == digits(other.1));
    let dumps =
        runs.filter(|run| run.len() >= 4 && digits(run[0].1).is_some_and(|len| len * run.len() >= SHORTEST_DUMP));
    let mut safe = Cow::Borrowed(line);
    for run in dumps.collect::<Vec<_>>().into_iter().rev() {
        let end = run.last().map_or(0, |(start, group)| start + group.len());
        safe.to_mut().replace_range(run[0].0..end, REDACTED);
    }
    safe
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | ',' | '-')
}

/// How many hexadecimal digits a group has, if it is made of nothing else.
fn digits(group: &str) -> Option<usize> {
    let group = group.strip_prefix("0x").unwrap_or(group);
    (group.len() >= 2 && group.bytes().all(|c| c.is_ascii_hexdigit())).then_some(group.len())
}

/// The name of a program or of a file; redacted, because a key may have been put where its source should be named.
pub(super) fn redacted_name(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { redacted(name) }
}

/// The same for a path.
pub(super) fn redacted_path(path: &Path) -> PathBuf {
    match path.to_str() {
        Some(name) if !path.is_absolute() => redacted_name(name).into(),
        _ => path.to_owned(),
    }
}

/// Whether something was taken out of a name.
pub(super) fn is_redacted(name: &str) -> bool {
    name.contains(REDACTED)
}

/// A slash stands in standard base64 as well as in paths.
fn redacted_run(run: &str) -> String {
    let has = |of: fn(&char) -> bool| run.chars().any(|c| of(&c));
    let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    if run.len() >= SHORTEST_KEY && mixed && !run.starts_with('/') {
        return REDACTED.to_owned();
    }
    let parts = run.split('/').map(|part| if part.len() < SHORTEST_KEY { part } else { REDACTED });
    parts.collect::<Vec<_>>().join("/")
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=')
}

const REDACTED: &str = "[redacted]";
/// A key has 43 characters and more.
const SHORTEST_KEY: usize = 40;
/// Digits in groups of one length: half a key.
const SHORTEST_DUMP: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=";

    #[test]
    fn what_looks_like_a_key_is_taken_out_of_what_a_command_says() {
        assert_eq!(redacted(&format!("got 1:{KEY}, good")), "got 1:[redacted], good");
        assert_eq!(redacted(&format!("{KEY}{KEY}")), "[redacted]");
        assert_eq!(redacted("q3VPyWc2M0mEhrS1jYwz/5R8kTn7vXoLhU/fD9+gAbE="), "[redacted]");
        let bytes: Vec<u8> = (0..32).map(|number| 151_u8.wrapping_mul(number + 3)).collect();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let pairs: Vec<String> = hex.chunks(2).map(<[String]>::concat).collect();
        for dump in
            [hex.join(" "), hex.join(":"), hex[..16].join(" ").to_uppercase(), pairs.join(" "), pairs[..8].join(" ")]
        {
            assert_eq!(redacted(&format!("00000010: {dump}  .")), "00000010: [redacted]  .", "{dump}");
        }
        assert_eq!(redacted(&format!("{{0x{}}}", hex.join(", 0x"))).matches("0x").count(), 2, "but for the braces");
        for harmless in [
            "2026-11-25 03:37:14 12:34:56 took 12 34 56 ms",
            "Enter PIN for 01234567-89ab-cdef-0123-456789abcdef: é",
            "cannot open /usr/local/share/strongroom/keys/production/Master1",
            "see vault/secrets/production/strongroom/master/keys/of/this/year",
            "",
        ] {
            assert_eq!(redacted(harmless), harmless);
        }
    }

    #[test]
    fn a_key_in_the_place_of_a_name_is_taken_out_and_a_path_is_not() {
        assert_eq!(redacted_name(&format!("1:{KEY}")), "1:[redacted]");
        assert_eq!(redacted_path(Path::new(KEY)), Path::new("[redacted]"));
        let container = format!("/var/lib/containers/{}/keys", "0f".repeat(32));
        assert_eq!(redacted_path(Path::new(&container)), Path::new(&container));
    }
}
