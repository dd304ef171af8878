//! Where nothing that looks like a key is one: lock files, test vectors, bundles, lists of digests.

use std::ops::Range;

use crate::scan::detect::classes::{is_base64, is_quote, is_word};
use crate::scan::detect::position::line_range;

/// Whether the file is of a kind that is full of digests.
pub(super) fn is_quiet_file(name: &str) -> bool {
    let path = name.replace('\\', "/").to_ascii_lowercase();
    let file = path.rsplit('/').next().unwrap_or(&path);
    LOCK_FILES.contains(&file)
        || ENDINGS.iter().any(|ending| file.ends_with(ending))
        || VECTORS.iter().any(|part| path.contains(part))
}

/// Whether the file is there to test: keys in it are weak on purpose.
pub(super) fn is_test_file(name: &str) -> bool {
    let path = name.replace('\\', "/");
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", &path));
    let in_folder = folders.split('/').any(|folder| {
        let folder = folder.to_ascii_lowercase();
        TEST_FOLDERS.contains(&&*folder) || folder.ends_with("-tests") || folder.ends_with("_tests")
    });
    let stem = file.split('.').next().unwrap_or(file);
    let (lower, lower_stem) = (file.to_ascii_lowercase(), stem.to_ascii_lowercase());
    in_folder
        || matches!(&*lower_stem, "test" | "tests" | "spec")
        || stem.ends_with("Test")
        || stem.ends_with("Tests")
        || lower.starts_with("test_")
        || ["_test", "_tests", "_spec", ".test", ".spec"]
            .iter()
            .any(|end| lower.rsplit_once('.').is_some_and(|(stem, _)| stem.ends_with(end)))
}

/// Whether the lines around the literal say that it is none.
pub(super) fn is_said_to_be_none(context: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(context, span.start);
    let above = line_range(context, line.start.saturating_sub(1));
    is_denied(&context[above.start.min(line.start)..line.end])
}

/// Whether the lines around the literal are of that kind.
pub(super) fn is_quiet(name: &str, context: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(context, span.start);
    let name = name.to_ascii_lowercase();
    let bundled = line.len() > LONG_LINE && ![".json", ".env"].iter().any(|ending| name.ends_with(ending));
    bundled
        || is_file_name(context, span)
        || is_public_key(context, span)
        || is_member_name(context, span)
        || is_vector(context, span)
        || is_index(context, span)
        || is_row(context, span)
        || is_among_binary(context, span)
        || is_coordinate(context, span)
        || is_sum(context, span)
        || is_link(context, span)
        || is_hashed(context, span)
}

/// Part of the name of a file or of a host: a dot parts it from more. A key ends with padding, a mark or a blank, and a sentence with
/// a dot and a blank.
fn is_file_name(context: &[u8], span: &Range<usize>) -> bool {
    let goes_on = matches!(context[span.end..], [b'.', next, ..] if next.is_ascii_alphanumeric());
    let comes_from = matches!(context[..span.start], [.., before, b'.'] if before.is_ascii_alphanumeric());
    let called = memchr::memchr(b'(', &context[span.end..context.len().min(span.end + MEMBER)]).is_some();
    goes_on && !called || comes_from && context.get(span.end) != Some(&b'=')
}

/// In a list of checksums: a digest at the beginning of a line, a blank and a blank or a star, and the name of a file.
fn is_sum(context: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(context, span.start);
    let after = &context[span.end..line.end.max(span.end)];
    let named = matches!(after, [b' ', b' ' | b'*', name, ..] if !name.is_ascii_whitespace());
    line.start == span.start && named && span.len().is_multiple_of(32)
}

/// The hash of the entry before, in a chain such as our own audit log.
fn is_link(context: &[u8], span: &Range<usize>) -> bool {
    let before = &context[span.start.saturating_sub(MEMBER)..span.start];
    [&b"\"prev\":\""[..], b"\"prev\": \""].iter().any(|link| before.ends_with(link))
}

/// A part of a hash of a password as `crypt` writes it, after whatever scheme: `$argon2id$v=19$...`, `{CRYPT}$6$...`.
fn is_hashed(context: &[u8], span: &Range<usize>) -> bool {
    let near = &context[span.start.saturating_sub(NEAR)..span.start];
    let token =
        near.iter().rposition(|byte| byte.is_ascii_whitespace() || is_quote(*byte)).map_or(near, |at| &near[at + 1..]);
    token.ends_with(b"$") && HASHES.iter().any(|scheme| memchr::memmem::find(token, scheme.as_bytes()).is_some())
}

fn is_denied(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    DENYING.iter().any(|word| line.contains(word))
}

/// Inside a PEM block: what such blocks hold is not raw, unless they say that it is a key that encrypts.
fn is_public_key(context: &[u8], span: &Range<usize>) -> bool {
    let before = String::from_utf8_lossy(&context[span.start.saturating_sub(NEAR)..span.start]).into_owned();
    let Some(open) = before.rfind("-----BEGIN ") else { return false };
    let label = before[open..].lines().next().unwrap_or_default();
    !before[open..].contains("-----END") && !RAW_KEYS.iter().any(|word| label.contains(word))
}

/// The name of what follows, as in `"...": {`: an id.
fn is_member_name(context: &[u8], span: &Range<usize>) -> bool {
    let near = &context[span.end..context.len().min(span.end + MEMBER)];
    let after = near.strip_prefix(b"=").unwrap_or(near).trim_ascii_start();
    let Some(after) = after.strip_prefix(b"\"").or(after.strip_prefix(b"'")) else { return false };
    let value = after.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| value.starts_with(b"{") || value.starts_with(b"["))
}

/// A line of a table or of a longer text in hexadecimal or base64: nothing else is on it, and nothing else on the one before or behind.
/// Escapes over many lines are a table as well.
fn is_row(context: &[u8], span: &Range<usize>) -> bool {
    if memchr::memchr_iter(b'\n', &context[span.clone()]).count() > MOST_LINES {
        return true;
    }
    let line = line_range(context, span.start);
    let is_full = |line: &[u8]| line.len() >= ROW && line.iter().all(|byte| is_base64(*byte));
    if !is_full(context[line.clone()].trim_ascii()) {
        return false;
    }
    let above = line.start.checked_sub(1).map(|end| line_range(context, end));
    let below = (line.end < context.len()).then(|| line_range(context, line.end + 1));
    [above, below].into_iter().flatten().any(|line| is_full(context[line].trim_ascii()))
}

/// In a file that is no text, what stands before a string is rarely its name. Padding at least says that it was encoded.
fn is_among_binary(context: &[u8], span: &Range<usize>) -> bool {
    let around = &context[span.start.saturating_sub(BESIDE)..context.len().min(span.end + BESIDE)];
    around.contains(&0) && context.get(span.end) != Some(&b'=')
}

/// A public member of a JSON Web Key (RFC 7518 section 6.2), or in the header of an age file.
fn is_coordinate(context: &[u8], span: &Range<usize>) -> bool {
    let around = &context[span.start.saturating_sub(NEAR)..context.len().min(span.end + NEAR)];
    let has = |text: &[u8]| memchr::memmem::find(around, text).is_some();
    let before = &context[span.start.saturating_sub(MEMBER)..span.start];
    let member = [&b"\"x\""[..], b"\"y\""].iter().any(|member| memchr::memmem::rfind(before, member).is_some());
    member && has(b"\"crv\"") || has(b"age-encryption.org/v1")
}

/// The name of an entry: `key` alone as the attribute of an element that is shown, or beside where the entry lies.
fn is_index(context: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(context, span.start);
    let before = context[line.start..span.start].trim_ascii_end();
    let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before).trim_ascii_end();
    let before = before.strip_suffix(b"=").or(before.strip_suffix(b":")).unwrap_or(b"").trim_ascii_end();
    let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before);
    let Some(head) = before.strip_suffix(b"key").or(before.strip_suffix(b"Key")) else { return false };
    if head.last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let element = head.trim_ascii_start();
    let is_attribute = element.starts_with(b"<") && head.ends_with(b" ") && !element.contains(&b'>');
    let around = &context[span.start.saturating_sub(BESIDE)..context.len().min(span.end + BESIDE)];
    let around = String::from_utf8_lossy(around).to_ascii_lowercase();
    is_attribute || ENTRIES.iter().any(|word| around.contains(word))
}

/// Beside the inputs and outputs of a cipher or a hash, written out as the key is: code that computes them names them as well.
fn is_vector(context: &[u8], span: &Range<usize>) -> bool {
    let around = &context[span.start.saturating_sub(NEAR)..context.len().min(span.end + NEAR)];
    let mut heads = std::collections::BTreeSet::new();
    for line in around.split(|byte| matches!(byte, b'\n' | b',' | b'{')) {
        let Some(start) = line.iter().position(u8::is_ascii_alphabetic) else { continue };
        let end = line[start..].iter().position(|byte| !is_word(*byte)).map_or(line.len(), |len| start + len);
        let head = String::from_utf8_lossy(&line[start..end]).to_ascii_lowercase();
        if let Some(known) = VECTOR_HEADS.iter().find(|known| **known == head && is_written_out(known, &line[end..])) {
            heads.insert(*known);
        }
    }
    heads.len() >= 2
}

/// Whether behind a name of a vector stands what a vector has there: data, a number, a remark.
fn is_written_out(head: &str, behind: &[u8]) -> bool {
    let is_mark =
        |byte: &u8| is_quote(*byte) || byte.is_ascii_whitespace() || matches!(byte, b':' | b'=' | b'>' | b']');
    let Some(start) = behind.iter().position(|byte| !is_mark(byte)) else { return false };
    let quoted = start > 0 && is_quote(behind[start - 1]);
    let value = &behind[start..];
    let value = PREFIXES.iter().find_map(|prefix| value.strip_prefix(*prefix)).unwrap_or(value);
    let len = value.iter().take_while(|byte| is_base64(**byte)).count();
    let computed = matches!(value.get(len), Some(b'(' | b'.' | b'[' | b':'));
    match head {
        "count" | "tcid" => value.first().is_some_and(u8::is_ascii_digit),
        "comment" => quoted,
        _ => len >= SHORTEST_GIVEN && !computed && (quoted || value[..len].iter().any(u8::is_ascii_digit)),
    }
}

/// Folders with tests, in lower case.
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "test-data",
    "test_data",
    "__tests__",
    "spec",
    "specs",
    "fixtures",
    "fixture",
    "bench",
    "benches",
    "fuzz",
    "mocks",
    "__mocks__",
    "e2e",
];

const LOCK_FILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "go.sum",
    "pnpm-lock.yaml",
    "composer.lock",
    "gemfile.lock",
    "packages.lock.json",
    "bun.lockb",
    "authorized_keys",
    "known_hosts",
    "sha256sums",
    "checksums.txt",
    "module.lock.json",
    "cargo-checksum.json",
    ".cargo-checksum.json",
    "deno.lock",
    "package.resolved",
    "podfile.lock",
    "conan.lock",
    "mix.lock",
    "pubspec.lock",
    "gradle.lockfile",
    "verification-metadata.xml",
];

const ENDINGS: &[&str] = &[
    ".lock",
    ".sum",
    ".pub",
    ".min.js",
    ".map",
    ".rsp",
    ".sha256",
    ".sha256sum",
    ".sha512",
    ".sums",
    ".asc",
    ".sig",
    ".svg",
    ".bundle.js",
    ".min.css",
    ".crt",
    ".ipynb_checkpoints",
];

const VECTORS: &[&str] = &[
    "wycheproof",
    "testvector",
    "test-vector",
    "test_vector",
    "vectors/",
    "/kat/",
    "kat_",
    "_kat",
    "cavp",
    "/acvp",
    "nist",
];

/// Labels of blocks that hold a key and nothing around it.
const RAW_KEYS: &[&str] = &["MASTER", "ENCRYPTION", "SYMMETRIC", "SECRET KEY", "AES"];

/// How `crypt` and its like mark what a password was hashed with.
const HASHES: &[&str] =
    &["$argon2", "$scrypt$", "$pbkdf2", "$bcrypt", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$7$", "$y$"];

const VECTOR_HEADS: &[&str] = &[
    "pt",
    "ct",
    "aad",
    "tag",
    "plaintext",
    "ciphertext",
    "nonce",
    "iv",
    "count",
    "msg",
    "md",
    "input",
    "output",
    "okm",
    "prk",
    "salt",
    "info",
    "expected",
    "digest",
    "tcid",
    "sig",
    "comment",
    "result",
    "mac",
];

const DENYING: &[&str] = &[
    "not a real",
    "not a secret",
    "test vector",
    "placeholder",
    "changeme",
    "change-me",
    "replace-me",
    "data:image",
    "data:font",
    "dummy",
    "enc[",
    "rfc ",
    "sha256sum",
    "data:application",
];

/// What stands beside the key of an entry: in a cache, a bucket, a queue.
const ENTRIES: &[&str] = &[
    " path:",
    " paths:",
    "restore-keys",
    "etag\"",
    "\"offset\"",
    "\"topic\"",
    "bucket=",
    "bucket:",
    "\"bucket\"",
    "lastmodified",
];

/// How far away it stands.
const BESIDE: usize = 160;

/// The longest C string with escapes for a key has as many lines, of four bytes each.
const MOST_LINES: usize = 8;

/// The shortest line of a table.
const ROW: usize = 60;

const LONG_LINE: usize = 1500;
const NEAR: usize = 500;
/// The shortest data of a vector, in characters.
const SHORTEST_GIVEN: usize = 8;
/// What stands before data in some languages.
const PREFIXES: [&[u8]; 8] = [b"0x", b"h\"", b"h'", b"x\"", b"x'", b"b\"", b"b'", b"\\x"];

/// How far behind a name what it names may begin.
const MEMBER: usize = 24;
